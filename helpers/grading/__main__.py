"""The command: ``python -m helpers.grading SUBMISSIONS --out OUT``; ``--help`` says the rest."""

import argparse
import os
import signal
import sys
from pathlib import Path

from tqdm import tqdm

from helpers.grading.assignments import SOLUTIONS, assignments, edition
from helpers.grading.engines import EngineError, Job, on_dask, on_this_machine
from helpers.grading.records import Records
from helpers.grading.reports import Marked, write_reports
from helpers.grading.sandbox import PACKAGE, Limits, SandboxError, require_hidden, walls
from helpers.grading.secret import SecretError, make_secret, read_secret
from helpers.grading.submissions import Submission, submissions

INTERRUPTED = 130  # what a shell gives for a program that Ctrl-C ended
UNSAFE = """\
--unsafe-no-sandbox: the answers run with your rights. They can read and change what you can, the secret and
the solutions too. Use this for answers of your own."""


class UsageError(Exception):
    """The command was given something that it cannot work with."""


def main(arguments: list[str] | None = None) -> int:
    """Grade what was handed in; returns the exit code."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a queue that stops us says so with this
    try:
        return _grade(options)
    except (UsageError, EngineError, SandboxError, SecretError) as error:
        print(f"helpers.grading: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. What is graded is kept: the same command goes on from here.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(INTERRUPTED)  # threads are waiting for sandboxes, which end with this process


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m helpers.grading",
        description="Grade exercises. A second run goes on where the first one stopped, and regrades what "
        "has changed: an answer, a question, the secret or a limit.",
    )
    parser.add_argument("submissions", type=Path, metavar="SUBMISSIONS")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="OUT", help="folder for all that comes out"
    )
    parser.add_argument(
        "--secret",
        type=Path,
        metavar="FILE",
        help="draws the private cases; OUT.secret unless told otherwise",
    )
    parser.add_argument("--only", metavar="NAME", choices=sorted(assignments()), help="one exercise alone")
    parser.add_argument(
        "--jobs", type=_positive, default=_processors(), metavar="N", help="sandboxes at a time"
    )
    parser.add_argument(
        "--shard", type=_shard, metavar="I/N", help="the I-th of N parts; no reports until a run without this"
    )
    parser.add_argument("--dask", metavar="SCHEDULER", help="grade on this cluster: tcp://host:8786")
    parser.add_argument(
        "--seconds", type=_positive, default=Limits.seconds, help="of processor time for a question"
    )
    parser.add_argument("--memory", type=_positive, default=Limits.memory, help="mebibytes for a question")
    parser.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run answers with your own rights, without bubblewrap",
    )
    return parser


def _grade(options: argparse.Namespace) -> int:
    """Grade, and write the reports unless this is one part of many."""
    secret_file = options.secret or options.out.with_name(f"{options.out.resolve().name}.secret")
    _prepare(options, secret_file)
    limits = Limits(options.seconds, options.memory)
    secret = _secret(secret_file, options)
    found = submissions(options.submissions, assignments())
    if options.only:
        found = [one for one in found if one.answers is None or one.answers.assignment == options.only]
    records = Records(options.out / "records", secret, limits)
    part, parts = options.shard or (1, 1)
    mine = [one.answers for one in found[part - 1 :: parts] if one.answers is not None]
    new = {answers.content: answers for answers in mine if records.read(answers) is None}
    sandboxed = not options.unsafe_no_sandbox
    jobs = [Job(answers, secret, limits, sandboxed, edition()) for answers in new.values()]
    failed = _run(jobs, options, records)
    now = sum(answers.content in new and answers.content not in failed for answers in mine)
    before = sum(answers.content not in new for answers in mine)
    print(f"{len(found)} notebooks: {now} graded now, {before} before.")
    if options.shard is None:
        marked = [_marked(one, records, failed) for one in found]
        write_reports(options.out, marked, assignments())
        print(f"{options.out}: gradebook.csv, feedback/, gradescope/")
    for error in sorted({str(error) for error in failed.values()}):
        print(f"helpers.grading: {error}", file=sys.stderr)
    return 1 if failed else 0


def _prepare(options: argparse.Namespace, secret_file: Path) -> None:
    """Say at once what would go wrong later.

    Raises:
        UsageError: there is nothing to grade.
        SandboxError: there is no sandbox, or it would show what it must hide.
    """
    if not options.submissions.exists():
        raise UsageError(f"{options.submissions}: there is no such folder or file")
    if options.unsafe_no_sandbox:
        print(UNSAFE, file=sys.stderr)
        return
    require_hidden(options.submissions, options.out, secret_file, SOLUTIONS, PACKAGE)
    if options.dask is None:
        walls()


def _secret(path: Path, options: argparse.Namespace) -> bytes:
    """The secret; a new one, where none was named and this run is the whole."""
    if options.secret is None and not path.exists():
        if options.shard is not None:
            raise UsageError(f"parts need one secret: name it with --secret, or make {path} first")
        make_secret(path)
        print(f"{path} is new. Keep it: whoever has it can draw the private cases.", file=sys.stderr)
    return read_secret(path)


def _run(jobs: list[Job], options: argparse.Namespace, records: Records) -> dict[str, Exception]:
    """Grade and keep what comes; returns what was not graded, with its error.

    Raises:
        SandboxError: the first sandbox did not start, so it is no use to try the others.
    """
    coming = on_dask(jobs, options.dask) if options.dask else on_this_machine(jobs, options.jobs)
    failed = {}
    for number, (job, results) in enumerate(tqdm(coming, total=len(jobs), unit="notebook", disable=not jobs)):
        if isinstance(results, SandboxError) and number == 0:
            raise results
        if isinstance(results, Exception):
            failed[job.answers.content] = results
        else:
            records.write(job.answers, results)
    return failed


def _marked(one: Submission, records: Records, failed: dict[str, Exception]) -> Marked:
    """A submission with its results, or with the reason why there are none."""
    if one.answers is None:
        return Marked(one, reason=one.reason)
    if one.answers.content in failed:
        return Marked(one, reason="was not graded: the grader failed, and not the answer")
    return Marked(one, records.read(one.answers))


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, got {number}")
    return number


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"expected I/N, from 1/N to N/N, got {text!r}")
    return int(part), int(parts)


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    sys.exit(main())

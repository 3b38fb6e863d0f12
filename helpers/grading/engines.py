"""Where exercises are graded: on this machine, or on a Dask cluster, with the sandbox inside each task."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from helpers.grading.assignments import assignments, edition
from helpers.grading.grader import grade
from helpers.grading.sandbox import Limits, SandboxError
from helpers.grading.submissions import Answers

CONNECT_SECONDS = 10


class EngineError(Exception):
    """There is nothing to grade with."""


@dataclass(frozen=True)
class Job:
    """All that grading needs to know, to be sent to where it is done.

    Attributes:
        answers: what was handed in.
        secret: from which the private cases are drawn.
        limits: on each process of an answer.
        sandboxed: False runs it with the rights of whoever runs this.
        edition: of the questions, here; another one there is an error.
    """

    answers: Answers
    secret: bytes
    limits: Limits
    sandboxed: bool
    edition: str


def run(job: Job) -> list[dict]:
    """Grade one exercise.

    Raises:
        SandboxError: there is no sandbox here, or another edition of the questions.
    """
    if job.edition != edition():
        raise SandboxError(f"this machine has edition {edition()} of the questions, not {job.edition}")
    return grade(assignments()[job.answers.assignment], job.answers, job.secret, job.limits, job.sandboxed)


def on_this_machine(jobs: Iterable[Job], workers: int) -> Iterator[tuple[Job, list[dict] | Exception]]:
    """Each job with its results, or with the error that kept them away, from so many sandboxes at a time.

    Threads are enough: the work is done in the sandboxes, which are processes.
    """
    pool = ThreadPoolExecutor(workers)
    futures = {pool.submit(run, job): job for job in jobs}
    try:
        yield from _as_they_come(as_completed(futures), futures)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # whoever interrupts this shall not wait for a sandbox


def on_dask(jobs: Iterable[Job], scheduler: str) -> Iterator[tuple[Job, list[dict] | Exception]]:
    """The same from the workers of a Dask cluster, each with this project and bubblewrap installed.

    Args:
        jobs: what to grade.
        scheduler: the cluster's address, such as tcp://host:8786.

    Raises:
        EngineError: nobody answers there.
    """
    from dask import distributed

    try:
        client = distributed.Client(scheduler, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise EngineError(f"no Dask scheduler answers at {scheduler}: {error}") from None
    with client:
        futures = {
            client.submit(run, job, key=f"grade-{job.answers.content}", pure=False): job for job in jobs
        }
        yield from _as_they_come(distributed.as_completed(futures), futures)


def _as_they_come(completed: Iterable, jobs: dict) -> Iterator[tuple[Job, list[dict] | Exception]]:
    for future in completed:
        try:
            results = future.result()
        except (
            Exception
        ) as error:  # no sandbox, a lost machine, a mistake of ours: nobody's marks depend on it
            results = error
        yield jobs[future], results

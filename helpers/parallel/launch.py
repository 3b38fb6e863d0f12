"""Start a module as several processes of this machine, with a time limit, and leave none behind."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from helpers.parallel.group import LIMIT
from helpers.validation import finite_number, whole_number

LAST_LINES = 12


def launch(module: str, *arguments: str, processes: int = 2, limit: float = 60.0) -> str:
    """Run ``python -m module arguments`` as the ranks of one group; return what rank 0 printed.

    They are started by ``torch.distributed.run`` on a free port, each with one thread. When one of them
    dies, the others are ended too; when this function returns or raises, none of them is left. The module
    joins the group by :func:`helpers.parallel.group.process_group`.

    Args:
        module: a module that Python can import, not a path.
        arguments: its command line.
        processes: how many.
        limit: seconds that they may take in all, the start included (which imports PyTorch in each).

    Raises:
        ValueError: no process, or a limit that is no time.
        RuntimeError: a rank died; the message says which, how, and ends with its last lines.
        TimeoutError: the limit passed; the message ends with the last lines of each rank.
    """
    whole_number("processes", processes)
    finite_number("limit", limit)
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder)
        command = [
            sys.executable,
            "-m",
            "torch.distributed.run",
            "--standalone",
            f"--nproc-per-node={processes}",
        ]
        command += ["--monitor-interval=0.1", "--shutdown-timeout=3", "--redirects=3", f"--log-dir={logs}"]
        command += ["--module", module, *arguments]
        own = {"OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1", LIMIT: str(limit)}
        with open(logs / "launcher", "w") as report:
            launcher = subprocess.Popen(
                command, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=report, stderr=report
            )
        try:
            code = launcher.wait(limit)
        except subprocess.TimeoutExpired:
            said = "\n".join(f"rank {rank}:\n{_last_lines(logs, rank)}" for rank in range(processes))
            raise TimeoutError(f"{module} was ended after its limit of {limit:g} s\n{said}") from None
        finally:
            _end(launcher)
        if code != 0:
            raise RuntimeError(f"{module} failed: {_failures(logs)}")
        return next(logs.glob("*/attempt_0/0/stdout.log")).read_text()


def _end(launcher: subprocess.Popen) -> None:
    """Kill the launcher with everything below it, and wait until they are gone."""
    if launcher.poll() is not None:
        return  # it ends its ranks itself before it goes
    top = psutil.Process(launcher.pid)
    top.suspend()  # it starts no other while they are counted
    # Each rank leads a session of its own: to kill the group of the launcher would not reach it.
    family = [*top.children(recursive=True), top]
    for process in family:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    launcher.wait()
    psutil.wait_procs(family, timeout=10)


def _failures(logs: Path) -> str:
    """Say which ranks died and how, with the last lines of each."""
    report = (logs / "launcher").read_text()
    ended = set(
        re.findall(r"Sending process (\d+) closing signal", report)
    )  # by the launcher, after the first
    found = re.findall(r"rank +: (\d+) .*\n +exitcode +: (-?\d+) \(pid: (\d+)\)", report)
    # Signals have negative codes and come first: the others often die of a rank that is gone.
    failed = sorted({(int(code), int(rank)) for rank, code, process in found if process not in ended})
    if not failed:
        return f"the launcher says\n{_tail(report)}"
    return "\n".join(f"rank {rank} {_how(code)}\n{_last_lines(logs, rank)}" for code, rank in failed)


def _how(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"


def _last_lines(logs: Path, rank: int) -> str:
    files = sorted(logs.glob(f"*/attempt_0/{rank}/std*.log"))  # stderr, then stdout
    said = "".join(file.read_text(errors="replace") for file in reversed(files))
    return _tail(said) or "    (it printed nothing)"


def _tail(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines()[-LAST_LINES:])

"""A place to run code that is not trusted: no network, no file but the libraries, limits on all it can take.

The walls are bubblewrap's (namespaces: its own processes, network, users, and a file system that holds the
Python installation, read-only), the limits the kernel's (``setrlimit``), and the list of what is refused
altogether libseccomp's. What comes out of it is taken for the word of an opponent: lines of JSON, each of a
form that is expected at that moment, and none longer than a mebibyte.
"""

import contextlib
import itertools
import json
import os
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np

from helpers.outcomes import Outcome, one_line

PACKAGE = Path(__file__).resolve().parents[1]
ROOT_INSIDE = "/book"  # where the sandbox has the few modules of helpers that it needs
SCRATCH = f"{ROOT_INSIDE}/scratch"  # what libraries write while they are imported; an answer makes no file
SHOWN = ("__init__.py", "outcomes.py", "quiet_tensorflow.py", "grading/__init__.py", "grading/worker.py")
LIBRARIES = ("bin", "lib", "lib64", "pyvenv.cfg")  # of an installation of Python, and of /usr
START_SECONDS = 120  # to import TensorFlow on a machine that is busy
END_SECONDS = 5
PAUSE_SECONDS = 2  # past a deadline, at which nobody was woken: the machine was asleep
LONGEST_LINE = 2**20  # bytes
ENVIRONMENT = {
    "PATH": "/usr/bin",
    "HOME": "/",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # Memory in few large pages makes it a fifth less work to import torch and to fork what has imported it.
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": ":".join(
        f"glibc.malloc.{name}" for name in ("hugetlb=1", "top_pad=0x4000000", "mmap_threshold=0x40000000")
    ),
}
#: What is added inside: torch.optim loads a compiler, Keras loads Matplotlib, and each wants a folder.
INSIDE = {"PYTHONPATH": ROOT_INSIDE} | dict.fromkeys(
    ("TMPDIR", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR"), SCRATCH
)
LARGE_PAGES = "/sys/kernel/mm/transparent_hugepage"  # where the C library looks whether there are any
NAMESPACES = (
    *("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"),
    *("--die-with-parent", "--new-session", "--as-pid-1"),
)
_users = itertools.count()


class SandboxError(Exception):
    """There is no sandbox, or it did not start: nobody's answer is to blame."""


class Stopped(Exception):
    """An answer ended its process, or had it ended."""


class Disturbed(Stopped):
    """It was ended, or late, by something that happened to the machine: worth another try."""


@dataclass(frozen=True)
class Limits:
    """What each process of an answer may take.

    Attributes:
        seconds: of processor time, for all its cases; four times as many may pass on the clock.
        memory: in mebibytes, beyond what the libraries take.
    """

    seconds: int = 5
    memory: int = 1024

    @property
    def clock(self) -> int:
        """Seconds that may pass on the clock."""
        return 4 * self.seconds


class Worker:
    """A sandbox that runs answers, each in a process of its own. It starts when it is needed, and again."""

    def __init__(self, setup: Sequence[str], limits: Limits, sandboxed: bool = True):
        self.setup, self.limits, self.sandboxed = setup, limits, sandboxed
        self._sandbox: _Pipes | None = None
        self._token: str | None = None  # of the process that is running

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *exception) -> None:
        if self._sandbox is not None:
            self._sandbox.close()

    def run(self, cells: Sequence[tuple[int, str]]) -> list[str]:
        """Run cells, (place, source), in a new process; returns what they raised, in words of their own.

        Raises:
            Stopped: they did not come to their end.
            SandboxError: the sandbox did not start.
        """
        fresh = self._sandbox is None or self._sandbox.closed
        if fresh:
            self._start()
        try:
            self._begin(cells)
        except Stopped:
            if fresh:
                raise
            self._start()  # what ran here before has damaged the sandbox: others shall not pay for that
            self._begin(cells)
        raised = self._reply().get("raised")
        if not isinstance(raised, list) or not all(isinstance(text, str) for text in raised):
            self._mistrust()
        return [one_line(text) for text in raised[: len(cells)]]

    def call(self, name: str, arguments: tuple, framework: str) -> Outcome:
        """Call a function that a cell has defined.

        Raises:
            Stopped: it did not return.
        """
        sent = {"call": name, "arguments": [*map(_sent, arguments)], "framework": framework}
        self._sandbox.request({"run": self._token} | sent)
        try:
            return Outcome.from_json(self._reply().get("outcome"))
        except ValueError:
            self._mistrust()

    def end(self) -> None:
        """End the process that `run` began, unless it has ended."""
        if self._token is None or self._sandbox.closed:
            return
        with contextlib.suppress(Stopped):  # which is what is wanted
            self._sandbox.request({"run": self._token, "end": True})
            self._reply()  # raises Stopped at the news that the process has ended
            self._mistrust()

    def _start(self) -> None:
        if self._sandbox is not None:
            self._sandbox.close()
        self._sandbox = _Pipes(self.limits, self.sandboxed)
        try:
            self._sandbox.control({"setup": self.setup})
            if self._sandbox.receive() != {"ready": True}:
                raise Stopped
        except Stopped:
            self._sandbox.close()
            said = self._sandbox.last_words or "nothing"
            raise SandboxError(f"the sandbox did not start, and said: {said}") from None

    def _begin(self, cells: Sequence[tuple[int, str]]) -> None:
        """Have the first process fork another, up to the moment where code of a student runs in that."""
        self._sandbox.drain()
        self._token = secrets.token_hex(8)
        self._sandbox.deadline = time.monotonic() + self.limits.clock
        self._sandbox.control({"run": self._token, "cells": cells})
        if self._reply().get("begun") is not True:
            self._mistrust()

    def _reply(self) -> dict:
        """The next line of the process that is running."""
        found = self._sandbox.receive()
        if "ended" in found:
            self._token = None
            raise self._why(found["ended"], found["seconds"])
        if found.get("run") != self._token:
            self._mistrust()
        return found

    def _why(self, ended: int, seconds: float) -> Stopped:
        """What the signal says with which a process ended, and the processor time that it had taken."""
        if ended == signal.SIGXCPU or seconds >= self.limits.seconds:
            return Stopped(
                f"It took more than {self.limits.seconds} seconds of processor time. Does a loop never end?"
            )
        if ended == signal.SIGKILL and seconds < self.limits.seconds / 2:
            return Disturbed("It was killed.")
        if ended == 0:
            return Stopped("It ended the process that it ran in.")
        return Stopped(f"It crashed the process that it ran in (signal {ended}).")

    def _mistrust(self) -> NoReturn:
        self._sandbox.close()
        raise Stopped("It wrote something of its own into the pipe that values are sent through.")


class _Pipes:
    """The process of one sandbox, and the two pairs of pipes that lead into it."""

    def __init__(self, limits: Limits, sandboxed: bool):
        self.deadline = time.monotonic() + START_SECONDS
        self.closed = False
        self.last_words = ""  # what it wrote to stderr, which no code of a student can
        self._clock = limits.clock
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        user = 2**20 + 512 * os.getpid() + next(_users) % 512  # of its own: some limits count for each user
        run = [sys.executable, "-s", "-m", "helpers.grading.worker", str(limits.seconds), str(limits.memory)]
        run += [str(user if sandboxed else 0), str(requests), str(replies)]
        self._process = subprocess.Popen(
            [*walls(), *run] if sandboxed else run,
            env=ENVIRONMENT | (INSIDE if sandboxed else {"PYTHONPATH": str(PACKAGE.parent)}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=(requests, replies),
        )
        for pipe in (requests, replies):
            os.fchmod(pipe, 0)  # it works as it is, and cannot be opened anew, the other way round
            os.close(pipe)
        self._control, self._reports = self._process.stdin.fileno(), self._process.stdout.fileno()
        for pipe in (self._control, self._requests, self._replies):
            os.set_blocking(pipe, False)
        self._unread = {self._reports: b"", self._replies: b""}

    def control(self, message: dict) -> None:
        """Send to the process that runs no code of a student."""
        self._send(self._control, message)

    def request(self, message: dict) -> None:
        """Send to the process that runs it."""
        self._send(self._requests, message)

    def receive(self) -> dict:
        """The next line from either; what a student's process said comes before the news that it ended.

        Raises:
            Stopped: there is none until the deadline, or what came is not a line of JSON.
        """
        while not any(b"\n" in unread for unread in self._unread.values()):
            for pipe in self._wait(select.POLLIN, *self._unread):
                try:
                    more = os.read(pipe, 2**16)
                except BlockingIOError:  # somebody else has read it
                    continue
                if not more:
                    self.close()
                    raise Stopped("It ended the sandbox that it ran in.")
                self._unread[pipe] += more
                if len(self._unread[pipe]) > LONGEST_LINE:
                    self.close()
                    raise Stopped(f"It sent more than {LONGEST_LINE // 2**20} MiB.")
        pipe = self._replies if b"\n" in self._unread[self._replies] else self._reports
        line, _, self._unread[pipe] = self._unread[pipe].partition(b"\n")
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict) or ("ended" in found and pipe == self._replies):
            self.close()
            raise Stopped("It wrote something of its own into the pipe that values are sent through.")
        return found

    def drain(self) -> None:
        """Throw away what a process left behind that has ended: half a line of it would spoil another's."""
        self._unread[self._replies] = b""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._replies, 2**16):
                pass

    def close(self) -> None:
        """End the sandbox, with everything in it: its first process does so when its pipe is closed."""
        if self.closed:
            return
        self.closed = True
        self._process.stdin.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:  # it is still importing; it will find the pipe closed after that
            self._process.kill()
            self._process.wait()
        os.set_blocking(self._process.stderr.fileno(), False)
        self.last_words = (self._process.stderr.read() or b"").decode(errors="replace").strip()[-500:]
        self._process.stdout.close()
        self._process.stderr.close()
        os.close(self._requests)
        os.close(self._replies)

    def _send(self, pipe: int, message: dict) -> None:
        line = json.dumps(message).encode() + b"\n"
        while line:
            self._wait(select.POLLOUT, pipe)
            try:
                line = line[os.write(pipe, line) :]
            except BlockingIOError:  # somebody else has filled it
                continue
            except BrokenPipeError:
                self.close()
                raise Stopped("It ended the sandbox that it ran in.") from None

    def _wait(self, event: int, *pipes: int) -> list[int]:
        """Those of the pipes that are ready, once one is."""
        poll = select.poll()
        for pipe in pipes:
            poll.register(pipe, event)
        left = self.deadline - time.monotonic()
        ready = poll.poll(1000 * left) if left > 0 else ()
        if not ready:
            self.close()
            paused = time.monotonic() > self.deadline + PAUSE_SECONDS
            raise (Disturbed if paused else Stopped)(
                f"It did not answer within {self._clock} seconds. Does it wait for something?"
            )
        return [pipe for pipe, _ in ready]


def walls() -> list[str]:
    """The command that starts a sandbox, to be followed by what shall run in it.

    Raises:
        SandboxError: bubblewrap is not installed, or the sandbox would show what it must hide.
    """
    if shutil.which("bwrap") is None:
        raise SandboxError("bubblewrap is not installed: on Debian and Ubuntu, `apt install bubblewrap`")
    command = ["bwrap", *NAMESPACES, "--cap-drop", "ALL"]
    if os.getuid() == 0:  # the worker becomes a user of its own: root inside would be root outside
        command += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        command += ["--unshare-user", "--uid", "65534", "--gid", "65534"]
    shown = shown_directories()
    for parent in sorted({parent for path in shown for parent in path.parents}):
        command += ["--perms", "0755", "--dir", str(parent)]  # else only root could pass through it
    for path in shown:
        command += ["--ro-bind", str(path), str(path)]
    for name in ("bin", "lib", "lib64"):
        path = Path("/", name)
        if path.is_symlink():
            command += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            command += ["--ro-bind", str(path), str(path)]
    for path in ("/etc/ld.so.cache", LARGE_PAGES):
        command += ["--ro-bind-try", path, path]
    for directory in (ROOT_INSIDE, f"{ROOT_INSIDE}/helpers", f"{ROOT_INSIDE}/helpers/grading"):
        command += ["--perms", "0755", "--dir", directory]
    for name in SHOWN:
        command += ["--ro-bind", str(PACKAGE / name), f"{ROOT_INSIDE}/helpers/{name}"]
    command += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", SCRATCH]
    return [*command, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/"]


def shown_directories() -> list[Path]:
    """What of the host's file system an answer can read: the libraries of Python and of the system."""
    roots = dict.fromkeys((sys.prefix, sys.base_prefix, "/usr"))
    shown = [Path(root, name) for root in roots for name in LIBRARIES]
    return [path for path in shown if path.exists() and not path.is_symlink()]


def require_hidden(*paths: Path) -> None:
    """Make sure that no answer can read these files and directories.

    Raises:
        SandboxError: one of them lies where an answer can read.
    """
    for path in paths:
        for shown in shown_directories():
            if path.resolve().is_relative_to(shown.resolve()):
                raise SandboxError(f"{path} lies in {shown}, which every answer can read: move it elsewhere")


def _sent(argument):
    """A number or a text as it is, an array as its numbers and their type."""
    if isinstance(argument, np.ndarray):
        return {"numbers": argument.tolist(), "dtype": str(argument.dtype)}
    return argument.item() if isinstance(argument, np.generic) else argument

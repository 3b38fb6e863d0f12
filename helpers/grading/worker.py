"""The side that is not trusted: runs a student's answers, each question in a process of its own.

It stands alone in the sandbox, with :mod:`helpers.outcomes` and no right answer beside it. Lines of JSON come
in and go out, on two pairs of pipes. The first belongs to this process, which runs no code of a student:

- ``{"setup": […]}``: run the cells that every answer may rely on, once. → ``{"ready": true}``
- ``{"run": "a token", "cells": [[0, "def …"], …]}``: fork a process that runs these cells. → when that
  process is over, ``{"ended": 0}``, or the signal that ended it

The second belongs to the process that was forked, which has closed the first. Each line, both ways, carries
the token, so that what one process left unread, or wrote too much of, is never taken for another's:

- at once, ``{"begun": true}``, and after the cells ``{"raised": […]}``, what they raised
- ``{"call": "price", "arguments": […], "framework": ""}`` → ``{"outcome": {…}}``
- ``{"end": true}``

A student's process may write whatever it likes in place of these; :mod:`helpers.grading.sandbox` expects as
much.
"""

import ctypes
import errno
import fcntl
import json
import os
import resource
import select
import signal
import sys
import tempfile
from types import ModuleType

import numpy as np

from helpers.outcomes import name_and_message, outcome_of

MEBIBYTE = 2**20
THREADS = 256  # in a process of a student; TensorFlow starts some
OPEN_FILES = 64

#: What an answer cannot do, beyond what the sandbox keeps from it anyway: start a process or a program, make
#: a file, hold memory that no limit counts, look into a neighbour, or ask the kernel for a second sandbox.
FORBIDDEN = (
    *("fork", "vfork", "execve", "execveat"),
    *("creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "truncate", "ftruncate"),
    *("chmod", "fchmod", "fchmodat", "fchmodat2", "setxattr", "lsetxattr", "fsetxattr"),
    *(
        "setpriority",
        "ioprio_set",
        "sched_setscheduler",
        "sched_setparam",
        "sched_setattr",
        "sched_setaffinity",
    ),
    *("shmget", "shmat", "msgget", "semget", "mq_open", "memfd_secret", "add_key", "request_key", "keyctl"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp"),
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot"),
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter"),
)


def main() -> None:
    """Serve the lines of standard input until it ends.

    The command line holds the limits of each process, seconds of processor time and mebibytes of memory; the
    user to become (0: stay who you are, and do without what a sandbox gives); and the second pair of pipes.
    """
    seconds, memory, user, requests, replies = map(int, sys.argv[1:])
    control, answers = _Lines(os.dup(0), os.dup(1)), _Lines(requests, replies)
    _close_streams(0, 1)
    if user and os.getuid() == 0:
        _become(user)
    _shield()
    tempfile.gettempdir()  # is found by writing there, which an answer cannot; libraries ask for it
    namespace = _namespace()
    for request in control:
        if "setup" in request:
            for source in request["setup"]:
                exec(compile(source, "<setup>", "exec"), namespace)
            control.write({"ready": True})
            continue
        answers.reset()
        child = os.fork()
        if child == 0:
            try:
                control.close()
                _close_streams(2)
                _shield()
                _confine(seconds, memory, sandboxed=bool(user))
                _answer(answers, request["run"], request["cells"], dict(namespace))
            finally:
                os._exit(0)  # whatever happened: the loop around this belongs to the parent
        control.write({"ended": _end_of(child, control)})


class _Lines:
    """Objects as lines of JSON, in and out."""

    def __init__(self, source: int, target: int):
        self.source, self.target = source, target

    def __iter__(self):
        unread = b""
        while more := os.read(self.source, 2**16):
            *lines, unread = (unread + more).split(b"\n")
            for line in lines:
                try:
                    message = json.loads(line)
                except ValueError:
                    continue  # the rest of a line of which an earlier process has read the beginning
                yield message

    def write(self, message: dict) -> None:
        line = json.dumps(message).encode() + b"\n"
        while line:
            line = line[os.write(self.target, line) :]

    def reset(self) -> None:
        """Undo what a process has set on the pipes that it shared: not to wait, to signal others."""
        for pipe in (self.source, self.target):
            fcntl.fcntl(pipe, fcntl.F_SETFL, 0)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)


def _end_of(child: int, control: _Lines) -> int:
    """The signal that ended a process, 0 where none did; ends everything here if the other side is gone."""
    process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    poll.register(control.source, 0)  # its end alone
    if (process, select.POLLIN) not in poll.poll():
        os._exit(0)  # this is the first process of the sandbox, so no other outlives it
    os.close(process)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def _close_streams(*streams: int) -> None:
    """Let these lead nowhere."""
    null = os.open(os.devnull, os.O_RDWR)
    for stream in streams:
        os.dup2(null, stream)
    os.close(null)


def _become(user: int) -> None:
    """Become another user for good, where root started the sandbox: limits do not hold for root."""
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def _shield() -> None:
    """Let no neighbour of the same user look into this process; end when its parent ends."""
    set_parent_death_signal, set_dumpable = 1, 4
    prctl = ctypes.CDLL(None).prctl
    prctl(set_dumpable, 0, 0, 0, 0)
    prctl(set_parent_death_signal, signal.SIGKILL, 0, 0, 0)


def _namespace() -> dict:
    """Names that a cell finds: what a notebook has, and nothing of the grader."""
    checks = ModuleType("helpers.checks")
    checks.check = checks.score = lambda *arguments: None  # setup cells import them; here nothing is printed
    sys.modules["helpers.checks"] = checks
    return {"__name__": "__main__", "display": lambda *shown, **options: None, "get_ipython": _Notebook}


class _Notebook:
    """What stands in for IPython: every method is there and does nothing."""

    def __getattr__(self, name):
        return lambda *arguments, **options: None


def _confine(seconds: int, memory: int, sandboxed: bool) -> None:
    """Set the limits of this process, for good: it cannot raise them again."""
    with open("/proc/self/statm") as sizes:
        taken = int(sizes.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_CPU: (
            seconds,
            seconds + 1,
        ),  # a signal that says why, and then one that no one ignores
        resource.RLIMIT_AS: taken + memory * MEBIBYTE,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    if sandboxed:
        limits[resource.RLIMIT_NOFILE] = OPEN_FILES
        if tuple(map(int, os.uname().release.split(".")[:2])) >= (5, 14):  # before, others' count too
            limits[resource.RLIMIT_NPROC] = THREADS
    for limit, value in limits.items():
        soft, hard = value if isinstance(value, tuple) else (value, value)
        resource.setrlimit(limit, (soft, hard))
    if sandboxed:
        _forbid()


def _forbid() -> None:
    """Have the kernel refuse what an answer has no use for, from here on (libseccomp)."""

    class Comparison(ctypes.Structure):
        _fields_ = (
            ("argument", ctypes.c_uint),
            ("operator", ctypes.c_int),
            ("first", ctypes.c_uint64),
            ("second", ctypes.c_uint64),
        )

    allow, refuse, unequal, masked_equal, clone_thread = 0x7FFF0000, 0x00050000, 1, 7, 0x00010000
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(allow))

    def rule(name: str, error: int, *comparisons: Comparison) -> None:
        call = seccomp.seccomp_syscall_resolve_name(name.encode())
        array = (Comparison * len(comparisons))(*comparisons)
        if call != -1:  # -1: this library has never heard of it, so neither has a program that uses it
            failed = seccomp.seccomp_rule_add_array(rules, refuse | error, call, len(comparisons), array)
            if failed:
                raise OSError(-failed, f"libseccomp takes no rule on {name}")

    for name in FORBIDDEN:
        rule(name, errno.EPERM)
    rule("clone", errno.EPERM, Comparison(0, masked_equal, clone_thread, 0))  # threads alone
    rule("prlimit64", errno.EPERM, Comparison(0, unequal, 0, 0))  # the limits of another process
    for name, place in (("open", 1), ("openat", 2)):
        rule(name, errno.EROFS, Comparison(place, masked_equal, os.O_CREAT, os.O_CREAT))
    rule("openat2", errno.ENOSYS)
    rule("clone3", errno.ENOSYS)  # like openat2, it has its flags in memory, where no rule sees them
    if failed := seccomp.seccomp_load(rules):
        raise OSError(-failed, "libseccomp could not load its rules")


def _answer(lines: _Lines, token: str, cells: list, namespace: dict) -> None:
    """Run cells, then answer calls, until told to end."""
    raised = []
    lines.write({"run": token, "begun": True})
    for place, source in cells:
        try:
            exec(compile(_without_magics(source), f"<cell {place}>", "exec"), namespace)
        except BaseException as error:
            raised.append(name_and_message(error))
    lines.write({"run": token, "raised": raised})
    for request in lines:
        if not isinstance(request, dict) or request.get("run") != token:
            continue  # meant for a process that is gone
        if "end" in request:
            return
        function, arguments = request["call"], tuple(map(_argument, request["arguments"]))
        outcome = outcome_of(_named(function, namespace), arguments, request["framework"])
        lines.write({"run": token, "outcome": outcome.as_json()})


def _named(name: str, namespace: dict):
    """A function by its name, looked up when it is called, so that a missing one is an answer that raises."""

    def answer(*arguments):
        if name not in namespace:
            raise NameError(f"name {name!r} is not defined")
        return namespace[name](*arguments)

    return answer


def _argument(sent):
    """A number, a text or an array, as it was before it was sent."""
    return np.array(sent["numbers"], dtype=sent["dtype"]) if isinstance(sent, dict) else sent


def _without_magics(source: str) -> str:
    """A cell without the lines that only IPython understands: those that begin with % or !."""
    try:
        compile(source, "<cell>", "exec")
    except SyntaxError:
        lines = source.split("\n")
        return "\n".join(
            line[: len(line) - len(line.lstrip())] + "pass" if line.lstrip().startswith(("%", "!")) else line
            for line in lines
        )
    return source


if __name__ == "__main__":
    main()

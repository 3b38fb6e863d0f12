"""The side that is not trusted: runs a student's answers, each question in a process of its own.

It stands alone in the sandbox, with :mod:`helpers.outcomes` and no right answer beside it. Lines of JSON come
in and go out, on two pairs of pipes. The first belongs to this process, which runs no code of a student:

- ``{"setup": […]}``: run the cells that every answer may rely on, once. → ``{"ready": true}``
- ``{"run": "a token", "cells": [[0, "def …"], …]}``: fork a process that runs these cells. → when that
  process is over, ``{"ended": 0, "seconds": 0.2}``, or the signal that ended it, and its processor time

The second belongs to the process that was forked, which has closed the first. Each line, both ways, carries
the token, so that what one process left unread, or wrote too much of, is never taken for another's:

- at once, ``{"begun": true}``, and after the cells ``{"raised": […]}``, what they raised
- ``{"call": "price", "arguments": […], "framework": ""}`` → ``{"outcome": {…}}``
- ``{"end": true}``

A student's process may write whatever it likes in place of these; :mod:`helpers.grading.sandbox` expects as
much.
"""

import contextlib
import ctypes
import errno
import fcntl
import gc
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
SET_PARENT_DEATH_SIGNAL, SET_DUMPABLE = 1, 4  # of prctl

#: What an answer cannot do, beyond what the sandbox keeps from it anyway: start a process or a program, make
#: a file, hold memory that no limit counts, look into a neighbour, or ask the kernel for a second sandbox.
FORBIDDEN = (
    *("fork", "vfork", "execve", "execveat"),
    *("creat", "mkdir", "mkdirat", "mknod", "mknodat", "link", "linkat", "symlink", "symlinkat"),
    *("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "truncate", "ftruncate"),
    *("chmod", "fchmod", "fchmodat", "setxattr", "lsetxattr", "fsetxattr"),
    *("utime", "utimes", "futimesat", "utimensat"),
    *("vmsplice", "splice", "tee", "memfd_create", "fadvise64", "readahead", "mincore", "preadv2"),
    *("io_setup", "fanotify_init", "inotify_init", "inotify_init1", "personality", "socket", "socketpair"),
    *("setpriority", "ioprio_set", "sched_setscheduler", "sched_setparam", "sched_setattr"),
    "sched_setaffinity",
    *("shmget", "shmat", "msgget", "semget", "mq_open", "memfd_secret", "add_key", "request_key", "keyctl"),
    *("ptrace", "process_vm_readv", "process_vm_writev", "kcmp"),
    *("unshare", "setns", "mount", "umount2", "pivot_root", "chroot"),
    *("bpf", "perf_event_open", "userfaultfd"),
)
#: The numbers of newer system calls, the same on every kind of machine, with room for those to come. Nothing
#: here needs one, and not every libseccomp knows them all by name: clone3, openat2, io_uring, setxattrat.
NEWER = range(424, 600)


def main() -> None:
    """Serve the lines of standard input until it ends.

    The command line holds the limits of each process, seconds of processor time and mebibytes of memory; the
    user to become (0: stay who you are, and do without what a sandbox gives); and the second pair of pipes.
    """
    seconds, memory, user, requests, replies = map(int, sys.argv[1:])
    control, answers = _Lines(os.dup(0), os.dup(1)), _Lines(requests, replies)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python's handler would let an answer end this process
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
            gc.enable()
            gc.freeze()  # what is imported stays; no process that is forked need look at it
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
        control.write(_end_of(child, control))


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
                except (ValueError, RecursionError):
                    continue  # the rest of a line of which an earlier process has read the beginning
                yield message

    def write(self, message: dict) -> None:
        line = json.dumps(message).encode() + b"\n"
        while line:
            line = line[os.write(self.target, line) :]

    def reset(self) -> None:
        """Undo what a process may have done to the pipes that it shared: lines not read, flags set."""
        fcntl.fcntl(self.source, fcntl.F_SETFL, os.O_NONBLOCK)
        with contextlib.suppress(BlockingIOError):
            while os.read(self.source, 2**16):
                pass
        for pipe in (self.source, self.target):
            fcntl.fcntl(pipe, fcntl.F_SETFL, 0)

    def close(self) -> None:
        os.close(self.source)
        os.close(self.target)


def _end_of(child: int, control: _Lines) -> dict:
    """How a process ended: by which signal, 0 where by none, and after how many seconds of processor time.

    If the other side is gone meanwhile, everything here ends.
    """
    process = os.pidfd_open(child)
    poll = select.poll()
    poll.register(process, select.POLLIN)
    poll.register(control.source, 0)  # its end alone
    if (process, select.POLLIN) not in poll.poll():
        os._exit(0)  # this is the first process of the sandbox, so no other outlives it
    os.close(process)
    _, status, used = os.wait4(child, 0)
    signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"ended": signalled, "seconds": used.ru_utime + used.ru_stime}


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
    prctl = ctypes.CDLL(None).prctl
    prctl(SET_DUMPABLE, 0, 0, 0, 0)
    prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


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
        # First a signal that says why, and a second later one that no process can ignore.
        resource.RLIMIT_CPU: (seconds, seconds + 1),
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

    allow, refuse, clone_thread = 0x7FFF0000, 0x00050000, 0x00010000
    unequal, masked_equal = 1, 7
    optimize, binary_tree = 8, 2
    whole = 2**32 - 1  # of an argument that the kernel cuts to 32 bits
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    rules = ctypes.c_void_p(seccomp.seccomp_init(allow))
    seccomp.seccomp_attr_set(rules, optimize, binary_tree)

    def add(call: int, error: int, *comparisons: Comparison) -> None:
        array = (Comparison * len(comparisons))(*comparisons)
        if failed := seccomp.seccomp_rule_add_array(rules, refuse | error, call, len(comparisons), array):
            raise OSError(-failed, f"libseccomp takes no rule on system call {call}")

    def rule(name: str, error: int, *comparisons: Comparison) -> None:
        call = seccomp.seccomp_syscall_resolve_name(name.encode())
        if call != -1:  # -1: there is no such call on this kind of machine
            add(call, error, *comparisons)

    for name in FORBIDDEN:
        rule(name, errno.EPERM)
    for number in NEWER:
        add(number, errno.ENOSYS)
    rule("clone", errno.EPERM, Comparison(0, masked_equal, clone_thread, 0))  # threads alone
    rule("prlimit64", errno.EPERM, Comparison(0, unequal, 0, 0))  # the limits of another process
    for name, place in (("open", 1), ("openat", 2)):
        for flag in (os.O_CREAT, os.O_TMPFILE & ~os.O_DIRECTORY):
            rule(name, errno.EROFS, Comparison(place, masked_equal, flag, flag))
    rule("prctl", errno.EPERM, Comparison(0, masked_equal, whole, SET_DUMPABLE))
    rule("fcntl", errno.EPERM, Comparison(1, masked_equal, whole, fcntl.F_SETLEASE))
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
    gc.disable()  # until all is imported
    main()
    os._exit(0)  # what torch tidies up at an end takes half a second of processor time

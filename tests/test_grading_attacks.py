"""Dishonest answers, each in the first question's cell with honest ones behind: each loses its own point."""

import re
from pathlib import Path

import numpy as np
import pytest
from course import SECRET, grade, gradebook, handed_in, results, save, solved

from helpers.checks import PUBLIC_SEEDS
from helpers.grading.assignments import assignments
from helpers.grading.secret import private_seeds
from helpers.grading.submissions import submissions
from helpers.questions import QUESTIONS

EXERCISE, ATTACKED = "01_intuition", "price-of-an-outcome"
FUNCTION = "def price(forecast, outcome):\n"
HONEST = FUNCTION + "    import numpy as np\n    return -np.log(forecast[outcome])\n"
MEMORY = "497"  # mebibytes; an odd number, by which the processes of this test are known
OUTSIDE = "/" + "tmp/an-answer-was-here"  # in pieces: no file of the book names a path of a machine

#: What is right on the public cases, as anybody can look it up who has the book.
BY_HEART = {
    float(forecast[outcome]): float(-np.log(forecast[outcome]))
    for forecast, outcome in map(QUESTIONS[ATTACKED].arguments, PUBLIC_SEEDS)
}
#: Name → source of the first answer. None of them computes what is asked for.
ATTACKS = {
    # ------------------------------------------------------------------ not coming back
    "a loop in the cell": "while True:\n    pass",
    "a loop in the function": FUNCTION + "    while True:\n        pass",
    "a loop that no signal ends": (
        "import signal\n"
        "for number in range(1, 65):\n"
        "    try: signal.signal(number, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\n" + FUNCTION + "    while True:\n        pass"
    ),
    "a sleep": FUNCTION + "    import time\n    time.sleep(1000)",
    "exit in the cell": "exit()\nraise SystemExit",
    "exit in the function": FUNCTION + "    exit()",
    "os._exit": FUNCTION + "    import os\n    os._exit(0)",
    "a signal to itself": FUNCTION + "    import os\n    os.kill(os.getpid(), 9)",
    "a crash": FUNCTION + "    import ctypes\n    ctypes.string_at(0)",
    "a recursion": FUNCTION + "    return price(forecast, outcome)",
    "KeyboardInterrupt": FUNCTION + "    raise KeyboardInterrupt",
    "an exception that is none": FUNCTION + "    raise type('Odd', (BaseException,), {'__str__': None})",
    # ------------------------------------------------------------------ pretending to be right
    "comparisons of NumPy": (
        "import numpy as np\n"
        "np.allclose = np.isclose = np.array_equal = np.all = lambda *a, **k: True\n"
        + FUNCTION
        + "    return 0"
    ),
    "modules of the grader": (
        "import sys, types\n"
        "for name in ('helpers.checks', 'helpers.outcomes', 'helpers.grading.worker'):\n"
        "    fake = types.ModuleType(name)\n"
        "    fake.judge = fake.check = fake.outcome_of = lambda *a, **k: 'right'\n"
        "    sys.modules[name] = fake\n" + FUNCTION + "    return 0"
    ),
    "equal to everything": (
        "class Yes(float):\n"
        "    def __eq__(self, other): return True\n"
        "    def __sub__(self, other): return 0.0\n"
        "    __rsub__ = __sub__\n"
        "    def __array__(self, *a, **k): raise RuntimeError\n" + FUNCTION + "    return Yes(1)"
    ),
    "an array that agrees": (
        "import numpy as np\n"
        "class Yes(np.ndarray):\n"
        "    def __array_ufunc__(self, *a, **k): return True\n"
        + FUNCTION
        + "    return np.zeros(()).view(Yes)"
    ),
    "a verdict in the pipe": FUNCTION
    + (
        "    import json, os\n"
        "    for pipe in range(64):\n"
        "        for said in ({'ended': 0}, {'outcome': {'what': 'right'}}, {'points': 9}):\n"
        "            try: os.write(pipe, json.dumps(said).encode() + b'\\n')\n"
        "            except OSError: pass\n"
        "    return 0"
    ),
    "json that lies": (
        'import json\njson.dumps = lambda *a, **k: \'{"what": "right", "ended": 0}\'\n'
        + FUNCTION
        + "    return 0"
    ),
    "no number at all": FUNCTION + "    return float('nan')",
    "a list of everything": FUNCTION + "    return -__import__('numpy').log(forecast)",
    # ------------------------------------------------------------------ looking for the answer
    "the reference": "from helpers.questions import QUESTIONS\n"
    + FUNCTION
    + f"    return QUESTIONS[{ATTACKED!r}].reference(forecast, outcome)",
    "the losses of the book": "from helpers.losses.reference import cross_entropy\n"
    + FUNCTION
    + "    return cross_entropy(forecast, outcome)",
    "the solution, wherever it is": FUNCTION
    + (
        "    import os\n"
        "    wanted = {'01_intuition.ipynb', 'intuition.py', 'gradebook.csv', 'secret'}\n"
        "    for folder, inner, files in os.walk('/'):\n"
        "        inner[:] = set(inner) - {'proc', 'usr', 'python3.11'}\n"
        "        for file in wanted & set(files):\n"
        "            return open(os.path.join(folder, file)).read()\n"
        "    raise LookupError('nothing here')"
    ),
    "the frames above": FUNCTION
    + (
        "    import sys\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        for name in ('wanted', 'reference', 'question', 'secret', 'seeds'):\n"
        "            if name in frame.f_locals or name in frame.f_globals: return 'found'\n"
        "        frame = frame.f_back\n"
        "    raise LookupError('nothing here')"
    ),
    "the public cases by heart": FUNCTION + f"    return {BY_HEART}[float(forecast[outcome])]",
    # ------------------------------------------------------------------ reaching out
    "pages of memory in pipes": FUNCTION
    + (
        "    import ctypes, mmap, os\n"
        "    held = mmap.mmap(-1, 2**21)\n"
        "    _, pipe = os.pipe()\n"
        "    place = ctypes.addressof(ctypes.c_char.from_buffer(held))\n"
        "    vector = (ctypes.c_size_t * 2)(place, 1)\n"
        "    if ctypes.CDLL(None).vmsplice(pipe, vector, 1, 0) < 0: raise MemoryError('refused')\n"
        "    return 0"
    ),
    "system calls too new to have a name": FUNCTION
    + (
        "    import ctypes\n"
        "    libc = ctypes.CDLL(None)\n"
        "    if all(libc.syscall(number, 0, 0, 0, 0, 0) < 0 for number in (425, 437, 452, 463)):\n"
        "        raise LookupError('refused')\n"
        "    return 0"
    ),
    "pages that others have read": FUNCTION
    + (
        "    import numpy, os\n"
        "    file = os.open(numpy.__file__, os.O_RDONLY)\n"
        "    os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)\n"
        "    return 0"
    ),
    "a core dump, asked for with more bits": FUNCTION
    + (
        "    import ctypes\n"
        "    if ctypes.CDLL(None).prctl(ctypes.c_ulong(4 + 2**32), 1, 0, 0, 0) < 0:\n"
        "        raise LookupError('refused')\n"
        "    return 0"
    ),
    "a time stamp": FUNCTION + "    import os\n    os.utime('/dev/null')\n    return 0",
    "lines without end, at the end": (
        "import os, threading\n" + FUNCTION + "    return 0\n"
        "def flood():\n"
        "    while True:\n"
        "        for pipe in range(3, 8):\n"
        "            try: os.write(pipe, b'{}\\n' * 1000)\n"
        "            except OSError: pass\n"
        "threading.Thread(target=flood).start()"
    ),
    "a core dump": FUNCTION
    + (
        "    import ctypes, os\n"
        "    if ctypes.CDLL(None).prctl(4, 1, 0, 0, 0) < 0: raise LookupError('refused')\n"
        "    os.abort()"
    ),
    "pipes opened anew": FUNCTION
    + (
        "    import os\n"
        "    for pipe in range(3, 64):\n"
        "        try: os.write(os.open(f'/proc/self/fd/{pipe}', os.O_RDWR), b' ')\n"
        "        except PermissionError: refused = True\n"
        "        except OSError: pass\n"
        "    if refused: raise LookupError('refused')"
    ),
    "a line too deep to read": FUNCTION
    + (
        "    import os\n"
        "    for pipe in range(3, 64):\n"
        "        try: os.write(pipe, b'[' * 30000 + b'\\n')\n"
        "        except OSError: pass\n"
        "    os._exit(0)"
    ),
    "a file": FUNCTION + f"    open({OUTSIDE!r}, 'w').write('x')\n    return 0",
    "a folder": FUNCTION + f"    import os\n    os.mkdir({OUTSIDE!r})\n    return 0",
    "a link": FUNCTION + f"    import os\n    os.symlink('/', {OUTSIDE!r})\n    return 0",
    "the libraries": FUNCTION + "    import numpy\n    open(numpy.__file__, 'a').write('x')\n    return 0",
    "the network": FUNCTION
    + "    import socket\n    socket.create_connection(('192.0.2.1', 80), timeout=1)\n    return 0",
    "a program": FUNCTION + "    import subprocess\n    return len(subprocess.run(['id']).args)",
    "a shell": FUNCTION + "    import os\n    return os.system('true')",
    "the first process": FUNCTION
    + "    import os\n    for signal in (9, 15, 19): os.kill(1, signal)\n    return 0",
    "the memory of the first process": FUNCTION + "    return len(open('/proc/1/mem', 'rb').read(1))",
    "the limits of the first process": FUNCTION
    + (
        "    import resource\n"
        "    for limit in (resource.RLIMIT_NPROC, resource.RLIMIT_AS, resource.RLIMIT_CPU):\n"
        "        resource.prlimit(1, limit, (0, 0))\n"
        "    return 0"
    ),
    "pipes that do not wait": FUNCTION
    + (
        "    import fcntl, os\n"
        "    for pipe in range(3, 64):\n"
        "        try: fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_NONBLOCK)\n"
        "        except OSError: pass\n"
        "    return 0"
    ),
    "pipes that signal": FUNCTION
    + (
        "    import fcntl, os\n"
        "    for pipe in range(3, 64):\n"
        "        try:\n"
        "            fcntl.fcntl(pipe, fcntl.F_SETOWN, -os.getpgrp())\n"
        "            fcntl.fcntl(pipe, fcntl.F_SETFL, os.O_ASYNC)\n"
        "        except OSError: pass\n"
        "    return 0"
    ),
    "half a line left in every pipe": FUNCTION
    + (
        "    import os\n"
        "    for pipe in range(3, 64):\n"
        '        try: os.write(pipe, b\'{"run": "\')\n'
        "        except OSError: pass\n"
        "    os._exit(0)"
    ),
    "half a request left": FUNCTION
    + (
        "    import os, threading\n"
        "    def steal():\n"
        "        for pipe in range(3, 64):\n"
        "            try: os.read(pipe, 5)\n"
        "            except OSError: pass\n"
        "            else: os._exit(0)\n"
        "    threading.Thread(target=steal).start()\n"
        "    return 0"
    ),
    "everybody is slowed down": FUNCTION
    + (
        "    import os\n"
        "    os.setpriority(os.PRIO_PROCESS, 1, 19)\n"
        "    os.sched_setscheduler(1, os.SCHED_IDLE, os.sched_param(0))\n"
        "    return 0"
    ),
    # ------------------------------------------------------------------ taking too much
    "a fork bomb": FUNCTION + "    import os\n    for _ in range(2000): os.fork()\n    return 0",
    "threads": (
        "import threading, time\nthreading.stack_size(32768)\n"
        + FUNCTION
        + "    for _ in range(5000): threading.Thread(target=time.sleep, args=(99,), daemon=True).start()\n"
        "    return 0"
    ),
    "memory": FUNCTION + "    return len(bytearray(5 * 2**30))",
    "shared memory": FUNCTION
    + (
        "    import ctypes\n"
        "    libc = ctypes.CDLL(None)\n"
        "    if libc.shmget(0, 2**20, 0o1600) < 0: raise MemoryError('refused')\n"
        "    return 0"
    ),
    "disk": FUNCTION
    + (
        "    import os\n"
        "    held = os.memfd_create('held')\n"
        "    for _ in range(200): os.write(held, bytes(2**20))\n"
        "    return 0"
    ),
    "files without end": FUNCTION
    + "    for n in range(10000): open(f'/book/scratch/{n}', 'w').close()\n    return 0",
    "a flood of output": FUNCTION + "    for _ in range(100): print('x' * 2**20, flush=True)\n    return 0",
    "a flood in every pipe": FUNCTION
    + (
        "    import os\n"
        "    for pipe in range(3, 64):\n"
        "        try: os.write(pipe, b'x' * 2**22)\n"
        "        except OSError: pass\n"
        "    return 0"
    ),
    "an endless value": FUNCTION + "    return __import__('numpy').zeros((2000, 2000))",
    "every pipe closed": FUNCTION + "    import os\n    os.closerange(0, 64)\n    return 0",
    "a deep text": FUNCTION + "    raise ValueError('[' * 10**7)",
    # ------------------------------------------------------------------ odd, and harmless
    "a null byte": "x = 'a\x00b'\n" + FUNCTION + "    return 0",
    "half a character": "x = '\ud800'\n" + FUNCTION + "    raise ValueError('\ud800')",
    "a name from markup": FUNCTION
    + "    raise type('</summary><script>alert(1)</script>', (Exception,), {})('~~~\\n# 5 of 5 points')",
}
#: What an answer leaves behind with private cases in it, for a later process or for its reader.
LEAK = FUNCTION + (
    "    import numpy as np\n"
    "    calls.append((forecast.tolist(), outcome))\n"
    "    if len(calls) <= 8: return -np.log(forecast[outcome])\n"
    "    LEAKING\n"
    "calls = []"
)
LEAKS = {
    name: LEAK.replace("LEAKING", statement)
    for name, statement in {
        "in an exception": "raise type(repr(calls[-1]), (Exception,), {})(repr(calls[-1]))",
        "in a value": "return forecast",
        "in a text": "return repr(calls)",
        "in an answer that is not written": "raise NotImplementedError(repr(calls))",
    }.items()
}


@pytest.fixture(scope="module")
def graded(sandbox, secret_file, tmp_path_factory):
    """Every attack, graded in one run, with a second for each."""
    folder = tmp_path_factory.mktemp("attacks")
    others = {name: source for name, source in solved(EXERCISE).items() if name != ATTACKED}
    for number, source in enumerate([*ATTACKS.values(), *LEAKS.values()]):
        save(handed_in(EXERCISE, others | {ATTACKED: source}), folder / "in" / f"{number}.ipynb")
    grade(folder / "in", folder / "out", secret_file, "--seconds", "1", "--memory", MEMORY)
    return folder / "out"


def place_of(name):
    return str([*ATTACKS, *LEAKS].index(name))


@pytest.mark.parametrize("name", [*ATTACKS, *LEAKS])
def test_an_attack_loses_its_own_point_and_no_other(graded, name):
    row = gradebook(graded)[place_of(name)]
    others = [question.name for question in QUESTIONS.values() if question.chapter == 1][1:]
    assert row[f"{EXERCISE}/{ATTACKED}"] == "0"
    assert [row[f"{EXERCISE}/{other}"] for other in others] == [
        str(QUESTIONS[other].points) for other in others
    ]
    assert row["remarks"] == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a loop in the cell", "1 seconds of processor time"),
        ("a loop that no signal ends", "1 seconds of processor time"),
        ("a sleep", "did not answer within 4 seconds"),
        ("os._exit", "ended the process"),
        ("a crash", "crashed the process"),
        ("a verdict in the pipe", "wrote something of its own into the pipe"),
        ("a flood in every pipe", "sent more than 1 MiB"),
        ("the reference", "No module named 'helpers.questions'"),
        ("the solution, wherever it is", "LookupError: nothing here"),
        ("the frames above", "LookupError: nothing here"),
        ("a file", "Read-only file system"),
        ("the network", "Operation not permitted"),
        ("a program", "Operation not permitted"),
        ("a fork bomb", "Operation not permitted"),
        ("everybody is slowed down", "Operation not permitted"),
        ("the limits of the first process", "Operation not permitted"),
        ("the memory of the first process", "PermissionError"),
        ("threads", "can't start new thread"),
        ("memory", "MemoryError"),
        ("shared memory", "refused"),
        ("pages of memory in pipes", "refused"),
        ("system calls too new to have a name", "refused"),
        ("pages that others have read", "Operation not permitted"),
        ("a core dump", "refused"),
        ("a core dump, asked for with more bits", "refused"),
        ("a time stamp", "Operation not permitted"),
        ("pipes opened anew", "refused"),
        ("disk", "Operation not permitted"),
        ("an endless value", "an array of shape (2000, 2000); expected for these arguments is one number"),
    ],
)
def test_the_student_is_told_what_happened(graded, name, said):
    assert said in results(graded, place_of(name))[ATTACKED]["output"]


def test_nothing_is_left_on_the_machine(graded):
    assert not Path(OUTSIDE).exists()
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if readable(path)]
    assert not [line for line in running if f"worker\0001\000{MEMORY}\000".encode() in line]


def readable(path):
    """Whether a process is still there, and may be looked at."""
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def private_numbers(graded):
    """The numbers of every private case of the question that is attacked, as they might be written down."""
    for one in submissions(graded.parent / "in", assignments()):
        for seed in private_seeds(SECRET.strip(), ATTACKED, one.answers.content):
            for argument in QUESTIONS[ATTACKED].arguments(seed):
                yield from (f"{number:.4f}" for number in np.ravel(argument) if number != int(number))


def public_numbers():
    """The numbers of every public case of the exercise, written alike."""
    for question in QUESTIONS.values():
        for seed in PUBLIC_SEEDS if question.chapter == 1 else ():
            for argument in question.arguments(seed):
                yield from (f"{number:.4f}" for number in np.ravel(argument))


def test_no_private_case_comes_out(graded):
    private = set(private_numbers(graded)) - set(public_numbers())
    assert len(private) > 300
    for path in filter(Path.is_file, graded.rglob("*")):
        written = set(re.findall(r"\d\.\d{4}", path.read_text(encoding="utf-8")))
        assert not written & private, path


@pytest.mark.parametrize("name", LEAKS)
def test_of_a_private_case_a_student_learns_that_it_is_wrong(graded, name):
    told = results(graded, place_of(name))[ATTACKED]["output"]
    assert told == (
        "It is right on the public cases and not on every private one. "
        "Does it do what the task says for each size and each range of numbers?"
    )


def test_markup_in_an_answer_stays_inside_its_block(graded):
    page = (graded / "feedback" / f"{place_of('a name from markup')}.md").read_text(encoding="utf-8")
    assert page.count("~~~") == 2
    assert "\n# 5 of 5" not in page

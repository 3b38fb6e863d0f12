"""What grading costs: processor time for a submission, ours beside nbgrader's, and what a second job gains.

Both grade the same answers of the same students to three questions of chapter 5, on as many cases that are
drawn alike, and have to give the same marks. They take turns, so that whatever else the machine does falls on
both. Every process that a grader starts is counted, kernels and sandboxes too. nbgrader runs answers
unprotected and writes no feedback here; ours has its sandbox, writes feedback, and also tries the chapter's
first question, which nobody answers.

nbgrader is installed into an environment of its own, below _build/, in the versions of constraints.txt. Our
sandbox needs Linux and bubblewrap. Run it with `make bench`.
"""

import copy
import csv
import ctypes
import inspect
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nbformat
import numpy as np

from helpers.answers import BEGIN, BODY, END, answers_of
from helpers.checks import PUBLIC_SEEDS
from helpers.exercises import exercise_of
from helpers.grading.secret import make_secret, private_seeds, read_secret
from helpers.notebooks import ROOT
from helpers.questions import QUESTIONS

NBGRADER = "nbgrader==0.9.6"
ENVIRONMENT = ROOT / "_build" / "nbgrader"
EXERCISE = "05_pytorch"
SUBMISSIONS, MANY, TURNS = 6, 12, 3  # for two graders; for one and two jobs; of each

#: The questions that both graders ask → the body of a wrong answer.
WRONG = {
    "loss-of-a-batch": "return F.cross_entropy(logits.transpose(0, 1).flatten(0, 1), targets.flatten())",
    "loss-of-padded-lines": (
        'return F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum") / targets.numel()'
    ),
    "price-of-each-position": 'return -F.cross_entropy(logits.transpose(1, 2), targets, reduction="none")',
}
#: What students do, in turn: which of their answers are right; the last leaves everything as it was.
STUDENTS = ((1, 1, 1), (0, 1, 1), (1, 1, 1), (1, 0, 0), (0, 0, 0), ())

TEST = """\
import numpy as np


{drawing}

def right(seed, expected):
    given = {function}(*map(torch.from_numpy, {cases}(np.random.default_rng(seed)))).numpy()
    return given.shape == np.shape(expected) and np.allclose(given, expected, rtol=1e-5, atol=1e-8)


for seed, expected in {public}.items():
    assert right(seed, expected)
### BEGIN HIDDEN TESTS
for seed, expected in {private}.items():
    assert right(seed, expected)
### END HIDDEN TESTS
"""
MARKS = f"""\
import json
from nbgrader.api import Gradebook

with Gradebook("sqlite:///gradebook.db") as book:
    works = [work.notebooks[0] for work in book.assignment_submissions("{EXERCISE}")]
    print(json.dumps([(work.student.id, grade.name, grade.score) for work in works for grade in work.grades]))
"""


class Ours:
    """Our grader, on a folder of exercises."""

    name = "helpers.grading"

    def __init__(self, folder: Path, solution, secret: Path, students: int):
        self.folder, self.secret = folder, secret
        exercise = exercise_of(solution)
        for number in range(students):
            hand_in(exercise, solution, number, folder / "submitted" / student(number))

    def grade(self, jobs: int = 1) -> None:
        """Grade everything anew."""
        shutil.rmtree(self.folder / "out", ignore_errors=True)
        command = [sys.executable, "-m", "helpers.grading", self.folder / "submitted", "--jobs", jobs]
        run(ROOT, *command, "--out", self.folder / "out", "--secret", self.secret)

    def marks(self) -> dict:
        """Points by (student, question)."""
        with open(self.folder / "out" / "gradebook.csv", encoding="utf-8") as file:
            rows = [*csv.DictReader(file)]
        return {(row["student"], asked): float(row[f"{EXERCISE}/{asked}"]) for row in rows for asked in WRONG}


class Theirs:
    """nbgrader on a course with one assignment."""

    name = NBGRADER.replace("==", " ")

    def __init__(self, folder: Path, solution, secret: Path, students: int):
        self.folder = folder
        source, release = (folder / name / EXERCISE / f"{EXERCISE}.ipynb" for name in ("source", "release"))
        source.parent.mkdir(parents=True)
        nbformat.write(assignment_of(solution, read_secret(secret)), source)
        (folder / "nbgrader_config.py").write_text('get_config().CourseDirectory.course_id = "bench"\n')
        self._run("nbgrader", "generate_assignment", EXERCISE)
        assignment = nbformat.read(release, as_version=4)
        for number in range(students):
            hand_in(assignment, solution, number, folder / "submitted" / student(number) / EXERCISE)

    def grade(self) -> None:
        """Grade everything anew."""
        self._run("nbgrader", "autograde", EXERCISE, "--force")

    def marks(self) -> dict:
        """Points by (student, question)."""
        return {(who, asked): score for who, asked, score in json.loads(self._run("python", "-c", MARKS))}

    def _run(self, program: str, *arguments) -> str:
        return run(self.folder, ENVIRONMENT / "bin" / program, *arguments)


def student(number: int) -> str:
    return f"student-{number + 1:02}"


def hand_in(notebook, solution, number: int, folder: Path) -> None:
    """Write a notebook with a student's answers, no two alike: ours would grade the same answers once."""
    notebook = copy.deepcopy(notebook)
    right = dict(zip(WRONG, STUDENTS[number % len(STUDENTS)], strict=False))
    cells = {cell.id: cell for cell in notebook.cells}
    for solved, asked, _ in answers_of(solution):
        if asked in right:
            wrong = BODY.sub(rf"\1{WRONG[asked]}", solved.source)
            correct = re.sub(rf"^ *({BEGIN}|{END})\n?", "", solved.source, flags=re.M)
            cells[solved.id].source = correct if right[asked] else wrong
        if asked in WRONG:
            cells[solved.id].source += f"\n# {student(number)}\n"
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{EXERCISE}.ipynb")


def assignment_of(solution, secret: bytes):
    """The solution as nbgrader's source of an assignment, without the question that only ours is asked."""
    notebook, left_out = copy.deepcopy(solution), []
    for answer, asked, function in [*answers_of(notebook)]:
        test = notebook.cells[notebook.cells.index(answer) + 1]
        if asked not in WRONG:
            left_out.append(asked)
            continue
        answer.metadata = about(grade_id=f"{asked}-answer", solution=True)
        test.metadata = about(grade_id=asked, grade=True, locked=True, points=QUESTIONS[asked].points)
        test.source = test_of(asked, function, secret)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if not {"answer", "check"} & {*cell.metadata.get("tags", [])} and cell.id not in left_out
    ]
    for cell in notebook.cells:
        if "setup" in cell.metadata.get("tags", []):
            lines = cell.source.split("\n")
            cell.source = "\n".join(line for line in lines if "helpers.checks" not in line)
    return notebook


def about(**said) -> nbformat.NotebookNode:
    """Metadata by which nbgrader knows a cell."""
    plain = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return nbformat.from_dict({"nbgrader": plain | said})


def test_of(asked: str, function: str, secret: bytes) -> str:
    """A test of an answer, with the right values in it: our public cases and, hidden, our private ones."""
    question = QUESTIONS[asked]

    def expected(seeds) -> dict:
        return {seed: np.asarray(question.reference(*question.arguments(seed))).tolist() for seed in seeds}

    return TEST.format(
        drawing=inspect.getsource(question.cases),
        cases=question.cases.__name__,
        function=function,
        public=expected(PUBLIC_SEEDS),
        private=expected(private_seeds(secret, asked, NBGRADER)),
    )


def install() -> None:
    """Make the environment of nbgrader, unless it is there."""
    versions = f"{NBGRADER}\n{(ROOT / 'constraints.txt').read_text()}"
    ready = ENVIRONMENT / "ready.txt"
    if not ready.exists() or ready.read_text() != versions:
        print(f"installing {NBGRADER} below {ENVIRONMENT.relative_to(ROOT)}, once …", flush=True)
        run(ROOT, sys.executable, "-m", "venv", "--clear", ENVIRONMENT)
        pip = (ENVIRONMENT / "bin" / "python", "-m", "pip", "install", "--quiet", "-c", "constraints.txt")
        run(ROOT, *pip, NBGRADER, "ipykernel", "numpy", "torch")
        ready.write_text(versions)


def run(folder: Path, *command) -> str:
    """What a command printed. If it fails, there is nothing to compare, and this program ends."""
    command = [*map(str, command)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        said = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        sys.exit(f"Nothing is compared, because this failed:\n{' '.join(command)}\n{said}")
    return done.stdout


def adopt_orphans() -> None:
    """Have processes whose parents are gone become children of this one, so that their time is counted."""
    set_child_subreaper = 36
    ctypes.CDLL(None).prctl(set_child_subreaper, 1, 0, 0, 0)


def seconds(function, *arguments) -> tuple[float, float]:
    """Seconds of processors, and on the clock, that a function takes whose work other processes do."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    function(*arguments)
    clock = time.perf_counter() - start
    try:
        while True:
            os.waitpid(-1, 0)
    except ChildProcessError:  # none is left, and the time of all of them is counted
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, clock


def main():
    if shutil.which("bwrap") is None:
        sys.exit("Nothing is compared, because our grader needs bubblewrap: apt install bubblewrap")
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ["PATH"] = f"{ENVIRONMENT / 'bin'}{os.pathsep}{os.environ['PATH']}"  # nbgrader calls alembic
    adopt_orphans()
    install()
    solution = nbformat.read(ROOT / "solutions" / f"{EXERCISE}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
            os.environ[name] = str(folder / name)  # whoever runs this may have settings of their own
        make_secret(secret := folder / "secret")
        graders = [kind(folder / kind.__name__, solution, secret, SUBMISSIONS) for kind in (Ours, Theirs)]
        for grader in graders:
            grader.grade()  # fills the caches, and gives marks
        compare_marks(*graders)
        compare_cost(*graders)
        compare_jobs(Ours(folder / "many", solution, secret, MANY))


def compare_marks(ours: Ours, theirs: Theirs) -> None:
    mine, other = ours.marks(), theirs.marks()
    if mine != other:
        sys.exit(f"Nothing is compared, because the marks differ:\n{ours.name} {mine}\n{theirs.name} {other}")
    sums = [sum(mine[student(number), asked] for asked in WRONG) for number in range(SUBMISSIONS)]
    print(f"{len(WRONG)} questions of {EXERCISE}, {SUBMISSIONS} submissions, 1 job; medians of {TURNS} turns")
    print(f"both give {', '.join(f'{points:.0f}' for points in sums)} points; ours tries one question more,")
    print("which nobody answered, in a sandbox")


def compare_cost(ours: Ours, theirs: Theirs) -> None:
    turns = [[seconds(grader.grade)[0] / SUBMISSIONS for grader in (ours, theirs)] for _ in range(TURNS)]
    ratio = statistics.median(mine / other for mine, other in turns)
    mine, other = map(statistics.median, zip(*turns, strict=True))
    print(f"{'':20}{'CPU-seconds per submission':>28}{'ratio':>8}")
    print(f"{ours.name:20}{mine:28.2f}{ratio:8.2f}")
    print(f"{theirs.name:20}{other:28.2f}{1:8.2f}")


def compare_jobs(ours: Ours) -> None:
    if len(os.sched_getaffinity(0)) < 2:
        print("There is one processor: a second job has nowhere to run.")
        return
    turns = [[seconds(ours.grade, jobs)[1] for jobs in (1, 2)] for _ in range(TURNS)]
    gain = statistics.median(one / two for one, two in turns)
    one, two = map(statistics.median, zip(*turns, strict=True))
    print(f"{MANY} submissions on the clock: {one:.1f} s with 1 job, {two:.1f} s with 2, ratio {gain:.2f}")


if __name__ == "__main__":
    main()

"""What was handed in: whose it is, which exercise, and the cells with answers. Nothing of it is run here."""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from helpers.answers import BEGIN
from helpers.grading.assignments import Assignment, Task

LARGEST = 20 * 2**20  # bytes of a notebook, its pictures included
MOST_CELLS = 5_000
LONGEST = 100_000  # characters of a cell with an answer
LONGEST_ALL = 1_000_000  # of all of them
LONGEST_NAME = 160  # bytes; file systems take 255


@dataclass(frozen=True)
class Answers:
    """The answers to one exercise.

    Attributes:
        assignment: the name of the exercise.
        cells: (place in the notebook, source) of each cell with an answer, in order.
        places: for each question, the places of the cells that answer it; none if they are gone.
    """

    assignment: str
    cells: tuple[tuple[int, str], ...]
    places: Mapping[str, tuple[int, ...]]

    @property
    def content(self) -> str:
        """A name for just these answers."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Submission:
    """One notebook that was handed in.

    Attributes:
        student: the name of the folder that it lies in or, where it lies in none, its own.
        file: its path, below the folder of all submissions.
        answers: what it answers; None where it cannot be graded.
        reason: why not.
    """

    student: str
    file: str
    answers: Answers | None = None
    reason: str = ""


class Unreadable(Exception):
    """A file that is no notebook of ours; the message says what it is."""


def submissions(place: Path, known: Mapping[str, Assignment]) -> list[Submission]:
    """Everything that was handed in, in the order of names.

    Args:
        place: a folder that holds a notebook for each student, or a folder for each; or one notebook.
        known: the exercises there are.
    """
    found = []
    for student, path in _notebooks(place, known):
        file = _printable(path.name if path == place else path.relative_to(place).as_posix())
        try:
            found.append(Submission(student, file, _answers(_read(path), known)))
        except Unreadable as error:
            found.append(Submission(student, file, reason=str(error)))
    return found


def _notebooks(place: Path, known: Mapping[str, Assignment]) -> Iterator[tuple[str, Path]]:
    """(student, path) of every notebook."""
    if not place.is_dir():
        yield _printable(_student_of(place.stem, known)), place
        return
    for path in sorted(_below(place)):
        *folders, file = path.relative_to(place).parts
        hidden = [name for name in (*folders, file) if name.startswith(".")]  # .ipynb_checkpoints, ._x.ipynb
        if not hidden:
            yield _printable(folders[0] if folders else _student_of(path.stem, known)), path


def _below(place: Path) -> Iterator[Path]:
    """Every notebook below a folder, however deep; what is too deep to be opened is passed over."""
    waiting = [place]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    if entry.name.endswith(".ipynb"):
                        yield Path(entry.path)
        except OSError:
            continue


def _student_of(stem: str, known: Mapping[str, Assignment]) -> str:
    """A file's name without the exercise's, and without the number of a second try: `ada_01_intuition-1`."""
    names = "|".join(map(re.escape, known))
    return re.sub(rf"(?<=.)[-_ ]+(?:{names})(?:-\d+| ?\(\d+\))?$", "", stem)


def _printable(name: str) -> str:
    """A name that can be written anywhere, also as that of a file: unlike names stay unlike."""
    plain = (
        letter if letter.isprintable() and letter != "\\" else f"\\U{ord(letter):08x}" for letter in name
    )
    shown = "".join(plain)
    if len(shown.encode()) <= LONGEST_NAME:
        return shown
    return f"{shown.encode()[:100].decode(errors='ignore')}… {hashlib.sha256(shown.encode()).hexdigest()}"


def _read(path: Path) -> list[Mapping]:
    """The cells of a notebook.

    Raises:
        Unreadable: it is none.
    """
    try:
        # A link may lead to somebody else's work, and a pipe would be waited for.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}") from None
    about = os.fstat(file)
    if not stat.S_ISREG(about.st_mode):
        os.close(file)
        raise Unreadable("is not a file")
    with open(file, "rb") as opened:
        content = opened.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unreadable(f"is larger than {LARGEST // 2**20} MiB")
    try:
        notebook = json.loads(content)
    except (ValueError, RecursionError):
        raise Unreadable("is not JSON, so it is no notebook") from None
    cells = notebook.get("cells") if isinstance(notebook, Mapping) else None
    if not isinstance(cells, list) or not all(isinstance(cell, Mapping) for cell in cells):
        raise Unreadable("is no notebook of format 4: it has no list of cells")
    if len(cells) > MOST_CELLS:
        raise Unreadable(f"has more than {MOST_CELLS:,} cells")
    return cells


def _answers(cells: list[Mapping], known: Mapping[str, Assignment]) -> Answers:
    """What the cells of a notebook answer.

    Raises:
        Unreadable: they answer no exercise of ours, or they are its solution.
    """
    code = [
        (place, _marks(cell), source)
        for place, cell in enumerate(cells)
        if cell.get("cell_type") == "code" and (source := _source(cell)) is not None
    ]
    found = {
        name: {
            task.question.name: tuple(
                place for place, marks, source in code if _is_answer(marks, source, task)
            )
            for task in one.tasks
        }
        for name, one in known.items()
    }
    name = max(found, key=lambda name: sum(map(bool, found[name].values())), default=None)
    if not name or not any(found[name].values()):
        raise Unreadable("holds no cell of an exercise")
    places = {place for own in found[name].values() for place in own}
    answers = tuple((place, source) for place, _, source in code if place in places)
    if all(BEGIN in source for _, source in answers):
        raise Unreadable("is a solution of this book, not an exercise")
    if sum(len(source) for _, source in answers) > LONGEST_ALL:
        raise Unreadable(f"has answers of more than {LONGEST_ALL:,} characters")
    return Answers(name, answers, found[name])


def _marks(cell: Mapping) -> tuple[list, bool]:
    """The ids of a cell (Colab moves it into the metadata), and whether it is tagged as an answer."""
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    tags = metadata.get("tags")
    return [cell.get("id"), metadata.get("id")], isinstance(tags, list) and "answer" in tags


def _is_answer(marks: tuple[list, bool], source: str, task: Task) -> bool:
    """Whether a cell is the one meant for a task, or a copy of it that kept its tag."""
    ids, tagged = marks
    if task.cell in ids:
        return True
    defines = rf"^(?:def[ ]+{task.function}\b|{task.function}\s*=)"
    return tagged and re.search(defines, source, re.M) is not None


def _source(cell: Mapping) -> str | None:
    """What is written in a cell, one text or a list of its lines; None where it is neither, or too long."""
    source = cell.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    return source if isinstance(source, str) and len(source) <= LONGEST else None

"""What can be handed in: the exercises, as their solutions describe them."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from helpers.answers import answers_of, source_of, tags_of
from helpers.questions import QUESTIONS
from helpers.questions.question import Question

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = ROOT / "solutions"


@dataclass(frozen=True)
class Task:
    """One question of an exercise: the function that answers it, and the id of the cell meant for that."""

    question: Question
    function: str
    cell: str


@dataclass(frozen=True)
class Assignment:
    """An exercise: its name, the cells that every answer may rely on, and its tasks.

    `setup` comes from our own notebook, never from one that was handed in.
    """

    name: str
    setup: tuple[str, ...]
    tasks: tuple[Task, ...]

    @property
    def points(self) -> int:
        """What all its questions are worth."""
        return sum(task.question.points for task in self.tasks)


@cache
def assignments(directory: Path = SOLUTIONS) -> dict[str, Assignment]:
    """The exercises whose solutions lie in a directory, by name.

    Raises:
        AnswerError: an answer is not followed by the check of its question.
    """
    found = {}
    for path in sorted(directory.glob("*.ipynb")):
        notebook = json.loads(path.read_text(encoding="utf-8"))
        setup = (source_of(cell) for cell in notebook["cells"] if "setup" in tags_of(cell))
        tasks = (
            Task(QUESTIONS[asked], function, cell["id"]) for cell, asked, function in answers_of(notebook)
        )
        found[path.stem] = Assignment(path.stem, tuple(setup), tuple(tasks))
    return found


@cache
def edition() -> str:
    """A name for this edition of all that decides on marks. Where it differs, marks may."""
    digest = hashlib.sha256()
    for path in sorted([*(ROOT / "helpers").rglob("*.py"), *SOLUTIONS.glob("*.ipynb")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]

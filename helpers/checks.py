"""Feedback on an exercise, at once: `check("question", your_function)`, and `score()`. NumPy alone.

A function is called on a few cases. What it gives is compared with the right answer and, where it differs,
with the wrong answers that are often given: if it is one of them, its mistake is named. Nothing here raises,
so that a notebook that is half done runs through to its end.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib import import_module
from textwrap import wrap

import numpy as np

from helpers.questions import QUESTIONS
from helpers.questions.question import Question

PUBLIC_SEEDS = range(8)  # the cases that a learner's function is tried on
_scored: dict[str, bool] = {}  # name of a question → whether the last check of it was right


@dataclass(frozen=True)
class Verdict:
    """What was found out about an answer.

    Attributes:
        status: "right", "not attempted", "raised", "nothing", "kind", "shape", "mistake", "not finite" or
            "wrong".
        message: a sentence or two for the learner; empty where the answer is right.
        arguments: the arguments of the case that shows it, None where there is none.
        value: what the function gave for them, None where it gave nothing.
    """

    status: str
    message: str = ""
    arguments: tuple | None = None
    value: object = None


def check(question: str, answer: Callable) -> None:
    """Try an answer; print what was tried, what came, what kind of value is expected, and what went wrong.

    Args:
        question: its name, as in the exercise.
        answer: the function that was asked for.
    """
    asked = QUESTIONS.get(question)
    if asked is None:
        print(f"There is no question {question!r}. The names are: {', '.join(QUESTIONS)}.")
        return
    verdict = judge(asked, answer, PUBLIC_SEEDS)
    _scored[question] = verdict.status == "right"
    print("\n".join(_feedback(asked, verdict)))


def score() -> None:
    """Print, for each chapter that was worked on, how many of its points are earned so far."""
    chapters = sorted({QUESTIONS[name].chapter for name in _scored})
    if not chapters:
        print("Nothing is checked yet: run the cells above.")
    for chapter in chapters:
        questions = [question for question in QUESTIONS.values() if question.chapter == chapter]
        total = sum(question.points for question in questions)
        earned = sum(question.points for question in questions if _scored.get(question.name))
        marks = "".join("█" if _scored.get(question.name) else "░" for question in questions)
        print(f"chapter {chapter}  {marks}  {earned} of {total} points")


def judge(question: Question, answer: Callable, seeds: Iterable[int]) -> Verdict:
    """What an answer is worth on the cases with these seeds; it raises nothing that the answer raises."""
    if not callable(answer):
        return Verdict("kind", f"A function is expected here, and this is {_kind(answer)}.")
    tried = []
    for seed in seeds:
        arguments = question.arguments(seed)
        try:
            given = answer(*_handed_over(question, seed))
        except NotImplementedError:
            return Verdict("not attempted", question.task)
        except (Exception, SystemExit) as error:
            return Verdict("raised", f"It raised {type(error).__name__}{_said_by(error)}.", arguments)
        wanted = np.asarray(question.reference(*arguments), dtype=float)
        if unusable := _unusable(given, wanted):
            return Verdict(*unusable, arguments, given)
        tried.append((arguments, _as_array(given).astype(float), wanted))
    wrong = [case for case in tried if not _close(case[1], case[2])]
    if not wrong:
        return Verdict("right")
    arguments, value, _ = wrong[0]
    for message, mistake in question.mistakes.items():
        if all(_close(came, mistake(*case)) for case, came, _ in tried):
            return Verdict("mistake", message, arguments, value)
    if not np.isfinite(value).all():
        return Verdict("not finite", "nan and inf should not come out here.", arguments, value)
    where = "on every case" if len(wrong) == len(tried) else f"on {len(wrong)} of {len(tried)} cases"
    return Verdict("wrong", f"The value is another {where}.", arguments, value)


def _said_by(error: BaseException) -> str:
    """What an exception says, after a colon; nothing if it says nothing, or raises when asked."""
    try:
        return f": {error}" if str(error) else ""
    except Exception:
        return ""


def _feedback(question: Question, verdict: Verdict) -> list[str]:
    """The lines that `check` prints."""
    points = f"{question.points} point{'s' * (question.points > 1)}"
    if verdict.status == "right":
        return [f"✓ {question.name}: right on {len(PUBLIC_SEEDS)} cases, {points}"]
    if verdict.status == "not attempted":
        return [f"· {question.name}: not attempted yet, {points}", *_wrapped(verdict.message)]
    lines = [f"✗ {question.name}: not yet"]
    if verdict.arguments is not None:
        names = inspect.signature(question.reference).parameters
        lines.append("  tried     " + ", ".join(map(_assignment, names, verdict.arguments)))
    if verdict.value is not None:
        lines.append(f"  came      {_shown(verdict.value)}")
    return [*lines, f"  expected  {question.expects}", *_wrapped(verdict.message)]


def _wrapped(text: str) -> list[str]:
    """Lines that fit beside a cell, set in by two spaces."""
    return wrap(text, 84, initial_indent="  ", subsequent_indent="  ")


def _handed_over(question: Question, seed: int) -> tuple:
    """Arguments for the learner's function: its own copy, for it may write into it, in its framework."""
    arguments = question.arguments(seed)
    if not question.framework:
        return arguments
    library = import_module(question.framework)  # whoever answers with tensors has imported it already
    tensor = library.from_numpy if question.framework == "torch" else library.constant
    return tuple(tensor(value) if isinstance(value, np.ndarray) else value for value in arguments)


def _unusable(given, wanted: np.ndarray) -> tuple[str, str] | None:
    """Status and message for what cannot be compared with the right answer at all."""
    if given is None:
        return "nothing", "It returned nothing. Is the `return` missing?"
    array = _as_array(given)
    if array is None or array.dtype.kind not in "iuf":
        return "kind", f"It returned {_kind(given)}."
    if array.shape != wanted.shape:
        return "shape", f"It returned {_size(array)}; expected for these arguments is {_size(wanted)}."
    return None


def _as_array(value) -> np.ndarray | None:
    """A number, a list, an array, or a tensor of some framework as an array; None for anything else."""
    try:
        return np.asarray(value.detach().cpu() if hasattr(value, "detach") else value)
    except Exception:  # whatever an object of the learner's does when it is looked at
        return None


def _close(value: np.ndarray, other) -> bool:
    """Equal to five digits, in the same shape; nan equals nan here."""
    other = np.asarray(other, dtype=float)
    return value.shape == other.shape and np.allclose(value, other, rtol=1e-5, atol=1e-8, equal_nan=True)


def _size(array: np.ndarray) -> str:
    """A number, or an array of some shape, in words."""
    return f"an array of shape {array.shape}" if array.shape else "one number"


def _kind(value) -> str:
    """A value's kind in words."""
    return (
        "a truth value" if isinstance(value, bool | np.bool_) else f"a value of type {type(value).__name__}"
    )


def _assignment(name: str, value) -> str:
    return f"{name} = {_shown(value)}"


def _shown(value) -> str:
    """A value in a few characters: numbers with four digits, long arrays by their shape."""
    if isinstance(value, str):
        return repr(value)
    array = _as_array(value)
    if array is None or array.dtype.kind not in "iuf":
        return _kind(value)
    if array.ndim == 0:
        return f"{array.item():.6g}"
    if array.size > 12:
        return _size(array)
    text = np.array2string(array, precision=4, suppress_small=False, separator=", ")
    return " ".join(text.split())

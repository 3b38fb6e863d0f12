"""Feedback on an exercise, at once: `check("question", your_function)`, and `score()`. NumPy alone.

A function is called on a few cases. What it gives is compared with the right answer and, where it differs,
with the wrong answers that are often given: if it is one of them, its mistake is named. Nothing here raises,
so that a notebook that is half done runs through to its end.
"""

import inspect
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from textwrap import wrap

import numpy as np

from helpers.outcomes import Outcome, outcome_of
from helpers.questions import QUESTIONS
from helpers.questions.question import Question

PUBLIC_SEEDS = range(8)  # the cases that a learner's function is tried on
SMALL_FLOATS = ("float16", "bfloat16")  # they hold two or three digits
_scored: dict[str, bool] = {}  # name of a question → whether the last check of it was right


@dataclass(frozen=True)
class Verdict:
    """What was found out about an answer.

    Attributes:
        status: "right", "not attempted", "raised", "nothing", "kind", "shape", "dtype", "mistake",
            "not finite" or "wrong".
        message: a sentence or two for the learner; empty where the answer is right.
        arguments: the arguments of the case that shows it, None where there is none.
        came: what came of that case, None where there is none.
    """

    status: str
    message: str = ""
    arguments: tuple | None = None
    came: Outcome | None = None


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
    if callable(answer):
        verdict = judge(asked, lambda arguments: outcome_of(answer, arguments, asked.framework), PUBLIC_SEEDS)
    else:
        message = f"A function is expected here, and this is a value of type {type(answer).__name__}."
        verdict = Verdict("kind", message)
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


def judge(question: Question, call: Callable[[tuple], Outcome], seeds: Iterable[int]) -> Verdict:
    """What an answer is worth on the cases with these seeds.

    Args:
        question: what was asked.
        call: says what comes of the answer for the arguments it is given: :func:`helpers.outcomes.outcome_of`
            here, a sandbox in the grader.
        seeds: one case each.
    """
    tried = []
    for seed in seeds:
        came = call(question.arguments(seed))  # a copy of its own, for the answer may write into it
        arguments = question.arguments(seed)
        wanted = np.asarray(question.reference(*arguments))
        if came.what != "value":
            return _without_value(question, came, arguments)
        if came.value.shape != wanted.shape:
            sizes = f"It returned {_size(came.value)}; expected for these arguments is {_size(wanted)}."
            return Verdict("shape", sizes, arguments, came)
        tried.append((arguments, came, wanted))
    wrong = [case for case in tried if not _close(case[1].value, case[2])]
    if not wrong:
        return _right_in_value(tried)
    arguments, came, _ = wrong[0]
    for message, mistake in question.mistakes.items():
        if all(_close(came.value, mistake(*arguments)) for arguments, came, _ in tried):
            return Verdict("mistake", message, arguments, came)
    if not np.isfinite(came.value).all():
        return Verdict("not finite", "nan and inf should not come out here.", arguments, came)
    if came.dtype in SMALL_FLOATS and all(_close(came.value, wanted, 2e-2) for _, came, wanted in tried):
        few = f"The value is right to the few digits that {came.dtype} holds. Compute in float32 or float64."
        return Verdict("dtype", few, arguments, came)
    where = "on every case" if len(wrong) == len(tried) else f"on {len(wrong)} of {len(tried)} cases"
    return Verdict("wrong", f"The value is another {where}.", arguments, came)


def _without_value(question: Question, came: Outcome, arguments: tuple) -> Verdict:
    """The verdict on a call that gave no number and no array."""
    if came.what == "not attempted":
        return Verdict("not attempted", question.task)
    if came.what == "raised":
        return Verdict("raised", f"It raised {came.said}.", arguments)
    if came.what == "nothing":
        return Verdict("nothing", "It returned nothing. Is the `return` missing?", arguments)
    return Verdict("kind", f"It returned {came.said}.", arguments, came)


def _right_in_value(tried: list[tuple]) -> Verdict:
    """The verdict where every number is right: on the type that they have."""
    for arguments, came, wanted in tried:
        if wanted.dtype.kind in "iu" and "int" not in came.dtype:
            whole = f"The numbers are right, and their dtype is {came.dtype}. Whole numbers are expected."
            return Verdict("dtype", whole, arguments, came)
    return Verdict("right")


def _feedback(question: Question, verdict: Verdict) -> list[str]:
    """The lines that `check` prints."""
    points = f"{question.points} point{'s' * (question.points > 1)}"
    if verdict.status == "right":
        return [f"✓ {question.name}: right on {len(PUBLIC_SEEDS)} cases, {points}"]
    if verdict.status == "not attempted":
        return [f"· {question.name}: not attempted yet, {points}", *_wrapped(verdict.message)]
    about = [f"  {line}" for line in case_of(question, verdict)]
    return [f"✗ {question.name}: not yet", *about, *_wrapped(verdict.message)]


def case_of(question: Question, verdict: Verdict) -> list[str]:
    """Lines on the case that shows what a verdict says: what was tried, what came, what kind is expected."""
    lines = []
    if verdict.arguments is not None:
        names = inspect.signature(question.reference).parameters
        lines.append("tried     " + ", ".join(map(_assignment, names, verdict.arguments)))
    if verdict.came is not None:
        came = verdict.came
        lines.append(f"came      {_shown(came.value) if came.what == 'value' else came.said}")
    return [*lines, f"expected  {question.expects}"]


def _wrapped(text: str) -> list[str]:
    """Lines that fit beside a cell, set in by two spaces."""
    return wrap(text, 84, initial_indent="  ", subsequent_indent="  ")


def _close(value: np.ndarray, other, tolerance: float = 1e-5) -> bool:
    """Equal to five digits or as told, in the same shape; nan equals nan here."""
    other = np.asarray(other, dtype=float)
    return value.shape == other.shape and np.allclose(value, other, rtol=tolerance, atol=1e-8, equal_nan=True)


def _size(array: np.ndarray) -> str:
    """A number, or an array of some shape, in words."""
    return f"an array of shape {array.shape}" if array.shape else "one number"


def _assignment(name: str, value) -> str:
    return f"{name} = {_shown(value)}"


def _shown(value) -> str:
    """A number, an array or a text in a few characters: four digits, and of a long array the shape."""
    if isinstance(value, str):
        return repr(value)
    array = np.asarray(value)
    if array.ndim == 0:
        return f"{array.item():.6g}"
    if array.size > 12:
        return _size(array)
    text = np.array2string(array, precision=4, suppress_small=False, separator=", ")
    return " ".join(text.split())

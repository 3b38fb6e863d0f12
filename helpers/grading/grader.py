"""Marks for one exercise that was handed in. This side is trusted: it knows what is right.

All public cases of all questions come first, then all private ones. What an answer says about a public case,
in its errors and its values, is told to the student. Once a private case has been seen, nothing is passed on
that an answer says: only whether it is right and, if it is wrong as is often met, our own sentence on that.
"""

from collections.abc import Callable, Iterable, Sequence

from helpers.checks import PUBLIC_SEEDS, Verdict, case_of, judge
from helpers.grading.assignments import Assignment, Task
from helpers.grading.sandbox import Disturbed, Limits, Stopped, Worker
from helpers.grading.secret import private_seeds
from helpers.grading.submissions import Answers

MISSING = "The cell for this answer is gone, or too long. It is known by the id that it has in the exercise."
OTHER_CELLS = (
    "Of a notebook, only the cells for answers are run: what a function needs stands in one of them."
)
PRIVATE = "It is right on the public cases and not on every private one. "
UNNAMED = "Does it do what the task says for each size and each range of numbers?"


def grade(
    assignment: Assignment, answers: Answers, secret: bytes, limits: Limits, sandboxed: bool
) -> list[dict]:
    """For each question: `points`, what they are out `of`, `status`, `message` and the lines of a `case`.

    Raises:
        SandboxError: there is no sandbox; this says nothing about the answers.
    """
    with Worker([*assignment.setup], limits, sandboxed) as worker:
        tries = _Tries(worker, answers)
        tried = {task.question.name: tries.on_public_cases(task) for task in assignment.tasks}
        right = [name for name, (verdict, _) in tried.items() if verdict.status == "right"]
        for task in assignment.tasks:
            if _misses_a_name(tried[task.question.name][0]):
                tried[task.question.name] = tries.with_cells_above(task, right)
        return [_result(task, *tried[task.question.name], tries, secret) for task in assignment.tasks]


class _Tries:
    """The answers of one notebook, put to the test in a sandbox."""

    def __init__(self, worker: Worker, answers: Answers):
        self.worker, self.answers = worker, answers
        self.begun = False  # whether the cells that were run last came to their end
        self.stopping: set[int] = set()  # places of cells that did not come to their end

    def on_public_cases(self, task: Task) -> tuple[Verdict, tuple]:
        """The verdict on a question's own cells, alone; and those cells."""
        places = self.answers.places[task.question.name]
        if not places:
            return Verdict("missing", MISSING), ()
        cells = tuple(cell for cell in self.answers.cells if cell[0] in places)
        verdict = self._judge(task, cells, PUBLIC_SEEDS)
        if verdict.status == "stopped" and not self.begun:
            self.stopping.update(places)
        return verdict, cells

    def with_cells_above(self, task: Task, right: Sequence[str]) -> tuple[Verdict, tuple]:
        """The verdict on them after answers above them, for one may call another; and all those cells.

        The answers that are right come first alone, so that a wrong one does no harm here if it need not.
        """
        own = self.answers.places[task.question.name]
        above = {place for place, _ in self.answers.cells if place < max(own)} - self.stopping
        of_right = above.intersection(place for name in right for place in self.answers.places[name])
        for some in (of_right, above):
            cells = tuple(cell for cell in self.answers.cells if cell[0] in some.union(own))
            verdict = self._judge(task, cells, PUBLIC_SEEDS)
            if not _misses_a_name(verdict):
                return verdict, cells
        return Verdict("raised", f"{verdict.message} {OTHER_CELLS}", verdict.arguments), cells

    def on_private_cases(self, task: Task, cells: tuple, secret: bytes) -> Verdict:
        """The verdict on cells that passed the public cases."""
        return self._judge(task, cells, private_seeds(secret, task.question.name, self.answers.content))

    def _judge(self, task: Task, cells: tuple, seeds) -> Verdict:
        try:
            try:
                raised, verdict = self._run(task, cells, seeds)
            except Disturbed:
                raised, verdict = self._run(task, cells, seeds)
        except Stopped as stopped:
            return Verdict("stopped", str(stopped))
        if verdict.status == "raised" and raised:
            return Verdict(
                "raised", f"{verdict.message} The cell itself raised {raised[-1]}.", verdict.arguments
            )
        return verdict

    def _run(self, task: Task, cells: tuple, seeds: Iterable[int]) -> tuple[list[str], Verdict]:
        self.begun = False
        raised = self.worker.run(cells)
        self.begun = True
        verdict = judge(task.question, self._caller(task), seeds)
        self.worker.end()
        return raised, verdict

    def _caller(self, task: Task) -> Callable:
        return lambda arguments: self.worker.call(task.function, arguments, task.question.framework)


def _misses_a_name(verdict: Verdict) -> bool:
    return verdict.status == "raised" and "NameError" in verdict.message


def _result(task: Task, verdict: Verdict, cells: tuple, tries: _Tries, secret: bytes) -> dict:
    """The marks on one question; the private cases are tried here, if the public ones were passed."""
    question = task.question
    shown = case_of(question, verdict) if verdict.arguments is not None else []
    if verdict.status == "right":
        private = tries.on_private_cases(task, cells, secret)
        if private.status != "right":
            known = private.message if private.status == "mistake" else UNNAMED
            verdict = Verdict("private", PRIVATE + known)
    return {
        "question": question.name,
        "points": question.points if verdict.status == "right" else 0,
        "of": question.points,
        "status": verdict.status,
        "message": verdict.message,
        "case": shown,
    }

r"""Exercises, made from their solutions: one source for what a learner gets and for what an instructor reads.

A notebook in ``solutions/`` has three kinds of code cells, told apart by their tags. ``setup`` is the same in
both. ``answer`` holds a function, the body of which stands between two marks. ``check`` calls
:func:`helpers.checks.check` on it. The exercise is the same notebook with each body replaced by an error that
says the task::

    def price(forecast, outcome):
        # BEGIN SOLUTION
        return -np.log(forecast[outcome])
        # END SOLUTION

From the command line, ``python -m helpers.exercises solutions/*.ipynb`` writes the exercises and runs them.
"""

import copy
import re
import sys
from pathlib import Path

import nbformat

from helpers.answers import BEGIN, BODY, CHECKED, END, AnswerError, answers_of
from helpers.normal_form import code_cells
from helpers.notebooks import ROOT, NotebookError, execute
from helpers.questions import QUESTIONS

HOW_TO = """Replace each `raise NotImplementedError` by code of your own, run the cell, and run the one below
it: it says what is right, or what your answer looks like. The hints are folded, and each says more than the
one before it. What you leave out does no harm to the rest. {{ref}}`Solutions <{label}>` are there to compare
with.
"""


def exercise_of(solution):
    """The notebook of an exercise, not run yet, from the notebook of its solution.

    Raises:
        NotebookError: an answer has no marks, or more than one pair of them; the cell after it checks no
            question; or the notebook does not begin as the others do.
    """
    exercise = copy.deepcopy(solution)
    opening = exercise.cells[0]
    label = re.match(r"\((solutions-[\w-]+)\)=\n# Solutions (?=\d)", opening.source)
    if label is None:
        raise NotebookError("the first cell should begin with `(solutions-name)=` and `# Solutions 1: …`")
    title = label[0].replace("solutions-", "exercises-").replace("# Solutions", "# Exercises")
    about = exercise.metadata.get("myst", {}).get("html_meta", {})
    about["description"] = about.get("description", "").replace("Solutions to the exercises", "Exercises")
    opening.source = f"{title}{opening.source[label.end() :]}\n\n{HOW_TO.format(label=label[1]).rstrip()}"
    try:
        for cell, question, _ in answers_of(exercise):
            cell.source = _stub(cell, question)
            cell.metadata.tags = ["answer"]  # not folded away, as it is in the solution
    except AnswerError as error:
        raise NotebookError(str(error)) from None
    for cell in code_cells(exercise):
        cell.outputs, cell.execution_count = [], None
    return exercise


def questions_of(notebook) -> list[str]:
    """The names of the questions that a notebook checks, in order."""
    return [found[1] for cell in code_cells(notebook) for found in CHECKED.finditer(cell.source)]


def _stub(cell, question: str) -> str:
    """Source of an answer, with an error in place of its body."""
    source, bodies = BODY.subn(rf'\1raise NotImplementedError("{QUESTIONS[question].task}")', cell.source)
    if bodies != 1 or BEGIN in source or END in source:
        raise AnswerError(f"cell '{cell.id}': expected one {BEGIN} and, after it, one {END}")
    return source


def main(paths: list[str]) -> int:
    """Write and run the exercise of each solution; returns the exit code."""
    for path in map(Path, paths):
        target = ROOT / "exercises" / path.name
        try:
            exercise = exercise_of(nbformat.read(path, as_version=4))
            target.parent.mkdir(exist_ok=True)
            nbformat.write(exercise, target)
            execute(target)
        except NotebookError as error:
            print(f"{path}: {error}", file=sys.stderr)
            return 1
        print(f"{path} → exercises/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

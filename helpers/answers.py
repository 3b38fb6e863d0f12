"""How an answer stands in a notebook: marks around its body, a cell that holds it, a check behind that.

Cells are read as mappings, as `json` gives them and nbformat too, so that reading them does not wait for
nbformat, which takes longer to import than NumPy.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from helpers.questions import QUESTIONS

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"
BODY = re.compile(rf"^([ \t]*){BEGIN}\n.*?^[ \t]*{END}$", re.M | re.S)
CHECKED = re.compile(r'^check\("([\w-]+)", (\w+)\)$', re.M)


class AnswerError(ValueError):
    """A cell that should hold an answer, or check one, and does not; the message names it."""


def answers_of(notebook: Mapping) -> Iterator[tuple[Mapping, str, str]]:
    """Each cell with an answer, the name of its question, and the name of the function that is asked for.

    Raises:
        AnswerError: the cell after an answer checks no question.
    """
    cells = notebook["cells"]
    for cell, after in zip(cells, [*cells[1:], None], strict=True):
        if "answer" in tags_of(cell):
            checked = after is not None and "check" in tags_of(after)
            found = CHECKED.search(source_of(after)) if checked else None
            if found is None or found[1] not in QUESTIONS:
                example = 'check("a-question", its_function)'
                raise AnswerError(f"cell '{cell['id']}': the next cell should be {example}")
            yield cell, found[1], found[2]


def tags_of(cell: Mapping) -> Iterable[str]:
    """The tags of a cell."""
    return cell["metadata"].get("tags", ())


def source_of(cell: Mapping) -> str:
    """What is written in a cell, which a file may hold as one text or as a list of lines."""
    return cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])

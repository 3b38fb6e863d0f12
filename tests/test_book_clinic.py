r"""The clinic of chapter 7: every case is shown ill, explained, cured and found next time.

A case begins at `(case-name)=`. Its cells are `case-name` (the **Symptom.**), `name-broken` (code, as it is
met), `name-diagnosis`, `name-cured` (code that asserts that it is whole) and `name-next-time`; a
`name-picture` may stand among them.
"""

import ast
import re
from pathlib import Path

import nbformat
import pytest

CLINIC = Path(__file__).resolve().parents[1] / "chapters" / "07_pitfalls.ipynb"
FEWEST = 15  # cases
TENS = {"twenty": 20, "thirty": 30, "forty": 40}
ONES = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
PARTS = {  # the end of a cell's id: the words that its text holds, or None for code
    "broken": None,
    "diagnosis": "**Diagnosis.**",
    "cured": None,
    "next-time": "**Next time.**",
}


def number_of(words: str) -> int:
    """Thirty-one is 31; 0 for what is no number between twenty and forty-nine."""
    tens, _, ones = words.lower().partition("-")
    return TENS.get(tens, 0) + ONES.get(ones, 0)


def cases_of(notebook) -> list[str]:
    """The names of the cases, in order, without `case-`."""
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    return re.findall(r"^\(case-([\w-]+)\)=$", prose, re.M)


def asserts(source: str) -> int:
    """How many assertions the cell makes."""
    return sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))


def together(ids: list[str], expected: list[str]) -> bool:
    """Whether nothing but a picture stands between the first and the last of the cells."""
    between = set(ids[ids.index(expected[0]) : ids.index(expected[-1])]) - set(expected)
    return all(id.endswith("-picture") for id in between)


def incomplete(notebook) -> list[str]:
    """What is missing from each case."""
    ids = [cell.id for cell in notebook.cells]
    complaints = []
    for name in cases_of(notebook):
        expected = [f"case-{name}", *(f"{name}-{part}" for part in PARTS)]
        if expected[0] not in ids:
            complaints.append(f"{name}: no cell {expected[0]!r}")
            continue
        cells = [cell for cell in notebook.cells if cell.id in expected]
        if [cell.id for cell in cells] != expected or not together(ids, expected):
            complaints.append(f"{name}: its cells are {[cell.id for cell in cells]}; expected {expected}")
            continue
        if "**Symptom.**" not in cells[0].source:
            complaints.append(f"{name}: no **Symptom.**")
        for cell, (part, words) in zip(cells[1:], PARTS.items(), strict=True):
            if words and words not in cell.source:
                complaints.append(f"{name}: no {words}")
            if words is None and not (cell.cell_type == "code" and cell.outputs):
                complaints.append(f"{name}: {part} shows nothing")
        if cells[3].cell_type == "code" and not asserts(cells[3].source):
            complaints.append(f"{name}: nothing asserts that it is cured")
    return complaints


def unlisted(notebook) -> list[str]:
    """Cases that no row of the table of symptoms leads to."""
    [table] = [cell.source for cell in notebook.cells if cell.id == "symptoms"]
    listed = set(re.findall(r"\{ref}`case-([\w-]+)`", table))
    return [name for name in cases_of(notebook) if name not in listed]


def miscounted(notebook) -> list[str]:
    """Numbers in words, in the title cell and the description, that are not the number of cases."""
    description = notebook.metadata["myst"]["html_meta"]["description"]
    text = f"{description} {notebook.cells[0].source}"
    counts = [words for words in re.findall(r"[A-Za-z-]+", text) if number_of(words)]
    return [words for words in counts if number_of(words) != len(cases_of(notebook))] if counts else ["none"]


@pytest.fixture(scope="module")
def clinic():
    return nbformat.read(CLINIC, as_version=4)


def test_every_case_is_shown_explained_cured_and_found_next_time(clinic):
    assert len(cases_of(clinic)) >= FEWEST
    assert not incomplete(clinic), "\n".join(incomplete(clinic))


def test_every_case_is_found_by_its_symptom(clinic):
    assert unlisted(clinic) == []


def test_the_chapter_counts_its_cases(clinic):
    assert miscounted(clinic) == [], f"there are {len(cases_of(clinic))} cases"


# ---------------------------------------------------------------------------------- the rules themselves


@pytest.fixture
def small(book, markdown, code):
    """A clinic with one complete case."""
    return book(
        markdown("| it is red | {ref}`case-rash` |", id="symptoms"),
        markdown("(case-rash)=\n### Rash\n\n**Symptom.** Red.", id="case-rash"),
        code("print(1)", "1", id="rash-broken"),
        markdown("**Diagnosis.** A rash.", id="rash-diagnosis"),
        code("assert 1\nprint(2)", "2", id="rash-cured"),
        markdown("**Next time.** Look.", id="rash-next-time"),
    )


def test_a_complete_case_passes(small):
    assert cases_of(small) == ["rash"]
    assert incomplete(small) == unlisted(small) == []


@pytest.mark.parametrize(
    ("cell", "source", "complaint"),
    [
        (1, "(case-rash)=\n### Rash", "no **Symptom.**"),
        (3, "A rash.", "no **Diagnosis.**"),
        (4, "print(2)", "nothing asserts"),
        (5, "Look.", "no **Next time.**"),
    ],
)
def test_a_part_without_its_content_is_named(small, cell, source, complaint):
    small.cells[cell].source = source
    [found] = incomplete(small)
    assert complaint in found


def test_a_cell_that_is_missing_shows_nothing_or_is_not_listed_is_named(small):
    small.cells[2].outputs = []
    assert incomplete(small) == ["rash: broken shows nothing"]
    del small.cells[4]
    assert "its cells are" in incomplete(small)[0]
    small.cells[0].source = "| nothing |"
    assert unlisted(small) == ["rash"]


def test_numbers_in_words_are_read():
    assert [number_of(words) for words in ("thirty", "Thirty-two", "forty-one", "seven", "well-known")] == [
        30, 32, 41, 0, 0
    ]  # fmt: skip

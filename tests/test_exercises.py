"""Exercises and solutions: one made from the other, all questions in them, each with what a learner needs."""

import re

import nbformat
import pytest
from docutils.nodes import make_id

from helpers.answers import BEGIN, END
from helpers.exercises import exercise_of, main, questions_of
from helpers.notebooks import NotebookError
from helpers.questions import QUESTIONS

STARS = {"★☆☆", "★★☆", "★★★"}
ABOUT = re.compile(
    r"^(★[★☆]{2}) · (\d+) minutes · (\d+) points? · (\{eq}`[\w-]+`(?:, \{eq}`[\w-]+`)*) · (\{ref}`[^`]+`)$",
    re.M,
)


@pytest.fixture(scope="module")
def solutions(root):
    return {path.name: read(path) for path in sorted((root / "solutions").glob("*.ipynb"))}


@pytest.fixture(scope="module")
def exercises(root):
    return {path.name: read(path) for path in sorted((root / "exercises").glob("*.ipynb"))}


def read(path):
    return nbformat.read(path, as_version=4)


def content(notebook):
    """What is written in a notebook, without what running it gave."""
    kept = [(cell.id, cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]
    return kept, notebook.metadata.get("myst")


def printed(notebook, tag="check"):
    """The lines that the cells with a tag printed."""
    cells = [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]
    return "".join(output.get("text", "") for cell in cells for output in cell.outputs).splitlines()


def bodies(notebook):
    """Lines of code that stand between the marks of a solution."""
    marked = re.compile(rf"{BEGIN}\n(.*?)\n[ \t]*{END}", re.S)
    return [
        line.strip()
        for cell in notebook.cells
        for body in marked.findall(cell.source)
        for line in body.split("\n")
    ]


def test_each_exercise_is_what_its_solution_makes(solutions, exercises):
    assert list(exercises) == list(solutions)
    for name, solution in solutions.items():
        assert content(exercises[name]) == content(exercise_of(solution)), f"{name}: run `make exercises`"


def test_no_line_of_a_solution_is_left_in_the_code_of_an_exercise(solutions, exercises):
    for name, solution in solutions.items():
        lines = bodies(solution)
        assert lines
        code = "\n".join(cell.source for cell in exercises[name].cells if cell.cell_type == "code")
        assert not [line for line in lines if line in code]


def test_every_question_is_asked_in_the_notebook_of_its_chapter_and_nowhere_else(solutions):
    asked = [
        (int(name[:2]), question)
        for name, notebook in solutions.items()
        for question in questions_of(notebook)
    ]
    assert asked == [(question.chapter, question.name) for question in QUESTIONS.values()]
    assert all(len(questions_of(notebook)) >= 3 for notebook in solutions.values())


def test_every_solution_earns_all_points_and_every_exercise_none(solutions, exercises):
    for name, solution in solutions.items():
        questions = [QUESTIONS[question] for question in questions_of(solution)]
        total = sum(question.points for question in questions)
        *right, score = printed(solution)
        assert [line[:1] for line in right] == ["✓"] * len(questions)
        assert score.endswith(f"{total} of {total} points")
        *open_, score = printed(exercises[name])
        assert [line[:1] for line in open_ if line[:1] != " "] == ["·"] * len(questions)
        assert score.endswith(f"0 of {total} points")


def test_each_task_says_how_hard_and_how_long_it_is_and_has_three_hints(solutions):
    for notebook in solutions.values():
        for question in questions_of(notebook):
            [task] = [cell.source for cell in notebook.cells if cell.id == question]
            stars, _, points, _, _ = ABOUT.search(task).groups()
            assert stars in STARS
            assert int(points) == QUESTIONS[question].points
            assert re.findall(r"<summary>Hint (\d)</summary>", task) == ["1", "2", "3"]


def test_each_chapter_links_its_exercises_and_each_exercise_its_solutions(root, exercises):
    for name, notebook in exercises.items():
        label = re.match(r"\(([\w-]+)\)=", notebook.cells[0].source)[1]
        chapter = read(root / "chapters" / name)
        assert f"{{ref}}`{label}`" in chapter.cells[-1].source
        assert f"<{label.replace('exercises', 'solutions')}>`" in notebook.cells[0].source


# ---------------------------------------------------------------------------------- the clinic

CASE = re.compile(r"^\| \{ref}`(case-[\w-]+)` \| (.+) \|$", re.M)  # a row: the case, and what mends it
ELSEWHERE = re.compile(r"\{ref}`exercises-([\w-]+)`, (\d+\. .+)")
HERE = re.compile(r'<a href="#([\w-]+)">(.+)</a>')


def titles_of(notebook):
    """(title, the section or case that it belongs to) of each of its questions."""
    tasks = [cell.source for cell in notebook.cells if ABOUT.search(cell.source)]
    return [(re.match(r"#+ (\d+\. .+)", task)[1], ABOUT.search(task)[5]) for task in tasks]


def unmended(cases, clinic, others):
    """What is missing before each case of the clinic has one fix, and a row of the table that leads to it.

    Args:
        cases: the labels of the cases, in order.
        clinic: the notebook of solutions whose cell `every-case` has the table.
        others: the other notebooks of solutions, by the name in their label.
    """
    [table] = [cell.source for cell in clinic.cells if cell.id == "every-case"]
    rows = CASE.findall(table)
    own = [(title.partition(". ")[2], case) for title, case in titles_of(clinic)]
    if [case for case, _ in rows] != cases:
        yield f"the table has {[case for case, _ in rows]}; expected {cases}"
    mended = []
    for case, fix in rows:
        if there := ELSEWHERE.fullmatch(fix):
            if there[1] not in others or there[2] not in dict(titles_of(others[there[1]])):
                yield f"{case}: there is no {there[2]!r} in the exercises {there[1]!r}"
        elif here := HERE.fullmatch(fix):
            mended.append(case)
            if (here[2], f"{{ref}}`{case}`") not in own or here[1] != make_id(here[2]):
                yield f"{case}: no question {here[2]!r} that names it, or no heading #{here[1]}"
        else:
            yield f"{case}: no exercise in its row: {fix!r}"
    named = [case.removeprefix("{ref}`").removesuffix("`") for _, case in own]
    if named != mended:
        yield f"questions are of {named}; by the table they are of {mended}"


def test_every_case_of_the_clinic_has_one_fix(root, solutions):
    prose = "\n".join(cell.source for cell in read(root / "chapters" / "07_pitfalls.ipynb").cells)
    cases = re.findall(r"^\((case-[\w-]+)\)=$", prose, re.M)
    others = {
        re.match(r"\(solutions-([\w-]+)\)=", book.cells[0].source)[1]: book for book in solutions.values()
    }
    clinic = others.pop("pitfalls")
    assert len(cases) > 1
    assert not list(unmended(cases, clinic, others))


def about(title, case):
    return f"### {title}\n\n★☆☆ · 3 minutes · 1 point · {{eq}}`eq-softmax` · {{ref}}`{case}`"


@pytest.mark.parametrize(
    ("table", "questions", "complaint"),
    [
        ("", ["case-a"], "the table has"),
        ('| {ref}`case-a` | <a href="#a-fix">A fix</a> |', ["case-b"], "no question 'A fix'"),
        ('| {ref}`case-a` | <a href="#1-a-fix">A fix</a> |', ["case-a"], "no heading #1-a-fix"),
        ('| {ref}`case-a` | <a href="#a-fix">A fix</a> |', ["case-a", "case-a"], "questions are of"),
        ("| {ref}`case-a` | {ref}`exercises-toy`, 1. A fix |", ["case-a"], "questions are of"),
        ("| {ref}`case-a` | {ref}`exercises-toy`, 2. A fix |", [], "there is no '2. A fix'"),
        ("| {ref}`case-a` | {ref}`exercises-joy`, 1. A fix |", [], "there is no '1. A fix'"),
        ("| {ref}`case-a` | nothing |", [], "no exercise in its row"),
    ],
)
def test_a_case_without_its_one_fix_is_named(book, markdown, table, questions, complaint):
    tasks = [markdown(about("1. A fix", case), id=f"task-{i}") for i, case in enumerate(questions)]
    clinic = book(markdown(table, id="every-case"), *tasks)
    other = book(markdown(about("1. A fix", "ch-toy")))
    assert any(complaint in found for found in unmended(["case-a"], clinic, {"toy": other}))


def test_a_clinic_with_a_fix_for_each_case_passes(book, markdown):
    rows = "| {ref}`case-a` | {ref}`exercises-toy`, 1. A fix |\n"
    rows += '| {ref}`case-b` | <a href="#b-fix">B fix</a> |'
    clinic = book(markdown(rows, id="every-case"), markdown(about("1. B fix", "case-b")))
    other = book(markdown(about("1. A fix", "ch-toy")))
    assert list(unmended(["case-a", "case-b"], clinic, {"toy": other})) == []


# ---------------------------------------------------------------------------------- the maker itself

ANSWER = f"def price(forecast, outcome):\n    {BEGIN}\n    return 1\n    {END}"
CHECK = 'check("price-of-an-outcome", price)'


@pytest.fixture
def solution(book, markdown, code):
    """A solution of one question."""
    return book(
        markdown("(solutions-toy)=\n# Solutions 9: a toy\n\nOne function."),
        code("import numpy as np", tags=["setup"], id="setup"),
        code(ANSWER, tags=["answer", "hide-input"], id="answer"),
        code(CHECK, "✓", tags=["check"], id="check"),
    )


def test_a_body_becomes_an_error_that_says_the_task(solution):
    exercise = exercise_of(solution)
    opening, _, answer, check = exercise.cells
    assert opening.source.startswith(
        "(exercises-toy)=\n# Exercises 9: a toy\n\nOne function.\n\nReplace each"
    )
    assert answer.source.startswith("def price(forecast, outcome):\n    raise NotImplementedError(")
    assert QUESTIONS["price-of-an-outcome"].task in answer.source
    assert answer.metadata.tags == ["answer"]
    assert (check.source, check.outputs, check.execution_count) == (CHECK, [], None)
    assert BEGIN in solution.cells[2].source, "the solution itself is left alone"


@pytest.mark.parametrize(
    ("cell", "source", "complaint"),
    [
        (0, "# Solutions 9: a toy", "the first cell should begin"),
        (2, "def price(forecast, outcome):\n    return 1", "expected one # BEGIN SOLUTION"),
        (2, ANSWER.replace(END, "# END"), "expected one # BEGIN SOLUTION"),
        (2, ANSWER + "\n\n\n" + ANSWER, "expected one # BEGIN SOLUTION"),
        (3, "price(1, 2)", "the next cell should be check"),
        (3, 'check("no-such-question", price)', "the next cell should be check"),
    ],
)
def test_a_solution_that_cannot_be_made_into_an_exercise_is_named(solution, cell, source, complaint):
    solution.cells[cell].source = source
    with pytest.raises(NotebookError, match=complaint):
        exercise_of(solution)


def test_the_command_says_what_is_wrong_and_writes_nothing(solution, tmp_path, root, capsys):
    solution.cells[3].source = "price(1, 2)"
    path = tmp_path / "99_toy.ipynb"
    nbformat.write(solution, path)
    assert main([str(path)]) == 1
    assert "99_toy.ipynb: cell 'answer'" in capsys.readouterr().err
    assert not (root / "exercises" / "99_toy.ipynb").exists()

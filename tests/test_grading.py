"""The grader on honest work: marks, messages, what can be read and what cannot, and what comes out."""

import json
import os
import re
import subprocess

import nbformat
import pytest
from course import ROOT, grade, gradebook, handed_in, results, save, solved

from helpers.grading.__main__ import main
from helpers.grading.assignments import assignments
from helpers.grading.grader import _Tries
from helpers.grading.reports import Marked, feedback, gradescope, students, write_reports
from helpers.grading.sandbox import Disturbed, SandboxError, require_hidden, shown_directories
from helpers.grading.secret import CASES, SecretError, make_secret, private_seeds, read_secret
from helpers.grading.submissions import Answers, Submission, submissions
from helpers.outcomes import outcome_of
from helpers.questions import QUESTIONS

INTUITION = "01_intuition"
NAMES = [question.name for question in QUESTIONS.values() if question.chapter == 1]
FIRST = NAMES[0]


# ---------------------------------------------------------------------------------- marks


@pytest.fixture(scope="module")
def everything(sandbox, secret_file, tmp_path_factory):
    """Each exercise, solved by one student and untouched by another; graded."""
    folder = tmp_path_factory.mktemp("everything")
    for name in assignments():
        save(handed_in(name, solved(name)), folder / "in" / "solved" / f"{name}.ipynb")
        save(handed_in(name), folder / "in" / "untouched" / f"{name}.ipynb")
    grade(folder / "in", folder / "out", secret_file)
    return folder / "out"


def test_every_solution_earns_all_points_and_every_exercise_none(everything):
    book = gradebook(everything)
    points = str(sum(question.points for question in QUESTIONS.values()))
    assert (book["solved"]["points"], book["solved"]["of"]) == (points, points)
    assert (book["untouched"]["points"], book["untouched"]["of"]) == ("0", points)
    for name, one in assignments().items():
        assert book["solved"][name] == str(one.points)
        told = results(everything, "untouched")
        assert all(told[task.question.name]["output"] == task.question.task for task in one.tasks)


@pytest.fixture(scope="module")
def marks(sandbox, secret_file, tmp_path_factory):
    """Grade answers to the first exercise: marks(answers, edit=…) → what Gradescope is told, by question."""

    def run(answers, edit=lambda notebook: None):
        folder = tmp_path_factory.mktemp("marks")
        notebook = handed_in(INTUITION, answers)
        edit(notebook)
        save(notebook, folder / "in" / "ada.ipynb")
        grade(folder / "in", folder / "out", secret_file)
        return results(folder / "out", "ada")

    return run


def test_a_mistake_is_called_by_its_name_and_shown_with_a_public_case(marks):
    told = marks({FIRST: "def price(forecast, outcome):\n    return np.log2(1 / forecast[outcome])"})[FIRST]
    forecast, outcome = QUESTIONS[FIRST].arguments(0)
    assert (told["score"], told["max_score"], told["status"]) == (0, 1, "failed")
    assert "base 2" in told["output"]
    assert f"outcome = {outcome}" in told["output"]
    assert "came      " in told["output"]
    assert f"{QUESTIONS[FIRST].reference(forecast, outcome):.4f}" not in told["output"]


def test_an_answer_may_call_another_and_is_not_harmed_by_one(marks):
    answers = solved(INTUITION)
    helper = "def minus_log(p):\n    return -np.log(p)\n\n"
    told = marks(
        {
            NAMES[0]: helper + "def price(forecast, outcome):\n    return minus_log(forecast[outcome])",
            NAMES[1]: answers[NAMES[1]] + "\nwhile True:\n    pass",
            NAMES[2]: "def even_guess(size):\n    return minus_log(1 / size)",
            NAMES[3]: "np.log = lambda x: x\n" + answers[NAMES[3]],
        }
    )
    assert [told[name]["score"] for name in NAMES] == [1, 0, 1, 0]
    assert "Does a loop never end?" in told[NAMES[1]]["output"]


def test_an_answer_that_needs_a_right_one_is_not_harmed_by_a_wrong_one(marks):
    told = marks(
        {
            NAMES[
                0
            ]: "import numpy as np\nnp.log = lambda x: 0 * x\n\ndef price(forecast, outcome): return 0",
            NAMES[1]: "def minus(x):\n    return -x\n\ndef chance(price):\n    return np.exp(minus(price))",
            NAMES[2]: "def even_guess(size):\n    return minus(np.log(1 / size))",
        }
    )
    assert [told[name]["score"] for name in NAMES] == [0, 1, 1, 0]


def test_an_answer_that_needs_a_helper_from_a_wrong_one_finds_it(marks):
    told = marks(
        {
            NAMES[0]: "def minus(x):\n    return -x\n\ndef price(forecast, outcome):\n    return 0",
            NAMES[2]: "def even_guess(size):\n    return minus(np.log(1 / size))",
        }
    )
    assert [told[name]["score"] for name in NAMES] == [0, 0, 1, 0]


def test_a_function_from_a_cell_that_is_not_run_is_told_where_it_belongs(marks):
    told = marks({FIRST: "def price(forecast, outcome):\n    return elsewhere(forecast[outcome])"})[FIRST]
    assert "name 'elsewhere' is not defined" in told["output"]
    assert "only the cells for answers are run" in told["output"]


def test_a_cell_that_raises_is_quoted(marks):
    told = marks({FIRST: "import surprise\n\ndef price(forecast, outcome):\n    return 0"})[FIRST]
    assert "name 'price' is not defined" in told["output"]
    assert "ModuleNotFoundError: No module named 'surprise'" in told["output"]


def test_what_only_ipython_understands_is_left_out(marks):
    answer = (
        "%matplotlib inline\n!pip list\nimport matplotlib.pyplot as plt\n\n"
        "def price(forecast, outcome):\n    %time\n    display(plt)\n"
        "    get_ipython().run_line_magic('time', '')\n    return -np.log(forecast[outcome])"
    )
    assert marks({FIRST: answer})[FIRST]["score"] == 1


def cells_of(notebook, question):
    return [cell for cell in notebook["cells"] if cell.get("id") == f"{question}-answer"]


def test_a_cell_that_is_gone_costs_its_own_points(marks):
    def delete(notebook):
        notebook["cells"].remove(*cells_of(notebook, FIRST))

    told = marks(solved(INTUITION), delete)
    assert [told[name]["score"] for name in NAMES] == [0, 1, 1, 2]
    assert "The cell for this answer is gone" in told[FIRST]["output"]


@pytest.mark.parametrize(("above", "points"), [(True, 1), (False, 0)])
def test_of_two_copies_of_a_cell_the_last_one_counts_as_when_all_are_run(marks, above, points):
    def copy(notebook):
        [cell] = cells_of(notebook, FIRST)
        again = cell | {"id": "a-copy", "source": "def price(forecast, outcome):\n    return 0"}
        place = notebook["cells"].index(cell)
        notebook["cells"].insert(place if above else place + 1, again)

    assert marks(solved(INTUITION), copy)[FIRST]["score"] == points


@pytest.mark.parametrize("kept", ["tags", "metadata id", "source as lines"])
def test_a_cell_is_known_by_its_id_or_its_tag(marks, kept):
    def lose(notebook):
        for name in NAMES:
            [cell] = cells_of(notebook, name)
            if kept == "source as lines":
                cell["source"] = cell["source"].splitlines(keepends=True)
                continue
            cell["metadata"] = {"tags": ["answer"]} if kept == "tags" else {"id": cell["id"]}
            del cell["id"]

    told = marks(solved(INTUITION), lose)
    assert all(test["status"] == "passed" for test in told.values())


def test_checks_and_the_setup_of_a_student_are_not_run(marks):
    def add(notebook):
        for cell in notebook["cells"]:
            if cell["id"] == "setup" or cell["id"].endswith("-check"):
                cell["source"] = "while True:\n    pass"

    assert marks(solved(INTUITION), add)[FIRST]["score"] == 1


class Shaky:
    """A worker that is disturbed so many times, and answers rightly then."""

    def __init__(self, times):
        self.times = times

    def run(self, cells):
        self.times -= 1
        if self.times >= 0:
            raise Disturbed("It was killed.")
        return []

    def call(self, name, arguments, framework):
        return outcome_of(QUESTIONS[FIRST].reference, arguments)

    def end(self):
        pass


@pytest.mark.parametrize(("times", "status"), [(0, "right"), (1, "right"), (2, "stopped")])
def test_what_happens_to_the_machine_is_not_laid_to_the_answer_at_once(times, status):
    answers = Answers(INTUITION, ((3, ""),), {FIRST: (3,)})
    [task] = [task for task in assignments()[INTUITION].tasks if task.question.name == FIRST]
    verdict, _ = _Tries(Shaky(times), answers).on_public_cases(task)
    assert verdict.status == status


# ---------------------------------------------------------------------------------- what can be read


def read(folder):
    """{file: submission} of everything in a folder."""
    return {one.file: one for one in submissions(folder, assignments())}


def test_students_are_named_by_their_folder_or_their_file(tmp_path):
    for path in ("ada.ipynb", "bo_7_01_intuition-1.ipynb", "Cy Z/01_intuition.ipynb", "Cy Z/deep/x.ipynb"):
        save(handed_in(INTUITION), tmp_path / path)
    save(handed_in("02_formula"), tmp_path / "Cy Z" / ".ipynb_checkpoints" / "x-checkpoint.ipynb")
    assert {file: one.student for file, one in read(tmp_path).items()} == {
        "Cy Z/01_intuition.ipynb": "Cy Z",
        "Cy Z/deep/x.ipynb": "Cy Z",
        "ada.ipynb": "ada",
        "bo_7_01_intuition-1.ipynb": "bo_7",
    }
    [alone] = submissions(tmp_path / "ada.ipynb", assignments())
    assert (alone.student, alone.file, alone.answers.assignment) == ("ada", "ada.ipynb", INTUITION)


def notebook_with(**changes):
    """An exercise with its first answer's cell changed."""
    notebook = handed_in(INTUITION)
    cells_of(notebook, FIRST)[0].update(changes)
    return notebook


def with_copies(number, source):
    """An exercise with copies of its first answer's cell."""
    notebook = handed_in(INTUITION)
    [cell] = cells_of(notebook, FIRST)
    notebook["cells"] += [cell | {"source": source}] * number
    return notebook


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("\x00\x01", "is not JSON"),
        ("[" * 200_000, "is not JSON"),
        ("null", "no list of cells"),
        ("[1, 2]", "no list of cells"),
        ('{"cells": {}}', "no list of cells"),
        ('{"cells": [1]}', "no list of cells"),
        ('{"worksheets": [{"cells": []}]}', "no list of cells"),
        ('{"cells": []}', "holds no cell of an exercise"),
        ('{"cells": [' + ", ".join(["{}"] * 5_001) + "]}", "more than 5,000 cells"),
        (json.dumps(with_copies(11, "#" * 100_000)), "answers of more than 1,000,000 characters"),
        ((ROOT / "solutions" / f"{INTUITION}.ipynb").read_text(encoding="utf-8"), "is a solution"),
    ],
)
def test_what_is_no_exercise_is_a_row_with_a_reason(tmp_path, content, reason):
    (tmp_path / "ada.ipynb").write_text(content, encoding="utf-8")
    [one] = submissions(tmp_path, assignments())
    assert (one.student, one.answers) == ("ada", None)
    assert reason in one.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 7, "metadata": {}},
        {"id": None, "metadata": None},
        {"id": "x", "metadata": {"tags": "answer"}},
        {"cell_type": []},
        {"source": 7},
        {"source": [["x"]]},
        {"source": "x" * 100_001},
    ],
)
def test_an_odd_cell_is_no_answer_and_harms_no_other(tmp_path, changes):
    save(notebook_with(**changes), tmp_path / "ada.ipynb")
    [one] = submissions(tmp_path, assignments())
    assert [bool(one.answers.places[name]) for name in NAMES] == [False, True, True, True]


def test_names_that_look_alike_stay_apart_and_can_be_written(tmp_path):
    strange = [
        "a\xa0bell",
        "a\u0a0bell",
        "a\\xa0",
        "a\xa0",
        "a\n",
        "a\x1b[31m",
        "x" * 240,
        "x" * 239 + "y",
        b"\xff".decode(errors="surrogateescape"),
    ]
    for name in strange:
        save(handed_in(INTUITION), tmp_path / name / "one.ipynb")
    students = {one.student for one in submissions(tmp_path, assignments())}
    assert len(students) == len(strange)
    assert all(name.isprintable() and len(name.encode()) < 240 for name in students)
    for hidden in ("...ipynb", "._one.ipynb"):
        save(handed_in(INTUITION), tmp_path / "in" / hidden)
    assert not read(tmp_path / "in")


def test_folders_too_deep_to_walk_do_not_stop_the_others(tmp_path):
    save(handed_in(INTUITION), tmp_path / "ada.ipynb")
    (tmp_path / "deep").mkdir()
    place = os.open(tmp_path / "deep", os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("x" * 5, dir_fd=place)
        inner = os.open("x" * 5, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(place)
    found = submissions(tmp_path, assignments())
    subprocess.run(["rm", "-r", tmp_path / "deep"], check=True)  # too deep for pytest, too
    assert [one.student for one in found] == ["ada"]


def test_links_pipes_and_folders_are_not_read(tmp_path):
    real = save(handed_in(INTUITION), tmp_path / "elsewhere" / "real.ipynb")
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "link.ipynb").symlink_to(real)
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "folder.ipynb").mkdir()
    found = read(folder)
    assert "cannot be opened" in found["link.ipynb"].reason
    assert found["pipe.ipynb"].reason == "is not a file"
    assert found["folder.ipynb"].reason == "is not a file"


# ---------------------------------------------------------------------------------- what comes out


def marked(file, points, student="ada", reason="", status="right", message="", case=()):
    """A submission with marks on the first exercise."""
    result = {"of": 2, "status": status, "message": message, "case": list(case)}
    answers = None if reason else Answers(INTUITION, (), {})
    marks = [result | {"question": name, "points": points} for name in NAMES] if not reason else ()
    return Marked(Submission(student, file, answers), marks, reason)


def test_the_better_of_two_notebooks_counts_and_the_gradebook_names_both():
    [ada] = students([marked("a.ipynb", 1), marked("b.ipynb", 2), marked("c.ipynb", 0)])
    assert ada.points == 8
    assert ada.remarks == ["01_intuition was handed in as a.ipynb, b.ipynb, c.ipynb"]


def test_more_than_three_notebooks_on_one_exercise_are_not_lots_to_draw():
    [ada] = students([marked(f"{number}.ipynb", number // 3) for number in range(5)])
    assert ada.points == 0
    assert ada.remarks == [
        "01_intuition was handed in as 0.ipynb, 1.ipynb, 2.ipynb, and 2 more that do not count"
    ]


def test_a_gradebook_holds_no_formula_and_feedback_no_markup(tmp_path):
    works = [
        marked("x.ipynb", 0, "=cmd()", "is not JSON"),
        marked("y.ipynb", 0, "<b>#`x`", status="raised", message="~~~\n# 8 of 8", case=["~~~", "<script>"]),
    ]
    write_reports(tmp_path, works, assignments())
    book = (tmp_path / "gradebook.csv").read_text(encoding="utf-8")
    assert "'=cmd()" in book
    assert not re.search(r"(^|,)[=+@-]", book, re.M)
    page = (tmp_path / "feedback" / "<b>#`x`.md").read_text(encoding="utf-8")
    assert page.startswith("# \\<b\\>\\#\\`x\\`\n")
    inside = page.split("~~~")[1::2]
    assert len(inside) == len(NAMES)
    assert "<script>" not in "".join(page.split("~~~")[::2])


def test_gradescope_reads_scores_and_texts():
    [ada] = students([marked("a.ipynb", 1, status="wrong", message="Not yet.", case=["tried     x = 1"])])
    told = gradescope(ada)
    assert told["score"] == 4
    assert told["tests"][0] == {
        "name": f"{INTUITION}: {FIRST}",
        "score": 1,
        "max_score": 2,
        "status": "failed",
        "output": "Not yet.\ntried     x = 1",
        "output_format": "text",
        "visibility": "visible",
    }
    assert "4 of 8 points" in feedback(ada)


# ---------------------------------------------------------------------------------- secret, walls, command


def test_private_cases_come_from_the_secret_and_from_nothing_else(tmp_path):
    make_secret(tmp_path / "a")
    make_secret(tmp_path / "deep" / "b")
    one, other = read_secret(tmp_path / "a"), read_secret(tmp_path / "deep" / "b")
    seeds = private_seeds(one, FIRST, "answers")
    assert seeds == private_seeds(one, FIRST, "answers")
    assert min(seeds) > 2**32  # too many to be tried
    for others in ((other, FIRST, "answers"), (one, NAMES[1], "answers")):
        assert not set(seeds) & set(private_seeds(*others))
    assert len(set(seeds) & set(private_seeds(one, FIRST, "other answers"))) == CASES == len(seeds) // 2
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(SecretError, match="File exists"):
        make_secret(tmp_path / "a")


@pytest.mark.parametrize(("content", "complaint"), [("short", "5 bytes are too few"), (None, "No such file")])
def test_a_secret_that_is_none_is_refused(tmp_path, content, complaint):
    if content is not None:
        (tmp_path / "secret").write_text(content)
    with pytest.raises(SecretError, match=complaint):
        read_secret(tmp_path / "secret")


def test_what_must_be_hidden_may_not_lie_where_answers_can_read():
    with pytest.raises(SandboxError, match="every answer can read"):
        require_hidden(shown_directories()[0] / "secret")
    require_hidden(ROOT / "solutions")


@pytest.fixture
def one_submission(tmp_path):
    return save(handed_in(INTUITION, solved(INTUITION)), tmp_path / "in" / "ada.ipynb").parent


def test_without_bubblewrap_it_refuses_unless_told_otherwise(one_submission, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("shutil.which", lambda name: None)
    arguments = [str(one_submission), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(arguments) == 2
    assert "bubblewrap is not installed" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*arguments, "--unsafe-no-sandbox"]) == 0
    assert "with your rights" in capsys.readouterr().err
    assert gradebook(tmp_path / "out")["ada"]["points"] == "5"


def test_a_sandbox_that_does_not_start_is_nobodys_fault(
    sandbox, one_submission, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("helpers.grading.sandbox.ROOT_INSIDE", "/nowhere")  # the worker is not found there
    monkeypatch.setattr("helpers.grading.sandbox.SHOWN", ())
    assert main([str(one_submission), "--out", str(tmp_path / "out"), "--jobs", "1"]) == 2
    said = capsys.readouterr().err
    assert "the sandbox did not start, and said: " in said
    assert "No module named" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--shard", "0/2"], "expected I/N"),
        (["--shard", "3/2"], "expected I/N"),
        (["--shard", "half"], "expected I/N"),
        (["--jobs", "0"], "expected 1 or more"),
        (["--only", "07"], "invalid choice"),
    ],
)
def test_an_option_that_makes_no_sense_is_named(tmp_path, options, complaint, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path), "--out", str(tmp_path / "out"), *options])
    assert complaint in capsys.readouterr().err


def test_a_folder_that_is_not_there_and_parts_without_a_secret_are_named(one_submission, tmp_path, capsys):
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")]) == 2
    assert "there is no such folder" in capsys.readouterr().err
    assert main([str(one_submission), "--out", str(tmp_path / "out"), "--shard", "1/2"]) == 2
    assert "parts need one secret" in capsys.readouterr().err


def test_a_secret_is_made_once_beside_what_comes_out(sandbox, one_submission, tmp_path, capsys):
    arguments = [str(one_submission), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(arguments) == 0
    assert "is new. Keep it" in capsys.readouterr().err
    secret = (tmp_path / "out.secret").read_bytes()
    assert main(arguments) == 0
    printed = capsys.readouterr()
    assert "0 graded now, 1 before" in printed.out
    assert "is new" not in printed.err
    assert (tmp_path / "out.secret").read_bytes() == secret


def test_one_exercise_alone_can_be_graded(sandbox, secret_file, tmp_path):
    save(handed_in(INTUITION, solved(INTUITION)), tmp_path / "in" / "ada" / "a.ipynb")
    save(handed_in("02_formula", solved("02_formula")), tmp_path / "in" / "ada" / "b.ipynb")
    grade(tmp_path / "in", tmp_path / "out", secret_file, "--only", INTUITION)
    assert gradebook(tmp_path / "out")["ada"]["of"] == "5"


def test_a_solution_with_another_setup_is_known_by_its_own(tmp_path):
    notebook = nbformat.read(ROOT / "solutions" / f"{INTUITION}.ipynb", as_version=4)
    nbformat.write(notebook, tmp_path / "09_other.ipynb")
    [one] = assignments(tmp_path).values()
    assert one.name == "09_other"
    assert [task.question.name for task in one.tasks] == NAMES
    assert one.setup == assignments()[INTUITION].setup

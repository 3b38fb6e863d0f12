"""A small class for the tests of the grader: notebooks as students would hand them in, and runs over them."""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from helpers.answers import BEGIN, END, answers_of

ROOT = Path(__file__).resolve().parents[1]
NO_SANDBOX = "no bubblewrap found: the walls around students' code were NOT tested. Install bubblewrap"
SECRET = b"a secret for the tests alone, of no use to anybody\n"


@pytest.fixture(scope="session")
def sandbox():
    """A machine with bubblewrap; skips without it, or fails where CI is set."""
    if shutil.which("bwrap") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_SANDBOX)


@pytest.fixture(scope="session")
def secret_file(tmp_path_factory):
    """A file with a secret."""
    path = tmp_path_factory.mktemp("secret") / "secret"
    path.write_bytes(SECRET)
    return path


def solved(name: str) -> dict[str, str]:
    """For each question of an exercise, an answer that is right."""
    notebook = nbformat.read(ROOT / "solutions" / f"{name}.ipynb", as_version=4)
    return {
        question: "\n".join(line for line in cell.source.split("\n") if line.strip() not in (BEGIN, END))
        for cell, question, _ in answers_of(notebook)
    }


def handed_in(name: str, answers: dict[str, str] | None = None) -> dict:
    """An exercise as JSON, with answers written into their cells; the others are as they were."""
    notebook = json.loads((ROOT / "exercises" / f"{name}.ipynb").read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        question = cell["id"].removesuffix("-answer")
        if cell["id"] != question and question in (answers or {}):
            cell["source"] = answers[question]
    return notebook


def save(notebook: object, path: Path) -> Path:
    """Write a notebook where a student would."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def command(place: Path, out: Path, secret: Path, *options: str) -> list[str]:
    """The command line of the grader."""
    grade = [sys.executable, "-m", "helpers.grading", str(place), "--out", str(out)]
    return [*grade, "--secret", str(secret), *options]


def grade(place: Path, out: Path, secret: Path, *options: str, code: int = 0) -> subprocess.CompletedProcess:
    """Run the grader to its end, and expect an exit code."""
    done = subprocess.run(
        command(place, out, secret, *options), cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def gradebook(out: Path) -> dict[str, dict[str, str]]:
    """The gradebook: for each student, the columns by name."""
    with (out / "gradebook.csv").open(encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def results(out: Path, student: str) -> dict[str, dict]:
    """What Gradescope is told of a student, by the name of the question."""
    told = json.loads((out / "gradescope" / student / "results.json").read_text(encoding="utf-8"))
    return {test["name"].split(": ")[1]: test for test in told["tests"]}

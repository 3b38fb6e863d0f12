"""What comes out: a gradebook, a page for each student, and the files that Gradescope reads."""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.grading.assignments import Assignment
from helpers.grading.submissions import Submission

TRIES = 3  # notebooks of one student on one exercise that count
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes what begins so for a formula


@dataclass(frozen=True)
class Marked:
    """What was handed in, with its results: one dict for each question; none where it was not graded."""

    submission: Submission
    results: Sequence[Mapping] = ()
    reason: str = ""

    @property
    def assignment(self) -> str:
        """The name of the exercise; empty where that is not known."""
        return self.submission.answers.assignment if self.submission.answers else ""

    @property
    def points(self) -> int:
        """The sum of its points."""
        return sum(result["points"] for result in self.results)


@dataclass(frozen=True)
class Student:
    """What counts of one student's work, by exercise, and remarks for whoever reads the gradebook."""

    name: str
    works: Mapping[str, Marked]
    remarks: Sequence[str]

    @property
    def points(self) -> int:
        """The sum of the points of all exercises."""
        return sum(work.points for work in self.works.values())


def students(marked: Sequence[Marked]) -> list[Student]:
    """Each student by name; of up to three notebooks on one exercise, the one with most points counts."""
    names = sorted({one.submission.student for one in marked})
    return [_student(name, [one for one in marked if one.submission.student == name]) for name in names]


def _student(name: str, own: Sequence[Marked]) -> Student:
    works: dict[str, list[Marked]] = {}
    for one in own:
        if one.results:
            works.setdefault(one.assignment, []).append(one)
    remarks = [f"{one.submission.file} {one.reason}" for one in own if one.reason]
    for name_of_work, several in works.items():
        if len(several) > 1:
            files = ", ".join(one.submission.file for one in several[:TRIES])
            more = f", and {len(several) - TRIES} more that do not count" * (len(several) > TRIES)
            remarks.append(f"{name_of_work} was handed in as {files}{more}")
    best = {work: max(several[:TRIES], key=lambda one: one.points) for work, several in works.items()}
    return Student(name, best, remarks)


def write_reports(out: Path, marked: Sequence[Marked], known: Mapping[str, Assignment]) -> None:
    """Write gradebook.csv, feedback/NAME.md and gradescope/NAME/results.json."""
    everyone = students(marked)
    graded = sorted({one.assignment for one in marked if one.assignment})
    _write_gradebook(out / "gradebook.csv", everyone, [known[name] for name in graded])
    for student in everyone:
        page = out / "feedback" / f"{student.name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(feedback(student), encoding="utf-8")
        results = out / "gradescope" / student.name / "results.json"
        results.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(gradescope(student), indent=1, ensure_ascii=False)
        results.write_text(text + "\n", encoding="utf-8")


def _write_gradebook(path: Path, everyone: Sequence[Student], graded: Sequence[Assignment]) -> None:
    """One row for each student: the sum, then each exercise and its questions; empty: not handed in."""
    head = ["student", "points", "of"]
    for one in graded:
        head += [one.name, *(f"{one.name}/{task.question.name}" for task in one.tasks)]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow([*head, "remarks"])
        for student in everyone:
            row = [student.name, student.points, sum(one.points for one in graded)]
            for one in graded:
                work = student.works.get(one.name)
                row += _columns(work) if work else [""] * (1 + len(one.tasks))
            table.writerow([_no_formula(cell) for cell in [*row, "; ".join(student.remarks)]])


def _columns(work: Marked) -> list[int]:
    return [work.points, *(result["points"] for result in work.results)]


def _no_formula(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def feedback(student: Student) -> str:
    """A page for a student, in Markdown. What an answer said stands in blocks, as it is."""
    lines = [f"# {_plain(student.name)}", ""]
    lines += [f"- {_plain(remark)}" for remark in student.remarks]
    for name, work in sorted(student.works.items()):
        out_of = sum(result["of"] for result in work.results)
        lines += ["", f"## {name}: {work.points} of {out_of} points", ""]
        for result in work.results:
            lines += [*_about(result), ""]
    return "\n".join(lines).rstrip() + "\n"


def _about(result: Mapping) -> list[str]:
    """Lines of Markdown on one question."""
    sign = "✓" if result["status"] == "right" else "·" if result["status"] == "not attempted" else "✗"
    lines = [f"### {sign} {result['question']}: {result['points']} of {result['of']}"]
    said = [result["message"], *result["case"]] if result["status"] != "right" else []
    if said:
        lines += ["", "~~~text", *(line.replace("~~~", "~ ~ ~") for line in said), "~~~"]
    return lines


def _plain(text: str) -> str:
    """A text without what Markdown would read as more than text."""
    return re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def gradescope(student: Student) -> dict:
    """The contents of a results.json, as Gradescope's autograder reads it."""
    tests = [
        {
            "name": f"{name}: {result['question']}",
            "score": result["points"],
            "max_score": result["of"],
            "status": "passed" if result["status"] == "right" else "failed",
            "output": "\n".join([result["message"], *result["case"]]).strip(),
            "output_format": "text",
            "visibility": "visible",
        }
        for name, work in sorted(student.works.items())
        for result in work.results
    ]
    return {
        "score": student.points,
        "output": "\n".join(student.remarks),
        "output_format": "text",
        "tests": tests,
    }

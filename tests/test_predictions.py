"""The questions of the boxes "Predict first": each chapter asks two, and each of them can be judged."""

import re

import nbformat
import numpy as np
import pytest

from helpers.predictions import CHAPTERS, PREDICTIONS, predict

NAMES = list(PREDICTIONS)


def asked(notebook) -> list[str]:
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return re.findall(r'^predict\("([\w-]+)"\)$', code, re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_a_question_asks_and_its_derivation_ends_in_the_answer(name):
    question = predict(name)
    assert "?" in question.question
    digits = f"{abs(question.answer):.{question.decimals}f}"
    shown = {digits, digits.rstrip("0").rstrip("."), digits.rstrip("0") + "0"}
    assert any(number in " ".join(question.because) for number in shown), question.because
    assert 1 <= len(question.because) <= 4
    assert len(question.mistakes) >= 2, "a wrong guess should be told what it looks like"
    assert np.isfinite(question.answer)


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_is_explained_in_a_sentence_of_its_own(name):
    sentences = [sentence for _, sentence in predict(name).mistakes]
    assert len(set(sentences)) == len(sentences)
    assert [sentence for sentence in sentences if not re.match(r"[A-Z0-9e].*\.$", sentence)] == []


def test_each_chapter_of_the_first_part_asks_at_least_two_and_only_its_own(chapters):
    first_part = [notebook for path, notebook in chapters.items() if path.name < "08"]
    assert len(first_part) == len(CHAPTERS)
    for notebook, module in zip(first_part, CHAPTERS, strict=True):
        names = asked(notebook)
        assert len(names) >= 2, module.__name__
        assert names == [make.__name__.replace("_", "-") for make in module.PREDICTIONS]


def test_the_code_of_a_question_shows_no_answer(chapters):
    for path, notebook in chapters.items():
        for cell in notebook.cells:
            if cell.cell_type == "code" and "predict(" in cell.source:
                assert re.fullmatch(r'predict\("[\w-]+"\)', cell.source), f"{path.name}: {cell.id}"
                assert "remove-input" in cell.metadata.get("tags", []), f"{path.name}: {cell.id}"


def test_an_unknown_question_is_named():
    with pytest.raises(KeyError, match="no prediction is called 'lost'; expected one of twice-as-likely"):
        predict("lost")


def test_asked_finds_questions():
    cell = nbformat.v4.new_code_cell('predict("two-dice")')
    assert asked(nbformat.v4.new_notebook(cells=[cell])) == ["two-dice"]

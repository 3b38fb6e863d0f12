"""The questions of the boxes "Predict first": each chapter asks two, and each of them can be judged."""

import math
import re

import nbformat
import numpy as np
import pytest

from helpers.predictions import CHAPTERS, PREDICTIONS, predict

NAMES = list(PREDICTIONS)

# "7 · 2.303 = 16.12": a run of arithmetic with an equals sign in it.
ARITHMETIC = r"(?:log|exp|(?<![a-z])e(?![a-z])|[\d.,()+−·/√⁰²⁻⁷ ])+"
CHAIN = re.compile(rf"{ARITHMETIC}(?:={ARITHMETIC})+")
AS_PYTHON = {"−": "-", "·": "*", ",": "", "²": "**2", "⁰": "**0", "⁻⁷": "**-7", "√": "sqrt "}


def steps(line: str) -> list[list[str]]:
    """The parts of each chain of equalities that a line of a derivation holds."""
    return [[part.strip(" .,") for part in chain.split("=")] for chain in CHAIN.findall(line)]


def value(part: str) -> float:
    for sign, python in AS_PYTHON.items():
        part = part.replace(sign, python)
    part = re.sub(r"(log|exp|sqrt) ([\d.*-]*\d)", r"\1(\2)", part)
    return eval(part, {"log": math.log, "exp": math.exp, "sqrt": math.sqrt, "e": math.e})


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
def test_who_computes_with_the_numbers_on_the_screen_gets_the_number_on_the_screen(name):
    for line in predict(name).because:
        for *computed, shown in steps(line):
            decimals = len(shown.partition(".")[2])
            for part in computed:
                assert round(value(part), decimals) == pytest.approx(value(shown)), f"{part} in {line!r}"


def test_the_steps_of_a_derivation_are_found():
    assert steps("log 36 = log 6 + log 6 = 3.584: prices add up.") == [["log 36", "log 6 + log 6", "3.584"]]
    assert value("−log 10⁻⁷") == pytest.approx(7 * math.log(10))
    found = [chain for name in NAMES for line in predict(name).because for chain in steps(line)]
    assert len(found) >= len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_is_explained_in_a_sentence_of_its_own(name):
    sentences = [sentence for _, sentence in predict(name).mistakes]
    assert len(set(sentences)) == len(sentences)
    assert [sentence for sentence in sentences if not re.match(r"[A-Z0-9e].*\.$", sentence)] == []


SOUNDS_LIKE = {  # what a sentence of a mistake says, and the number that it is then said of
    r"in bits": lambda answer: answer / math.log(2),
    r"base 10": lambda answer: answer / math.log(10),
    r"the perplexity(?! of)|its perplexity|1 over the probability": math.exp,
    r"loss is minus its logarithm|[Tt]he price is minus its logarithm": lambda answer: math.exp(-answer),
    r"its exponential is asked for": math.log,
    r"The size is right": lambda answer: -answer,
    r"the minus sign makes a price": lambda answer: -answer,
    r"share of the second": lambda answer: 1 - answer,
    r"^Half of the price": lambda answer: (answer + math.log(2)) / 2,
    r"^Twice the price": lambda answer: 2 * (answer + math.log(2)),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_mistake_that_is_called_by_name_is_the_number_it_would_give(name):
    question = predict(name)
    for number, sentence in question.mistakes:
        for words, gives in SOUNDS_LIKE.items():
            if re.search(words, sentence):
                assert number == pytest.approx(gives(question.answer), rel=1e-3), sentence
        if said := re.match(r"That is ((?:log )?[\d²(][\d² +/()]*)[.:]", sentence):
            assert number == pytest.approx(value(said[1])), sentence


def test_most_mistakes_are_called_by_a_name():
    sentences = [sentence for name in NAMES for _, sentence in predict(name).mistakes]
    assert sum(any(re.search(words, one) for words in SOUNDS_LIKE) for one in sentences) >= 18


def test_each_chapter_asks_at_least_two_and_only_its_own(chapters):
    assert len(chapters) == len(CHAPTERS)
    for notebook, module in zip(chapters.values(), CHAPTERS, strict=True):
        names = asked(notebook)
        assert len(names) >= 2, module.__name__
        assert names == [make.__name__.replace("_", "-") for make in module.PREDICTIONS]


def test_the_code_of_a_question_shows_no_answer(chapters):
    for path, notebook in chapters.items():
        for cell in notebook.cells:
            if cell.cell_type == "code" and re.search(r"(?<![.\w])predict\(", cell.source):
                assert re.fullmatch(r'predict\("[\w-]+"\)', cell.source), f"{path.name}: {cell.id}"
                assert "remove-input" in cell.metadata.get("tags", []), f"{path.name}: {cell.id}"


def test_an_unknown_question_is_named():
    with pytest.raises(KeyError, match="no prediction is called 'lost'; expected one of twice-as-likely"):
        predict("lost")


def test_asked_finds_questions():
    cell = nbformat.v4.new_code_cell('predict("two-dice")')
    assert asked(nbformat.v4.new_notebook(cells=[cell])) == ["two-dice"]

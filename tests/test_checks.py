"""Feedback on exercises: right answers pass, each wrong answer is called by its own name, nothing raises."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from torch.nn import functional

from helpers import checks
from helpers.checks import PUBLIC_SEEDS, check, judge, score
from helpers.outcomes import outcome_of
from helpers.questions import QUESTIONS

TWENTY = [range(start, start + 8) for start in range(100, 260, 8)]  # sets of cases, of which no one knows
each_question = pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
each_mistake = pytest.mark.parametrize(
    ("question", "message"),
    [(question, message) for question in QUESTIONS.values() for message in question.mistakes],
    ids=lambda value: getattr(value, "name", str(value)[:30]),
)
PRICE = QUESTIONS["price-of-an-outcome"]


def judged(question, answer, seeds=PUBLIC_SEEDS):
    return judge(question, lambda arguments: outcome_of(answer, arguments, question.framework), seeds)


def from_numpy(function):
    """A function of arrays as one that takes tensors as well."""

    def answer(*arguments):
        return function(*(value.numpy() if hasattr(value, "numpy") else value for value in arguments))

    return answer


@pytest.fixture(autouse=True)
def nothing_scored():
    checks._scored.clear()


@each_question
def test_the_reference_is_right(question):
    for seeds in (PUBLIC_SEEDS, *TWENTY):
        assert judged(question, from_numpy(question.reference), seeds).status == "right"


@each_mistake
def test_each_mistake_is_called_by_its_own_name(question, message):
    for seeds in (PUBLIC_SEEDS, *TWENTY):
        verdict = judged(question, from_numpy(question.mistakes[message]), seeds)
        assert (verdict.status, verdict.message) == ("mistake", message)


@each_question
def test_a_question_says_what_it_asks_and_names_three_mistakes_or_more(question):
    assert QUESTIONS[question.name] is question
    assert question.task.endswith(".")
    assert question.task.count(".") == 1
    assert question.points >= 1
    assert len(question.mistakes) >= 3
    assert all(message.endswith(".") or message.endswith("?") for message in question.mistakes)


@each_question
def test_a_case_is_the_same_each_time_and_another_seed_gives_another(question):
    def bytes_of(seed):
        return [np.asarray(argument).tobytes() for argument in question.arguments(seed)]

    assert bytes_of(3) == bytes_of(3)
    assert len({tuple(bytes_of(seed)) for seed in range(8)}) == 8


@each_question
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_references_are_finite_on_every_case(question, seed):
    assert np.isfinite(question.reference(*question.arguments(seed))).all()


def status_of(answer, question=PRICE):
    return judged(question, answer).status


def unfinished(*arguments):
    raise NotImplementedError("write it")


class Strange:
    """An object that objects to being looked at."""

    def __array__(self, *arguments, **options):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (unfinished, "not attempted"),
        (lambda forecast, outcome: 1 / 0, "raised"),
        (lambda forecast: 0.0, "raised"),
        (lambda forecast, outcome: sys.exit(), "raised"),
        (lambda forecast, outcome: None, "nothing"),
        (lambda forecast, outcome: "two", "kind"),
        (lambda forecast, outcome: True, "kind"),
        (lambda forecast, outcome: [[1], [2, 3]], "kind"),
        (lambda forecast, outcome: 1 + 2j, "kind"),
        (lambda forecast, outcome: Strange(), "kind"),
        (lambda forecast, outcome: -np.log(forecast), "shape"),
        (lambda forecast, outcome: np.nan, "not finite"),
        (lambda forecast, outcome: 1.0, "wrong"),
        (lambda forecast, outcome: np.log(forecast) < -1, "kind"),
        (lambda forecast, outcome: np.float16(-np.log(forecast[outcome])), "dtype"),
    ],
)
def test_every_kind_of_answer_has_its_own_verdict(answer, status, capsys):
    assert status_of(answer) == status
    check("price-of-an-outcome", answer)
    assert capsys.readouterr().out.startswith("·" if status == "not attempted" else "✗")


def test_an_answer_may_be_a_tensor_and_may_write_into_its_arguments():
    torch = pytest.importorskip("torch")
    softmax = QUESTIONS["stable-softmax"]
    assert status_of(lambda logits: torch.softmax(torch.from_numpy(logits), -1), softmax) == "right"

    def in_place(logits):
        logits -= logits.max(axis=-1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=-1, keepdims=True)
        return logits

    assert status_of(in_place, softmax) == "right"


@each_question
@settings(max_examples=15, deadline=None)
@given(value=arrays.arrays(np.float64, arrays.array_shapes(min_dims=0, max_dims=3, max_side=4)))
def test_an_array_of_any_shape_is_judged_by_its_shape_first(question, value):
    verdict = judged(question, lambda *arguments: value)
    if value.shape != np.shape(question.reference(*question.arguments(0))):
        assert verdict.status == "shape"
        assert (str(value.shape) if value.shape else "one number") in verdict.message
    else:
        assert verdict.status in ("shape", "wrong", "mistake", "not finite")


def test_a_value_that_is_no_function_is_told_so(capsys):
    check("price-of-an-outcome", 0.916)
    said = capsys.readouterr().out
    assert said.startswith("✗")
    assert "A function is expected here, and this is a value of type float." in said


def test_indices_that_are_right_and_are_floats_are_told_their_dtype():
    question = QUESTIONS["next-token-targets"]
    verdict = judged(question, lambda tokens: tokens[:, 1:].double())
    assert (verdict.status, "float64" in verdict.message) == ("dtype", True)
    assert judged(question, lambda tokens: tokens[:, 1:].int()).status == "right"


def test_two_digits_of_bfloat16_are_told_from_a_wrong_value():
    question = QUESTIONS["loss-of-a-batch"]
    loss = functional.cross_entropy
    verdict = judged(question, lambda z, y: loss(z.flatten(0, 1).bfloat16(), y.flatten()))
    assert (verdict.status, "bfloat16" in verdict.message) == ("dtype", True)


def test_a_mistake_on_some_cases_alone_says_on_how_many():
    softmax = QUESTIONS["stable-softmax"]
    verdict = judged(softmax, lambda logits: softmax.reference(logits) * (logits.shape[1] != 3))
    assert verdict.status == "wrong"
    assert "cases" in verdict.message


def test_the_feedback_shows_what_was_tried_and_not_the_answer(capsys):
    check("price-of-an-outcome", lambda forecast, outcome: np.log2(1 / forecast[outcome]))
    said = capsys.readouterr().out
    forecast, outcome = PRICE.arguments(PUBLIC_SEEDS[0])
    assert "tried     forecast = [" in said
    assert f"outcome = {outcome}" in said
    assert f"came      {np.log2(1 / forecast[outcome]):.6g}" in said
    assert "expected  one number of nats" in said
    assert "base 2" in " ".join(said.split())
    assert f"{PRICE.reference(forecast, outcome):.3f}" not in said


def test_an_unknown_question_is_answered_with_the_names_there_are(capsys):
    check("price", abs)
    said = capsys.readouterr().out
    assert "'price'" in said
    assert "price-of-an-outcome" in said


def test_the_score_counts_points_and_follows_the_last_check(capsys):
    score()
    assert "Nothing is checked yet" in capsys.readouterr().out
    check("price-of-an-outcome", PRICE.reference)
    check("price-of-a-text", unfinished)
    capsys.readouterr()
    score()
    assert capsys.readouterr().out == "chapter 1  █░░░  1 of 5 points\n"
    check("price-of-an-outcome", unfinished)
    capsys.readouterr()
    score()
    assert "0 of 5 points" in capsys.readouterr().out


class Unspeakable(Exception):
    """An exception that objects to being read."""

    def __str__(self):
        raise RuntimeError("no")


def test_an_exception_that_cannot_be_read_is_named_all_the_same():
    def answer(forecast, outcome):
        raise Unspeakable

    assert judged(PRICE, answer).message == "It raised Unspeakable."


def test_checks_import_numpy_and_no_framework():
    code = (
        "import sys, helpers.checks; "
        "print(sorted({'torch', 'tensorflow', 'keras', 'matplotlib', 'scipy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


@each_question
def test_a_task_fits_into_the_error_that_an_exercise_raises(question):
    assert len(f'    raise NotImplementedError("{question.task}")') <= 110

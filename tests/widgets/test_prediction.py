import numpy as np
import pytest
from traitlets import TraitError

from helpers.widgets import Prediction

ASKED = {
    "question": "What did it pay?",
    "answer": np.log(10),
    "unit": "nats",
    "because": ["−log 0.10 = 2.303.", "It is log 10."],
    "mistakes": {1.0: "That is base 10.", np.log2(10): "That is in bits."},
}


def prediction(**changes):
    return Prediction(**{**ASKED, **changes})


def test_the_question_is_kept_as_it_was_asked():
    figure = prediction()
    assert figure.answer == pytest.approx(2.302585, abs=1e-6)
    assert figure.mistakes == [[1.0, "That is base 10."], [pytest.approx(3.321928), "That is in bits."]]
    assert (figure.guess, figure.revealed) == (None, False)
    assert figure.right_answer == "2.303 nats"
    assert prediction(answer=-0.75, unit="", decimals=2, mistakes={}).right_answer == "−0.75"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"question": ""}, "question is empty"),
        ({"because": []}, "because is empty"),
        ({"answer": float("inf")}, "finite numbers"),
        ({"mistakes": {float("nan"): "?"}}, "finite numbers"),
        ({"mistakes": {2.31: "close to the answer"}}, "2.30259 and 2.31 are so close"),
        ({"mistakes": {5.0: "a", 5.05: "b"}}, "5 and 5.05 are so close"),
        ({"answer": 0.01, "mistakes": {0.0108: "both shown as 0.01"}}, "0.01 and 0.0108 are so close"),
    ],
)
def test_a_question_that_could_not_be_judged_is_named(changes, message):
    with pytest.raises(ValueError, match=message):
        prediction(**changes)


def test_a_guess_that_is_no_number_is_named_and_changes_nothing():
    figure = prediction()
    figure.guess = 2
    with pytest.raises(TraitError, match="guess is inf; expected a finite number, or None"):
        figure.guess = float("inf")
    with pytest.raises(TraitError, match="guess"):
        figure.guess = "two"
    with pytest.raises(TraitError, match="read-only"):
        figure.answer = 3.0
    assert figure.guess == 2
    figure.guess = None
    assert figure.guess is None


def test_where_no_script_runs_the_answer_is_folded_below_the_question():
    still = prediction(question="Is p < 1?").still
    question, answer = still.split("<details>")
    assert "Is p &lt; 1?" in question
    assert "2.303" not in question
    assert "2.303 nats. −log 0.10 = 2.303. It is log 10." in answer


def test_repr_holds_no_answer():
    assert repr(prediction()) == "Prediction('What did it pay?')"

import numpy as np
import pytest
import scipy.special
from traitlets import TraitError

from helpers.widgets import LossExplorer

WORDS = ["chai", "paani", "dudh", "coffee", "lassi"]
LOGITS = [1.2, 2.0, 0.5, 0.0, -1.0]


def explorer(words=WORDS, logits=LOGITS, target=0, **more):
    return LossExplorer(words=words, logits=logits, target=target, **more)


def test_probabilities_loss_and_perplexity_equal_scipy():
    figure = explorer(target=3)
    assert figure.probabilities == pytest.approx(scipy.special.softmax(LOGITS), rel=1e-12)
    assert figure.loss == pytest.approx(-scipy.special.log_softmax(LOGITS)[3], rel=1e-12)
    assert figure.perplexity == pytest.approx(1 / scipy.special.softmax(LOGITS)[3], rel=1e-12)


def test_gradient_is_the_finite_difference_of_the_loss():
    h = 1e-6
    steps = h * np.eye(5)
    rises = [explorer(logits=LOGITS + d).loss - explorer(logits=LOGITS - d).loss for d in steps]
    assert explorer().gradient == pytest.approx(np.array(rises) / (2 * h), abs=1e-9)


def test_equal_logits_cost_log_v():
    assert explorer(logits=[3.0] * 5).loss == pytest.approx(np.log(5), rel=1e-12)


def test_a_gradient_step_by_hand_is_kept_as_a_list():
    figure = explorer()
    before = figure.loss
    figure.logits = figure.logits - figure.gradient
    assert type(figure.logits) is list
    assert figure.loss < before
    assert figure.start == {"logits": LOGITS, "target": 0}


def test_a_step_from_here_is_that_of_the_button_and_leaves_a_trail():
    figure = explorer(target=4, learning_rate=0.5)
    first, expected = figure.loss, figure.logits - 0.5 * figure.gradient
    second = figure.step()
    assert figure.logits == pytest.approx(expected)
    third = figure.step()
    assert figure.trail == [first, second, third]
    assert first > second > third == figure.loss


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": ["chai"], "logits": [1.0]}, "expected a list of two or more words"),
        ({"words": "chai"}, "expected a list of two or more words"),
        ({"words": [1, 2], "logits": [1.0, 2.0]}, "expected a list of two or more words"),
        ({"logits": [1.0, 2.0]}, "logits has 2 values; expected 5, one for each word"),
        ({"logits": [LOGITS]}, "one-dimensional array of finite numbers"),
        ({"logits": [1.0, 2.0, float("nan"), 0.0, 0.0]}, "finite numbers"),
        ({"logits": [1.0, 2.0, float("inf"), 0.0, 0.0]}, "finite numbers"),
        ({"logits": ["a"] * 5}, "finite numbers"),
        ({"target": 5}, "target is 5; expected the index of a word, 0 to 4"),
        ({"target": -1}, "target is -1; expected the index of a word, 0 to 4"),
        ({"target": "chai"}, "expected an int"),
        ({"learning_rate": 0}, "learning_rate is 0; expected a finite number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan; expected a finite number above 0"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(TraitError, match=message):
        explorer(**arguments)


def test_a_bad_value_later_leaves_the_figure_as_it_was():
    figure = explorer()
    with pytest.raises(TraitError, match="logits has 1 values"):
        figure.logits = [1.0]
    with pytest.raises(TraitError, match="target is 9"):
        figure.target = 9
    with pytest.raises(TraitError, match="read-only"):
        figure.words = ["a", "b"]
    assert (figure.words, figure.logits, figure.target) == (WORDS, LOGITS, 0)


def test_repr_is_the_call_that_makes_it_and_holds_no_address():
    words = "['chai', 'paani', 'dudh', 'coffee', 'lassi']"
    assert repr(explorer()) == f"LossExplorer(words={words}, logits=[1.2, 2, 0.5, 0, -1], target=0)"
    copy = eval(repr(explorer()))
    assert (copy.words, copy.logits, copy.target) == (WORDS, LOGITS, 0)


def test_the_summary_holds_the_numbers():
    figure = explorer()
    for number in (*figure.probabilities, figure.loss):
        assert f"{number:.3f}" in figure.summary
    assert f"the perplexity {figure.perplexity:.2f}" in figure.summary
    assert "an even guess would pay 1.609 nats" in figure.summary

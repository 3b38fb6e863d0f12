import math

import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from helpers.widgets import TemperatureAndSmoothing

WORDS = ["chai", "paani", "dudh", "coffee"]
LOGITS = [2.0, 1.0, 0.1, -1.0]


def figure(words=WORDS, logits=LOGITS, target=0, **more):
    return TemperatureAndSmoothing(words, logits, target, **more)


states = st.fixed_dictionaries(
    {
        "logits": st.lists(st.floats(-5, 5), min_size=4, max_size=4),
        "target": st.integers(0, 3),
        "temperature": st.floats(0.1, 10),
        "label_smoothing": st.floats(0, 1),
    }
)


@settings(max_examples=40)
@given(states)
def test_loss_floor_excess_and_entropy_equal_torch_and_scipy(state):
    made = figure(**state)
    scaled = np.array(state["logits"]) / state["temperature"]
    q, p = scipy.special.softmax(scaled), made.smoothed_target
    loss = F.cross_entropy(
        torch.tensor(scaled), torch.tensor(state["target"]), label_smoothing=state["label_smoothing"]
    )
    assert made.forecast == pytest.approx(q, rel=1e-12)
    assert made.forecast_at_one == pytest.approx(scipy.special.softmax(state["logits"]), rel=1e-12)
    assert made.loss == pytest.approx(float(loss), rel=1e-12)
    assert made.floor == pytest.approx(scipy.stats.entropy(p), abs=1e-12)
    assert made.forecast_entropy == pytest.approx(scipy.stats.entropy(q), abs=1e-12)
    assert made.excess == pytest.approx(scipy.stats.entropy(p, q), abs=1e-9)


@settings(max_examples=40)
@given(states)
def test_no_temperature_costs_less_than_the_best_and_there_a_forecast_pays_its_entropy(state):
    made = figure(**state)
    found = scipy.optimize.minimize_scalar(
        lambda exponent: figure(**{**state, "temperature": 10**exponent}).loss,
        bounds=(-1, 1),
        method="bounded",
    )
    made.temperature = best = made.best_temperature
    assert made.loss <= found.fun + 1e-9
    if 0.1 < best < 10:
        assert made.forecast_entropy == pytest.approx(made.loss, abs=1e-6)


@settings(max_examples=40)
@given(states)
def test_a_forecast_below_its_own_loss_would_pay_less_at_a_higher_temperature(state):
    made = figure(**state)
    if abs(made.loss - made.forecast_entropy) > 1e-3 and 0.11 < made.temperature < 9:
        h = 1e-4 * made.temperature
        slope = (
            figure(**{**state, "temperature": made.temperature + h}).loss
            - figure(**{**state, "temperature": made.temperature - h}).loss
        )
        assert (slope < 0) == (made.forecast_entropy < made.loss)


def test_the_ends_are_one_hot_and_uniform():
    assert figure(temperature=0.1).forecast == pytest.approx([1, 0, 0, 0], abs=1e-4)
    assert figure(temperature=10).forecast == pytest.approx([0.25] * 4, abs=0.05)
    assert figure(logits=[0] * 4, temperature=0.1).loss == pytest.approx(math.log(4))
    assert figure().even_guess == pytest.approx(math.log(4))


@pytest.mark.parametrize(
    ("state", "best"),
    [
        ({"target": 0}, 0.1),  # the favourite came: the surer the better
        ({"target": 3}, 10),  # the last one came: the less sure the better
        ({"label_smoothing": 1.0}, 10),  # a uniform target
        ({"logits": [0.5] * 4}, 1),  # nothing to divide
    ],
)
def test_the_best_temperature_may_lie_at_an_end(state, best):
    assert figure(**state).best_temperature == best


def test_smoothing_gives_the_best_temperature_a_place():
    assert 0.1 < figure(label_smoothing=0.1).best_temperature < 1
    assert figure(words=["a", "b"], logits=[1, 0], label_smoothing=0.2).best_temperature == pytest.approx(
        1 / math.log(9)  # 0.9 against 0.1 asks for a lead of log 9
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"words": ["chai"], "logits": [1.0]}, "expected a list of two or more words"),
        ({"logits": [1.0]}, "logits has 1 values; expected 4, one for each word"),
        ({"logits": [1.0, 2.0, -101.0, 0.0]}, "logits holds -101; expected numbers from -100 to 100"),
        ({"logits": [1.0, 2.0, float("inf"), 0.0]}, "finite numbers"),
        ({"target": 4}, "target is 4; expected the index of a word, 0 to 3"),
        ({"temperature": 0}, "temperature is 0; expected at least 0.1 and at most 10"),
        ({"temperature": float("nan")}, "temperature is nan"),
        ({"label_smoothing": 1.5}, "label_smoothing is 1.5; expected at least 0 and at most 1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(TraitError, match=message):
        figure(**arguments)


def test_a_bad_value_later_leaves_the_figure_as_it_was():
    made = figure(label_smoothing=0.1)
    bad = {"logits": [1], "target": -1, "temperature": 11, "label_smoothing": -0.1, "words": ["a", "b"]}
    for name, value in bad.items():
        with pytest.raises(TraitError):
            setattr(made, name, value)
    assert made.start == {"logits": LOGITS, "target": 0, "temperature": 1.0, "label_smoothing": 0.1}
    assert {name: getattr(made, name) for name in made.start} == made.start


def test_repr_is_the_call_that_makes_it():
    made = figure(logits=[1 / 3, 1e-9, 0, -7], target=2, temperature=1 / 3, label_smoothing=0.1)
    assert repr(eval(repr(made))) == repr(made)
    assert eval(repr(made)).start == made.start


def test_the_summary_states_the_numbers():
    text = figure(words=WORDS[:3], logits=[2.0, 1.0, 0.1], label_smoothing=0.1).summary
    for number in ["chai 0.659", "chai 0.933", "0.514 nats", "0.291", "0.223", "0.847 nats"]:
        assert number in text, text
    assert text.count("At temperature 1") == 1
    assert "at temperature 1 it is" not in text
    assert "At temperature 2 the forecast is chai 0.451" in figure(temperature=2).summary
    assert "at temperature 1 it is chai 0.6" in figure(temperature=2).summary


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({"target": 0}, "least at temperature 0.1 or less."),
        ({"target": 3}, "least at temperature 10 or more."),
        ({"label_smoothing": 0.1}, "least at temperature 0.4"),
        ({"logits": [0.5] * 4}, "all logits are equal, and no temperature changes that."),
    ],
)
def test_the_summary_says_where_the_best_temperature_lies_beyond_the_slider(state, words):
    assert words in figure(**state).summary

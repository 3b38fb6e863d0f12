import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from helpers.widgets import PerplexityDial

TOKENS = ["subah", "uthke", "chai", "pi"]
GIVEN = [0.02, 0.15, 0.40, 0.80]

probabilities = st.lists(st.floats(1e-9, 1), min_size=2, max_size=8)


def dial(tokens=TOKENS, given=GIVEN, **more):
    return PerplexityDial(tokens, given, **more)


def sentence(given, cut=0, unit="nats"):
    return PerplexityDial(["x"] * len(given), given, cut, unit)


@settings(max_examples=25)
@given(probabilities)
def test_perplexity_is_one_over_the_geometric_mean_at_every_place_of_the_sentence(given):
    figure = sentence(given)
    expected = [1 / scipy.stats.gmean(given[: t + 1]) for t in range(len(given))]
    assert figure.running_perplexities == pytest.approx(expected, rel=1e-9)
    assert figure.perplexity == pytest.approx(expected[-1], rel=1e-9)
    assert np.exp(figure.running_means) == pytest.approx(expected, rel=1e-9)
    assert figure.running_means[-1] == pytest.approx(figure.mean, rel=1e-12)


@settings(max_examples=25)
@given(probabilities)
def test_bits_are_the_same_prices_over_log_two_and_the_same_perplexity(given):
    nats, bits = sentence(given, cut=1), sentence(given, cut=1, unit="bits")
    assert bits.prices * math.log(2) == pytest.approx(nats.prices, rel=1e-12)
    assert bits.batch_means * math.log(2) == pytest.approx(nats.batch_means, rel=1e-12)
    assert bits.mean_of_means * math.log(2) == pytest.approx(nats.mean_of_means, rel=1e-12)
    assert 2**bits.mean == pytest.approx(nats.perplexity, rel=1e-9)
    assert bits.perplexity == nats.perplexity
    assert bits.perplexity_of_mean_of_means == nats.perplexity_of_mean_of_means


@settings(max_examples=25)
@given(probabilities, st.data())
def test_batch_means_are_averages_of_parts_and_the_whole_does_not_see_the_cut(given, data):
    cut = data.draw(st.integers(1, len(given) - 1))
    figure = sentence(given, cut)
    parts = [-np.log(given[:cut]), -np.log(given[cut:])]
    assert figure.batch_means == pytest.approx([part.mean() for part in parts], abs=1e-12)
    assert figure.mean_of_means == pytest.approx((parts[0].mean() + parts[1].mean()) / 2, abs=1e-12)
    assert figure.perplexity == pytest.approx(sentence(given).perplexity, rel=1e-12)
    # exp is convex: the mean of perplexities is the larger of the two wrong numbers.
    assert figure.mean_of_perplexities >= figure.perplexity_of_mean_of_means * (1 - 1e-12)


@settings(max_examples=25)
@given(
    st.lists(st.floats(1e-6, 1), min_size=3, max_size=3), st.lists(st.floats(1e-6, 1), min_size=3, max_size=3)
)
def test_a_cut_in_the_middle_leaves_the_mean_as_it_is(first, second):
    figure = sentence(first + second, cut=3)
    assert figure.mean_of_means == pytest.approx(figure.mean, abs=1e-12)


def test_without_a_cut_there_is_one_batch():
    figure = dial()
    assert figure.batch_means == pytest.approx([figure.mean])
    assert figure.mean_of_means == pytest.approx(figure.mean)


def test_a_single_zero_makes_everything_infinite_but_the_other_batch():
    figure = dial(given=[0, 0.15, 0.40, 0.80], cut=1)
    assert (figure.mean, figure.perplexity, figure.mean_of_means) == (math.inf, math.inf, math.inf)
    assert figure.batch_means[0] == math.inf
    assert math.isfinite(figure.batch_means[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tokens": ["chai"], "given": [1.0]}, "expected a list of two or more words"),
        ({"given": [0.5]}, "probabilities has 1 values; expected 4, one for each token"),
        ({"given": [0.5, 0.5, 1.5, 0.1]}, "probabilities holds 1.5; expected probabilities between 0 and 1"),
        ({"given": [0.5, 0.5, -0.1, 0.1]}, "probabilities holds -0.1"),
        ({"given": [0.5, 0.5, float("nan"), 0.1]}, "finite numbers"),
        ({"given": "half"}, "finite numbers"),
        ({"cut": 4}, "cut is 4; expected a number of tokens for the first batch, 1 to 3, or 0 for no cut"),
        ({"cut": -1}, "cut is -1"),
        ({"cut": 1.5}, "expected an int"),
        ({"unit": "hartleys"}, "hartleys"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(TraitError, match=message):
        dial(**arguments)


def test_a_bad_value_later_leaves_the_figure_as_it_was():
    figure = dial(cut=2)
    for name, value in [
        ("probabilities", [2, 0, 0, 0]),
        ("cut", 9),
        ("unit", "dits"),
        ("tokens", ["a", "b"]),
    ]:
        with pytest.raises(TraitError):
            setattr(figure, name, value)
    assert (figure.tokens, figure.probabilities, figure.cut, figure.unit) == (TOKENS, GIVEN, 2, "nats")


def test_repr_is_the_call_that_makes_it():
    figure = dial(given=[1 / 3, 1e-9, 0, 1], cut=3, unit="bits")
    assert repr(eval(repr(figure))) == repr(figure)
    assert eval(repr(figure)).probabilities == figure.probabilities
    assert repr(dial()) == (
        "PerplexityDial(tokens=['subah', 'uthke', 'chai', 'pi'], probabilities=[0.02, 0.15, 0.4, 0.8], "
        "cut=0, unit='nats')"
    )


def test_the_summary_states_the_numbers():
    assert (
        "mean price is 1.737 nats or 2.506 bits a token; in either unit the perplexity is 5.68"
        in dial().summary
    )
    assert "batches" not in dial().summary
    never = dial(given=[0, 0.15, 0.4, 0.8]).summary
    assert "subah 0 (∞ nats)" in never
    assert "The mean price is ∞ nats or ∞ bits a token; in either unit the perplexity is ∞." in never
    text = dial(cut=1, unit="bits").summary
    for number in ["2.506 bits", "5.68", "5.644", "3.552", "11.73", "batches of 1 and 3 tokens"]:
        assert number in text

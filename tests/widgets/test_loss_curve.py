import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from helpers.widgets import LossCurve


@settings(max_examples=25)
@given(st.floats(min_value=1e-300, max_value=1.0))
def test_loss_bits_slope_and_perplexity_say_the_same_in_four_ways(p):
    curve = LossCurve(probability=p)
    assert math.exp(-curve.loss) == pytest.approx(p, rel=1e-12)
    assert 2**-curve.bits == pytest.approx(p, rel=1e-12)
    assert curve.perplexity == pytest.approx(math.exp(curve.loss), rel=1e-12)
    assert curve.slope == pytest.approx(-math.exp(curve.loss), rel=1e-12)


def test_slope_is_the_finite_difference_of_the_loss():
    h = 1e-6
    rise = LossCurve(probability=0.3 + h).loss - LossCurve(probability=0.3 - h).loss
    assert LossCurve(probability=0.3).slope == pytest.approx(rise / (2 * h), rel=1e-8)


@pytest.mark.parametrize("bad", [0, -0.1, 1.01, float("nan"), float("inf")])
def test_a_probability_out_of_range_is_named(bad):
    with pytest.raises(TraitError, match=f"probability is {bad:g}; expected more than 0 and at most 1"):
        LossCurve(probability=bad)


def test_a_bad_probability_leaves_the_figure_as_it_was():
    curve = LossCurve(probability=0.1)
    with pytest.raises(TraitError, match="probability is 2"):
        curve.probability = 2
    with pytest.raises(TraitError, match="expected a float, not the str"):
        curve.probability = "0.5"
    assert curve.probability == 0.1


def test_a_number_of_numpy_is_a_number():
    assert LossCurve(probability=np.float64(0.25)).probability == 0.25


def test_repr_is_the_call_that_makes_it_and_holds_no_address():
    assert repr(LossCurve(probability=0.10)) == "LossCurve(probability=0.1)"

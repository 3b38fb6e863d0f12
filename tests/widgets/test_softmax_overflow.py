import math

import numpy as np
import pytest
import torch
from traitlets import TraitError

from helpers.widgets import SoftmaxOverflow

DTYPES = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


def test_logits_and_exact_loss_equal_torch():
    figure = SoftmaxOverflow(base=[1, -0.25, 0.5], scale=30, shift=-7.5, target=1)
    assert figure.logits.tolist() == [22.5, -15, 7.5]
    true = torch.nn.functional.cross_entropy(torch.tensor(figure.logits), torch.tensor(1))
    assert figure.exact_loss == pytest.approx(true.item(), rel=1e-12)


@pytest.mark.parametrize("name", DTYPES)
def test_beyond_the_limits_the_exponential_is_zero_or_infinite_in_torch(name):
    low, high = SoftmaxOverflow().limits[name]

    def exp(z):
        return torch.tensor(math.exp(z), dtype=torch.float64).to(DTYPES[name]).item()

    assert exp(low - 0.01) == 0 < exp(low + 0.01)
    assert exp(high - 0.01) < exp(high + 0.01) == math.inf


def test_each_format_breaks_at_its_own_scale():
    verdicts = {
        scale: [result.verdict for result in SoftmaxOverflow(scale=scale, target=3).naive.values()]
        for scale in (6, 8, 12, 69, 75, 100)
    }
    assert verdicts == {
        6: ["fine"] * 3,
        8: ["underflow: digits lost", "fine", "fine"],
        12: ["overflow: divided by ∞", "fine", "fine"],
        69: ["overflow: divided by ∞", "underflow: log 0", "underflow: digits lost"],
        75: ["overflow: divided by ∞", "underflow: log 0", "underflow: log 0"],
        100: ["overflow: divided by ∞"] * 3,
    }


@pytest.mark.parametrize("scale", [0, 3, 40, 120])
@pytest.mark.parametrize("target", [0, 3])
def test_the_stable_loss_is_finite_and_as_exact_as_the_format(scale, target):
    figure = SoftmaxOverflow(scale=scale, target=target)
    for name, digits in {"float16": 11, "bfloat16": 8, "float32": 24}.items():
        assert abs(figure.errors[name]) <= 4 * 2.0**-digits * max(figure.exact_loss, scale, 1)


def test_a_shift_costs_the_digits_that_storing_takes_and_no_more():
    still, shifted = (SoftmaxOverflow(base=[0.5, 0.25], scale=8, shift=c) for c in (0, 96))
    for name in DTYPES:  # all four logits fit in every format
        assert shifted.stable[name].loss == still.stable[name].loss
    figure = SoftmaxOverflow(base=[1, 0.9], scale=1, shift=100, target=1)
    assert figure.logits == pytest.approx([101, 100.9])
    assert figure.stable["bfloat16"].logits.tolist() == [101, 101]  # the spacing is 0.5 there
    assert figure.storage_errors["bfloat16"] == pytest.approx(math.log(2) - figure.exact_loss, rel=1e-12)
    assert figure.errors["bfloat16"] == pytest.approx(figure.storage_errors["bfloat16"], abs=2e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"base": [1.0]}, "base has 1 values; expected 2 to 6"),
        ({"base": [0.1] * 7}, "base has 7 values; expected 2 to 6"),
        ({"base": [1.0, -1.5]}, "base holds -1.5; expected numbers from −1 to 1"),
        ({"base": ["a", "b"]}, "finite numbers"),
        ({"scale": -1}, "scale is -1; expected at least 0 and at most 120"),
        ({"scale": float("inf")}, "scale is inf; expected"),
        ({"shift": 121}, "shift is 121; expected at least -120 and at most 120"),
        ({"target": 4}, "target is 4; expected the index of a class, 0 to 3"),
        ({"target": -1}, "target is -1; expected the index of a class, 0 to 3"),
        ({"precision": "float64"}, "precision.*'bfloat16'.*'float64'"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(arguments, message):
    with pytest.raises(TraitError, match=message):
        SoftmaxOverflow(**arguments)
    figure = SoftmaxOverflow()
    before = repr(figure)
    with pytest.raises(TraitError, match="read-only" if "base" in arguments else message):
        setattr(figure, *next(iter(arguments.items())))
    assert repr(figure) == before


def test_repr_is_the_call_that_makes_it():
    figure = SoftmaxOverflow(np.array([1, -0.5]), 11.5, -3, 1, "bfloat16")
    assert repr(eval(repr(figure))) == repr(figure)
    assert repr(figure) == (
        "SoftmaxOverflow(base=[1.0, -0.5], scale=11.5, shift=-3.0, target=1, precision='bfloat16')"
    )


def test_the_summary_holds_the_numbers():
    text = SoftmaxOverflow(scale=12, target=3).summary
    for part in (
        "logits 12.0, 8.4, 2.4, −6.0",
        "costs 18.027 nats",
        "in float16",
        "∞ nats (overflow: divided by ∞)",
        "11.09",
        "88.72",
    ):
        assert part in text

import numpy as np
import pytest
import torch
from float_vectors import DTYPES, cast, numbers
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.widgets.binary_recipes import RECIPES, loss_and_gradient
from helpers.widgets.float_formats import FORMATS
from helpers.widgets.rounded_softmax import naive, stable

TORCH = {"float16": torch.float16, "bfloat16": torch.bfloat16, "float32": torch.float32}


@pytest.mark.parametrize("name", FORMATS)
def test_rounding_is_that_of_numpy_and_ml_dtypes(name):
    rounded, stored = FORMATS[name].round(numbers()), cast(numbers(), name)
    assert np.array_equal(rounded, stored, equal_nan=True)
    assert np.array_equal(np.signbit(rounded), np.signbit(stored))


@settings(max_examples=200)
@given(st.floats(allow_nan=False), st.sampled_from(["float16", "bfloat16", "float32"]))
def test_rounding_is_that_of_torch_and_changes_nothing_twice(x, name):
    stored = torch.tensor(x, dtype=torch.float32 if name == "bfloat16" else torch.float64)
    rounded = float(FORMATS[name].round(stored.item()))
    assert rounded == stored.to(TORCH[name]).item()
    assert float(FORMATS[name].round(rounded)) == rounded


@pytest.mark.parametrize("name", TORCH)
def test_the_largest_and_the_smallest_number_are_those_of_torch(name):
    info = torch.finfo(TORCH[name])
    assert FORMATS[name].largest == info.max
    assert FORMATS[name].smallest == info.smallest_normal * info.eps


def by_autograd(recipe: str, z, y: int, epsilon: float, dtype):
    """Loss and gradient of the recipe, written in torch and differentiated by it."""
    z = torch.tensor(z, dtype=dtype, requires_grad=True)
    q, epsilon = torch.sigmoid(z), torch.tensor(epsilon, dtype=dtype)
    if recipe == "clipped q":
        q = torch.clamp(q, epsilon.item(), (1 - epsilon).item())
    added = epsilon if recipe == "q + epsilon" else 0
    if recipe == "logit":
        targets = torch.full_like(z, float(y))
        loss = torch.nn.functional.binary_cross_entropy_with_logits(z, targets, reduction="none")
    else:
        loss = -(y * torch.log(q + added) + (1 - y) * torch.log(1 - q + added))
    loss.sum().backward()
    return loss.detach().double().numpy(), z.grad.double().numpy()


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("recipe", RECIPES)
def test_a_recipe_gives_what_torch_computes_and_differentiates(recipe, precision):
    z = np.arange(-400, 401) / 10
    for y in (0, 1):
        for exponent in (1, 4, 7, 10, 15, 16):
            epsilon = float(f"1e-{exponent}")
            ours = loss_and_gradient(recipe, z, y, epsilon, FORMATS[precision])
            theirs = by_autograd(recipe, z, y, epsilon, getattr(torch, precision))
            for a, b in zip(ours, theirs, strict=True):
                assert a == pytest.approx(b, rel=1e-5, abs=5e-7, nan_ok=True), (y, exponent)
                assert np.array_equal(np.isfinite(a), np.isfinite(b))


def test_the_gradient_is_the_finite_difference_of_the_loss():
    z, h, float64 = np.linspace(-5, 5, 41), 1e-5, FORMATS["float64"]
    for recipe in RECIPES:
        for y in (0, 1):
            up, down = (loss_and_gradient(recipe, z + d, y, 1e-3, float64)[0] for d in (h, -h))
            gradient = loss_and_gradient(recipe, z, y, 1e-3, float64)[1]
            assert gradient == pytest.approx((up - down) / (2 * h), abs=1e-7)


def elementwise(logits, target: int, dtype, subtract: bool):
    """Softmax and loss in arrays of the format itself, one NumPy operation after another."""
    z = np.asarray(logits).astype(dtype)
    z = z - z.max() if subtract else z
    with np.errstate(all="ignore"):
        exps = np.exp(z)
        total = dtype(0)
        for one in exps:
            total = dtype(total + one)
        shares = exps / total
        loss = np.log(total) - z[target] if subtract else -np.log(shares[target])
    return [np.asarray(x).astype(np.float64) for x in (exps, total, shares, loss)]


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("subtract", [False, True])
def test_softmax_is_that_of_arrays_of_the_format(name, subtract):
    rng = np.random.default_rng(4)
    spacing = 2.0 ** (1 - FORMATS[name].digits)
    for scale in (0, 1, 8, 11, 20, 60, 120):
        for shift in (0, -110, 80):
            logits, target = scale * rng.uniform(-1, 1, 5) + shift, int(rng.integers(5))
            result = (stable if subtract else naive)(logits, target, FORMATS[name])
            expected = elementwise(logits, target, DTYPES[name], subtract)
            ours = (result.exps, result.total, result.probabilities, result.loss)
            for a, b in zip(ours, expected, strict=True):
                assert np.array_equal(np.isnan(a), np.isnan(b))
                # NumPy's own exp may miss the last digit, and a logarithm near 0 keeps that as it is.
                assert a == pytest.approx(b, rel=4 * spacing, abs=4 * spacing, nan_ok=True)


@pytest.mark.parametrize(
    ("logits", "target", "verdict", "loss"),
    [
        ([12.0, 0.0], 0, "overflow: ∞/∞", np.nan),
        ([12.0, 0.0], 1, "overflow: divided by ∞", np.inf),
        ([11.0, 11.0], 0, "overflow: divided by ∞", np.inf),  # each fits, their sum does not
        ([-20.0, -21.0], 0, "underflow: 0/0", np.nan),
        ([0.0, -18.0], 1, "underflow: log 0", np.inf),
        ([0.0, -15.0], 1, "underflow: digits lost", 15.02),  # truly 15.00
        ([1.0, 0.0], 0, "fine", 0.3132),
    ],
)
def test_what_went_wrong_is_named(logits, target, verdict, loss):
    result = naive(logits, target, FORMATS["float16"])
    assert (result.verdict, result.loss) == (verdict, pytest.approx(loss, rel=2e-3, nan_ok=True))
    true = -torch.log_softmax(torch.tensor(logits, dtype=torch.float64), 0)[target].item()
    assert stable(logits, target, FORMATS["float16"]).loss == pytest.approx(true, rel=2e-3, abs=2e-3)

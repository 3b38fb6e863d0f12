"""Gradients: the formula, autograd and GradientTape, against PyTorch's own loss and finite differences."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from strategies import Problem, assert_close, modest, problems, torch_cross_entropy

from helpers.losses import pytorch, reference, tensorflow
from helpers.quiet_tensorflow import tf


def torch_gradient(loss, x):
    """Gradient by autograd of the sum of what `loss` gives for the array `x`."""
    x = torch.tensor(x, requires_grad=True)
    loss(x).sum().backward()
    return x.grad.numpy()


def tensorflow_gradient(loss, x):
    """Gradient by GradientTape of the sum of what `loss` gives for the array `x`."""
    x = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = loss(x)
    return tape.gradient(value, x).numpy()


def finite_differences(loss, x, step=1e-5):
    """Central differences (f(x + h) − f(x − h)) / 2h of the scalar `loss`, one coordinate at a time."""
    gradient = np.zeros_like(x)
    for position in np.ndindex(x.shape):
        h = np.zeros_like(x)
        h[position] = step
        gradient[position] = (loss(x + h) - loss(x - h)) / (2 * step)
    return gradient


def gradients(problem):
    """The three gradients of a problem, by name."""
    logits, targets, options = problem.logits, problem.targets, problem.options
    return {
        "formula": reference.cross_entropy_gradient(logits, targets, **options),
        "autograd": torch_gradient(lambda z: pytorch.cross_entropy(z, targets, **options), logits),
        "tape": tensorflow_gradient(lambda z: tensorflow.cross_entropy(z, targets, **options), logits),
    }


def oracle(problem):
    return torch_gradient(lambda z: torch_cross_entropy(z, problem), problem.logits)


def has_weight(problem):
    """Whether there is a mean; torch's gradient is 0 where all is ignored, but NaN where all weigh 0."""
    kept = problem.targets[problem.targets != problem.options.get("ignore_index", -100)]
    return problem.soft or kept.size == 0 or problem.options.get("weight", np.ones(5))[kept].sum() > 0


@modest
@given(problem=problems().filter(has_weight))
def test_gradients_equal_torch_in_every_combination(problem):
    expected = oracle(problem)
    for gradient in gradients(problem).values():
        assert_close(gradient, expected)


@modest
@given(problem=problems(masks=True))
def test_gradients_equal_torch_where_classes_are_masked(problem):
    expected = oracle(problem)
    for gradient in gradients(problem).values():
        assert_close(gradient, expected)


@modest
@given(seed=st.integers(0, 999), label_smoothing=st.floats(0, 1), reduction=st.sampled_from(["mean", "sum"]))
def test_the_formula_equals_finite_differences(seed, label_smoothing, reduction):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(2, 3, 4)), rng.integers(-1, 4, size=(2, 3))
    options = {
        "weight": rng.random(4),
        "ignore_index": -1,
        "label_smoothing": label_smoothing,
        "reduction": reduction,
    }
    targets[0, 0] = 2  # at least one row counts

    def loss(z):
        return reference.cross_entropy(z, targets, **options)

    gradient = reference.cross_entropy_gradient(logits, targets, **options)
    assert_close(gradient, finite_differences(loss, logits), rtol=1e-6, atol=1e-8)


def test_the_plain_gradient_is_softmax_minus_one_hot_over_n():
    logits, targets = np.array([[2.0, 1.0, 0.1], [0.0, 3.0, -1.0]]), np.array([0, 2])
    expected = (special.softmax(logits, axis=-1) - np.eye(3)[targets]) / 2
    assert_close(reference.cross_entropy_gradient(logits, targets), expected)


def test_the_gradient_of_none_is_the_gradient_of_each_row():
    logits, targets = np.random.default_rng(0).normal(size=(3, 4)), np.array([0, 3, 1])
    rows = reference.cross_entropy_gradient(logits, targets, reduction="none")
    for row, z, y in zip(rows, logits, targets, strict=True):
        assert_close(row, reference.cross_entropy_gradient(z, y))


@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("targets", [[-100, -100], [1, 1]], ids=["all ignored", "all of weight 0"])
def test_a_batch_without_weight_moves_no_parameter(targets, label_smoothing):
    options = {"weight": np.array([1.0, 0.0]), "label_smoothing": label_smoothing}
    problem = Problem(np.array([[0.5, 1.0], [2.0, 0.0]]), np.array(targets), options)
    for gradient in gradients(problem).values():
        assert_close(gradient, np.zeros((2, 2)))


def test_an_ignored_row_of_masks_does_not_spoil_the_others():
    problem = Problem(np.array([[-np.inf, -np.inf], [0.0, 1.0]]), np.array([-100, 1]))
    expected = reference.cross_entropy_gradient([0.0, 1.0], 1)
    for gradient in gradients(problem).values():
        assert_close(gradient[1], expected)


def test_autograd_passes_the_checks_of_first_and_second_derivatives():
    logits = torch.randn(4, 3, dtype=torch.float64, generator=torch.manual_seed(0), requires_grad=True)
    weight, targets = torch.tensor([1.0, 0.5, 2.0]), torch.tensor([0, 2, -100, 1])

    def loss(z):
        return pytorch.cross_entropy(z, targets, weight=weight, label_smoothing=0.1)

    assert torch.autograd.gradcheck(loss, logits)
    assert torch.autograd.gradgradcheck(loss, logits)


def test_gradients_flow_into_soft_targets_and_weights():
    logits = torch.randn(4, 3, dtype=torch.float64, generator=torch.manual_seed(0))
    student = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.rand(3, dtype=torch.float64, requires_grad=True)
    ours = pytorch.cross_entropy(logits, student.softmax(-1), weight=weight)
    theirs = torch.nn.functional.cross_entropy(logits, student.softmax(-1), weight=weight)
    for mine, oracle_gradient in zip(
        torch.autograd.grad(ours, [student, weight]),
        torch.autograd.grad(theirs, [student, weight]),
        strict=True,
    ):
        assert_close(mine, oracle_gradient)


probabilities = np.array([0.01, 0.4, 0.6, 0.99, 0.5])
binary_targets = np.array([0.0, 1.0, 0.3, 0.0, 1.0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(
    ("name", "x"),
    [
        ("binary_cross_entropy", probabilities),
        ("binary_cross_entropy_with_logits", np.array([-1e4, 0.0, 3.0, 1e4, -0.5])),
    ],
)
def test_binary_gradients_equal_torch(name, x, reduction):
    theirs = getattr(torch.nn.functional, name)
    y = torch.tensor(binary_targets)
    expected = torch_gradient(lambda x: theirs(x, y, reduction=reduction), x)
    for gradient, losses in ((torch_gradient, pytorch), (tensorflow_gradient, tensorflow)):
        ours = getattr(losses, name)
        assert_close(gradient(lambda x, f=ours: f(x, binary_targets, reduction=reduction), x), expected)


def test_binary_gradients_are_finite_at_certain_forecasts_that_are_right():
    # −log p has slope −1 at p = 1, −log(1 − p) slope 1 at p = 0; the term of weight 0 must not add 0 · ∞
    p, y = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    for gradient, losses in ((torch_gradient, pytorch), (tensorflow_gradient, tensorflow)):
        assert_close(gradient(lambda p, f=losses.binary_cross_entropy: f(p, y, reduction="sum"), p), [1, -1])


def test_the_gradient_of_the_reference_is_held_by_the_same_checks():
    with pytest.raises(ValueError, match="targets holds 3 at position"):
        reference.cross_entropy_gradient([0.0, 1.0], 3)
    with pytest.raises(ValueError, match="reduction is 'avg'"):
        reference.cross_entropy_gradient([0.0, 1.0], 1, reduction="avg")

"""What the tests of the losses share: the implementations, problems to give them, and torch as oracle."""

from dataclasses import dataclass, field

import numpy as np
import torch
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.losses import pytorch, reference, tensorflow

IMPLEMENTATIONS = {"reference": reference, "pytorch": pytorch, "tensorflow": tensorflow}

# Few examples in each of many tests. A busy machine is no failure, and TensorFlow's first call takes seconds.
modest = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

batch_shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=1, max_side=3)  # () is a single prediction
reductions = st.sampled_from(["mean", "sum", "none"])
smoothings = st.sampled_from([0.0, 0.1, 1.0]) | st.floats(1e-6, 1)
extremes = st.sampled_from([1e4, -1e4, 0.0])


@dataclass
class Problem:
    """One call of a loss: its two arrays and its options."""

    logits: np.ndarray
    targets: np.ndarray
    options: dict = field(default_factory=dict)

    @property
    def soft(self) -> bool:
        return self.targets.dtype.kind == "f"


@st.composite
def logit_arrays(draw, shape, masks=False):
    """Logits from ordinary to ±1e4; with `masks`, some are −inf, but at least the first of a row is not."""
    logits = draw(hnp.arrays(np.float64, shape, elements=st.floats(-20, 20) | extremes))
    if masks:
        masked = draw(hnp.arrays(bool, shape))
        masked[..., 0] = False
        logits = np.where(masked, -np.inf, logits)
    return logits


@st.composite
def distribution_arrays(draw, shape, positive=False):
    """Distributions over the last axis, one-hot rows and zeros among them unless `positive`."""
    smallest = 0.01 if positive else 0.0
    values = draw(hnp.arrays(np.float64, shape, elements=st.floats(smallest, 1) | st.just(1.0)))
    values[values < smallest + 1e-6] = smallest  # denormal sums would not divide to 1
    values[..., 0] += values.sum(axis=-1) == 0
    return values / values.sum(axis=-1, keepdims=True)


@st.composite
def index_arrays(draw, shape, num_classes, ignore_index):
    """Class indices; about a third of the rows, or all of them, are ignored."""
    targets = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, num_classes - 1)))
    ignored = draw(hnp.arrays(bool, shape, elements=st.sampled_from([True, False, False])) | st.just(True))
    return np.where(ignored, ignore_index, targets)


@st.composite
def problems(draw, masks=False):
    """Every combination of shape, kind of target, weight, ignore_index, smoothing and reduction.

    With `masks` some logits are −inf, and nothing has weight 0: there torch computes 0 · ∞.
    """
    num_classes = draw(st.integers(1, 5))
    shape = (*draw(batch_shapes), num_classes)
    options = {"reduction": draw(reductions), "label_smoothing": draw(smoothings)}
    if masks:
        options["label_smoothing"] *= 0.9
    if draw(st.booleans()):
        weights = st.floats(0.1, 3) if masks else st.sampled_from([0.0, 1.0]) | st.floats(0.1, 3)
        options["weight"] = draw(hnp.arrays(np.float64, (num_classes,), elements=weights))
    if draw(st.booleans()):
        targets = draw(distribution_arrays(shape, positive=masks))
    else:
        options["ignore_index"] = draw(st.sampled_from([-100, -1, 0, num_classes - 1, 255]))
        targets = draw(index_arrays(shape[:-1], num_classes, options["ignore_index"]))
    return Problem(draw(logit_arrays(shape, masks)), targets, options)


def torch_cross_entropy(logits: torch.Tensor, problem: Problem) -> torch.Tensor:
    """The oracle: PyTorch's own cross-entropy in float64, its class axis moved to where it wants it."""
    targets = torch.tensor(problem.targets)
    options = dict(problem.options)
    if "weight" in options:
        options["weight"] = torch.tensor(options["weight"])
    if logits.ndim > 1:
        logits = logits.movedim(-1, 1)
        targets = targets.movedim(-1, 1) if problem.soft else targets
    return torch.nn.functional.cross_entropy(logits, targets, **options)


def array(x) -> np.ndarray:
    """A tensor of either framework, or anything else, as a NumPy array."""
    return x.detach().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)


def assert_close(actual, expected, rtol=1e-10, atol=1e-11):
    """Equal shapes and, to rounding, equal numbers; NaN equals NaN and inf equals inf."""
    actual, expected = array(actual), array(expected)
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)

"""Bad input is refused by a sentence that says what came and what was expected: the same one three times."""

import numpy as np
import pytest
import torch
from strategies import IMPLEMENTATIONS

from helpers.losses import pytorch, reference

each = pytest.mark.parametrize("losses", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)

LOGITS = np.zeros((2, 3))
INDICES = np.array([0, 2])
HALVES = np.array([[0.5, 0.5, 0.0]] * 2)

# logits, targets, options, what the message says
BAD = {
    "logits without classes": (
        np.zeros((2, 0)),
        INDICES,
        {},
        r"logits has shape \(2, 0\); expected \(\.\.\., V\)",
    ),
    "a single logit": (1.0, 0, {}, r"logits has shape \(\); expected \(\.\.\., V\)"),
    "NaN logits": ([[0, 0, 0], [0, np.nan, 0]], INDICES, {}, r"logits holds nan at position \(1, 1\)"),
    "infinite logits": (
        [[0, np.inf, 0], [0, 0, 0]],
        INDICES,
        {},
        r"logits holds inf at position \(0, 1\).*or -inf",
    ),
    "complex logits": (LOGITS + 1j, INDICES, {}, r"logits has dtype .*complex128; expected real numbers"),
    "too few targets": (
        LOGITS,
        [0],
        {},
        r"shape \(1,\) and dtype .* of shape \(2, 3\).*indices of shape \(2,\)",
    ),
    "targets with a spare axis": (
        LOGITS,
        [[0], [2]],
        {},
        r"targets have shape \(2, 1\).*indices of shape \(2,\)",
    ),
    "the class axis in the middle": (
        np.zeros((2, 3, 4)),
        np.zeros((2, 4), int),
        {},
        r"the classes on the last axis",
    ),
    "integer one-hot targets": (
        LOGITS,
        np.eye(3, dtype=int)[:2],
        {},
        r"one-hot targets are probabilities: cast them",
    ),
    "boolean targets": (
        LOGITS,
        [True, False],
        {},
        r"targets has dtype .*bool; expected integer class indices",
    ),
    "floating indices": (LOGITS, [0.0, 2.0], {}, r"dtype .*float.* class indices are integers: cast them"),
    "probabilities of other classes": (
        LOGITS,
        np.full((2, 4), 0.25),
        {},
        r"class probabilities of shape \(2, 3\)",
    ),
    "a target too large": (
        LOGITS,
        [0, 3],
        {},
        r"targets holds 3 at position \(1,\); expected classes 0 to 2, or ign",
    ),
    "a target below 0": (LOGITS, [-1, 0], {}, r"targets holds -1 at position \(0,\).*ignore_index \(-100\)"),
    "one target of one": (LOGITS[0], 7, {}, r"targets holds 7 at position \(\)"),
    "padding by another name": (
        LOGITS,
        [0, -100],
        {"ignore_index": -1},
        r"targets holds -100 .*ignore_index \(-1\)",
    ),
    "targets that sum to 2": (
        LOGITS,
        HALVES * [[1], [2]],
        {},
        r"targets sums to 2 over its last axis; expected 1|1\.0",
    ),
    "targets that sum to 0.9": (
        LOGITS,
        HALVES * 0.9,
        {},
        r"targets sums to 0\.9 over its last axis; expected 1",
    ),
    "a negative target": (
        LOGITS,
        [[1.5, -0.5, 0.0]] * 2,
        {},
        r"targets holds 1\.5; expected probabilities between",
    ),
    "NaN targets": (
        LOGITS,
        HALVES * np.nan,
        {},
        r"targets holds nan; expected probabilities between 0 and 1",
    ),
    "another reduction": (
        LOGITS,
        INDICES,
        {"reduction": "avg"},
        r"reduction is 'avg'; expected 'mean', 'sum' or 'none'",
    ),
    "no reduction": (LOGITS, INDICES, {"reduction": None}, r"reduction is None; expected 'mean'"),
    "negative smoothing": (
        LOGITS,
        INDICES,
        {"label_smoothing": -0.1},
        r"label_smoothing is -0\.1; expected .* 0 and 1",
    ),
    "too much smoothing": (
        LOGITS,
        HALVES,
        {"label_smoothing": 1.1},
        r"label_smoothing is 1\.1; expected .* 0 and 1",
    ),
    "smoothing by a word": (LOGITS, INDICES, {"label_smoothing": "0.1"}, r"label_smoothing is '0\.1'"),
    "NaN smoothing": (LOGITS, INDICES, {"label_smoothing": np.nan}, r"label_smoothing is nan"),
    "a weight for each row": (
        LOGITS,
        INDICES,
        {"weight": [1.0, 1.0]},
        r"weight has shape \(2,\); expected \(3,\)",
    ),
    "a weight for all": (
        LOGITS,
        INDICES,
        {"weight": 2.0},
        r"weight has shape \(\); expected \(3,\), one .* each class",
    ),
    "a negative weight": (LOGITS, INDICES, {"weight": [1, -2.0, 1]}, r"weight holds -2 at position \(1,\)"),
    "a NaN weight": (LOGITS, INDICES, {"weight": [1, 1, np.nan]}, r"weight holds nan at position \(2,\)"),
    "an infinite weight": (
        LOGITS,
        HALVES,
        {"weight": [np.inf, 1, 1]},
        r"weight holds inf at position \(0,\)",
    ),
    "an index to ignore that is none": (
        LOGITS,
        INDICES,
        {"ignore_index": None},
        r"ignore_index is None; expected an int",
    ),
    "an index among probabilities": (
        LOGITS,
        HALVES,
        {"ignore_index": 0},
        r"ignore_index is 0, but class probabil",
    ),
}


@each
@pytest.mark.parametrize(("logits", "targets", "options", "message"), BAD.values(), ids=BAD)
def test_bad_input_of_cross_entropy_is_named(losses, logits, targets, options, message):
    with pytest.raises(ValueError, match=message):
        losses.cross_entropy(logits, targets, **options)


@pytest.mark.parametrize(("logits", "targets", "options", "message"), BAD.values(), ids=BAD)
def test_bad_input_of_the_gradient_is_named(logits, targets, options, message):
    with pytest.raises(ValueError, match=message):
        reference.cross_entropy_gradient(logits, targets, **options)


@each
@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
@pytest.mark.parametrize(
    ("logits", "message"),
    [
        (3.0, r"logits has shape \(\)"),
        (np.zeros((0, 0)), r"logits has shape \(0, 0\)"),
        ([0.0, np.nan], r"logits holds nan at position \(1,\)"),
        ([np.inf, 0.0], r"logits holds inf at position \(0,\)"),
    ],
)
def test_bad_input_of_softmax_is_named(losses, function, logits, message):
    with pytest.raises(ValueError, match=message):
        getattr(losses, function)(logits)


@each
@pytest.mark.parametrize(
    ("probabilities", "targets", "options", "message"),
    [
        ([0.5, 1.5], [0, 1], {}, r"probabilities holds 1\.5; expected probabilities between 0 and 1"),
        ([0.5, np.nan], [0, 1], {}, r"probabilities holds nan"),
        ([0.5, 0.5], [0, 2], {}, r"targets holds 2\.0; expected probabilities between 0 and 1"),
        ([0.5, 0.5], [0, -1], {}, r"targets holds -1\.0"),
        (
            [0.5, 0.5],
            [0],
            {},
            r"probabilities has shape \(2,\) and targets has shape \(1,\); expected the same",
        ),
        ([[0.5, 0.5]], [0, 1], {}, r"probabilities has shape \(1, 2\) and targets has shape \(2,\)"),
        ([0.5], [1], {"reduction": "average"}, r"reduction is 'average'"),
    ],
)
def test_bad_input_of_binary_cross_entropy_is_named(losses, probabilities, targets, options, message):
    with pytest.raises(ValueError, match=message):
        losses.binary_cross_entropy(probabilities, targets, **options)


@each
@pytest.mark.parametrize(
    ("logits", "targets", "options", "message"),
    [
        ([0.5, np.nan], [0, 1], {}, r"logits holds nan at position \(1,\)"),
        ([0.5, 0.5], [0, 1.5], {}, r"targets holds 1\.5; expected probabilities between 0 and 1"),
        (
            [0.5, 0.5],
            [[0, 1]],
            {},
            r"logits has shape \(2,\) and targets has shape \(1, 2\); expected the same",
        ),
        ([0.5], [1], {"reduction": "MEAN"}, r"reduction is 'MEAN'"),
    ],
)
def test_bad_input_of_binary_cross_entropy_with_logits_is_named(losses, logits, targets, options, message):
    with pytest.raises(ValueError, match=message):
        losses.binary_cross_entropy_with_logits(logits, targets, **options)


@pytest.mark.parametrize(
    ("targets", "label_smoothing", "message"),
    [
        ([0, 3], 0.1, r"targets holds 3 at position \(1,\); expected classes 0 to 2"),
        ([0, -100], 0.1, r"targets holds -100 at position \(1,\); expected classes 0 to 2$"),
        ([[0.5, 0.5]], 0.1, r"targets has shape \(1, 2\); expected \(\.\.\., 3\)"),
        ([0.3, 0.3, 0.3], 0.1, r"targets sums to 0\.9"),
        ([0, 1], 2, r"label_smoothing is 2"),
    ],
)
def test_bad_input_of_smooth_targets_is_named(targets, label_smoothing, message):
    with pytest.raises(ValueError, match=message):
        reference.smooth_targets(targets, 3, label_smoothing)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_soft_targets_may_be_off_by_the_rounding_of_their_dtype(dtype):
    logits = torch.randn(5, 1000, generator=torch.manual_seed(0))
    targets = (3 * logits).softmax(-1).to(dtype)
    assert pytorch.cross_entropy(logits, targets) > 0
    with pytest.raises(ValueError, match="targets sums to"):
        pytorch.cross_entropy(logits, targets * 0.97)

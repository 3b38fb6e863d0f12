"""Situations that suites for the same functions put their losses in, each held by all three of ours.

They are those of PyTorch's own tests (`test/test_nn.py`: class indices and probabilities, unit weights, no
batch axis, smoothing with weights and ignored indices, total weight of zero, empty and mismatched batches)
and of Keras's (`keras/src/losses/losses_test.py`: confident and right, ignored classes, spare axes).
"""

import inspect

import numpy as np
import pytest
import torch
from strategies import IMPLEMENTATIONS, Problem, array, assert_close, torch_cross_entropy

from helpers.losses import pytorch, reference

each = pytest.mark.parametrize("losses", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
rng = np.random.default_rng(0)


def some(*batch, num_classes=4):
    """Logits, class indices and class probabilities of one batch shape."""
    logits = rng.normal(size=(*batch, num_classes))
    return logits, rng.integers(0, num_classes, batch), reference.softmax(rng.normal(size=logits.shape))


def against_torch(losses, logits, targets, **options):
    problem = Problem(np.asarray(logits, dtype=np.float64), np.asarray(targets), options)
    ours = losses.cross_entropy(problem.logits, problem.targets, **options)
    assert_close(ours, torch_cross_entropy(torch.tensor(problem.logits), problem))
    return array(ours)


@each
@pytest.mark.parametrize("dimensions", range(5))
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_class_probabilities_with_any_number_of_further_dimensions(losses, dimensions, reduction, weighted):
    logits, indices, probabilities = some(3, *(2,) * dimensions)
    options = {"reduction": reduction} | ({"weight": np.array([0.2, 1.0, 0.0, 3.0])} if weighted else {})
    against_torch(losses, logits, probabilities, **options)
    against_torch(losses, logits, indices, **options)


@each
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_unit_weights_change_nothing(losses, reduction):
    logits, indices, probabilities = some(3, 2)
    for targets in (indices, probabilities):
        with_ones = losses.cross_entropy(logits, targets, weight=np.ones(4), reduction=reduction)
        assert_close(with_ones, losses.cross_entropy(logits, targets, reduction=reduction))


@each
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.15])
@pytest.mark.parametrize("weighted", [False, True])
def test_no_batch_dimension_is_a_batch_of_one(losses, reduction, label_smoothing, weighted):
    logits, indices, probabilities = some()
    options = {"reduction": reduction, "label_smoothing": label_smoothing}
    if weighted:
        options["weight"] = rng.random(4) + 0.1
    for targets in (indices, probabilities):
        single = against_torch(losses, logits, targets, **options)
        batch = losses.cross_entropy(logits[None], targets[None], **options)
        assert_close(single, array(batch).reshape(()))
        assert single.shape == ()


@each
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_one_hot_probabilities_are_class_indices(losses, reduction, label_smoothing):
    logits, indices, _ = some(3, 2)
    options = {"reduction": reduction, "label_smoothing": label_smoothing}
    one_hot = losses.cross_entropy(logits, np.eye(4)[indices], **options)
    assert_close(one_hot, losses.cross_entropy(logits, indices, **options))


@each
def test_with_weights_one_hot_and_index_means_differ_by_what_they_divide_by(losses):
    logits, indices, _ = some(6)
    weight = np.array([0.2, 1.0, 2.0, 3.0])
    by_index = losses.cross_entropy(logits, indices, weight=weight)
    by_row = losses.cross_entropy(logits, np.eye(4)[indices], weight=weight)
    assert_close(array(by_index) * weight[indices].sum(), array(by_row) * 6)


@each
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weight", [None, np.array([0.3, 0.6, 0.0, 2.0])])
def test_ignored_rows_are_as_if_they_were_not_there(losses, reduction, label_smoothing, weight):
    logits, indices, _ = some(5)
    indices[[1, 3]] = -100
    kept = indices != -100
    options = {"reduction": reduction, "label_smoothing": label_smoothing, "weight": weight}
    assert_close(
        losses.cross_entropy(logits, indices, **options),
        losses.cross_entropy(logits[kept], indices[kept], **options),
    )


@each
@pytest.mark.parametrize("ignore_index", [-100, -1, 2, 255])
def test_any_index_may_be_the_ignored_one(losses, ignore_index):
    logits, indices, _ = some(8)
    indices[::3] = ignore_index
    loss = against_torch(losses, logits, indices, ignore_index=ignore_index, reduction="none")
    assert (loss[::3] == 0).all()


@each
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
@pytest.mark.parametrize("targets", [[-100, -100, -100], [1, 1, 1]], ids=["all ignored", "all of weight 0"])
def test_without_any_weight_the_mean_is_nan_the_sum_0(losses, targets, label_smoothing):
    logits, _, _ = some(3)
    options = {"weight": np.array([1.0, 0.0, 2.0, 1.0]), "label_smoothing": label_smoothing}
    assert np.isnan(against_torch(losses, logits, targets, **options))
    against_torch(losses, logits, targets, reduction="sum", **options)
    against_torch(losses, logits, targets, reduction="none", **options)


@each
@pytest.mark.parametrize("batch", [(0,), (2, 0), (0, 3, 0)])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_an_empty_batch_has_no_mean_a_sum_of_0_and_no_losses(losses, batch, label_smoothing):
    logits, indices, probabilities = some(*batch)
    for targets in (indices, probabilities):
        assert np.isnan(against_torch(losses, logits, targets, label_smoothing=label_smoothing))
        for reduction in ("sum", "none"):
            against_torch(losses, logits, targets, label_smoothing=label_smoothing, reduction=reduction)


@each
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_smoothing_by_hand_is_smoothing_by_argument(losses, reduction):
    logits, _, probabilities = some(4, 2)
    weight = np.array([0.2, 1.0, 0.0, 3.0])
    by_hand = losses.cross_entropy(logits, 0.9 * probabilities + 0.1 / 4, weight=weight, reduction=reduction)
    by_argument = losses.cross_entropy(
        logits, probabilities, weight=weight, label_smoothing=0.1, reduction=reduction
    )
    assert_close(by_hand, by_argument)


@each
def test_full_smoothing_forgets_the_targets(losses):
    logits, indices, probabilities = some(3)
    by_index = losses.cross_entropy(logits, indices, label_smoothing=1.0)
    assert_close(by_index, losses.cross_entropy(logits, probabilities, label_smoothing=1.0))


@each
@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64]
)
def test_class_indices_may_have_any_integer_dtype(losses, dtype):
    logits, indices, _ = some(5)
    as_dtype = losses.cross_entropy(logits, indices.astype(dtype), reduction="none")
    assert_close(as_dtype, losses.cross_entropy(logits, indices, reduction="none"))


@each
def test_a_byte_that_would_wrap_to_the_ignored_index_is_a_target(losses):
    logits, _, _ = some(1, num_classes=200)
    target = np.array([156], dtype=np.uint8)  # −100 in eight bits
    assert_close(losses.cross_entropy(logits, target), losses.cross_entropy(logits, target.astype(int)))
    assert array(losses.cross_entropy(logits, target)) > 0


@each
def test_a_vocabulary_of_one_costs_nothing(losses):
    assert_close(losses.cross_entropy(np.array([[3.0], [-2.0]]), [0, 0]), 0.0)


@each
def test_equal_logits_cost_the_logarithm_of_the_number_of_classes(losses):
    assert_close(losses.cross_entropy(np.full((2, 50), 7.0), [0, 49]), np.log(50))


@each
def test_confident_logits_lose_nothing_or_their_whole_gap(losses):
    logits = 1e4 * (2 * np.eye(3) - 1)  # ±10000
    assert_close(losses.cross_entropy(logits, [0, 1, 2]), 0.0)
    assert_close(losses.cross_entropy(logits, [1, 2, 0], reduction="none"), [2e4, 2e4, 2e4])


@each
def test_a_smoothed_confident_row_pays_for_the_other_classes(losses):
    assert_close(
        losses.cross_entropy([[100.0, -100.0, -100.0]], [0], label_smoothing=0.1), 400 * 0.1 / 3, 1e-6
    )


@each
def test_float32_with_large_logits_keeps_its_digits(losses):
    # Near 10000 neighbouring float32 numbers lie 0.001 apart: log Σ exp must be taken after the shift.
    logits = np.array([[10_000.0, 10_001.0]], dtype=np.float32)
    assert_close(losses.cross_entropy(logits, [0]), np.log1p(np.e), rtol=1e-6)


@each
def test_many_classes_and_rows_in_float32_agree_with_float64(losses):
    logits = rng.normal(scale=5, size=(64, 3, 500)).astype(np.float32)
    targets = rng.integers(0, 500, (64, 3))
    exact = reference.cross_entropy(logits.astype(np.float64), targets)
    assert_close(losses.cross_entropy(logits, targets), exact, rtol=1e-5)


@each
def test_lists_of_numbers_are_enough(losses):
    # the two worked examples: 0.4170 nats from logits, 0.0101 from probabilities
    assert f"{float(losses.cross_entropy([2, 1, 0.1], 0)):.4f}" == "0.4170"
    assert f"{float(losses.binary_cross_entropy([0.99, 0.01], [1, 0])):.4f}" == "0.0101"


@each
def test_arguments_are_left_as_they_came(losses):
    logits, indices, probabilities = some(3)
    indices[0] = -100
    before = [x.copy() for x in (logits, indices, probabilities)]
    losses.cross_entropy(logits, indices, label_smoothing=0.1)
    losses.cross_entropy(logits, probabilities, weight=np.ones(4))
    for x, copy in zip((logits, indices, probabilities), before, strict=True):
        assert_close(x, copy, rtol=0, atol=0)


def test_the_class_axis_may_be_a_view():
    logits, indices, _ = some(3, 2)
    moved = torch.tensor(logits).movedim(-1, 1).movedim(1, -1)
    assert_close(
        pytorch.cross_entropy(moved, torch.tensor(indices)), reference.cross_entropy(logits, indices)
    )


def test_all_options_have_the_same_names_and_defaults_three_times():
    names = [
        "softmax",
        "log_softmax",
        "cross_entropy",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
    ]
    for name in names:
        signatures = {
            str(inspect.signature(getattr(losses, name)).replace(return_annotation=inspect.Signature.empty))
            for losses in IMPLEMENTATIONS.values()
        }
        assert len(signatures) == 1, name

"""The value of each loss, against the frameworks' own functions, SciPy and identities."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import special
from strategies import (
    IMPLEMENTATIONS,
    array,
    assert_close,
    batch_shapes,
    distribution_arrays,
    logit_arrays,
    modest,
    problems,
    smoothings,
    torch_cross_entropy,
)

from helpers import information
from helpers.losses import reference

each = pytest.mark.parametrize("losses", IMPLEMENTATIONS.values(), ids=IMPLEMENTATIONS)
rows_of_logits = batch_shapes.flatmap(lambda shape: logit_arrays((*shape, 4), masks=True))


@each
@modest
@given(problem=problems())
def test_cross_entropy_equals_torch_in_every_combination(losses, problem):
    ours = losses.cross_entropy(problem.logits, problem.targets, **problem.options)
    assert_close(ours, torch_cross_entropy(torch.tensor(problem.logits), problem))


@each
@modest
@given(problem=problems(masks=True))
def test_cross_entropy_equals_torch_where_classes_are_masked(losses, problem):
    ours = losses.cross_entropy(problem.logits, problem.targets, **problem.options)
    assert_close(ours, torch_cross_entropy(torch.tensor(problem.logits), problem))


@each
@modest
@given(logits=rows_of_logits)
def test_softmax_and_log_softmax_equal_scipy(losses, logits):
    assert_close(losses.softmax(logits), special.softmax(logits, axis=-1))
    assert_close(losses.log_softmax(logits), special.log_softmax(logits, axis=-1))


@each
@modest
@given(logits=rows_of_logits, shift=st.floats(-100, 100))
def test_a_shift_of_all_logits_changes_nothing(losses, logits, shift):
    assert_close(losses.softmax(logits + shift), losses.softmax(logits), atol=1e-9)


@each
@modest
@given(data=st.data(), shape=batch_shapes)
def test_the_loss_is_the_cross_entropy_of_target_and_forecast(losses, data, shape):
    logits, q = data.draw(logit_arrays((*shape, 4), masks=True)), data.draw(distribution_arrays((*shape, 4)))
    logits = np.where(
        np.abs(logits) > 100, 0, logits
    )  # information.cross_entropy sees softmax, which underflows
    logits = np.where(data.draw(st.booleans()) & (np.arange(4) == 3), -np.inf, logits)
    expected = information.cross_entropy(q, reference.softmax(logits))
    assert_close(losses.cross_entropy(logits, q, reduction="none"), expected)


@each
@modest
@given(data=st.data(), shape=batch_shapes)
def test_a_class_masked_with_target_0_is_as_if_it_were_not_there(losses, data, shape):
    logits, q = data.draw(logit_arrays((*shape, 3))), data.draw(distribution_arrays((*shape, 3)))
    weight = np.array([1.0, 0.5, 2.0])
    with_mask = np.insert(logits, 1, -np.inf, axis=-1)
    with_zero = np.insert(q, 1, 0.0, axis=-1)
    assert_close(
        losses.cross_entropy(with_mask, with_zero, weight=np.insert(weight, 1, 7.0)),
        losses.cross_entropy(logits, q, weight=weight),
    )


@each
def test_a_masked_class_of_weight_0_costs_nothing_where_torch_says_nan(losses):
    logits, weight = np.array([[0.0, -np.inf, 1.0]]), np.array([1.0, 0.0, 1.0])
    smoothed = losses.cross_entropy(logits, [0], weight=weight, label_smoothing=0.3)
    log_p = special.log_softmax([0.0, 1.0])
    assert_close(smoothed, -0.7 * log_p[0] - 0.1 * log_p.sum(), rtol=1e-6)
    oracle = torch.nn.functional.cross_entropy(
        torch.tensor(logits), torch.tensor([0]), weight=torch.tensor(weight), label_smoothing=0.3
    )
    assert oracle.isnan()


@each
@modest
@given(logits=rows_of_logits, label_smoothing=smoothings, data=st.data())
def test_label_smoothing_is_a_change_of_the_targets(losses, logits, label_smoothing, data):
    targets = data.draw(st.integers(0, 3)) * np.ones(logits.shape[:-1], dtype=int)
    assert_close(
        losses.cross_entropy(logits, targets, label_smoothing=label_smoothing),
        losses.cross_entropy(logits, reference.smooth_targets(targets, 4, label_smoothing)),
    )


def test_smoothed_targets_have_the_usual_form():
    # 1 − ε + ε/K on the class that came, ε/K on each other
    assert_close(reference.smooth_targets(0, 3, 0.1), [1 - 0.1 + 0.1 / 3, 0.1 / 3, 0.1 / 3])
    assert_close(reference.smooth_targets([2, 0], 3, 0.0), np.eye(3)[[2, 0]])
    assert_close(reference.smooth_targets([0.5, 0.5, 0.0], 3, 1.0), np.full(3, 1 / 3))


@modest
@given(
    targets=batch_shapes.flatmap(lambda shape: distribution_arrays((*shape, 4))), label_smoothing=smoothings
)
def test_smoothed_targets_are_distributions(targets, label_smoothing):
    assert_close(
        reference.smooth_targets(targets, 4, label_smoothing).sum(axis=-1), np.ones(targets.shape[:-1])
    )


def test_one_hot_encoding_does_not_build_a_table_of_all_classes():
    # A K × K identity of a real vocabulary would be 20 GB.
    assert reference.smooth_targets([50_256], 50_257, 0.0).shape == (1, 50_257)


@each
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_a_perfect_forecast_costs_0_without_a_sign(losses, reduction):
    for loss in (
        losses.cross_entropy([1000.0, 0.0], 0, reduction=reduction),
        losses.cross_entropy([1000.0, 0.0], [1.0, 0.0], reduction=reduction),
        losses.binary_cross_entropy([1.0, 0.0], [1, 0], reduction=reduction),
        losses.binary_cross_entropy_with_logits([np.inf, -np.inf], [1, 0], reduction=reduction),
    ):
        assert (array(loss) == 0).all()
        assert not np.signbit(array(loss)).any()


@each
def test_a_row_with_every_class_masked_has_no_distribution(losses):
    logits = np.array([[-np.inf, -np.inf], [0.0, 0.0]])
    assert np.isnan(array(losses.softmax(logits))[0]).all()
    assert np.isnan(array(losses.cross_entropy(logits, [0, 0])))
    assert_close(losses.cross_entropy(logits, [-100, 0]), np.log(2))  # but it may be padding

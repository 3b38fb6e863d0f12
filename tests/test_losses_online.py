"""What is remembered of some logits, and how two memories become one: against all the logits at once."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from helpers.losses.linear import MARGIN, OnlineLogSumExp
from helpers.losses.online import log_sum_exp, merge, state_of

LOGITS = st.lists(st.floats(-1e3, 1e3) | st.just(-np.inf), min_size=1, max_size=12)


def same(one, other):
    np.testing.assert_allclose(one.largest, other.largest)
    np.testing.assert_allclose(one.total, other.total)


@given(LOGITS)
def test_a_state_tells_log_sum_exp(logits):
    np.testing.assert_allclose(log_sum_exp(state_of(logits)), logsumexp(logits), atol=1e-12)


@given(LOGITS, LOGITS)
def test_two_states_are_merged_into_that_of_all(one, other):
    """id-merge."""
    merged = merge(state_of(one), state_of(other))
    same(merged, state_of(one + other))
    same(merged, merge(state_of(other), state_of(one)))


@given(LOGITS, LOGITS, LOGITS)
def test_states_may_be_merged_in_any_grouping(a, b, c):
    first, second, third = map(state_of, (a, b, c))
    same(merge(merge(first, second), third), merge(first, merge(second, third)))


def test_a_state_is_one_of_each_token_and_that_of_pytorch_tile_by_tile():
    z = np.random.default_rng(0).normal(scale=9, size=(3, 4, 10))
    assert state_of(z).largest.shape == state_of(z).total.shape == (3, 4)
    rows = torch.from_numpy(z.reshape(12, 10))
    seen = OnlineLogSumExp(rows.new_zeros(12, 1))
    state = state_of(z.reshape(12, 10)[:, :4])
    for start, stop in ((0, 4), (4, 8), (8, 10)):
        tile = rows[:, start:stop]
        if start:
            state = merge(state, state_of(tile.numpy()))
        seen.see(tile.clone())
        np.testing.assert_allclose(seen.value.squeeze(1), log_sum_exp(state))


def test_a_reference_moves_for_what_is_far_above_it_alone():
    seen = OnlineLogSumExp(torch.zeros(2, 1))
    so_far = torch.empty(2, 0)

    def shrink(*tile):
        nonlocal so_far
        tile = torch.tensor(tile, dtype=torch.float32)
        so_far = torch.cat([so_far, tile], dim=1)
        shrink = seen.see(tile.clone())
        torch.testing.assert_close(seen.value.squeeze(1), so_far.logsumexp(1))
        return None if shrink is None else shrink.flatten().tolist()

    assert shrink([-math.inf, -math.inf], [1.0, 2.0]) == [1, 0]  # nothing is no reference
    assert shrink([-200.0, -300.0], [2.0 + MARGIN, -5.0]) == [0, 1]
    assert shrink([-200.0 + MARGIN, -math.inf], [2.0 + MARGIN, 0.0]) is None
    assert seen.reference.flatten().tolist() == [-200, 2]
    assert shrink([0.0, 5.0], [3.0 + MARGIN, 4.0]) == pytest.approx([0, math.exp(-MARGIN - 1)])
    assert shrink([1e4, 5.0], [1e38, 4.0]) == [0, 0]


def test_classes_that_are_all_masked_out_are_no_nan():
    nothing = state_of([-np.inf, -np.inf])
    assert (nothing.largest, nothing.total) == (-np.inf, 0)
    assert log_sum_exp(nothing) == -np.inf
    same(merge(nothing, state_of([1.0, 2.0])), state_of([1.0, 2.0]))
    same(merge(nothing, nothing), nothing)


def test_huge_logits_do_not_overflow():
    assert log_sum_exp(merge(state_of([1e300]), state_of([-1e300, 3.0]))) == 1e300


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="logits holds nan at position"):
        state_of([0.0, np.nan])
    with pytest.raises(ValueError, match=r"states of shapes \(2,\) and \(3,\); expected states of the same"):
        merge(state_of(np.zeros((2, 4))), state_of(np.zeros((3, 4))))

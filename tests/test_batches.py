"""helpers.batches: the targets are the inputs shifted by one, and every prediction is counted once."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from helpers.batches import IGNORE_INDEX, consecutive_windows, padded_batch, random_windows

modest = settings(max_examples=60, deadline=None)
TEXT = np.arange(20)  # each token is its own place


# ---- random windows --------------------------------------------------------------------------------------


def test_targets_are_inputs_shifted_by_one():
    inputs, targets = random_windows(TEXT, 8, 5, np.random.default_rng(0))
    assert inputs.shape == targets.shape == (8, 5)
    assert inputs.dtype == targets.dtype == np.int64
    assert_array_equal(targets, inputs + 1)
    assert_array_equal(inputs, inputs[:, :1] + np.arange(5))


def test_every_start_is_drawn_and_equally_often():
    inputs, targets = random_windows(TEXT, 30_000, 15, np.random.default_rng(0))
    counts = np.bincount(inputs[:, 0])
    assert counts.size == 5  # 0 … 4: with 15 predictions, the window from 4 ends in the last token
    assert np.abs(counts / 30_000 - 1 / 5).max() < 0.01
    assert targets.max() == 19


def test_the_same_generator_draws_the_same_windows():
    one, two = (random_windows(TEXT, 4, 3, np.random.default_rng(7))[0] for _ in range(2))
    assert_array_equal(one, two)
    assert (one != random_windows(TEXT, 4, 3, np.random.default_rng(8))[0]).any()


# ---- consecutive windows ---------------------------------------------------------------------------------


@modest
@given(n=st.integers(2, 60), batch_size=st.integers(1, 9), length=st.integers(1, 30))
def test_each_token_but_the_first_is_predicted_once_from_the_one_before(n, batch_size, length):
    windows = list(consecutive_windows(np.arange(n), batch_size, length))
    assert len({inputs.shape for inputs, _ in windows}) == 1
    inputs, targets = (np.concatenate(side, axis=1) for side in zip(*windows, strict=True))
    kept = targets != IGNORE_INDEX
    assert_array_equal(targets[kept], np.arange(1, n))  # row after row, they are the text
    assert_array_equal(inputs[kept], np.arange(n - 1))
    assert inputs.shape[0] <= batch_size
    assert (inputs[~kept] == 0).all()


def test_no_column_is_all_filling_until_the_rows_are_full():
    # 19 predictions in 4 rows are 5, 5, 5, 4; two batches of 3 columns hold them.
    windows = list(consecutive_windows(TEXT, 4, 3))
    assert [inputs.shape for inputs, _ in windows] == [(4, 3), (4, 3)]
    assert_array_equal(windows[1][1][:, :2], [[4, 5], [9, 10], [14, 15], [19, IGNORE_INDEX]])


# ---- padded batch ----------------------------------------------------------------------------------------


def test_lines_of_different_length_are_filled_up_at_their_end():
    inputs, targets = padded_batch([[7, 8, 9, 5], np.array([3, 4])])
    assert_array_equal(inputs, [[7, 8, 9], [3, 0, 0]])
    assert_array_equal(targets, [[8, 9, 5], [4, -100, -100]])
    assert inputs.dtype == targets.dtype == np.int64


@modest
@given(st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=8), min_size=1, max_size=6))
def test_what_is_not_filling_is_the_texts(sequences):
    inputs, targets = padded_batch(sequences, ignore_index=-1)
    assert inputs.shape[1] == max(map(len, sequences)) - 1
    for row, sequence in enumerate(sequences):
        kept = targets[row] != -1
        assert [*inputs[row, kept], sequence[-1]] == sequence
        assert [sequence[0], *targets[row, kept]] == sequence


# ---- bad input -------------------------------------------------------------------------------------------


def windows_of(tokens=TEXT, batch_size=2, length=3):
    return random_windows(tokens, batch_size, length, np.random.default_rng(0))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: windows_of(length=20),
            "tokens has 20 tokens for windows of length 20; expected at least 21",
        ),
        (lambda: windows_of(TEXT[None]), r"tokens has shape \(1, 20\); expected one sequence"),
        (lambda: windows_of(TEXT / 2), "tokens has dtype float64; expected integer"),
        (lambda: windows_of(length=0), "length is 0; expected a whole number, 1 or more"),
        (lambda: windows_of(batch_size=2.0), "batch_size is 2.0; expected a whole number"),
        (lambda: windows_of(batch_size=True), "batch_size is True; expected a whole number"),
        (lambda: next(consecutive_windows([5], 1, 1)), r"tokens has shape \(1,\); expected at least 2"),
        (lambda: next(consecutive_windows(TEXT, 0, 1)), "batch_size is 0"),
        (lambda: next(consecutive_windows(TEXT, 1, -1)), "length is -1"),
        (lambda: padded_batch([]), "sequences is empty"),
        (lambda: padded_batch([[1, 2], [3]]), r"sequences\[1\] has shape \(1,\); expected at least 2 tokens"),
        (lambda: padded_batch([[1, 2], []]), r"sequences\[1\] has shape \(0,\); expected at least 2 tokens"),
        (lambda: padded_batch([[1, -100]]), r"sequences\[0\] holds -100, which is ignore_index"),
        (lambda: padded_batch([[1, 2], [0, 1]], ignore_index=0), r"sequences\[1\] holds 0, which is ignore"),
        (lambda: padded_batch([[1.0, 2.0]]), r"sequences\[0\] has dtype float64"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

"""Batches for next-token prediction: the targets are the inputs, shifted by one. NumPy alone.

Position t of the inputs holds token t of a text, and position t of the targets the token that follows it. So
a text of n tokens has n − 1 positions to predict: nothing follows the last, and nothing comes before the
first.
"""

from collections.abc import Iterator, Sequence

import numpy as np

import helpers.validation as check

IGNORE_INDEX = -100  # the target that PyTorch's loss, and the book's, leaves out


def random_windows(
    tokens, batch_size: int, length: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Windows of a long text that start at random places: what a training step is made of.

    Args:
        tokens: the text as integers, shape (N,), with N above `length`.
        batch_size: B, the number of windows; they may overlap.
        length: T, the number of predictions in each.
        rng: draws the places, each with the same probability.

    Returns:
        inputs and targets, both (B, T), int64.

    Raises:
        ValueError: the text is too short or no sequence of integers, or a size is no positive whole number.
    """
    tokens = _sequence("tokens", tokens)
    check.whole_number("batch_size", batch_size)
    check.whole_number("length", length)
    if tokens.size <= length:
        raise ValueError(
            f"tokens has {tokens.size} tokens for windows of length {length}; expected at least {length + 1}"
        )
    starts = rng.integers(tokens.size - length, size=batch_size)
    windows = tokens[starts[:, None] + np.arange(length + 1)].astype(np.int64)  # (B, T + 1)
    return windows[:, :-1], windows[:, 1:]


def consecutive_windows(
    tokens, batch_size: int, length: int, ignore_index: int = IGNORE_INDEX
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """A whole text, each of its n − 1 predictions once: what an evaluation is made of.

    The text is cut into B rows, one below the other, and the rows are read side by side, T positions at a
    time. A model that keeps its state from one batch to the next reads each row in one piece; only where a
    row begins does it start without a past.

    Args:
        tokens: the text as integers, shape (N,), with N at least 2.
        batch_size: B, the number of rows; fewer, if there are fewer predictions.
        length: T, the number of positions in a batch; fewer, if the rows are shorter.
        ignore_index: the target of the positions that fill up the ends; their input is 0.

    Yields:
        inputs and targets, both (B, T), int64; all batches have the same shape.

    Raises:
        ValueError: the text is too short or no sequence of integers, or a size is no positive whole number.
    """
    tokens = _sequence("tokens", tokens)
    check.whole_number("batch_size", batch_size)
    check.whole_number("length", length)
    if tokens.size < 2:
        raise ValueError(f"tokens has shape {tokens.shape}; expected at least 2, one to predict from another")
    n = tokens.size - 1
    rows = min(batch_size, n)
    row_length = -(-n // rows)  # n / rows, rounded up
    length = min(length, row_length)
    columns = -(-row_length // length) * length

    def table(values, fill):
        values = np.pad(values, (0, rows * row_length - n), constant_values=fill).reshape(rows, row_length)
        return np.pad(values, ((0, 0), (0, columns - row_length)), constant_values=fill)

    inputs, targets = table(tokens[:-1], 0), table(tokens[1:], ignore_index)  # (B, columns)
    for start in range(0, columns, length):
        yield inputs[:, start : start + length], targets[:, start : start + length]


def padded_batch(sequences: Sequence, ignore_index: int = IGNORE_INDEX) -> tuple[np.ndarray, np.ndarray]:
    """Texts of different lengths as one batch, the short ones filled up at their end.

    The filling has input 0 and target `ignore_index`. Any input would do: a model that reads from left to
    right has made all predictions that count before it comes to the filling.

    Args:
        sequences: B texts, each of them integers of shape (n,) with n at least 2.
        ignore_index: the target that the loss leaves out; no token may have this number.

    Returns:
        inputs and targets, both (B, T), int64, where T is one less than the longest n.

    Raises:
        ValueError: there are no texts, one has nothing to predict, holds something else than integers, or
            holds `ignore_index` itself.
    """
    sequences = [_sequence(f"sequences[{i}]", sequence) for i, sequence in enumerate(sequences)]
    if not sequences:
        raise ValueError("sequences is empty; expected at least one sequence of tokens")
    for i, sequence in enumerate(sequences):
        if sequence.size < 2:
            raise ValueError(
                f"sequences[{i}] has shape {sequence.shape}; expected at least 2 tokens, "
                "one to predict from another"
            )
        if (sequence == ignore_index).any():
            raise ValueError(
                f"sequences[{i}] holds {ignore_index}, which is ignore_index; "
                "expected a number that no token has"
            )
    shape = len(sequences), max(sequence.size for sequence in sequences) - 1
    inputs, targets = np.zeros(shape, np.int64), np.full(shape, ignore_index, np.int64)
    for row, sequence in enumerate(sequences):
        inputs[row, : sequence.size - 1] = sequence[:-1]
        targets[row, : sequence.size - 1] = sequence[1:]
    return inputs, targets


def _sequence(name: str, values) -> np.ndarray:
    """`values` as one sequence of integers, shape (n,). Their range is checked by who knows V."""
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one sequence, (n,)")
    if array.size:
        check.index_dtype(name, array.dtype, integer=array.dtype.kind in "iu")
    return array

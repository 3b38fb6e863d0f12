r"""Log Σ exp in nats of logits that come in parts: what is remembered, and how two memories become one.

Of any set of logits two numbers are enough, its largest and the sum of the exponentials below it
(Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"). Here they are in NumPy;
:class:`helpers.losses.linear.OnlineLogSumExp` takes in one tile after the other likewise, in PyTorch.
"""

from typing import NamedTuple

import numpy as np

import helpers.validation as check


class State(NamedTuple):
    """What is remembered of some logits, to tell their log Σ exp in nats; the classes are gone."""

    largest: np.ndarray  # m, shape (...)
    total: np.ndarray  # s = Σ exp(z − m), shape (...)


def state_of(logits) -> State:
    """Give the largest logit, and the sum of exp(logit − largest), from which log Σ exp follows in nats.

    Implements :eq:`eq-online-state`.

    Args:
        logits: shape (..., V); −inf is a class that is masked out.

    Returns:
        Two arrays of shape (...). Where all is masked out they are −inf and 0.

    Raises:
        ValueError: not real numbers, no axis, an empty last axis, NaN or +inf.
    """
    z = check.logits("logits", logits)
    largest = z.max(axis=-1)
    return State(largest, np.exp(z - _finite(largest)[..., None]).sum(axis=-1))


def merge(one: State, other: State) -> State:
    """Give the state of two sets of logits together, from that of each; log Σ exp in nats follows from it.

    It is :eq:`id-merge`: the sum below the smaller of the two largest is scaled down. The order does not
    matter.

    Raises:
        ValueError: shapes that do not broadcast.
    """
    (m, s), (n, t) = one, other
    try:
        largest = np.maximum(m, n)
    except ValueError as error:
        raise ValueError(
            f"states of shapes {np.shape(m)} and {np.shape(n)}; expected states of the same tokens"
        ) from error
    at = _finite(largest)
    return State(largest, np.exp(m - at) * s + np.exp(n - at) * t)


def log_sum_exp(state: State) -> np.ndarray:
    """Log Σ exp of all that a state has seen, in nats, shape (...): m + log s."""
    with np.errstate(divide="ignore"):  # log 0 is −inf, and right where all is masked out
        return state.largest + np.log(state.total)


def _finite(largest):
    """Put 0 where all logits are −inf: −inf less itself would be NaN."""
    return np.where(np.isfinite(largest), largest, 0.0)

"""The checks that turn bad input into a sentence: what came, and what was expected. NumPy alone."""

import numpy as np

SUM_TOLERANCE = 1e-6  # probabilities written down with seven digits still count as a distribution


def probabilities(name: str, values) -> np.ndarray:
    """`values` as float64, each of them in [0, 1]; any shape.

    Raises:
        ValueError: a value is NaN or outside [0, 1]; the message names it.
    """
    array = np.asarray(values, dtype=np.float64)
    bad = ~((array >= 0) & (array <= 1))  # written so that NaN counts as bad
    if bad.any():
        raise ValueError(f"{name} holds {array[bad].flat[0]:g}; expected probabilities between 0 and 1")
    return array


def distribution(name: str, values) -> np.ndarray:
    """`values` as float64 distributions over the last axis, shape (..., K).

    Raises:
        ValueError: no axis, an empty last axis, a value outside [0, 1], or a row whose sum is not 1.
    """
    array = probabilities(name, values)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} has shape {array.shape}; expected (..., K) with K at least 1")
    sums = array.sum(axis=-1)
    off = np.abs(sums - 1) > SUM_TOLERANCE
    if off.any():
        raise ValueError(f"{name} sums to {sums[off].flat[0]:.6g} over its last axis; expected 1")
    return array


def distributions(p, q) -> tuple[np.ndarray, np.ndarray]:
    """Two distributions over the same K outcomes; their leading axes must broadcast.

    Raises:
        ValueError: either is no distribution, or the shapes do not go together.
    """
    p, q = distribution("p", p), distribution("q", q)
    try:
        np.broadcast_shapes(p.shape, q.shape)
    except ValueError:
        matching = False
    else:
        matching = p.shape[-1] == q.shape[-1]
    if not matching:
        raise ValueError(f"p has shape {p.shape} and q has shape {q.shape}; expected the same K outcomes")
    return p, q

"""Softmax and its loss in a float format: as the formula is typed, and with the largest logit subtracted.

The logits are rounded once, when they are stored. From then on each operation is computed in float64 and its
result rounded to the format: every difference, exponential, quotient and logarithm, and the sum after each
term that it takes in. A sum that a library keeps in a wider format would overflow later, and the exponentials
as early as here.
"""

from dataclasses import dataclass

import numpy as np

from helpers.widgets.float_formats import FloatFormat


@dataclass(frozen=True)
class RoundedSoftmax:
    """What one way to compute a softmax gives, step by step.

    Args:
        logits: as stored, shape (K,).
        exponents: what exp is taken of: the logits, or the logits minus the largest.
        exps: exp of them; inf where it overflows, 0 where it underflows.
        total: the sum of `exps`.
        probabilities: `exps` over `total`.
        loss: cross-entropy of the target, in nats; inf or NaN where the computation is.
        verdict: "fine", or what went wrong, in words.
    """

    logits: np.ndarray
    exponents: np.ndarray
    exps: np.ndarray
    total: float
    probabilities: np.ndarray
    loss: float
    verdict: str


def naive(logits, target: int, dtype: FloatFormat) -> RoundedSoftmax:
    """Softmax exp(z) / Σ exp(z) as it is typed, and −log of the target's share, in nats.

    Args:
        logits: z, shape (K,).
        target: index of the class that came.
        dtype: the format in which all of it is computed.
    """
    logits = dtype.round(logits)
    exps, total, shares = _softmax(logits, dtype)
    with np.errstate(divide="ignore"):
        loss = float(0.0 - dtype.round(np.log(shares[target])))
    return RoundedSoftmax(
        logits, logits, exps, total, shares, loss, _verdict(exps, total, shares, target, dtype)
    )


def stable(logits, target: int, dtype: FloatFormat) -> RoundedSoftmax:
    """Softmax with the largest logit m subtracted, and loss log Σ exp(z − m) − (z − m), in nats.

    Args:
        logits: z, shape (K,).
        target: index of the class that came.
        dtype: the format in which all of it is computed.
    """
    logits = dtype.round(logits)
    exponents = dtype.round(logits - logits.max())
    exps, total, shares = _softmax(exponents, dtype)
    loss = float(dtype.round(dtype.round(np.log(total)) - exponents[target]))
    return RoundedSoftmax(logits, exponents, exps, total, shares, loss, "fine")


def _softmax(exponents: np.ndarray, dtype: FloatFormat):
    """The exponentials, their sum, and the shares."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        exps = dtype.round(np.exp(exponents))
        total = 0.0
        for one in exps:
            total = float(dtype.round(total + one))
        return exps, total, dtype.round(exps / total)


def _verdict(exps, total: float, shares, target: int, dtype: FloatFormat) -> str:
    """What became of the target's share: what could not be computed, digits lost in subnormals, or "fine"."""
    if np.isinf(exps[target]):
        return "overflow: ∞/∞"
    if np.isinf(total):
        return "overflow: divided by ∞"
    if total == 0:
        return "underflow: 0/0"
    if shares[target] == 0:
        return "underflow: log 0"
    normal = min(exps[target], shares[target]) >= 2.0**dtype.least_exponent
    return "fine" if normal else "underflow: digits lost"

"""Information measures of discrete distributions: NumPy, float64, in nats.

Distributions `p`, `q` are arrays of shape (..., K) whose last axis sums to 1; leading axes broadcast. An
outcome with probability 0 contributes nothing where it cannot happen (0 · log 0 = 0, the limit), and an
infinite amount where it can.

Sources: Shannon (1948) for entropy, Kullback and Leibler (1951) for the divergence, Lin (1991) for the
Jensen-Shannon divergence. Cover and Thomas (2006), chapter 2, has them all.
"""

import numpy as np

from helpers.validation import distribution, distributions, probabilities

LN2 = float(np.log(2))  # nats in one bit


def surprisal(p) -> np.ndarray:
    r"""Surprisal −log p, in nats, of an outcome that had probability `p`.

    Implements :eq:`eq-surprisal`.

    Args:
        p: probabilities of any shape.

    Returns:
        array of the shape of `p`; +inf where `p` is 0.

    Raises:
        ValueError: a value is NaN or outside [0, 1].
    """
    with np.errstate(divide="ignore"):  # log 0 = −inf is the right answer here
        return 0.0 - np.log(probabilities("p", p))  # 0 − 0 is 0, where −0 would print a sign


def entropy(p) -> np.ndarray:
    r"""Entropy H(p) = −Σ p log p, in nats: the mean surprisal of a world that follows `p`.

    Implements :eq:`eq-entropy`.

    Args:
        p: distributions, shape (..., K).

    Returns:
        array of shape (...), between 0 and log K.

    Raises:
        ValueError: `p` is not a distribution over its last axis.
    """
    p = distribution("p", p)
    return _expected(p, surprisal(p))


def cross_entropy(p, q) -> np.ndarray:
    r"""Cross-entropy H(p, q) = −Σ p log q, in nats: the mean surprisal of forecast `q` in world `p`.

    Implements :eq:`eq-cross-entropy`.

    Args:
        p: what happens, shape (..., K); a one-hot row for a single known answer.
        q: what was forecast, shape (..., K).

    Returns:
        array of the broadcast leading shape; +inf where `q` is 0 on an outcome that `p` allows.

    Raises:
        ValueError: `p` or `q` is not a distribution, or they are over different outcomes.
    """
    p, q = distributions(p, q)
    return _expected(p, surprisal(q))


def kl_divergence(p, q) -> np.ndarray:
    r"""Kullback-Leibler divergence KL(p‖q) = Σ p log(p / q), in nats: what forecasting `q` costs above `p`.

    Implements :eq:`eq-kl-divergence`.

    Args:
        p: what happens, shape (..., K).
        q: what was forecast, shape (..., K).

    Returns:
        array of the broadcast leading shape, never negative; 0 exactly where `p` equals `q`.

    Raises:
        ValueError: `p` or `q` is not a distribution, or they are over different outcomes.
    """
    return _divergence(*distributions(p, q))


def jensen_shannon_divergence(p, q) -> np.ndarray:
    r"""Jensen-Shannon divergence, in nats: the mean divergence of `p` and `q` from their average.

    Implements :eq:`eq-jensen-shannon`. It is symmetric, always finite, and at most log 2.

    Args:
        p: distributions, shape (..., K).
        q: distributions, shape (..., K).

    Returns:
        array of the broadcast leading shape, between 0 and log 2.

    Raises:
        ValueError: `p` or `q` is not a distribution, or they are over different outcomes.
    """
    p, q = distributions(p, q)
    # Half of the smallest float is 0, and would make the divergence infinite: the middle is kept above it.
    middle = np.maximum((p + q) / 2, np.nextafter(0.0, 1.0))
    return (_divergence(p, middle) + _divergence(q, middle)) / 2


def nats_to_bits(x):
    r"""The same amount of information in bits: x / log 2. Implements :eq:`eq-nats-to-bits`."""
    return np.asarray(x, dtype=np.float64) / LN2


def bits_to_nats(x):
    """The same amount of information in nats: the inverse of :func:`nats_to_bits`."""
    return np.asarray(x, dtype=np.float64) * LN2


def _divergence(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Σ p log(p / q) over the last axis, of what is known to be two distributions."""
    with np.errstate(divide="ignore", invalid="ignore"):  # p = 0 gives log 0 or 0/0; its weight is 0
        log_ratio = np.log(p) - np.log(q)
    # Rounding can leave a sum of −1e-17 where the true value is 0 or just above it.
    return np.maximum(_expected(p, log_ratio), 0.0)


def _expected(p: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Σ p · values over the last axis, where an outcome that cannot happen adds 0 even to an infinity."""
    p, values = np.broadcast_arrays(p, values)
    return np.sum(p * np.where(p > 0, values, 0.0), axis=-1)

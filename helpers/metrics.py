"""What a loss means: perplexity, bits per byte, the token-weighted mean, calibration. NumPy alone.

A *token* is whatever the model predicts one at a time; `nll` is a **summed** negative log-likelihood in nats.
Sums add up across batches of any size, and means do not: every number here starts from a sum and a count.

Sources: Jelinek, Mercer, Bahl and Baker (1977) for perplexity; Naeini, Cooper and Hauskrecht (2015) and Guo,
Pleiss, Sun and Weinberger (2017) for the expected calibration error.
"""

from dataclasses import dataclass

import numpy as np

from helpers.information import nats_to_bits
from helpers.validation import probabilities


def perplexity(nll, tokens) -> np.ndarray:
    r"""Perplexity exp(nll / tokens): the number of equally likely choices that would cost as much per token.

    Implements :eq:`eq-perplexity`.

    Args:
        nll: summed negative log-likelihood in nats; any shape.
        tokens: how many tokens the sum runs over; broadcasts with `nll`.

    Returns:
        array of the broadcast shape, at least 1; +inf where `nll` is, or where float64 overflows.

    Raises:
        ValueError: `nll` is NaN or negative, or `tokens` is not a positive whole number.
    """
    with np.errstate(over="ignore"):  # from 710 nats a token on, float64 has no number left but inf
        return np.exp(_nll("nll", nll) / _count("tokens", tokens))


def bits_per_byte(nll, n_bytes) -> np.ndarray:
    r"""Bits per byte, nll / (n_bytes · log 2): the price of a byte of text, whatever the tokens are.

    Implements :eq:`eq-bits-per-byte`. Compare models by it only when each one scored *all* of the same text.

    Args:
        nll: summed negative log-likelihood of the whole text, in nats; any shape.
        n_bytes: the length of that text in bytes, as in ``len(text.encode("utf-8"))``; broadcasts with `nll`.

    Returns:
        array of the broadcast shape; 8 for a model that finds all 256 bytes equally likely.

    Raises:
        ValueError: `nll` is NaN or negative, or `n_bytes` is not a positive whole number.
    """
    return nats_to_bits(_nll("nll", nll)) / _count("n_bytes", n_bytes)


@dataclass
class TokenMean:
    r"""Mean negative log-likelihood, in nats per token, of all tokens seen so far: Σ total / Σ tokens.

    Implements :eq:`eq-token-mean`. Each *token* has the same weight, whichever batch it came in, so the
    result does not depend on how a text was cut into batches; the mean of the batch means does. The means of
    two parts add up to the mean of the whole: ``a + b``.

    Attributes:
        total: summed negative log-likelihood so far, in nats.
        tokens: number of tokens so far.
    """

    total: float = 0.0
    tokens: int = 0

    def __post_init__(self):
        self.total, self.tokens = _batch(self.total, self.tokens)

    def update(self, total, tokens) -> None:
        """Add a batch: its *summed* negative log-likelihood in nats, and its number of scored tokens.

        A loss that comes as a mean over n tokens goes in as ``update(n * mean, n)``. A batch without any
        scored token (everything padded) goes in as ``update(0, 0)`` and changes nothing.

        Raises:
            ValueError: a value is no scalar, `total` is NaN or negative, `tokens` is negative or not whole,
                or a batch of 0 tokens brings a loss with it.
        """
        total, tokens = _batch(total, tokens)
        self.total += total
        self.tokens += tokens

    @property
    def mean(self) -> float:
        """Mean negative log-likelihood in nats per token; ValueError while there are no tokens."""
        if self.tokens == 0:
            raise ValueError("no tokens so far; expected at least one update with tokens before the mean")
        return self.total / self.tokens

    @property
    def perplexity(self) -> float:
        """Perplexity of all tokens so far, exp of :attr:`mean`; ValueError while there are none."""
        with np.errstate(over="ignore"):
            return float(np.exp(self.mean))

    def __add__(self, other: "TokenMean") -> "TokenMean":
        if not isinstance(other, TokenMean):
            return NotImplemented
        return TokenMean(self.total + other.total, self.tokens + other.tokens)


def expected_calibration_error(confidences, correct, *, bins: int = 15) -> float:
    r"""Expected calibration error, Σ_b (n_b / n) · |accuracy_b − confidence_b|: a gap in probability, 0 to 1.

    The predictions are sorted by confidence into `bins` intervals of equal width, closed on the right as in
    Guo et al. (2017): (0, 1/bins], …, (1 − 1/bins, 1]. A confidence of exactly 0 joins the first one.

    Args:
        confidences: the probability that each prediction gave to its own answer, shape (N,).
        correct: whether that answer was right, shape (N,), booleans or 0 and 1.
        bins: number of intervals.

    Returns:
        the mean gap, weighted by the number of predictions n_b in each interval.

    Raises:
        ValueError: the shapes are not the same (N,) with N at least 1, a confidence is outside [0, 1],
            `correct` holds something else than 0 and 1, or `bins` is not a positive whole number.
    """
    confidences, correct = probabilities("confidences", confidences), np.asarray(correct)
    if confidences.ndim != 1 or confidences.shape != correct.shape or confidences.size == 0:
        raise ValueError(
            f"confidences has shape {confidences.shape} and correct has shape {correct.shape}; "
            "expected (N,) for both, with N at least 1"
        )
    wrong = ~np.isin(correct, (0, 1))
    if wrong.any():
        raise ValueError(f"correct holds {correct[wrong][0]}; expected True or False, 1 or 0")
    if _count("bins", bins).ndim:
        raise ValueError(f"bins is {bins}; expected one whole number")

    # k / bins is rounded as the literal is (7/25 and 0.28 are the same float), so that an edge is an edge.
    edges = np.arange(bins + 1) / bins
    # The bin b of a confidence has edges[b] < confidence ≤ edges[b + 1].
    b = np.maximum(np.searchsorted(edges, confidences, side="left") - 1, 0)
    # n_b · (accuracy_b − confidence_b) is a plain sum over the bin, so n_b itself cancels.
    gaps = np.bincount(b, weights=correct.astype(np.float64) - confidences, minlength=bins)
    return float(np.abs(gaps).sum() / confidences.size)


def _batch(total, tokens) -> tuple[float, int]:
    """A summed negative log-likelihood and the number of its tokens, as two plain numbers."""
    total, tokens = _nll("total", total), _count("tokens", tokens, least=0)
    for name, value in (("total", total), ("tokens", tokens)):
        if value.ndim:
            raise ValueError(f"{name} has shape {value.shape}; expected one number, the sum over the batch")
    if tokens == 0 and total > 0:
        raise ValueError(f"total is {total:g} nats over 0 tokens; expected a token that it belongs to")
    return float(total), int(tokens)


def _nll(name: str, values) -> np.ndarray:
    """`values` as float64, none of them NaN or negative."""
    array = np.asarray(values, dtype=np.float64)
    bad = ~(array >= 0)  # written so that NaN counts as bad
    if bad.any():
        raise ValueError(
            f"{name} holds {array[bad].flat[0]:g}; expected a summed negative log-likelihood, 0 or more nats"
        )
    return array


def _count(name: str, values, least: int = 1) -> np.ndarray:
    """`values` as float64 whole numbers, each of them at least `least`."""
    array = np.asarray(values, dtype=np.float64)
    bad = ~((array >= least) & (array == np.floor(array)) & np.isfinite(array))
    if bad.any():
        raise ValueError(f"{name} holds {array[bad].flat[0]:g}; expected a whole number, {least} or more")
    return array

"""Questions on chapter 3: entropy, divergence, and the forecast that a record makes cheapest."""

import numpy as np

from helpers.information import (
    cross_entropy,
    entropy,
    jensen_shannon_divergence,
    kl_divergence,
    nats_to_bits,
    surprisal,
)
from helpers.losses.reference import softmax
from helpers.questions.question import Question


def _distribution(rng, size):
    """A distribution without zeros that is far from even."""
    return rng.dirichlet(np.ones(size)) * 0.9 + 0.1 / size


def _with_zero(rng):
    """A distribution with a zero in three of four cases."""
    p = _distribution(rng, int(rng.integers(3, 6)))
    if rng.random() < 0.75:
        p[rng.integers(len(p))] = 0
    return (p / p.sum(),)


def _pair(rng):
    size = int(rng.integers(3, 6))
    return _distribution(rng, size), _distribution(rng, size)


def _counts(rng):
    """How often each of a few outcomes was counted; one of them never."""
    counts = rng.integers(1, 40, size=int(rng.integers(3, 7)))
    counts[rng.integers(len(counts))] = 0
    return (counts,)


def _naive_entropy(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(p * np.log(p)).sum()


QUESTIONS = (
    Question(
        name="entropy-with-a-zero",
        chapter=3,
        points=2,
        task="Return the entropy in nats, for distributions with zeros too.",
        expects="one number of nats, 0 or more, finite",
        cases=_with_zero,
        reference=entropy,
        mistakes={
            "Right where no probability is 0. Zero times the logarithm of zero came out as nan, and counts "
            "as 0: what never happens is never paid for.": _naive_entropy,
            "These are bits: the logarithm to base 2.": lambda p: nats_to_bits(entropy(p)),
            "The minus is missing.": lambda p: -entropy(p),
            "This is the plain mean of the prices. Each has to be weighed with its own probability.": (
                lambda p: surprisal(p[p > 0]).mean()
            ),
            "This is the price of the likeliest outcome. The mean over all is asked for.": (
                lambda p: surprisal(p.max())
            ),
        },
    ),
    Question(
        name="what-the-model-adds",
        chapter=3,
        points=2,
        task="Return what forecast q costs above the entropy of p, in nats per outcome.",
        expects="one number of nats, 0 or more",
        cases=_pair,
        reference=kl_divergence,
        mistakes={
            "This is the divergence the other way round: outcomes follow p, and q is the forecast.": (
                lambda p, q: kl_divergence(q, p)
            ),
            "This is the whole cross-entropy. The entropy of p has to be taken off.": cross_entropy,
            "The sign is wrong: no forecast costs less than the truth.": lambda p, q: -kl_divergence(p, q),
            "These are bits: the logarithm to base 2.": lambda p, q: nats_to_bits(kl_divergence(p, q)),
            "The logarithms of the ratios were added up without weights. Each outcome comes with chance p.": (
                lambda p, q: np.log(p / q).sum()
            ),
        },
    ),
    Question(
        name="symmetric-divergence",
        chapter=3,
        points=2,
        task="Return the Jensen–Shannon divergence of p and q, in nats.",
        expects="one number of nats, from 0 to log 2",
        cases=_pair,
        reference=jensen_shannon_divergence,
        mistakes={
            "This is the mean of the two divergences between p and q. Both should go to their average.": (
                lambda p, q: (kl_divergence(p, q) + kl_divergence(q, p)) / 2
            ),
            "The two divergences were added. Their mean is asked for.": (
                lambda p, q: 2 * jensen_shannon_divergence(p, q)
            ),
            "This is the square root, which is a distance. The divergence itself is asked for.": (
                lambda p, q: np.sqrt(jensen_shannon_divergence(p, q))
            ),
            "The divergences were taken from the average. They go to the average.": (
                lambda p, q: (kl_divergence((p + q) / 2, p) + kl_divergence((p + q) / 2, q)) / 2
            ),
        },
    ),
    Question(
        name="cheapest-forecast",
        chapter=3,
        points=1,
        task="Return the one forecast that pays least for the counted record.",
        expects="an array of probabilities of the shape of the counts",
        cases=_counts,
        reference=lambda counts: counts / counts.sum(),
        mistakes={
            "This is an even guess. The record says which outcomes come more often.": (
                lambda counts: np.full(len(counts), 1 / len(counts))
            ),
            "This is the softmax of the counts. Counts are no scores: divide by their sum.": softmax,
            "One was added to every count. The forecast that is cheapest on this very record adds nothing.": (
                lambda counts: (counts + 1) / (counts.sum() + len(counts))
            ),
            "These are the counts. A forecast sums to 1.": lambda counts: counts.astype(float),
            "The counts were divided by the largest one. A forecast sums to 1.": (
                lambda counts: counts / counts.max()
            ),
        },
    ),
)

"""Questions on the clinic, fourth ward: smoothing and weights, where they belong and where they do not."""

import numpy as np

from helpers.information import entropy
from helpers.losses.reference import cross_entropy, smooth_targets
from helpers.questions.question import Question


def _smoothed(rng):
    """Logits (N, V), targets (N,), and the share to spread."""
    size = (int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    return rng.normal(size=size) * 2, rng.integers(size[1], size=size[0]), float(rng.uniform(0.05, 0.3))


def _rare(rng):
    """Logits (N, V), targets (N,) with the rare class and others, a weight for each class, a share."""
    logits, _, share = _smoothed(rng)
    rare = int(rng.integers(logits.shape[1]))
    weight = rng.uniform(0.5, 2, size=logits.shape[1])
    weight[rare] = rng.uniform(20, 100)
    targets = (rare + rng.permutation(len(logits))) % logits.shape[1]
    return logits, targets, weight, share


def _train_and_report(logits, targets, trained, reported, undo=np.exp):
    """The loss under one share of smoothing, and e to the loss under another, (2,)."""
    train, report = (cross_entropy(logits, targets, label_smoothing=share) for share in (trained, reported))
    return np.array([train, undo(report)])


def _floor(logits, targets, share):
    """Entropy, in nats, of the smoothed targets: no forecast costs less. The same for each target."""
    return entropy(smooth_targets(targets, logits.shape[1], share)).mean()


def _weighed(logits, targets, weight, share):
    """Sum of the smoothed prices, each times the weight of its true class."""
    return weight[targets] @ cross_entropy(logits, targets, label_smoothing=share, reduction="none")


QUESTIONS = (
    Question(
        name="plain-where-it-is-reported",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the smoothed loss to train on, in nats, and the perplexity to report.",
        expects="a tensor of shape (2,): nats, then choices per token",
        cases=_smoothed,
        reference=lambda logits, targets, share: _train_and_report(logits, targets, share, 0),
        mistakes={
            "The perplexity is that of the smoothed loss. What is reported is plain.": (
                lambda logits, targets, share: _train_and_report(logits, targets, share, share)
            ),
            "Nothing was smoothed. The loss to train on is.": (
                lambda logits, targets, share: _train_and_report(logits, targets, 0, 0)
            ),
            "The second number is a loss. The perplexity is e to that.": (
                lambda logits, targets, share: _train_and_report(logits, targets, share, 0, undo=float)
            ),
            "The floor was taken off the smoothed loss. That is a divergence, not the plain loss.": (
                lambda logits, targets, share: _train_and_report(
                    logits, targets, share, share, lambda loss: np.exp(loss - _floor(logits, targets, share))
                )
            ),
        },
    ),
    Question(
        name="weigh-the-examples",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the smoothed loss, in nats, with a weight for each example.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_rare,
        reference=lambda logits, targets, weight, share: (
            _weighed(logits, targets, weight, share) / weight[targets].sum()
        ),
        mistakes={
            "Weight and smoothing went in together: the rare class gets its share of every target, times its "
            "weight.": lambda logits, targets, weight, share: cross_entropy(
                logits, targets, weight=weight, label_smoothing=share
            ),
            "The weights were not used.": lambda logits, targets, weight, share: cross_entropy(
                logits, targets, label_smoothing=share
            ),
            "Nothing was smoothed.": lambda logits, targets, weight, share: cross_entropy(
                logits, targets, weight=weight
            ),
            "The weighted sum was divided by N. Divide by the summed weights of the examples.": (
                lambda logits, targets, weight, share: _weighed(logits, targets, weight, share) / len(targets)
            ),
        },
    ),
)

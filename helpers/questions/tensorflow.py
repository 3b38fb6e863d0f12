"""Questions on chapter 6: the loss in Keras, with masks, weights and smoothing, on tensors of TensorFlow."""

import numpy as np

from helpers.losses.reference import cross_entropy, smooth_targets, softmax
from helpers.questions.question import Question
from helpers.questions.texts import batch_of_texts, each_price, softmax_over_time

EPSILON = 1e-7  # at which Keras clips what it takes for probabilities


def _masked(rng):
    """Logits (3, 7, 5), targets (3, 7), and a mask of ones that becomes zeros at the end of a row."""
    mask = np.arange(7) < rng.permutation([7, 4, 2])[:, None]
    return rng.normal(size=(3, 7, 5)) * 2, rng.integers(5, size=(3, 7)), mask.astype(float)


def _weighted(rng):
    """Logits (N, V), targets (N,), and a factor for each class."""
    size = (int(rng.integers(4, 8)), int(rng.integers(3, 6)))
    return rng.normal(size=size) * 2, rng.integers(size[1], size=size[0]), rng.uniform(0.5, 4, size=size[1])


def _smoothed(rng):
    """Logits (N, V), targets (N,), and the share to spread."""
    size = (int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    return rng.normal(size=size) * 2, rng.integers(size[1], size=size[0]), float(rng.uniform(0.05, 0.3))


def _as_probabilities(logits, targets):
    """What Keras computes when it takes logits for probabilities."""
    clipped = np.clip(logits, EPSILON, 1 - EPSILON)
    shares = clipped / clipped.sum(axis=-1, keepdims=True)
    return -np.log(np.take_along_axis(shares, targets[..., None], axis=-1)).mean()


def _wrong_classes_alone(logits, targets, share):
    one_hot = np.eye(logits.shape[1])[targets]
    spread = np.where(one_hot == 1, 1 - share, share / (logits.shape[1] - 1))
    return cross_entropy(logits, spread)


QUESTIONS = (
    Question(
        name="loss-in-keras",
        chapter=6,
        points=1,
        framework="tensorflow",
        task="Return the mean loss of a batch of texts, in nats.",
        expects="a tensor with one number of nats, 0 or more",
        cases=batch_of_texts,
        reference=lambda logits, targets: cross_entropy(logits, targets),
        mistakes={
            "Keras took the logits for probabilities: say from_logits=True.": _as_probabilities,
            "Softmax was applied twice: with from_logits=True the loss has one inside.": (
                lambda logits, targets: cross_entropy(softmax(logits), targets)
            ),
            "The softmax runs over the positions. The classes are on the last axis.": softmax_over_time,
            "This is the sum of all prices. The mean is asked for.": (
                lambda logits, targets: each_price(logits, targets).sum()
            ),
            "The minus is missing.": lambda logits, targets: -cross_entropy(logits, targets),
        },
    ),
    Question(
        name="loss-under-a-mask",
        chapter=6,
        points=2,
        framework="tensorflow",
        task="Return the mean loss, in nats, of the positions where the mask is 1.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_masked,
        reference=lambda logits, targets, mask: (each_price(logits, targets) * mask).sum() / mask.sum(),
        mistakes={
            "The mean under a sample_weight divides by all positions, unless reduction is "
            '"mean_with_sample_weight".': (
                lambda logits, targets, mask: (each_price(logits, targets) * mask).mean()
            ),
            "The mask was not used: the filling is priced like everything else.": (
                lambda logits, targets, mask: each_price(logits, targets).mean()
            ),
            "The sum is right. Divide it by the sum of the mask.": (
                lambda logits, targets, mask: (each_price(logits, targets) * mask).sum()
            ),
            "This is the mean of the rows' means: a short row has the say of a long one.": (
                lambda logits, targets, mask: (
                    (each_price(logits, targets) * mask).sum(1) / mask.sum(1)
                ).mean()
            ),
        },
    ),
    Question(
        name="class-weights-as-in-pytorch",
        chapter=6,
        points=2,
        framework="tensorflow",
        task="Return the weighted mean loss that PyTorch's weight= gives, in nats.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_weighted,
        reference=lambda logits, targets, factors: cross_entropy(logits, targets, weight=factors),
        mistakes={
            "This divides by the number of rows. PyTorch divides by the summed factors of the targets.": (
                lambda logits, targets, factors: (factors[targets] * each_price(logits, targets)).mean()
            ),
            "The factors were not used.": lambda logits, targets, factors: cross_entropy(logits, targets),
            "This divides by the sum of all factors. Only those of the targets count.": (
                lambda logits, targets, factors: (
                    (factors[targets] * each_price(logits, targets)).sum() / factors.sum()
                )
            ),
            "This is the weighted sum. Divide it by the summed factors of the targets.": (
                lambda logits, targets, factors: (factors[targets] * each_price(logits, targets)).sum()
            ),
        },
    ),
    Question(
        name="smoothing-of-indices",
        chapter=6,
        points=2,
        framework="tensorflow",
        task="Return the mean smoothed loss, in nats, of targets that are indices.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_smoothed,
        reference=lambda logits, targets, share: cross_entropy(logits, targets, label_smoothing=share),
        mistakes={
            "Nothing was smoothed.": lambda logits, targets, share: cross_entropy(logits, targets),
            "The share went to the wrong classes alone. Keras spreads it over all of them.": (
                _wrong_classes_alone
            ),
            "The targets were smoothed twice.": lambda logits, targets, share: cross_entropy(
                logits, smooth_targets(targets, logits.shape[1], share), label_smoothing=share
            ),
            "Keras took the logits for probabilities: say from_logits=True.": lambda logits, targets, share: (
                _smoothed_as_probabilities(logits, targets, share)
            ),
        },
    ),
)


def _smoothed_as_probabilities(logits, targets, share):
    """The dense loss divides by the sum first, and clips then."""
    shares = np.clip(logits / logits.sum(axis=-1, keepdims=True), EPSILON, 1 - EPSILON)
    return -(smooth_targets(targets, logits.shape[1], share) * np.log(shares)).sum(axis=-1).mean()

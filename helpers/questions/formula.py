"""Questions on chapter 2: softmax, the loss from logits, its gradient, smoothing, masks."""

import numpy as np

from helpers.information import nats_to_bits
from helpers.losses import reference
from helpers.questions.question import Question


def _logits(rng):
    """Logits (N, V); in half of the cases so large that their exponentials overflow."""
    size = (int(rng.integers(2, 6)), int(rng.integers(3, 7)))
    return rng.normal(size=size) * rng.choice([2.0, 900.0])


def _moderate(rng):
    """Logits (N, V) of moderate size, and their targets (N,)."""
    size = (int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    return rng.normal(size=size) * 2, rng.integers(size[1], size=size[0])


def _with_targets(rng):
    """Logits (N, V), some of them huge, and their targets (N,)."""
    logits = _logits(rng)
    return logits, rng.integers(logits.shape[1], size=len(logits))


def _masked(rng):
    """Logits (N, V) and targets (N,) of which some, and not all, are −100."""
    logits = rng.normal(size=(int(rng.integers(5, 9)), int(rng.integers(3, 7)))) * 2
    targets = rng.integers(logits.shape[1], size=len(logits))
    targets[rng.permutation(len(targets))[: rng.integers(1, len(targets) - 2)]] = -100
    return logits, targets


def _smoothing(rng):
    """Targets (N,), a number of classes, and a share to spread."""
    num_classes = int(rng.integers(3, 9))
    return rng.integers(num_classes, size=int(rng.integers(2, 6))), num_classes, float(rng.uniform(0.05, 0.4))


def _naive_softmax(logits):
    with np.errstate(over="ignore", invalid="ignore"):
        exp = np.exp(logits)
        return exp / exp.sum(axis=-1, keepdims=True)


def _naive_loss(logits, targets):
    with np.errstate(all="ignore"):
        return -np.log(_naive_softmax(logits)[np.arange(len(targets)), targets]).mean()


def _picked(log_q, targets):
    """Loss of each row, shape (N,), from log-probabilities; −100 picks some row's class too."""
    return -log_q[np.arange(len(targets)), targets]


def _one_hot(targets, num_classes):
    return np.eye(num_classes)[targets]


QUESTIONS = (
    Question(
        name="stable-softmax",
        chapter=2,
        points=2,
        task="Return the softmax of each row of logits, for logits of any size.",
        expects="an array of the shape of the logits, whose rows sum to 1",
        cases=lambda rng: (_logits(rng),),
        reference=reference.softmax,
        mistakes={
            "Right for small logits. Large ones overflow, and infinity over infinity is nan: subtract the "
            "largest of each row first.": _naive_softmax,
            "The columns sum to 1, and the rows should: the classes are on the last axis.": (
                lambda logits: reference.softmax(logits.T).T
            ),
            "This is the logarithm of the softmax.": reference.log_softmax,
            "Each row was divided by its sum. The exponential comes first.": (
                lambda logits: logits / logits.sum(axis=-1, keepdims=True)
            ),
        },
    ),
    Question(
        name="loss-from-logits",
        chapter=2,
        points=3,
        task="Return the mean cross-entropy of the rows, in nats, from logits of any size.",
        expects="one number of nats, 0 or more; finite for finite logits",
        cases=_with_targets,
        reference=lambda logits, targets: reference.cross_entropy(logits, targets),
        mistakes={
            "Right for small logits. Where a probability is rounded to 0, or overflows, its logarithm is "
            "not finite: take the logarithm on paper, z − log Σ exp(z).": _naive_loss,
            "Softmax was applied twice: the arguments are logits, and one softmax is enough.": (
                lambda logits, targets: reference.cross_entropy(reference.softmax(logits), targets)
            ),
            "The softmax runs over the rows. The classes are on the last axis.": (
                lambda logits, targets: _picked(reference.log_softmax(logits.T).T, targets).mean()
            ),
            "This is the sum over the rows. The mean is asked for.": (
                lambda logits, targets: reference.cross_entropy(logits, targets, reduction="sum")
            ),
            "The minus is missing.": lambda logits, targets: -reference.cross_entropy(logits, targets),
            "These are bits: the logarithm to base 2.": (
                lambda logits, targets: nats_to_bits(reference.cross_entropy(logits, targets))
            ),
            "The mean was taken over all N · V entries, most of which are 0. Divide by N.": (
                lambda logits, targets: reference.cross_entropy(logits, targets) / logits.shape[1]
            ),
        },
    ),
    Question(
        name="gradient-of-the-loss",
        chapter=2,
        points=2,
        task="Return the gradient of the mean loss with respect to the logits.",
        expects="an array of the shape of the logits, whose rows sum to 0",
        cases=_moderate,
        reference=lambda logits, targets: reference.cross_entropy_gradient(logits, targets),
        mistakes={
            "This is the gradient of the sum. The mean over N rows divides each by N.": (
                lambda logits, targets: reference.cross_entropy_gradient(logits, targets) * len(targets)
            ),
            "The sign is wrong: this is the direction in which the loss falls.": (
                lambda logits, targets: -reference.cross_entropy_gradient(logits, targets)
            ),
            "This is the softmax. From the class that came, 1 has to be taken off.": (
                lambda logits, targets: reference.softmax(logits)
            ),
            "The one-hot target was taken off the logits. It comes off the probabilities.": (
                lambda logits, targets: (logits - _one_hot(targets, logits.shape[1])) / len(targets)
            ),
        },
    ),
    Question(
        name="smoothed-targets",
        chapter=2,
        points=1,
        task="Return the smoothed targets, the share spread evenly over all classes.",
        expects="an array of shape (N, K), whose rows sum to 1",
        cases=_smoothing,
        reference=reference.smooth_targets,
        mistakes={
            "The share was spread over the wrong classes alone, ε/(K − 1). In the form of PyTorch and Keras "
            "the right class gets its part too, ε/K.": (
                lambda targets, num_classes, share: np.where(
                    _one_hot(targets, num_classes) == 1, 1 - share, share / (num_classes - 1)
                )
            ),
            "The share was added and not taken off the right class first: the rows sum to more than 1.": (
                lambda targets, num_classes, share: _one_hot(targets, num_classes) + share / num_classes
            ),
            "These targets are one-hot: nothing was spread.": (
                lambda targets, num_classes, share: _one_hot(targets, num_classes)
            ),
        },
    ),
    Question(
        name="masked-mean",
        chapter=2,
        points=2,
        task="Return the mean cross-entropy, in nats, of the rows whose target is not −100.",
        expects="one number of nats, 0 or more",
        cases=_masked,
        reference=lambda logits, targets: reference.cross_entropy(logits, targets),
        mistakes={
            "The ignored rows are out of the sum and still in the count: divide by the rows that are left.": (
                lambda logits, targets: reference.cross_entropy(logits, targets) * np.mean(targets != -100)
            ),
            "The ignored rows were priced as class 0.": (
                lambda logits, targets: reference.cross_entropy(logits, np.where(targets == -100, 0, targets))
            ),
            "The sum is right. Divide it by the number of rows that are left.": (
                lambda logits, targets: reference.cross_entropy(logits, targets, reduction="sum")
            ),
            "The minus is missing.": lambda logits, targets: -reference.cross_entropy(logits, targets),
        },
    ),
)

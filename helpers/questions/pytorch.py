"""Questions on chapter 5: the shift, and the loss of a batch of texts, with tensors of PyTorch."""

import numpy as np

from helpers.information import nats_to_bits
from helpers.losses.reference import cross_entropy, softmax
from helpers.questions.question import Question
from helpers.questions.texts import batch_of_texts, each_price, softmax_over_time


def _tokens(rng):
    """Tokens (B, T), no two alike."""
    size = (int(rng.integers(2, 5)), int(rng.integers(4, 8)))
    return (rng.permutation(size[0] * size[1]).reshape(size),)


def _padded(rng):
    """Logits (B, T, V) and targets (B, T): rows of different length, filled up with −100."""
    logits, targets = rng.normal(size=(3, 7, 5)) * 2, rng.integers(5, size=(3, 7))
    for row, length in enumerate(rng.permutation([7, 4, 2])):
        targets[row, length:] = -100
    return logits, targets


def _cut_anew(logits, targets):
    """Loss when the batch axis and the time axis were exchanged before flattening."""
    mixed = logits.swapaxes(0, 1).reshape(-1, logits.shape[-1])
    return cross_entropy(mixed, targets.reshape(-1))


def _kept(targets):
    return targets != -100


QUESTIONS = (
    Question(
        name="next-token-targets",
        chapter=5,
        points=1,
        framework="torch",
        task="Return the targets that belong to the inputs tokens[:, :-1].",
        expects="a tensor of tokens, one column less than there are tokens",
        cases=_tokens,
        reference=lambda tokens: tokens[:, 1:],
        mistakes={
            "These are the inputs themselves: the model would be asked for what it is shown.": (
                lambda tokens: tokens[:, :-1]
            ),
            "The rows were moved, and time runs along the columns: axis 1.": (
                lambda tokens: np.roll(tokens, -1, axis=0)[:, 1:]
            ),
            "Each target is two places on. It should be the very next token.": (
                lambda tokens: np.roll(tokens, -2, axis=1)[:, :-1]
            ),
        },
    ),
    Question(
        name="loss-of-a-batch",
        chapter=5,
        points=2,
        framework="torch",
        task="Return the mean loss of a batch of texts, in nats.",
        expects="a tensor with one number of nats, 0 or more",
        cases=batch_of_texts,
        reference=lambda logits, targets: cross_entropy(logits, targets),
        mistakes={
            "The softmax runs over the positions. The classes are on the last axis.": softmax_over_time,
            "Logits and targets were flattened in different orders, so that rows meet the wrong targets.": (
                _cut_anew
            ),
            "Softmax was applied twice: the loss has one inside.": (
                lambda logits, targets: cross_entropy(softmax(logits), targets)
            ),
            "This is the sum of all prices. Divide by B · T.": (
                lambda logits, targets: each_price(logits, targets).sum()
            ),
            "The sum was divided by the texts of the batch. Divide by B · T, the number of predictions.": (
                lambda logits, targets: each_price(logits, targets).sum() / len(targets)
            ),
            "The minus is missing.": lambda logits, targets: -cross_entropy(logits, targets),
        },
    ),
    Question(
        name="loss-of-padded-lines",
        chapter=5,
        points=2,
        framework="torch",
        task="Return the mean loss, in nats, of the positions that are not −100.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_padded,
        reference=lambda logits, targets: cross_entropy(logits, targets),
        mistakes={
            "The filling is out of the sum and still in the count. Divide by the positions that are left.": (
                lambda logits, targets: each_price(logits, targets).mean()
            ),
            "This is the mean of the lines' means: a short line has the say of a long one.": (
                lambda logits, targets: (each_price(logits, targets).sum(1) / _kept(targets).sum(1)).mean()
            ),
            "The filling was priced as token 0.": (
                lambda logits, targets: cross_entropy(logits, np.where(_kept(targets), targets, 0))
            ),
            "The sum is right. Divide it by the number of positions that are left.": (
                lambda logits, targets: each_price(logits, targets).sum()
            ),
        },
    ),
    Question(
        name="price-of-each-position",
        chapter=5,
        points=2,
        framework="torch",
        task="Return the price of every position, in nats, shape (B, T).",
        expects="a tensor of nats of the shape of the targets",
        cases=batch_of_texts,
        reference=each_price,
        mistakes={
            "The minus is missing.": lambda logits, targets: -each_price(logits, targets),
            "These are the probabilities. Their price is minus a logarithm.": (
                lambda logits, targets: np.exp(-each_price(logits, targets))
            ),
            "These are the picked logits. The log-softmax comes first.": (
                lambda logits, targets: np.take_along_axis(logits, targets[..., None], axis=-1)[..., 0]
            ),
            "These are bits: the logarithm to base 2.": (
                lambda logits, targets: nats_to_bits(each_price(logits, targets))
            ),
        },
    ),
)

"""Questions on the clinic, first ward: units undone, and averages that no cut into batches changes."""

import numpy as np

from helpers.losses.reference import cross_entropy_gradient
from helpers.questions.question import Question


def _bases(rng):
    """Mean losses of three runs, and the base of the logarithm that each was taken with: 2, e and 10."""
    return rng.uniform(0.5, 4, size=3), rng.permutation([2.0, np.e, 10.0])


def _parts(rng):
    """Gradients of the mean loss of a few parts of a batch, (P, D), and the tokens of each part, (P,)."""
    parts = int(rng.integers(2, 5))
    return rng.normal(size=(parts, 4)), rng.permutation([3, 11, 101, 400])[:parts]


def _batch(rng):
    """Scores of the classes, (V,), the classes that came, (N,), and a learning rate."""
    num_classes = int(rng.integers(3, 7))
    return (
        rng.normal(size=num_classes),
        rng.integers(num_classes, size=rng.integers(8, 40)),
        rng.uniform(0.2, 0.9),
    )


def _long_text(rng):
    """Prices of the same tokens under two models, (2, T). To one sum e can be raised, to the other not."""
    length = int(rng.integers(300, 500))
    return (np.stack([rng.uniform(0.2, 1.2, size=length), rng.uniform(2.5, 5, size=length)]),)


def _slope(scores, targets):
    """Gradient of the mean loss of the targets with respect to the scores that all of them share, (V,)."""
    return cross_entropy_gradient(np.tile(scores, (len(targets), 1)), targets).sum(axis=0)


def _exp(values):
    with np.errstate(over="ignore"):
        return np.exp(values)


QUESTIONS = (
    Question(
        name="perplexity-in-any-unit",
        chapter=7,
        points=1,
        task="Return the perplexity of each run, whatever the base of its logarithm.",
        expects="an array of the shape of the losses, 1 or more: choices per token",
        cases=_bases,
        reference=lambda losses, bases: bases**losses,
        mistakes={
            "2 was raised to every loss. That undoes bits alone: nats are undone by e.": (
                lambda losses, bases: 2**losses
            ),
            "e was raised to every loss. That undoes nats alone: bits are undone by 2.": (
                lambda losses, bases: np.exp(losses)
            ),
            "Base and exponent have changed places.": lambda losses, bases: losses**bases,
            "These are the losses in nats. The exponential is still missing.": (
                lambda losses, bases: losses * np.log(bases)
            ),
        },
    ),
    Question(
        name="gradient-of-all-parts",
        chapter=7,
        points=2,
        task="Return the gradient of the mean loss of the whole batch.",
        expects="an array of shape (D,)",
        cases=_parts,
        reference=lambda gradients, tokens: tokens @ gradients / tokens.sum(),
        mistakes={
            "This is the mean of the parts' gradients: a short part has the say of a long one.": (
                lambda gradients, tokens: gradients.mean(axis=0)
            ),
            "The gradients were added up. Each belongs to a mean, and has to be weighed with its tokens.": (
                lambda gradients, tokens: gradients.sum(axis=0)
            ),
            "This is the gradient of the sum. Divide it by the number of all tokens.": (
                lambda gradients, tokens: tokens @ gradients
            ),
            "It was divided by the number of parts. Divide by the number of all tokens.": (
                lambda gradients, tokens: tokens @ gradients / len(tokens)
            ),
        },
    ),
    Question(
        name="a-step-of-any-batch",
        chapter=7,
        points=2,
        task="Return the scores after one step of gradient descent on the mean loss.",
        expects="an array of the shape of the scores",
        cases=_batch,
        reference=lambda scores, targets, rate: scores - rate * _slope(scores, targets),
        mistakes={
            "This is the step of the summed loss: with twice the batch it is twice as long. Divide by N.": (
                lambda scores, targets, rate: scores - rate * _slope(scores, targets) * len(targets)
            ),
            "This step goes uphill: the loss rises along its gradient.": (
                lambda scores, targets, rate: scores + rate * _slope(scores, targets)
            ),
            "The sum was divided by the number of classes. Divide by N, the number of targets.": (
                lambda scores, targets, rate: (
                    scores - rate * _slope(scores, targets) * len(targets) / len(scores)
                )
            ),
            "The learning rate was not used.": lambda scores, targets, rate: scores - _slope(scores, targets),
        },
    ),
    Question(
        name="perplexity-of-a-long-text",
        chapter=7,
        points=1,
        task="Return the perplexity of the text under each model, for texts of any length.",
        expects="an array of shape (M,), 1 or more: choices per token",
        cases=_long_text,
        reference=lambda prices: np.exp(prices.mean(axis=1)),
        mistakes={
            "The exponential was given the whole price. Divide by the number of tokens first.": (
                lambda prices: _exp(prices.sum(axis=1))
            ),
            "Right for a short text. In a long one e to the sum is infinite before the root is taken.": (
                lambda prices: _exp(prices.sum(axis=1)) ** (1 / prices.shape[1])
            ),
            "This is the mean of the exponentials. The mean comes first, the exponential last.": (
                lambda prices: np.exp(prices).mean(axis=1)
            ),
            "2 was raised to nats. Nats are undone by e.": lambda prices: 2 ** prices.mean(axis=1),
        },
    ),
)

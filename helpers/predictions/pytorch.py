"""To predict in chapter 5: the loss of an untrained model, and what a mean divides by."""

import numpy as np

from helpers.information import nats_to_bits, surprisal
from helpers.losses import reference
from helpers.widgets.prediction import Prediction

LOSSES = (1.0, 2.0, 3.0, 6.0)  # nats, of four positions


def logits_with_losses(losses) -> np.ndarray:
    """Logits of two classes, shape (N, 2), whose class 0 costs these losses, in nats."""
    q = np.exp(-np.asarray(losses))
    return np.log(np.stack([q, 1 - q], axis=-1))


def an_untrained_model() -> Prediction:
    """A model that has seen nothing pays log V."""
    price = float(surprisal(1 / 79))
    return Prediction(
        "A model that reads characters has 79 of them to choose from. It has not been trained, and its "
        "scores are all near 0. Which loss does it start from, about?",
        price,
        unit="nats",
        because=[
            "Scores near 0 are nearly equal, and softmax makes of them an even guess.",
            f"log 79 = {price:.2f} nats. A first loss far from it points at a mistake.",
        ],
        mistakes={
            float(nats_to_bits(price)): "That is in bits; PyTorch takes the natural logarithm.",
            0.0: "0 is the loss of a model that is certain and right. Scores of 0 are an even guess.",
            79.0: "That is its perplexity: the loss is the logarithm of it.",
            float(np.log10(79)): "That is the logarithm to base 10.",
        },
        decimals=2,
    )


def a_mean_without_the_filling() -> Prediction:
    """ignore_index leaves a position out of the sum and out of the count."""
    targets = np.array([0, 0, 0, -100])
    mean = float(reference.cross_entropy(logits_with_losses(LOSSES), targets))
    return Prediction(
        "Four positions have the losses 1, 2, 3 and 6 nats. The target of the last is −100, which "
        "ignore_index leaves out. What does the mean reduction give?",
        mean,
        unit="nats",
        because=[
            "The position is left out of the sum and out of the count.",
            f"(1 + 2 + 3) / 3 = {mean:.1f}.",
        ],
        mistakes={
            3.0: "That is the mean of all four: the last one does not count.",
            1.5: "The sum is right. The count is 3 as well: what is ignored is in neither.",
            6.0: "That is the sum; the mean divides it by the 3 positions that count.",
        },
    )


PREDICTIONS = (an_untrained_model, a_mean_without_the_filling)

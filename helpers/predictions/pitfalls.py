"""To predict in chapter 7: the floor under a loss with two softmaxes, and a mean of parts."""

import numpy as np

from helpers.losses import reference
from helpers.predictions.pytorch import logits_with_losses
from helpers.widgets.prediction import Prediction


def the_floor_of_two_softmaxes() -> Prediction:
    """As logits, probabilities cannot differ by more than 1."""
    floor = float(reference.cross_entropy([1.0, 0.0, 0.0], 0))
    return Prediction(
        "A model of three classes ends in a softmax, and the loss has one inside. The model becomes certain, "
        "and right: its output is 1, 0, 0. What is the loss?",
        floor,
        unit="nats",
        because=[
            "The loss takes 1, 0, 0 for logits and sends them through softmax again.",
            f"The target gets e / (e + 1 + 1) = {np.exp(-floor):.4f}, and −log {np.exp(-floor):.4f} = "
            f"{floor:.3f}.",
            "No training gets below it: probabilities, as logits, cannot lie more than 1 apart.",
        ],
        mistakes={
            0.0: "That would be so with one softmax. The second one makes doubt of certainty.",
            float(np.exp(-floor)): "That is the probability that comes out; the loss is minus its logarithm.",
            float(np.log(3)): "That is the price of an even guess. It does better than that.",
        },
    )


def two_parts_of_a_batch() -> Prediction:
    """The mean of the means is no mean of the whole."""
    losses, sizes = (2.0, 5.0), (11, 101)
    each = np.repeat(losses, sizes)
    whole = float(reference.cross_entropy(logits_with_losses(each), np.zeros(len(each), dtype=int)))
    return Prediction(
        "A batch of 112 tokens is cut in two to fit into memory: 11 tokens at a mean of 2 nats, and 101 at a "
        "mean of 5. What is the loss of the whole batch?",
        whole,
        unit="nats",
        because=[
            "In all, 11 · 2 + 101 · 5 = 527 nats.",
            f"527 / 112 = {whole:.2f}: nearly that of the large part.",
        ],
        mistakes={
            3.5: "That is the mean of the two means. A token of the small part would count as nine of the "
            "large one.",
            7.0: "That is the sum of the two means: a batch in parts would have another scale.",
            527.0: "That is the sum; a mean divides it by 112.",
        },
        decimals=2,
    )


PREDICTIONS = (two_parts_of_a_batch, the_floor_of_two_softmaxes)

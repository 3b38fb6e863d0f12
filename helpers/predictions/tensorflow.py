"""To predict in chapter 6: where a clipped loss ends, and what Keras divides by."""

import numpy as np

from helpers.predictions.pytorch import LOSSES
from helpers.widgets.prediction import Prediction


def the_most_that_is_charged() -> Prediction:
    """A clipped probability has a largest loss."""
    epsilon = 1e-7
    most = -float(np.log(epsilon))
    return Prediction(
        "Keras clips probabilities: nothing is taken to be less likely than 0.0000001, which is 10⁻⁷. What "
        "is the most that a forecast of two classes can be charged?",
        most,
        unit="nats",
        because=[
            f"−log 10⁻⁷ = 7 · log 10 = 7 · {most / 7:.3f} = {most:.2f}.",
            "However much further off the forecast is, the loss stands there, and its gradient is 0.",
        ],
        mistakes={
            7.0: "That is the logarithm to base 10.",
            float(most / np.log(2)): "That is in bits.",
            1e7: "That is 1 over the probability: the perplexity. The loss is its logarithm.",
        },
        decimals=2,
    )


def weights_and_the_default_mean() -> Prediction:
    """sum_over_batch_size divides by all positions, whatever their weights."""
    weight = np.array([1.0, 1.0, 1.0, 0.0])
    total = float(weight @ np.array(LOSSES))
    return Prediction(
        "Four positions have the losses 1, 2, 3 and 6 nats, and the sample weights 1, 1, 1 and 0. What does "
        "a Keras loss return, with its default reduction?",
        total / len(weight),
        unit="nats",
        because=[
            "The weight of 0 takes the last loss out of the sum: 1 + 2 + 3 = 6.",
            "The default, sum_over_batch_size, divides by the number of positions, whatever their weights: "
            f"6 / 4 = {total / 4:.1f}.",
            'With reduction="mean_with_sample_weight" it would be 6 / 3 = 2, the mean over what counts.',
        ],
        mistakes={
            2.0: "That is the mean over what counts, as PyTorch gives it; the default divides by all four.",
            3.0: "That is the mean without weights.",
            6.0: "That is the weighted sum; it is divided by the number of positions.",
        },
    )


PREDICTIONS = (the_most_that_is_charged, weights_and_the_default_mean)

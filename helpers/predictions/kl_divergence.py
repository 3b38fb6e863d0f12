"""To predict in chapter 3: what two dice cost together, and the size of a divergence."""

import numpy as np

from helpers.information import cross_entropy, entropy, kl_divergence, nats_to_bits
from helpers.widgets.prediction import Prediction


def two_dice() -> Prediction:
    """Prices of independent things add up."""
    die = float(entropy(np.full(6, 1 / 6)))
    both = float(entropy(np.full(36, 1 / 36)))
    return Prediction(
        f"A fair die costs log 6 = {die:.3f} nats a throw, at the best. Two dice are thrown "
        "together, and you are asked for both numbers. What does the pair cost, at the best?",
        both,
        unit="nats",
        because=[
            "There are 36 equally likely pairs.",
            f"log 36 = log 6 + log 6 = {both:.3f}: the prices of independent things add up.",
        ],
        mistakes={
            die**2: "Probabilities are multiplied, and so are numbers of outcomes; prices are added.",
            float(np.log(12)): "That is log 12. The numbers of outcomes are multiplied: there are 36 pairs.",
            die: "That is the price of one die. The second costs as much again.",
            float(nats_to_bits(both)): "That is in bits.",
        },
    )


def the_certain_world() -> Prediction:
    """Where the world costs nothing, the whole loss is divergence."""
    p, q = [1.0, 0.0], [0.5, 0.5]
    excess = float(kl_divergence(p, q))
    return Prediction(
        "In a desert it never rains, and the forecast says 0.5 every day. How many nats a day does the "
        "forecaster pay above what the weather itself costs?",
        excess,
        unit="nats",
        because=[
            f"Each day costs −log 0.5 = {float(cross_entropy(p, q)):.3f} nats.",
            f"The weather itself costs {float(entropy(p)):.0f}: nothing is uncertain.",
            f"So all of it, log 2 = {excess:.3f} nats, is the forecast’s own doing.",
        ],
        mistakes={
            0.0: "0 is what the weather costs. The forecaster pays every day for not knowing it.",
            1.0: "That is in bits: one bit a day, the price of a fair coin.",
            0.5: "That is how far the probability is off; the price is a logarithm.",
        },
    )


PREDICTIONS = (two_dice, the_certain_world)

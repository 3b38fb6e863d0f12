"""To predict in chapter 17: gains that shrink, the price of a small exponent, and who gets more computing."""

import math

from helpers.widgets.prediction import Prediction


def where_it_ends() -> Prediction:
    """Gains that shrink by the same factor add up to a finite sum."""
    loss, last, ratio = 2.00, 0.08, 0.5
    left = last * ratio / (1 - ratio)
    return Prediction(
        "Each doubling of the text gained half of what the one before had gained: 0.32, 0.16, 0.08 nats. The "
        "loss is now 2.00 nats. If that goes on for ever, where does the loss end?",
        loss - left,
        unit="nats",
        because=[
            "The next gains are 0.04, 0.02, 0.01, … nats: together as much as the last one, 0.08 nats.",
            f"2.00 − 0.08 = {loss - left:.2f} nats.",
        ],
        mistakes={
            0.0: "Gains that halve each time add up to a finite sum: the loss never gets there.",
            loss - last * ratio: "That is after one more doubling. There are many more.",
            loss: "The gains get small, but they are not 0 yet: together they still come to something.",
            loss - 0.32: "The gains to come add up to the last gain, not to the first.",
        },
        decimals=2,
        tolerance=0.005,
    )


def ten_percent_less() -> Prediction:
    """A small exponent makes a gain dear."""
    exponent = 0.095
    factor = (1 / 0.9) ** (1 / exponent)
    return Prediction(
        "A loss follows a power law of the text with E = 0 and the exponent 0.095. How many times as much "
        "text makes it 10% lower?",
        factor,
        unit="times",
        because=[
            "The factor k on the text has to give 0.9: minus 0.095 times log k is log 0.9.",
            f"So log k is 0.1054 / 0.095 = {0.1054 / exponent:.3f}.",
            f"exp 1.109 = {math.exp(1.109):.1f} times.",
        ],
        mistakes={
            1 / 0.9: "That would be right for the exponent 1.",
            1 / 0.9 * 0.095: "The exponent is no factor: it stands above the text.",
            10.0: "That lowers the loss by a fifth: 10 to the power of minus 0.095 is 0.80.",
            (1 / 0.9) ** exponent: "The root was taken the wrong way round: 1 over 0.095 is the power.",
        },
        decimals=1,
        tolerance=0.03,
    )


def a_hundred_times_the_compute() -> Prediction:
    """The smaller exponent gets the larger share."""
    alpha, beta = 0.34, 0.28
    share = beta / (alpha + beta)
    return Prediction(
        "A law has the exponent 0.34 for parameters and 0.28 for tokens. You may compute a hundred times as "
        "much. How many times as many parameters does the best model have?",
        100**share,
        unit="times",
        because=[
            f"N grows as the computing to the power of 0.28 / (0.34 + 0.28) = {share:.3f}.",
            f"log 100 = 4.605, and 4.605 · 0.452 = {4.605 * 0.452:.2f}.",
            f"exp 2.08 = {math.exp(2.08):.1f} times.",
        ],
        mistakes={
            10.0: "That would be an equal split, for two equal exponents.",
            100 ** (1 - share): (
                "That is the text. The term that falls more slowly gets more, and it is that of the tokens."
            ),
            100**alpha: "The exponent of the loss is not that of the size: both of them decide.",
            100.0: "Then there is nothing left for the text: the computing is 6 times N times D.",
        },
        decimals=1,
        tolerance=0.03,
    )


PREDICTIONS = (where_it_ends, ten_percent_less, a_hundred_times_the_compute)

"""To predict in chapter 1: what halving a probability does, and what knowing nothing costs."""

from helpers.information import nats_to_bits, surprisal
from helpers.widgets.prediction import Prediction


def twice_as_likely() -> Prediction:
    """Doubling the probability takes log 2 off the price, and does not halve it."""
    single, double = float(surprisal(0.10)), float(surprisal(0.20))
    return Prediction(
        f"A forecast gave 0.10 to what happened and paid {single:.3f} nats. What does a forecast pay that "
        "gave it twice as much, 0.20?",
        double,
        unit="nats",
        because=[
            f"−log 0.20 = log 10 − log 2 = log 5 = {double:.3f}.",
            f"Doubling a probability takes log 2 = {single - double:.3f} nats off the price, whatever the "
            "probability was.",
        ],
        mistakes={
            single / 2: "Half of the price: but a factor in the probability is a step in the price.",
            float(nats_to_bits(double)): "That is the price in bits: the logarithm here is the natural one.",
            -double: "The logarithm of a probability is negative; the minus sign makes a price of it.",
            2 * single: "Twice the price: but the likelier something was, the less it costs.",
        },
    )


def knowing_nothing() -> Prediction:
    """The price of an even guess over ten thousand words is their logarithm."""
    V = 10_000
    price = float(surprisal(1 / V))
    return Prediction(
        "A model has learned nothing and spreads its belief evenly over 10,000 words. What does it pay for a "
        "word, whichever comes?",
        price,
        unit="nats",
        because=[
            "Each word has the probability 1/10,000.",
            f"−log(1/10,000) = log 10,000 = 4 · log 10 = 4 · {price / 4:.4f} = {price:.3f}.",
        ],
        mistakes={
            float(nats_to_bits(price)): "That is in bits: log 2 of 10,000.",
            4.0: "That is the logarithm to base 10.",
            1 / V: "The probability of the word is 0.0001; the price is minus its logarithm.",
            float(V): "That is the number of choices, the perplexity; the price is its logarithm.",
        },
    )


PREDICTIONS = (twice_as_likely, knowing_nothing)

"""To predict in chapter 4: which mean a perplexity is, and who has how much say in it."""

import numpy as np

from helpers.information import surprisal
from helpers.metrics import TokenMean, perplexity
from helpers.widgets.prediction import Prediction


def half_known_half_hard() -> Prediction:
    """The perplexity is a geometric mean."""
    given = np.array([1.0, 0.01])
    choices = float(perplexity(surprisal(given).sum(), 2))
    return Prediction(
        "Every second token of a text is certain: probability 1, one choice. The others are a guess among "
        "100: probability 0.01. What is the perplexity of the whole?",
        choices,
        unit="choices",
        because=[
            f"The mean price is (0 + log 100) / 2 = {surprisal(0.01) / 2:.3f} nats.",
            f"exp({surprisal(0.01) / 2:.3f}) = √100 = {choices:.0f}: the geometric mean of 1 and 100.",
        ],
        mistakes={
            50.5: "That is the ordinary mean of 1 and 100. Prices are averaged, and prices are logarithms.",
            1 / 0.505: "That is 1 over the mean probability. The logarithm comes before the mean.",
            100.0: "That is the perplexity of the hard tokens alone.",
            float(surprisal(0.01) / 2): "That is the mean loss in nats; its exponential is asked for.",
        },
        decimals=1,
    )


def ten_tokens_among_a_thousand() -> Prediction:
    """Tokens vote, batches do not."""
    mean = TokenMean()
    mean.update(3.0 * 1_000, 1_000)
    mean.update(6.0 * 10, 10)
    return Prediction(
        "One batch has 1,000 tokens at a mean of 3.0 nats, another 10 tokens at 6.0. What is the mean loss "
        "of a token?",
        mean.mean,
        unit="nats",
        because=[
            f"In all, 1,000 · 3.0 + 10 · 6.0 = {mean.total:,.0f} nats.",
            f"{mean.total:,.0f} / 1,010 = {mean.mean:.3f}. The ten tokens lift the mean by 1%, not by half.",
        ],
        mistakes={
            4.5: "That is the mean of the two means: it gives ten tokens the say of a thousand.",
            3060 / 1000: "The sum is right; it is over 1,010 tokens, not 1,000.",
            3060 / 2: "That is the sum over the number of batches. Divide by the number of tokens.",
        },
        tolerance=0.003,
    )


PREDICTIONS = (half_known_half_hard, ten_tokens_among_a_thousand)

"""Questions on chapter 1: what a surprise costs."""

import numpy as np

from helpers.information import nats_to_bits, surprisal
from helpers.questions.question import Question


def _forecast(rng):
    """A forecast of four outcomes that are far from equal, and the one that came: not the likeliest."""
    forecast = rng.dirichlet(np.full(4, 0.8)) * 0.9 + 0.025
    return forecast, int(forecast.argsort()[rng.integers(3)])


def _text(rng):
    """Chances of the tokens of a text; in half of the cases their product is 0 in float64."""
    length = int(rng.choice([5, 3_000]))
    return (rng.uniform(0.05, 0.6, size=length),)


def _product(chances):
    with np.errstate(divide="ignore"):
        return -np.log(np.prod(chances))


QUESTIONS = (
    Question(
        name="price-of-an-outcome",
        chapter=1,
        points=1,
        task="Return what the forecast pays for the outcome that came, in nats.",
        expects="one number of nats, 0 or more",
        cases=_forecast,
        reference=lambda forecast, outcome: surprisal(forecast[outcome]),
        mistakes={
            "The minus is missing: the logarithm of a probability is below 0, a price is above.": (
                lambda forecast, outcome: np.log(forecast[outcome])
            ),
            "These are bits: the logarithm to base 2. A price in nats needs the natural one.": (
                lambda forecast, outcome: nats_to_bits(surprisal(forecast[outcome]))
            ),
            "This is the price of the likeliest outcome. It has to be paid for the one that came.": (
                lambda forecast, outcome: surprisal(forecast.max())
            ),
            "This is a chance, and not its price: the logarithm is missing.": (
                lambda forecast, outcome: forecast[outcome]
            ),
            "This is what was given to all other outcomes. The price looks at the one that came.": (
                lambda forecast, outcome: surprisal(1 - forecast[outcome])
            ),
        },
    ),
    Question(
        name="chance-from-a-price",
        chapter=1,
        points=1,
        task="Return the probability that costs the given number of nats.",
        expects="one probability, between 0 and 1",
        cases=lambda rng: (float(rng.uniform(0.1, 6)),),
        reference=lambda price: np.exp(-price),
        mistakes={
            "Here the sign is missing: a dear outcome was an unlikely one.": np.exp,
            "This undoes bits, with base 2. Nats are undone by e.": lambda price: 2.0**-price,
            "The logarithm was taken once more. It has to be undone.": lambda price: -np.log(price),
            "One over the price is no probability: 0.5 nats would have the chance 2.": lambda price: (
                1 / price
            ),
        },
    ),
    Question(
        name="even-guess",
        chapter=1,
        points=1,
        task="Return what an even guess over the vocabulary pays, in nats.",
        expects="one number of nats, 0 or more",
        cases=lambda rng: (int(rng.integers(2, 200_000)),),
        reference=lambda vocab_size: np.log(vocab_size),
        mistakes={
            "These are bits: the logarithm to base 2.": lambda vocab_size: np.log2(vocab_size),
            "This is the chance that each token gets. What does that chance cost?": (
                lambda vocab_size: 1 / vocab_size
            ),
            "The minus is there once too often: the chance is one over V, and its price is above 0.": (
                lambda vocab_size: -np.log(vocab_size)
            ),
            "This is the number of choices, a perplexity. Its logarithm is asked for.": (
                lambda vocab_size: float(vocab_size)
            ),
        },
    ),
    Question(
        name="price-of-a-text",
        chapter=1,
        points=2,
        task="Return what the text costs, in nats.",
        expects="one number of nats, 0 or more; finite for a text of any length",
        cases=_text,
        reference=lambda chances: surprisal(chances).sum(),
        mistakes={
            "Right for a short text. In a long one the product becomes 0, and its price infinite: take the "
            "logarithm of each factor first, then add.": _product,
            "This is the mean price of a token. The whole text costs the sum.": (
                lambda chances: surprisal(chances).mean()
            ),
            "The minus is missing.": lambda chances: np.log(chances).sum(),
            "These are bits: the logarithm to base 2.": lambda chances: nats_to_bits(
                surprisal(chances).sum()
            ),
            "This is the price of the mean chance. Prices add up, chances do not.": (
                lambda chances: surprisal(chances.mean())
            ),
        },
    ),
)

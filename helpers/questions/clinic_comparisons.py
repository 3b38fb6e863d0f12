"""Questions on the clinic, third ward: which prices may be compared."""

import numpy as np

from helpers.information import nats_to_bits, surprisal
from helpers.metrics import bits_per_byte, perplexity
from helpers.questions.question import Question


def _language(rng):
    """Chances of all texts of two letters, joint[a, b], (K, K), and the two letters of one text."""
    letters = int(rng.integers(2, 5))
    joint = rng.dirichlet(np.ones(letters**2)) * 0.9 + 0.1 / letters**2
    return joint.reshape(letters, letters), int(rng.integers(letters)), int(rng.integers(letters))


def _two_models(rng):
    """Mean losses of two models on a text, in nats per token; how many tokens and bytes it is for each."""
    n_bytes = int(rng.integers(5_000, 20_000))
    tokens = np.array([n_bytes, n_bytes // rng.integers(3, 6)])
    return rng.uniform([1.5, 4], [3, 8]), tokens, n_bytes


def _given_each_other(joint, first, second):
    """Chance of the first letter given the second, times that of the second given the first."""
    return joint[first, second] ** 2 / (joint[first].sum() * joint[:, second].sum())


QUESTIONS = (
    Question(
        name="perplexity-by-the-chain",
        chapter=7,
        points=2,
        task="Return the perplexity per letter of a text, by the chain rule.",
        expects="one number, 1 or more: choices per letter",
        cases=_language,
        reference=lambda joint, first, second: perplexity(surprisal(joint[first, second]), 2),
        mistakes={
            "Each letter was predicted from the other one: their product is not the chance of the text.": (
                lambda joint, first, second: _given_each_other(joint, first, second) ** (-1 / 2)
            ),
            "Each letter was predicted from nothing. The second one is read after the first.": (
                lambda joint, first, second: (joint[first].sum() * joint[:, second].sum()) ** (-1 / 2)
            ),
            "These are choices per text. For two letters the square root is missing.": (
                lambda joint, first, second: 1 / joint[first, second]
            ),
            "This is the price per letter, in nats. The perplexity is e to that.": (
                lambda joint, first, second: surprisal(joint[first, second]) / 2
            ),
        },
    ),
    Question(
        name="two-vocabularies",
        chapter=7,
        points=1,
        task="Return the bits per byte of each model, so that the two can be compared.",
        expects="an array of the shape of the losses, 0 or more",
        cases=_two_models,
        reference=lambda losses, tokens, n_bytes: bits_per_byte(losses * tokens, n_bytes),
        mistakes={
            "These are perplexities per token, and the tokens of the models differ in size.": (
                lambda losses, tokens, n_bytes: np.exp(losses)
            ),
            "These are nats per byte. A nat is more than a bit: divide by log 2.": (
                lambda losses, tokens, n_bytes: losses * tokens / n_bytes
            ),
            "These are bits per token. Divide the price of the whole text by its bytes.": (
                lambda losses, tokens, n_bytes: nats_to_bits(losses)
            ),
            "The tokens were divided by the loss. Loss times tokens is the price of the whole text.": (
                lambda losses, tokens, n_bytes: nats_to_bits(tokens / losses) / n_bytes
            ),
        },
    ),
)

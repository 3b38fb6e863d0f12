"""To predict in chapter 10: what whole bits waste, what a message costs, when a model pays."""

import numpy as np

from helpers.information import entropy, nats_to_bits, surprisal
from helpers.widgets.prediction import Prediction


def one_in_a_hundred() -> Prediction:
    """A word has at least one bit."""
    bits = round(float(nats_to_bits(entropy([0.99, 0.01]))), 3)
    return Prediction(
        "Of a hundred characters ninety-nine are a, and one is b: entropy 0.081 bits a character. The best "
        "prefix code writes the text character by character. How many times the entropy does it need?",
        1 / bits,
        unit="times",
        because=[
            "No word is shorter than one bit, so 0 and 1 are the best: one bit a character, whatever comes.",
            f"1 / {bits:.3f} = {1 / bits:.1f}.",
        ],
        mistakes={
            1.0: "That is what it needs for a character; it is asked how many times 0.081 that is.",
            bits: "Upside down: the entropy is this share of what the code needs.",
            100.0: "That would be right for an entropy of 0.01 bits. The rare b is expensive and counts too.",
        },
        decimals=1,
        tolerance=0.02,
    )


def four_balls() -> Prediction:
    """Arithmetic coding rounds once a message."""
    given = np.array([0.6, 0.3, 0.6, 0.1])
    width, nats = np.prod(given), surprisal(given).sum()
    bits = float(nats_to_bits(nats))
    return Prediction(
        "The forecast is 0.6 for a dot, 0.3 for one, 0.1 for six, before each ball. What is the message dot, "
        "one, dot, six worth? In bits, before anything is rounded.",
        bits,
        unit="bits",
        because=[
            f"Its probability is 0.6 · 0.3 · 0.6 · 0.1 = {width:.4f}.",
            f"−log {width:.4f} = {nats:.2f} nats, and {nats:.3f} / 0.693 = {bits:.2f} bits.",
        ],
        mistakes={
            float(nats): "That is the price in nats: divide by log 2.",
            8.0: "Each price was rounded up to whole bits: 1 + 2 + 1 + 4.",
            7.0: "Rounded up once, at the end. Here it is asked for before that.",
            6.0: "That is a word of Huffman's code for each ball: 1 + 2 + 1 + 2.",
        },
        decimals=2,
    )


def when_a_model_pays() -> Prediction:
    """The weights belong to the file."""
    weights, rival, model = 278, 2.7, 2.4
    length = 8 * weights / (rival - model)
    return Prediction(
        "A model of 278 kB needs 2.4 bits for each byte of a text, a compressor without weights 2.7 bits. "
        "From how many kB of text on are file and model together the smaller?",
        length,
        unit="kB",
        because=[
            f"The weights are 8 · 278 = {8 * weights} kilobits.",
            f"Each byte of text saves 2.7 − 2.4 = 0.3 bits: {8 * weights} / 0.3 = {length:.0f} kB.",
        ],
        mistakes={
            weights / (rival - model): (
                "The weights are bytes and the saving is bits: a factor of 8 is missing."
            ),
            8 * weights / rival: "That text would have the size of the weights when the rival has packed it.",
            278.0: "At that length the text before packing is as large as the weights.",
        },
        decimals=0,
        tolerance=0.02,
    )


PREDICTIONS = (one_in_a_hundred, four_balls, when_a_model_pays)

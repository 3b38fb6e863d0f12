"""To predict in chapter 15: how large the logits are, what two tiles add up to, where a sum stops."""

import math

from helpers.widgets.prediction import Prediction


def logits_of_a_step() -> Prediction:
    """The largest tensor of the step."""
    tokens, classes = 8 * 2048, 128_256
    size = 4 * tokens * classes
    return Prediction(
        "A training step reads 8 texts of 2,048 tokens. For each token the model scores 128,256 classes, in "
        "float32. How many GB do these logits take?",
        size / 1e9,
        unit="GB",
        because=[
            f"8 · 2,048 = {tokens:,} tokens with 128,256 logits: "
            f"{tokens:,} · 128,256 = {tokens * classes:,} of them.",
            f"Four bytes each: {size:,} bytes, which is {size / 1e9:.2f} GB.",
        ],
        mistakes={
            size / 2e9: "A float32 has four bytes. Two would be those of bfloat16.",
            size / 4e9: "So many billions of logits are there. Each has four bytes.",
            size / 1.25e8: "A float32 has 32 bits, and four bytes: eight times too much.",
            size / 8e9: "One text alone: there are eight of them.",
            4 * 128_256 * 2048 / 1e6: "A thousand times too much: a GB is a thousand MB.",
        },
        decimals=2,
        tolerance=0.03,
    )


def two_tiles() -> Prediction:
    """A sum below another largest logit is scaled down first."""
    total = 1.2 + 1.5 * math.exp(-3)
    return Prediction(
        "Of one tile of logits you know the largest, 2, and the sum of exp(logit − 2), 1.5. Of a second tile "
        "the largest is 5, and the sum of exp(logit − 5) is 1.2. What is that sum over both tiles?",
        total,
        because=[
            "exp(logit − 5) is exp(logit − 2) times exp(2 − 5), whatever the logit.",
            "exp −3 = 0.0498, and 1.5 · 0.0498 = 0.0747.",
            f"1.2 + 0.0747 = {total:.3f}.",
        ],
        mistakes={
            2.7: "The first sum was taken below 2. Below 5 it is smaller: scale it down.",
            1.5 + 1.2 * math.exp(-3): "The second sum was scaled down. It is the one that is right already.",
            1.2 + 1.5 * math.exp(3): "Scaled up: below a larger logit each exponential is smaller.",
            1.2: "The first tile is small here, and counts all the same.",
            5 + math.log(total): "This is log Σ exp of both. The sum itself is asked for.",
        },
        decimals=3,
        tolerance=0.001,
    )


def where_a_sum_stops() -> Prediction:
    """Adding 1 to 256 in bfloat16 gives 256."""
    return Prediction(
        "A sum in bfloat16, which has 8 significant bits, begins at 0, and 1 is added a thousand times, "
        "rounded each time. Where does it end?",
        256.0,
        because=[
            "With 8 bits every whole number up to 256 can be written. Beyond it they are 2 apart.",
            "257 lies halfway between 256 and 258, and is rounded to the even one, 256: the sum stays there.",
        ],
        mistakes={
            1000.0: "That is the sum without rounding. It is rounded each time.",
            128.0: "The leading 1 is not stored, so that the bits reach twice as far.",
            2048.0: "There float16 stops, which has 11 significant bits.",
            2.0**24: "There float32 stops, which has 24 significant bits.",
        },
        decimals=0,
        tolerance=0.001,
    )


PREDICTIONS = (logits_of_a_step, two_tiles, where_a_sum_stops)

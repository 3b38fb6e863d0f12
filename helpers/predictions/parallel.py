"""To predict in chapter 16: what a token weighs, what a forgotten sum costs, how little has to be sent."""

import math

from helpers.widgets.prediction import Prediction


def weight_of_a_token() -> Prediction:
    """A mean of means gives each micro-batch the same weight, whatever it holds."""
    return Prediction(
        "One micro-batch has 1,000 tokens, another has 10. The means of the two are averaged. How many times "
        "as much does a token of the small one weigh in the result as one of the large one?",
        100.0,
        unit="times",
        because=[
            "Each mean gets half of the weight: a token has 1/2 / 1,000 of it, or 1/2 / 10.",
            "0.05 / 0.0005 = 100, the ratio of the two sizes.",
        ],
        mistakes={
            1.0: "So it should be, and so it is when sums are added up and divided once.",
            10.0: "That is the size of the small micro-batch, not the ratio of the two.",
            990.0: "That is the difference of the two sizes; what counts is their ratio.",
        },
        decimals=0,
    )


def forgotten_sum() -> Prediction:
    """An eighth of the classes is all that a process sees by itself."""
    ranks = 8
    return Prediction(
        "The classes are spread over 8 processes, and all logits are equal. Somebody forgets to add up the "
        "sums of exponentials: the process that has the target uses its own. How far below the truth is the "
        "loss?",
        math.log(ranks),
        unit="nats",
        because=[
            "The true loss is log V. The process sees V/8 of the classes and says log V − log 8.",
            f"log 8 = {math.log(ranks):.3f}.",
        ],
        mistakes={
            3.0: "That is the answer in bits: multiply by log 2.",
            0.0: "The other seven eighths of the sum are missing from the logarithm.",
            7 / 8: "That is the share of the sum that is missing; the loss takes its logarithm.",
        },
        decimals=3,
    )


def three_numbers() -> Prediction:
    """The saving is in the vocabulary, not in the number of processes."""
    num_classes = 128_256
    return Prediction(
        "A token has 128,256 logits, spread over 8 processes. Gathering them, each process sends 7/8 of "
        "128,256 numbers a token. The loss needs three numbers of a token, all-reduced, and an "
        "all-reduce sends 2 · 7/8 numbers for each. How many times as much does gathering send?",
        num_classes / 6,
        unit="times",
        because=[
            "In both the factor 7/8 is the same, and drops out.",
            f"128,256 / (2 · 3) = {num_classes / 6:.0f}, on any number of processes.",
        ],
        mistakes={
            num_classes / 3: "An all-reduce sends twice what gathering the same size does: 2 · 3 numbers.",
            num_classes / 8: "That is what one process has; each sends that to all the others.",
            num_classes / 48: "The 8 processes are in both ways, and drop out.",
        },
        decimals=0,
    )


PREDICTIONS = (weight_of_a_token, forgotten_sum, three_numbers)

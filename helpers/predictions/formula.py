"""To predict in chapter 2: what softmax makes of a lead of two, and how hard a step pushes the target."""

import numpy as np

from helpers.losses import reference
from helpers.widgets.prediction import Prediction


def a_lead_of_two() -> Prediction:
    """Softmax sees differences and exponentiates them."""
    share = float(reference.softmax([2.0, 0.0])[0])
    odds = float(np.exp(2))
    return Prediction(
        "Two words have the logits 2 and 0. Which probability does softmax give to the first?",
        share,
        because=[
            f"e² = {odds:.3f} and e⁰ = 1.",
            f"The first gets {odds:.3f} / ({odds:.3f} + 1) = {share:.3f}.",
            "Logits of 102 and 100 would give the same: only the lead counts.",
        ],
        mistakes={
            1.0: "That is 2 / (2 + 0). Softmax divides exponentials, and e⁰ is 1, not 0.",
            odds: f"e² = {odds:.3f} is how many times as likely the first is. Divide by the sum of both.",
            1 - share: "That is the share of the second word.",
            0.8: "That is 2² / (2² + 1): the power has the base e, not 2.",
        },
    )


def the_push_on_the_target() -> Prediction:
    """The gradient is the probability the class has, minus the one it should have."""
    slope = float(reference.cross_entropy_gradient(np.zeros(4), 0)[0])
    return Prediction(
        "Four words have equal logits, and the first one comes. If its logit rises a little, at which rate "
        "does the loss change? (A rate below 0 means that the loss falls.)",
        slope,
        unit="nats per unit of logit",
        because=[
            "The rate is softmax minus one-hot: the probability the word has, minus the one it should have.",
            f"It has 1/4 and should have 1: 0.25 − 1 = {slope:.2f}.".replace("-", "−"),
            "The other three have 0.25 and should have 0. The four rates add up to 0.",
        ],
        mistakes={
            -slope: "The size is right. The loss falls when this logit rises, so the rate is negative.",
            0.25: "That is the rate for each of the other words.",
            -0.25: "That is minus its probability; it is compared with the 1 that it should have.",
            -1.0: "That would be so if its probability were 0.",
        },
    )


PREDICTIONS = (a_lead_of_two, the_push_on_the_target)

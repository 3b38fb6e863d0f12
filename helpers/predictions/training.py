"""To predict in chapter 8: what counts say together, the first loss, and what is left of a long gradient."""

import numpy as np

from helpers.information import nats_to_bits, surprisal
from helpers.widgets.prediction import Prediction


def a_pair_seen_often() -> Prediction:
    """A trigram weighs its counts against the bigram."""
    seen, followed, kappa, bigram = 600, 480, 200, 0.40
    share = (followed + kappa * bigram) / (seen + kappa)
    return Prediction(
        "The pair “th” was seen 600 times, with an e after it 480 times. After “h” alone, the bigram gives e "
        "0.40. In the trigram the bigram is worth 200 observations. Which probability does it give e after "
        "“th”?",
        share,
        because=[
            f"200 observations at 0.40 are 200 · 0.40 = {kappa * bigram:.0f} imaginary e.",
            f"(480 + 80) / (600 + 200) = {share:.2f}.",
        ],
        mistakes={
            followed / seen: "That is the share of the counts alone, 480 / 600: the bigram has a say too.",
            bigram: "That is the bigram alone: it is worth 200 observations, and 600 were made.",
            (followed / seen + bigram) / 2: "That gives both opinions one half. They weigh 600 to 200.",
        },
        decimals=2,
    )


def the_first_loss() -> Prediction:
    """Scores that scatter cost half of their variance."""
    even = float(surprisal(1 / 79))
    spread = 1.2
    first = even + spread**2 / 2
    return Prediction(
        "A fresh model gives 79 characters scores that scatter around 0 like a bell curve, with a standard "
        "deviation of 1.2. What came has nothing to do with them. What is the loss, about?",
        first,
        unit="nats",
        because=[
            f"An even guess costs log 79 = {even:.2f} nats.",
            "Scores that scatter are opinions without a ground, and cost half of their variance: "
            f"1.2² / 2 = {spread**2 / 2:.2f} nats.",
            f"{even:.2f} + {spread**2 / 2:.2f} = {first:.2f} nats.",
        ],
        mistakes={
            even: "That is log 79: it holds for scores that are all equal.",
            even + spread**2: "That adds the whole variance; it is half of it.",
            even + spread: "That adds the standard deviation. Take half of its square.",
            even - spread**2 / 2: "That takes it off: opinions without a ground would be a gain.",
            float(nats_to_bits(first)): "That is in bits.",
        },
        decimals=2,
    )


def a_clipped_gradient() -> Prediction:
    """Clipping keeps the direction."""
    gradient = np.array([6.0, 8.0])
    length = float(np.linalg.norm(gradient))
    first = float(gradient[0] / length)
    return Prediction(
        "Two weights have the gradients 6 and 8. The gradient is clipped to length 1. What is left of the "
        "first number?",
        first,
        because=[
            f"The length is √100 = {length:.0f}, because 36 + 64 = 100.",
            f"All numbers are divided by it: 6 / 10 = {first:.1f}. The direction stays.",
        ],
        mistakes={
            1.0: "That cuts each number by itself, which turns the gradient into another direction.",
            6.0: "That is the number before: a gradient of length 10 is too long.",
            6 / 14: "That divides by 6 + 8. The length is the root of the sum of the squares.",
        },
        decimals=1,
    )


PREDICTIONS = (a_pair_seen_often, the_first_loss, a_clipped_gradient)

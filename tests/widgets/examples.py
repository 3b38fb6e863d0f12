"""One example of each live figure. What is listed here gets the tests of test_every_figure.py."""

from helpers.widgets import (
    BinaryCurves,
    DivergenceExplorer,
    GaussianFit,
    LossCurve,
    LossExplorer,
    PerplexityDial,
    Prediction,
    ReadingLab,
    SoftmaxOverflow,
    TemperatureAndSmoothing,
)

EXAMPLES = [
    lambda: LossCurve(probability=0.10),
    lambda: LossExplorer(
        words=["chai", "paani", "dudh", "coffee", "lassi"], logits=[1.2, 2.0, 0.5, 0.0, -1.0], target=0
    ),
    lambda: Prediction(
        "A forecast gave 0.10 to what happened. What did it pay?",
        2.302585,
        unit="nats",
        because=["−log 0.10 = log 10 = 2.303."],
        mistakes={3.321928: "That is in bits."},
    ),
    lambda: PerplexityDial(["subah", "uthke", "chai", "pi"], [0.02, 0.15, 0.40, 0.80], cut=1),
    lambda: TemperatureAndSmoothing(
        ["chai", "paani", "dudh", "coffee"], [2.0, 1.0, 0.1, -1.0], label_smoothing=0.1
    ),
    lambda: BinaryCurves(logit=-20, axis="logit"),
    lambda: SoftmaxOverflow(scale=12, target=3),
    lambda: DivergenceExplorer(
        ["six", "four", "dot"], [0.1, 0.2, 0.7], [0.7, 0.2, 0.1], {"No six": {"q": [0, 0.2, 0.8]}}
    ),
    lambda: GaussianFit(mean=0, sd=1),
    lambda: ReadingLab("Is this a dagger which I see before me?", at=8),
]

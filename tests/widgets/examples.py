"""One example of each live figure. What is listed here gets the tests of test_every_figure.py."""

from helpers.widgets import LossCurve, LossExplorer

EXAMPLES = [
    lambda: LossCurve(probability=0.10),
    lambda: LossExplorer(
        words=["chai", "paani", "dudh", "coffee", "lassi"], logits=[1.2, 2.0, 0.5, 0.0, -1.0], target=0
    ),
]

"""The price of one guess: −log p with a point to move along it."""

from helpers.information import nats_to_bits, surprisal
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import LiveFigure
from helpers.widgets.traits import Within


class LossCurve(LiveFigure):
    """Curve of −log p, in nats, with a movable point at the probability given to what happened.

    Args:
        probability: given to what happened, more than 0 and at most 1. The slider moves in steps of 0.01; a
            smaller value can be set from here.

    Raises:
        traitlets.TraitError: `probability` is no number, or outside (0, 1].
    """

    _esm = bundle("loss_curve.js")
    _css = bundle("loss_curve.css")

    probability = Within(0.5, low=0, high=1, low_included=False).tag(sync=True)

    def __init__(self, probability: float = 0.5):
        super().__init__(probability=probability)

    def __repr__(self) -> str:
        return f"LossCurve(probability={self.probability:g})"

    @property
    def loss(self) -> float:
        """Surprisal of what happened, in nats."""
        return float(surprisal(self.probability))

    @property
    def bits(self) -> float:
        """The same surprisal in bits."""
        return float(nats_to_bits(self.loss))

    @property
    def slope(self) -> float:
        """Derivative of −log p at this probability: −1/p, in nats per unit of probability."""
        return -1 / self.probability

    @property
    def perplexity(self) -> float:
        """exp(loss) of this one guess: 1/p, the number of equally likely choices that would cost as much."""
        return 1 / self.probability

    @property
    def summary(self) -> str:
        """The point, and what it pays."""
        return (
            "Curve of −log p, the loss of a forecast that gave probability p to what happened: without bound "
            f"near p = 0, and 0 at p = 1. At p = {self.probability:g} the loss is {self.loss:.3f} nats or "
            f"{self.bits:.3f} bits, the slope −{self.perplexity:.2f} nats per unit of p, the perplexity "
            f"{self.perplexity:.2f}."
        )

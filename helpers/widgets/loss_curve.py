"""The price of one guess: −log p with a point to move along it."""

import anywidget
import traitlets

from helpers.information import nats_to_bits, surprisal
from helpers.widgets.bundle import bundle


class LossCurve(anywidget.AnyWidget):
    """Curve of −log p, in nats, with a movable point at the probability given to what happened.

    Args:
        probability: given to what happened, more than 0 and at most 1. The slider moves in steps of 0.01; a
            smaller value can be set from here.

    Raises:
        traitlets.TraitError: `probability` is no number, or outside (0, 1].
    """

    _esm = bundle("loss_curve.js")
    _css = bundle("loss_curve.css")

    probability = traitlets.Float(0.5).tag(sync=True)

    def __init__(self, probability: float = 0.5):
        super().__init__(probability=probability)

    def __repr__(self) -> str:
        return f"LossCurve(probability={self.probability:g})"

    @traitlets.validate("probability")
    def _more_than_zero_and_at_most_one(self, proposal) -> float:
        value = float(proposal.value)
        if not 0 < value <= 1:  # written so that NaN fails too
            raise traitlets.TraitError(f"probability is {value:g}; expected more than 0 and at most 1")
        return value

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

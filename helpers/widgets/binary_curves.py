"""Yes or no: the loss of either answer as the logit moves, and what a protecting constant does to it."""

import numpy as np
import traitlets

from helpers.losses.reference import binary_cross_entropy_with_logits
from helpers.widgets.binary_recipes import RECIPES, WITH_A_CONSTANT, loss_and_gradient, sigmoid
from helpers.widgets.bundle import bundle
from helpers.widgets.float_formats import FORMATS
from helpers.widgets.live_figure import LiveFigure, typeset
from helpers.widgets.traits import Within

REACH = 40
STEPS = 10  # the slider's in one unit of logit
ANSWERS = np.array([1, 0])  # a yes, a no


class BinaryCurves(LiveFigure):
    """Binary cross-entropy of a yes and of a no, in nats, and its gradient, beside what a recipe computes.

    Args:
        logit: z of a yes, from −40 to 40. The slider moves in steps of 0.1.
        recipe: what the loss is computed from: "logit", "q", "clipped q" (to ε … 1 − ε) or "q + epsilon".
        exponent: n of the constant ε = 10⁻ⁿ, from 1 to 16.
        precision: "float32" or "float64", the format of every operation.
        axis: "probability" or "logit", what runs along the plots.

    Raises:
        traitlets.TraitError: a number outside its range, or a word that is none of these.
    """

    _esm = bundle("binary_curves.js")
    _css = bundle("binary_curves.css")

    logit = Within(-4.0, low=-REACH, high=REACH).tag(sync=True)
    recipe = traitlets.Enum(RECIPES, "clipped q").tag(sync=True)
    exponent = traitlets.Int(7, min=1, max=16).tag(sync=True)
    precision = traitlets.Enum(("float32", "float64"), "float32").tag(sync=True)
    axis = traitlets.Enum(("probability", "logit"), "probability").tag(sync=True)

    def __init__(
        self,
        logit: float = -4.0,
        recipe: str = "clipped q",
        exponent: int = 7,
        precision: str = "float32",
        axis: str = "probability",
    ):
        super().__init__(logit=logit, recipe=recipe, exponent=exponent, precision=precision, axis=axis)

    def __repr__(self) -> str:
        return (
            f"BinaryCurves(logit={self.logit!r}, recipe={self.recipe!r}, exponent={self.exponent}, "
            f"precision={self.precision!r}, axis={self.axis!r})"
        )

    @property
    def epsilon(self) -> float:
        """The constant ε = 10⁻ⁿ."""
        return float(f"1e-{self.exponent}")

    @property
    def probability(self) -> float:
        """σ(z), the probability given to a yes."""
        return float(sigmoid(self.logit))

    @property
    def losses(self) -> np.ndarray:
        """Loss of a yes and of a no as the recipe computes it, in nats, shape (2,)."""
        return self._computed(self.logit)[:, 0]

    @property
    def exact_losses(self) -> np.ndarray:
        """Loss of a yes and of a no from the logit in float64, in nats, shape (2,)."""
        z = np.full(2, self.logit)
        return binary_cross_entropy_with_logits(z, ANSWERS, reduction="none")

    @property
    def gradients(self) -> np.ndarray:
        """Derivative of :attr:`losses`, as computed, in nats per unit of logit, shape (2,)."""
        return self._computed(self.logit)[:, 1]

    @property
    def exact_gradients(self) -> np.ndarray:
        """Derivative of :attr:`exact_losses`: σ(z) − 1 for a yes, σ(z) for a no, shape (2,)."""
        return _exact_gradients(self.logit)

    @property
    def lost_from(self) -> tuple[float | None, float | None]:
        """Logits from which less than half of the push on a wrong answer arrives, or nothing but NaN.

        Returns:
            the highest such logit below 0, for a yes, and the lowest above 0, for a no, among the slider's
            steps; None where there is none.
        """
        z = np.arange(1, REACH * STEPS + 1) / STEPS
        found = []
        for k, side in enumerate((-1, 1)):
            arrives = np.abs(self._computed(side * z)[k, 1]) >= np.abs(_exact_gradients(side * z)[k]) / 2
            lost = side * z[~arrives]  # NaN does not arrive
            found.append(float(lost[0]) if lost.size else None)
        return tuple(found)

    def _computed(self, z) -> np.ndarray:
        """Loss and gradient of a yes and of a no at `z`, shape (2 answers, 2 quantities, …)."""
        dtype = FORMATS[self.precision]
        return np.array([loss_and_gradient(self.recipe, z, y, self.epsilon, dtype) for y in (1, 0)])

    @property
    def summary(self) -> str:
        """Both answers at this logit, and where their push is lost."""
        (yes, no), (true_yes, true_no) = self.losses, self.exact_losses
        push_yes, push_no = (f"{g:.3g}" if g else "exactly 0" for g in self.gradients)
        below, above = self.lost_from
        lost = [
            *([] if below is None else [f"a yes at z = {below:.1f} and below"]),
            *([] if above is None else [f"a no at z = {above:.1f} and above"]),
        ]
        where = (
            f"Less than half of the push arrives on {', and on '.join(lost)}."
            if lost
            else "The whole push arrives at every logit from −40 to 40, wherever the model is wrong."
        )
        constant = f" with ε = 1e-{self.exponent}" if self.recipe in WITH_A_CONSTANT else ""
        return typeset(
            f"Binary cross-entropy computed from {self.recipe}{constant} in {self.precision}. At logit "
            f"z = {self.logit:.1f}, probability q = {self.probability:.3g} of a yes, a yes pays {yes:.3f} "
            f"nats (exactly {true_yes:.3f}) and a no {no:.3f} nats (exactly {true_no:.3f}); the gradient "
            f"with respect to the logit is {push_yes} for a yes and {push_no} for a no. {where}"
        )


def _exact_gradients(z) -> np.ndarray:
    """Derivative of the exact losses of a yes and of a no at `z`, shape (2, …)."""
    z = np.asarray(z, dtype=np.float64)
    return np.array([-sigmoid(-z), sigmoid(z)])

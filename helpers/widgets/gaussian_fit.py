"""One Gaussian for a world with two humps, judged by the divergence in both directions."""

import numpy as np
import traitlets

from helpers.information import nats_to_bits
from helpers.widgets.bundle import bundle
from helpers.widgets.gaussians import (
    DIRECTIONS,
    GRID,
    MEANS,
    SDS,
    descend,
    divergence,
    log_normal,
    log_two_humps,
)
from helpers.widgets.live_figure import LiveFigure, typeset
from helpers.widgets.traits import Numbers, Within

FARTHEST = 4.0  # where a hump may stand: what fits it is then within reach


class GaussianFit(LiveFigure):
    """A Gaussian q that can be moved and widened over a mixture p, with KL(p‖q) and KL(q‖p) in nats.

    Integrals are sums over the grid of :mod:`helpers.widgets.gaussians`.

    Args:
        mean: of q, from -6 to 6.
        sd: standard deviation of q, from 0.3 to 5.
        weight: share of p that is in its left hump, from 0.05 to 0.95.
        centres: where the two humps of p are, the left one first, each from -4 to 4.
        width: standard deviation of each hump, from 0.4 to 2.

    Raises:
        traitlets.TraitError: a value is outside its range, or `centres` are not two in order.
    """

    _esm = bundle("gaussian_fit.js")
    _css = bundle("gaussian_fit.css")

    mean = Within(0.0, low=MEANS[0], high=MEANS[1]).tag(sync=True)
    sd = Within(1.0, low=SDS[0], high=SDS[1]).tag(sync=True)
    weight = Within(0.6, low=0.05, high=0.95).tag(sync=True)
    centres = Numbers([-2.0, 2.5]).tag(sync=True)
    width = Within(0.7, low=0.4, high=2.0).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(self, mean=0.0, sd=1.0, weight=0.6, centres=(-2.0, 2.5), width=0.7):
        super().__init__(mean=mean, sd=sd, weight=weight, centres=centres, width=width)
        names = ("mean", "sd", "weight", "centres", "width")
        self.set_trait("start", {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        left, right = self.centres
        return (
            f"GaussianFit(mean={self.mean:g}, sd={self.sd:g}, weight={self.weight:g}, "
            f"centres=[{left:g}, {right:g}], width={self.width:g})"
        )

    @traitlets.validate("centres")
    def _two_in_order_and_within_reach(self, proposal) -> list[float]:
        centres = proposal.value
        if len(centres) != 2 or not -FARTHEST <= centres[0] <= centres[1] <= FARTHEST:
            raise traitlets.TraitError(
                f"centres is {centres}; expected two numbers from {-FARTHEST:g} to {FARTHEST:g}, "
                "the left hump first"
            )
        return centres

    @property
    def log_p(self) -> np.ndarray:
        """Logarithm of the world's density on the grid, shape (4001,)."""
        return log_two_humps(GRID, self.weight, self.centres, self.width)

    @property
    def log_q(self) -> np.ndarray:
        """Logarithm of the fit's density on the grid, shape (4001,)."""
        return log_normal(GRID, self.mean, self.sd)

    @property
    def forward(self) -> float:
        """KL(p‖q), in nats: what maximum likelihood minimises over q."""
        return divergence(self.log_p, self.log_q)

    @property
    def reverse(self) -> float:
        """KL(q‖p), in nats: the other direction."""
        return divergence(self.log_q, self.log_p)

    @property
    def forward_bits(self) -> float:
        """KL(p‖q) in bits."""
        return float(nats_to_bits(self.forward))

    @property
    def reverse_bits(self) -> float:
        """KL(q‖p) in bits."""
        return float(nats_to_bits(self.reverse))

    @property
    def moments(self) -> tuple[float, float]:
        """Mean and standard deviation of the world p: those of the Gaussian that minimises KL(p‖q)."""
        left, right = self.centres
        spread = self.weight * (1 - self.weight) * (right - left) ** 2
        return right - self.weight * (right - left), float(np.sqrt(self.width**2 + spread))

    def minimise(self, direction: str) -> None:
        """Move q down to a minimum of KL(p‖q), "forward", or of KL(q‖p), "reverse".

        Of several minima it finds one that lies downhill from where q is.

        Raises:
            ValueError: `direction` is neither.
        """
        if direction not in DIRECTIONS:
            raise ValueError(f"direction is {direction!r}; expected 'forward' or 'reverse'")
        path = descend(direction, self.log_p, self.mean, self.sd)
        with self.hold_trait_notifications():
            self.mean, self.sd = path[-1].tolist()

    @property
    def summary(self) -> str:
        """The world, the fit, and what each direction charges."""
        mean, sd = self.moments
        left, right = self.centres
        return typeset(
            f"The world p is made of two humps, {self.weight:.0%} of it at {left:g} and the rest at "
            f"{right:g}; its mean is {mean:z.2f}, its standard deviation {sd:.2f}. The model q is one "
            f"Gaussian with mean {self.mean:z.2f} and standard deviation {self.sd:.2f}. Forward, KL(p‖q) is "
            f"{self.forward:.3f} nats: large where p is and q is not. Reverse, KL(q‖p) is "
            f"{self.reverse:.3f} nats: large where q is and p is not. "
            "Maximum likelihood minimises the forward one."
        )

"""Softmax in three float formats as the logits grow: where exp overflows, where it vanishes, and the cure."""

import numpy as np
import traitlets

from helpers.losses import reference
from helpers.widgets.bundle import bundle
from helpers.widgets.float_formats import FORMATS
from helpers.widgets.live_figure import LiveFigure, typeset
from helpers.widgets.rounded_softmax import RoundedSoftmax, naive, stable
from helpers.widgets.traits import Index, Numbers, Within

SHOWN = ("float16", "bfloat16", "float32")
REACH = 120  # of scale and shift
MOST = 6  # classes: what three rungs of a ladder hold


class SoftmaxOverflow(LiveFigure):
    """Logits scale · base + shift, and what softmax and loss become of them in float16, bfloat16 and float32.

    Args:
        base: the logits before they are scaled, two to six numbers from −1 to 1; fixed once it is made.
        scale: from 0 to 120. The slider moves in steps of 0.5.
        shift: added to every logit, from −120 to 120, in the same steps.
        target: index of the class that came.
        precision: "float16", "bfloat16" or "float32", the format whose steps are shown class by class.

    Raises:
        traitlets.TraitError: a number outside its range, a class that does not exist, or an unknown format.
    """

    _esm = bundle("softmax_overflow.js")
    _css = bundle("softmax_overflow.css")

    base = Numbers([1.0, 0.7, 0.2, -0.5], read_only=True).tag(sync=True)
    scale = Within(8.0, low=0, high=REACH).tag(sync=True)
    shift = Within(0.0, low=-REACH, high=REACH).tag(sync=True)
    target = Index(of="base", noun="class").tag(sync=True)
    precision = traitlets.Enum(SHOWN, "float16").tag(sync=True)

    def __init__(
        self,
        base=(1.0, 0.7, 0.2, -0.5),
        scale: float = 8.0,
        shift: float = 0.0,
        target: int = 0,
        precision: str = "float16",
    ):
        self.set_trait("base", base)
        super().__init__(scale=scale, shift=shift, target=target, precision=precision)

    def __repr__(self) -> str:
        return (
            f"SoftmaxOverflow(base={self.base}, scale={self.scale!r}, shift={self.shift!r}, "
            f"target={self.target}, precision={self.precision!r})"
        )

    @traitlets.validate("base")
    def _a_few_numbers_up_to_one(self, proposal) -> list[float]:
        if not 2 <= len(proposal.value) <= MOST:
            raise traitlets.TraitError(f"base has {len(proposal.value)} values; expected 2 to {MOST}")
        if far := [value for value in proposal.value if abs(value) > 1]:
            raise traitlets.TraitError(f"base holds {far[0]:g}; expected numbers from −1 to 1")
        return proposal.value

    @property
    def logits(self) -> np.ndarray:
        """Logits in float64, shape (K,)."""
        return self.scale * np.array(self.base) + self.shift

    @property
    def exact_loss(self) -> float:
        """Cross-entropy of the target from the logits in float64, in nats."""
        return float(reference.cross_entropy(self.logits, self.target))

    @property
    def limits(self) -> dict[str, tuple[float, float]]:
        """For each format the logits between which exp is neither 0 nor infinite."""
        return {
            name: (float(np.log(FORMATS[name].smallest / 2)), float(np.log(FORMATS[name].largest)))
            for name in SHOWN
        }

    @property
    def naive(self) -> dict[str, RoundedSoftmax]:
        """For each format what the formula gives as it is typed."""
        return {name: naive(self.logits, self.target, FORMATS[name]) for name in SHOWN}

    @property
    def stable(self) -> dict[str, RoundedSoftmax]:
        """For each format what it gives after the largest logit is subtracted."""
        return {name: stable(self.logits, self.target, FORMATS[name]) for name in SHOWN}

    @property
    def errors(self) -> dict[str, float]:
        """For each format the stable loss minus the exact one, in nats."""
        return {name: result.loss - self.exact_loss for name, result in self.stable.items()}

    @property
    def storage_errors(self) -> dict[str, float]:
        """The part of :attr:`errors` that is there once the logits are stored, before any operation."""
        return {
            name: float(reference.cross_entropy(FORMATS[name].round(self.logits), self.target))
            - self.exact_loss
            for name in SHOWN
        }

    @property
    def summary(self) -> str:
        """Both losses in each format."""
        logits = ", ".join(f"{z:.1f}" for z in self.logits)
        results = "; ".join(
            f"in {name} the formula as typed gives {self.naive[name].loss:.3f} nats "
            f"({self.naive[name].verdict}), the stable one {self.stable[name].loss:.3f}"
            for name in SHOWN
        )
        return typeset(
            f"Softmax of the logits {logits}, whose target is class {self.target + 1} and costs "
            f"{self.exact_loss:.3f} nats: {results}. The exponential overflows above "
            f"{self.limits['float16'][1]:.2f} in float16 and above {self.limits['float32'][1]:.2f} in "
            "bfloat16 and float32; with the largest logit subtracted no exponent is above 0."
        )

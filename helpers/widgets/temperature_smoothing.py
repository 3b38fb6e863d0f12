"""Two ways to be less sure: temperature for the forecast, label smoothing for the target; and their loss."""

import numpy as np
import traitlets

from helpers.information import entropy
from helpers.losses import reference
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import LiveFigure
from helpers.widgets.traits import Index, Numbers, Within, Words

COLDEST, HOTTEST = 0.1, 10.0
LARGEST = 100.0  # of a logit: divided by the coldest temperature it is still an ordinary number
LEVEL = 1e-9  # logits closer together than this are one number


class TemperatureAndSmoothing(LiveFigure):
    """Forecast softmax(logits / T) against a smoothed target: loss, floor, excess, in nats, and the best T.

    Args:
        words: the vocabulary, two words or more; fixed once the figure is made.
        logits: one for each word, −100 to 100.
        target: index of the word that came.
        temperature: T, which divides the logits, 0.1 to 10.
        label_smoothing: ε, the share of the target that is spread evenly over all words, 0 to 1.

    Raises:
        traitlets.TraitError: the lengths differ, or a value is no number or outside its range.
    """

    _esm = bundle("temperature_smoothing.js")
    _css = bundle("temperature_smoothing.css")

    words = Words(["yes", "no"], read_only=True).tag(sync=True)
    logits = Numbers([0.0, 0.0], of="words", noun="word").tag(sync=True)
    target = Index(of="words", noun="word").tag(sync=True)
    temperature = Within(1.0, low=COLDEST, high=HOTTEST).tag(sync=True)
    label_smoothing = Within(0.0, low=0, high=1).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(
        self, words, logits, target: int = 0, temperature: float = 1.0, label_smoothing: float = 0.0
    ):
        self.set_trait("words", words)
        super().__init__(
            logits=logits, target=target, temperature=temperature, label_smoothing=label_smoothing
        )
        names = ("logits", "target", "temperature", "label_smoothing")
        self.set_trait("start", {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        return (
            f"TemperatureAndSmoothing(words={self.words}, logits={self.logits}, target={self.target}, "
            f"temperature={self.temperature}, label_smoothing={self.label_smoothing})"
        )

    @traitlets.validate("logits")
    def _moderate(self, proposal) -> list[float]:
        largest = max(proposal.value, key=abs)
        if abs(largest) > LARGEST:
            raise traitlets.TraitError(
                f"logits holds {largest:g}; expected numbers from {-LARGEST:g} to {LARGEST:g}"
            )
        return proposal.value

    @property
    def forecast(self) -> np.ndarray:
        """Softmax of the logits divided by the temperature, shape (words,)."""
        return reference.softmax(self._scaled)

    @property
    def forecast_at_one(self) -> np.ndarray:
        """Softmax of the logits as they are, shape (words,)."""
        return reference.softmax(self.logits)

    @property
    def smoothed_target(self) -> np.ndarray:
        """One-hot target of which a share ε is spread over all words, shape (words,)."""
        return reference.smooth_targets(self.target, len(self.words), self.label_smoothing)

    @property
    def loss(self) -> float:
        """Cross-entropy of the smoothed target under the forecast, in nats."""
        smoothing = self.label_smoothing
        return float(reference.cross_entropy(self._scaled, self.target, label_smoothing=smoothing))

    @property
    def floor(self) -> float:
        """Entropy of the smoothed target, in nats: no forecast pays less."""
        return float(entropy(self.smoothed_target))

    @property
    def excess(self) -> float:
        """What the loss is above the floor, in nats: the divergence of the forecast from the target."""
        return max(self.loss - self.floor, 0.0)

    @property
    def forecast_entropy(self) -> float:
        """Entropy of the forecast, in nats: the loss that it expects of itself."""
        return float(entropy(self.forecast))

    @property
    def even_guess(self) -> float:
        """Loss of the uniform forecast, log of the number of words, in nats: where T → ∞ leads."""
        return float(np.log(len(self.words)))

    @property
    def best_temperature(self) -> float:
        """The T from 0.1 to 10 with the smallest loss; 1 where all logits are equal and T changes nothing.

        In 1/T the loss is convex, with slope Σ q z − Σ p z: the best T is where forecast and target have the
        same mean logit, and otherwise the end that is nearer to it.
        """
        if self._level:
            return 1.0
        lead = np.asarray(self.logits) - max(self.logits)
        wanted = self.smoothed_target @ lead

        def too_cold(temperature: float) -> bool:
            return reference.softmax(lead / temperature) @ lead > wanted

        if not too_cold(COLDEST):
            return COLDEST
        if too_cold(HOTTEST):
            return HOTTEST
        cold, hot = COLDEST, HOTTEST
        for _ in range(60):
            middle = float(np.sqrt(cold * hot))
            cold, hot = (middle, hot) if too_cold(middle) else (cold, middle)
        return float(np.sqrt(cold * hot))

    @property
    def summary(self) -> str:
        """Forecast, target, and what the loss is made of."""

        def listed(values) -> str:
            return ", ".join(f"{word} {value:.3f}" for word, value in zip(self.words, values, strict=True))

        at_one = f"; at temperature 1 it is {listed(self.forecast_at_one)}" if self.temperature != 1 else ""
        best = self.best_temperature
        beyond = {COLDEST: " or less", HOTTEST: " or more"}.get(best, "")
        least = (
            "all logits are equal, and no temperature changes that"
            if self._level
            else f"the loss is least at temperature {best:.3g}{beyond}"
        )
        return (
            f"At temperature {self.temperature:g} the forecast is {listed(self.forecast)}{at_one}. "
            f"The target is {self.words[self.target]}, with label smoothing {self.label_smoothing:g}: "
            f"{listed(self.smoothed_target)}. The loss is {self.loss:.3f} nats: the floor {self.floor:.3f}, "
            f"the entropy of the target, and {self.excess:.3f} above it. The forecast itself expects to pay "
            f"its entropy, {self.forecast_entropy:.3f} nats; {least}."
        )

    @property
    def _level(self) -> bool:
        return max(self.logits) - min(self.logits) < LEVEL

    @property
    def _scaled(self) -> np.ndarray:
        return np.asarray(self.logits) / self.temperature

"""One prediction of the next word, opened up: logits, probabilities, loss and gradient together."""

import numpy as np
import traitlets

from helpers.losses import reference
from helpers.metrics import perplexity
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import LiveFigure
from helpers.widgets.traits import Index, Numbers, Words


class LossExplorer(LiveFigure):
    """Softmax of a few logits that can be moved, with the loss of the true word, in nats, and its gradient.

    Args:
        words: the vocabulary, two words or more; fixed once the figure is made.
        logits: one for each word.
        target: index of the word that came.
        learning_rate: how far the button's gradient step goes.

    Raises:
        traitlets.TraitError: the lengths differ, `target` is out of range, a logit is not finite, or
            `learning_rate` is not positive.
    """

    _esm = bundle("loss_explorer.js")
    _css = bundle("loss_explorer.css")

    words = Words(["yes", "no"], read_only=True).tag(sync=True)
    logits = Numbers([0.0, 0.0], of="words", noun="word").tag(sync=True)
    target = Index(of="words", noun="word").tag(sync=True)
    learning_rate = traitlets.Float(1.0).tag(sync=True)
    trail = traitlets.List(traitlets.Float()).tag(sync=True)  # losses of the steps, the first before any step
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(self, words, logits, target: int = 0, learning_rate: float = 1.0):
        self.set_trait("words", words)
        super().__init__(logits=logits, target=target, learning_rate=learning_rate)
        self.set_trait("start", {"logits": self.logits, "target": self.target})

    def __repr__(self) -> str:
        logits = ", ".join(f"{z:g}" for z in self.logits)
        return f"LossExplorer(words={self.words}, logits=[{logits}], target={self.target})"

    @traitlets.validate("learning_rate")
    def _positive_learning_rate(self, proposal) -> float:
        if not 0 < proposal.value < np.inf:
            raise traitlets.TraitError(
                f"learning_rate is {proposal.value:g}; expected a finite number above 0"
            )
        return proposal.value

    def step(self) -> float:
        """Take one gradient step, as the button does, and return the loss after it, in nats."""
        trail = self.trail or [self.loss]
        self.logits = np.array(self.logits) - self.learning_rate * self.gradient
        self.trail = [*trail, self.loss]
        return self.loss

    @property
    def probabilities(self) -> np.ndarray:
        """Softmax of the logits, shape (words,)."""
        return reference.softmax(self.logits)

    @property
    def loss(self) -> float:
        """Cross-entropy of the target under the forecast, in nats."""
        return float(reference.cross_entropy(self.logits, self.target))

    @property
    def perplexity(self) -> float:
        """exp(loss): the number of equally likely words that would cost as much."""
        return float(perplexity(self.loss, 1))

    @property
    def gradient(self) -> np.ndarray:
        """Derivative of the loss with respect to each logit, shape (words,): softmax minus one-hot."""
        return reference.cross_entropy_gradient(self.logits, self.target)

    @property
    def summary(self) -> str:
        """The forecast, the word that came, and what it cost."""
        forecast = ", ".join(f"{w} {q:.3f}" for w, q in zip(self.words, self.probabilities, strict=True))
        return (
            f"A forecast of the next word: {forecast}. The word that came is {self.words[self.target]}: the "
            f"loss is {self.loss:.3f} nats, the perplexity {self.perplexity:.2f}; an even guess would pay "
            f"{np.log(len(self.words)):.3f} nats. A gradient step raises the score of "
            f"{self.words[self.target]} and lowers all others."
        )

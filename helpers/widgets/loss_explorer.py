"""One prediction of the next word, opened up: logits, probabilities, loss and gradient together."""

import anywidget
import numpy as np
import traitlets

from helpers.losses import reference
from helpers.metrics import perplexity
from helpers.widgets.bundle import bundle


class Words(traitlets.TraitType):
    """At least two words, kept as a list: with one class there is nothing to predict."""

    info_text = "a list of two or more words"

    def validate(self, obj, value):
        """`value` as a list of strings."""
        if isinstance(value, str) or not np.iterable(value):
            self.error(obj, value)
        words = list(value)
        if len(words) < 2 or not all(isinstance(word, str) for word in words):
            self.error(obj, value)
        return words


class Logits(traitlets.TraitType):
    """Finite numbers, kept as a list: an array, say `logits − gradient`, is welcome too."""

    info_text = "a list or one-dimensional array of finite numbers"

    def validate(self, obj, value):
        """`value` as a list of floats."""
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            self.error(obj, value)
        if array.ndim != 1 or not np.isfinite(array).all():
            self.error(obj, value)
        return array.tolist()


class LossExplorer(anywidget.AnyWidget):
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
    logits = Logits([0.0, 0.0]).tag(sync=True)
    target = traitlets.Int(0).tag(sync=True)
    learning_rate = traitlets.Float(1.0).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(self, words, logits, target: int = 0, learning_rate: float = 1.0):
        self.set_trait("words", words)
        super().__init__(logits=logits, target=target, learning_rate=learning_rate)
        self.set_trait("start", {"logits": self.logits, "target": self.target})

    def __repr__(self) -> str:
        logits = ", ".join(f"{z:g}" for z in self.logits)
        return f"LossExplorer(words={self.words}, logits=[{logits}], target={self.target})"

    @traitlets.validate("logits")
    def _one_logit_for_each_word(self, proposal) -> list[float]:
        if len(proposal.value) != len(self.words):
            raise traitlets.TraitError(
                f"logits has {len(proposal.value)} values; expected {len(self.words)}, one for each word"
            )
        return proposal.value

    @traitlets.validate("target")
    def _target_among_the_words(self, proposal) -> int:
        if not 0 <= proposal.value < len(self.words):
            raise traitlets.TraitError(
                f"target is {proposal.value}; expected the index of a word, 0 to {len(self.words) - 1}"
            )
        return proposal.value

    @traitlets.validate("learning_rate")
    def _positive_learning_rate(self, proposal) -> float:
        if not 0 < proposal.value < np.inf:
            raise traitlets.TraitError(
                f"learning_rate is {proposal.value:g}; expected a finite number above 0"
            )
        return proposal.value

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

"""Perplexity of a sentence, token by token: a mean price undone into choices, whole and cut into batches."""

import numpy as np
import traitlets

import helpers.validation as check
from helpers.information import nats_to_bits, surprisal
from helpers.metrics import TokenMean, perplexity
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import LiveFigure, typeset
from helpers.widgets.traits import Numbers, Words

UNITS = ("nats", "bits")


class PerplexityDial(LiveFigure):
    """Prices of the tokens of a sentence, in nats or bits, their mean, and the perplexity that it comes to.

    A cut divides the sentence into two batches, whose means are averaged beside the token-weighted mean.

    Args:
        tokens: the sentence, two tokens or more; fixed once the figure is made.
        probabilities: what the model gave to each token, 0 to 1. The sliders reach from 0.0001 to 1, with 0
            as their last stop; any other value can be set from here.
        cut: how many tokens the first batch has; 0 leaves the sentence in one batch.
        unit: "nats" or "bits".

    Raises:
        traitlets.TraitError: there is not one probability for each token, one lies outside [0, 1], `cut` is
            no place in the sentence, or `unit` is another word.
    """

    _esm = bundle("perplexity_dial.js")
    _css = bundle("perplexity_dial.css")

    tokens = Words(["yes", "no"], read_only=True).tag(sync=True)
    probabilities = Numbers([0.5, 0.5], of="tokens", noun="token").tag(sync=True)
    cut = traitlets.Int(0).tag(sync=True)
    unit = traitlets.Enum(UNITS, default_value="nats").tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(self, tokens, probabilities, cut: int = 0, unit: str = "nats"):
        self.set_trait("tokens", tokens)
        super().__init__(probabilities=probabilities, cut=cut, unit=unit)
        self.set_trait("start", {"probabilities": self.probabilities, "cut": self.cut, "unit": self.unit})

    def __repr__(self) -> str:
        return (
            f"PerplexityDial(tokens={self.tokens}, probabilities={self.probabilities}, cut={self.cut}, "
            f"unit={self.unit!r})"
        )

    @traitlets.validate("probabilities")
    def _probabilities(self, proposal) -> list[float]:
        try:
            return check.probabilities("probabilities", proposal.value).tolist()
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None

    @traitlets.validate("cut")
    def _cut_within_the_sentence(self, proposal) -> int:
        if not 0 <= proposal.value < len(self.tokens):
            raise traitlets.TraitError(
                f"cut is {proposal.value}; expected a number of tokens for the first batch, 1 to "
                f"{len(self.tokens) - 1}, or 0 for no cut"
            )
        return proposal.value

    @property
    def prices(self) -> np.ndarray:
        """Surprisal of each token, in `unit`, shape (tokens,)."""
        return self._in_unit(self._nats)

    @property
    def mean(self) -> float:
        """Token-weighted mean price, in `unit` per token."""
        return self._in_unit(self._whole.mean)

    @property
    def perplexity(self) -> float:
        """Exp of the mean in nats, or 2 to the power of the mean in bits: the same number of choices."""
        return self._whole.perplexity

    @property
    def running_means(self) -> np.ndarray:
        """Mean price of the first token, of the first two, …, in `unit`, shape (tokens,)."""
        return self._in_unit(np.cumsum(self._nats) / self._counts)

    @property
    def running_perplexities(self) -> np.ndarray:
        """Perplexity of the first token, of the first two, …, shape (tokens,)."""
        return perplexity(np.cumsum(self._nats), self._counts)

    @property
    def batch_means(self) -> np.ndarray:
        """Mean price of each batch, in `unit` per token; shape (2,), or (1,) without a cut."""
        return self._in_unit(np.array([batch.mean for batch in self._batches]))

    @property
    def batch_perplexities(self) -> np.ndarray:
        """Perplexity of each batch, the shape of :attr:`batch_means`."""
        return np.array([batch.perplexity for batch in self._batches])

    @property
    def mean_of_means(self) -> float:
        """The mean that gives each batch one vote, in `unit`; for equal batches it is :attr:`mean`."""
        return float(self.batch_means.mean())

    @property
    def perplexity_of_mean_of_means(self) -> float:
        """The perplexity that would be reported if :attr:`mean_of_means` were the mean price."""
        return float(perplexity(np.mean([batch.mean for batch in self._batches]), 1))

    @property
    def mean_of_perplexities(self) -> float:
        """Mean of the perplexities of the batches: never below :attr:`perplexity_of_mean_of_means`."""
        return float(self.batch_perplexities.mean())

    @property
    def summary(self) -> str:
        """What each token cost, the mean, the perplexity, and what the batches make of it."""
        each = ", ".join(
            f"{token} {p:g} ({typeset(f'{price:.3f}')} {self.unit})"
            for token, p, price in zip(self.tokens, self.probabilities, self.prices, strict=True)
        )
        mean = self._whole.mean
        whole = f"The model gave the tokens these probabilities: {each}. " + typeset(
            f"The mean price is {mean:.3f} nats or {nats_to_bits(mean):.3f} bits a token; in either unit the "
            f"perplexity is {self.perplexity:.2f}."
        )
        if self.cut == 0:
            return whole
        first, second = self.batch_means
        return f"{whole} " + typeset(
            f"Cut into batches of {self.cut} and {len(self.tokens) - self.cut} tokens, the means are "
            f"{first:.3f} and {second:.3f} {self.unit}; their mean is {self.mean_of_means:.3f}, which would "
            f"be perplexity {self.perplexity_of_mean_of_means:.2f}; the mean of the two perplexities is "
            f"{self.mean_of_perplexities:.2f}."
        )

    @property
    def _nats(self) -> np.ndarray:
        return surprisal(self.probabilities)

    @property
    def _counts(self) -> np.ndarray:
        return np.arange(1, len(self.tokens) + 1)

    @property
    def _batches(self) -> list[TokenMean]:
        parts = np.split(self._nats, [self.cut] if self.cut else [])
        return [TokenMean(part.sum(), part.size) for part in parts]

    @property
    def _whole(self) -> TokenMean:
        return sum(self._batches, TokenMean())

    def _in_unit(self, nats):
        """`nats` in `unit`; a number stays a number."""
        amount = nats if self.unit == "nats" else nats_to_bits(nats)
        return float(amount) if np.ndim(amount) == 0 else amount

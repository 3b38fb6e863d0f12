"""Two distributions over the same outcomes, and what each costs as a forecast in the world of the other."""

import numpy as np
import traitlets

from helpers.information import cross_entropy, entropy, kl_divergence, surprisal
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import LiveFigure, typeset
from helpers.widgets.traits import Distribution, Words


class DivergenceExplorer(LiveFigure):
    """Entropy, cross-entropy and KL divergence of `p` and `q`, in nats and bits, in both directions.

    Args:
        outcomes: their names, K of them, two or more; fixed once the figure is made.
        p: probability of each outcome in the world, shape (K,).
        q: probability of each in the forecast, shape (K,).
        presets: for each further button its name and what it sets, {"p": …}, {"q": …} or both; fixed too.

    Raises:
        traitlets.TraitError: `p` or `q` is no distribution over the outcomes, or a preset holds something
            else.
    """

    _esm = bundle("divergence_explorer.js")
    _css = bundle("divergence_explorer.css")

    outcomes = Words(["yes", "no"], read_only=True).tag(sync=True)
    p = Distribution([0.5, 0.5], of="outcomes", noun="outcome").tag(sync=True)
    q = Distribution([0.5, 0.5], of="outcomes", noun="outcome").tag(sync=True)
    presets = traitlets.List(read_only=True).tag(sync=True)  # pairs: a saved dict would lose their order
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "reset" goes back to

    def __init__(self, outcomes, p, q, presets=None):
        self.set_trait("outcomes", outcomes)
        self.set_trait("presets", self._checked_presets({} if presets is None else presets))
        super().__init__(p=p, q=q)
        self.set_trait("start", {"p": self.p, "q": self.q})

    def __repr__(self) -> str:
        p, q = self._listed(self.p), self._listed(self.q)
        shown = {name: self._set_by(preset) for name, preset in self.presets}
        more = "".join(f"{name!r}: {{{sets}}}, " for name, sets in shown.items())[:-2]
        presets = f", presets={{{more}}}" if more else ""
        return f"DivergenceExplorer(outcomes={self.outcomes}, p={p}, q={q}{presets})"

    @property
    def entropy_p(self) -> float:
        """H(p), in nats: what the world p charges a forecaster who knows it."""
        return float(entropy(self.p))

    @property
    def entropy_q(self) -> float:
        """H(q), in nats: the same for a world that follows q."""
        return float(entropy(self.q))

    @property
    def cross_entropy(self) -> float:
        """H(p, q), in nats: what the forecast q costs in the world p."""
        return float(cross_entropy(self.p, self.q))

    @property
    def reverse_cross_entropy(self) -> float:
        """H(q, p), in nats: what the forecast p costs in the world q."""
        return float(cross_entropy(self.q, self.p))

    @property
    def divergence(self) -> float:
        """KL(p‖q), in nats: the part of H(p, q) above H(p); infinite if q rules out what p allows."""
        return float(kl_divergence(self.p, self.q))

    @property
    def reverse_divergence(self) -> float:
        """KL(q‖p), in nats: the part of H(q, p) above H(q); infinite if p rules out what q allows."""
        return float(kl_divergence(self.q, self.p))

    @property
    def terms(self) -> np.ndarray:
        """Terms p log(p/q) of KL(p‖q), in nats, shape (K,): negative where q is the larger."""
        return self._terms(np.array(self.p), np.array(self.q))

    @property
    def reverse_terms(self) -> np.ndarray:
        """Terms q log(q/p) of KL(q‖p), in nats, shape (K,): negative where p is the larger."""
        return self._terms(np.array(self.q), np.array(self.p))

    @property
    def summary(self) -> str:
        """The two distributions, and the two sums that they make."""
        each = zip(self.outcomes, self.p, self.q, strict=True)
        shares = "; ".join(f"{name} {p:.3f} and {q:.3f}" for name, p, q in each)
        forward = [self.entropy_p, self.divergence, self.cross_entropy]
        backward = [self.entropy_q, self.reverse_divergence, self.reverse_cross_entropy]
        h, kl, ce, *terms = map(self._in_words, [*forward, *self.terms])
        h_q, kl_q, ce_q = map(self._in_words, backward)
        sum_of = ", ".join(f"{name} {term}" for name, term in zip(self.outcomes, terms, strict=True))
        return (
            f"Probabilities in the world p and in the forecast q: {shares}. In nats, the entropy H(p) {h} "
            f"and the divergence KL(p‖q) {kl} (from {sum_of}) add up to the cross-entropy "
            f"H(p, q) {ce}. With the parts exchanged, H(q) {h_q} and KL(q‖p) {kl_q} add up to H(q, p) {ce_q}."
        )

    def _checked_presets(self, presets) -> list[list]:
        """`presets` as pairs [name, what it sets], with lists in place of arrays."""
        if not isinstance(presets, dict):
            raise traitlets.TraitError(f"presets is {presets!r}; expected a dict of names and what each sets")
        checked = []
        for name, preset in presets.items():
            if (
                not isinstance(name, str)
                or not isinstance(preset, dict)
                or not preset
                or set(preset) - {"p", "q"}
            ):
                raise traitlets.TraitError(
                    f"presets holds {name!r}: {preset!r}; expected a name and a dict with p, q or both"
                )
            try:
                sets = {key: self.traits()[key].validate(self, value) for key, value in preset.items()}
            except traitlets.TraitError as error:
                raise traitlets.TraitError(f"preset {name!r}: {error}") from None
            checked.append([name, sets])
        return checked

    @staticmethod
    def _terms(p: np.ndarray, q: np.ndarray) -> np.ndarray:
        """Each p log(p/q), where an outcome that cannot happen adds 0."""
        terms = np.zeros_like(p)
        can = p > 0
        terms[can] = p[can] * (surprisal(q[can]) - surprisal(p[can]))
        return terms

    @staticmethod
    def _in_words(nats: float) -> str:
        return "infinite" if nats == np.inf else typeset(f"{nats:z.3f}")

    @staticmethod
    def _listed(values: list[float]) -> str:
        """Nine digits: enough for the sum to be 1 again."""
        return "[" + ", ".join(f"{value:.9g}" for value in values) + "]"

    def _set_by(self, preset: dict[str, list[float]]) -> str:
        return ", ".join(f"{key!r}: {self._listed(values)}" for key, values in preset.items())

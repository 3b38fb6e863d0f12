r"""Who forecasts while a text is coded: models asked one token at a time. NumPy alone.

A coder reads B parts of a text side by side, and wants two things of a model, the same ones on both ends:

- ``begin(streams)``: forget everything; the distributions of the first tokens, shape (B, V);
- ``read(tokens)``: take one token of each part, shape (B,); the distributions of the next ones, shape (B, V).

All that a forecast depends on was read before. So the decoder, who has decoded it, computes the same one.
:class:`Counting` is a model that was fitted before; :class:`Adaptive` counts as it reads, and knows nothing
at the start; :class:`helpers.compression.network.Network` is one trained in PyTorch.
"""

from typing import Protocol

import numpy as np

from helpers.models.counting import BigramModel, TrigramModel, UnigramModel
from helpers.validation import whole_number


class Forecasts(Protocol):
    """A model as the coder sees it: forecasts, as probabilities, of the next token of several texts."""

    vocab_size: int

    def begin(self, streams: int) -> np.ndarray:
        """Distributions of the first tokens of as many texts, shape (streams, V)."""

    def read(self, tokens: np.ndarray) -> np.ndarray:
        """Distributions of the tokens after these, one of each text; shape (streams, V)."""


class Counting:
    """Forecasts, as probabilities, of a model that has counted its training text and learns no more.

    Args:
        model: a :class:`~helpers.models.counting.UnigramModel`, ``BigramModel`` or ``TrigramModel``.

    Raises:
        ValueError: it is none of these.
    """

    def __init__(self, model: UnigramModel | BigramModel | TrigramModel):
        match model:
            case UnigramModel():
                self._order, self._after = 0, lambda context: model.next_distribution()
            case BigramModel():
                self._order, self._after = 1, lambda context: model.next_distribution(*context)
            case TrigramModel():
                self._order, self._after = 2, model.next_distribution
            case _:
                raise ValueError(
                    f"model is a {type(model).__name__}; expected a model of helpers.models.counting"
                )
        self.vocab_size = model.vocab_size
        self._known: dict[tuple[int, ...], np.ndarray] = {}  # context → distribution, as they are asked for

    def begin(self, streams: int) -> np.ndarray:
        """Distributions of the first tokens, shape (streams, V)."""
        self._contexts = [()] * streams
        return self._forecast()

    def read(self, tokens: np.ndarray) -> np.ndarray:
        """Distributions of the next tokens, shape (B, V)."""
        self._contexts = _moved_on(self._contexts, tokens, self._order)
        return self._forecast()

    def _forecast(self) -> np.ndarray:
        for context in self._contexts:
            if context not in self._known:
                self._known[context] = self._after(context)
        return np.stack([self._known[context] for context in self._contexts])


class Adaptive:
    r"""Forecasts, as probabilities, by counts of what has been coded so far: nothing need be sent before.

    Implements :eq:`eq-adaptive`: q(x | h) = (c(h, x) + κ q(x | h′)) / (c(h) + κ), where c counts what has
    been read, h is the last `order` tokens, and h′ is h without its first; with no token left, the prior is
    1 / V.

    Args:
        vocab_size: V, how many tokens there are.
        order: how many tokens a context has at most; 0 is a unigram, 1 a bigram.
        concentration: κ, how many observations the shorter context is worth; above 0.

    Raises:
        ValueError: V is not positive, the order negative or no whole number, or κ not positive.
    """

    def __init__(self, vocab_size: int, order: int, concentration: float = 1.0):
        whole_number("vocab_size", vocab_size)
        if isinstance(order, bool) or not isinstance(order, int) or order < 0:
            raise ValueError(f"order is {order!r}; expected a whole number, 0 or more")
        if not concentration > 0:
            raise ValueError(f"concentration is {concentration}; expected a number above 0")
        self.vocab_size, self.order, self.concentration = vocab_size, order, float(concentration)

    def begin(self, streams: int) -> np.ndarray:
        """Distributions of the first tokens, shape (streams, V): uniform, nothing has been counted."""
        self._counts: dict[tuple[int, ...], np.ndarray] = {}  # context → c(h, x) of all x, and c(h)
        self._contexts = [()] * streams
        return self._forecast()

    def read(self, tokens: np.ndarray) -> np.ndarray:
        """Count these tokens, of all the texts, each after its contexts; then as :meth:`begin`."""
        for context, token in zip(self._contexts, tokens, strict=True):
            for start in range(len(context) + 1):
                counts = self._counts.setdefault(context[start:], np.zeros(self.vocab_size + 1))
                counts[[token, -1]] += 1
        self._contexts = _moved_on(self._contexts, tokens, self.order)
        return self._forecast()

    def _forecast(self) -> np.ndarray:
        return np.stack([self._after(context) for context in self._contexts])

    def _after(self, context: tuple[int, ...]) -> np.ndarray:
        q = np.full(self.vocab_size, 1 / self.vocab_size)
        for start in range(len(context), -1, -1):  # from no context to the longest
            counts = self._counts.get(context[start:])
            if counts is None:  # nor has a longer one been seen
                break
            q = (counts[:-1] + self.concentration * q) / (counts[-1] + self.concentration)
        return q


def _moved_on(contexts: list[tuple[int, ...]], tokens: np.ndarray, order: int) -> list[tuple[int, ...]]:
    """Each context with its next token, and no more than the last `order`."""
    if order == 0:
        return contexts
    return [(*context, int(token))[-order:] for context, token in zip(contexts, tokens, strict=True)]

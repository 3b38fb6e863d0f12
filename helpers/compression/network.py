"""A network of PyTorch as the forecaster of a coder."""

import numpy as np
import torch
from torch import nn

from helpers.validation import token_ids


class Network:
    """Forecasts, as probabilities, of a network that reads on with ``advance``, as those of this book do.

    Args:
        model: with ``vocab_size`` and ``advance``, as :class:`helpers.models.pytorch.SimpleLanguageModel` has
            them; used on the device that it is on.
        first: the token that each text is taken to come after, since a network has no forecast before it has
            read one.

    Raises:
        ValueError: `first` is no token.
    """

    def __init__(self, model: nn.Module, first: int):
        self.vocab_size = model.vocab_size
        token_ids("first", [first], model.vocab_size)
        self._model, self._first = model.eval(), first
        self._device = next(model.parameters()).device

    def begin(self, streams: int) -> np.ndarray:
        """Distributions of the first tokens, shape (streams, V)."""
        self._state = None
        return self.read(np.full(streams, self._first))

    def read(self, tokens: np.ndarray) -> np.ndarray:
        """Distributions of the next tokens, shape (B, V), in float64."""
        with torch.inference_mode():
            column = torch.from_numpy(np.asarray(tokens, dtype=np.int64)).to(self._device).unsqueeze(1)
            logits, self._state = self._model.advance(column, self._state)  # (B, 1, V)
            return torch.softmax(logits[:, -1].double(), dim=-1).cpu().numpy()

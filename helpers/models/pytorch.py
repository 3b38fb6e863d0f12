"""A language model that is trained, in PyTorch: embedding, LSTM, linear."""

import numpy as np
from torch import Tensor, nn

from helpers.models import scoring


class SimpleLanguageModel(nn.Module):
    """Logits of the next token at every position of a text, from all tokens up to that position.

    Three layers: each token becomes a vector, the LSTM reads the vectors from left to right, and a linear
    layer turns what it remembers into one logit for each token of the vocabulary.

    :class:`helpers.models.tensorflow.SimpleLanguageModel` is the same model in Keras.

    Args:
        vocab_size: V, the number of distinct tokens.
        embedding_dim: E, the length of a token's vector.
        hidden_dim: H, the length of the LSTM's memory.
    """

    def __init__(self, vocab_size: int, embedding_dim: int, hidden_dim: int):
        super().__init__()
        self.vocab_size = vocab_size
        self.embedding = nn.Embedding(vocab_size, embedding_dim)
        self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)
        self.fc = nn.Linear(hidden_dim, vocab_size)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, shape (B, T, V), after each of the `tokens`, integers of shape (B, T)."""
        logits, _ = self.advance(tokens)
        return logits

    def advance(self, tokens: Tensor, state: tuple[Tensor, Tensor] | None = None):
        """Read on where an earlier call stopped, so that a long text can be read piece by piece.

        Args:
            tokens: the next piece of B texts, integers below V, shape (B, T).
            state: what the call for the piece before it returned; None at the start of a text.

        Returns:
            logits, shape (B, T, V), and the state after the last token.
        """
        embedded = self.embedding(tokens)  # (B, T, E)
        hidden, state = self.lstm(embedded, state)  # (B, T, H)
        logits = self.fc(hidden)  # (B, T, V)
        return logits, state

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token, in nats, shape (T,), by :func:`helpers.models.scoring.log_probs`."""
        return scoring.log_probs(self, tokens, context)

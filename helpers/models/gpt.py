"""A small GPT in PyTorch: a transformer that reads from left to right, small enough to be trained on a CPU.

Each token becomes a vector of D numbers, and takes in something of the two tokens before it. Then each block
adds two things: what *attention* finds in the tokens so far, and what a feed-forward network makes of the
result. From the last vector come the logits of the next token. The parts are those of
:mod:`helpers.models.llama`, which runs a real one; what is added here is the look at two neighbours.

Shapes: B texts of T tokens, V tokens in the vocabulary, H heads of D / H numbers.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from helpers.models import scoring
from helpers.models.llama import FeedForward
from helpers.validation import whole_number

ROPE_BASE = 100.0  # the slowest pair of 32 numbers then turns by 1.7 radians over 128 tokens, not by 0.02


class GPT(nn.Module):
    """Logits of the next token at every position of a text, from the `context` tokens up to that position.

    NB: the sum over three neighbouring tokens, in ``advance``, is no part of the first GPT. Attention has to
    learn first where the token before stands. Handed that much (as in Primer, So et al. 2021), a model that
    has a minute to learn comes further.

    It is trained, evaluated and sampled by :mod:`helpers.training.pytorch`, as
    :class:`helpers.models.pytorch.SimpleLanguageModel` is.

    Args:
        vocab_size: V, the number of distinct tokens.
        context: how many tokens attention looks at, the current one among them.
        layers: the number of blocks.
        heads: H, the number of attention heads, which share D among them.
        dim: D, the length of a token's vector.

    Raises:
        ValueError: a size is no positive whole number, or `dim` is no multiple of 2 · heads.
    """

    def __init__(
        self, vocab_size: int, *, context: int = 128, layers: int = 4, heads: int = 4, dim: int = 128
    ):
        super().__init__()
        sizes = dict(vocab_size=vocab_size, context=context, layers=layers, heads=heads, dim=dim)
        for name, size in sizes.items():
            whole_number(name, size)
        if dim % (2 * heads):
            raise ValueError(f"dim is {dim} and heads is {heads}; expected dim a multiple of 2 · heads")
        self.vocab_size, self.context = vocab_size, context
        speeds = ROPE_BASE ** (-torch.arange(0, dim // heads, 2, dtype=torch.float64) / (dim // heads))
        self.register_buffer("speeds", speeds, persistent=False)  # radians a token, shape (D / 2H,)
        self.embedding = nn.Embedding(vocab_size, dim)
        self.neighbours = nn.Parameter(
            torch.zeros(2, dim)
        )  # how much of the token before, and the one before that
        self.blocks = nn.ModuleList(Block(dim, heads, context) for _ in range(layers))
        self.norm = nn.RMSNorm(dim)  # x / √(mean of x²), times a learned weight
        self.fc = nn.Linear(dim, vocab_size, bias=False)
        self._draw_weights()

    def _draw_weights(self) -> None:
        """Draw weights such that each layer passes on vectors of the size it gets, and the logits are small.

        A sum over D numbers is √D times as large as one of them, hence D^−½. What the 2 · layers parts of
        the blocks add to a vector would add up, hence the second factor. The last layer is drawn so small
        that the first forecast is nearly even, and the first loss nearly log V.
        """
        for name, weight in self.named_parameters():
            if name.endswith(("output.weight", "down.weight")):
                nn.init.normal_(weight, std=(weight.shape[1] * 2 * len(self.blocks)) ** -0.5)
            elif weight.ndim == 2 and name not in ("embedding.weight", "neighbours"):  # from N(0, 1), and 0
                nn.init.normal_(weight, std=0.02 if name == "fc.weight" else weight.shape[1] ** -0.5)

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, shape (B, T, V), after each of the `tokens`, integers of shape (B, T)."""
        return self.advance(tokens)[0]

    def advance(self, tokens: Tensor, state: tuple | None = None) -> tuple[Tensor, tuple]:
        """Read on where an earlier call stopped: what was read last is kept, as vectors, keys and values.

        Args:
            tokens: the next piece of B texts, integers below V, shape (B, T).
            state: what the call for the piece before it returned; None at the start of a text.

        Returns:
            logits, shape (B, T, V), and the state after the last token. Read in pieces or at once, a text has
            the same logits.
        """
        x = self.embedding(tokens)  # (B, T, D)
        before, kept = state or (x.new_zeros(len(x), 2, x.shape[2]), [None] * len(self.blocks))
        near = torch.cat([before, x], dim=1)  # (B, 2 + T, D)
        x = x + self.neighbours[0] * near[:, 1:-1] + self.neighbours[1] * near[:, :-2]
        # Where counting begins makes no difference to RoPE, so position 0 is the oldest key that is kept.
        past_length = kept[0][0].shape[2] if state else 0
        position = torch.arange(past_length + tokens.shape[1], device=x.device)
        angles = torch.outer(position, self.speeds)  # (S, D / 2H)
        turns = torch.stack([angles.cos(), angles.sin()]).to(x.dtype)
        keep = []
        for block, past in zip(self.blocks, kept, strict=True):
            x, seen = block(x, turns, past)
            keep.append(seen)
        return self.fc(self.norm(x)), (near[:, -2:], keep)

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token, in nats, shape (T,), by :func:`helpers.models.scoring.log_probs`."""
        return scoring.log_probs(self, tokens, context)


class Block(nn.Module):
    """One layer: to each vector is added what attention finds, then what the feed-forward network makes."""

    def __init__(self, dim: int, heads: int, context: int):
        super().__init__()
        self.attention_norm = nn.RMSNorm(dim)
        self.attention = WindowAttention(dim, heads, context)
        self.feed_forward_norm = nn.RMSNorm(dim)
        self.feed_forward = FeedForward(dim, 8 * dim // 3)  # as many weights as two layers of 4 · D

    def forward(self, x: Tensor, turns: Tensor, past: tuple | None) -> tuple[Tensor, tuple]:
        """The vectors after this layer, shape (B, T, D), and the keys and values to keep."""
        found, seen = self.attention(self.attention_norm(x), turns, past)
        x = x + found
        return x + self.feed_forward(self.feed_forward_norm(x)), seen


class WindowAttention(nn.Module):
    """Each token asks the `context` tokens up to itself, and takes a mean of their values, weighted by fit.

    NB: a token of the second layer asks vectors that have themselves asked `context` tokens. So what is read
    reaches back `layers` times as far, as in Mistral 7B (Jiang et al. 2023).
    """

    def __init__(self, dim: int, heads: int, context: int):
        super().__init__()
        self.heads, self.context = heads, context
        self.ask = nn.Linear(dim, 3 * dim, bias=False)  # queries, keys and values in one product
        self.output = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor, turns: Tensor, past: tuple | None) -> tuple[Tensor, tuple]:
        """What each token finds, shape (B, T, D), and the last context − 1 keys and values."""
        query, key, value = self.ask(x).unflatten(-1, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        T, S = query.shape[2], key.shape[2]
        kept = max(0, S - self.context + 1)  # what is further back, the next token cannot see
        seen = key[:, :, kept:], value[:, :, kept:]
        query, key = rotate(query, turns[:, S - T :]), rotate(key, turns)
        found = F.scaled_dot_product_attention(query, key, value, **self._visible(T, S, x.device))
        return self.output(found.transpose(1, 2).flatten(2)), seen

    def _visible(self, T: int, S: int, device: torch.device) -> dict:
        """The tokens that each of the last T of S may ask, as arguments of PyTorch's attention."""
        if T == S <= self.context:
            return {"is_causal": True}  # all up to itself; no table is made
        position = torch.arange(S, device=device)
        back = position[S - T :, None] - position  # how far each key lies behind each query, shape (T, S)
        return {"attn_mask": (back >= 0) & (back < self.context)}


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Each pair of neighbours in x, shape (B, H, T, D / H), turned by an angle that grows with t: RoPE.

    As :func:`helpers.models.llama.rotate`, without complex numbers, which ``torch.compile`` knows nothing of;
    `turns` are the cosines and the sines, shape (2, T, D / 2H).
    """
    cos, sin = turns
    one, two = x.unflatten(-1, (-1, 2)).unbind(-1)  # (B, H, T, D / 2H) each
    return torch.stack([one * cos - two * sin, one * sin + two * cos], dim=-1).flatten(-2)

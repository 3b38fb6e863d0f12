"""The architecture of a real language model, Llama, in plain PyTorch: it runs SmolLM2 as `transformers` does.

A transformer reads from left to right (Touvron et al. 2023). Each token becomes a vector; each block adds to
it what *attention* finds in the tokens before it, and what a *feed-forward* network makes of the result; the
last vector, compared with the vector of every token, gives the logits of the next one.

Shapes: B texts of T tokens, vocabulary V, D numbers in a token's vector, H heads of D / H numbers each.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.attention.bias import causal_lower_right

from helpers.models import scoring
from helpers.validation import token_ids, whole_number

SCORED_AT_ONCE = 128  # positions whose logits are held at a time: with V = 49152, 25 MB instead of 1.6 GB


class Llama(nn.Module):
    """Logits of the next token at every position of a text, from all tokens up to that position.

    Args:
        vocab_size: V, the number of distinct tokens.
        context: how many tokens of a text the model can read.
        layers: the number of blocks.
        heads: H, how many heads ask.
        key_heads: how many heads are asked: each answers H / key_heads of those that ask.
        dim: D, the length of a token's vector.
        hidden_dim: the length of the feed-forward network's inner vector.
        rope_base: how many times longer the slowest wave of the positions is than the quickest, about.
        epsilon: keeps the inverse of a norm finite.

    Raises:
        ValueError: a size is no positive whole number, or the heads do not divide what they share.
    """

    def __init__(
        self, vocab_size, *, context, layers, heads, key_heads, dim, hidden_dim, rope_base=1e4, epsilon=1e-5
    ):
        super().__init__()
        sizes = dict(vocab_size=vocab_size, context=context, layers=layers, heads=heads, key_heads=key_heads)
        for name, size in (sizes | dict(dim=dim, hidden_dim=hidden_dim)).items():
            whole_number(name, size)
        if heads % key_heads or dim % (2 * heads):
            came = f"dim is {dim}, heads is {heads}, key_heads is {key_heads}"
            raise ValueError(f"{came}; expected dim a multiple of 2 · heads, and heads of key_heads")
        self.vocab_size, self.context = vocab_size, context
        self.rope_base, self.head_dim = rope_base, dim // heads
        self.embedding = nn.Embedding(vocab_size, dim)
        self.blocks = nn.ModuleList(Block(dim, hidden_dim, heads, key_heads, epsilon) for _ in range(layers))
        self.norm = nn.RMSNorm(dim, epsilon)  # x / √(mean(x²) + ε), times a weight for each of the D numbers

    def forward(self, tokens: Tensor) -> Tensor:
        """Logits of the next token, shape (B, T, V), after each of the `tokens`, integers of shape (B, T)."""
        return self.advance(tokens)[0]

    def advance(self, tokens: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        """Read on where an earlier call stopped. The keys and values of all that was read are the state.

        Args:
            tokens: the next piece of B texts, integers below V, shape (B, T).
            state: what the call for the piece before it returned; None at the start of a text.

        Returns:
            logits, shape (B, T, V), and the state after the last token.

        Raises:
            ValueError: the text so far is longer than `context`.
        """
        hidden, state = self._read(tokens, state)
        return F.linear(hidden, self.embedding.weight), state  # the same matrix on the way in and out

    def hidden(self, tokens: Tensor) -> Tensor:
        """The last vectors, shape (B, T, D), of `tokens`, (B, T): times the embedding, the logits."""
        return self._read(tokens)[0]

    def _read(self, tokens: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        state = state or [None] * len(self.blocks)
        start = 0 if state[0] is None else state[0][0].shape[2]
        end = start + tokens.shape[1]
        if end > self.context:
            raise ValueError(f"the text has {end} tokens; expected at most {self.context}, the context")
        x = self.embedding(tokens)  # (B, T, D)
        turns = self.turns(torch.arange(start, end, dtype=x.dtype, device=x.device))
        kept = []
        for block, past in zip(self.blocks, state, strict=True):
            x, seen = block(x, turns, past)
            kept.append(seen)
        return self.norm(x), kept

    def turns(self, positions: Tensor) -> Tensor:
        """e^(i · position · speed), shape (T, D / 2H): each pair of numbers of a head has a speed of its own.

        The angles have the precision of `positions`; in float32 they are rounded as `transformers` does.
        """
        pairs = torch.arange(0, self.head_dim, 2, dtype=positions.dtype, device=positions.device)
        angles = torch.outer(positions, 1 / self.rope_base ** (pairs / self.head_dim))
        return torch.polar(torch.ones_like(angles), angles)

    @torch.inference_mode()
    def logits(self, tokens) -> np.ndarray:
        """Logits of the next token after each token of one text, shape (T, V); `tokens` of shape (T,)."""
        return self(self._batch(token_ids("tokens", tokens, self.vocab_size)))[0].cpu().numpy()

    @torch.inference_mode()
    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token given the context and the tokens before it, in nats, shape (T,).

        Args:
            tokens: what is priced, integers below V, shape (T,).
            context: what comes before, and is read alone, shape (C,), with C at least 1.

        Raises:
            ValueError: a token is out of range; the context is empty; or C + T − 1, the number of tokens that
                are read (all but the last), is more than the model's `context`.
        """
        tokens, context = scoring.checked(tokens, context, self.vocab_size)
        if tokens.size == 0:
            return np.zeros(0)
        hidden = self.hidden(self._batch(np.concatenate([context, tokens[:-1]])))[0, context.size - 1 :]
        found = []
        for some, targets in zip(
            hidden.split(SCORED_AT_ONCE), self._batch(tokens)[0].split(SCORED_AT_ONCE), strict=True
        ):
            logits = F.linear(some, self.embedding.weight)  # (at most 128, V)
            found.append(logits.gather(1, targets[:, None])[:, 0] - logits.logsumexp(1))
        return torch.cat(found).double().cpu().numpy()

    def _batch(self, tokens: np.ndarray) -> Tensor:
        return torch.from_numpy(tokens).to(self.embedding.weight.device)[None]  # (1, T)


class Block(nn.Module):
    """One layer: each vector gains what attention finds, then what the feed-forward network makes of it."""

    def __init__(self, dim: int, hidden_dim: int, heads: int, key_heads: int, epsilon: float):
        super().__init__()
        self.attention_norm = nn.RMSNorm(dim, epsilon)
        self.attention = Attention(dim, heads, key_heads)
        self.feed_forward_norm = nn.RMSNorm(dim, epsilon)
        self.feed_forward = FeedForward(dim, hidden_dim)

    def forward(self, x: Tensor, turns: Tensor, past: tuple | None) -> tuple[Tensor, tuple]:
        """The vectors after this layer, shape (B, T, D), and the keys and values to keep."""
        found, seen = self.attention(self.attention_norm(x), turns, past)
        x = x + found
        return x + self.feed_forward(self.feed_forward_norm(x)), seen


class Attention(nn.Module):
    """Each token asks all tokens up to itself, and takes the mean of their values, weighted by the match.

    Several heads ask the same keys, so that fewer have to be kept: grouped queries (Ainslie et al. 2023).
    """

    def __init__(self, dim: int, heads: int, key_heads: int):
        super().__init__()
        self.head_dim = dim // heads
        self.query = nn.Linear(dim, dim, bias=False)
        self.key = nn.Linear(dim, key_heads * self.head_dim, bias=False)
        self.value = nn.Linear(dim, key_heads * self.head_dim, bias=False)
        self.output = nn.Linear(dim, dim, bias=False)

    def forward(self, x: Tensor, turns: Tensor, past: tuple | None) -> tuple[Tensor, tuple]:
        """What each token finds, shape (B, T, D), and all keys and values, (B, key_heads, S, D / H) each."""
        query, key, value = (
            layer(x).unflatten(-1, (-1, self.head_dim)).transpose(1, 2)  # (B, H or key_heads, T, D / H)
            for layer in (self.query, self.key, self.value)
        )
        query, key = rotate(query, turns), rotate(key, turns)
        if past is not None:
            key, value = torch.cat([past[0], key], dim=2), torch.cat([past[1], value], dim=2)
        nothing_later = causal_lower_right(query.shape[2], key.shape[2])  # the last query sees all S keys
        found = F.scaled_dot_product_attention(query, key, value, nothing_later, enable_gqa=True)
        return self.output(found.transpose(1, 2).flatten(2)), (key, value)


class FeedForward(nn.Module):
    """SwiGLU (Shazeer 2020): a linear layer, gated by silu(x) = x · sigmoid(x) of another, and one back."""

    def __init__(self, dim: int, hidden_dim: int):
        super().__init__()
        self.gate = nn.Linear(dim, hidden_dim, bias=False)
        self.up = nn.Linear(dim, hidden_dim, bias=False)
        self.down = nn.Linear(hidden_dim, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """The vectors, each by itself, shape (B, T, D)."""
        return self.down(F.silu(self.gate(x)) * self.up(x))


def rotate(x: Tensor, turns: Tensor) -> Tensor:
    """Each pair of neighbours in x, shape (B, heads, T, D / H), turned by an angle that grows with t: RoPE.

    A turned query times a turned key depends on how far apart the two stand, and on nothing else about where
    (Su et al. 2021). A pair is taken for a complex number, which one of the `turns` multiplies.
    """
    pairs = torch.view_as_complex(x.unflatten(-1, (-1, 2)))
    return torch.view_as_real(pairs * turns).flatten(-2)

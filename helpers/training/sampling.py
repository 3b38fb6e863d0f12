"""Text that a model continues, one token after the other. NumPy alone, so that both frameworks draw alike."""

from collections.abc import Callable

import numpy as np

from helpers.losses.reference import softmax
from helpers.validation import token_ids, whole_number


def continue_text(
    advance: Callable, prompt, n: int, rng: np.random.Generator, temperature: float, vocab_size: int
) -> np.ndarray:
    """`n` tokens, each drawn after all those before it; shape (n,), without the prompt.

    Args:
        advance: takes tokens (1, T) and a state, None at first; gives logits (1, T, V) and the next state.
        prompt: the tokens to begin after, shape (P,), with P at least 1.
        n: how many tokens to draw.
        rng: draws them.
        temperature: as in :func:`draw`.
        vocab_size: V, how many tokens there are.

    Raises:
        ValueError: the prompt is empty or has a token out of range, or `n` or `temperature` makes no sense.
    """
    unread, state = token_ids("prompt", prompt, vocab_size)[None], None  # (1, P)
    if unread.size == 0:
        raise ValueError("prompt is empty; expected at least one token to begin after")
    whole_number("n", n)
    drawn = np.empty(n, dtype=np.int64)
    for t in range(n):
        logits, state = advance(unread, state)
        drawn[t] = draw(logits[0, -1], rng, temperature)
        unread = drawn[t].reshape(1, 1)  # the state knows all that came before
    return drawn


def draw(logits, rng: np.random.Generator, temperature: float = 1.0) -> int:
    """A token drawn from softmax(logits / temperature).

    Args:
        logits: shape (V,).
        rng: draws one number.
        temperature: below 1 the likely tokens become likelier still, above 1 all become more alike; at 0 the
            likeliest is taken.

    Raises:
        ValueError: `logits` has another shape or holds NaN, or `temperature` is negative or no number.
    """
    if not 0 <= temperature < np.inf:  # written so that NaN counts as bad
        raise ValueError(f"temperature is {temperature}; expected a number, 0 or more")
    logits = np.asarray(logits, dtype=np.float64)
    if logits.ndim != 1:
        raise ValueError(f"logits has shape {logits.shape}; expected (V,), the logits of one token")
    if temperature == 0:
        return int(logits.argmax())
    return int(rng.choice(logits.size, p=softmax(logits / temperature)))

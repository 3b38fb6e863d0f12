"""What the tokens of a text cost a model that is trained: the log-probability of each one."""

import numpy as np
import torch

from helpers.validation import token_ids, whole_number


@torch.inference_mode()
def log_probs(model: torch.nn.Module, tokens, context=(), *, at_once: int = 256) -> np.ndarray:
    """Log-probability of each token given the context and the tokens before it, in nats, shape (T,), float64.

    The text is read piece by piece, each piece going on where the last one stopped, so that a long one needs
    no more memory than a short one.

    Args:
        model: with ``vocab_size`` and ``advance``; read on the device that it is on, in its own precision.
        tokens: the tokens to price, integers below V, shape (T,).
        context: the tokens before them, which are read and not priced, shape (C,), with C at least 1.
        at_once: how many tokens are read at a time; the result does not depend on it.

    Raises:
        ValueError: the context is empty, a token is out of range, or `at_once` is no positive whole number.
    """
    tokens, context = checked(tokens, context, model.vocab_size)
    whole_number("at_once", at_once)
    if tokens.size == 0:
        return np.zeros(0)
    device, state = next(model.parameters()).device, None
    text = torch.from_numpy(np.concatenate([context, tokens]))[None].to(device)  # (1, C + T)
    inputs, targets = text[:, :-1], text[:, 1:]  # the last token is predicted, and never read
    found = []
    for read, wanted in zip(inputs.split(at_once, 1), targets.split(at_once, 1), strict=True):
        logits, state = model.advance(read, state)  # (1, at most at_once, V)
        found.append(logits.double().log_softmax(-1).gather(-1, wanted[..., None]).flatten())
    return torch.cat(found)[context.size - 1 :].cpu().numpy()


def checked(tokens, context, vocab_size: int) -> tuple[np.ndarray, np.ndarray]:
    """The `tokens` to price, shape (T,), and the `context` before them, shape (C,), as int64.

    Raises:
        ValueError: a token is no integer or out of range, or the context is empty.
    """
    tokens, context = token_ids("tokens", tokens, vocab_size), token_ids("context", context, vocab_size)
    if context.size == 0:
        raise ValueError(
            "context is empty, and nothing says what a text begins with; "
            "expected at least one token to predict the first one from"
        )
    return tokens, context

"""What the questions on PyTorch and on Keras share: batches of texts, and their losses."""

import numpy as np

from helpers.losses.reference import cross_entropy, log_softmax


def batch_of_texts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Logits (B, T, V) and targets (B, T), of three different sizes."""
    batch, length, vocab = 2 + rng.permutation(6)[:3]
    return rng.normal(size=(batch, length, vocab)) * 2, rng.integers(vocab, size=(batch, length))


def each_price(logits, targets) -> np.ndarray:
    """Price of each position, in nats, shape of the targets; 0 where the target is −100."""
    return cross_entropy(logits, targets, reduction="none")


def softmax_over_time(logits, targets) -> np.ndarray:
    """Mean price, in nats, when the softmax runs over the positions: a mistake of both frameworks."""
    log_q = log_softmax(logits.swapaxes(1, 2)).swapaxes(1, 2)
    return -np.take_along_axis(log_q, targets[..., None], axis=-1).mean()

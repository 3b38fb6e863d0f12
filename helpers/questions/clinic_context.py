"""Questions on the clinic, third ward: what a forecast may read, in the model and in the text around it."""

import numpy as np

from helpers.information import surprisal
from helpers.losses.reference import softmax
from helpers.questions.question import Question

TRAINING, VALIDATION, NEITHER = 0, 1, -1  # the part that a window belongs to


def _attention(rng):
    """Scores of attention between the positions of a text, (T, T)."""
    length = int(rng.integers(4, 8))
    return (rng.normal(size=(length, length)) * 2,)


def _cut(rng):
    """Length of a text that does not fill its last window, size of a window, tokens to read before it."""
    size = int(rng.integers(4, 9))
    length = size * int(rng.integers(2, 5)) + int(rng.integers(1, size))
    return length, size, int(rng.integers(1, size))


def _bigram(rng):
    """Chances q[a, b] of token b after token a, (V, V), a short text, (T,), and the start before it."""
    vocab = int(rng.integers(4, 7))
    q = rng.dirichlet(np.ones(vocab), size=vocab) * 0.9 + 0.1 / vocab
    return q, rng.integers(vocab, size=rng.integers(3, 7)), int(rng.integers(vocab))


def _overlapping(rng):
    """Starts of overlapping windows in random order, (W,), their size, and where validation begins."""
    size, cut = 2 * int(rng.integers(4, 9)), int(rng.integers(150, 300))
    return rng.permutation(cut + size // 2 * np.arange(-6, 4)), size, cut


def _masked(scores, allowed):
    return softmax(np.where(allowed, scores, -np.inf))


def _windows(length, size):
    """Where each window begins and ends, two arrays of shape (W,)."""
    starts = np.arange(0, length, size)
    return starts, np.minimum(starts + size, length)


def _rows(read, scored, end):
    return np.stack([read, scored, end], axis=1)


def _read_back(length, size, context):
    starts, ends = _windows(length, size)
    return _rows(np.maximum(starts - context, 0), starts, ends)


def _transitions(q, tokens):
    """Price of each token but the first, from the one before it, (T − 1,)."""
    return surprisal(q[tokens[:-1], tokens[1:]])


def _parts(starts, training, validation):
    return np.where(training, TRAINING, np.where(validation, VALIDATION, NEITHER))


QUESTIONS = (
    Question(
        name="nothing-ahead",
        chapter=7,
        points=2,
        task="Return attention weights under which no position reads a later one.",
        expects="an array of shape (T, T), whose rows sum to 1",
        cases=_attention,
        reference=lambda scores: _masked(scores, np.tri(len(scores)) > 0),
        mistakes={
            "The mask is off by one: each position reads one token ahead, the one that it should predict.": (
                lambda scores: _masked(scores, np.tri(len(scores), k=1) > 0)
            ),
            "There is no mask: every position reads the whole text.": softmax,
            "The mask came after the softmax: the rows do not sum to 1. Mask the scores.": (
                lambda scores: softmax(scores) * np.tri(len(scores))
            ),
            "Masked scores were set to 0, and e to 0 is 1. Set them to −∞.": (
                lambda scores: softmax(scores * np.tri(len(scores)))
            ),
            "This mask lets each position read itself and what comes after it, and hides the past.": (
                lambda scores: _masked(scores, np.tri(len(scores)).T > 0)
            ),
        },
    ),
    Question(
        name="windows-that-read-back",
        chapter=7,
        points=2,
        task="Return where each window is read from, scored from, and ends.",
        expects="an array of whole numbers, shape (W, 3)",
        cases=_cut,
        reference=_read_back,
        mistakes={
            "The context is cut off at each window: the first token is predicted from nothing.": (
                lambda length, size, context: _rows(_windows(length, size)[0], *_windows(length, size))
            ),
            "What is read again is scored again, and counts twice.": (
                lambda length, size, context: _read_back(length, size, context)[:, [0, 0, 2]]
            ),
            "The first window begins before the text. Nothing stands there: begin at 0.": (
                lambda length, size, context: _rows(
                    _windows(length, size)[0] - context, *_windows(length, size)
                )
            ),
            "The last window ends after the text.": lambda length, size, context: (
                _read_back(length, size, context)[:, [0, 1, 1]] + [0, 0, size]
            ),
        },
    ),
    Question(
        name="text-with-its-start",
        chapter=7,
        points=2,
        task="Return the mean price of a text, in nats, read after its start.",
        expects="one number of nats, 0 or more",
        cases=_bigram,
        reference=lambda q, tokens, start: _transitions(q, np.append(start, tokens)).mean(),
        mistakes={
            "The start was left out: the first token is predicted from nothing, and pays log V.": (
                lambda q, tokens, start: np.append(np.log(len(q)), _transitions(q, tokens)).mean()
            ),
            "The first token was left out. It is read after the start, and is priced.": (
                lambda q, tokens, start: _transitions(q, tokens).mean()
            ),
            "The start was priced too. It is given, and not predicted.": lambda q, tokens, start: np.append(
                np.log(len(q)), _transitions(q, np.append(start, tokens))
            ).mean(),
            "The chances were read the wrong way round: q[a, b] is the chance of b after a.": (
                lambda q, tokens, start: _transitions(q.T, np.append(start, tokens)).mean()
            ),
            "This is the sum. Divide by the number of tokens, without the start.": (
                lambda q, tokens, start: _transitions(q, np.append(start, tokens)).sum()
            ),
        },
    ),
    Question(
        name="split-before-windows",
        chapter=7,
        points=2,
        task="Return the part of each window: 0 training, 1 validation, −1 neither.",
        expects="an array of the shape of the starts: 0, 1 and −1",
        cases=_overlapping,
        reference=lambda starts, size, cut: _parts(starts, starts + size <= cut, starts >= cut),
        mistakes={
            "The windows were shuffled first and split afterwards, by their place in the list.": (
                lambda starts, size, cut: (np.arange(len(starts)) >= int(0.9 * len(starts))).astype(int)
            ),
            "A window that begins before the cut and ends after it shows validation text to the training.": (
                lambda starts, size, cut: _parts(starts, starts < cut, starts >= cut)
            ),
            "A window that begins before the cut and ends after it brings training text into validation.": (
                lambda starts, size, cut: _parts(starts, starts + size <= cut, starts + size > cut)
            ),
            "A window that ends right before the cut shares nothing with validation: it is for training.": (
                lambda starts, size, cut: _parts(starts, starts + size < cut, starts >= cut)
            ),
            "A window that begins at the cut lies wholly in validation.": (
                lambda starts, size, cut: _parts(starts, starts + size <= cut, starts > cut)
            ),
        },
    ),
)

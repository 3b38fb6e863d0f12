"""Questions on the clinic, fourth ward: rows and logits that come in parts, and have to be put together."""

import numpy as np

from helpers.losses.reference import cross_entropy
from helpers.questions.question import Question


def _lookup(rng):
    """Tokens of a lookup, one of them twice or more, (n,), a gradient for each, (n, E), V, and the limit."""
    ids = rng.permutation([0, 1, 1, 3, 3, 3])[: int(rng.integers(4, 7))]
    ids = np.append(ids, ids[0])  # one occurs twice in any case
    return ids, rng.normal(size=(len(ids), 3)) * 5, int(rng.integers(4, 7)), float(rng.uniform(0.2, 1))


def _shards(rng):
    """Logits of one row, cut into as many equal parts as there are machines, (M, V / M), and the target."""
    machines, width = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    offset = 800.0 if rng.random() < 0.75 else 0.0  # so often that no set of cases is without an overflow
    return rng.normal(size=(machines, width)) * 2 + offset, int(rng.integers(machines * width))


def _table(ids, rows, vocab_size):
    """The rows of each token added up, (V, E)."""
    return np.array([rows[ids == token].sum(axis=0) for token in range(vocab_size)])


def _last_rows(ids, rows, vocab_size):
    """The table after each row was written to its token, (V, E)."""
    table = np.zeros((vocab_size, rows.shape[1]))
    table[ids] = rows
    return table


def _cut(gradient, limit, axis=None):
    """Gradient of at most this length; with axis=1, each row of it."""
    length = np.sqrt((gradient**2).sum(axis=axis, keepdims=True))
    return gradient * np.minimum(1, limit / np.maximum(length, 1e-300))  # a row of zeros stays as it is


def _naive_shards(shards, target):
    with np.errstate(over="ignore"):
        return np.log(np.exp(shards).sum()) - shards.ravel()[target]


def _own_shard_alone(shards, target):
    machine, place = divmod(target, shards.shape[1])
    return cross_entropy(shards[machine], np.asarray(place))


QUESTIONS = (
    Question(
        name="merged-and-then-cut",
        chapter=7,
        points=3,
        task="Return the gradient of the whole table, cut to a length of at most `limit`.",
        expects="an array of shape (V, E), whose length is at most the limit",
        cases=_lookup,
        reference=lambda ids, rows, vocab_size, limit: _cut(_table(ids, rows, vocab_size), limit),
        mistakes={
            "The length was taken before the rows of the same token were added up.": (
                lambda ids, rows, vocab_size, limit: _table(ids, _cut(rows, limit), vocab_size)
            ),
            "Of a token that occurs twice only the last row is left. Add its rows up.": (
                lambda ids, rows, vocab_size, limit: _cut(_last_rows(ids, rows, vocab_size), limit)
            ),
            "Each row of the table was cut by itself. The limit holds for the whole.": (
                lambda ids, rows, vocab_size, limit: _cut(_table(ids, rows, vocab_size), limit, axis=1)
            ),
            "Nothing was cut.": lambda ids, rows, vocab_size, limit: _table(ids, rows, vocab_size),
        },
    ),
    Question(
        name="a-vocabulary-in-parts",
        chapter=7,
        points=3,
        task="Return the loss of one row whose logits lie on several machines, in nats.",
        expects="one number of nats, 0 or more; finite for finite logits",
        cases=_shards,
        reference=lambda shards, target: cross_entropy(shards.ravel(), np.asarray(target)),
        mistakes={
            "Right for small logits. Large ones overflow: take the largest of all machines off first.": (
                _naive_shards
            ),
            "Only the machine of the target was looked at. All of them share one sum.": _own_shard_alone,
            "The sum was counted once for each machine: too high by the logarithm of their number.": (
                lambda shards, target: cross_entropy(shards.ravel(), np.asarray(target)) + np.log(len(shards))
            ),
            "The minus is missing.": (
                lambda shards, target: -cross_entropy(shards.ravel(), np.asarray(target))
            ),
        },
    ),
)

"""Questions on chapter 7: code that goes wrong in the clinic, written so that it does not."""

import numpy as np

from helpers.losses.reference import cross_entropy
from helpers.questions.question import Question

END = 0  # the token that ends a text, and fills up the short ones


def _parts(rng):
    """Gradients of the mean loss of a few parts of a batch, (P, D), and the tokens of each part, (P,)."""
    parts = int(rng.integers(2, 5))
    return rng.normal(size=(parts, 4)), rng.permutation([3, 11, 101, 400])[:parts]


def _prompt(rng):
    """Tokens of a prompt and its answer, (T,), none of them 0, and the length of the prompt."""
    length = int(rng.integers(6, 11))
    return rng.integers(1, 90, size=length), int(rng.integers(2, length - 2))


def _padded(rng):
    """Rows of tokens that end in END and are filled up with it, (B, T), and their lengths with one END."""
    lengths = rng.permutation([3, 5, 7])
    tokens = rng.integers(1, 90, size=(3, 8))
    tokens[np.arange(8) >= lengths[:, None] - 1] = END
    return tokens, lengths


def _shards(rng):
    """Logits of one row, cut into as many equal parts as there are machines, (M, V / M), and the target."""
    machines, width = int(rng.integers(2, 5)), int(rng.integers(2, 5))
    logits = rng.normal(size=(machines, width)) * rng.choice([2.0, 700.0])
    return logits, int(rng.integers(machines * width))


def _ignored(tokens, where):
    return np.where(where, -100, tokens)


def _naive_shards(shards, target):
    with np.errstate(over="ignore"):
        return np.log(np.exp(shards).sum()) - shards.ravel()[target]


def _own_shard_alone(shards, target):
    machine, place = divmod(target, shards.shape[1])
    return cross_entropy(shards[machine], np.asarray(place))


QUESTIONS = (
    Question(
        name="gradient-of-all-parts",
        chapter=7,
        points=2,
        task="Return the gradient of the mean loss of the whole batch.",
        expects="an array of shape (D,)",
        cases=_parts,
        reference=lambda gradients, tokens: tokens @ gradients / tokens.sum(),
        mistakes={
            "This is the mean of the parts' gradients: a short part has the say of a long one.": (
                lambda gradients, tokens: gradients.mean(axis=0)
            ),
            "The gradients were added up. Each belongs to a mean, and has to be weighed with its tokens.": (
                lambda gradients, tokens: gradients.sum(axis=0)
            ),
            "This is the gradient of the sum. Divide it by the number of all tokens.": (
                lambda gradients, tokens: tokens @ gradients
            ),
            "It was divided by the number of parts. Divide by the number of all tokens.": (
                lambda gradients, tokens: tokens @ gradients / len(tokens)
            ),
        },
    ),
    Question(
        name="labels-of-an-answer",
        chapter=7,
        points=1,
        task="Return labels that price the answer alone: −100 elsewhere, no shift yet.",
        expects="an array of labels of the shape of the tokens",
        cases=_prompt,
        reference=lambda tokens, prompt_length: _ignored(tokens, np.arange(len(tokens)) < prompt_length),
        mistakes={
            "The prompt has the label 0, and 0 is a token. What is not priced has the label −100.": (
                lambda tokens, prompt_length: np.where(np.arange(len(tokens)) < prompt_length, 0, tokens)
            ),
            "The answer is left out, and the prompt is priced.": (
                lambda tokens, prompt_length: _ignored(tokens, np.arange(len(tokens)) >= prompt_length)
            ),
            "The first token of the answer is left out too. It should be learned.": (
                lambda tokens, prompt_length: _ignored(tokens, np.arange(len(tokens)) <= prompt_length)
            ),
            "Nothing is left out: the prompt is priced too.": lambda tokens, prompt_length: tokens,
        },
    ),
    Question(
        name="an-end-that-is-learned",
        chapter=7,
        points=2,
        task="Return labels that ignore the filling and keep the end of each text.",
        expects="an array of labels of the shape of the tokens",
        cases=_padded,
        reference=lambda tokens, lengths: _ignored(tokens, np.arange(tokens.shape[1]) >= lengths[:, None]),
        mistakes={
            "Every end is ignored, by its value: the model will never learn to stop. Ignore by position.": (
                lambda tokens, lengths: _ignored(tokens, tokens == END)
            ),
            "The filling is not ignored.": lambda tokens, lengths: tokens,
            "One place of filling is left in each row: the first ignored place is the one at the length.": (
                lambda tokens, lengths: _ignored(tokens, np.arange(tokens.shape[1]) > lengths[:, None])
            ),
            "All rows were cut at the length of the longest.": (
                lambda tokens, lengths: _ignored(
                    tokens, np.arange(tokens.shape[1]) >= np.full_like(lengths, lengths.max())[:, None]
                )
            ),
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

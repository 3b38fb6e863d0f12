"""Questions on the clinic, third ward: which token is asked for, and which one counts."""

import numpy as np

from helpers.losses.reference import cross_entropy
from helpers.questions.question import Question

END = 0  # the token that ends a text, and fills up the short ones


def _one_text(rng):
    """Logits of a text, (T, V), and its tokens, (T,)."""
    length, vocab = int(rng.integers(6, 11)), int(rng.integers(5, 9))
    return rng.normal(size=(length, vocab)) * 2, rng.integers(vocab, size=length)


def _prompt(rng):
    """Tokens of a prompt and its answer, (T,), none of them 0, and the length of the prompt."""
    length = int(rng.integers(6, 11))
    return rng.integers(1, 90, size=length), int(rng.integers(2, length - 2))


def _batches(rng):
    """Prices, (B, T), and a 1 where there is a target, else 0, (B, T); one batch, not the first, has none."""
    lengths = rng.permutation([0, 1, 3, 6])
    if lengths[0] == 0:
        lengths = lengths[::-1]
    return rng.uniform(0.2, 6, size=(4, 6)), (np.arange(6) < lengths[:, None]).astype(float)


def _padded(rng):
    """Rows of tokens that end in END and are filled up with it, (B, T), and their lengths with one END."""
    lengths = rng.permutation([3, 5, 7])
    tokens = rng.integers(1, 90, size=(3, 8))
    tokens[np.arange(8) >= lengths[:, None] - 1] = END
    return tokens, lengths


def _ignored(tokens, where):
    return np.where(where, -100, tokens)


def _sums_and_counts(prices, kept):
    """Whole price and number of targets of each batch, (B,)."""
    return (prices * kept).sum(axis=1), kept.sum(axis=1)


def _means(prices, kept):
    """Mean price of each batch, (B,); nan where there is no target."""
    total, count = _sums_and_counts(prices, kept)
    with np.errstate(invalid="ignore"):
        return total / count


QUESTIONS = (
    Question(
        name="one-shift",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the mean loss of the text, in nats, with one shift.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_one_text,
        reference=lambda logits, tokens: cross_entropy(logits[:-1], tokens[1:]),
        mistakes={
            "The shift was done twice: each forecast is asked for the token after the next.": (
                lambda logits, tokens: cross_entropy(logits[:-2], tokens[2:])
            ),
            "There is no shift: each forecast is asked for the token that was read last.": (
                lambda logits, tokens: cross_entropy(logits, tokens)
            ),
            "The shift goes the wrong way: forecast t belongs to token t + 1.": (
                lambda logits, tokens: cross_entropy(logits[1:], tokens[:-1])
            ),
            "The tokens were rolled: the last forecast is asked for the first token. It has no target.": (
                lambda logits, tokens: cross_entropy(logits, np.roll(tokens, -1))
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
        name="a-running-mean",
        chapter=7,
        points=2,
        task="Return the mean price of all targets so far, in nats, after each batch.",
        expects="an array of shape (B,) of nats, 0 or more and finite",
        cases=_batches,
        reference=lambda prices, kept: np.divide(*np.cumsum(_sums_and_counts(prices, kept), axis=1)),
        mistakes={
            "A batch without a target has no mean: 0 over 0 is nan, and stays in the average.": (
                lambda prices, kept: np.cumsum(_means(prices, kept)) / np.arange(1, len(prices) + 1)
            ),
            "A batch without a target was counted as a loss of 0, and makes the average look better.": (
                lambda prices, kept: (
                    np.cumsum(np.nan_to_num(_means(prices, kept))) / np.arange(1, len(prices) + 1)
                )
            ),
            "This is the mean of the batches' means: a batch of one target has the say of six.": (
                lambda prices, kept: (
                    np.cumsum(np.nan_to_num(_means(prices, kept))) / np.cumsum(kept.any(axis=1))
                )
            ),
            "The sum was divided by all positions so far. Divide by the targets.": (
                lambda prices, kept: (
                    np.cumsum(_sums_and_counts(prices, kept)[0])
                    / (prices.shape[1] * np.arange(1, len(prices) + 1))
                )
            ),
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
)

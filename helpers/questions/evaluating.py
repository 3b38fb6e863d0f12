"""Questions on chapter 9: words, documents, starts, windows with a stride, and texts cut in two ways."""

import numpy as np

from helpers.information import nats_to_bits
from helpers.metrics import bits_per_byte
from helpers.questions.perplexity import TEXTS
from helpers.questions.question import Question

BOS = 0
WORDS = ("chai", "paani", "and", "the", "naïve", "is", "poured", "morning", "again")


def _cut(rng):
    """Tokens of a text that does not fill its last window, length of a window, and stride."""
    stride = int(rng.integers(3, 9))
    length = stride + int(rng.integers(2, 9))
    return length + stride * int(rng.integers(1, 5)) + int(rng.integers(1, stride)), length, stride


def _overlapping(rng):
    """Prices of every token of every window, (W, L), where more context is cheaper, and the stride."""
    windows, stride = int(rng.integers(2, 6)), int(rng.integers(1, 5))
    length = stride + int(rng.integers(1, 5))
    return rng.uniform(1, 4, size=(windows, length)) * (1 + 2 / np.arange(1, length + 1)), stride


def _stream(rng):
    """Tokens of a few documents, each behind a start token, (T,), the price of each, (T,), and that token."""
    lengths = rng.permutation([2, 3, 5, 9])[: int(rng.integers(2, 5))]
    tokens = np.concatenate([[BOS, *rng.integers(1, 50, size=length)] for length in lengths])
    return tokens, rng.uniform(1, 6, size=tokens.size), BOS


def _two_models(rng):
    """Prices of all tokens of a text, (T,), and of all but the first under another model, (T − 1,)."""
    length = int(rng.integers(4, 9))
    return np.append(rng.uniform(6, 11), rng.uniform(1, 5, size=length - 1)), rng.uniform(
        1, 5, size=length - 1
    )


def _words(rng):
    """Prices of the tokens of a text, one to three to a word, (T,), and the text, which repeats a word."""
    words = rng.choice(WORDS, size=int(rng.integers(3, 8)))
    text = " ".join([*words, words[0]])
    return rng.uniform(1, 4, size=len(words) + 1 + int(rng.integers(2, 8))), text


def _two_cuts(rng):
    """A text, and the prices of its tokens under two models that cut it each in its own way."""
    text = str(rng.choice(TEXTS))
    few, many = (
        rng.uniform(3, 8, size=int(rng.integers(3, 6))),
        rng.uniform(1, 3, size=int(rng.integers(7, 12))),
    )
    return (text, few, many) if rng.random() < 0.5 else (text, many, few)


def _windows(n, length, stride):
    """(begin, start, end) of each window, (W, 3): it reads from begin and scores from start."""
    ends = np.minimum(np.arange(length, n + stride, stride), n)
    return np.stack([np.maximum(ends - length, 0), np.append(0, ends[:-1]), ends], axis=1)


def _with(column, change):
    """Windows of which one column is another: `change` makes it from the three of the right ones."""

    def windows(n, length, stride):
        rows = _windows(n, length, stride)
        rows[:, column] = change(*rows.T, length, stride)
        return rows

    return windows


def _new(prices, stride):
    """The prices that each window is the first to give: all of the first, the last `stride` of the others."""
    return [prices[0], *prices[1:, -stride:]]


def _documents(tokens, prices, bos):
    """The prices of each document, without its start token."""
    return [part[1:] for part in np.split(prices, np.flatnonzero(tokens == bos))[1:]]


def _per_byte(text, first, second):
    return np.array([bits_per_byte(prices.sum(), len(text.encode())) for prices in (first, second)])


QUESTIONS = (
    Question(
        name="perplexity-per-word",
        chapter=9,
        points=2,
        task="Return the perplexity per word of a text that was priced by tokens.",
        expects="one number, 1 or more: choices per word",
        cases=_words,
        reference=lambda prices, text: np.exp(prices.sum() / len(text.split())),
        mistakes={
            "This is the perplexity per token. A word is longer: divide by the words.": (
                lambda prices, text: np.exp(prices.mean())
            ),
            "The perplexity per token was multiplied by tokens per word. Prices add up along a word; "
            "choices multiply.": lambda prices, text: np.exp(prices.mean()) * prices.size / len(text.split()),
            "These are the spaces. One word more stands between them.": (
                lambda prices, text: np.exp(prices.sum() / text.count(" "))
            ),
            "A word that comes twice was counted once. It was paid for twice.": (
                lambda prices, text: np.exp(prices.sum() / len(set(text.split())))
            ),
            "This is the perplexity per character.": lambda prices, text: np.exp(prices.sum() / len(text)),
            "This is the price of a word, in nats. The perplexity is e to that.": (
                lambda prices, text: prices.sum() / len(text.split())
            ),
        },
    ),
    Question(
        name="documents-in-a-stream",
        chapter=9,
        points=2,
        task="Return the mean price, in nats, of the tokens that belong to documents.",
        expects="one number of nats per token",
        cases=_stream,
        reference=lambda tokens, prices, bos: prices[tokens != bos].mean(),
        mistakes={
            "The start token was priced, too. It stands in no document: it is given, and not predicted.": (
                lambda tokens, prices, bos: prices.mean()
            ),
            "This is the mean of the documents' means: a short document has the say of a long one.": (
                lambda tokens, prices, bos: np.mean([part.mean() for part in _documents(tokens, prices, bos)])
            ),
            "The first token of each document is missing. It is read after the start token, and is priced.": (
                lambda tokens, prices, bos: np.concatenate(
                    [part[1:] for part in _documents(tokens, prices, bos)]
                ).mean()
            ),
            "The start token is out of the sum and still in the count.": (
                lambda tokens, prices, bos: prices[tokens != bos].sum() / tokens.size
            ),
            "This is the sum. Divide by the tokens of the documents.": (
                lambda tokens, prices, bos: prices[tokens != bos].sum()
            ),
        },
    ),
    Question(
        name="the-same-tokens",
        chapter=9,
        points=2,
        task="Return how much more the second model pays for a token that both have priced.",
        expects="one number of nats per token, below 0 if the second model pays less",
        cases=_two_models,
        reference=lambda first, second: second.mean() - first[1:].mean(),
        mistakes={
            "The first token is in one of the means alone. Leave out what only one model has priced.": (
                lambda first, second: second.mean() - first.mean()
            ),
            "The last price was left out. It is the first one that the second model does not have.": (
                lambda first, second: second.mean() - first[:-1].mean()
            ),
            "The first token went to the second model for nothing: it is in the count and not in the sum.": (
                lambda first, second: second.sum() / first.size - first.mean()
            ),
            "The sign is wrong: above 0 means that the second model pays more.": (
                lambda first, second: first[1:].mean() - second.mean()
            ),
            "This is the difference of the sums. Divide by the tokens that both have priced.": (
                lambda first, second: second.sum() - first[1:].sum()
            ),
        },
    ),
    Question(
        name="windows-with-a-stride",
        chapter=9,
        points=3,
        task="Return where each window begins, where it is scored from, and where it ends.",
        expects="an array of whole numbers, shape (W, 3)",
        cases=_cut,
        reference=_windows,
        mistakes={
            "All that a window reads is scored. What the window before has scored is context and counts no "
            "second time.": _with(1, lambda begin, start, end, length, stride: begin),
            "The last window scores `stride` tokens, though fewer are left: some are scored twice. Score "
            "from where the window before ended.": _with(
                1, lambda begin, start, end, length, stride: np.append(0, end[1:] - stride)
            ),
            "The first window scores its end alone. Nothing has scored its beginning: it is scored whole.": (
                _with(1, lambda begin, start, end, length, stride: np.append(length - stride, start[1:]))
            ),
            "Each window begins where it is scored from: no token has context from the window before.": (
                _with(0, lambda begin, start, end, length, stride: start)
            ),
            "The last window begins one stride after the one before, and is shorter than it may be. Let it "
            "reach back further: more context costs nothing.": _with(
                0, lambda begin, start, end, length, stride: stride * np.arange(len(begin))
            ),
            "The last window ends after the text.": _with(
                2, lambda begin, start, end, length, stride: length + stride * np.arange(len(begin))
            ),
        },
    ),
    Question(
        name="mean-over-windows",
        chapter=9,
        points=2,
        task="Return the mean price of a text, in nats per token, from its windows.",
        expects="one number of nats per token",
        cases=_overlapping,
        reference=lambda prices, stride: np.concatenate(_new(prices, stride)).mean(),
        mistakes={
            "Every price of every window was counted. Tokens where windows overlap count twice or more.": (
                lambda prices, stride: prices.mean()
            ),
            "This is the mean of the windows' means. The first window scores more tokens than the others, "
            "and each token should count the same.": lambda prices, stride: np.mean(
                [new.mean() for new in _new(prices, stride)]
            ),
            "The beginning of the first window is missing. No other window prices it.": (
                lambda prices, stride: prices[:, -stride:].mean()
            ),
            "The first `stride` prices of each window were taken. Those tokens are context: new are the last "
            "ones.": lambda prices, stride: np.concatenate([prices[0], *prices[1:, :stride]]).mean(),
            "The new prices were added up, and divided by all prices that were computed.": (
                lambda prices, stride: np.concatenate(_new(prices, stride)).sum() / prices.size
            ),
            "This is the sum. Divide by the tokens of the text.": (
                lambda prices, stride: np.concatenate(_new(prices, stride)).sum()
            ),
        },
    ),
    Question(
        name="two-tokenizers",
        chapter=9,
        points=2,
        task="Return the bits per byte of one text under two models.",
        expects="an array of two numbers of bits per byte",
        cases=_two_cuts,
        reference=_per_byte,
        mistakes={
            "These are bits per token, and the two kinds of token differ. Divide by what both texts share: "
            "the bytes.": lambda text, first, second: nats_to_bits(np.array([first.mean(), second.mean()])),
            "These are the perplexities per token. They do not compare where the tokens differ.": (
                lambda text, first, second: np.exp([first.mean(), second.mean()])
            ),
            "These are bits per character. Some characters of the text have more than one byte: "
            "`text.encode()`.": lambda text, first, second: (
                _per_byte(text, first, second) * len(text.encode()) / len(text)
            ),
            "These are nats per byte. A nat is more than a bit: divide by log 2.": (
                lambda text, first, second: _per_byte(text, first, second) * np.log(2)
            ),
            "These are the bits of the whole text. Divide by its bytes.": (
                lambda text, first, second: _per_byte(text, first, second) * len(text.encode())
            ),
        },
    ),
)

"""Questions on chapter 4: averages, perplexity, bits per byte, counting."""

import numpy as np

from helpers.information import bits_to_nats
from helpers.questions.question import Question

TEXTS = ("chai और पानी", "naïve café", "Ω, or the end of it", "paani, पानी", "smörgåsbord", "two × two = 4")


def _batches(rng):
    """Mean loss and number of tokens of a few unequal batches."""
    batches = int(rng.integers(2, 6))
    return rng.uniform(1, 6, size=batches), rng.permutation([3, 10, 40, 200, 1_000])[:batches]


def _text(rng):
    """A price and a text with characters of more than one byte."""
    return float(rng.uniform(10, 60)), str(TEXTS[rng.integers(len(TEXTS))]) + "!" * int(rng.integers(5))


def _counts(rng):
    """Counts of the tokens of a vocabulary, one of them 0, and a pseudo-count."""
    counts = rng.integers(1, 50, size=int(rng.integers(3, 7)))
    counts[rng.integers(len(counts))] = 0
    return counts, float(rng.uniform(0.1, 0.9))


def _token_mean(losses, tokens):
    return losses @ tokens / tokens.sum()


QUESTIONS = (
    Question(
        name="perplexity-of-batches",
        chapter=4,
        points=2,
        task="Return the perplexity of a text that was priced in batches of unequal size.",
        expects="one number, 1 or more: choices per token",
        cases=_batches,
        reference=lambda losses, tokens: np.exp(_token_mean(losses, tokens)),
        mistakes={
            "This is e to the mean of the batch means: a short batch has the say of a long one. Weigh each "
            "mean with its tokens.": lambda losses, tokens: np.exp(losses.mean()),
            "This is the mean of the perplexities. Average the losses, then take the exponential once.": (
                lambda losses, tokens: np.exp(losses).mean()
            ),
            "The perplexities were weighed and averaged. Average the losses; the exponential comes last.": (
                lambda losses, tokens: np.exp(losses) @ tokens / tokens.sum()
            ),
            "2 was raised to nats. Nats are undone by e.": (
                lambda losses, tokens: 2 ** _token_mean(losses, tokens)
            ),
            "This is the mean loss, in nats. The perplexity is e to that.": _token_mean,
        },
    ),
    Question(
        name="perplexity-from-bits",
        chapter=4,
        points=1,
        task="Return the perplexity that belongs to a mean loss in bits.",
        expects="one number, 1 or more: choices per token",
        cases=lambda rng: (float(rng.uniform(0.5, 12)),),
        reference=lambda bits: 2.0**bits,
        mistakes={
            "e was raised to bits. Bits are undone by 2.": np.exp,
            "The bits were turned into nats. The exponential of that is still missing.": bits_to_nats,
            "10 is the base of neither bits nor nats.": lambda bits: 10.0**bits,
            "A sign too much: a higher loss is a higher perplexity.": lambda bits: 2.0**-bits,
        },
    ),
    Question(
        name="bits-for-a-byte",
        chapter=4,
        points=2,
        task="Return the bits per byte of a text, from its whole price in nats.",
        expects="one number of bits per byte, 0 or more",
        cases=_text,
        reference=lambda nll, text: nll / (len(text.encode()) * np.log(2)),
        mistakes={
            "These are bits per character. Some characters of the text have more than one byte: "
            "`text.encode()`.": lambda nll, text: nll / (len(text) * np.log(2)),
            "These are nats per byte. A nat is more than a bit: divide by log 2.": (
                lambda nll, text: nll / len(text.encode())
            ),
            "The price was multiplied by log 2. To turn nats into bits, divide.": (
                lambda nll, text: nll * np.log(2) / len(text.encode())
            ),
            "These are the bits of the whole text. Divide by its bytes.": lambda nll, text: nll / np.log(2),
            "This is a perplexity per byte. Bits per byte are its logarithm to base 2.": (
                lambda nll, text: np.exp(nll / len(text.encode()))
            ),
        },
    ),
    Question(
        name="smoothed-counts",
        chapter=4,
        points=1,
        task="Return the unigram model of the smoothed counts.",
        expects="an array of probabilities of the shape of the counts",
        cases=_counts,
        reference=lambda counts, pseudo_count: (
            (counts + pseudo_count) / (counts.sum() + pseudo_count * len(counts))
        ),
        mistakes={
            "Nothing was added: what was never counted has probability 0, and will cost infinitely much.": (
                lambda counts, pseudo_count: counts / counts.sum()
            ),
            "The counts grew and the total did not: the probabilities sum to more than 1.": (
                lambda counts, pseudo_count: (counts + pseudo_count) / counts.sum()
            ),
            "The total grew by one pseudo-count. Each of the V tokens brings one.": (
                lambda counts, pseudo_count: (counts + pseudo_count) / (counts.sum() + pseudo_count)
            ),
            "1 was added instead of the pseudo-count.": (
                lambda counts, pseudo_count: (counts + 1) / (counts.sum() + len(counts))
            ),
        },
    ),
)

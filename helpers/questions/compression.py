"""Questions on chapter 10: lengths of codes, Huffman's, the interval of a message, and the size of a file."""

import heapq

import numpy as np

from helpers.information import entropy, nats_to_bits, surprisal
from helpers.questions.question import Question


def _distribution(rng):
    """A distribution without zeros, (K,)."""
    size = int(rng.integers(4, 8))
    return (rng.dirichlet(np.ones(size)) * 0.95 + 0.05 / size,)


def _lengths(rng):
    """Lengths of the words of a code, (K,), which may be shorter than any code allows."""
    return (rng.integers(1, 6, size=int(rng.integers(3, 8))),)


def _message(rng):
    """A forecast before each symbol, (T, V), and the symbols that came, (T,)."""
    size, length = int(rng.integers(3, 6)), int(rng.integers(3, 6))
    return rng.dirichlet(np.ones(size), size=length) * 0.8 + 0.2 / size, rng.integers(size, size=length)


def _prices(rng):
    """Prices of the tokens of a message, in nats, (T,)."""
    return (rng.gamma(1.5, size=int(rng.integers(6, 30))),)


def _file(rng):
    """Prices of the tokens of a text, in nats, (T,), parameters of a model, and bits for each of them."""
    prices = rng.gamma(1.5, size=int(rng.integers(50, 200)))
    return prices, int(rng.integers(20, 200)), int(rng.choice([4, 8, 16, 32]))


def _two_ways(rng):
    """Bytes of a model's weights, bits per byte of a compressor without any, and of the model."""
    model = float(rng.uniform(0.8, 2))
    return int(rng.integers(100_000, 2_000_000)), model + float(rng.uniform(0.2, 1.5)), model


def _rounded_up(p):
    """Shannon's lengths: −log₂ p, rounded up to whole bits."""
    return np.ceil(nats_to_bits(surprisal(p))).astype(int)


def _huffman(p):
    """Length of each word in a Huffman code, (K,): each merger puts one bit before all that it merges."""
    lengths = np.zeros(len(p), dtype=int)
    heap = [(share, [symbol]) for symbol, share in enumerate(p)]
    heapq.heapify(heap)
    while len(heap) > 1:
        (one, some), (other, more) = heapq.heappop(heap), heapq.heappop(heap)
        lengths[some + more] += 1
        heapq.heappush(heap, (one + other, some + more))
    return lengths


def _chain(p):
    """Mean length, in bits, when each merger takes the last one's result in again."""
    size = len(p)
    return np.sort(p)[::-1] @ np.minimum(np.arange(1, size + 1), size - 1)


def _below(q):
    """Probability of all symbols before each one, shape of q."""
    return np.cumsum(q, axis=-1) - q


def _interval(lows, widths):
    """Where an interval ends up, (low, width), when each symbol takes its share of what is left."""
    low, width = 0.0, 1.0
    for share_below, share in zip(lows, widths, strict=True):
        low, width = low + width * share_below, width * share
    return np.array([low, width])


def _narrowed(q, message, below=_below):
    rows = np.arange(len(message))
    return _interval(below(q)[rows, message], q[rows, message])


def _width_first(q, message):
    """The interval when its width is updated before its low end."""
    rows = np.arange(len(message))
    share, share_below = q[rows, message], _below(q)[rows, message]
    return np.array([share_below @ np.cumprod(share), share.prod()])


def _bits(prices):
    return nats_to_bits(prices.sum())


QUESTIONS = (
    Question(
        name="whole-bits",
        chapter=10,
        points=1,
        task="Return the length of each symbol's word in Shannon's code, in whole bits.",
        expects="an array of whole numbers of bits of the shape of p",
        cases=_distribution,
        reference=_rounded_up,
        mistakes={
            "These are the prices in bits. A word has a whole number of them: round up.": (
                lambda p: nats_to_bits(surprisal(p))
            ),
            "The prices were rounded to the nearest whole number. Some words are too short then, and no code "
            "has them: round up.": lambda p: np.round(nats_to_bits(surprisal(p))),
            "The prices were rounded down. No code has words so short: round up.": lambda p: (
                _rounded_up(p) - 1
            ),
            "Nats were rounded up. A word is made of bits: the logarithm to base 2.": (
                lambda p: np.ceil(surprisal(p))
            ),
            "Every symbol has the same length here. What is likely gets a short word.": (
                lambda p: np.full(len(p), np.ceil(np.log2(len(p))))
            ),
        },
    ),
    Question(
        name="kraft-sum",
        chapter=10,
        points=1,
        task="Return the Kraft sum of these lengths.",
        expects="one number above 0; a code without prefixes has 1 or less",
        cases=_lengths,
        reference=lambda lengths: (0.5**lengths).sum(),
        mistakes={
            "e was raised where 2 belongs: each bit halves the space.": lambda lengths: np.exp(
                -lengths
            ).sum(),
            "A sign is missing: a longer word takes less of the space.": lambda lengths: (2.0**lengths).sum(),
            "These are the reciprocals of the lengths. A word of two bits takes a quarter of the space, and "
            "one of three an eighth.": lambda lengths: (1 / lengths).sum(),
            "The lengths were averaged first. Add up what each word takes.": lambda lengths: (
                len(lengths) * 0.5 ** lengths.mean()
            ),
            "This is what is left of the space. The sum itself is asked for.": lambda lengths: (
                1 - (0.5**lengths).sum()
            ),
        },
    ),
    Question(
        name="huffman-length",
        chapter=10,
        points=3,
        task="Return the mean length of a word in a Huffman code for p, in bits per symbol.",
        expects="one number of bits per symbol",
        cases=_distribution,
        reference=lambda p: p @ _huffman(p),
        mistakes={
            "This is the entropy. A code of whole bits comes close to it, and pays a little more.": (
                lambda p: nats_to_bits(entropy(p))
            ),
            "This is Shannon's code, whose words are rounded up one by one. Huffman's are shorter.": (
                lambda p: p @ _rounded_up(p)
            ),
            "This is a code in which all words have the same length.": lambda p: np.ceil(np.log2(len(p))),
            "Each merger took the result of the last one in again. Put it back among the others, and take "
            "the two smallest of all.": _chain,
            "This is the plain mean of the lengths. A likely symbol's word is written more often.": (
                lambda p: _huffman(p).mean()
            ),
            "One bit too many: the symbols' own probabilities were added up with the mergers.": (
                lambda p: p @ _huffman(p) + 1
            ),
            "One bit too few: the last merger, of all that there is, counts as well.": (
                lambda p: p @ _huffman(p) - 1
            ),
        },
    ),
    Question(
        name="interval-of-a-message",
        chapter=10,
        points=3,
        task="Return the low end and the width of the message's interval.",
        expects="an array of two numbers from 0 to 1: low end, width",
        cases=_message,
        reference=lambda q, message: _narrowed(q, message),
        mistakes={
            "The low end moved by shares of the whole line. It moves by shares of what is left: times the "
            "width.": lambda q, message: np.array(
                [
                    np.take_along_axis(_below(q), message[:, None], axis=1).sum(),
                    _narrowed(q, message)[1],
                ]
            ),
            "The width shrank before the low end moved. Move the low end first, by the old width.": (
                _width_first
            ),
            "The symbol's own share was counted as below it. Below are the symbols before it alone.": (
                lambda q, message: _narrowed(q, message, below=lambda q: np.cumsum(q, axis=1))
            ),
            "The second number is the high end. The width is asked for.": (
                lambda q, message: np.cumsum(_narrowed(q, message))
            ),
            "The message was read backwards. The first symbol narrows first.": (
                lambda q, message: _narrowed(q[::-1], message[::-1])
            ),
            "This is the interval of the last symbol alone. Each symbol narrows what is left by the ones "
            "before it.": lambda q, message: _narrowed(q[-1:], message[-1:]),
        },
    ),
    Question(
        name="bits-of-a-message",
        chapter=10,
        points=2,
        task="Return how many bits suffice to code the message, whatever follows it.",
        expects="one whole number of bits",
        cases=_prices,
        reference=lambda prices: np.ceil(_bits(prices)).astype(int) + 1,
        mistakes={
            "Each token was rounded up on its own. An arithmetic coder rounds once, for the whole message.": (
                lambda prices: np.ceil(nats_to_bits(prices)).sum() + 1
            ),
            "This is the cross-entropy itself. A message has a whole number of bits.": _bits,
            "One bit is missing: a number of so many digits lies in the interval, and the bits that follow "
            "may carry it out.": lambda prices: np.ceil(_bits(prices)),
            "Nats were rounded up. They are turned into bits first.": lambda prices: (
                np.ceil(prices.sum()) + 1
            ),
        },
    ),
    Question(
        name="size-of-the-file",
        chapter=10,
        points=2,
        task="Return the bytes of a coded text and of its model's weights together.",
        expects="one number of bytes, not rounded",
        cases=_file,
        reference=lambda prices, parameters, bits_per_weight: (
            (_bits(prices) + parameters * bits_per_weight) / 8
        ),
        mistakes={
            "The weights are missing. Who decodes the text needs the model.": (
                lambda prices, parameters, bits_per_weight: _bits(prices) / 8
            ),
            "These are bits. A byte has eight.": (
                lambda prices, parameters, bits_per_weight: _bits(prices) + parameters * bits_per_weight
            ),
            "The bits of the weights were counted as bytes.": (
                lambda prices, parameters, bits_per_weight: _bits(prices) / 8 + parameters * bits_per_weight
            ),
            "The text's nats were counted as bits. Divide them by log 2.": (
                lambda prices, parameters, bits_per_weight: (prices.sum() + parameters * bits_per_weight) / 8
            ),
            "The text was counted as one token of mean price. Every token has to be coded.": (
                lambda prices, parameters, bits_per_weight: (
                    (nats_to_bits(prices.mean()) + parameters * bits_per_weight) / 8
                )
            ),
        },
    ),
    Question(
        name="length-to-break-even",
        chapter=10,
        points=2,
        task="Return from how many bytes of text on the model's file is smaller.",
        expects="one number of bytes, not rounded",
        cases=_two_ways,
        reference=lambda weights, rival, model: 8 * weights / (rival - model),
        mistakes={
            "Bytes of weights were divided by bits. A byte has eight.": (
                lambda weights, rival, model: weights / (rival - model)
            ),
            "This is the text whose code is as large as the weights. What counts is what each byte saves: "
            "the difference of the two.": lambda weights, rival, model: 8 * weights / model,
            "This is the text that the rival makes as small as the weights. The model's code "
            "takes room, too.": lambda weights, rival, model: 8 * weights / rival,
            "The sign is wrong: with the model each byte costs fewer bits, and that pays for the weights.": (
                lambda weights, rival, model: 8 * weights / (model - rival)
            ),
            "Eight was divided by where it multiplies: bytes of weights become bits.": (
                lambda weights, rival, model: weights / 8 / (rival - model)
            ),
        },
    ),
)

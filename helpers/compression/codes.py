r"""Codes of whole bits: Shannon's lengths, Kraft's sum, Huffman's code, texts written in them. NumPy alone.

A code gives each of V symbols a *word*, a string of ``"0"`` and ``"1"``; a length is a number of bits. In a
*prefix code* no word begins another, so that a text of words written one after the other can be read back.

Sources: Shannon (1948) for the lengths, Kraft (1949) and McMillan (1956) for the sum, Huffman (1952).
"""

import heapq
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

import numpy as np

from helpers.validation import distribution, token_ids


def shannon_lengths(p) -> np.ndarray:
    r"""Length ⌈−log₂ p⌉, in bits, of a word for each symbol: its surprisal, rounded up to whole bits.

    Implements :eq:`eq-code-length`.

    Args:
        p: probabilities of the symbols, shape (V,), none of them 0.

    Raises:
        ValueError: `p` is no distribution, or has a 0: what never happens would need an infinite word.
    """
    p = _one_distribution(p)
    if not p.all():
        raise ValueError(f"p is 0 at position {int(p.argmin())}; expected probabilities above 0")
    return np.ceil(-np.log2(p)).astype(np.int64)


def kraft_sum(lengths) -> float:
    r"""Kraft's sum Σ 2^−ℓ, without unit: the share of all words that words of these lengths, in bits, use up.

    Implements :eq:`eq-kraft`. A prefix code with these lengths exists exactly if it is at most 1.

    Raises:
        ValueError: a length is no whole number, 0 or more.
    """
    return float(_exact_kraft_sum(_lengths(lengths)))


def words_of_lengths(lengths) -> list[str]:
    """Words of a prefix code that has these lengths, in bits: each the next free one, the shortest first.

    Raises:
        ValueError: there is no such code; Kraft's sum is above 1.
    """
    lengths = _lengths(lengths)
    total = _exact_kraft_sum(lengths)
    if total > 1:
        raise ValueError(f"Kraft's sum of the lengths is {float(total):g}; expected at most 1")
    words, following, before = [""] * len(lengths), 0, 0
    for symbol in np.argsort(lengths, kind="stable"):
        length = int(lengths[symbol])
        following <<= length - before  # the same place in the tree, that much deeper
        words[symbol] = format(following, f"0{length}b") if length else ""
        following, before = following + 1, length
    return words


def huffman(p) -> list[str]:
    """Words of Huffman's code, the prefix code of the least expected length, in bits.

    Again and again the two least likely groups become one: the words of the first get a 0 in front, those of
    the second a 1. Of equally likely groups, the one with the smaller symbol comes first. The only symbol of
    an alphabet of one gets the empty word.

    Args:
        p: probabilities of the symbols, shape (V,); zeros get words, too.

    Raises:
        ValueError: `p` is no distribution.
    """
    p = _one_distribution(p)
    words = [""] * len(p)
    # (probability, smallest symbol, all symbols): no two groups share a symbol, so no two are equal.
    groups = [(float(weight), symbol, [symbol]) for symbol, weight in enumerate(p)]
    heapq.heapify(groups)
    while len(groups) > 1:
        (light, i, left), (heavy, j, right) = heapq.heappop(groups), heapq.heappop(groups)
        for symbol in left:
            words[symbol] = "0" + words[symbol]
        for symbol in right:
            words[symbol] = "1" + words[symbol]
        heapq.heappush(groups, (light + heavy, min(i, j), left + right))
    return words


def expected_length(p, lengths) -> float:
    r"""Expected length Σ p ℓ of a word, in bits: what a text costs per symbol if its symbols follow `p`.

    Implements :eq:`eq-expected-length`.

    Args:
        p: probabilities of the symbols, shape (V,).
        lengths: of their words, in bits, shape (V,).

    Raises:
        ValueError: `p` is no distribution, or there are not as many lengths.
    """
    p, lengths = _one_distribution(p), _lengths(lengths)
    if p.shape != lengths.shape:
        raise ValueError(f"lengths has shape {lengths.shape}; expected {p.shape}, one for each probability")
    return float(p @ lengths)


def is_prefix_code(words: Sequence[str]) -> bool:
    """Whether no word begins another (sorted, a word stands right before those that it begins)."""
    return not any(after.startswith(word) for word, after in pairwise(sorted(words)))


def encode(symbols, words: Sequence[str]) -> str:
    """The text as bits, a string of 0 and 1: the words of its symbols, one after the other.

    Args:
        symbols: integers below V, shape (T,).
        words: a prefix code, V words.

    Raises:
        ValueError: a symbol has no word, or the words are no prefix code.
    """
    _check_words(words)
    return "".join(words[symbol] for symbol in token_ids("symbols", symbols, len(words)))


def decode(bits: str, words: Sequence[str], n: int) -> np.ndarray:
    """The `n` symbols whose words these bits are, shape (n,): the inverse of :func:`encode`.

    Raises:
        ValueError: the words are no prefix code, or the bits are no text of `n` of them.
    """
    _check_words(words)
    symbol_of = {word: symbol for symbol, word in enumerate(words)}
    symbols, start = [], 0
    longest = max(map(len, words))
    while len(symbols) < n:
        ends = range(start, min(start + longest, len(bits)) + 1)
        end = next((end for end in ends if bits[start:end] in symbol_of), None)
        if end is None:
            raise ValueError(
                f"no word begins at bit {start} of {len(bits)}; expected {n - len(symbols)} more"
            )
        symbols.append(symbol_of[bits[start:end]])
        start = end
    if start < len(bits):
        raise ValueError(f"{len(bits) - start} bits are left after {n} words; expected none")
    return np.array(symbols, dtype=np.int64)


def _one_distribution(p) -> np.ndarray:
    p = distribution("p", p)
    if p.ndim != 1:
        raise ValueError(f"p has shape {p.shape}; expected one distribution, (V,)")
    return p


def _lengths(values) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "iu" or (array < 0).any():
        raise ValueError(
            f"lengths is {values!r}; expected whole numbers of bits, 0 or more, one for each symbol"
        )
    return array.astype(np.int64)


def _exact_kraft_sum(lengths: np.ndarray) -> Fraction:
    return sum((Fraction(1, 2 ** int(length)) for length in lengths), Fraction(0))


def _check_words(words: Sequence[str]) -> None:
    if not words or not is_prefix_code(words):
        raise ValueError(f"words is {list(words)!r}; expected a prefix code: no word begins another")

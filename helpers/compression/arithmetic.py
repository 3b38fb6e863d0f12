r"""Arithmetic coding in exact fractions: a message is an interval, its code a number inside. Python alone.

For small examples, where every digit can be looked at. Texts are coded by :mod:`helpers.compression.files`,
with a range coder that keeps 64 bits of the interval instead of all.

Probabilities are fractions, or numbers and strings that are read as decimals: 0.7 is 7/10.

Sources: Rissanen (1976); Witten, Neal and Cleary (1987).
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import accumulate


def interval(message: Sequence[int], p) -> tuple[Fraction, Fraction]:
    r"""Lower end and width of the interval that stands for a message; the width is the message's probability.

    Implements :eq:`eq-interval`. Each symbol narrows the interval to its part: parts lie in the order of the
    symbols, and are as wide as the symbols are likely.

    Args:
        message: T symbols, integers below V.
        p: probabilities of the V symbols, summing to exactly 1.

    Raises:
        ValueError: `p` is no distribution, or a symbol of the message is none of 0 … V − 1, or has
            probability 0.
    """
    p = _fractions(p)
    starts = [Fraction(0), *accumulate(p)]  # where the part of each symbol begins
    low, width = Fraction(0), Fraction(1)
    for position, symbol in enumerate(message):
        if not 0 <= symbol < len(p) or p[symbol] == 0:
            raise ValueError(
                f"message holds {symbol} at position {position}; expected a symbol with probability above 0"
            )
        low, width = low + width * starts[symbol], width * p[symbol]
    return low, width


def bits_of(low: Fraction, width: Fraction) -> str:
    """The fewest bits that name the interval: whatever bits follow them, the number stays inside.

    The number is 0.bits in the binary system. At most ⌈−log₂ width⌉ + 1 bits, for a message of any length.

    Raises:
        ValueError: the interval is empty or does not lie within 0 … 1.
    """
    if not (width > 0 and low >= 0 and low + width <= 1):
        raise ValueError(f"low is {low} and width {width}; expected an interval within 0 to 1")
    n = 0
    while True:
        first = -(-low * 2**n // 1)  # the first multiple of 2^−n that is not below the interval
        if first + 1 <= (low + width) * 2**n:
            return format(int(first), f"0{n}b") if n else ""
        n += 1


def message_of(bits: str, p, n: int) -> list[int]:
    """The `n` symbols in whose interval the number 0.bits lies: the inverse of :func:`interval`.

    Without `n` there is no end: 0.1000… lies in the intervals of ever longer messages.
    """
    p = _fractions(p)
    ends = list(accumulate(p))
    number = Fraction(int(bits or "0", 2), 2 ** len(bits))
    message = []
    for _ in range(n):
        symbol = next(i for i, end in enumerate(ends) if number < end)
        number = (number - ends[symbol] + p[symbol]) / p[symbol]  # the part of the symbol, as wide as 0 … 1
        message.append(symbol)
    return message


def _fractions(p) -> list[Fraction]:
    """Each probability as an exact fraction, read as it is printed; together 1."""
    exact = [Fraction(str(value)) for value in p]
    if not exact or min(exact) < 0 or sum(exact) != 1:
        raise ValueError(f"p sums to {sum(exact)}; expected probabilities that sum to exactly 1")
    return exact

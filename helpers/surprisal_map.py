"""A text with the price of each token under it: in a notebook, on a page, and without colours.

The map is HTML and no picture: it wraps where the page is narrow, follows the page into dark mode, and is
read aloud as it is written, each token with its price. Without HTML it is a text.
"""

import html
from collections.abc import Sequence

import numpy as np

STRONGEST = 0.5  # of the vermillion that a loss has: black and white text are both still well read on it
TOKEN = (
    "display:inline-block;margin:0 1px 4px 0;padding:1px 2px;border-radius:3px;text-align:center;"
    "white-space:pre;line-height:1.25"
)


class SurprisalMap:
    """The tokens of a text in reading order, each on a ground that is the stronger the more it cost.

    Args:
        pieces: the bytes that each token stands for, T of them.
        surprisals: what each of them cost, in nats, shape (T,).
        most: the price, in nats, from which on the colour is at its strongest.

    Raises:
        ValueError: there are not as many prices as pieces, or a price is NaN.
    """

    def __init__(self, pieces: Sequence[bytes], surprisals, *, most: float = 10.0):
        prices = np.asarray(surprisals, dtype=np.float64)
        if prices.shape != (len(pieces),):
            raise ValueError(
                f"surprisals have shape {prices.shape} for {len(pieces)} pieces; expected as many"
            )
        if np.isnan(prices).any():
            raise ValueError(
                f"surprisals hold nan at position {int(np.isnan(prices).argmax())}; expected nats"
            )
        self.pieces, self.surprisals, self.most = [visible(piece) for piece in pieces], prices, most

    def __repr__(self) -> str:
        tokens = zip(self.pieces, self.surprisals, strict=True)
        return "\n".join([f"{price:5.1f} nats  {piece.replace(' ', '␣')}" for piece, price in tokens])

    def _repr_html_(self) -> str:
        tokens = zip(self.pieces, self.surprisals, strict=True)
        return f'<p class="xe-map">{"".join(self._token(piece, price) for piece, price in tokens)}</p>'

    def _token(self, piece: str, price: float) -> str:
        strength = STRONGEST * min(1.0, max(0.0, price / self.most))
        ground = f"background:rgb(213 94 0 / {strength:.2f})"
        # A line break of the text is one of the map too.
        after = "<br>" if piece.endswith("⏎") else ""
        return (
            f'<span style="{TOKEN};{ground}">{html.escape(piece)}'
            f'<span style="display:block;font-size:.75em">{price:.1f}</span></span>{after}'
        )


def visible(piece: bytes) -> str:
    r"""The bytes of a token as one can see them: ``⏎`` for a line break, ``\xe0`` for part of a character."""
    return piece.decode("utf-8", "backslashreplace").replace("\n", "⏎").replace("\t", "⇥")

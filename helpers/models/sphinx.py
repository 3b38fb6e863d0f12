"""A trigram model of English words from before neural networks: the one that pocketsphinx comes with.

The file ``en-us.lm.bin`` of the installed package ``pocketsphinx`` (BSD licence) holds counts, smoothed and
turned into probabilities, of words, pairs and triples of lower-case English, made for a speech recogniser. It
is read through the package's own ``NGramModel``, behind the interface of every model of the book.

The vocabulary is closed: a word that is not in it has probability 0, and a text with one such word an
infinite price. There is no ``fit``: what the model knows is in the file.

NB: the model also knows where sentences begin, ``<s>``, and end, ``</s>``. A text that is priced as one run
of words goes without them.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pocketsphinx

from helpers.data import CharVocabulary, WordVocabulary
from helpers.models.counting import OpenVocabularyModel, SpellingModel
from helpers.validation import token_ids

BEGIN, END = "<s>", "</s>"

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


def sphinx_words(text: str) -> list[str]:
    """The text as a speech recogniser would have it: lower-case words, no punctuation, shape (T,).

    What is lost, capitals, punctuation and line breaks, nobody is asked to pay for; so a price for these
    words is no price for the text, and compares with the price of the same words alone.
    """
    return _WORD.findall(text.lower().replace("’", "'"))


class SphinxModel:
    """Probability of a word given the two before it, as pocketsphinx's model of English has it.

    Attributes:
        order: how many words a probability looks at, the priced one included: 1, 2 or 3.
        unknown: the share of the probability that is set aside for words that the model does not know.
        vocabulary: words to ids, with id 0 for the unknown, and ``<s>`` and ``</s>`` among the words.
    """

    def __init__(self, order: int = 3, *, unknown: float = 0.0):
        """Read the model of the installed package.

        Args:
            order: 1 for the words alone, 2 for pairs, 3 for triples.
            unknown: in [0, 1). At 0, an unknown word costs an infinite amount, which is what the model says.

        Raises:
            ValueError: `order` is not 1, 2 or 3, or `unknown` is not in [0, 1).
        """
        if order not in (1, 2, 3):
            raise ValueError(f"order is {order!r}; expected 1, 2 or 3")
        if not 0 <= unknown < 1:
            raise ValueError(f"unknown is {unknown!r}; expected a share of at least 0 and below 1")
        self.order, self.unknown = order, unknown
        self.vocabulary = _words()[0]

    @property
    def vocab_size(self) -> int:
        """V, with the unknown and the two marks."""
        return len(self.vocabulary)

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each word given `context` and the words before it, in nats, shape (T,).

        An unknown word among those before it cuts the history short: the model has never seen it.

        Raises:
            ValueError: a token is no id of :attr:`vocabulary`.
        """
        context = token_ids("context", context, self.vocab_size)
        tokens = token_ids("tokens", tokens, self.vocab_size)
        text = self.vocabulary.decode(np.concatenate([context, tokens]))
        log_known, log_unknown = np.log1p(-self.unknown), np.log(self.unknown) if self.unknown else -np.inf
        prices = np.empty(len(tokens))
        for t, word in enumerate(tokens, start=len(context)):
            history = text[max(0, t - self.order + 1) : t]
            known = word != self.vocabulary.UNKNOWN
            prices[t - len(context)] = log_known + _log_prob(text[t], history) if known else log_unknown
        return prices


def open_vocabulary(order: int = 3, *, unknown: float = 0.01) -> OpenVocabularyModel:
    """The model as one that prices every word: `unknown` of the probability is spelled, letter by letter.

    The spelling is learned from those words of the package's dictionary that the trigram does not know.

    Raises:
        ValueError: as :class:`SphinxModel`, or `unknown` is 0.
    """
    if not unknown > 0:
        raise ValueError(f"unknown is {unknown!r}; expected a share above 0, or no word could be spelled")
    model = OpenVocabularyModel()
    model.words = SphinxModel(order, unknown=unknown)
    model.vocabulary = model.words.vocabulary
    strange = _words()[1]
    model.spelling = SpellingModel.fit(strange, CharVocabulary("".join(strange) + "0123456789"))
    return model


def _log_prob(word: str, history: list[str]) -> float:
    """Log-probability in nats; the package takes the word first, then the history, the nearest word first."""
    log, model = _package()
    return log.log_to_ln(model.prob([word, *reversed(history)]))


@cache
def _package() -> tuple:
    """The package's logarithms, which are whole numbers to base 1.0001, and its model."""
    pocketsphinx.set_loglevel("FATAL")
    log = pocketsphinx.LogMath()
    return log, pocketsphinx.NGramModel(pocketsphinx.Config(lm=None), log, str(_folder() / "en-us.lm.bin"))


@cache
def _words() -> tuple[WordVocabulary, list[str]]:
    """The words that the model knows, and those of the package's dictionary that it does not.

    The model does not list its words, and gives those that it does not know a probability of 0.
    """
    lines = (_folder() / "cmudict-en-us.dict").read_text(encoding="utf-8").splitlines()
    listed = sorted({re.sub(r"\(\d+\)$", "", line.split()[0]) for line in lines})
    log, model = _package()
    zero = log.get_zero()
    known = [word for word in listed if model.prob([word]) > zero]
    return WordVocabulary([BEGIN, END, *known], min_count=1), sorted(set(listed) - set(known))


def _folder() -> Path:
    return Path(pocketsphinx.get_model_path()) / "en-us"

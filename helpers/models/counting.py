r"""Language models that count: unigram, bigram, trigram, and a way to spell unknown words. NumPy alone.

Tokens are integers 0 … V − 1: characters or words, the models do not care. All have one small interface:

- ``fit(tokens, vocab_size)``: count, once; there is nothing to iterate.
- ``log_probs(tokens, context=())``: log-probability, in nats, of each token given the context and the tokens
  before it, shape (T,); minus their sum is the negative log-likelihood of the text.
- ``next_distribution(context)``: probabilities of the next token, shape (V,).
- ``sample(n, rng)``: n tokens, drawn one after the other.

Counts alone give probability 0 to what the training text happens not to show, and one such token makes the
loss of a whole text infinite. So all of them mix the counts with a *prior*, worth a chosen number of
imaginary observations (Lidstone 1920 for the uniform prior; MacKay and Peto 1995 for the unigram as the prior
of the bigram, which is in turn that of the trigram). Each distribution sums to 1 and has no zero.
"""

from collections.abc import Sequence

import numpy as np

from helpers.validation import token_ids


class UnigramModel:
    r"""Probability of each token by its share of the training text, whatever came before it.

    Implements :eq:`eq-unigram`: q(x) = (c(x) + α) / (N + α V), where x was counted c(x) times among N tokens.

    Attributes:
        counts: c(x), shape (V,).
        probabilities: q(x), shape (V,).
    """

    @classmethod
    def fit(cls, tokens, vocab_size: int, *, pseudo_count: float = 1.0) -> "UnigramModel":
        """Count the tokens.

        Args:
            tokens: integers below `vocab_size`, shape (T,); none at all leaves the uniform distribution.
            vocab_size: V, how many tokens there are.
            pseudo_count: α, how often each token counts as seen before counting begins; above 0.

        Raises:
            ValueError: a token is no integer or out of range, or another argument is not positive.
        """
        model = cls()
        tokens = token_ids("tokens", tokens, vocab_size)
        _positive("pseudo_count", pseudo_count)
        model.counts = np.bincount(tokens, minlength=vocab_size)
        model.probabilities = (model.counts + pseudo_count) / (tokens.size + pseudo_count * vocab_size)
        return model

    @property
    def vocab_size(self) -> int:
        """V, the number of distinct tokens that have a probability."""
        return self.counts.size

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token, in nats, shape (T,): the same after every `context`."""
        token_ids("context", context, self.vocab_size)
        return np.log(self.probabilities[token_ids("tokens", tokens, self.vocab_size)])

    def next_distribution(self, context: int | None = None) -> np.ndarray:
        """Probabilities of the next token, shape (V,): the same after every `context`."""
        if context is not None:
            token_ids("context", [context], self.vocab_size)
        return self.probabilities.copy()

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """`n` tokens, each drawn on its own; shape (n,)."""
        return rng.choice(self.vocab_size, size=n, p=self.probabilities)


class BigramModel:
    r"""Probability of each token by what followed the token before it in the training text.

    Implements :eq:`eq-bigram`: q(x | h) = (c(h, x) + κ q(x)) / (c(h) + κ), where c(h, x) counts how often x
    followed h, c(h) = Σ_x c(h, x), and q(x) is the unigram probability.

    So the model weighs two opinions: with weight c(h) / (c(h) + κ) it believes the counts after h, with the
    rest the unigram. A context seen often speaks for itself; one never seen leaves the unigram. The first
    token of a text has no context, and gets its unigram probability.

    On the validation plays, κ = 200 is the best of 100, 200, 500, … for words; for characters, every κ from 1
    to 300 is as good within 0.002 nats.

    Only the pairs that occur are stored, so that a vocabulary of tens of thousands of words fits too.

    Attributes:
        unigram: the :class:`UnigramModel` that is the prior.
        concentration: κ, in imaginary observations.
    """

    @classmethod
    def fit(
        cls, tokens, vocab_size: int, *, concentration: float = 200.0, pseudo_count: float = 1.0
    ) -> "BigramModel":
        """Count the tokens and their neighbouring pairs.

        Args:
            tokens: integers below `vocab_size`, shape (T,), in the order of the text.
            vocab_size: V, how many tokens there are.
            concentration: κ, how many imaginary observations the unigram is worth in every context; above 0.
            pseudo_count: α of the unigram; above 0.

        Raises:
            ValueError: a token is no integer or out of range, or another argument is not positive.
        """
        model = cls()
        tokens = token_ids("tokens", tokens, vocab_size)
        _positive("concentration", concentration)
        model.unigram = UnigramModel.fit(tokens, vocab_size, pseudo_count=pseudo_count)
        model.concentration = float(concentration)
        # A pair (h, x) is the number h · V + x: sorted, so that the followers of one h stand side by side.
        model._pairs, model._pair_counts = np.unique(_pairs(tokens, vocab_size), return_counts=True)
        # c(h): the last token of the text is nobody's context.
        model._context_counts = np.bincount(tokens[:-1], minlength=vocab_size)
        return model

    @property
    def vocab_size(self) -> int:
        """V, the number of distinct tokens that have a probability."""
        return self.unigram.vocab_size

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token after the one before, in nats, shape (T,).

        The token before the first one is the last of `context`; with no context, the first gets its unigram
        probability.
        """
        before = token_ids("context", context, self.vocab_size)[-1:]
        tokens = np.concatenate([before, token_ids("tokens", tokens, self.vocab_size)])  # (N,): T, or T + 1
        prior = self.unigram.probabilities[tokens]  # q(x), shape (N,)
        pairs = _pairs(tokens, self.vocab_size)
        seen = _counted(self._pairs, self._pair_counts, pairs)  # c(h, x), shape (N − 1,)
        times = self._context_counts[tokens[:-1]]  # c(h), shape (N − 1,)
        kappa = self.concentration
        priced = np.concatenate([prior[:1], (seen + kappa * prior[1:]) / (times + kappa)])
        return np.log(priced[before.size :])

    def next_distribution(self, context: int | None = None) -> np.ndarray:
        """Probabilities of the token after `context`, shape (V,); with no context, the unigram's."""
        prior = self.unigram.next_distribution(context)
        if context is None:
            return prior
        start = context * self.vocab_size
        followers = slice(*np.searchsorted(self._pairs, [start, start + self.vocab_size]))
        weights = self.concentration * prior
        weights[self._pairs[followers] - start] += self._pair_counts[followers]  # c(h, x) + κ q(x)
        return weights / (self._context_counts[context] + self.concentration)

    def sample(self, n: int, rng: np.random.Generator, context: int | None = None) -> np.ndarray:
        """`n` tokens, each drawn after the one before it, the first one after `context`; shape (n,)."""
        drawn = np.empty(n, dtype=np.int64)
        for t in range(n):
            drawn[t] = context = int(rng.choice(self.vocab_size, p=self.next_distribution(context)))
        return drawn


class TrigramModel:
    r"""Probability of each token by what followed the two tokens before it in the training text.

    Implements :eq:`eq-trigram`: q(x | g, h) = (c(g, h, x) + κ q(x | h)) / (c(g, h) + κ), where c(g, h, x)
    counts how often x followed the pair g, h, c(g, h) = Σ_x c(g, h, x), and q(x | h) is the bigram's.

    The bigram is to it what the unigram is to the bigram: a pair seen often speaks for itself, one never seen
    leaves the bigram. The first token of a text gets its unigram probability, the second its bigram's.

    For characters, κ = 200 is the best of 50, 100, 200, 300, 500 on the validation plays, too.

    Attributes:
        bigram: the :class:`BigramModel` that is the prior.
        concentration: κ, in imaginary observations.
    """

    @classmethod
    def fit(
        cls,
        tokens,
        vocab_size: int,
        *,
        concentration: float = 200.0,
        pseudo_count: float = 1.0,
    ) -> "TrigramModel":
        """Count the tokens, their neighbouring pairs, and the tokens after each pair.

        Args:
            tokens: integers below `vocab_size`, shape (T,), in the order of the text.
            vocab_size: V, how many tokens there are; below 2²¹, so that 63 bits can name each triple.
            concentration: κ, how many imaginary observations the bigram is worth after every pair, and the
                unigram after every token; above 0.
            pseudo_count: α of the unigram; above 0.

        Raises:
            ValueError: a token is no integer or out of range, or another argument is not positive.
        """
        model = cls()
        tokens = token_ids("tokens", tokens, vocab_size)
        if vocab_size >= 2**21:
            raise ValueError(f"vocab_size is {vocab_size}; expected less than {2**21} to count triples")
        model.bigram = BigramModel.fit(
            tokens, vocab_size, concentration=concentration, pseudo_count=pseudo_count
        )
        model.concentration = float(concentration)
        pairs = _pairs(tokens, vocab_size)
        # A triple (g, h, x) is the number (g · V + h) · V + x: the followers of one pair stand side by side.
        model._triples, model._triple_counts = np.unique(
            pairs[:-1] * vocab_size + tokens[2:], return_counts=True
        )
        # c(g, h): the last pair of the text is nobody's context.
        model._contexts, model._context_counts = np.unique(pairs[:-1], return_counts=True)
        return model

    @property
    def vocab_size(self) -> int:
        """V, the number of distinct tokens that have a probability."""
        return self.bigram.vocab_size

    def log_probs(self, tokens, context=()) -> np.ndarray:
        """Log-probability of each token after the two before it, in nats, shape (T,).

        Args:
            tokens: integers below V, shape (T,).
            context: the tokens before them, of which the last two count; none at the start of a text.
        """
        tokens = token_ids("tokens", tokens, self.vocab_size)
        context = token_ids("context", context, self.vocab_size)[-2:]
        text = np.concatenate([context, tokens])
        log_q = self.bigram.log_probs(text)  # what the first two of the text keep
        pairs = _pairs(text, self.vocab_size)[:-1]
        seen = _counted(self._triples, self._triple_counts, pairs * self.vocab_size + text[2:])  # c(g, h, x)
        total = _counted(self._contexts, self._context_counts, pairs)  # c(g, h)
        kappa = self.concentration
        log_q[2:] = np.log((seen + kappa * np.exp(log_q[2:])) / (total + kappa))
        return log_q[context.size :]

    def next_distribution(self, context: Sequence[int] = ()) -> np.ndarray:
        """Probabilities of the token after `context`, whose last two tokens count; shape (V,)."""
        context = token_ids("context", context, self.vocab_size)[-2:]
        prior = self.bigram.next_distribution(int(context[-1]) if context.size else None)
        if context.size < 2:
            return prior
        pair = _pairs(context, self.vocab_size)  # (1,)
        start = int(pair[0]) * self.vocab_size
        followers = slice(*np.searchsorted(self._triples, [start, start + self.vocab_size]))
        weights = self.concentration * prior
        weights[self._triples[followers] - start] += self._triple_counts[followers]  # c(g, h, x) + κ q(x | h)
        return weights / (_counted(self._contexts, self._context_counts, pair) + self.concentration)

    def sample(self, n: int, rng: np.random.Generator, context: Sequence[int] = ()) -> np.ndarray:
        """`n` tokens, each drawn after the two before it, the first ones after `context`; shape (n,)."""
        text = list(token_ids("context", context, self.vocab_size)[-2:])
        for _ in range(n):
            text.append(int(rng.choice(self.vocab_size, p=self.next_distribution(text[-2:]))))
        return np.array(text, dtype=np.int64)[len(text) - n :]


class SpellingModel:
    r"""Probability of a word by its letters: a bigram model of characters that also says where a word ends.

    q(w) = q(w₁ | end) · q(w₂ | w₁) · … · q(end | w_n). Summed over the strings of every length it is 1, and
    none of them has probability 0: it can price any word, seen or not.

    Attributes:
        characters: a vocabulary of characters, with ``encode`` and ``len``.
        bigram: the :class:`BigramModel` over the characters and the end mark, which has the last id.
    """

    @classmethod
    def fit(cls, words: Sequence[str], characters, *, concentration: float = 10.0) -> "SpellingModel":
        """Count how the `words` are spelled, each of them once for every time that it is listed.

        Args:
            words: the words; rare ones tell most about unknown ones.
            characters: a vocabulary that holds all their characters.
            concentration: κ of the bigram; small, because a list of rare words is a small text.

        Raises:
            ValueError: a word has a character that `characters` does not know.
        """
        model = cls()
        model.characters = characters
        model.bigram = BigramModel.fit(model._spell(words), len(characters) + 1, concentration=concentration)
        return model

    def log_probs(self, words: Sequence[str]) -> np.ndarray:
        """Log-probability of each word, in nats, shape (len(words),): of all its letters and of its end."""
        if len(words) == 0:
            return np.zeros(0)
        letters = self.bigram.log_probs(self._spell(words))[1:]  # without the end mark before the first word
        starts = np.cumsum([0] + [len(word) + 1 for word in words[:-1]])
        return np.add.reduceat(letters, starts)

    def sample(self, rng: np.random.Generator) -> str:
        """One word, letter by letter until its end."""
        end, letters = len(self.characters), []
        letter = end
        while (letter := int(self.bigram.sample(1, rng, context=letter)[0])) != end:
            letters.append(letter)
        return self.characters.decode(letters)

    def _spell(self, words: Sequence[str]) -> np.ndarray:
        """All words as one sequence of character ids, with the end mark before, between and after them."""
        end = np.array([len(self.characters)])
        letters = [part for word in words for part in (self.characters.encode(word), end)]
        return np.concatenate([end, *letters])


class OpenVocabularyModel:
    r"""A word model that gives every string a probability: what it does not know, it spells.

    A known word has the word model's q(w | h); any other word has q(unknown | h) · q(w), its spelling's.

    Without the second factor, *all* unknown words share one probability, nobody says which of them came, and
    perplexity improves as the vocabulary shrinks. With it, the model prices the very text that a character
    model prices, and their bits per byte can be compared.

    NB: the spelling model also spends probability on words that have an id, which no text ever collects: the
    sum over all texts is a little below 1, and the price a little above the best possible.

    Attributes:
        vocabulary: words to ids, with id 0 for the unknown.
        words: the model over word ids.
        spelling: the :class:`SpellingModel` of the unknown words.
    """

    @classmethod
    def fit(
        cls, tokens: Sequence[str], vocabulary, characters, model=BigramModel, **smoothing
    ) -> "OpenVocabularyModel":
        """Count words, and the spelling of those training words that the vocabulary does not hold.

        Args:
            tokens: the training text, cut into words.
            vocabulary: a vocabulary of words that leaves out some of `tokens` (``min_count`` of 2 or more).
            characters: a vocabulary of characters.
            model: :class:`UnigramModel` or :class:`BigramModel`.
            **smoothing: passed to ``model.fit``.

        Raises:
            ValueError: no training word is unknown, so that the chance of one cannot be learned.
        """
        open_model = cls()
        open_model.vocabulary = vocabulary
        ids = vocabulary.encode(tokens)
        unknown = [tokens[t] for t in np.flatnonzero(ids == vocabulary.UNKNOWN)]
        if not unknown:
            raise ValueError("the vocabulary knows every training word; expected min_count of 2 or more")
        open_model.words = model.fit(ids, len(vocabulary), **smoothing)
        open_model.spelling = SpellingModel.fit(unknown, characters)
        return open_model

    def log_probs(self, tokens: Sequence[str], context: Sequence[str] = ()) -> np.ndarray:
        """Log-probability of each word after `context` and the words before it, in nats, shape (T,).

        The price of an unknown word includes its spelling.
        """
        ids = self.vocabulary.encode(tokens)
        log_probs = self.words.log_probs(ids, self.vocabulary.encode(context))
        unknown = np.flatnonzero(ids == self.vocabulary.UNKNOWN)
        log_probs[unknown] += self.spelling.log_probs([tokens[t] for t in unknown])
        return log_probs

    def sample(self, n: int, rng: np.random.Generator) -> list[str]:
        """`n` words, drawn one after the other; the unknown ones are spelled."""
        ids = self.words.sample(n, rng)
        drawn = zip(ids, self.vocabulary.decode(ids), strict=True)
        return [self.spelling.sample(rng) if i == self.vocabulary.UNKNOWN else word for i, word in drawn]


def _pairs(tokens: np.ndarray, vocab_size: int) -> np.ndarray:
    """Each token with the one before it, as one number h · V + x; shape (T − 1,)."""
    return tokens[:-1] * np.int64(vocab_size) + tokens[1:]


def _counted(keys: np.ndarray, counts: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The count of each wanted key, 0 for those not among the sorted `keys`; shape of `wanted`."""
    if keys.size == 0:
        return np.zeros(wanted.shape, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, wanted), keys.size - 1)
    return np.where(keys[at] == wanted, counts[at], 0)


def _positive(name: str, value: float) -> None:
    if not 0 < value < np.inf:  # written so that NaN counts as bad
        raise ValueError(f"{name} is {value}; expected a number above 0")

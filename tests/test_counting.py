"""helpers.models.counting: against readable dicts and loops, and against what a probability must do."""

from collections import Counter
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from helpers.data import CharVocabulary, WordVocabulary, load_splits, word_tokens
from helpers.information import cross_entropy, entropy
from helpers.metrics import bits_per_byte, perplexity
from helpers.models.counting import (
    BigramModel,
    OpenVocabularyModel,
    SpellingModel,
    TrigramModel,
    UnigramModel,
)

modest = settings(max_examples=60, deadline=None)
positive = st.floats(1e-3, 1e3)


@st.composite
def texts(draw, min_size=0):
    """A vocabulary size from 1 to 6, a text to count, and another one to score."""
    vocab_size = draw(st.integers(1, 6))
    tokens = st.lists(st.integers(0, vocab_size - 1), min_size=min_size, max_size=30)
    return vocab_size, draw(tokens), draw(tokens)


def unigram_in_words(x, counted, vocab_size, alpha):
    """q(x) = (c(x) + α) / (N + α V)."""
    return (counted.count(x) + alpha) / (len(counted) + alpha * vocab_size)


def bigram_in_words(x, h, counted, vocab_size, kappa, alpha):
    """q(x | h) = (c(h, x) + κ q(x)) / (c(h) + κ)."""
    pairs = Counter(pairwise(counted))
    contexts = Counter(counted[:-1])
    prior = unigram_in_words(x, counted, vocab_size, alpha)
    return (pairs[h, x] + kappa * prior) / (contexts[h] + kappa)


# ---- unigram and bigram ----------------------------------------------------------------------------------


@modest
@given(texts(), positive)
def test_the_unigram_is_the_smoothed_share_of_each_token(text, alpha):
    vocab_size, counted, scored = text
    model = UnigramModel.fit(counted, vocab_size, pseudo_count=alpha)
    expected = [unigram_in_words(x, counted, vocab_size, alpha) for x in range(vocab_size)]
    assert_allclose(model.next_distribution(), expected, rtol=1e-12)
    assert_allclose(model.log_probs(scored), np.log([expected[x] for x in scored]), rtol=1e-12, atol=1e-14)
    assert_array_equal(model.counts, [counted.count(x) for x in range(vocab_size)])


@modest
@given(texts(), st.integers(0, 30), st.sampled_from([UnigramModel, BigramModel]))
def test_a_context_is_what_came_before_and_is_not_priced(text, cut, kind):
    vocab_size, counted, scored = text
    model = kind.fit(counted, vocab_size)
    context, tokens = scored[:cut], scored[cut:]
    assert_array_equal(model.log_probs(tokens, context), model.log_probs(scored)[cut:])


@modest
@given(texts(), positive, positive)
def test_the_bigram_is_the_equation_read_aloud(text, kappa, alpha):
    vocab_size, counted, scored = text
    model = BigramModel.fit(counted, vocab_size, concentration=kappa, pseudo_count=alpha)
    expected = [unigram_in_words(x, counted, vocab_size, alpha) for x in scored[:1]] + [
        bigram_in_words(x, h, counted, vocab_size, kappa, alpha) for h, x in pairwise(scored)
    ]
    assert_allclose(model.log_probs(scored), np.log(expected), rtol=1e-12, atol=1e-14)


@modest
@given(texts(), positive, positive)
def test_after_every_context_the_probabilities_sum_to_one_and_none_is_zero(text, kappa, alpha):
    vocab_size, counted, _ = text
    unigram = UnigramModel.fit(counted, vocab_size, pseudo_count=alpha)
    bigram = BigramModel.fit(counted, vocab_size, concentration=kappa, pseudo_count=alpha)
    for model in (unigram, bigram):
        for context in (None, *range(vocab_size)):
            q = model.next_distribution(context)
            assert q.shape == (vocab_size,)
            assert (q > 0).all()
            assert_allclose(q.sum(), 1, rtol=1e-12)


@modest
@given(texts(), positive)
def test_the_log_probabilities_are_those_of_the_next_distributions(text, kappa):
    vocab_size, counted, scored = text
    for model in (
        UnigramModel.fit(counted, vocab_size),
        BigramModel.fit(counted, vocab_size, concentration=kappa),
    ):
        contexts = [None, *scored[:-1]] if scored else []
        one_by_one = [model.next_distribution(h)[x] for h, x in zip(contexts, scored, strict=True)]
        assert_allclose(np.exp(model.log_probs(scored)), one_by_one, rtol=1e-12)
        assert_allclose(np.exp(model.log_probs(scored).sum()), np.prod(one_by_one), rtol=1e-9)


@pytest.mark.parametrize("fit", [UnigramModel.fit, BigramModel.fit])
def test_the_probabilities_of_all_texts_of_one_length_sum_to_one(fit):
    model = fit([0, 1, 1, 2, 0, 1], 3)
    total = sum(np.exp(model.log_probs(text).sum()) for text in product(range(3), repeat=4))
    assert_allclose(total, 1, rtol=1e-12)


@modest
@given(st.integers(1, 1000))
def test_with_nothing_counted_the_perplexity_is_the_size_of_the_vocabulary(vocab_size):
    tokens = np.arange(50) % vocab_size
    for model in (UnigramModel.fit([], vocab_size), BigramModel.fit([], vocab_size)):
        assert_allclose(perplexity(-model.log_probs(tokens).sum(), 50), vocab_size, rtol=1e-12)


def test_on_its_own_training_text_an_unsmoothed_unigram_pays_the_entropy():
    counted = np.array([0] * 50 + [1] * 30 + [2] * 20)
    model = UnigramModel.fit(counted, 3, pseudo_count=1e-12)
    assert_allclose(-model.log_probs(counted).mean(), entropy([0.5, 0.3, 0.2]), rtol=1e-10)


def test_on_any_text_the_unigram_pays_the_cross_entropy_of_the_shares_of_the_tokens():
    model = UnigramModel.fit([0, 0, 0, 1, 2], 3)
    scored = [1, 1, 2, 0]
    shares = np.bincount(scored) / len(scored)
    assert_allclose(-model.log_probs(scored).mean(), cross_entropy(shares, model.probabilities), rtol=1e-14)


def test_a_light_prior_believes_the_counts_and_a_heavy_one_the_unigram():
    counted = [0, 1, 0, 1, 0, 2]
    light = BigramModel.fit(counted, 3, concentration=1e-9)
    assert_allclose(light.next_distribution(0), [0, 2 / 3, 1 / 3], atol=1e-8)
    heavy = BigramModel.fit(counted, 3, concentration=1e9)
    assert_allclose(heavy.next_distribution(0), heavy.unigram.probabilities, rtol=1e-6)
    # The last token was nobody's context: after it, only the unigram is known.
    assert_allclose(light.next_distribution(2), light.unigram.probabilities, rtol=1e-12)


def test_a_distribution_that_is_handed_out_can_be_changed_without_harm():
    for model in (UnigramModel.fit([0, 1, 1], 2), BigramModel.fit([0, 1, 1], 2)):
        model.next_distribution()[:] = 0
        assert_allclose(model.next_distribution().sum(), 1)


def test_a_vocabulary_whose_square_would_fill_the_memory_is_no_trouble():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 100_000, size=10_000)  # a dense table would take 80 GB
    model = BigramModel.fit(tokens, 100_000)
    expected = [model.next_distribution(h)[x] for h, x in pairwise(tokens[:21])]
    assert_allclose(np.exp(model.log_probs(tokens[:21])[1:]), expected, rtol=1e-12)


# ---- trigram ---------------------------------------------------------------------------------------------


def trigram_in_words(x, g, h, counted, vocab_size, kappa, alpha):
    """q(x | g, h) = (c(g, h, x) + κ q(x | h)) / (c(g, h) + κ)."""
    triples = Counter(zip(counted, counted[1:], counted[2:], strict=False))
    contexts = Counter(pairwise(counted[:-1]))
    prior = bigram_in_words(x, h, counted, vocab_size, kappa, alpha)
    return (triples[g, h, x] + kappa * prior) / (contexts[g, h] + kappa)


@modest
@given(texts(), positive, positive)
def test_the_trigram_is_the_equation_read_aloud(text, kappa, alpha):
    vocab_size, counted, scored = text
    model = TrigramModel.fit(counted, vocab_size, concentration=kappa, pseudo_count=alpha)
    expected = [unigram_in_words(x, counted, vocab_size, alpha) for x in scored[:1]]
    expected += [bigram_in_words(x, h, counted, vocab_size, kappa, alpha) for h, x in pairwise(scored[:2])]
    expected += [
        trigram_in_words(x, g, h, counted, vocab_size, kappa, alpha)
        for g, h, x in zip(scored, scored[1:], scored[2:], strict=False)
    ]
    assert_allclose(model.log_probs(scored), np.log(expected), rtol=1e-12, atol=1e-14)
    one_by_one = [model.next_distribution(scored[:t])[x] for t, x in enumerate(scored)]
    assert_allclose(one_by_one, expected, rtol=1e-12)


@modest
@given(texts(), positive)
def test_after_every_pair_the_trigram_sums_to_one_and_has_no_zero(text, kappa):
    vocab_size, counted, _ = text
    model = TrigramModel.fit(counted, vocab_size, concentration=kappa)
    for context in [(), *product(range(vocab_size), repeat=1), *product(range(vocab_size), repeat=2)]:
        q = model.next_distribution(context)
        assert (q > 0).all()
        assert_allclose(q.sum(), 1, rtol=1e-12)


@modest
@given(texts(min_size=3), st.integers(0, 4))
def test_a_trigram_reads_on_after_the_last_two_tokens_of_its_context(text, cut):
    vocab_size, counted, scored = text
    model = TrigramModel.fit(counted, vocab_size)
    whole = model.log_probs(scored)
    assert_array_equal(model.log_probs(scored[cut:], context=scored[:cut]), whole[cut:])


def test_a_pair_never_seen_leaves_the_bigram_and_the_last_pair_is_nobodys_context():
    model = TrigramModel.fit([0, 1, 2, 0, 2], 3, concentration=0.5)
    for pair in ([1, 1], [0, 2]):
        assert_allclose(model.next_distribution(pair), model.bigram.next_distribution(pair[1]), rtol=1e-12)
    seen = model.next_distribution([0, 1])
    assert seen[2] > model.bigram.next_distribution(1)[2]


def test_a_trigram_knows_what_a_bigram_cannot():
    text = [0, 1, 3, 0, 2, 4] * 40  # after 0 comes now 1, now 2: the token before the last one says which
    trigram = TrigramModel.fit(text, 5, concentration=1e-3)
    assert_allclose(-trigram.bigram.log_probs(text).mean(), np.log(2) / 3, atol=0.01)
    assert -trigram.log_probs(text).mean() < 0.02
    assert_array_equal(trigram.sample(600, np.random.default_rng(0), context=[2, 4]), (text * 3)[:600])


def test_trigram_samples_follow_each_pair_as_often_as_its_distribution_says():
    model = TrigramModel.fit([0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0], 2, concentration=0.5)
    drawn = model.sample(20_000, np.random.default_rng(0))
    assert drawn.shape == (20_000,)
    for pair in product(range(2), repeat=2):
        followers = drawn[2:][(drawn[:-2] == pair[0]) & (drawn[1:-1] == pair[1])]
        shares = np.bincount(followers, minlength=2) / followers.size
        assert_allclose(shares, model.next_distribution(pair), atol=0.03)


def test_a_vocabulary_whose_triples_have_no_number_is_named():
    with pytest.raises(ValueError, match="vocab_size is 2097152; expected less than 2097152"):
        TrigramModel.fit([0], 2**21)
    largest = TrigramModel.fit([2**21 - 2] * 4, 2**21 - 1, concentration=1.0)
    assert largest.next_distribution([2**21 - 2] * 2)[-1] > 0.8


# ---- sampling --------------------------------------------------------------------------------------------


def test_unigram_samples_come_as_often_as_their_probabilities_say():
    model = UnigramModel.fit([0, 0, 0, 1, 2], 3)
    shares = np.bincount(model.sample(20_000, np.random.default_rng(0)), minlength=3) / 20_000
    assert_allclose(shares, model.probabilities, atol=0.02)


def test_bigram_samples_follow_each_context_as_often_as_its_distribution_says():
    model = BigramModel.fit([0, 1, 2, 0, 1, 0, 2, 2, 1, 0, 1], 3, concentration=0.5)
    drawn = model.sample(20_000, np.random.default_rng(0))
    for context in range(3):
        followers = drawn[1:][drawn[:-1] == context]
        shares = np.bincount(followers, minlength=3) / followers.size
        assert_allclose(shares, model.next_distribution(context), atol=0.03)


def test_the_first_sample_comes_from_the_unigram_or_from_the_context_that_was_given():
    model = BigramModel.fit([0, 1] * 50, 2, concentration=1.0)
    rng = np.random.default_rng(0)
    after_nothing = np.mean([model.sample(1, rng)[0] for _ in range(2000)])
    after_zero = np.mean([model.sample(1, rng, context=0)[0] for _ in range(2000)])
    assert_allclose(after_nothing, model.unigram.probabilities[1], atol=0.05)
    assert_allclose(after_zero, model.next_distribution(0)[1], atol=0.05)


def test_samples_are_texts_that_the_model_can_score_and_a_seed_gives_them_again():
    for model in (UnigramModel.fit([0, 1, 1], 3), BigramModel.fit([0, 1, 1], 3)):
        drawn = model.sample(50, np.random.default_rng(7))
        assert drawn.shape == (50,)
        assert np.isfinite(model.log_probs(drawn)).all()
        assert_array_equal(drawn, model.sample(50, np.random.default_rng(7)))
        assert model.sample(0, np.random.default_rng(7)).shape == (0,)


# ---- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [UnigramModel.fit, BigramModel.fit, TrigramModel.fit])
@pytest.mark.parametrize(
    ("tokens", "vocab_size", "message"),
    [
        ([0, 3], 3, r"tokens holds 3 at position \(1,\); expected .*0 to 2"),
        ([-1, 0], 3, r"tokens holds -1 at position \(0,\)"),
        ([[0, 1]], 3, r"tokens has shape \(1, 2\); expected one sequence"),
        ([0.0, 1.0], 3, r"tokens has dtype float64; expected integer"),
        ([0], 0, r"vocab_size is 0; expected 1 or more"),
    ],
)
def test_tokens_that_cannot_be_counted_are_named(fit, tokens, vocab_size, message):
    with pytest.raises(ValueError, match=message):
        fit(tokens, vocab_size)


@pytest.mark.parametrize("value", [0, -1.0, np.nan, np.inf])
def test_smoothing_that_smooths_nothing_is_named(value):
    with pytest.raises(ValueError, match=rf"pseudo_count is {value}; expected a number above 0"):
        UnigramModel.fit([0], 1, pseudo_count=value)
    with pytest.raises(ValueError, match=rf"concentration is {value}; expected a number above 0"):
        BigramModel.fit([0], 1, concentration=value)
    with pytest.raises(ValueError, match=rf"pseudo_count is {value}; expected"):
        BigramModel.fit([0], 1, pseudo_count=value)
    with pytest.raises(ValueError, match=rf"concentration is {value}; expected a number above 0"):
        TrigramModel.fit([0], 1, concentration=value)


def test_a_trigram_names_tokens_and_contexts_out_of_range():
    model = TrigramModel.fit([0, 1, 0], 2)
    with pytest.raises(ValueError, match=r"tokens holds 2 at position \(1,\)"):
        model.log_probs([0, 2])
    for ask in (model.next_distribution, lambda context: model.sample(1, None, context)):
        with pytest.raises(ValueError, match="context holds 5"):
            ask([5, 0])


@pytest.mark.parametrize("fit", [UnigramModel.fit, BigramModel.fit])
def test_tokens_and_contexts_out_of_range_are_named_after_fitting_too(fit):
    model = fit([0, 1], 2)
    with pytest.raises(ValueError, match=r"tokens holds 2 at position \(1,\)"):
        model.log_probs([0, 2])
    with pytest.raises(ValueError, match="context holds 5"):
        model.next_distribution(5)


# ---- words, spelled where unknown ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def letters():
    """Two letters."""
    return CharVocabulary("ab")


def test_the_probabilities_of_all_spellings_sum_to_one(letters):
    model = SpellingModel.fit(["a", "ab", "b", "aab"], letters, concentration=1.0)
    lengths = range(13)
    mass = np.cumsum(
        [np.exp(model.log_probs(["".join(w) for w in product("ab", repeat=n)])).sum() for n in lengths]
    )
    assert mass[-1] < 1
    assert mass[-1] > 0.999  # what is left are words of 13 letters and more


def test_a_word_costs_each_of_its_letters_and_its_end(letters):
    model = SpellingModel.fit(["a", "ab", "b"], letters, concentration=1.0)
    end = 2
    after = model.bigram.next_distribution
    expected = after(end)[0] * after(0)[1] * after(1)[1] * after(1)[end]
    assert_allclose(np.exp(model.log_probs(["a", "abb", "b"])[1]), expected, rtol=1e-12)
    assert_allclose(np.exp(model.log_probs([""])), after(end)[end], rtol=1e-12)
    assert model.log_probs([]).shape == (0,)


def test_the_letters_of_a_spelling_are_counted_from_the_words(letters):
    model = SpellingModel.fit(["ab"], letters, concentration=1e-9)
    assert_allclose(np.exp(model.log_probs(["ab"])), 1, rtol=1e-6)
    assert model.sample(np.random.default_rng(0)) == "ab"


def test_sampled_spellings_come_as_often_as_their_probabilities_say(letters):
    model = SpellingModel.fit(["a", "ab", "b", "aab"], letters, concentration=1.0)
    rng = np.random.default_rng(0)
    drawn = Counter(model.sample(rng) for _ in range(5000))
    words = ["", "a", "b", "ab", "aab"]
    assert_allclose([drawn[w] / 5000 for w in words], np.exp(model.log_probs(words)), atol=0.02)


@pytest.fixture(scope="module", params=[UnigramModel, BigramModel])
def little(request):
    """An open vocabulary with the words a and b, and with spelled ones."""
    tokens = ["a", "b", "a", "ba", "a", "b", "bb", "a", "b"]
    vocabulary = WordVocabulary(tokens)
    return OpenVocabularyModel.fit(tokens, vocabulary, CharVocabulary("ab"), request.param)


def test_known_words_have_the_price_of_their_model_and_unknown_ones_pay_for_their_letters_too(little):
    tokens = ["a", "ab", "b", "bb", "ab"]
    ids = little.vocabulary.encode(tokens)
    assert_array_equal(ids == 0, [False, True, False, True, True])
    extra = little.log_probs(tokens) - little.words.log_probs(ids)
    assert_allclose(extra[[0, 2]], 0, atol=0)
    assert_allclose(extra[[1, 3, 4]], little.spelling.log_probs(["ab", "bb", "ab"]), rtol=1e-12)
    assert (extra[[1, 3, 4]] < 0).all()


def test_all_strings_together_have_no_more_than_probability_one(little):
    strings = ["".join(w) for n in range(13) for w in product("ab", repeat=n)]
    mass = sum(np.exp(little.log_probs([string])[0]) for string in strings)
    # What lacks are longer words, and the spellings of known ones.
    known = np.exp(little.spelling.log_probs(["a", "b"])).sum() * little.words.next_distribution()[0]
    assert mass < 1
    assert_allclose(mass + known, 1, atol=0.01)


def test_the_parts_of_a_text_multiply_to_the_whole(little):
    tokens = ["a", "bab", "b"]
    whole = little.log_probs(tokens).sum()
    ids = little.vocabulary.encode(tokens)
    contexts = [None, *ids[:-1].tolist()]
    by_hand = np.prod([little.words.next_distribution(h)[x] for h, x in zip(contexts, ids, strict=True)])
    assert_allclose(whole, np.log(by_hand) + little.spelling.log_probs(["bab"])[0], rtol=1e-12)


def test_a_context_of_words_is_what_came_before(little):
    words = ["a", "bab", "b", "ab"]
    for cut in range(5):
        assert_array_equal(little.log_probs(words[cut:], words[:cut]), little.log_probs(words)[cut:])


def test_sampled_words_are_strings_and_unknown_ones_are_spelled(little):
    drawn = little.sample(300, np.random.default_rng(0))
    assert len(drawn) == 300
    assert "<unknown>" not in drawn
    assert any(word not in little.vocabulary for word in drawn)
    assert np.isfinite(little.log_probs(drawn)).all()


def test_a_vocabulary_that_knows_all_training_words_cannot_learn_about_unknown_ones():
    vocabulary = WordVocabulary(["a", "b"], min_count=1)
    with pytest.raises(ValueError, match="knows every training word; expected min_count of 2 or more"):
        OpenVocabularyModel.fit(["a", "b"], vocabulary, CharVocabulary("ab"))


# ---- real text -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def shakespeare():
    """Prices of Macbeth, in nats, by model: (number of tokens, summed negative log-likelihood)."""
    splits = load_splits()
    text, train = splits.held_out["macbeth"], splits.train_text
    characters = CharVocabulary(train)
    ids, scored = characters.encode(train), characters.encode(text)
    train_words, words_scored = word_tokens(train), word_tokens(text)
    prices = {}
    for model in (UnigramModel, BigramModel, TrigramModel):
        by_character = model.fit(ids, len(characters))
        prices["characters", model] = scored.size, -by_character.log_probs(scored).sum()
    for model in (UnigramModel, BigramModel):
        for min_count in (2, 20):
            vocabulary = WordVocabulary(train_words, min_count)
            by_word = OpenVocabularyModel.fit(train_words, vocabulary, characters, model)
            prices["words", model, min_count] = len(words_scored), -by_word.log_probs(words_scored).sum()
            closed = -by_word.words.log_probs(vocabulary.encode(words_scored)).sum()
            prices["unknown unpaid", model, min_count] = len(words_scored), closed
    return len(text.encode("utf-8")), prices


def test_context_lowers_the_price_of_macbeth_and_no_model_is_worse_than_guessing(shakespeare):
    _, prices = shakespeare
    for kind in (("characters",), ("words", 2)):
        tokens, unigram = prices[kind[0], UnigramModel, *kind[1:]]
        assert prices[kind[0], BigramModel, *kind[1:]][1] < unigram
    tokens, unigram = prices["characters", UnigramModel]
    assert unigram < tokens * np.log(79)
    assert prices["characters", TrigramModel][1] < 0.85 * prices["characters", BigramModel][1]


def test_words_have_the_higher_perplexity_and_the_lower_price_per_byte(shakespeare):
    n_bytes, prices = shakespeare
    for model in (UnigramModel, BigramModel):
        (characters, by_character), (words, by_word) = prices["characters", model], prices["words", model, 2]
        assert perplexity(by_word, words) > 50 * perplexity(by_character, characters)
        assert 1 < bits_per_byte(by_word, n_bytes) < bits_per_byte(by_character, n_bytes) < 8


def test_a_smaller_vocabulary_looks_better_until_unknown_words_are_paid_for(shakespeare):
    _, prices = shakespeare
    for model in (UnigramModel, BigramModel):
        assert prices["unknown unpaid", model, 20][1] < prices["unknown unpaid", model, 2][1]
        assert prices["words", model, 20][1] > prices["words", model, 2][1]

"""helpers.models.sphinx: against what probabilities must do, and against the package called by hand."""

from pathlib import Path

import numpy as np
import pocketsphinx
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from helpers.models.sphinx import SphinxModel, open_vocabulary, sphinx_words

TEXT = "we the people of the united states in order to form a more perfect union"


@pytest.fixture(scope="module")
def vocabulary():
    return SphinxModel().vocabulary


def test_a_text_becomes_lower_case_words():
    text = "We the People’s Union, insure domestic Tranquility; 1787 -- it's_done!\n"
    assert sphinx_words(text) == [
        *("we", "the", "people's", "union", "insure", "domestic", "tranquility", "1787", "it's", "done")
    ]
    assert sphinx_words(" … ") == []


@pytest.mark.parametrize("history", ["<s>", "people of", "the zyzzyva"])
def test_the_probabilities_of_the_next_word_sum_to_one(vocabulary, history):
    context = vocabulary.encode(history.split())
    words = np.arange(1, len(vocabulary))
    words = words[words != vocabulary.encode(["<s>"])[0]]  # no sentence begins within another
    model = SphinxModel()
    total = sum(np.exp(model.log_probs([word], context)[0]) for word in words)
    assert total == pytest.approx(1, abs=3e-4)  # the package's logarithms are whole numbers to base 1.0001


def test_prices_are_the_packages_own_in_nats(vocabulary):
    """The package's second way to load a model, and base 10 instead of e."""
    log = pocketsphinx.LogMath()
    file = Path(pocketsphinx.get_model_path()) / "en-us" / "en-us.lm.bin"
    by_hand = pocketsphinx.NGramModel.readfile(str(file))
    words = TEXT.split()
    for order in (1, 2, 3):
        found = SphinxModel(order).log_probs(vocabulary.encode(words))
        for t, word in enumerate(words):
            history = words[max(0, t - order + 1) : t][::-1]
            assert found[t] == pytest.approx(
                np.log(10) * log.log_to_log10(by_hand.prob([word, *history])), rel=1e-6
            )


def test_more_history_makes_english_cheaper_and_english_backwards_dearer(vocabulary):
    ids = vocabulary.encode(TEXT.split())
    one, two, three = (-SphinxModel(order).log_probs(ids).sum() for order in (1, 2, 3))
    assert three < two < one
    assert -SphinxModel(3).log_probs(ids[::-1]).sum() > three + 20


def test_a_context_is_what_came_before_and_is_not_priced(vocabulary):
    ids = vocabulary.encode(TEXT.split())
    for order in (1, 2, 3):
        model = SphinxModel(order)
        for cut in (0, 1, 2, 5, len(ids)):
            assert_array_equal(model.log_probs(ids[cut:], ids[:cut]), model.log_probs(ids)[cut:])


def test_sentences_have_a_beginning_and_an_end(vocabulary):
    begin, end, we, it = vocabulary.encode(["<s>", "</s>", "we", "it"])
    model = SphinxModel()
    assert model.log_probs([we], [begin])[0] > model.log_probs([we])[0] + 1
    assert model.log_probs([end], [it])[0] > model.log_probs([end], [we])[0]


def test_an_unknown_word_has_no_probability_unless_some_is_set_aside(vocabulary):
    words = ["we", "the", "zyzzyva", "of", "america"]
    ids = vocabulary.encode(words)
    assert_array_equal(ids == vocabulary.UNKNOWN, [False, False, True, False, False])
    closed, part = SphinxModel(), SphinxModel(unknown=0.25)
    assert_array_equal(np.isinf(closed.log_probs(ids)), ids == vocabulary.UNKNOWN)
    assert part.log_probs(ids)[2] == pytest.approx(np.log(0.25))
    known = ids != vocabulary.UNKNOWN
    assert_allclose(part.log_probs(ids)[known], closed.log_probs(ids)[known] + np.log(0.75), rtol=1e-12)
    # The history of "of" ends at the unknown word; that of "america" is "of" alone.
    assert closed.log_probs(ids)[3] == pytest.approx(SphinxModel(1).log_probs(ids)[3])


def test_an_open_vocabulary_spells_what_it_does_not_know():
    model = open_vocabulary(unknown=0.25)
    words = ["we", "the", "zyzzyva", "of", "1787"]
    ids = model.vocabulary.encode(words)
    extra = model.log_probs(words) - model.words.log_probs(ids)
    assert_allclose(extra[[0, 1, 3]], 0, atol=0)
    assert_allclose(extra[[2, 4]], model.spelling.log_probs(["zyzzyva", "1787"]), rtol=1e-12)
    assert -extra[4] > -extra[2] > 5  # digits are stranger than a strange word


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: SphinxModel(4), "order is 4; expected 1, 2 or 3"),
        (lambda: SphinxModel(unknown=1.0), "unknown is 1.0; expected a share of at least 0 and below 1"),
        (lambda: SphinxModel(unknown=float("nan")), "unknown is nan"),
        (lambda: open_vocabulary(unknown=0.0), "unknown is 0.0; expected a share above 0"),
        (lambda: SphinxModel().log_probs([10**6]), "tokens holds 1000000 at position"),
    ],
)
def test_bad_input_is_named(make, complaint):
    with pytest.raises(ValueError, match=complaint):
        make()

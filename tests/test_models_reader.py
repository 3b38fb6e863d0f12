"""helpers.models.reader: the file gives back what was written, and is refused when it is not whole."""

import struct
import zlib

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.data import CharVocabulary, load_splits
from helpers.models import reader
from helpers.models.counting import UnigramModel
from helpers.models.folding import LIKE, fold
from helpers.models.pytorch import SimpleLanguageModel
from helpers.training.pytorch import evaluate

LIMIT = 400_000  # bytes that a page may load for it
CONTENT = reader.FILE.read_bytes()


@pytest.fixture(scope="module")
def splits():
    return load_splits()


@pytest.fixture
def small():
    torch.manual_seed(1)
    return reader.Reader(
        SimpleLanguageModel(4, 8, 12), CharVocabulary("né\n "), np.array([0.1, 0.2, 0.3, 0.4], np.float32)
    )


def test_the_model_reads_plays_that_it_never_saw_better_than_any_that_counts_letters(splits):
    text = splits.held_out_text[:50_000]
    mean = evaluate(reader.load_reader(), reader.alphabet().encode(text)).mean
    assert 1.5 < mean < 1.7
    letters = -np.log(reader.character_frequencies())[reader.alphabet().encode(text)].mean()
    assert letters > 3


def test_its_characters_and_their_shares_are_those_of_the_training_plays(splits):
    expected = CharVocabulary(splits.train_text)
    assert reader.alphabet().characters == expected.characters
    unigram = UnigramModel.fit(expected.encode(splits.train_text), len(expected))
    assert reader.character_frequencies() == pytest.approx(unigram.probabilities, rel=1e-6)


def test_the_file_is_small_as_it_is_and_on_a_page():
    assert len(CONTENT) < 300_000
    assert 4 * -(-len(CONTENT) // 3) < LIMIT  # in base64


def test_a_trained_model_that_is_rounded_again_stays_as_it_is():
    """The weights of the file lie on its levels already: only a scale may be chosen anew."""
    stored = reader.read(CONTENT)
    again = reader.read(reader.write(stored))
    for one, other in zip(stored.model.parameters(), again.model.parameters(), strict=True):
        assert torch.allclose(one, other, atol=0.02 * float(one.detach().abs().max()) + 1e-9)


@settings(max_examples=30)
@given(st.integers(1, 6), st.integers(1, 40), st.integers(0, 2**31))
def test_no_weight_within_reach_moves_by_more_than_half_a_level(rows, columns, seed):
    weights = np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)
    codes, scales = reader.quantise(weights)
    error = np.abs(reader.dequantise(codes, scales) - weights)
    within = np.abs(weights) <= scales[:, None] * 31.5
    assert (error[within] <= np.broadcast_to(scales[:, None], error.shape)[within] * 0.5001).all()
    plain = np.abs(weights).max(axis=1, keepdims=True) / 31.5
    unsearched = plain * (np.rint(weights / plain + 31.5) - 31.5)
    assert (error**2).sum() <= ((unsearched - weights) ** 2).sum() * 1.0001


def test_a_row_of_zeros_is_nearly_zero():
    codes, scales = reader.quantise(np.zeros((2, 4)))
    assert np.abs(reader.dequantise(codes, scales)).max() < 1e-12


@pytest.mark.parametrize(
    ("weights", "shape"), [([1.0, 2.0], r"\(2,\)"), ([[np.nan]], r"\(1, 1\)"), ([[np.inf]], r"\(1, 1\)")]
)
def test_what_cannot_be_rounded_is_refused(weights, shape):
    with pytest.raises(ValueError, match=f"weights has shape {shape}; expected a matrix of finite numbers"):
        reader.quantise(weights)


def test_what_was_written_is_read(small):
    found = reader.read(reader.write(small))
    assert found.vocabulary.characters == small.vocabulary.characters
    assert found.frequencies.tolist() == small.frequencies.tolist()
    state, expected = found.model.state_dict(), small.model.state_dict()
    for name in ("embedding.weight", "lstm.weight_ih_l0", "lstm.weight_hh_l0", "fc.weight"):
        rounded = reader.dequantise(*reader.quantise(expected[name].numpy()))
        assert np.array_equal(state[name].numpy(), rounded), name
    both = expected["lstm.bias_ih_l0"] + expected["lstm.bias_hh_l0"]
    assert torch.equal(state["lstm.bias_ih_l0"] + state["lstm.bias_hh_l0"], both)
    assert torch.equal(state["fc.bias"], expected["fc.bias"])


def test_the_rounded_model_forecasts_nearly_the_same(small):
    tokens = torch.arange(4).repeat(5)[None]
    before, after = (
        model.eval()(tokens).log_softmax(-1)
        for model in (small.model, reader.read(reader.write(small)).model)
    )
    assert float((before - after).detach().abs().max()) < 0.02


def changed(at: int, new: bytes) -> bytes:
    """The file with other bytes at a place, and the checksum that fits them."""
    body = CONTENT[:at] + new + CONTENT[at + len(new) : -4]
    return body + struct.pack("<I", zlib.crc32(body))


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", r"begins with b''; expected a reader, which begins b'xelm'"),
        (b"GGUF" + CONTENT[4:], "begins with b'GGUF'"),
        (CONTENT[:10], "begins with b'xelm'; expected a reader"),
        (changed(4, b"\x02"), "version 2 with 6 bits; expected 1 with 6"),
        (changed(5, b"\x08"), "version 1 with 8 bits; expected 1 with 6"),
        (CONTENT[:-1], f"has {len(CONTENT) - 1} bytes; expected {len(CONTENT)}: it was cut"),
        (CONTENT + b"\0", f"has {len(CONTENT) + 1} bytes; expected {len(CONTENT)}"),
        (CONTENT[:5000] + b"\0\1\2" + CONTENT[5003:], "checksum"),
    ],
)
def test_a_file_that_is_not_ours_or_not_whole_is_named(content, complaint):
    with pytest.raises(ValueError, match=complaint):
        reader.read(content)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"vocabulary": CharVocabulary("abc")}, "the vocabulary has 3 characters; expected 4"),
        ({"frequencies": np.ones(5)}, "there are 5 frequencies; expected 4"),
        (
            {
                "model": SimpleLanguageModel(3, 3, 4),
                "vocabulary": CharVocabulary("abc"),
                "frequencies": np.ones(3),
            },
            "a matrix has 9 weights; expected a multiple of 4",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(small, change, complaint):
    with pytest.raises(ValueError, match=complaint):
        reader.write(small._replace(**change))


def test_no_character_looks_like_two_others():
    listed = "".join(LIKE.values())
    assert len(set(listed)) == len(listed)
    assert not set(listed) & set(reader.alphabet().characters)


@pytest.mark.parametrize(
    ("character", "read"),
    [
        *[(one, one) for one in "aZ0 \n[&"],
        *[("’", "'"), ("“", '"'), ("—", "--"), ("–", "-"), ("\t", " "), ("æ", "ae")],
        *[("é", "e"), ("Ç", "C"), ("…", "..."), ("ﬁ", "fi"), ("\u00a0", " "), ("²", "2")],
        *[(one, "") for one in "@€日½\u0301😀\x00"],
    ],
)
def test_a_character_is_read_as_what_looks_like_it(character, read):
    assert fold(character, reader.alphabet().characters) == read


@given(st.characters())
def test_whatever_is_read_is_known(character):
    assert set(fold(character, reader.alphabet().characters)) <= set(reader.alphabet().characters)


def test_training_by_the_recipe_takes_the_training_plays_and_nothing_else(monkeypatch, splits):
    """A short run of the same function; the plays that are chosen on and held out stay out of it."""
    seen = {}

    def watch(model, train_tokens, validation_tokens, **options):
        seen.update(train=train_tokens, validation=validation_tokens, options=options)

    monkeypatch.setattr(reader, "train", watch)
    found = reader.train_reader(progress=False)
    assert found.vocabulary.decode(seen["train"]) == splits.train_text
    assert splits.validation_text.startswith(found.vocabulary.decode(seen["validation"]))
    assert seen["options"] == {**reader.RECIPE, "progress": False}
    sizes = [tuple(p.shape) for p in reader.load_reader().parameters()]
    assert [tuple(p.shape) for p in found.model.parameters()] == sizes

"""helpers.tokenization: every tokenizer gives the text back, byte for byte; its ids are those of its makers.

The recorded ids are those of mistral-common 1.13.1 and of transformers 5 (for SmolLM2, from the same file).
The second road is byte pair encoding as it is told: join the pair of the lowest rank until there is none.
"""

import base64
import json
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
import regex
from gguf import GGUFReader
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from helpers import parts
from helpers.data import CharVocabulary, load_play
from helpers.languages import LANGUAGES, declaration
from helpers.tokenization import (
    ByteTokenizer,
    Tokenizer,
    mistral_32k,
    smollm2,
    tekken,
    train_bpe,
)

modest = settings(max_examples=200, deadline=None)

SENTENCES = (
    "Cross-entropy is the price of a surprise.",
    "In 1948 it cost 3.14159 bits,\n\n\tnot  more!",
    "Ça coûte 0,5 €; नमस्ते, 世界 🙂.",
    " a",
)
RECORDED = {  # the ids of these sentences
    smollm2: [
        "16679 29 29861 314 260 4319 282 253 8731 30",
        "788 216 33 41 36 40 357 1708 216 35 30 33 36 33 37 41 11038 28 1116 197 1766 216 540 17",
        "142 225 81 857 41307 676 216 32 28 37 24927 43 12335 118 35090 38770 16525 26293 30581 28 "
        "216 7906 240 178 239 230 47526 30",
        "253",
    ],
    mistral_32k: [
        "10464 28733 308 14261 349 272 4144 302 264 8982 28723",
        "560 28705 28740 28774 28781 28783 378 2434 28705 28770 28723 28740 28781 28740 28782 28774 "
        "9356 28725 13 13 12 1478 28705 680 28808",
        "28705 29215 28708 1001 28951 424 28705 28734 28725 28782 17416 28745 28705 29540 29672 "
        "29671 29300 29708 29586 28725 28705 30050 29822 28705 29340 28723",
        "28705 264",
    ],
    tekken: [
        "49256 1045 104510 1395 1278 9169 1307 1261 20007 1046",
        "1785 1032 1049 1057 1052 1056 1494 4362 1032 1051 1046 1049 1052 1049 1053 1057 18490 6422 "
        "1009 3715 1032 2081 1033",
        "60297 1097 112203 1032 1048 1044 1053 20340 1059 4148 3525 22475 1803 1044 1032 29659 "
        "119685 1153 1130 1046",
        "1261",
    ],
}
SIZES = {ByteTokenizer: 256, smollm2: 49_152, mistral_32k: 32_000, tekken: 131_072}


@pytest.fixture(scope="module")
def trained():
    """Byte pairs of one play, 600 tokens."""
    return train_bpe([load_play("othello")], 600)


@pytest.fixture(params=[*SIZES, "trained"], ids=lambda make: getattr(make, "__name__", make))
def tokenizer(request, trained):
    """Every tokenizer in turn."""
    return trained if request.param == "trained" else request.param()


# ---- there and back --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_text_comes_back_in_every_language(tokenizer, code):
    text = declaration(code)
    ids = tokenizer.encode(text)
    assert ids.ndim == 1
    assert ids.dtype == np.int64
    assert b"".join(tokenizer.pieces(ids)) == text.encode()
    assert tokenizer.decode(ids) == text


SPACES = st.text(" \n\t\r\u00a0\u3000ab1'", max_size=12)
LETTERS = st.text(
    st.sampled_from("naïve–世界🙂e\u0301ﬁ\u0000\u200d\ufeff<|endoftext|></s><0x41>"), max_size=12
)


@pytest.mark.parametrize("make", [ByteTokenizer, mistral_32k, tekken, "trained"])
@given(text=st.text() | SPACES | LETTERS)
@modest
def test_any_text_comes_back(make, trained, text):
    tokenizer = trained if make == "trained" else make()
    if make is mistral_32k:
        text = text.replace("▁", "_")
    ids = tokenizer.encode(text)
    assert b"".join(tokenizer.pieces(ids)) == text.encode()
    assert tokenizer.decode(ids) == text


@given(text=st.text() | SPACES | LETTERS)
@modest
def test_any_text_comes_back_from_smollm2_or_is_refused(text):
    lacking = {0x04, 0x06, 0x13, 0x14, 0x16, 0x1D, 0xC0, 0xC1, 0xF1, 0xF2, *range(0xF5, 0x100)}
    if lacking & set(text.encode()):
        with pytest.raises(ValueError, match="SmolLM2 has no token for it"):
            smollm2().encode(text)
    else:
        assert b"".join(smollm2().pieces(smollm2().encode(text))) == text.encode()


def test_a_byte_that_has_no_token_is_named():
    with pytest.raises(ValueError, match=r"'\\x04' at position 2, and SmolLM2 has no token for it"):
        smollm2().encode("ab\x04")


def test_the_sign_that_sentencepiece_writes_for_a_space_is_refused():
    with pytest.raises(ValueError, match="'▁' at position 1, SentencePiece's own sign for a space"):
        mistral_32k().encode("a▁b")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("ab\ud83d", r"'\\ud83d' at position 2, half of a character"), (b"ab", "is a bytes; expected a str")],
)
def test_what_is_no_text_is_refused(tokenizer, text, complaint):
    with pytest.raises(ValueError, match=complaint):
        tokenizer.encode(text)


def test_no_text_is_no_token(tokenizer):
    assert tokenizer.encode("").shape == (0,)
    assert tokenizer.pieces([]) == []
    assert tokenizer.decode([]) == ""


@pytest.mark.parametrize(
    ("ids", "complaint"),
    [
        ([-1], "-1"),
        ([0, 10**6], "1000000"),
        ([0.5], "integer"),
        ([[0]], r"shape \(1, 1\)"),
        (3, r"shape \(\)"),
    ],
)
def test_what_is_no_id_is_refused(tokenizer, ids, complaint):
    for give in (tokenizer.pieces, tokenizer.decode):
        with pytest.raises(ValueError, match=complaint):
            give(ids)


def test_half_a_character_is_shown_as_such(tokenizer):
    ids = tokenizer.encode("a\U000130b8")  # an Egyptian bird, that no vocabulary has whole
    assert tokenizer.pieces(ids)[-1] != "\U000130b8".encode()
    assert tokenizer.decode(ids[:-1]).startswith("a\ufffd")


# ---- the ids ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", SIZES)
def test_the_vocabularies_have_their_size(make):
    assert len(make()) == SIZES[make]
    assert repr(make()).endswith(f": {SIZES[make]:,} tokens>")


@pytest.mark.parametrize("make", RECORDED)
def test_the_ids_are_those_of_the_makers(make):
    for text, ids in zip(SENTENCES, RECORDED[make], strict=True):
        assert make().encode(text).tolist() == [int(i) for i in ids.split()], text


def join(pieces: list, rank) -> list:
    """Byte pair encoding: the neighbours of the lowest rank become one, until no pair has a rank."""
    while len(pieces) > 1:
        ranks = [rank(*pair) for pair in pairwise(pieces)]
        at = int(np.argmin(ranks))
        if ranks[at] == np.inf:
            break
        pieces = [*pieces[:at], pieces[at] + pieces[at + 1], *pieces[at + 2 :]]
    return pieces


def one_by_one(word: str) -> list[bytes]:
    return [bytes([byte]) for byte in word.encode()]


TEXT = "\n\n".join(
    [
        *SENTENCES,
        "1.  23\n\n4 ½",
        load_play("macbeth")[:3000],
        *(declaration(code)[:400] for code in LANGUAGES),
    ]
)


def test_tekken_is_byte_pair_encoding_over_its_file():
    file = json.loads(parts.path("tekken").read_text(encoding="utf-8"))
    ranks = {
        base64.b64decode(token["token_bytes"]): token["rank"] for token in file["vocab"][: 131_072 - 1000]
    }
    words = regex.findall(file["config"]["pattern"], TEXT)
    assert "".join(words) == TEXT
    expected = [
        piece for word in words for piece in join(one_by_one(word), lambda a, b: ranks.get(a + b, np.inf))
    ]
    ids = tekken().encode(TEXT)
    assert tekken().pieces(ids) == expected
    assert_array_equal(ids, [1000 + ranks[piece] for piece in expected])


GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def test_smollm2_is_byte_pair_encoding_over_its_file_with_digits_alone():
    fields = GGUFReader(parts.path("smollm2")).fields
    names, merges = (fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "merges"))
    ranks = {tuple(merge.split(" ")): rank for rank, merge in enumerate(merges)}
    chunks = regex.findall(r"\p{N}|\P{N}+", TEXT)
    words = [word for chunk in chunks for word in regex.findall(GPT2, chunk)]
    assert "".join(words) == TEXT
    expected = [
        piece for word in words for piece in join(list(visible(word)), lambda a, b: ranks.get((a, b), np.inf))
    ]
    ids = smollm2().encode(TEXT)
    assert [names[i] for i in ids] == expected
    assert [visible(piece.decode("latin-1"), "latin-1") for piece in smollm2().pieces(ids)] == expected


def visible(word: str, encoding: str = "utf-8") -> str:
    """The word with every byte as one character, in GPT-2's way; written down from its table."""
    moved = [*range(33), *range(127, 161), 173]  # these become U+0100, U+0101, …
    return "".join(chr(256 + moved.index(b)) if b in moved else chr(b) for b in word.encode(encoding))


# ---- what marks a beginning or an end --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "name", "bos", "how_many"),
    [(smollm2, "<|endoftext|>", 0, 17), (mistral_32k, "<s>", 1, 3), (tekken, "<s>", 1, 3)],
)
def test_the_token_before_a_document_has_an_id_and_no_bytes(make, name, bos, how_many):
    tokenizer = make()
    assert tokenizer.bos == tokenizer.special[name] == bos
    assert len(tokenizer.special) == how_many
    assert tokenizer.pieces(list(tokenizer.special.values())) == [b""] * how_many
    ids = tokenizer.encode("Is this a dagger?")
    assert tokenizer.decode([bos, *ids]) == "Is this a dagger?"


@pytest.mark.parametrize("make", RECORDED)
def test_a_text_never_becomes_a_token_that_marks_something(make):
    tokenizer = make()
    for name in tokenizer.special:
        ids = tokenizer.encode(f"{name} {name}")
        assert not set(ids.tolist()) & set(tokenizer.special.values())
        assert tokenizer.decode(ids) == f"{name} {name}"


def test_the_space_that_sentencepiece_adds_is_in_no_piece():
    tokenizer = mistral_32k()
    assert tokenizer.pieces(tokenizer.encode("dagger dagger"))[0] == b"d"
    assert tokenizer.pieces(tokenizer.encode("世"))[0] == b"", "the added space is a token of its own"
    assert b"".join(tokenizer.pieces(tokenizer.encode("  a"))) == b"  a"
    assert tokenizer.pieces(tokenizer.encode("a\nb c")[1:]) == [b"\n", b"b", b" c"]


def test_bytes_have_no_such_token(trained):
    assert ByteTokenizer().bos is trained.bos is None
    assert ByteTokenizer().special == trained.special == {}


def test_bytes_are_their_own_ids():
    assert_array_equal(ByteTokenizer().encode("é!"), [0xC3, 0xA9, ord("!")])
    assert ByteTokenizer().pieces([0xC3, 0xA9]) == [b"\xc3", b"\xa9"]
    assert ByteTokenizer().decode([0xC3]) == "\ufffd"


def test_characters_have_their_bytes_too():
    vocabulary = CharVocabulary("naïve 世")
    ids = vocabulary.encode("naïve 世")
    assert vocabulary.pieces(ids) == [c.encode() for c in "naïve 世"]
    with pytest.raises(ValueError, match="7"):
        vocabulary.pieces([7])


# ---- training --------------------------------------------------------------------------------------------


def test_every_learned_token_is_the_most_frequent_pair_of_its_time():
    text = load_play("othello")[:50_000]
    words = Counter(regex.findall(GPT2, text))
    spelled = {word: one_by_one(word) for word in words}
    tokens = train_bpe([text], 256 + 40)._tokens
    assert sorted(tokens[:256]) == [bytes([byte]) for byte in range(256)]
    for learned in tokens[256:]:
        pairs = Counter()
        for word, times in words.items():
            for pair in pairwise(spelled[word]):
                pairs[pair] += times
        best = [pair for pair, times in pairs.items() if times == max(pairs.values())]
        chosen = next((pair for pair in best if b"".join(pair) == learned), None)
        assert chosen is not None, f"{learned} was learned, but the most frequent pair is {best}"
        for word, pieces in spelled.items():
            spelled[word] = join(pieces, lambda a, b, chosen=chosen: 0 if (a, b) == chosen else np.inf)


def test_more_tokens_make_a_shorter_text():
    text = load_play("othello")
    lengths = [len(train_bpe([text], size).encode(text)) for size in (256, 300, 600, 1200)]
    assert lengths[0] == len(text.encode())
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(lengths)


def test_training_twice_gives_the_same_tokens():
    program = (
        "from helpers.data import load_play; from helpers.tokenization import train_bpe\n"
        "print(train_bpe([load_play('othello'), load_play('hamlet')], 2000)._tokens)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 10_000


@pytest.mark.parametrize(
    ("texts", "size", "complaint"),
    [
        (["ab"], 255, "vocab_size is 255; expected 256 or more"),
        (["ab"], 300.0, "vocab_size is 300.0; expected a whole number"),
        (["abab"], 300, "vocab_size is 300; expected 258 or less"),
        ("abab", 300, "texts is one str"),
        (["a", 3], 300, "is a int; expected a str"),
        (["a", "\udc00"], 300, "half of a character"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(texts, size, complaint):
    with pytest.raises(ValueError, match=complaint):
        train_bpe(texts, size)


def test_a_tokenizer_says_what_it_is():
    tokenizer = Tokenizer("two letters", [b"a", b"b"], lambda text: ["ab".index(c) for c in text])
    assert repr(tokenizer) == "<two letters: 2 tokens>"
    with pytest.raises(ValueError, match=r"'c' at position 1, and two letters has no token"):
        tokenizer.encode("acb")


@pytest.mark.parametrize("make", RECORDED)
def test_a_tokenizer_without_its_part_says_how_to_get_it(make, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "DATA", tmp_path)
    with pytest.raises(FileNotFoundError, match="`make data`"):
        make.__wrapped__()

"""Tokenizers: a text as whole numbers, and the bytes that each number stands for.

All have one interface, whoever made them and whatever library runs them, so that a price per token can be
turned into a price per byte, and two models that cut a text differently can be compared:

.. code-block:: python

    b"".join(tokenizer.pieces(tokenizer.encode(text))) == text.encode()      # for every text it can hold

A text is only ever text: ``"<|endoftext|>"`` in it is encoded as the signs that one sees. The tokens that
mark a beginning or an end are no text and have no bytes; their ids are ``tokenizer.bos`` and those in
``tokenizer.special``.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

import numpy as np
import sentencepiece
import tiktoken
import tokenizers
from tokenizers import models, pre_tokenizers, trainers

from helpers import parts
from helpers.validation import token_ids, whole_number

SPACE = "▁"  # what SentencePiece writes for a space, U+2581
BYTES = 256
CONTROL = 3  # in the token_type of a GGUF file: a token that marks something


class Tokenizer:
    """Whole numbers 0 … V − 1 for the pieces of a text.

    Args:
        name: what it is called in a message.
        tokens: the bytes that each token stands for, V of them; ``b""`` for one that stands for no text.
        encode: the ids of a text, without any that mark a beginning or an end.
        special: names of the tokens that mark something, and their ids.
        bos: the id that a model of this tokenizer sees before a document; None if there is none.
        adds_space: whether `encode` puts a space before the text. The first piece is then without it.
    """

    def __init__(
        self,
        name: str,
        tokens: Sequence[bytes],
        encode: Callable[[str], Iterable[int]],
        *,
        special: Mapping[str, int] | None = None,
        bos: int | None = None,
        adds_space: bool = False,
    ):
        self.name = name
        self.special = dict(special or {})
        self.bos = bos
        self._tokens = tuple(tokens)
        self._bytes = {token[0] for token in self._tokens if len(token) == 1}
        self._encode = encode
        self._adds_space = adds_space

    def __len__(self) -> int:
        return len(self._tokens)

    def __repr__(self) -> str:
        return f"<{self.name}: {len(self):,} tokens>"

    def encode(self, text: str) -> np.ndarray:
        """Ids of the pieces of `text`, shape (T,), int64; none is added before or behind.

        Raises:
            ValueError: `text` holds something that these tokens cannot give back; the message names it.
        """
        if missing := set(_utf8(text)) - self._bytes:  # the libraries would drop them, and say nothing
            at = next(at for at, character in enumerate(text) if missing & set(character.encode()))
            raise ValueError(
                f"the text has {text[at]!r} at position {at}, and {self.name} has no token for it, nor for "
                "all of its bytes; expected a text without it"
            )
        return np.fromiter(self._encode(text), dtype=np.int64)

    def pieces(self, ids) -> list[bytes]:
        """The bytes that each token stands for. A token may end inside a character: join first, then decode.

        The bytes of a token do not depend on its neighbours, with one exception: SentencePiece puts a space
        before a text, which belongs to the first token and is not in the text. Here it is taken away again,
        so the first piece of `ids` may be one space shorter than it would be elsewhere, or empty.

        Raises:
            ValueError: an id is not one of 0 … V − 1.
        """
        pieces = [self._tokens[i] for i in token_ids("ids", ids, len(self)).tolist()]
        if self._adds_space:
            first = next((at for at, piece in enumerate(pieces) if piece), None)
            if first is not None:
                pieces[first] = pieces[first].removeprefix(b" ")
        return pieces

    def decode(self, ids) -> str:
        """The text with these ids: the inverse of :meth:`encode`.

        Bytes that make no character, as when `ids` begin or end inside one, become U+FFFD, "�".

        Raises:
            ValueError: an id is not one of 0 … V − 1.
        """
        return b"".join(self.pieces(ids)).decode(errors="replace")


def _utf8(text: str) -> bytes:
    """The bytes of a text."""
    if not isinstance(text, str):
        raise ValueError(f"the text is a {type(text).__name__}; expected a str")
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(
            f"the text has {text[error.start]!r} at position {error.start}, half of a character; expected "
            "whole ones, which UTF-8 can write"
        ) from None


# ---- bytes -----------------------------------------------------------------------------------------------


class ByteTokenizer(Tokenizer):
    """A token for each byte of the text in UTF-8: V = 256, and nothing to learn."""

    def __init__(self):
        super().__init__("bytes", [bytes([byte]) for byte in range(BYTES)], str.encode)


# ---- byte pairs ------------------------------------------------------------------------------------------


def train_bpe(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Byte pair encoding learned from `texts`: the same texts give the same tokens.

    It begins with the 256 bytes and joins, again and again, the pair of neighbours that is most frequent,
    until there are `vocab_size` tokens. No pair is joined across the border of a word, as GPT-2 draws it.

    Raises:
        ValueError: `vocab_size` is below 256, or above what the texts have pairs for; `texts` is one text.
    """
    whole_number("vocab_size", vocab_size)
    if vocab_size < BYTES:
        raise ValueError(f"vocab_size is {vocab_size}; expected {BYTES} or more, a token for each byte")
    if isinstance(texts, str):
        raise ValueError("texts is one str; expected several texts: [text]")
    texts = list(texts)
    for text in texts:
        _utf8(text)
    model = tokenizers.Tokenizer(models.BPE())
    model.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=vocab_size, initial_alphabet=alphabet, show_progress=False)
    model.train_from_iterator(texts, trainer)
    if (learned := model.get_vocab_size()) < vocab_size:
        raise ValueError(f"vocab_size is {vocab_size}; expected {learned} or less, all that the texts give")
    names = [model.id_to_token(i) for i in range(vocab_size)]
    return Tokenizer("byte pairs", bytes_of_names(names), lambda text: model.encode(text).ids)


@cache
def smollm2() -> Tokenizer:
    """The tokenizer of SmolLM2, V = 49,152, out of the file of its weights: byte pairs, each digit alone.

    21 bytes have no token: six control characters, and those that begin no character in use or none at all.
    ``bos`` is 0, ``<|endoftext|>``, which separates the documents that the model was trained on.

    Raises:
        FileNotFoundError: the file is not there; the message says how to get it.
    """
    from gguf import GGUFReader  # half a second to import, and nobody else here needs it

    fields = GGUFReader(parts.path("smollm2")).fields
    names, kinds, merges = (
        fields[f"tokenizer.ggml.{key}"].contents() for key in ("tokens", "token_type", "merges")
    )
    ids = {name: i for i, name in enumerate(names)}
    model = tokenizers.Tokenizer(models.BPE(ids, [tuple(merge.split(" ")) for merge in merges]))
    model.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    special = {name: ids[name] for name, kind in zip(names, kinds, strict=True) if kind == CONTROL}
    return Tokenizer(
        "SmolLM2",
        [b"" if name in special else piece for name, piece in zip(names, bytes_of_names(names), strict=True)],
        lambda text: model.encode(text).ids,
        special=special,
        bos=special["<|endoftext|>"],
    )


def bytes_of_names(names: Iterable[str]) -> list[bytes]:
    """The bytes behind names of byte-level tokens, which write every byte as one visible character."""
    byte = {character: i for i, character in enumerate(_visible_bytes())}
    return [bytes(byte[character] for character in name) for name in names]


def _visible_bytes() -> list[str]:
    """GPT-2's character for each byte: itself where Latin-1 shows it, else the next one from U+0100 on."""
    shown = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    hidden = iter(range(BYTES, 2 * BYTES))
    return [chr(byte if byte in shown else next(hidden)) for byte in range(BYTES)]


@cache
def tekken() -> Tokenizer:
    """Mistral AI's Tekken, V = 131,072: byte pairs over many languages, run by tiktoken.

    The first 1,000 ids mark something or are kept for what may come; ``bos`` is 1, ``<s>``.

    Raises:
        FileNotFoundError: the file is not there; the message says how to get it.
    """
    file = json.loads(parts.path("tekken").read_text(encoding="utf-8"))
    config = file["config"]
    reserved = config["default_num_special_tokens"]
    kept = file["vocab"][: config["default_vocab_size"] - reserved]  # the file holds more than the models use
    tokens = [base64.b64decode(token["token_bytes"]) for token in kept]
    ranks = {token: rank for rank, token in enumerate(tokens)}
    model = tiktoken.Encoding("tekken", pat_str=config["pattern"], mergeable_ranks=ranks, special_tokens={})
    return Tokenizer(
        "Tekken",
        [b""] * reserved + tokens,
        lambda text: (reserved + rank for rank in model.encode_ordinary(text)),
        special={"<unk>": 0, "<s>": 1, "</s>": 2},
        bos=1,
    )


# ---- SentencePiece ---------------------------------------------------------------------------------------


@cache
def mistral_32k() -> Tokenizer:
    """The tokenizer of Mistral AI's first model, V = 32,000, run by SentencePiece.

    A character that it has no token for becomes its bytes. It puts a space before every text, so that a word
    is the same token at the start as after a space, and writes spaces as ``"▁"``; a text with that very
    character is refused, because it would come back with a space. ``bos`` is 1, ``<s>``.

    Raises:
        FileNotFoundError: the file is not there; the message says how to get it.
    """
    model = sentencepiece.SentencePieceProcessor(model_file=str(parts.path("mistral-32k")))
    special = {
        model.id_to_piece(i): i for i in range(len(model)) if model.is_control(i) or model.is_unknown(i)
    }

    def encode(text: str) -> list[int]:
        if SPACE in text:
            raise ValueError(
                f"the text has {SPACE!r} at position {text.index(SPACE)}, SentencePiece's own sign for a "
                "space; expected a text without it"
            )
        return model.encode(text)

    def piece(i: int) -> bytes:
        name = model.id_to_piece(i)
        if model.is_byte(i):
            return bytes([int(name[3:5], 16)])  # "<0x0A>"
        return b"" if name in special else name.replace(SPACE, " ").encode()

    tokens = [piece(i) for i in range(len(model))]
    return Tokenizer("Mistral 32k", tokens, encode, special=special, bos=model.bos_id(), adds_space=True)

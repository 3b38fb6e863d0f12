"""The reader: a language model of single characters, trained on the 34 training plays, in one small file.

``reader.bin`` holds a :class:`helpers.models.pytorch.SimpleLanguageModel` of 355,087 parameters. Each weight
is one of 64 numbers, evenly spaced and the same for a whole row: 6 bits, which is one character of base64 on
a page of the book. ``python -m helpers.models.reader`` trains the model by :data:`RECIPE`, says what the
rounding costs, and writes the file.

The file, all numbers little-endian: four letters, version, bits of a weight, V, E, H and the length of the
alphabet; the alphabet, in UTF-8; for the embedding, the LSTM's two matrices and the linear layer one scale
for each row (float32) and then the codes, row by row, four in three bytes, the first in the highest bits; the
biases of the LSTM (the sum of its two) and of the linear layer (float32); the share of each character in the
training text (float32); last, a CRC-32 of all before it.
"""

import struct
import zlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from helpers.data import CharVocabulary, load_splits
from helpers.models.counting import UnigramModel
from helpers.models.pytorch import SimpleLanguageModel
from helpers.training.pytorch import evaluate, train

FILE = Path(__file__).with_name("reader.bin")
MAGIC, VERSION, BITS = b"xelm", 1, 6
HEADER = struct.Struct("<4sBBHHHH")
CENTRE = (2**BITS - 1) / 2  # as many levels above zero as below

EMBEDDING_DIM, HIDDEN_DIM = 64, 256
#: What the training was given, beside the texts: about 70 CPU-seconds. Chosen on the validation plays, where
#: it comes to 1.583 nats a character; 580 steps to 1.649; 2,000 steps with batches of 16, at 6e-3, to 1.606.
RECIPE = {"steps": 1_100, "batch_size": 32, "length": 64, "learning_rate": 1e-2, "seed": 0}

# ---- the trained model -----------------------------------------------------------------------------------


class Reader(NamedTuple):
    """What the file holds: a model, its characters, and how often the training text has each.

    The model reads tokens of the vocabulary, V characters. The frequencies are the probability of each
    character by its count, float32 of shape (V,); see :class:`helpers.models.counting.UnigramModel`.
    """

    model: SimpleLanguageModel
    vocabulary: CharVocabulary
    frequencies: np.ndarray


def load_reader() -> SimpleLanguageModel:
    """The model in ``reader.bin``, ready to evaluate, on the CPU; its vocabulary is :func:`alphabet`.

    It has never seen the validation plays or the held-out ones. A text begins after a line break: there is no
    token that stands for the start.

    Raises:
        ValueError: the file is none of ours, or damaged.
    """
    return read(FILE.read_bytes()).model


@cache
def alphabet() -> CharVocabulary:
    """The 79 characters that :func:`load_reader` knows, as the file numbers them: no play is needed."""
    return read(FILE.read_bytes()).vocabulary


@cache
def character_frequencies() -> np.ndarray:
    """Probability of each of the 79 characters by its count in the training plays, float64 of shape (79,)."""
    return read(FILE.read_bytes()).frequencies.astype(np.float64)


def train_reader(progress: bool = True) -> Reader:
    """The model by :data:`RECIPE`, before it is rounded, and what goes with it: about a minute on one core.

    Raises:
        ImportError: the plays are not installed.
    """
    splits = load_splits()
    vocabulary = CharVocabulary(splits.train_text)
    tokens, watched = vocabulary.encode(splits.train_text), vocabulary.encode(splits.validation_text[:10_000])
    torch.manual_seed(RECIPE["seed"])
    model = SimpleLanguageModel(len(vocabulary), EMBEDDING_DIM, HIDDEN_DIM)
    train(model, tokens, watched, **RECIPE, progress=progress)
    frequencies = UnigramModel.fit(tokens, len(vocabulary)).probabilities.astype(np.float32)
    return Reader(model.cpu().eval(), vocabulary, frequencies)


# ---- rounding --------------------------------------------------------------------------------------------


def quantise(weights) -> tuple[np.ndarray, np.ndarray]:
    """Codes from 0 to 63 for the weights, and a scale for each row, such that a row loses little.

    The scale of a row is the one of 40, from half of what would reach its largest weight up to all of it,
    with the least squared error: the few weights beyond its reach are cut off, and all others lie closer.

    Args:
        weights: a matrix of finite numbers, shape (R, C).

    Returns:
        codes, uint8 of shape (R, C), and scales, float32 of shape (R,), for :func:`dequantise`.

    Raises:
        ValueError: `weights` is no matrix, or holds a number that is not finite.
    """
    weights = np.asarray(weights, dtype=np.float32)
    if weights.ndim != 2 or not np.isfinite(weights).all():
        raise ValueError(f"weights has shape {weights.shape}; expected a matrix of finite numbers, (R, C)")
    largest = np.maximum(np.abs(weights).max(axis=1), 1e-12) / CENTRE
    best, least = largest, np.full(len(weights), np.inf)
    for reach in np.linspace(0.5, 1, 40):
        scales = (reach * largest).astype(np.float32)
        error = ((dequantise(_nearest(weights, scales), scales) - weights) ** 2).sum(axis=1)
        best, least = np.where(error < least, scales, best), np.minimum(error, least)
    best = best.astype(np.float32)
    return _nearest(weights, best), best


def dequantise(codes, scales) -> np.ndarray:
    """The weights that the codes stand for, float32 of shape (R, C): scale · (code − 31.5)."""
    return np.asarray(scales, np.float32)[:, None] * (np.asarray(codes, np.float32) - np.float32(CENTRE))


def _nearest(weights, scales) -> np.ndarray:
    codes = np.rint(weights / scales[:, None] + CENTRE)
    return codes.clip(0, 2**BITS - 1).astype(np.uint8)


# ---- the file --------------------------------------------------------------------------------------------


def write(reader: Reader) -> bytes:
    """The reader, its model rounded, as the bytes of a file; :func:`read` gives it back.

    Raises:
        ValueError: there are not as many characters or frequencies as the model has tokens, or a matrix
            cannot be cut into groups of four.
    """
    model, vocabulary, frequencies = reader
    if len(frequencies) != model.vocab_size:
        raise ValueError(f"there are {len(frequencies)} frequencies; expected {model.vocab_size}")
    if len(vocabulary) != model.vocab_size:
        raise ValueError(f"the vocabulary has {len(vocabulary)} characters; expected {model.vocab_size}")
    letters = "".join(vocabulary.characters).encode()
    sizes = model.vocab_size, model.embedding.embedding_dim, model.lstm.hidden_size
    parts = [HEADER.pack(MAGIC, VERSION, BITS, *sizes, len(letters)), letters]
    state = {name: values.detach().cpu().numpy() for name, values in model.state_dict().items()}
    for name, _ in _matrices(*sizes):
        codes, scales = quantise(state[name])
        parts += [scales.astype("<f4").tobytes(), _pack(codes)]
    vectors = state["lstm.bias_ih_l0"] + state["lstm.bias_hh_l0"], state["fc.bias"], frequencies
    content = b"".join(parts) + b"".join(vector.astype("<f4").tobytes() for vector in vectors)
    return content + struct.pack("<I", zlib.crc32(content))


def read(content: bytes) -> Reader:
    """The reader that :func:`write` made these bytes of.

    Raises:
        ValueError: the bytes are no such file, of another version, cut short, or changed.
    """
    sizes, letters = _header(content)
    vocab_size, _, hidden_dim = sizes
    state, place = {}, HEADER.size + len(letters)

    def take(dtype: str, count: int) -> np.ndarray:
        nonlocal place
        values = np.frombuffer(content, dtype, count, place)
        place += values.nbytes
        return values

    for name, (rows, columns) in _matrices(*sizes):
        scales = take("<f4", rows)
        codes = _unpack(take("u1", rows * columns * BITS // 8)).reshape(rows, columns)
        state[name] = dequantise(codes, scales)
    state["lstm.bias_ih_l0"] = take("<f4", 4 * hidden_dim)
    state["lstm.bias_hh_l0"] = np.zeros(4 * hidden_dim, np.float32)
    state["fc.bias"] = take("<f4", vocab_size)
    model = SimpleLanguageModel(*sizes)
    model.load_state_dict({name: torch.tensor(values) for name, values in state.items()})
    return Reader(model.eval(), CharVocabulary(letters.decode()), take("<f4", vocab_size))


def _header(content: bytes) -> tuple[tuple[int, int, int], bytes]:
    """V, E and H, and the alphabet's bytes, of a file that is whole."""
    if content[: len(MAGIC)] != MAGIC or len(content) < HEADER.size:
        raise ValueError(f"the file begins with {content[:4]!r}; expected a reader, which begins {MAGIC!r}")
    _, version, bits, *sizes, length = HEADER.unpack_from(content)
    if (version, bits) != (VERSION, BITS):
        raise ValueError(f"the file is of version {version} with {bits} bits; expected {VERSION} with {BITS}")
    vocab_size, _, hidden_dim = sizes
    matrices = sum(4 * rows + rows * columns * bits // 8 for _, (rows, columns) in _matrices(*sizes))
    expected = HEADER.size + length + matrices + 4 * (4 * hidden_dim + 2 * vocab_size) + 4
    if len(content) != expected:
        raise ValueError(f"the file has {len(content)} bytes; expected {expected}: it was cut or added to")
    (checksum,) = struct.unpack_from("<I", content, expected - 4)
    if checksum != zlib.crc32(content[:-4]):
        raise ValueError(f"the file's checksum is {zlib.crc32(content[:-4]):08x}; expected {checksum:08x}")
    return tuple(sizes), content[HEADER.size : HEADER.size + length]


def _matrices(vocab_size: int, embedding_dim: int, hidden_dim: int) -> list[tuple[str, tuple[int, int]]]:
    """Names and shapes of the rounded parts, in the file's order."""
    return [
        ("embedding.weight", (vocab_size, embedding_dim)),
        ("lstm.weight_ih_l0", (4 * hidden_dim, embedding_dim)),
        ("lstm.weight_hh_l0", (4 * hidden_dim, hidden_dim)),
        ("fc.weight", (vocab_size, hidden_dim)),
    ]


def _pack(codes: np.ndarray) -> bytes:
    """Four 6-bit codes in three bytes."""
    if codes.size % 4:
        raise ValueError(f"a matrix has {codes.size} weights; expected a multiple of 4")
    a, b, c, d = codes.reshape(-1, 4).T
    return np.stack([a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d], axis=1).astype(np.uint8).tobytes()


def _unpack(packed: np.ndarray) -> np.ndarray:
    """The codes that :func:`_pack` packed, uint8."""
    a, b, c = packed.reshape(-1, 3).T
    return np.stack([a >> 2, (a << 4 | b >> 4) & 63, (b << 2 | c >> 6) & 63, c & 63], axis=1).ravel()


def main() -> None:
    """Train, say what rounding costs on plays never trained on, and write the file."""
    reader, splits = train_reader(), load_splits()
    content = write(reader)
    rounded = read(content)
    for name, text in {"validation": splits.validation_text, "held out": splits.held_out_text}.items():
        tokens = reader.vocabulary.encode(text)
        before, after = (evaluate(each.model, tokens).mean for each in (reader, rounded))
        print(f"{name}: {before:.4f} nats a character as trained, {after:.4f} with {BITS} bits a weight")
    FILE.write_bytes(content)
    print(f"{FILE.name}: {len(content):,} bytes")


if __name__ == "__main__":
    main()

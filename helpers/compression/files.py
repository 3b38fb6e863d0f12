r"""A text as a file as long as its cross-entropy: coded with a model, and read back with the same one.

The coder is a range coder (``constriction``, Bamler 2022): arithmetic coding that keeps 64 bits of the
interval. It takes the model's forecast of the next token, and the token; the decoder takes the same forecast,
and finds the token. So both must compute the same numbers, to the last bit: the same model, on the same kind
of machine, as many texts side by side. What a file can say about it stands in its header: the model's
fingerprint, which holds its first few forecasts, and checksums of the bits and of the text.

NB: nothing here makes a network compute the same on two kinds of machine. Where files travel, the network
itself computes in whole numbers (Ballé, Johnston and Minnen 2019).
"""

import struct
import zlib
from collections.abc import Iterator

import constriction
import numpy as np

from helpers.compression.forecasts import Forecasts
from helpers.validation import distribution, token_ids, whole_number

PRECISION = 24  # bits of a coded probability: as many as the range coder works with

# Who wrote it, streams, precision, tokens, fingerprint, checksum of the tokens, checksum of all the rest.
HEADER = struct.Struct("<2sHBIIII")
MAGIC = b"XE"
PROBE = 32  # tokens that the fingerprint reads


def whole_counts(q, precision: int = PRECISION) -> np.ndarray:
    """Probabilities as whole numbers, 1 or more, that sum to 2^precision: what the coder works with.

    Every symbol gets 1, so that each can be coded, and its share of the rest, rounded down; what rounding
    leaves over goes to the likeliest.

    Args:
        q: distributions, shape (..., V).
        precision: bits, at most 24; V must fit into 2^precision.

    Raises:
        ValueError: `q` is no distribution, or the precision does not go with its V.
    """
    q = distribution("q", q)
    _check_precision(precision, q.shape[-1])
    counts = 1 + np.floor(q / q.sum(axis=-1, keepdims=True) * (2**precision - q.shape[-1])).astype(np.int64)
    left_over = 2**precision - counts.sum(axis=-1, keepdims=True)
    likeliest = q.argmax(axis=-1, keepdims=True)
    np.put_along_axis(counts, likeliest, np.take_along_axis(counts, likeliest, -1) + left_over, -1)
    return counts


def surprisals(model: Forecasts, tokens, *, streams: int = 1) -> np.ndarray:
    """What each token costs by the model's own forecasts, in nats, shape (T,): what a file aims at."""
    columns = _Columns(token_ids("tokens", tokens, model.vocab_size), streams)
    prices, q = [], model.begin(streams)
    for column, going in columns:
        with np.errstate(divide="ignore"):  # an infinite price is the right answer
            prices.append(0.0 - np.log(q[np.arange(going), column[:going]]))
        q = model.read(column)
    return columns.in_order(prices)


def compress(model: Forecasts, tokens, *, streams: int = 1, precision: int = PRECISION) -> bytes:
    """The tokens as a file: a header of 21 bytes, then −Σ log₂ q of them in bits, and at most 64 bits more.

    Here q are the rounded probabilities of :func:`whole_counts`. By the model's own ones the file can be a
    little longer or shorter: what the model holds nearly impossible costs `precision` bits at most.

    Args:
        model: forecasts the next token from those before it; see :mod:`helpers.compression.forecasts`.
        tokens: integers below V, shape (T,); T may be 0.
        streams: B, the parts that the text is cut into, which the model reads side by side. It is faster with
            more, and each of them begins without context.
        precision: bits of the whole numbers that stand for the model's probabilities.

    Raises:
        ValueError: a token is out of range, or the streams or the precision are.
    """
    tokens = token_ids("tokens", tokens, model.vocab_size)
    _check_streams(streams)
    _check_precision(precision, model.vocab_size)
    fingerprint = _fingerprint(model, streams, precision)
    coder = constriction.stream.queue.RangeEncoder()
    q = model.begin(streams)
    for column, going in _Columns(tokens, streams):
        if model.vocab_size > 1:  # of one symbol there is nothing to say
            coder.encode(column[:going].astype(np.int32), *_coded(q[:going], precision))
        q = model.read(column)
    payload = coder.get_compressed().astype("<u4").tobytes()
    fields = (MAGIC, streams, precision, tokens.size, fingerprint, _checksum(tokens))
    return HEADER.pack(*fields, zlib.crc32(repr(fields).encode() + payload)) + payload


def decompress(model: Forecasts, data: bytes) -> np.ndarray:
    """The tokens of a file, shape (T,), int64: the inverse of :func:`compress`, with the same model.

    Raises:
        ValueError: the data is no such file, or damaged; the model is another one than it was written with,
            or computes other probabilities here.
    """
    if len(data) < HEADER.size or data[: len(MAGIC)] != MAGIC:
        raise ValueError(f"data is {len(data)} bytes and no file of compress(); expected its header")
    *fields, checksum = HEADER.unpack_from(data)
    payload = data[HEADER.size :]
    if zlib.crc32(repr(tuple(fields)).encode() + payload) != checksum:
        raise ValueError(f"data is damaged or cut off after {len(data)} bytes: its checksum is another")
    _, streams, precision, n, fingerprint, text_checksum = fields
    _check_precision(precision, model.vocab_size)
    if _fingerprint(model, streams, precision) != fingerprint:
        raise ValueError(
            "the file was written with another model than this one, or where this one computes other "
            "probabilities: its fingerprint is another"
        )
    decoder = constriction.stream.queue.RangeDecoder(np.frombuffer(payload, "<u4").astype(np.uint32))
    columns = _Columns(np.zeros(n, dtype=np.int64), streams)
    found, q = [], model.begin(streams)
    for column, going in columns:
        if model.vocab_size > 1:
            column[:going] = _decoded(decoder, q[:going], precision)
        found.append(column[:going].copy())
        q = model.read(column)
    tokens = columns.in_order(found)
    if _checksum(tokens) != text_checksum:
        raise ValueError(_DRIFTED)
    return tokens


def break_even(weights: float, rival: float, model: float) -> float:
    r"""Length of text, in bytes, from which on a model is worth its weights: 8 · weights / (rival − model).

    Implements :eq:`eq-break-even`.

    Args:
        weights: size of the model, in bytes.
        rival: bits per byte of text that the compressor without weights needs.
        model: bits per byte of text that the model needs.

    Returns:
        bytes of text; +inf if the model needs as many bits as the rival, or more.

    Raises:
        ValueError: a size or rate is negative or no number.
    """
    for name, value in (("weights", weights), ("rival", rival), ("model", model)):
        if not value >= 0:
            raise ValueError(f"{name} is {value}; expected a number, 0 or more")
    return 8 * weights / (rival - model) if model < rival else float("inf")


_DRIFTED = (
    "the text that comes out is not the one that went in: somewhere in it the model computes other "
    "probabilities here than where the file was written"
)


class _Columns:
    """A text cut into `streams` parts, the first ones a token longer: one token of each at a time.

    Iterating gives (tokens of all parts, shape (B,), how many of the parts are still going).
    """

    def __init__(self, tokens: np.ndarray, streams: int):
        _check_streams(streams)
        self._sizes = np.full(streams, len(tokens) // streams) + (np.arange(streams) < len(tokens) % streams)
        self._rows = np.zeros((streams, self._sizes.max()), dtype=np.int64)
        self._filled = np.arange(self._rows.shape[1]) < self._sizes[:, None]  # (B, T / B)
        self._rows[self._filled] = tokens

    def __iter__(self) -> Iterator[tuple[np.ndarray, int]]:
        yield from zip(self._rows.T.copy(), self._filled.sum(axis=0).tolist(), strict=True)

    def in_order(self, columns: list[np.ndarray]) -> np.ndarray:
        """What was found for each column, put back into the order of the text; shape (T,)."""
        if not columns:
            return np.zeros(0, dtype=np.int64)
        rows = np.zeros(self._rows.shape, dtype=columns[0].dtype)
        rows.T[self._filled.T] = np.concatenate(columns)
        return rows[self._filled]


def _coded(q: np.ndarray, precision: int):
    """What the range coder wants: a family of models, and a row of probabilities for each symbol."""
    family = constriction.stream.model.Categorical(perfect=False)
    return family, whole_counts(q, precision) / 2**precision  # exact in float64


def _decoded(decoder, q: np.ndarray, precision: int) -> np.ndarray:
    try:
        return decoder.decode(*_coded(q, precision))
    except AssertionError:  # bits that no text has with these probabilities
        raise ValueError(_DRIFTED) from None


def _fingerprint(model: Forecasts, streams: int, precision: int) -> int:
    """32 bits of what the model forecasts for some tokens, drawn once and for all."""
    rng = np.random.default_rng(0)
    checksum, q = 0, model.begin(streams)
    for _ in range(PROBE):
        checksum = zlib.crc32(whole_counts(q, precision).astype("<i4").tobytes(), checksum)
        q = model.read(rng.integers(model.vocab_size, size=streams))
    return checksum


def _checksum(tokens: np.ndarray) -> int:
    return zlib.crc32(tokens.astype("<i8").tobytes())


def _check_streams(streams: int) -> None:
    whole_number("streams", streams)
    if streams >= 2**16:
        raise ValueError(f"streams is {streams}; expected less than {2**16}")


def _check_precision(precision: int, vocab_size: int) -> None:
    whole_number("precision", precision)
    if precision > PRECISION or vocab_size > 2 ** (precision - 1):
        raise ValueError(
            f"precision is {precision} bits for {vocab_size} symbols; expected at most {PRECISION}, and "
            "room for each symbol in half of them"
        )

"""Codes, arithmetic coding, and files: held to each other, to brute force, and to the cross-entropy."""

import itertools
import math
import struct
import zlib
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.compression import arithmetic, codes, files
from helpers.compression.files import break_even, compress, decompress, surprisals, whole_counts
from helpers.compression.forecasts import Adaptive, Counting
from helpers.compression.network import Network
from helpers.information import entropy, kl_divergence, nats_to_bits
from helpers.models.counting import BigramModel, TrigramModel, UnigramModel
from helpers.models.pytorch import SimpleLanguageModel

HEADER = files.HEADER.size

# Distributions with ties, as whole weights give them; without zeros.
odds = st.lists(st.integers(1, 40), min_size=1, max_size=9).map(
    lambda weights: np.array(weights) / sum(weights)
)
texts = st.lists(st.integers(0, 4), max_size=60)


def lengths_of(words):
    return np.array([len(word) for word in words])


@pytest.fixture(scope="module")
def models():
    """{name: something that forecasts}, over five tokens."""
    rng = np.random.default_rng(3)
    training = rng.integers(5, size=400)
    torch.manual_seed(0)
    return {
        "unigram": Counting(UnigramModel.fit(training, 5)),
        "bigram": Counting(BigramModel.fit(training, 5, concentration=2)),
        "trigram": Counting(TrigramModel.fit(training, 5, concentration=2)),
        "adaptive": Adaptive(5, order=2, concentration=2),
        "network": Network(SimpleLanguageModel(5, 4, 8), first=0),
    }


NAMES = ["unigram", "bigram", "trigram", "adaptive", "network"]


# ---------------------------------------------------------------------------------- codes of whole bits


@given(odds)
def test_shannons_lengths_are_the_least_whole_numbers_that_are_long_enough(p):
    lengths = codes.shannon_lengths(p)
    exponents = np.frexp(p)[1]  # p = m · 2^e with m from 1/2 up to 1, so that ⌈−log₂ p⌉ is 1 − e
    np.testing.assert_array_equal(lengths, 1 - exponents)
    assert codes.kraft_sum(lengths) <= 1
    assert lengths.dtype == np.int64


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_kraft_a_code_exists_exactly_if_the_sum_is_at_most_one(lengths):
    """id-kraft."""
    total = sum(Fraction(1, 2**length) for length in lengths)
    assert codes.kraft_sum(lengths) == pytest.approx(float(total))
    if total > 1:
        with pytest.raises(ValueError, match=r"Kraft's sum of the lengths is .*; expected at most 1"):
            codes.words_of_lengths(lengths)
    else:
        words = codes.words_of_lengths(lengths)
        assert lengths_of(words).tolist() == lengths
        assert not any(
            a != b and words[b].startswith(words[a]) for a in range(len(words)) for b in range(len(words))
        )


@given(odds)
def test_id_source_coding_the_length_is_entropy_and_divergence_and_what_is_left_of_kraft(p):
    """id-source-coding."""
    lengths = codes.shannon_lengths(p)
    total = codes.kraft_sum(lengths)
    excess = nats_to_bits(kl_divergence(p, 2.0**-lengths / total)) - np.log2(total)
    mean = codes.expected_length(p, lengths)
    assert mean == pytest.approx(nats_to_bits(entropy(p)) + excess)
    assert -1e-9 <= mean - nats_to_bits(entropy(p)) < 1


@settings(deadline=None)
@given(st.lists(st.integers(0, 20), min_size=2, max_size=5).filter(any))
def test_no_prefix_code_is_shorter_than_huffmans(weights):
    p = np.array(weights) / sum(weights)
    possible = (
        lengths
        for lengths in itertools.product(range(1, len(p)), repeat=len(p))
        if sum(Fraction(1, 2**length) for length in lengths) <= 1
    )
    best = min(float(p @ lengths) for lengths in possible)
    words = codes.huffman(p)
    assert codes.is_prefix_code(words)
    assert codes.expected_length(p, lengths_of(words)) == pytest.approx(best)
    assert codes.kraft_sum(lengths_of(words)) == 1  # all is used up


@given(odds)
def test_huffman_lies_between_the_entropy_and_shannons_code(p):
    mean = codes.expected_length(p, lengths_of(codes.huffman(p)))
    assert nats_to_bits(entropy(p)) - 1e-9 <= mean
    assert mean <= codes.expected_length(p, codes.shannon_lengths(p)) + 1e-9


def test_ties_are_settled_by_the_order_of_the_symbols():
    assert codes.huffman(np.full(4, 0.25)) == ["00", "01", "10", "11"]
    assert codes.huffman([0.5, 0.25, 0.25]) == ["0", "10", "11"]


@given(odds, st.data())
def test_a_text_of_words_is_read_back(p, data):
    symbols = data.draw(st.lists(st.integers(0, len(p) - 1), max_size=30))
    words = codes.huffman(p)
    bits = codes.encode(symbols, words)
    assert len(bits) == sum(len(words[symbol]) for symbol in symbols)
    assert codes.decode(bits, words, len(symbols)).tolist() == symbols


def test_an_alphabet_of_one_symbol_needs_no_bits():
    assert codes.huffman([1.0]) == [""]
    assert codes.shannon_lengths([1.0]).tolist() == [0]
    assert codes.decode(codes.encode([0, 0], [""]), [""], 2).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (
            lambda: codes.shannon_lengths([0.5, 0.5, 0.0]),
            "p is 0 at position 2; expected probabilities above 0",
        ),
        (lambda: codes.shannon_lengths([0.5, 0.6]), "p sums to 1.1"),
        (lambda: codes.huffman([[0.5, 0.5]]), r"p has shape \(1, 2\); expected one distribution"),
        (lambda: codes.kraft_sum([1, -1]), "expected whole numbers of bits"),
        (lambda: codes.kraft_sum([0.5]), "expected whole numbers of bits"),
        (lambda: codes.expected_length([0.5, 0.5], [1]), r"lengths has shape \(1,\); expected \(2,\)"),
        (lambda: codes.encode([0], ["0", "01"]), "expected a prefix code"),
        (lambda: codes.encode([0], []), "expected a prefix code"),
        (lambda: codes.encode([2], ["0", "1"]), "symbols holds 2 at position"),
        (lambda: codes.decode("01", ["00", "01", "1"], 2), "no word begins at bit 2 of 2; expected 1 more"),
        (lambda: codes.decode("0", ["00", "1"], 1), "no word begins at bit 0 of 1"),
        (lambda: codes.decode("011", ["0", "1"], 2), "1 bits are left after 2 words"),
    ],
)
def test_what_is_no_code_and_no_text_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


# ---------------------------------------------------------------------------------- exact arithmetic coding


@given(odds, st.data())
def test_a_message_is_an_interval_as_wide_as_it_is_likely(p, data):
    weights = [Fraction(float(value)).limit_denominator(10_000) for value in p]
    message = data.draw(st.lists(st.integers(0, len(p) - 1), max_size=12))
    low, width = arithmetic.interval(message, weights)
    assert width == math.prod(weights[symbol] for symbol in message)
    assert low >= 0
    assert low + width <= 1
    bits = arithmetic.bits_of(low, width)
    number = Fraction(int(bits or "0", 2), 2 ** len(bits))
    assert number >= low
    assert number + Fraction(1, 2 ** len(bits)) <= low + width
    assert arithmetic.message_of(bits, weights, len(message)) == message
    assert arithmetic.message_of(bits + "1011", weights, len(message)) == message  # whatever follows


@given(st.integers(0, 999), st.integers(1, 1000))
def test_id_two_bits_a_message_costs_less_than_two_bits_more_than_its_surprisal(low, width):
    """id-two-bits."""
    low, width = Fraction(low, 1000), min(Fraction(width, 1000), 1 - Fraction(low, 1000))
    bits, exact = len(arithmetic.bits_of(low, width)), -math.log2(width)
    assert exact - 1e-9 <= bits < exact + 2
    starts = [Fraction(k, 2 ** (bits - 1)) for k in range(2 ** (bits - 1))] if bits else []
    assert not any(low <= at and at + Fraction(1, 2 ** (bits - 1)) <= low + width for at in starts), (
        "not the fewest"
    )


def test_the_intervals_of_all_messages_of_one_length_lie_side_by_side():
    p, end = ("0.6", "0.3", "0.1"), Fraction(0)
    for message in itertools.product(range(3), repeat=3):
        low, width = arithmetic.interval(message, p)
        assert low == end
        end = low + width
    assert end == 1


def test_numbers_are_read_as_they_are_printed():
    assert arithmetic.interval([0], [0.7, 0.2, 0.1]) == (0, Fraction(7, 10))
    assert arithmetic.interval([1], np.array([0.7, 0.2, 0.1])) == (Fraction(7, 10), Fraction(1, 5))


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: arithmetic.interval([2], [0.5, 0.5]), "message holds 2 at position 0"),
        (lambda: arithmetic.interval([0, 1], ["1", "0"]), "message holds 1 at position 1; .* above 0"),
        (lambda: arithmetic.interval([0], [0.5, 0.4]), "p sums to 9/10"),
        (lambda: arithmetic.interval([0], []), "p sums to 0"),
        (lambda: arithmetic.interval([0], [1.5, -0.5]), "expected probabilities that sum to exactly 1"),
        (lambda: arithmetic.bits_of(Fraction(1, 2), Fraction(0)), "expected an interval"),
        (lambda: arithmetic.bits_of(Fraction(1, 2), Fraction(3, 4)), "expected an interval"),
    ],
)
def test_what_is_no_interval_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


# ---------------------------------------------------------------------------------- forecasts


@pytest.mark.parametrize("name", ["unigram", "bigram", "trigram"])
def test_a_model_that_counted_forecasts_what_it_prices(models, name):
    tokens = np.random.default_rng(0).integers(5, size=50)
    model = BigramModel if name == "bigram" else TrigramModel if name == "trigram" else UnigramModel
    options = {} if name == "unigram" else {"concentration": 2}
    fitted = model.fit(np.random.default_rng(3).integers(5, size=400), 5, **options)
    np.testing.assert_allclose(surprisals(models[name], tokens), -fitted.log_probs(tokens))


def test_a_network_forecasts_what_it_gives_for_the_whole_text(models):
    torch.manual_seed(0)
    network = SimpleLanguageModel(5, 4, 8)
    tokens = np.random.default_rng(0).integers(5, size=40)
    with torch.inference_mode():
        logits = network(torch.from_numpy(np.concatenate([[0], tokens[:-1]]))[None])
        expected = torch.nn.functional.cross_entropy(logits[0], torch.from_numpy(tokens), reduction="none")
    np.testing.assert_allclose(surprisals(models["network"], tokens), expected.numpy(), rtol=1e-5)


def test_an_adaptive_bigram_is_one_that_was_fitted_to_what_came_before():
    tokens = np.random.default_rng(1).integers(4, size=60)
    prices = surprisals(Adaptive(4, order=1, concentration=3), tokens)
    for t in range(len(tokens)):
        # κ / V imaginary counts of each token are κ q with the uniform q.
        fitted = BigramModel.fit(tokens[:t], 4, concentration=3, pseudo_count=3 / 4)
        assert prices[t] == pytest.approx(-fitted.log_probs(tokens[t : t + 1], tokens[:t])[0])


def test_laplaces_rule_prices_a_text_without_regard_to_its_order():
    tokens = np.random.default_rng(2).integers(3, size=40)
    model, counts = Adaptive(3, order=0, concentration=3), np.bincount(tokens, minlength=3)
    # With one imaginary count each, the text has the probability of a Dirichlet prior that is flat.
    log_gamma = (
        sum(math.lgamma(count + 1) for count in counts) + math.lgamma(3) - math.lgamma(len(tokens) + 3)
    )
    assert surprisals(model, tokens).sum() == pytest.approx(-log_gamma)
    assert surprisals(model, np.sort(tokens)).sum() == pytest.approx(-log_gamma)


def test_streams_side_by_side_share_what_they_learn_and_keep_their_contexts():
    tokens = np.array([0, 1, 0, 1, 0, 1, 0, 1])
    model = Adaptive(2, order=1)
    q = model.begin(2)
    np.testing.assert_array_equal(q, np.full((2, 2), 0.5))
    for column in tokens.reshape(2, 4).T:
        q = model.read(column)
    assert model._counts[(0,)].tolist() == [0, 4, 4]  # nothing follows from the last of a part to the next


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: Counting("bigram"), "model is a str; expected a model of helpers.models.counting"),
        (lambda: Adaptive(0, 1), "vocab_size is 0"),
        (lambda: Adaptive(5, -1), r"order is -1; expected a whole number, 0 or more"),
        (lambda: Adaptive(5, 1.5), "order is 1.5"),
        (lambda: Adaptive(5, 1, 0.0), "concentration is 0.0; expected a number above 0"),
        (lambda: Network(SimpleLanguageModel(5, 4, 8), first=5), "first holds 5"),
    ],
)
def test_what_cannot_forecast_is_named(call, complaint):
    with pytest.raises(ValueError, match=complaint):
        call()


# ---------------------------------------------------------------------------------- whole numbers


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30).filter(lambda w: sum(w) > 0), st.integers(6, 24))
def test_every_symbol_gets_a_part_and_all_parts_are_used(weights, precision):
    q = np.array(weights) / np.sum(weights)
    counts = whole_counts(q, precision)
    assert counts.min() >= 1
    assert counts.sum() == 2**precision
    rest = np.delete(counts, q.argmax()), np.delete(q, q.argmax())
    assert np.all(np.abs(rest[0] - rest[1] * 2**precision) <= 1 + len(q) * rest[1])


def test_rows_are_rounded_one_by_one():
    q = np.array([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0]])
    np.testing.assert_array_equal(whole_counts(q, 4), [[8, 7, 1], [14, 1, 1]])


@pytest.mark.parametrize(
    ("q", "precision", "complaint"),
    [
        ([0.5, 0.5], 25, "precision is 25 bits for 2 symbols"),
        (np.full(9, 1 / 9), 4, "precision is 4 bits for 9 symbols"),
        ([0.5, np.nan], 16, "q holds nan"),
        ([0.5, 0.4], 16, "q sums to 0.9"),
    ],
)
def test_what_cannot_be_rounded_is_named(q, precision, complaint):
    with pytest.raises(ValueError, match=complaint):
        whole_counts(q, precision)


# ---------------------------------------------------------------------------------- files


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=30)
@given(tokens=texts, streams=st.integers(1, 7), precision=st.sampled_from([8, 16, 24]))
def test_what_is_packed_is_unpacked(models, name, tokens, streams, precision):
    data = compress(models[name], tokens, streams=streams, precision=precision)
    assert decompress(models[name], data).tolist() == tokens
    assert compress(models[name], tokens, streams=streams, precision=precision) == data


@pytest.mark.parametrize("name", NAMES)
@settings(deadline=None, max_examples=30)
@given(tokens=texts)
def test_id_file_size_a_file_has_the_bits_of_its_surprisal_and_an_end(models, name, tokens):
    """id-file-size."""
    bits = 8 * (len(compress(models[name], tokens)) - HEADER)
    price = nats_to_bits(surprisals(models[name], tokens).sum())
    assert price - 1 <= bits <= price + 65


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_long_text_is_within_a_thousandth_of_its_cross_entropy(models, name, seed):
    tokens = np.random.default_rng(seed).choice(5, size=40_000, p=[0.5, 0.2, 0.15, 0.1, 0.05])
    data = compress(models[name], tokens, streams=400)
    price = nats_to_bits(surprisals(models[name], tokens, streams=400).sum())
    assert 8 * (len(data) - HEADER) == pytest.approx(price, rel=1e-3)
    np.testing.assert_array_equal(decompress(models[name], data), tokens)


def test_a_held_out_play_is_within_a_thousandth_of_its_cross_entropy():
    from helpers.data import load_play
    from helpers.models import reader

    vocabulary = reader.alphabet()
    tokens = vocabulary.encode(load_play("macbeth")[:32_000])
    model = Network(reader.load_reader(), first=int(vocabulary.encode("\n")[0]))
    data = compress(model, tokens, streams=200)
    price = nats_to_bits(surprisals(model, tokens, streams=200).sum())
    assert 8 * (len(data) - HEADER) == pytest.approx(price, rel=1e-3)
    np.testing.assert_array_equal(decompress(model, data), tokens)


@given(st.lists(st.integers(0, 2), min_size=1, max_size=200))
@settings(deadline=None)
def test_the_range_coder_needs_what_exact_fractions_need(message):
    p = ["0.5", "0.25", "0.25"]  # whole numbers of 2^−24, so that nothing is rounded
    model = UnigramModel.fit([], 3)
    model.probabilities = np.array(p, dtype=float)
    exact = len(arithmetic.bits_of(*arithmetic.interval(message, p)))
    coded = 8 * (len(compress(Counting(model), message)) - HEADER)
    assert exact - 2 <= coded <= exact + 64


def test_an_empty_text_is_a_header(models):
    data = compress(models["bigram"], [])
    assert len(data) == HEADER
    assert decompress(models["bigram"], data).tolist() == []


def test_of_one_symbol_there_is_nothing_to_say():
    model = Counting(UnigramModel.fit([0, 0], 1))
    data = compress(model, [0] * 1_000)
    assert len(data) == HEADER
    assert decompress(model, data).tolist() == [0] * 1_000


def test_what_the_model_holds_impossible_can_still_be_packed():
    model = UnigramModel.fit([], 3)
    model.probabilities = np.array([1.0, 0.0, 0.0])
    tokens = [0, 0, 2, 0, 1]
    assert np.isinf(surprisals(Counting(model), tokens).sum())
    assert decompress(Counting(model), compress(Counting(model), tokens)).tolist() == tokens


def test_parts_side_by_side_are_put_back_in_order(models):
    tokens = np.arange(23) % 5
    np.testing.assert_allclose(
        surprisals(models["unigram"], tokens, streams=4), surprisals(models["unigram"], tokens)
    )
    # 23 = 6 + 6 + 6 + 5: only the first token of each part has lost its context.
    one, four = surprisals(models["bigram"], tokens), surprisals(models["bigram"], tokens, streams=4)
    assert np.flatnonzero(~np.isclose(one, four)).tolist() == [6, 12, 18]


@pytest.mark.parametrize("name", NAMES)
def test_another_model_is_refused(models, name):
    data = compress(models[name], [0, 1, 2, 3, 4] * 5, streams=2)
    for other in set(NAMES) - {name}:
        with pytest.raises(ValueError, match="written with another model"):
            decompress(models[other], data)
    torch.manual_seed(1)
    with pytest.raises(ValueError, match="written with another model"):
        decompress(Network(SimpleLanguageModel(5, 4, 8), first=0), data)
    with pytest.raises(ValueError, match="written with another model"):
        decompress(Adaptive(5, order=2, concentration=2.5), data)


def test_every_bit_that_is_wrong_and_every_byte_that_is_missing_is_found(models):
    data = compress(models["bigram"], [0, 1, 2, 3, 4, 4])
    for bit in range(8 * len(data)):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError, match=r"damaged|no file of compress"):
            decompress(models["bigram"], bytes(wrong))
    for end in range(len(data)):
        with pytest.raises(ValueError, match=r"cut off|expected its header"):
            decompress(models["bigram"], data[:end])
    with pytest.raises(ValueError, match="damaged"):
        decompress(models["bigram"], data + b"\0")


class Drifting(Counting):
    """The same forecasts, but for the last digits, from the 50th on."""

    def begin(self, streams):
        self.steps = 0
        return super().begin(streams)

    def read(self, tokens):
        self.steps += 1
        q = super().read(tokens)
        drift = 1e-6 if self.steps > 50 else 0
        return q + drift * (np.arange(5) - 2)


def test_a_model_that_computes_other_numbers_somewhere_is_found_by_the_text_that_comes_out(models):
    model = BigramModel.fit(np.random.default_rng(3).integers(5, size=400), 5, concentration=2)
    tokens = np.random.default_rng(0).integers(5, size=3_000)
    data = compress(models["bigram"], tokens)
    with pytest.raises(ValueError, match="the model computes other probabilities here"):
        decompress(Drifting(model), data)
    assert (
        decompress(Drifting(model), compress(models["bigram"], tokens[:50])).tolist() == tokens[:50].tolist()
    )


def test_bits_that_no_text_has_are_named(models):
    data = compress(models["bigram"], [0, 1, 2, 3, 4] * 20)
    fields = list(files.HEADER.unpack_from(data)[:-1])
    payload = b"\xff" * (len(data) - HEADER)
    forged = files.HEADER.pack(*fields, zlib.crc32(repr(tuple(fields)).encode() + payload)) + payload
    with pytest.raises(ValueError, match="the model computes other probabilities here"):
        decompress(models["bigram"], forged)


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"streams": 0}, "streams is 0"),
        ({"streams": 2**16}, "streams is 65536"),
        ({"precision": 3}, "precision is 3 bits for 5 symbols"),
        ({"tokens": [5]}, "tokens holds 5 at position"),
    ],
)
def test_what_cannot_be_packed_is_named(models, options, complaint):
    options = {"tokens": [0], **options}
    with pytest.raises(ValueError, match=complaint):
        compress(models["bigram"], **options)


def test_the_header_is_as_long_as_it_says():
    assert HEADER == 21 == struct.calcsize(files.HEADER.format)


# ---------------------------------------------------------------------------------- break-even


@given(st.floats(1, 1e6), st.floats(0.1, 7), st.floats(0.01, 1))
def test_at_the_break_even_both_have_the_same_size(weights, model, saved):
    n = break_even(weights, model + saved, model)
    assert n * (model + saved) / 8 == pytest.approx(n * model / 8 + weights)


def test_a_model_that_saves_nothing_never_pays():
    assert break_even(10, 2.0, 2.0) == math.inf
    assert break_even(10, 2.0, 3.0) == math.inf
    with pytest.raises(ValueError, match="model is nan; expected a number, 0 or more"):
        break_even(10, 2.0, math.nan)

"""helpers.metrics: against torch, against readable loops, and against what may not change a number."""

import copy
from decimal import Decimal

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from helpers.information import entropy, nats_to_bits
from helpers.metrics import TokenMean, bits_per_byte, expected_calibration_error, perplexity

modest = settings(max_examples=60, deadline=None)
batches = st.lists(st.tuples(st.floats(0, 1e4), st.integers(1, 10_000)), min_size=1, max_size=20)


# ---- perplexity and bits per byte ------------------------------------------------------------------------


@modest
@given(st.integers(1, 200_000), st.integers(1, 1000))
def test_the_perplexity_of_a_uniform_forecast_is_the_number_of_its_choices(choices, tokens):
    assert_allclose(perplexity(tokens * np.log(choices), tokens), choices, rtol=1e-10)


def test_perplexity_is_exp_of_the_mean_loss_that_torch_gives():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(50, 11, generator=generator, dtype=torch.float64)
    targets = torch.randint(11, (50,), generator=generator)
    cross_entropy = torch.nn.functional.cross_entropy
    nll = cross_entropy(logits, targets, reduction="sum")
    assert_allclose(perplexity(nll, 50), cross_entropy(logits, targets).exp(), rtol=1e-12)


def test_perplexity_is_the_inverse_of_the_geometric_mean_of_the_probabilities():
    p = np.array([0.5, 0.25, 0.1, 0.9])
    assert_allclose(perplexity(-np.log(p).sum(), p.size), 1 / p.prod() ** (1 / p.size), rtol=1e-14)


def test_perplexity_is_two_to_the_power_of_the_bits():
    p = [0.7, 0.2, 0.1]
    assert_allclose(perplexity(entropy(p), 1), 2 ** nats_to_bits(entropy(p)), rtol=1e-14)


def test_perplexity_takes_columns_of_a_table():
    assert_allclose(perplexity([0.0, 1.0, 20.0], [1, 1, 10]), [1, np.e, np.e**2], rtol=1e-14)


def test_a_text_that_the_model_calls_impossible_has_infinite_perplexity(recwarn):
    assert perplexity(np.inf, 10) == np.inf
    assert perplexity(1e6, 1) == np.inf  # beyond the range of float64
    assert bits_per_byte(np.inf, 10) == np.inf
    assert not recwarn.list


def test_a_model_that_finds_all_bytes_equally_likely_pays_eight_bits_for_each():
    assert_allclose(bits_per_byte(1000 * np.log(256), 1000), 8, rtol=1e-14)


@modest
@given(st.floats(0, 700), st.integers(1, 10_000), st.integers(1, 5))
def test_bits_per_byte_are_the_bits_of_the_perplexity_shared_among_the_bytes_of_a_token(mean, tokens, width):
    bits = bits_per_byte(mean * tokens, tokens * width)
    assert_allclose(bits, np.log2(perplexity(mean * tokens, tokens)) / width, rtol=1e-9, atol=1e-9)


def test_bits_per_byte_do_not_depend_on_the_tokens_and_perplexity_does():
    nll, n_bytes = 1000.0, 500
    assert perplexity(nll, 100) > perplexity(nll, 500)  # the same price, fewer tokens to share it
    assert_allclose(bits_per_byte(nll, n_bytes) * n_bytes, nats_to_bits(nll), rtol=1e-15)


@pytest.mark.parametrize("metric", [perplexity, bits_per_byte])
@pytest.mark.parametrize(("nll", "came"), [(-1.0, "-1"), (np.nan, "nan"), ([3.0, -2.5], r"-2\.5")])
def test_a_sum_that_is_no_negative_log_likelihood_is_named(metric, nll, came):
    with pytest.raises(ValueError, match=rf"nll holds {came}; expected a summed negative log-likelihood"):
        metric(nll, 10)


@pytest.mark.parametrize(("metric", "name"), [(perplexity, "tokens"), (bits_per_byte, "n_bytes")])
@pytest.mark.parametrize(
    ("count", "came"), [(0, "0"), (-3, "-3"), (2.5, r"2\.5"), (np.nan, "nan"), (np.inf, "inf")]
)
def test_a_count_that_is_no_count_is_named(metric, name, count, came):
    with pytest.raises(ValueError, match=rf"{name} holds {came}; expected a whole number, 1 or more"):
        metric(1.0, count)


# ---- the token-weighted mean -----------------------------------------------------------------------------


def mean_of(parts):
    """A TokenMean that has seen the parts one by one."""
    mean = TokenMean()
    for total, tokens in parts:
        mean.update(total, tokens)
    return mean


@modest
@given(batches)
def test_the_token_mean_is_the_weighted_average_of_the_batch_means(parts):
    totals, tokens = np.array(parts).T
    mean = mean_of(parts)
    assert_allclose(mean.mean, np.average(totals / tokens, weights=tokens), rtol=1e-12, atol=1e-15)
    assert mean.tokens == tokens.sum()
    assert_allclose(mean.total, totals.sum(), rtol=1e-12)


@modest
@given(batches, batches)
def test_the_means_of_two_parts_add_up_to_the_mean_of_the_whole(left, right):
    a, b = mean_of(left), mean_of(right)
    before = copy.copy(a)
    whole = a + b
    assert_allclose(whole.mean, mean_of(left + right).mean, rtol=1e-12, atol=1e-15)
    assert whole.tokens == a.tokens + b.tokens
    assert a == before  # adding makes a third one


@modest
@given(st.lists(st.floats(0, 20), min_size=2, max_size=40), st.integers(1, 39))
def test_where_a_text_is_cut_into_batches_does_not_matter(losses, cut):
    cut = min(cut, len(losses) - 1)
    parts = [losses[:cut], losses[cut:]]
    mean = mean_of((sum(part), len(part)) for part in parts)
    assert_allclose(mean.mean, np.mean(losses), rtol=1e-12, atol=1e-12)
    assert_allclose(mean.perplexity, perplexity(sum(losses), len(losses)), rtol=1e-10)


def test_a_thousand_easy_tokens_and_ten_hard_ones_are_no_two_equal_batches():
    mean = mean_of([(1000 * 3.0, 1000), (10 * 6.0, 10)])
    assert_allclose(mean.mean, 3060 / 1010, rtol=1e-15)
    assert f"{mean.perplexity:.1f}" == "20.7"
    assert f"{np.exp(np.mean([3.0, 6.0])):.1f}" == "90.0"  # the mean of means
    assert f"{np.mean(np.exp([3.0, 6.0])):.1f}" == "211.8"  # the mean of perplexities


def test_a_batch_of_padding_changes_nothing():
    mean = mean_of([(6.0, 3)])
    mean.update(0, 0)
    assert mean == mean_of([(6.0, 3)])


def test_the_mean_of_no_tokens_is_an_error_that_says_so():
    for read in (lambda mean: mean.mean, lambda mean: mean.perplexity):
        with pytest.raises(ValueError, match="no tokens so far; expected at least one update"):
            read(TokenMean())


def test_an_impossible_token_makes_the_mean_infinite():
    mean = mean_of([(6.0, 3), (np.inf, 1)])
    assert mean.mean == mean.perplexity == np.inf


def test_sums_from_torch_are_taken_and_stay_plain_numbers():
    mean = mean_of([(torch.tensor(6.0), torch.tensor(3))])
    assert type(mean.total) is float
    assert type(mean.tokens) is int
    assert mean.mean == 2.0


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        ((-1.0, 3), "total holds -1; expected a summed negative log-likelihood"),
        ((np.nan, 3), "total holds nan; expected"),
        ((1.0, -3), "tokens holds -3; expected a whole number, 0 or more"),
        ((1.0, 0.5), r"tokens holds 0\.5; expected a whole number"),
        ((1.0, 0), "total is 1 nats over 0 tokens; expected a token"),
        (([1.0, 2.0], 2), r"total has shape \(2,\); expected one number, the sum over the batch"),
        ((1.0, [2]), r"tokens has shape \(1,\); expected one number"),
    ],
)
def test_a_bad_batch_is_named_and_leaves_the_mean_as_it_was(batch, message):
    mean = mean_of([(6.0, 3)])
    with pytest.raises(ValueError, match=message):
        mean.update(*batch)
    assert mean == TokenMean(6.0, 3)
    with pytest.raises(ValueError, match=message):
        TokenMean(*batch)


def test_a_token_mean_and_a_number_do_not_add_up():
    with pytest.raises(TypeError):
        TokenMean(6.0, 3) + 1.0


# ---- calibration -----------------------------------------------------------------------------------------


def ece_in_words(confidences, correct, bins):
    """Guo et al. (2017), section 2, as a loop over the intervals ((m − 1) / M, m / M]."""
    gap = 0.0
    for m in range(1, bins + 1):
        inside = [
            i
            for i, confidence in enumerate(confidences)
            if (m - 1) / bins < confidence <= m / bins or (m == 1 and confidence == 0)
        ]
        if inside:
            accuracy = np.mean([correct[i] for i in inside])
            confidence = np.mean([confidences[i] for i in inside])
            gap += len(inside) / len(confidences) * abs(accuracy - confidence)
    return gap


@modest
@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=50), st.integers(1, 20))
def test_the_calibration_error_is_that_of_the_definition(predictions, bins):
    confidences, correct = zip(*predictions, strict=True)
    expected = ece_in_words(confidences, correct, bins)
    assert_allclose(expected_calibration_error(confidences, correct, bins=bins), expected, atol=1e-12)


@pytest.mark.parametrize("bins", [1, 10, 12, 25, 49])
def test_a_confidence_on_an_edge_belongs_to_the_interval_on_its_left(bins):
    for k in range(1, bins + 1):
        edge = float(Decimal(k) / bins)  # 0.28 as one writes it, for 7 of 25
        inside = edge - 0.5 / bins
        # One is right, the other wrong: their gaps cancel in part if they share a bin, and add up if not.
        error = expected_calibration_error([edge, inside], [1, 0], bins=bins)
        assert_allclose(error, abs(1 - edge - inside) / 2, atol=1e-12)


def test_a_forecaster_who_is_right_as_often_as_it_says_has_no_calibration_error():
    assert_allclose(expected_calibration_error([0.75] * 4, [1, 1, 1, 0]), 0, atol=1e-15)
    assert_allclose(expected_calibration_error([1.0, 0.0], [True, False]), 0, atol=1e-15)


def test_a_forecaster_who_is_sure_and_wrong_has_all_of_it():
    assert expected_calibration_error([1.0, 1.0], [0, 0]) == 1


def test_many_honest_forecasts_are_calibrated_and_exaggerated_ones_are_not():
    rng = np.random.default_rng(0)
    p = rng.uniform(0.5, 1, size=200_000)
    correct = rng.random(p.size) < p
    assert expected_calibration_error(p, correct) < 0.01
    exaggerated = p**4 / (p**4 + (1 - p) ** 4)
    # The gap is one-sided here (it is always too sure), so that the bins cannot hide any of it.
    expected = np.mean(exaggerated - p)
    assert_allclose(expected_calibration_error(exaggerated, correct), expected, atol=0.01)


@pytest.mark.parametrize(
    ("confidences", "correct", "bins", "message"),
    [
        ([0.5, 1.2], [1, 0], 15, r"confidences holds 1\.2; expected probabilities"),
        ([0.5, np.nan], [1, 0], 15, r"confidences holds nan"),
        ([0.5], [1, 0], 15, r"confidences has shape \(1,\) and correct has shape \(2,\); expected \(N,\)"),
        ([[0.5]], [[1]], 15, r"confidences has shape \(1, 1\)"),
        ([], [], 15, r"confidences has shape \(0,\).*with N at least 1"),
        ([0.5, 0.6], [1, 2], 15, r"correct holds 2; expected True or False, 1 or 0"),
        ([0.5], [1], 0, r"bins holds 0; expected a whole number, 1 or more"),
        ([0.5], [1], 2.5, r"bins holds 2\.5; expected a whole number"),
        ([0.5], [1], [5], r"bins is \[5\]; expected one whole number"),
    ],
)
def test_bad_input_to_the_calibration_error_is_named(confidences, correct, bins, message):
    with pytest.raises(ValueError, match=message):
        expected_calibration_error(confidences, correct, bins=bins)

"""helpers.information and the checks under it: against SciPy, and against the identities of the subject."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import jensenshannon
from scipy.special import rel_entr
from scipy.stats import entropy as scipy_entropy

from helpers.information import (
    bits_to_nats,
    cross_entropy,
    entropy,
    jensen_shannon_divergence,
    kl_divergence,
    nats_to_bits,
    surprisal,
)
from helpers.validation import distribution, distributions, probabilities, token_ids

modest = settings(max_examples=60, deadline=None)


@st.composite
def worlds(draw, how_many=1, zeros=True):
    """Some distributions over the same 1 to 8 outcomes, with zeros and with probabilities down to 1e-12."""
    weight = st.floats(1e-12, 1.0)
    if zeros:
        weight = st.one_of(st.just(0.0), weight)
    size = draw(st.integers(1, 8))
    rows = [draw(st.lists(weight, min_size=size, max_size=size).filter(any)) for _ in range(how_many)]
    return [np.array(row) / np.sum(row) for row in rows]


# ---- against SciPy ---------------------------------------------------------------------------------------


@modest
@given(worlds())
def test_entropy_is_that_of_scipy_in_nats_and_in_bits(world):
    (p,) = world
    assert_allclose(entropy(p), scipy_entropy(p), atol=1e-14)
    assert_allclose(nats_to_bits(entropy(p)), scipy_entropy(p, base=2), atol=1e-14)


@modest
@given(worlds(2))
def test_kl_divergence_is_the_sum_of_the_relative_entropies_of_scipy(world):
    p, q = world
    assert_allclose(kl_divergence(p, q), rel_entr(p, q).sum(), atol=1e-12)


@modest
@given(worlds(2))
def test_jensen_shannon_divergence_is_the_square_of_the_distance_of_scipy(world):
    p, q = world
    assert_allclose(jensen_shannon_divergence(p, q), jensenshannon(p, q) ** 2, atol=1e-12)


# ---- identities ------------------------------------------------------------------------------------------


@modest
@given(worlds(2))
def test_cross_entropy_is_entropy_plus_kl_divergence(world):
    p, q = world
    assert_allclose(cross_entropy(p, q), entropy(p) + kl_divergence(p, q), rtol=0, atol=1e-12)


@modest
@given(worlds(2))
def test_gibbs_no_forecast_costs_less_than_the_truth(world):
    p, q = world
    assert cross_entropy(p, q) >= entropy(p) - 1e-12
    assert kl_divergence(p, q) >= 0
    assert kl_divergence(p, p) == 0
    assert_allclose(cross_entropy(p, p), entropy(p), rtol=0, atol=0)


@modest
@given(worlds())
def test_entropy_lies_between_zero_and_that_of_the_uniform_distribution(world):
    (p,) = world
    assert 0 <= entropy(p) <= np.log(p.size) + 1e-12
    assert_allclose(entropy(np.full(p.size, 1 / p.size)), np.log(p.size), rtol=1e-14, atol=1e-15)


@modest
@given(worlds(2))
def test_jensen_shannon_divergence_is_symmetric_and_at_most_log_2(world):
    p, q = world
    assert_allclose(jensen_shannon_divergence(p, q), jensen_shannon_divergence(q, p), rtol=1e-13, atol=1e-16)
    assert 0 <= jensen_shannon_divergence(p, q) <= np.log(2) + 1e-12


@modest
@given(worlds(3, zeros=False))
def test_the_chain_rule_the_entropy_of_a_pair_is_that_of_one_plus_that_of_the_other_given_it(world):
    first, *rest = world
    # Row x of `given` is the distribution of the second outcome after the first was x.
    given_first = np.stack([rest[x % 2] for x in range(first.size)])
    joint = first[:, None] * given_first
    assert_allclose(entropy(joint.ravel()), entropy(first) + first @ entropy(given_first), atol=1e-12)


@modest
@given(worlds(4))
def test_what_happens_independently_adds_up(world):
    p, q, r, s = world
    both_p, both_q = np.outer(p, r).ravel(), np.outer(q, s).ravel()
    assert_allclose(kl_divergence(both_p, both_q), kl_divergence(p, q) + kl_divergence(r, s), atol=1e-10)


@modest
@given(st.floats(1e-150, 1), st.floats(1e-150, 1))
def test_surprisals_of_independent_outcomes_add_up(a, b):
    assert_allclose(surprisal(a * b), surprisal(a) + surprisal(b), atol=1e-12)


@modest
@given(st.floats(-1e6, 1e6))
def test_nats_become_bits_and_nats_again(x):
    assert_allclose(bits_to_nats(nats_to_bits(x)), x, rtol=1e-15)


def test_a_coin_has_one_bit_and_a_bit_has_log_2_nats():
    assert_allclose(nats_to_bits(entropy([0.5, 0.5])), 1.0, rtol=1e-15)
    assert_allclose(bits_to_nats(1), np.log(2), rtol=1e-15)
    assert_allclose(2.0 ** nats_to_bits(1.5), np.exp(1.5), rtol=1e-14)


def test_the_gradient_of_cross_entropy_in_the_forecast_is_minus_p_over_q():
    p, q, h = np.array([0.2, 0.3, 0.5]), np.array([0.5, 0.1, 0.4]), 1e-6
    towards = np.array([1.0, -1.0, 0.0])  # a step along which q stays a distribution
    slope = (cross_entropy(p, q + h * towards) - cross_entropy(p, q - h * towards)) / (2 * h)
    assert_allclose(slope, (-p / q) @ towards, rtol=1e-6)


# ---- zeros and infinities --------------------------------------------------------------------------------


def test_a_certain_outcome_surprises_by_zero_and_an_impossible_one_infinitely():
    certain, impossible = surprisal([1.0, 0.0])
    assert certain == 0
    assert not np.signbit(certain)  # it prints as 0, not as −0
    assert impossible == np.inf


def test_an_outcome_that_cannot_happen_adds_nothing_even_where_the_forecast_is_zero():
    assert entropy([1.0, 0.0]) == 0
    assert cross_entropy([1.0, 0.0], [1.0, 0.0]) == 0
    assert kl_divergence([1.0, 0.0, 0.0], [0.5, 0.5, 0.0]) == np.log(2)


def test_a_forecast_of_zero_for_what_can_happen_costs_infinitely():
    assert cross_entropy([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence([0.5, 0.5], [1.0, 0.0]) == np.inf
    assert kl_divergence([1.0, 0.0], [0.5, 0.5]) == np.log(2)  # the other direction is finite


def test_jensen_shannon_divergence_of_disjoint_worlds_is_log_2():
    assert_allclose(jensen_shannon_divergence([1.0, 0.0], [0.0, 1.0]), np.log(2), rtol=1e-15)


def test_jensen_shannon_divergence_is_finite_at_the_smallest_float():
    assert_allclose(jensen_shannon_divergence([1.0, 5e-324], [1.0, 0.0]), 0.0, atol=1e-300)


def test_no_warning_reaches_the_reader(recwarn):
    cross_entropy([0.5, 0.5], [1.0, 0.0])
    kl_divergence([0.0, 1.0], [0.0, 1.0])
    jensen_shannon_divergence([0.0, 1.0], [1.0, 0.0])
    surprisal(0.0)
    assert not recwarn.list


# ---- shapes ----------------------------------------------------------------------------------------------


def test_rows_are_taken_one_by_one_and_leading_axes_broadcast():
    rng = np.random.default_rng(1)
    p = rng.dirichlet(np.ones(4), size=(3, 1))  # (3, 1, 4)
    q = rng.dirichlet(np.ones(4), size=5)  # (5, 4)
    for measure in (cross_entropy, kl_divergence, jensen_shannon_divergence):
        whole = measure(p, q)
        assert whole.shape == (3, 5)
        assert_allclose(whole, [[measure(p[i, 0], q[j]) for j in range(5)] for i in range(3)], rtol=1e-14)
    assert entropy(p).shape == (3, 1)
    assert_array_equal(surprisal(p).shape, p.shape)


def test_an_answer_known_for_sure_costs_the_surprisal_of_its_forecast():
    q = np.array([0.1, 0.2, 0.7])
    assert_allclose(cross_entropy(np.eye(3), q), surprisal(q), rtol=1e-15)


# ---- bad input: what came, what was expected -------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, -0.25], r"p holds -0\.25; expected probabilities between 0 and 1"),
        (1.5, r"p holds 1\.5; expected probabilities between 0 and 1"),
        (1.0000001, r"p holds 1\.0000001; expected"),
        ([0.5, np.nan], r"p holds nan; expected probabilities"),
        (np.inf, r"p holds inf; expected probabilities"),
    ],
)
def test_what_is_no_probability_is_named(values, message):
    for check in (surprisal, lambda p: probabilities("p", p)):
        with pytest.raises(ValueError, match=message):
            check(values)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.5, 0.4], r"p sums to 0\.9 over its last axis; expected 1"),
        ([[0.5, 0.5], [0.5, 0.500002]], r"p sums to 1\.000002 over its last axis; expected 1"),
        (0.5, r"p has shape \(\); expected \(\.\.\., K\) with K at least 1"),
        (np.zeros((3, 0)), r"p has shape \(3, 0\); expected \(\.\.\., K\) with K at least 1"),
        ([1.5, -0.5], r"p holds 1\.5; expected probabilities"),
    ],
)
def test_what_is_no_distribution_is_named(values, message):
    checks = (entropy, lambda p: cross_entropy(p, [0.5, 0.5]), lambda p: kl_divergence(p, [0.5, 0.5]))
    for check in (
        *checks,
        lambda p: jensen_shannon_divergence(p, [0.5, 0.5]),
        lambda p: distribution("p", p),
    ):
        with pytest.raises(ValueError, match=message):
            check(values)


def test_the_second_distribution_is_named_by_its_own_name():
    for measure in (cross_entropy, kl_divergence, jensen_shannon_divergence):
        with pytest.raises(ValueError, match=r"q sums to 1\.5"):
            measure([0.5, 0.5], [0.5, 1.0])


@pytest.mark.parametrize("shape", [(3,), (1,), (4, 3)])
def test_distributions_over_different_outcomes_are_refused(shape):
    p, q = np.full((2, 2), 0.5), np.full(shape, 1 / shape[-1])
    for measure in (cross_entropy, kl_divergence, jensen_shannon_divergence, distributions):
        with pytest.raises(ValueError, match=r"p has shape \(2, 2\) and q has shape .*expected the same K"):
            measure(p, q)


def test_leading_axes_that_do_not_broadcast_are_refused():
    with pytest.raises(ValueError, match=r"p has shape \(2, 2\) and q has shape \(3, 2\)"):
        cross_entropy(np.full((2, 2), 0.5), np.full((3, 2), 0.5))


def test_probabilities_written_with_seven_digits_are_a_distribution():
    assert_allclose(entropy([0.3333333, 0.3333333, 0.3333333]), np.log(3), atol=1e-6)


def test_softmax_in_float32_over_a_large_vocabulary_is_a_distribution():
    logits = torch.randn(4, 50257, generator=torch.Generator().manual_seed(0)) * 5
    p = torch.softmax(logits, dim=-1)
    exact = torch.distributions.Categorical(logits=logits.double()).entropy()
    assert_allclose(entropy(p.numpy()), exact, rtol=1e-4)
    assert_allclose(jensen_shannon_divergence(p.numpy(), p.numpy()), 0, atol=1e-12)
    with pytest.raises(ValueError, match=r"p sums to 1\.01"):
        entropy(1.01 * p.numpy())


def test_token_ids_come_back_as_one_sequence_of_integers():
    ids = token_ids("tokens", [0, 2, 1], 3)
    assert ids.dtype == np.int64
    assert_array_equal(ids, [0, 2, 1])
    assert token_ids("tokens", [], 3).shape == (0,)


@pytest.mark.parametrize(
    ("values", "size", "message"),
    [
        ([0, 1, 3], 3, r"tokens holds 3 at position \(2,\); expected classes 0 to 2"),
        ([0, -1], 3, r"tokens holds -1 at position \(1,\)"),
        ([[0, 1]], 3, r"tokens has shape \(1, 2\); expected one sequence, \(T,\)"),
        (1, 3, r"tokens has shape \(\); expected one sequence"),
        ([0.0, 1.0], 3, r"tokens has dtype float64; expected integer"),
        ([0], 0, r"vocab_size is 0; expected 1 or more"),
    ],
)
def test_what_is_no_token_is_named(values, size, message):
    with pytest.raises(ValueError, match=message):
        token_ids("tokens", values, size)

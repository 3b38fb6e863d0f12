"""Scaling laws: a fit finds the law that made the losses, within the uncertainty that it states."""

from dataclasses import astuple, fields

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.optimize import minimize_scalar

from helpers.scaling import (
    ChinchillaLaw,
    KaplanLaw,
    PowerLaw,
    bootstrap,
    fit_chinchilla,
    fit_kaplan,
    fit_power_law,
    misfit,
    training_compute,
)

SMALL = ChinchillaLaw(E=1.3, A=20.0, B=300.0, alpha=0.4, beta=0.5)  # about what our own runs have
LARGE = ChinchillaLaw(E=1.69, A=406.4, B=410.7, alpha=0.34, beta=0.28)
KAPLAN = KaplanLaw(N_c=6e13, D_c=2e13, alpha_N=0.08, alpha_D=0.1)


def grid(parameters, tokens):
    """N and D of every pair, each of shape (n,)."""
    return [values.ravel() for values in np.meshgrid(parameters, tokens)]


SMALL_RUNS = grid(np.geomspace(3e3, 1.5e5, 5), np.geomspace(1.3e5, 2e6, 5))
LARGE_RUNS = grid(np.geomspace(4e7, 1.6e10, 6), np.geomspace(5e9, 5e11, 5))


def noisy(losses, seed, sd=0.004):
    return losses * np.exp(np.random.default_rng(seed).normal(0, sd, losses.shape))


# ---- the forms -------------------------------------------------------------------------------------------


def test_kaplans_power_law_is_the_one_without_an_irreducible_loss():
    law = PowerLaw(E=0.0, A=8.8e13**0.076, alpha=0.076)
    assert_allclose(law.scale, 8.8e13)
    assert_allclose(law.predict([1e6, 1e9]), (8.8e13 / np.array([1e6, 1e9])) ** 0.076)


def test_the_chinchilla_law_adds_three_losses():
    law = ChinchillaLaw(E=2.0, A=6.0, B=10.0, alpha=0.5, beta=1.0)
    assert law.predict(4, 5) == 2 + 3 + 2
    assert law.predict(np.array([[4.0], [9.0]]), np.array([5.0, 10.0])).tolist() == [[7, 6], [6, 5]]


def test_kaplans_law_of_both_has_his_laws_of_one_as_limits():
    N, D = np.geomspace(1e5, 1e10, 4), np.geomspace(1e6, 1e11, 4)
    assert_allclose(KAPLAN.predict(N, 1e40), (6e13 / N) ** 0.08, rtol=1e-9)
    assert_allclose(KAPLAN.predict(1e60, D), (2e13 / D) ** 0.1, rtol=1e-9)


def test_compute_counts_six_operations_for_each_parameter_and_token():
    assert_allclose(training_compute(70e9, [1.4e12, 1]), [5.88e23, 4.2e11])


@pytest.mark.parametrize("law", [SMALL, LARGE])
@pytest.mark.parametrize("compute", [1e15, 1e24])
def test_the_optimal_sizes_spend_the_compute_and_nothing_beats_them(law, compute):
    N, D = law.optimal(compute)
    assert_allclose(training_compute(N, D), compute)
    found = minimize_scalar(
        lambda log_N: law.predict(np.exp(log_N), compute / 6 / np.exp(log_N)),
        bracket=(np.log(N) - 3, np.log(N) + 1),
        tol=1e-10,
    )
    assert_allclose(np.exp(found.x), N, rtol=1e-3)
    assert law.predict(N, D) <= found.fun * (1 + 1e-12)


def test_many_computes_have_many_optimal_sizes():
    N, D = LARGE.optimal(np.array([1e18, 1e20]))
    assert_allclose(N[1] / N[0], 100 ** (0.28 / 0.62))
    assert_allclose(D[1] / D[0], 100 ** (0.34 / 0.62))


# ---- the fits --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [None, 1e-3])
@pytest.mark.parametrize(("law", "runs"), [(SMALL, SMALL_RUNS), (LARGE, LARGE_RUNS)])
def test_losses_without_noise_give_the_constants_back(law, runs, delta):
    found = fit_chinchilla(*runs, law.predict(*runs), delta=delta)
    assert_allclose(astuple(found), astuple(law), rtol=1e-4)


@pytest.mark.parametrize("delta", [None, 1e-3])
def test_kaplans_law_is_found_again(delta):
    found = fit_kaplan(*LARGE_RUNS, KAPLAN.predict(*LARGE_RUNS), delta=delta)
    assert_allclose(astuple(found), astuple(KAPLAN), rtol=1e-4)


@pytest.mark.parametrize("law", [PowerLaw(1.7, 400.0, 0.34), PowerLaw(0.5, 3.0, 0.05)])
def test_a_power_law_is_found_again(law):
    x = np.geomspace(1e5, 1e10, 7)
    assert_allclose(astuple(fit_power_law(x, law.predict(x))), astuple(law), rtol=1e-4)


def test_without_an_irreducible_loss_the_fit_is_the_straight_line_through_the_logs():
    x = np.geomspace(1e3, 1e6, 8)
    losses = noisy(PowerLaw(0.0, 9.0, 0.1).predict(x), seed=0, sd=0.02)
    slope, height = np.polyfit(np.log(x), np.log(losses), 1)
    found = fit_power_law(x, losses, irreducible=0)
    assert found.E == 0
    assert_allclose([found.alpha, found.A], [-slope, np.exp(height)], rtol=1e-6)


def test_an_irreducible_loss_that_is_given_stays_and_the_best_one_fits_best():
    losses = noisy(SMALL.predict(*SMALL_RUNS), seed=3)
    best = fit_chinchilla(*SMALL_RUNS, losses)
    misfits = []
    for E in (0.0, best.E - 0.1, best.E, best.E + 0.1):
        law = fit_chinchilla(*SMALL_RUNS, losses, irreducible=E)
        assert law.E == E
        misfits.append(misfit(law.predict(*SMALL_RUNS), losses))
    assert misfits[0] > misfits[1] > misfits[2] < misfits[3]
    assert_allclose(misfits[2], misfit(best.predict(*SMALL_RUNS), losses), rtol=1e-6)


def test_a_run_that_went_wrong_pulls_the_huber_fit_less():
    losses = SMALL.predict(*SMALL_RUNS)
    losses[7] *= 1.1
    squares, huber = (fit_chinchilla(*SMALL_RUNS, losses, delta=delta) for delta in (None, 1e-3))
    assert abs(huber.E - SMALL.E) < 0.01 < abs(squares.E - SMALL.E)


def test_the_truth_lies_within_the_stated_uncertainty_about_as_often_as_stated():
    worlds, inside = 12, dict.fromkeys([field.name for field in fields(SMALL)], 0)
    for seed in range(worlds):
        losses = noisy(SMALL.predict(*SMALL_RUNS), seed)
        laws = bootstrap(fit_chinchilla, SMALL_RUNS, losses, draws=25, seed=seed)
        for name in inside:
            low, high = np.quantile([getattr(law, name) for law in laws], [0.05, 0.95])
            inside[name] += low <= getattr(SMALL, name) <= high
    assert min(inside.values()) >= worlds - 4  # 90 % of 12 is 10.8
    assert min(inside.values()) < worlds  # an interval that is never wrong is too wide


def test_the_bootstrap_scatters_as_the_textbook_says_a_line_does():
    """Of a straight line through the logs the standard error of the slope is known: s / √Σ(x − mean)²."""
    x = np.geomspace(1e3, 1e6, 6)
    losses = noisy(PowerLaw(0.0, 9.0, 0.1).predict(x), seed=1, sd=0.02)
    line = np.polynomial.Polynomial.fit(np.log(x), np.log(losses), 1)
    s = np.sqrt(np.sum((np.log(losses) - line(np.log(x))) ** 2) / (len(x) - 2))
    expected = s / np.sqrt(np.sum((np.log(x) - np.log(x).mean()) ** 2))
    laws = bootstrap(kaplans_form, [x], losses, draws=300, constants=2)
    assert_allclose(np.std([law.alpha for law in laws]), expected, rtol=0.1)


def kaplans_form(x, losses):
    return fit_power_law(x, losses, irreducible=0)


def test_the_bootstrap_draws_the_same_laws_for_the_same_seed():
    losses = noisy(SMALL.predict(*SMALL_RUNS), seed=0)
    one, same, other = (
        bootstrap(fit_chinchilla, SMALL_RUNS, losses, draws=2, seed=seed) for seed in (5, 5, 6)
    )
    assert one == same != other


def test_the_misfit_is_about_a_relative_error():
    assert_allclose(misfit([1.01, 1.98], [1.0, 2.0]), 0.01, rtol=1e-2)


# ---- bad input -------------------------------------------------------------------------------------------

THREE = [1e3, 1e4, 1e5]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_power_law(THREE, [3.0, 2.5]), r"x has shape \(3,\) and losses has shape \(2,\)"),
        (lambda: fit_power_law([THREE], [[3.0, 2.5, 2.2]]), r"expected \(n,\) for both"),
        (lambda: fit_power_law([1e3, 1e3, 1e4], THREE), "x has 2 different values; expected 3 or more"),
        (lambda: fit_power_law([5.0, 5.0], [2, 2], irreducible=1), "x has 1 different values; expected 2"),
        (lambda: fit_power_law([0.0, 1.0, 2.0], THREE), "x holds 0.0; expected finite numbers above 0"),
        (lambda: fit_power_law(THREE, [3.0, np.nan, 2.0]), "losses holds nan"),
        (lambda: fit_power_law(THREE, [3, 2.5, 2.2], irreducible=2.2), "expected less than every loss"),
        (lambda: fit_power_law(THREE, [3, 2.5, 2.2], irreducible=-1), "irreducible is -1"),
        (lambda: fit_power_law(THREE, [3, 2.5, 2.2], delta=0), "delta is 0"),
        (lambda: fit_chinchilla(THREE, [1e5] * 3, [3, 2.5, 2.2]), "tokens has 1 different values"),
        (lambda: fit_kaplan([1e3] * 3, THREE, [3, 2.5, 2.2]), "parameters has 1 different values"),
        (lambda: bootstrap(fit_power_law, [THREE], [3, 2.5, 2.2]), "3 runs for 3 constants; expected more"),
        (lambda: bootstrap(fit_power_law, [THREE], [3, 2.5, 2.2], draws=0), "draws is 0"),
        (lambda: misfit([1.0, 2.0], [1.0]), r"predicted has shape \(2,\)"),
        (lambda: misfit([], []), "of at least one run"),
        (lambda: SMALL.optimal(-1), "compute holds -1.0"),
        (lambda: ChinchillaLaw(1, 0, 1, 0.3, 0.3).optimal(1e9), "A is 0; expected a finite number above 0"),
        (lambda: SMALL.predict(0, 1), "parameters holds 0.0"),
        (lambda: KAPLAN.predict(1, np.inf), "tokens holds inf"),
        (lambda: PowerLaw(1, 1, 1).predict("a"), "expected real numbers"),
        (lambda: training_compute(1, -2), "tokens holds -2.0"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()

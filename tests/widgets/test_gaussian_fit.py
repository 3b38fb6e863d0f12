import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
from divergence_vectors import random_fits
from traitlets import TraitError

from helpers.widgets import GaussianFit, gaussians


def densities(figure: GaussianFit):
    """p and q as SciPy has them, as functions that give logarithms."""
    left, right = (scipy.stats.norm(centre, figure.width) for centre in figure.centres)

    def log_p(x):
        return np.logaddexp(
            np.log(figure.weight) + left.logpdf(x), np.log(1 - figure.weight) + right.logpdf(x)
        )

    return log_p, scipy.stats.norm(figure.mean, figure.sd).logpdf


def by_quadrature(figure: GaussianFit) -> tuple[float, float]:
    """KL(p‖q) and KL(q‖p) by SciPy's adaptive rule."""
    log_p, log_q = densities(figure)
    points = sorted([*figure.centres, figure.mean, figure.mean - figure.sd, figure.mean + figure.sd])

    def divergence(a, b):
        return scipy.integrate.quad(
            lambda x: np.exp(a(x)) * (a(x) - b(x)), -40, 40, points=points, limit=500, epsabs=1e-9
        )[0]

    return divergence(log_p, log_q), divergence(log_q, log_p)


@pytest.mark.parametrize("state", random_fits())
def test_both_divergences_equal_quadrature(state):
    figure = GaussianFit(**state)
    assert (figure.forward, figure.reverse) == pytest.approx(by_quadrature(figure), rel=1e-7, abs=1e-7)
    assert figure.forward_bits * np.log(2) == pytest.approx(figure.forward, rel=1e-12)
    assert figure.reverse_bits * np.log(2) == pytest.approx(figure.reverse, rel=1e-12)


def test_one_gaussian_from_itself_costs_nothing_and_from_another_what_the_closed_form_says():
    same = GaussianFit(mean=0, sd=1, centres=[0, 0], width=1)
    assert (same.forward, same.reverse) == pytest.approx((0, 0), abs=1e-12)
    other = GaussianFit(mean=1, sd=2, centres=[0, 0], width=1)
    assert other.forward == pytest.approx(np.log(2) + (1 + 1) / 8 - 1 / 2, rel=1e-12)
    assert other.reverse == pytest.approx(-np.log(2) + (4 + 1) / 2 - 1 / 2, rel=1e-12)


@pytest.mark.parametrize("state", random_fits())
def test_moments_are_those_of_the_density(state):
    figure = GaussianFit(**state)
    p = np.exp(figure.log_p)
    mean = gaussians.integral(p * gaussians.GRID)
    variance = gaussians.integral(p * (gaussians.GRID - mean) ** 2)
    assert figure.moments == pytest.approx((mean, np.sqrt(variance)), abs=1e-9)


@pytest.mark.parametrize("state", random_fits())
def test_forward_descent_ends_at_the_moments(state):
    figure = GaussianFit(**state)
    figure.minimise("forward")
    assert (figure.mean, figure.sd) == pytest.approx(figure.moments, abs=1e-4)


@pytest.mark.parametrize("state", random_fits())
@pytest.mark.parametrize("direction", gaussians.DIRECTIONS)
def test_a_descent_goes_down_and_ends_where_no_neighbour_is_lower(state, direction):
    figure = GaussianFit(**state)
    path = gaussians.descend(direction, figure.log_p, figure.mean, figure.sd)
    assert path[0].tolist() == [figure.mean, figure.sd]
    costs = [getattr(GaussianFit(**{**state, "mean": m, "sd": s}), direction) for m, s in path]
    assert np.all(np.diff(costs) < 0)
    mean, sd = path[-1]
    for turn in np.linspace(0, 2 * np.pi, 12, endpoint=False):
        beside = {
            "mean": np.clip(mean + 0.05 * np.cos(turn), *gaussians.MEANS),
            "sd": np.clip(sd + 0.05 * np.sin(turn), *gaussians.SDS),
        }
        assert getattr(GaussianFit(**{**state, **beside}), direction) > costs[-1] - 1e-9


def test_reverse_descent_rests_on_the_hump_that_it_starts_from_or_on_both():
    ends = {}
    for mean, sd in [(-3, 1), (3.5, 1), (-0.2, 2.31)]:
        figure = GaussianFit(mean=mean, sd=sd)
        figure.minimise("reverse")
        ends[mean] = (round(figure.mean, 2), round(figure.sd, 2), round(figure.reverse, 3))
    assert ends == {-3: (-2.0, 0.71, 0.509), 3.5: (2.49, 0.71, 0.914), -0.2: (-0.1, 2.0, 1.032)}


def test_each_resting_place_is_where_scipy_rests_too():
    figure = GaussianFit()
    log_p, _ = densities(figure)

    def reverse(at):
        q = scipy.stats.norm(at[0], np.exp(at[1]))
        return gaussians.divergence(q.logpdf(gaussians.GRID), log_p(gaussians.GRID))

    for start in [(-2.0, 0.7), (2.5, 0.7), (-0.1, 2.0)]:
        figure.mean, figure.sd = start
        found = scipy.optimize.minimize(
            reverse, [start[0], np.log(start[1])], method="Nelder-Mead", tol=1e-10
        )
        figure.minimise("reverse")
        assert (figure.mean, figure.sd) == pytest.approx((found.x[0], np.exp(found.x[1])), abs=1e-3)


def test_a_hump_costs_about_the_logarithm_of_its_share():
    for hump, share in ((0, 0.3), (1, 0.7)):
        figure = GaussianFit(mean=[-4, 4][hump], sd=0.5, weight=0.3, centres=[-4, 4], width=0.5)
        assert figure.reverse == pytest.approx(-np.log(share), abs=1e-6)


def test_a_descent_that_starts_on_a_ridge_leaves_it():
    figure = GaussianFit(mean=0, sd=0.3, weight=0.5, centres=[-3.5, 3.5], width=0.4)
    figure.minimise("reverse")
    beside = [GaussianFit(**{**figure.start, "mean": m, "sd": figure.sd}).reverse for m in (-0.1, 0.1)]
    assert figure.mean != 0 or min(beside) > figure.reverse


def test_another_direction_is_named():
    with pytest.raises(ValueError, match="direction is 'sideways'; expected 'forward' or 'reverse'"):
        GaussianFit().minimise("sideways")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean": 7}, "mean is 7; expected at least -6 and at most 6"),
        ({"sd": 0.1}, "sd is 0.1; expected at least 0.3 and at most 5"),
        ({"sd": float("nan")}, "sd is nan; expected at least 0.3 and at most 5"),
        ({"weight": 1}, "weight is 1; expected at least 0.05 and at most 0.95"),
        ({"width": 0}, "width is 0; expected at least 0.4 and at most 2"),
        ({"centres": [1.0]}, r"centres is \[1.0\]; expected two numbers from -4 to 4, the left hump first"),
        ({"centres": [2.0, -2.0]}, r"centres is \[2.0, -2.0\]; expected two numbers"),
        ({"centres": [-5, 0]}, r"centres is \[-5.0, 0.0\]; expected two numbers"),
        ({"centres": [0, 4.5]}, r"centres is \[0.0, 4.5\]; expected two numbers"),
        ({"centres": "ab"}, "one-dimensional array of finite numbers"),
        ({"mean": "left"}, "expected a float"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(TraitError, match=message):
        GaussianFit(**arguments)


def test_a_bad_value_later_leaves_the_figure_as_it_was():
    figure = GaussianFit(mean=1, sd=2)
    with pytest.raises(TraitError, match="mean is -7"):
        figure.mean = -7
    with pytest.raises(TraitError, match="centres is"):
        figure.centres = [3, 1]
    assert (figure.mean, figure.sd, figure.centres) == (1, 2, [-2, 2.5])


def test_repr_is_the_call_that_makes_it_and_holds_no_address():
    figure = GaussianFit(mean=-0.2, sd=2.31, weight=0.5, centres=np.array([-1, 1.5]), width=0.8)
    assert repr(figure) == "GaussianFit(mean=-0.2, sd=2.31, weight=0.5, centres=[-1, 1.5], width=0.8)"
    assert repr(eval(repr(figure))) == repr(figure)
    assert eval(repr(figure)).start == figure.start


def test_the_summary_holds_the_numbers():
    figure = GaussianFit(mean=-0.2, sd=2.31)
    for number in (f"{figure.forward:.3f}", f"{figure.reverse:.3f}", "60%", "−2 ", "2.5", "−0.20", "2.31"):
        assert number in figure.summary

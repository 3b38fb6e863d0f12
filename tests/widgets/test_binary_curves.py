import numpy as np
import pytest
import scipy.special
from traitlets import TraitError

from helpers.widgets import BinaryCurves


@pytest.mark.parametrize("z", [-40, -3.3, 0, 0.1, 17.5, 40])
def test_exact_losses_and_gradients_equal_scipy(z):
    figure = BinaryCurves(logit=z)
    assert figure.probability == pytest.approx(scipy.special.expit(z), rel=1e-12)
    assert figure.exact_losses == pytest.approx(-scipy.special.log_expit([z, -z]), rel=1e-12)
    assert figure.exact_gradients == pytest.approx(scipy.special.expit([-z, z]) * [-1, 1], rel=1e-12)


def test_from_the_logit_nothing_is_lost_in_either_format():
    for precision in ("float32", "float64"):
        for z in np.linspace(-40, 40, 17):
            figure = BinaryCurves(z, "logit", precision=precision)
            assert figure.losses == pytest.approx(figure.exact_losses, rel=1e-6)
            assert figure.gradients == pytest.approx(figure.exact_gradients, abs=1e-7)
            assert figure.lost_from == (None, None)


@pytest.mark.parametrize("exponent", [1, 3, 7, 12])
def test_clipping_ends_the_push_where_the_probability_leaves_the_range(exponent):
    figure = BinaryCurves(recipe="clipped q", exponent=exponent, precision="float64")
    edge = scipy.special.logit(10.0**-exponent)
    assert figure.lost_from == (np.floor(edge * 10) / 10, np.ceil(-edge * 10) / 10)
    figure.logit = edge - 0.01
    assert figure.gradients[0] == 0
    assert figure.losses[0] == pytest.approx(exponent * np.log(10), rel=1e-12)
    figure.logit = edge + 0.01
    assert figure.gradients[0] == pytest.approx(-1, abs=2 * 10.0**-exponent)


def test_an_added_constant_halves_the_push_where_the_probability_is_as_small():
    figure = BinaryCurves(scipy.special.logit(1e-7), "q + epsilon", 7, "float64")
    assert figure.gradients[0] == pytest.approx(-0.5, rel=1e-6)
    assert figure.losses[0] == pytest.approx(-np.log(2e-7), rel=1e-12)
    assert figure.lost_from[0] == np.floor(figure.logit * 10) / 10
    assert BinaryCurves(40, "q + epsilon", 1).losses[0] == pytest.approx(-np.log(1.1), rel=1e-6)  # below 0


def test_in_float32_one_minus_a_small_constant_is_one_and_protects_nothing():
    protected, bare = BinaryCurves(20, "clipped q", 15), BinaryCurves(20, "q")
    for figure in (protected, bare):
        assert np.isnan(figure.losses[0])  # sure and right
        assert figure.losses[1] == np.inf  # sure and wrong
        assert np.isnan(figure.gradients).all()
    assert bare.lost_from == (None, 16.7)
    assert protected.lost_from == (-34.6, 16.7)  # clipping works at the lower end alone
    protected.precision = "float64"
    assert np.isfinite(protected.losses).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"logit": 41}, "logit is 41; expected at least -40 and at most 40"),
        ({"logit": float("nan")}, "logit is nan; expected"),
        ({"logit": "1"}, "expected a float"),
        ({"recipe": "sigmoid"}, "recipe.*'clipped q'.*'sigmoid'"),
        ({"exponent": 0}, "exponent.*not be less than 1.*0"),
        ({"exponent": 17}, "exponent.*not be greater than 16.*17"),
        ({"exponent": 1e-7}, "exponent.*expected an int"),
        ({"precision": "float16"}, "precision.*'float32'.*'float16'"),
        ({"axis": "x"}, "axis.*'probability'.*'x'"),
    ],
)
def test_bad_input_is_named_and_changes_nothing(arguments, message):
    with pytest.raises(TraitError, match=message):
        BinaryCurves(**arguments)
    figure = BinaryCurves()
    before = repr(figure)
    with pytest.raises(TraitError, match=message):
        setattr(figure, *next(iter(arguments.items())))
    assert repr(figure) == before


def test_repr_is_the_call_that_makes_it():
    figure = BinaryCurves(-20.3, "q + epsilon", 10, "float64", "logit")
    assert repr(eval(repr(figure))) == repr(figure)
    assert repr(figure) == (
        "BinaryCurves(logit=-20.3, recipe='q + epsilon', exponent=10, precision='float64', axis='logit')"
    )


def test_the_summary_holds_the_numbers():
    text = BinaryCurves(-20, "clipped q", 7).summary
    for part in ("16.118 nats (exactly 20.000)", "exactly 0 for a yes", "ε = 1e−7", "a yes at z = −16.2"):
        assert part in text
    assert "a yes pays NaN (exactly 0.000) and a no ∞ nats (exactly 20.000)" in BinaryCurves(20, "q").summary
    text = BinaryCurves(-20, "logit").summary
    assert "The whole push arrives" in text
    assert "ε" not in text

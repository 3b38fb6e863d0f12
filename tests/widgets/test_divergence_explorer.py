import numpy as np
import pytest
import scipy.special
import scipy.stats
from divergence_vectors import random_pairs
from traitlets import TraitError

from helpers.widgets import DivergenceExplorer

BALLS = ["six", "four", "dot"]
P, Q = [0.1, 0.2, 0.7], [0.7, 0.2, 0.1]


def explorer(outcomes=BALLS, p=P, q=Q, **more):
    return DivergenceExplorer(outcomes, p, q, **more)


def of(pair) -> DivergenceExplorer:
    return DivergenceExplorer([f"outcome {k}" for k in range(len(pair[0]))], *pair)


@pytest.mark.parametrize("pair", random_pairs())
def test_every_measure_equals_scipy(pair):
    p, q = map(np.array, pair)
    figure = of(pair)
    assert figure.entropy_p == pytest.approx(scipy.stats.entropy(p), abs=1e-12)
    assert figure.entropy_q == pytest.approx(scipy.stats.entropy(q), abs=1e-12)
    assert figure.divergence == pytest.approx(scipy.stats.entropy(p, q), abs=1e-12)
    assert figure.reverse_divergence == pytest.approx(scipy.stats.entropy(q, p), abs=1e-12)
    assert figure.terms == pytest.approx(scipy.special.rel_entr(p, q), abs=1e-12)
    assert figure.reverse_terms == pytest.approx(scipy.special.rel_entr(q, p), abs=1e-12)


@pytest.mark.parametrize("pair", random_pairs())
def test_entropy_and_divergence_add_up_to_the_cross_entropy_and_the_terms_to_the_divergence(pair):
    figure = of(pair)
    assert figure.entropy_p + figure.divergence == pytest.approx(figure.cross_entropy)
    assert figure.entropy_q + figure.reverse_divergence == pytest.approx(figure.reverse_cross_entropy)
    assert figure.terms.sum() == pytest.approx(figure.divergence, abs=1e-12)
    assert figure.reverse_terms.sum() == pytest.approx(figure.reverse_divergence, abs=1e-12)


def test_a_term_may_be_negative_and_the_sum_never_is():
    figures = [of(pair) for pair in random_pairs()]
    assert min(figure.terms.min() for figure in figures) < 0
    assert min(figure.divergence for figure in figures) == 0


def test_the_numbers_of_the_chapter():
    figure = explorer()
    assert (round(figure.entropy_p, 3), round(figure.divergence, 3)) == (0.802, 1.168)
    assert round(figure.cross_entropy, 3) == 1.969


def test_what_is_ruled_out_is_infinite_one_way_round():
    figure = explorer(q=[0, 0.2, 0.8])
    assert figure.divergence == figure.cross_entropy == figure.terms[0] == np.inf
    assert 0 < figure.reverse_divergence < np.inf
    assert "KL(p‖q) infinite (from six infinite, four 0.000, dot −0.093)" in figure.summary
    assert "add up to the cross-entropy H(p, q) infinite." in figure.summary


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"outcomes": ["six"], "p": [1.0], "q": [1.0]}, "expected a list of two or more words"),
        ({"p": [0.5, 0.5]}, "p has 2 values; expected 3, one for each outcome"),
        ({"q": [0.5, 0.5]}, "q has 2 values; expected 3, one for each outcome"),
        ({"p": [0.5, 0.5, 0.5]}, "p sums to 1.5"),
        ({"q": [-0.5, 0.5, 1.0]}, "q holds -0.5; expected probabilities between 0 and 1"),
        ({"q": [float("nan"), 0.5, 0.5]}, "probabilities that sum to 1"),
        ({"q": "even"}, "probabilities that sum to 1"),
        ({"presets": [1]}, r"presets is \[1\]; expected a dict"),
        (
            {"presets": {"even": [1, 0, 0]}},
            "presets holds 'even'.*expected a name and a dict with p, q or both",
        ),
        ({"presets": {"even": {}}}, "presets holds 'even'"),
        ({"presets": {"even": {"r": P}}}, "presets holds 'even'"),
        ({"presets": {1: {"p": P}}}, "presets holds 1"),
        ({"presets": {"even": {"q": [1, 1, 1]}}}, "preset 'even': q sums to 3"),
        ({"presets": {"even": {"q": [0.5, 0.5]}}}, "preset 'even': q has 2 values; expected 3, one for"),
        ({"presets": {"even": {"q": ["a", "b", "c"]}}}, "preset 'even': .*probabilities that sum to 1, not"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(TraitError, match=message):
        explorer(**arguments)


def test_a_bad_value_later_leaves_the_figure_as_it_was():
    figure = explorer()
    with pytest.raises(TraitError, match="q has 2 values"):
        figure.q = [0.5, 0.5]
    with pytest.raises(TraitError, match=r"p sums to 0\.9"):
        figure.p = [0.1, 0.1, 0.7]
    with pytest.raises(TraitError, match="read-only"):
        figure.outcomes = ["a", "b", "c"]
    assert (figure.outcomes, figure.p, figure.q) == (BALLS, P, Q)


def test_an_array_is_kept_as_a_list_and_reset_knows_the_start():
    figure = explorer()
    figure.q = np.full(3, 1 / 3)
    assert figure.q == [1 / 3] * 3
    assert figure.start == {"p": P, "q": Q}


def test_repr_is_the_call_that_makes_it_and_holds_no_address():
    assert repr(explorer()) == (
        "DivergenceExplorer(outcomes=['six', 'four', 'dot'], p=[0.1, 0.2, 0.7], q=[0.7, 0.2, 0.1])"
    )
    figure = explorer(
        p=np.full(3, 1 / 3), presets={"even": {"q": np.full(3, 1 / 3)}, "both": {"p": P, "q": Q}}
    )
    copy = eval(repr(figure))
    assert copy.p == pytest.approx(figure.p, abs=1e-9)
    assert repr(copy) == repr(figure)
    assert dict(copy.presets)["both"] == {"p": P, "q": Q}


def test_the_summary_holds_the_numbers():
    figure = explorer()
    for number in (*P, *Q, figure.entropy_p, figure.divergence, figure.cross_entropy):
        assert f"{number:.3f}" in figure.summary
    figure.q = [0.5, 0.3, 0.2]  # another entropy than that of p
    h, kl, ce = figure.entropy_q, figure.reverse_divergence, figure.reverse_cross_entropy
    assert f"H(q) {h:.3f} and KL(q‖p) {kl:.3f} add up to H(q, p) {ce:.3f}." in figure.summary

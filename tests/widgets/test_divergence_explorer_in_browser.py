"""The divergence explorer on a page without a kernel, by mouse and by keyboard."""

import numpy as np
import pytest
from as_shown import fixed, plain, signed
from divergence_vectors import random_pairs

from helpers.information import nats_to_bits
from helpers.widgets import DivergenceExplorer

pytestmark = pytest.mark.browser

BALLS = ["six", "four", "dot"]
P, Q = [0.1, 0.2, 0.7], [0.7, 0.2, 0.1]
PRESETS = {"Record": {"p": [0.12, 0.2, 0.68]}, "No six": {"q": [0.0, 0.2, 0.8]}}


@pytest.fixture
def explorer():
    return DivergenceExplorer(BALLS, P, Q, PRESETS)


def nats(x: float, form=fixed) -> str:
    return "∞" if x == np.inf else form(x, 3)


def shown(explorer: DivergenceExplorer) -> dict:
    """What a view should say, from the helpers' numbers."""
    sums = [
        [explorer.entropy_p, explorer.divergence, explorer.cross_entropy],
        [explorer.entropy_q, explorer.reverse_divergence, explorer.reverse_cross_entropy],
    ]
    return {
        "p": [fixed(x, 3) for x in explorer.p],
        "q": [fixed(x, 3) for x in explorer.q],
        "terms": [nats(x, signed) for x in explorer.terms],
        "reverse terms": [nats(x, signed) for x in explorer.reverse_terms],
        "divergences": [nats(explorer.divergence), nats(explorer.reverse_divergence)],
        "sums": [f"{nats(x)} nats {nats(float(nats_to_bits(x)))} bits" for way in sums for x in way],
        "means": [nats(explorer.cross_entropy), nats(explorer.reverse_cross_entropy)],
    }


def read(figure) -> dict:
    """What a view does say."""

    def texts(selector):
        return [plain(text) for text in figure.locator(selector).all_text_contents()]

    terms = texts(".xe-pair:not(.xe-pair-sum) .xe-term .xe-number")
    return {
        "p": texts(".xe-share.xe-of-p .xe-number"),
        "q": texts(".xe-share.xe-of-q .xe-number"),
        "terms": terms[::2],
        "reverse terms": terms[1::2],
        "divergences": texts(".xe-pair-sum .xe-number"),
        "sums": texts(".xe-quantity"),
        "means": texts(".xe-plot .xe-value"),
    }


def assert_shows(figure, made: DivergenceExplorer) -> None:
    assert read(figure) == shown(made), made


def sentence(figure) -> str:
    return plain(figure.locator(".xe-verdict").text_content())


def test_every_number_equals_the_helpers(visit):
    figures = [DivergenceExplorer([f"n{k}" for k in range(len(p))], p, q) for p, q in random_pairs()]
    page = visit(*figures)
    for number, figure in enumerate(figures):
        assert_shows(page.figure(number), figure)
    assert page.errors == []


def test_a_key_moves_one_probability_and_the_others_keep_their_proportions(visit, explorer):
    page = visit(explorer)
    page.figure().get_by_label("q of six").press("ArrowLeft")
    explorer.q = [0.69, 0.31 * 2 / 3, 0.31 / 3]
    assert read(page.figure()) == shown(explorer)
    page.figure().get_by_label("p of dot").press("End")
    explorer.p = [0, 0, 1]
    assert read(page.figure()) == shown(explorer)
    page.figure().get_by_label("p of dot").press("ArrowLeft")
    explorer.p = [0.005, 0.005, 0.99]
    assert read(page.figure()) == shown(explorer)


def test_every_slider_moves_its_own_probability(visit, explorer):
    page = visit(explorer)
    for name in "pq":
        for k, outcome in enumerate(BALLS):
            control = page.figure().get_by_label(f"{name} of {outcome}")
            control.press("Home")
            assert read(page.figure())[name][k] == "0.000"
            assert control.get_attribute("aria-valuetext").startswith("0.000: adds")


def test_a_slider_says_what_its_outcome_adds_to_which_direction(visit, explorer):
    page = visit(DivergenceExplorer(BALLS, P, [0.5, 0.3, 0.2]))
    explorer.q = [0.5, 0.3, 0.2]
    for name, shares in (("p", explorer.p), ("q", explorer.q)):
        for k, outcome in enumerate(BALLS):
            spoken = page.figure().get_by_label(f"{name} of {outcome}").get_attribute("aria-valuetext")
            forward, backward = nats(explorer.terms[k], signed), nats(explorer.reverse_terms[k], signed)
            adds = f"adds {forward} to KL(p‖q), {backward} to KL(q‖p)"
            assert plain(spoken) == f"{fixed(shares[k], 3)}: {adds}"


def test_a_drag_through_the_end_of_the_slider_keeps_the_proportions(visit, explorer):
    page = visit(explorer)
    slider = page.figure().get_by_label("q of six").bounding_box()
    middle, lane = slider["y"] + slider["height"] / 2, slider["width"] - 14
    mouse = page.page.mouse
    mouse.move(slider["x"] + 7 + 0.7 * lane, middle)
    mouse.down()
    mouse.move(slider["x"] + 2 * slider["width"], middle)
    assert read(page.figure())["q"] == ["1.000", "0.000", "0.000"]
    mouse.move(slider["x"] + 7 + 0.4 * lane, middle)
    mouse.up()
    explorer.q = [0.4, 0.4, 0.2]
    assert read(page.figure()) == shown(explorer)


def test_buttons_swap_copy_even_out_preset_and_reset(visit, explorer):
    page = visit(explorer)
    for name, p, q in [
        ("Record", [0.12, 0.2, 0.68], Q),
        ("Swap p and q", Q, [0.12, 0.2, 0.68]),
        ("Set q to p", Q, Q),
        ("Even q", Q, [1 / 3] * 3),
        ("No six", Q, [0, 0.2, 0.8]),
        ("Reset", P, Q),
    ]:
        page.figure().get_by_role("button", name=name).press("Enter")
        explorer.p, explorer.q = p, q
        assert read(page.figure()) == shown(explorer), name


def test_the_sentence_says_what_is_ruled_out_and_when_nothing_is_lost(visit, explorer):
    page = visit(explorer)
    assert sentence(page.figure()) == (
        "In the world p, forecasting q costs 1.168 nats more than forecasting p; "
        "in the world q, forecasting p costs 1.168 nats more than forecasting q."
    )
    page.figure().get_by_role("button", name="No six").click()
    explorer.q = [0, 0.2, 0.8]
    assert sentence(page.figure()) == (
        "q rules out six, which p allows: KL(p‖q) is infinite. "
        f"KL(q‖p) is {explorer.reverse_divergence:.3f} nats."
    )
    page.figure().get_by_role("button", name="Set q to p").click()
    assert sentence(page.figure()) == "q equals p: both divergences are 0.000 nats."


def test_bars_are_as_long_as_the_probabilities_and_the_mean_as_high_as_the_sum(visit, explorer):
    page = visit(explorer)
    lengths = page.page.evaluate(
        """() => [...document.querySelectorAll(".xe-lane")].map((lane) =>
             lane.querySelector(".xe-fill").getBoundingClientRect().width / (lane.clientWidth - 14))"""
    )
    assert lengths == pytest.approx([x for pair in zip(P, Q, strict=True) for x in pair], abs=2e-3)
    heights = page.page.evaluate(
        """() => [...document.querySelectorAll(".xe-plot")].map((plot) => {
             const height = (mark) => Number(mark.getAttribute("height"));
             const excess = [...plot.querySelectorAll(".xe-dearer")].at(-1);
             return height(excess) / height(plot.querySelector(".xe-mean"));
           })"""
    )
    ratios = [
        explorer.divergence / explorer.entropy_p,
        explorer.reverse_divergence / explorer.entropy_q,
    ]
    assert heights == pytest.approx(ratios, rel=1e-6)


def test_areas_of_the_columns_are_the_terms(visit, explorer):
    """Width times height, in units of the axes: what an outcome adds where the forecast is dearer."""
    page = visit(explorer)
    areas = page.page.evaluate(
        """() => {
             const plot = document.querySelector(".xe-plot");
             const read = (mark, name) => Number(mark.getAttribute(name));
             const [first, ...others] = [...plot.querySelectorAll(".xe-price:not(.xe-mean)")];
             const width = [first, ...others].reduce((sum, mark) => sum + read(mark, "width"), 0);
             const scale = read(first, "height") / -Math.log(0.1);
             return [...plot.querySelectorAll(".xe-dearer")].slice(0, -1)
               .map((mark) => (read(mark, "width") / width) * (read(mark, "height") / scale));
           }"""
    )
    assert areas == pytest.approx([explorer.terms[2]], abs=1e-6)  # of the six less, of the four nothing


def test_each_hatch_lies_over_the_outcomes_of_its_kind(visit):
    page = visit(DivergenceExplorer(BALLS, P, [0.7, 0.1, 0.2]))
    page.figure().locator(".xe-hatch-cheaper").first.wait_for(state="attached")
    spans = page.page.evaluate(
        """() => {
             const plot = document.querySelector(".xe-plot");
             const span = (mark) => { const box = mark.getBBox(); return [box.x, box.x + box.width]; };
             const [six, four] = [...plot.querySelectorAll(".xe-price:not(.xe-mean)")].map(span);
             const at = (name) => span(plot.querySelector(name));
             return { six, four, dearer: at(".xe-hatch-dearer"), cheaper: at(".xe-hatch-cheaper") };
           }"""
    )
    assert spans["cheaper"] == pytest.approx(spans["six"], abs=8)  # a line may begin one gap further on
    assert spans["dearer"][0] == pytest.approx(spans["four"][0], abs=8)


def test_what_is_infinite_ends_in_arrowheads(visit, explorer):
    page = visit(explorer, DivergenceExplorer(BALLS, P, [0, 0.2, 0.8]))
    marks = [page.figure(k).locator(".xe-beyond").count() for k in (0, 1)]
    assert marks == [0, 2]  # its column, and the mean


def test_two_views_of_one_model_move_together_and_other_models_stay(visit, explorer):
    other = DivergenceExplorer(BALLS, Q, Q)
    page = visit(explorer, explorer, other)
    page.figure(0).get_by_label("p of dot").press("Home")
    page.figure(1).get_by_label("q of dot").press("Home")
    explorer.p, explorer.q = [1 / 3, 2 / 3, 0], [0.7 / 0.9, 0.2 / 0.9, 0]
    assert read(page.figure(0)) == read(page.figure(1)) == shown(explorer)
    assert read(page.figure(2)) == shown(other)


def test_the_pictures_and_the_announcement_say_the_numbers(visit, explorer):
    page = visit(explorer)
    pictures = page.figure().get_by_role("img")
    labels = [picture.get_attribute("aria-label") for picture in pictures.all()]
    assert ["KL(p‖q), 1.168 nats" in labels[0], "KL(q‖p), 1.168 nats" in labels[1]] == [True, True]
    page.figure().get_by_role("button", name="Set q to p").press("Enter")
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    assert page.figure().locator(".xe-announcement").text_content() == sentence(page.figure())

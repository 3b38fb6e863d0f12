"""The curves of binary cross-entropy on a page without a kernel, by mouse and by keyboard."""

import numpy as np
import pytest
from as_shown import fixed, loss_text, plain, significant

from helpers.widgets import BinaryCurves
from helpers.widgets.binary_recipes import RECIPES

pytestmark = pytest.mark.browser


def probability(figure) -> str:
    z = figure.logit
    return significant(figure.probability) if z < 6 else f"1 - {significant(BinaryCurves(-z).probability)}"


def gradient(g: float) -> str:
    return "exactly 0" if g == 0 else significant(g)


def push(g: float, true: float, wrong: bool) -> str:
    if np.isnan(g):
        return "NaN, which spoils every weight it reaches"
    if g == 0:
        return "none, though the model is wrong" if wrong else "none, and it is right already"
    share = abs(g) / abs(true)
    return "less than half of it" if share < 0.5 else "more than half of it" if share < 0.95 else "arrives"


def reach(figure) -> str:
    below, above = figure.lost_from
    lost = [
        *([] if below is None else [f"a yes at z = {below:.1f} and below"]),
        *([] if above is None else [f"a no at z = {above:.1f} and above"]),
    ]
    if lost:
        return f"Less than half of the push arrives on {', and on '.join(lost)}."
    return "The whole push arrives at every logit from -40 to 40, wherever the model is wrong."


def shown(figure) -> dict:
    """What a view should say, from the helpers' numbers."""
    wrong = [figure.logit < 0, figure.logit > 0]
    return {
        "table": [
            [loss_text(x) for x in figure.losses],
            [loss_text(x) for x in figure.exact_losses],
            [gradient(g) for g in figure.gradients],
            [gradient(g) for g in figure.exact_gradients],
            list(map(push, figure.gradients, figure.exact_gradients, wrong)),
        ],
        "reach": f"The probability given to yes is q = {probability(figure)}. {reach(figure)}",
        "sliders": [fixed(figure.logit, 1), f"1e-{figure.exponent}"],
        "chosen": [figure.axis, figure.recipe, figure.precision],
    }


def read(figure) -> dict:
    """What a view does say."""
    rows = figure.locator(".xe-table tbody tr").all()
    return {
        "table": [[plain(cell) for cell in row.locator("td").all_inner_texts()] for row in rows],
        "reach": plain(figure.locator(".xe-reach").inner_text()),
        "sliders": [plain(text) for text in figure.locator(".xe-number").all_inner_texts()],
        "chosen": figure.locator("input:checked").evaluate_all("all => all.map((input) => input.value)"),
    }


def assert_shows(figure, made: BinaryCurves) -> None:
    assert read(figure) == shown(made), made


def test_every_number_equals_the_helpers(visit):
    rng = np.random.default_rng(5)
    figures = [
        BinaryCurves(
            float(z), recipe, int(rng.integers(1, 17)), precision, str(rng.choice(["probability", "logit"]))
        )
        for recipe in RECIPES
        for precision in ("float32", "float64")
        for z in [-40, 0, 40, 20, *np.round(rng.uniform(-40, 40, 3), 1)]
    ]
    page = visit(*figures)
    for number, figure in enumerate(figures):
        assert_shows(page.figure(number), figure)
    assert page.errors == []


def test_every_control_works_by_keyboard(visit):
    figure = BinaryCurves(-20, "clipped q", 7, "float32", "logit")
    page = visit(figure).figure()
    page.get_by_label("logit z of yes").press("ArrowLeft")
    figure.logit = -20.1
    assert read(page) == shown(figure)
    page.get_by_label("logit z of yes").press("End")
    figure.logit = 40
    assert read(page) == shown(figure)
    page.get_by_label("epsilon ε").press("ArrowRight")
    figure.exponent = 6
    assert read(page) == shown(figure)
    page.get_by_label("epsilon ε").press("Home")
    figure.exponent = 16
    assert read(page) == shown(figure)
    page.get_by_role("radio", name="clipped q").press("ArrowRight")
    figure.recipe = "q + epsilon"
    assert read(page) == shown(figure)
    page.get_by_role("radio", name="float32").press("ArrowRight")
    figure.precision = "float64"
    assert read(page) == shown(figure)
    page.get_by_role("radio", name="logit").first.press("ArrowLeft")
    figure.axis = "probability"
    assert read(page) == shown(figure)


def test_every_choice_works_by_mouse_and_epsilon_rests_where_the_recipe_has_none(visit):
    figure = BinaryCurves(20, "clipped q", 7, "float32", "probability")
    page = visit(figure).figure()
    assert page.get_by_label("epsilon ε").is_enabled()
    for recipe in RECIPES:
        page.get_by_role("group", name="loss computed from").get_by_text(recipe, exact=True).click()
        figure.recipe = recipe
        assert read(page) == shown(figure)
        assert page.get_by_label("epsilon ε").is_enabled() == (recipe in RECIPES[2:])
    page.get_by_text("float64").click()
    page.get_by_role("group", name="horizontal axis").get_by_text("logit").click()
    figure.precision, figure.axis = "float64", "logit"
    assert read(page) == shown(figure)


@pytest.mark.parametrize("plot", [0, 1])
def test_the_points_can_be_dragged_along_either_axis(visit, plot):
    page = visit(BinaryCurves(-20, axis="logit"), BinaryCurves(-1, axis="probability"))
    for number, expected in enumerate(["-40.0", "6.9"]):
        box = page.figure(number).locator(".xe-plot").nth(plot).bounding_box()
        mouse, middle = page.page.mouse, box["x"] + (36 + box["width"] - 12) / 2  # the margins of the plot
        page.figure(number).locator(".xe-plot").nth(plot).scroll_into_view_if_needed()
        box = page.figure(number).locator(".xe-plot").nth(plot).bounding_box()
        height = box["y"] + box["height"] / 2
        mouse.move(middle + 30, height)
        mouse.down()
        mouse.move(middle, height)
        assert read(page.figure(number))["sliders"][0] == "0.0"
        mouse.move(-500 if number == 0 else 5000, height)
        assert read(page.figure(number))["sliders"][0] == expected
        mouse.up()
        mouse.move(middle, height)
        assert read(page.figure(number))["sliders"][0] == expected


def places(page) -> list[tuple[float, float]]:
    """Logit and value below the middle of each mark that shows a point, on the logit axis."""
    found = page.locator(".xe-pair").evaluate(
        """(pair) => [...pair.querySelectorAll(".xe-plot")].map((plot) => {
             const [left, right] = [36, plot.clientWidth - 12], [top, bottom] = [30, plot.clientHeight - 44];
             return [...plot.querySelectorAll(".xe-point")].map((mark) => {
               const box = mark.getBBox();
               const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
               return [(x - left) / (right - left), (bottom - y) / (bottom - top)];
             });
           })"""
    )
    (loss, push) = found
    return [(80 * x - 40, 40 * y) for x, y in loss], [(80 * x - 40, 2 * y - 1) for x, y in push]


@pytest.mark.parametrize("recipe", ["logit", "clipped q", "q + epsilon"])
def test_the_points_stand_at_their_loss_and_gradient(visit, recipe):
    figure = BinaryCurves(-25.3, recipe, 7, "float32", "logit")
    losses, gradients = places(visit(figure).figure())
    for points, values in ((losses, figure.losses), (gradients, figure.gradients)):
        assert np.array(points)[:, 0] == pytest.approx(-25.3, abs=0.3)
        assert np.array(points)[:, 1] == pytest.approx(values, abs=0.3 if values is figure.losses else 0.02)


def test_a_loss_beyond_the_plot_is_an_arrowhead_and_one_that_is_no_number_a_word(visit):
    page = visit(BinaryCurves(20, "q", axis="logit"), BinaryCurves(-20, "logit"))
    words = [plain(text) for text in page.figure(0).locator(".xe-plot .xe-value").all_text_contents()]
    assert {"yes: NaN", "yes, no: NaN"} <= set(words)
    assert page.figure(0).locator(".xe-plot").first.locator("path.xe-point").count() == 1  # the no, infinite
    assert page.figure(0).locator(".xe-plot").last.locator(".xe-point").count() == 0
    assert page.figure(1).locator(".xe-plot").first.locator("circle").count() == 0
    assert page.figure(1).locator(".xe-plot").first.locator("path.xe-point").count() == 2


@pytest.mark.parametrize(("axis", "bands"), [("logit", 2), ("probability", 0)])
def test_the_dead_zone_is_wide_on_the_logit_axis_and_too_thin_to_see_on_the_other(visit, axis, bands):
    page = visit(BinaryCurves(-4, "clipped q", 7, axis=axis))
    for plot in page.figure().locator(".xe-plot").all():
        assert plot.locator(".xe-lost").count() == bands
    assert "Less than half of the push arrives" in page.figure().get_by_role("img").first.get_attribute(
        "aria-label"
    )


def test_the_dead_zone_begins_where_the_push_is_lost(visit):
    figure = BinaryCurves(-4, "clipped q", 3, axis="logit")
    plot = visit(figure).figure().locator(".xe-plot").first
    plot.locator(".xe-lost").first.wait_for(state="attached")
    width = plot.bounding_box()["width"]
    edges = plot.locator(".xe-lost").evaluate_all(
        """(bands) => bands.map((band) => ["x", "width"].map((name) => Number(band.getAttribute(name))))"""
    )
    logits = [[80 * (x - 36) / (width - 48) - 40 for x in (left, left + wide)] for left, wide in edges]
    below, above = figure.lost_from
    assert logits == [pytest.approx([-40, below], abs=0.1), pytest.approx([above, 40], abs=0.1)]


def test_two_views_of_one_model_move_together_and_another_model_stays(visit):
    figure, other = BinaryCurves(-20), BinaryCurves(3)
    page = visit(figure, figure, other)
    page.figure(0).get_by_label("logit z of yes").press("ArrowRight")
    page.figure(1).get_by_text("float64").click()
    figure.logit, figure.precision = -19.9, "float64"
    assert read(page.figure(0)) == read(page.figure(1)) == shown(figure)
    assert read(page.figure(2)) == shown(other)


@pytest.mark.parametrize("width", [320, 700])
def test_no_text_overlaps_another_or_leaves_the_figure_in_the_extremes(visit, width):
    figures = [
        BinaryCurves(20, "q", axis="logit"),
        BinaryCurves(40, "clipped q", 1, axis="logit"),
        BinaryCurves(-40, "q + epsilon", 1),
        BinaryCurves(38, "q", 1, "float64"),
    ]
    page = visit(*figures, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    overlaps = page.evaluate(
        """() => [...document.querySelectorAll(".xe-plot")].flatMap((plot) => {
             const box = (text) => [text.textContent, text.getBoundingClientRect()];
             const texts = [...plot.querySelectorAll("text")].map(box);
             return texts.flatMap(([a, r], i) => texts.slice(i + 1).filter(([b, s]) =>
               Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1 &&
               Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 1).map(([b]) => [a, b]));
           })"""
    )
    assert overlaps == []

"""Temperature and label smoothing on a page without a kernel, by mouse and by keyboard."""

import math

import numpy as np
import pytest
from as_shown import chance, fixed, leading, plain

from helpers.widgets import TemperatureAndSmoothing

pytestmark = pytest.mark.browser

WORDS = ["chai", "paani", "dudh", "coffee"]
LOGITS = [2.0, 1.0, 0.1, -1.0]


@pytest.fixture
def made():
    return TemperatureAndSmoothing(WORDS, LOGITS, label_smoothing=0.1)


def nats(x: float) -> str:
    return f"{fixed(x, 3)} nats"


def best(made: TemperatureAndSmoothing) -> str:
    if max(made.logits) == min(made.logits):
        return "any"
    end = {0.1: " or less", 10.0: " or more"}.get(made.best_temperature, "")
    return leading(made.best_temperature) + end


def verdict(made: TemperatureAndSmoothing) -> str:
    if max(made.logits) == min(made.logits):
        return "All logits are equal"
    if abs(made.loss - made.forecast_entropy) < 5e-4:
        return f"In balance: the forecast expects to pay {nats(made.forecast_entropy)}"
    word = "Too sure" if made.forecast_entropy < made.loss else "Not sure enough"
    own, paid = nats(made.forecast_entropy), nats(made.loss)
    return f"{word}: the forecast expects to pay {own}, its entropy, and pays {paid}"


def shown(made: TemperatureAndSmoothing) -> dict:
    """What the view should say, from the helpers' numbers."""
    columns = (made.forecast_at_one, made.forecast, made.smoothed_target)
    amounts = (made.loss, made.floor, made.excess, made.forecast_entropy)
    return {
        "rows": [[fixed(x, 3) for x in row] for row in zip(*columns, strict=True)],
        "target": [k == made.target for k in range(len(made.words))],
        "sliders": [leading(made.temperature), chance(made.label_smoothing)],
        "amounts": [*map(nats, amounts), best(made)],
        "widths": [pytest.approx(100 * q, abs=0.01) for q in made.forecast],
    }


READ = """(figure) => {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const text = (node) => node.innerText.replaceAll(/\\s+/g, " ").replaceAll("\u2212", "-").trim();
  return {
    "rows": all(".xe-blend-row:has(input)").map((row) => [...row.querySelectorAll(".xe-number")].map(text)),
    "target": all("[type=radio]").map((radio) => radio.checked),
    "sliders": all(".xe-slider output").map(text),
    "amounts": all(".xe-quantity").map(text),
    "widths": all(".xe-blend-now").map((bar) => parseFloat(bar.style.width)),
  };
}"""


def assert_shows(figure, made):
    assert figure.evaluate(READ) == shown(made), made
    assert plain(figure.locator(".xe-blend-verdict").inner_text()).startswith(verdict(made)), made


def test_every_number_equals_the_helpers(visit):
    rng = np.random.default_rng(4)
    figures = [
        TemperatureAndSmoothing(
            [f"w{k}" for k in range(n)],
            rng.normal(0, scale, n),
            target=int(rng.integers(n)),
            temperature=10 ** rng.uniform(-1, 1),
            label_smoothing=epsilon,
        )
        for n in (2, 4, 7)
        for scale in (0.5, 3)
        for epsilon in (0, 0.0123, 0.5)
    ]
    page = visit(*figures)
    for number, made in enumerate(figures):
        assert_shows(page.figure(number), made)
    assert page.errors == []


def test_the_extreme_states_are_shown(visit):
    figures = [
        TemperatureAndSmoothing(["a", "b", "c"], logits, target, temperature, epsilon)
        for logits in ([100, 0, -100], [0, 0, 0], [1, 1, -3])
        for target in (0, 2)
        for temperature in (0.1, 10)
        for epsilon in (0, 1)
    ]
    page = visit(*figures)
    for number, made in enumerate(figures):
        assert_shows(page.figure(number), made)
    assert page.errors == []


def test_temperature_and_smoothing_move_by_key(visit, made):
    page = visit(made)
    heat = page.figure().get_by_role("slider", name="temperature T")
    smoothing = page.figure().get_by_role("slider", name="label smoothing")
    heat.press("ArrowRight")
    made.temperature = 1.05
    assert_shows(page.figure(), made)
    assert heat.get_attribute("aria-valuetext") == f"1.05: loss {nats(made.loss)}"
    smoothing.press("ArrowRight")
    made.label_smoothing = 0.11
    assert_shows(page.figure(), made)
    assert (
        smoothing.get_attribute("aria-valuetext") == f"0.11: floor {nats(made.floor)}, loss {nats(made.loss)}"
    )
    for slider, key, name, value in [
        (heat, "Home", "temperature", 0.1),
        (heat, "End", "temperature", 10),
        (smoothing, "End", "label_smoothing", 1),
        (smoothing, "Home", "label_smoothing", 0),
    ]:
        slider.press(key)
        setattr(made, name, value)
        assert_shows(page.figure(), made)


def test_another_word_is_chosen_by_its_label_and_by_key(visit, made):
    page = visit(made)
    page.figure().locator(".xe-blend-name", has_text="dudh").click()
    made.target = 2
    assert_shows(page.figure(), made)
    page.figure().get_by_role("radio", name="target: dudh").press("ArrowDown")
    made.target = 3
    assert_shows(page.figure(), made)


def test_the_best_temperature_is_taken_and_reset_goes_back(visit, made):
    page = visit(made)
    page.figure().get_by_role("button", name="Best temperature").click()
    start, made.temperature = made.temperature, made.best_temperature
    assert_shows(page.figure(), made)
    amounts = page.figure().locator(".xe-quantity").all_inner_texts()
    assert amounts[0] == amounts[3]  # there a forecast pays its entropy
    page.figure().get_by_role("button", name="Reset").press("Enter")
    made.temperature = start
    assert_shows(page.figure(), made)


def middle(box: dict) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def tick(figure, text: str) -> tuple[float, float]:
    return middle(figure.locator(".xe-plot .xe-tick").get_by_text(text, exact=True).last.bounding_box())


def test_the_point_can_be_dragged_and_stays_on_the_curve(visit, made):
    page = visit(made)
    figure, mouse = page.figure(), page.page.mouse
    x, y = middle(figure.locator(".xe-point").bounding_box())
    assert x == pytest.approx(tick(figure, "1")[0], abs=1)
    mouse.move(x, y)
    mouse.down()
    mouse.move(tick(figure, "2")[0], y)
    made.temperature = 2
    assert_shows(figure, made)
    mouse.move(5000, y)
    made.temperature = 10
    assert_shows(figure, made)
    mouse.move(-50, y)
    mouse.up()
    made.temperature = 0.1
    assert_shows(figure, made)
    mouse.move(x, y)
    assert_shows(figure, made)


def heights(figure):
    """Function from a height on the page to nats."""
    zero, one = (
        middle(figure.locator(".xe-plot .xe-tick").get_by_text(text, exact=True).first.bounding_box())[1]
        for text in "01"
    )
    return lambda y: (zero - y) / (zero - one)


def curve(figure, name=".xe-curve") -> np.ndarray:
    """Corners of the loss curve, or of another one, in pixels of the page, shape (corners, 2)."""
    plot = figure.locator(".xe-plot").bounding_box()
    corners = figure.locator(name).get_attribute("points").split()
    inside = np.array([[float(c) for c in corner.split(",")] for corner in corners])
    return inside + np.array([plot["x"], plot["y"]])


def test_point_curve_floor_and_best_stand_at_their_heights(visit, made):
    made.temperature = 0.3
    page = visit(made)
    figure = page.figure()
    height = heights(figure)
    x, y = middle(figure.locator(".xe-point").bounding_box())
    assert np.interp(x, *curve(figure).T) == pytest.approx(y, abs=1)
    assert height(y) == pytest.approx(made.loss, abs=0.03)
    assert height(middle(figure.locator(".xe-floor").bounding_box())[1]) == pytest.approx(
        made.floor, abs=0.03
    )
    assert height(middle(figure.locator(".xe-even").bounding_box())[1]) == pytest.approx(
        math.log(4), abs=0.03
    )
    made.temperature = made.best_temperature
    assert height(curve(figure)[:, 1].max()) == pytest.approx(made.loss, abs=0.03)
    bx, by = middle(figure.locator(".xe-best").bounding_box())
    assert height(by) == pytest.approx(made.loss, abs=0.03)
    left, right = tick(figure, "0.1")[0], tick(figure, "10")[0]
    assert -1 + 2 * (bx - left) / (right - left) == pytest.approx(math.log10(made.best_temperature), abs=0.01)


def test_the_line_below_the_point_is_cut_into_floor_and_excess(visit, made):
    made.temperature = 3
    figure = visit(made).figure()
    nats, plot = heights(figure), figure.locator(".xe-plot").bounding_box()
    for name, *ends in [(".xe-part-floor", 0, made.floor), (".xe-part-excess", made.floor, made.loss)]:
        line = figure.locator(name)
        drawn = [nats(plot["y"] + float(line.get_attribute(y))) for y in ("y1", "y2")]
        assert drawn == pytest.approx(ends, abs=0.03), name


def test_the_entropy_of_the_forecast_is_drawn_at_each_temperature(visit, made):
    figure = visit(made).figure()
    nats, (xs, ys) = heights(figure), curve(figure, ".xe-own-entropy").T
    for temperature in (0.2, 1, 5):
        made.temperature = temperature
        drawn = np.interp(tick(figure, f"{temperature:g}")[0], xs, ys)
        assert nats(drawn) == pytest.approx(made.forecast_entropy, abs=0.03)


def test_a_loss_above_the_plot_becomes_an_arrowhead_and_the_curves_end_at_the_top(visit):
    made = TemperatureAndSmoothing(WORDS, LOGITS, target=3, temperature=0.1)
    page = visit(made)
    assert page.figure().locator("path.xe-point").count() == 1
    height = heights(page.figure())
    assert height(curve(page.figure())[:, 1].min()) == pytest.approx(3, abs=0.03)


@pytest.mark.parametrize("width", [320, 900])
def test_the_label_of_the_point_is_inside_the_figure_and_clear_of_the_curve(visit, width):
    figures = [
        TemperatureAndSmoothing(WORDS, LOGITS, target, temperature, epsilon)
        for target in (0, 2)
        for temperature in (0.1, 0.3, 0.5, 1, 3, 10)
        for epsilon in (0, 0.1, 0.9)
    ]
    page = visit(*figures, width=width).page
    inside = page.evaluate(
        """() => [...document.querySelectorAll(".xe-figure")].map((figure) => {
             const label = figure.querySelector(".xe-value").getBoundingClientRect();
             const frame = figure.querySelector(".xe-plot").getBoundingClientRect();
             const point = figure.querySelector(".xe-point").getBoundingClientRect();
             const over = Math.min(label.right, point.right) - Math.max(label.left, point.left) > 0 &&
               Math.min(label.bottom, point.bottom) - Math.max(label.top, point.top) > 0;
             return label.left >= frame.left && label.right <= frame.right && label.bottom <= frame.bottom &&
               label.top >= frame.top && !over;
           })"""
    )
    assert inside == [True] * len(figures)


def test_two_views_of_one_model_move_together_and_other_models_stay(visit, made):
    other = TemperatureAndSmoothing(WORDS, LOGITS, target=1)
    page = visit(made, made, other)
    page.figure(0).get_by_role("slider", name="temperature").press("Home")
    page.figure(1).get_by_role("radio", name="target: coffee").check()
    made.temperature, made.target = 0.1, 3
    assert_shows(page.figure(0), made)
    assert_shows(page.figure(1), made)
    assert_shows(page.figure(2), other)


def test_the_picture_is_described_in_its_present_state(visit, made):
    page = visit(made)
    described = page.page.get_by_role("img").get_attribute("aria-label")
    assert f"T = 1: loss {nats(made.loss)}, of which {nats(made.floor)} is the floor" in described
    assert f"Best temperature: {best(made)}" in described

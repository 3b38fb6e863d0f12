"""The loss curve on a page without a kernel, by mouse and by keyboard."""

import numpy as np
import pytest
from as_shown import fixed, leading, plain, size

from helpers.widgets import LossCurve

pytestmark = pytest.mark.browser


@pytest.fixture
def curve():
    return LossCurve(probability=0.10)


def readout(figure) -> list[str]:
    return [plain(text) for text in figure.locator(".xe-quantity").all_inner_texts()]


def curve_readout(curve: LossCurve, probability: str) -> list[str]:
    loss = f"{curve.loss:.3f} nats = {curve.bits:.3f} bits"
    return [probability, loss, f"-{size(-curve.slope)}", size(curve.perplexity)]


def short(p: float) -> str:
    """A probability with two decimals; with up to four where it has them, and leading digits below 0.01."""
    if p < 0.01:
        return leading(p)
    return fixed(p, 2) if p == round(p, 2) else fixed(p, 4).rstrip("0")


def assert_shows(figure, curve: LossCurve) -> None:
    assert readout(figure) == curve_readout(curve, short(curve.probability)), curve


def test_every_number_of_the_curve_equals_the_helpers(visit):
    cases = {
        1e-9: "1e-9",
        0.004: "0.004",
        0.01: "0.01",
        0.1: "0.10",
        0.125: "0.125",
        0.7: "0.70",
        1.0: "1.00",
    }
    curves = [LossCurve(probability=p) for p in cases]
    page = visit(*curves)
    for number, (curve, text) in enumerate(zip(curves, cases.values(), strict=True)):
        assert readout(page.figure(number)) == curve_readout(curve, text)


def test_the_point_lies_on_the_curve_and_beyond_the_plot_it_becomes_an_arrowhead(visit, curve):
    page = visit(curve, LossCurve(probability=1e-4))
    point = page.figure(0).locator("circle.xe-point")
    x, y = float(point.get_attribute("cx")), float(point.get_attribute("cy"))
    corners = page.figure(0).locator(".xe-curve").get_attribute("points").split()
    xs, ys = np.array([[float(c) for c in corner.split(",")] for corner in reversed(corners)]).T
    assert y == pytest.approx(np.interp(x, xs, ys), abs=0.2)  # pixels
    assert page.figure(1).locator("circle.xe-point").count() == 0
    assert page.figure(1).locator("path.xe-point").count() == 1


@pytest.mark.parametrize("p", [0.05, 0.3, 0.8])
def test_the_tangent_touches_the_curve_at_the_point(visit, p):
    figure = visit(LossCurve(probability=p)).figure()
    line = figure.locator(".xe-guide")
    x1, y1, x2, y2 = (float(line.get_attribute(end)) for end in ("x1", "y1", "x2", "y2"))
    corners = figure.locator(".xe-curve").get_attribute("points").split()
    xs, ys = np.array([[float(c) for c in corner.split(",")] for corner in reversed(corners)]).T
    along = np.linspace(x1, x2, 20)
    above = np.interp(along, xs, ys) - np.interp(along, [x1, x2], [y1, y2])  # pixels grow downwards
    assert above.max() < 0.3  # −log p is convex: no tangent crosses it
    point = float(figure.locator("circle.xe-point").get_attribute("cx"))
    assert np.interp(point, along, above) == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize("width", [340, 900])
def test_the_label_of_the_point_is_inside_the_plot_and_clear_of_the_curve(visit, width):
    curves = [LossCurve(probability=p) for p in (1e-5, 0.01, 0.1, 0.5, 0.7, 0.9, 1.0)]
    page = visit(*curves, width=width).page
    found = page.evaluate(
        """() => [...document.querySelectorAll(".xe-plot")].map((plot) => {
             const label = plot.querySelector(".xe-value").getBBox(), curve = plot.querySelector(".xe-curve");
             const inside = label.x > 0 && label.y > 0 && label.x + label.width <= plot.clientWidth;
             const [right, bottom] = [label.x + label.width, label.y + label.height];
             const length = curve.getTotalLength();
             const points = Array.from({length: 500}, (_, i) => curve.getPointAtLength(i / 499 * length));
             const struck = points.some(({x, y}) => x > label.x && x < right && y > label.y && y < bottom);
             return [inside, struck];
           })"""
    )
    assert found == [[True, False]] * len(curves)


def test_an_arrow_key_moves_the_probability_by_a_hundredth(visit, curve):
    page = visit(curve)
    page.figure().get_by_role("slider").press("ArrowRight")
    assert readout(page.figure()) == curve_readout(LossCurve(probability=0.11), "0.11")
    page.figure().get_by_role("slider").press("End")
    assert readout(page.figure()) == curve_readout(LossCurve(probability=1), "1.00")
    page.figure().get_by_role("slider").press("Home")
    assert readout(page.figure()) == curve_readout(LossCurve(probability=0.01), "0.01")


def test_the_point_can_be_dragged(visit, curve):
    page = visit(curve)
    point = page.figure().locator(".xe-point").bounding_box()
    one = page.figure().locator(".xe-plot text", has_text="1").last.bounding_box()
    zero = page.figure().locator(".xe-plot text", has_text="0").nth(1).bounding_box()
    mouse = page.page.mouse
    mouse.move(point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
    mouse.down()
    middle = (zero["x"] + zero["width"] / 2 + one["x"] + one["width"] / 2) / 2  # above p = 0.5
    mouse.move(middle, point["y"])
    assert readout(page.figure())[0] == "0.50"
    mouse.move(5000, point["y"])
    assert readout(page.figure())[0] == "1.00"
    mouse.up()
    mouse.move(middle, point["y"])
    assert readout(page.figure())[0] == "1.00"


@pytest.mark.parametrize("button", ["right", "middle"])
def test_another_button_of_the_mouse_drags_nothing(visit, curve, button):
    page = visit(curve)
    box = page.figure().locator(".xe-plot").bounding_box()
    page.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.page.mouse.down(button=button)
    page.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + box["height"] / 2)
    page.page.mouse.up(button=button)
    assert readout(page.figure()) == curve_readout(curve, "0.10")


def test_the_loss_is_announced_and_the_picture_described(visit, curve):
    page = visit(curve)
    for _ in range(3):
        page.figure().get_by_role("slider").press("ArrowRight")
    curve.probability = 0.13
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    region = page.figure().locator(".xe-announcement")
    assert region.text_content() == f"loss {curve.loss:.3f} nats, perplexity {size(curve.perplexity)}"
    assert f"p = 0.13, loss {curve.loss:.3f} nats" in page.figure().get_by_role("img").get_attribute(
        "aria-label"
    )

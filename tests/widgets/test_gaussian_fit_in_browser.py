"""The Gaussian fit on a page without a kernel, by mouse and by keyboard."""

import re

import numpy as np
import pytest
from as_shown import fixed, plain
from divergence_vectors import random_fits
from playwright.sync_api import expect

from helpers.widgets import GaussianFit

pytestmark = pytest.mark.browser

SLIDERS = [
    "mean of q",
    "standard deviation of q",
    "share in the left hump of p",
    "distance between humps of p",
]


@pytest.fixture
def fit():
    return GaussianFit(mean=0, sd=1)


@pytest.fixture
def still(visit):
    """The same as visit, for a reader who prefers reduced motion: a descent is one step."""

    def open_page(*widgets, **more):
        page = visit(*widgets, **more)
        page.page.emulate_media(reduced_motion="reduce")
        return page

    return open_page


def shown(fit: GaussianFit) -> dict:
    """What a view should say, from the helpers' numbers."""
    left, right = fit.centres
    mean, sd = fit.moments
    return {
        "sliders": [fixed(fit.mean, 2), fixed(fit.sd, 2), fixed(fit.weight, 2), fixed(right - left, 1)],
        "ways": [
            f"Forward KL(p‖q) = {fixed(fit.forward, 3)} nats = {fixed(fit.forward_bits, 3)} bits",
            f"Reverse KL(q‖p) = {fixed(fit.reverse, 3)} nats = {fixed(fit.reverse_bits, 3)} bits",
        ],
        "moments": f"p as a whole: mean {fixed(mean, 2)}, standard deviation {fixed(sd, 2)}",
    }


def read(figure) -> dict:
    """What a view does say."""
    return {
        "sliders": [plain(text) for text in figure.locator(".xe-number").all_text_contents()],
        "ways": [plain(text) for text in figure.locator(".xe-way").all_text_contents()],
        "moments": plain(figure.locator(".xe-moments").text_content()),
    }


def assert_shows(figure, made: GaussianFit) -> None:
    assert read(figure) == shown(made), made


def test_every_number_equals_the_helpers(visit):
    fits = [GaussianFit(**state) for state in random_fits()]
    page = visit(*fits)
    for number, fit in enumerate(fits):
        assert_shows(page.figure(number), fit)
    assert page.errors == []


def test_each_slider_moves_its_own_trait(visit, fit):
    page = visit(fit)
    for label, key, change in [
        ("mean of q", "ArrowRight", {"mean": 0.05}),
        ("mean of q", "Home", {"mean": -6}),
        ("standard deviation of q", "ArrowLeft", {"sd": 0.95}),
        ("standard deviation of q", "End", {"sd": 5}),
        ("share in the left hump of p", "ArrowRight", {"weight": 0.65}),
        ("distance between humps of p", "ArrowLeft", {"centres": [-1.95, 2.45]}),
        ("distance between humps of p", "Home", {"centres": [0.25, 0.25]}),
        ("distance between humps of p", "End", {"centres": [-3.5, 4]}),
        ("share in the left hump of p", "Home", {"weight": 0.05}),
    ]:
        page.figure().get_by_label(label, exact=True).press(key)
        for name, value in change.items():
            setattr(fit, name, value)
        assert read(page.figure()) == shown(fit), (label, key)
    for label in SLIDERS:
        assert page.figure().get_by_label(label, exact=True).get_attribute("aria-valuetext")


@pytest.mark.parametrize("start", [(-3, 1), (3.5, 0.5), (-0.2, 2.31)])
@pytest.mark.parametrize("direction", ["forward", "reverse"])
def test_each_button_descends_as_the_helpers_do_and_reset_undoes_it(still, start, direction):
    fit = GaussianFit(mean=start[0], sd=start[1])
    before = shown(fit)
    page = still(fit)
    name = {"forward": "Minimise KL(p‖q)", "reverse": "Minimise KL(q‖p)"}[direction]
    page.figure().get_by_role("button", name=name).press("Enter")
    fit.minimise(direction)
    assert read(page.figure()) == shown(fit)
    page.figure().get_by_role("button", name="Reset").click()
    assert read(page.figure()) == before


def test_a_descent_is_shown_step_by_step_and_ends_at_the_minimum(visit, fit):
    page = visit(fit)
    page.page.evaluate(
        """() => {
             window.seen = [];
             const value = document.querySelector(".xe-divergence");
             const note = () => window.seen.push(value.textContent);
             new MutationObserver(note).observe(value, { childList: true });
           }"""
    )
    page.figure().get_by_role("button", name="Minimise KL(p‖q)").click()
    fit.minimise("forward")
    sd = page.figure().locator(".xe-number").nth(1)
    expect(sd).to_have_text(fixed(fit.sd, 2))
    page.page.wait_for_timeout(600)
    assert read(page.figure()) == shown(fit)
    seen = [float(text.split()[0]) for text in page.page.evaluate("window.seen")]
    assert len(set(seen)) > 5
    assert np.all(np.diff(seen) < 0.05)  # between two steps of a descent the straight way may rise a little
    assert seen[-1] < seen[0] - 1


def test_a_hand_on_the_slider_ends_a_descent(visit):
    page = visit(GaussianFit(mean=6, sd=0.3))
    page.figure().get_by_role("button", name="Minimise KL(p‖q)").click()
    page.page.wait_for_timeout(100)
    page.figure().get_by_label("standard deviation of q", exact=True).press("End")
    stopped = read(page.figure())
    assert stopped["sliders"][1] == "5.00"
    page.page.wait_for_timeout(1200)
    assert read(page.figure()) == stopped


def centre(box) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_the_peak_and_the_shoulders_can_be_dragged_and_a_press_elsewhere_moves_q_there(visit, fit):
    page = visit(fit)
    figure, mouse = page.figure(), page.page.mouse
    plot = figure.locator(".xe-plot").first
    ticks = {
        float(plain(tick.text_content())): centre(tick.bounding_box())[0]
        for tick in plot.locator("text[text-anchor=middle]").all()
        if re.fullmatch(r"[−\d]+", tick.text_content())
    }
    unit = (ticks[8] - ticks[-8]) / 16

    def drag(handle, to):
        x, y = centre(handle.bounding_box())
        mouse.move(x, y)
        mouse.down()
        mouse.move(ticks[0] + to * unit, y + 5)
        mouse.up()

    drag(plot.locator("circle"), -2)
    fit.mean = -2
    assert read(figure) == shown(fit)
    drag(plot.locator("rect").last, 0.5)
    fit.sd = 2.5
    assert read(figure) == shown(fit)
    drag(plot.locator("rect").first, -3)
    fit.sd = 1
    assert read(figure) == shown(fit)
    drag(plot.locator("rect").first, 20)
    fit.sd = 5
    assert read(figure) == shown(fit)
    drag(plot.locator("circle"), 20)
    fit.mean = 6
    assert read(figure) == shown(fit)
    mouse.click(ticks[0] + 2.5 * unit, plot.bounding_box()["y"] + 60)
    fit.mean = 2.5
    assert read(figure) == shown(fit)


def test_the_handles_lie_on_the_curve(visit, fit):
    plot = visit(fit).figure().locator(".xe-plot").first
    corners = plot.locator(".xe-fit").get_attribute("points").split()
    xs, ys = np.array([[float(c) for c in corner.split(",")] for corner in corners]).T
    for mark in plot.locator("rect").all():
        x, y, side = (float(mark.get_attribute(name)) for name in ("x", "y", "width"))
        assert y + side / 2 == pytest.approx(np.interp(x + side / 2, xs, ys), abs=0.5)
    x, y = (float(plot.locator("circle").get_attribute(name)) for name in ("cx", "cy"))
    assert y == pytest.approx(np.interp(x, xs, ys), abs=0.5)


@pytest.mark.parametrize(
    "state", [{"mean": 0, "sd": 1}, {"mean": -0.2, "sd": 2.31}, {"mean": 2.5, "sd": 0.7}]
)
def test_the_area_above_minus_the_area_below_is_the_divergence(visit, state):
    fit = GaussianFit(**state)
    page = visit(fit)
    for number, divergence in enumerate([fit.forward, fit.reverse]):
        plot = page.figure().locator(".xe-directions .xe-plot").nth(number)
        corners = plot.locator(".xe-outline").get_attribute("points").split()
        xs, ys = np.array([[float(c) for c in corner.split(",")] for corner in corners]).T
        axis = [plot.locator("text[text-anchor=end]").nth(k) for k in range(4)]
        (low, zero, _, high) = [plain(tick.text_content()) for tick in axis]
        heights = [float(tick.get_attribute("y")) for tick in axis]
        assert zero == "0"
        nats_per_pixel = (float(high) - float(low)) / (heights[0] - heights[3])
        values = (heights[1] - 4 - ys) * nats_per_pixel
        area = np.trapezoid(values, (xs - xs[0]) / (xs[-1] - xs[0]) * 16)
        assert area == pytest.approx(divergence, abs=0.03)


def test_two_views_of_one_model_move_together_and_other_models_stay(still, fit):
    other = GaussianFit(mean=1, sd=2)
    page = still(fit, fit, other)
    page.figure(0).get_by_label("mean of q", exact=True).press("End")
    page.figure(1).get_by_label("share in the left hump of p").press("Home")
    fit.mean, fit.weight = 6, 0.05
    assert read(page.figure(0)) == read(page.figure(1)) == shown(fit)
    page.figure(1).get_by_role("button", name="Minimise KL(q‖p)").click()
    fit.minimise("reverse")
    assert read(page.figure(0)) == read(page.figure(1)) == shown(fit)
    assert read(page.figure(2)) == shown(other)


def test_the_pictures_and_the_announcement_say_the_numbers(visit, fit):
    page = visit(fit)
    both = f"KL(p‖q) {fit.forward:.3f} nats, KL(q‖p) {fit.reverse:.3f} nats"
    labels = [picture.get_attribute("aria-label") for picture in page.figure().get_by_role("img").all()]
    assert both in labels[0]
    assert f"is KL(p‖q), {fit.forward:.3f} nats" in labels[1]
    assert f"is KL(q‖p), {fit.reverse:.3f} nats" in labels[2]
    page.figure().get_by_label("mean of q", exact=True).press("Home")
    fit.mean = -6
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    assert plain(page.figure().locator(".xe-announcement").text_content()) == (
        f"KL(p‖q) {fit.forward:.3f} nats, KL(q‖p) {fit.reverse:.3f} nats, "
        "at mean -6.00, standard deviation 1.00"
    )

"""What holds for every live figure, whatever it shows: one example of each, on a page without a kernel."""

import json
import re

import numpy as np
import pytest
from examples import EXAMPLES
from figure_layout import OUTSIDE, OVERLAPS

from helpers import style, widgets
from helpers.widgets import LossCurve

pytestmark = pytest.mark.browser


@pytest.fixture(params=EXAMPLES, ids=lambda example: type(example()).__name__)
def figure(request):
    return request.param()


def test_there_is_an_example_of_every_figure():
    assert sorted(type(example()).__name__ for example in EXAMPLES) == sorted(widgets.__all__)


def test_it_starts_quietly_and_asks_for_nothing(visit, figure):
    page = visit(figure)
    assert page.page.locator("[data-anywidget]").evaluate("el => el.dataset.anywidget") == "ready"
    assert page.errors == []
    assert {url.split(":")[0] for url in page.requests} <= {"file", "blob", "data"}


def test_it_says_what_it_shows_where_no_script_runs(figure):
    data, _ = figure._repr_mimebundle_()
    assert len(re.findall(r"\d+\.\d+", figure.summary)) >= 2, "the summary states the numbers of the figure"
    assert figure.summary.endswith(".")
    assert data["text/html"] == figure.still
    assert data["text/plain"] == repr(figure)
    assert "0x" not in data["text/html"] + data["text/plain"]


def test_every_control_has_a_name_a_value_in_words_and_keeps_its_keys(visit, figure):
    page = visit(figure)
    unnamed = page.page.evaluate(
        """() => [...document.querySelectorAll("input, button, select")].filter((control) => {
             const labels = [...(control.labels ?? [])].map((label) => label.textContent.trim()).join("");
             return !(control.getAttribute("aria-label") || labels || control.textContent.trim());
           }).map((control) => control.outerHTML)"""
    )
    assert unnamed == []
    assert page.page.locator("input, button").count() > 0
    for control in page.page.locator("input, button, select").all():  # JupyterLab takes the keys otherwise
        assert control.get_attribute("data-lm-suppress-shortcuts") == "true"
    for slider in page.page.get_by_role("slider").all():
        assert slider.get_attribute("aria-valuetext"), slider.evaluate("s => s.outerHTML")
    for picture in page.page.locator("svg[role=img]").all():
        assert len(picture.get_attribute("aria-label")) > 40
    assert page.page.locator(".xe-figure[role=group]").get_attribute("aria-label")


@pytest.mark.parametrize("width", [320, 600, 900])
def test_nothing_is_cut_off_overlaps_or_is_too_small_to_touch(visit, figure, width):
    page = visit(figure, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("input:visible, button:visible, select:visible").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24, control.evaluate("c => c.outerHTML")
    assert page.evaluate(OVERLAPS) == []
    assert page.evaluate(OUTSIDE) == []


def test_a_kernel_hears_a_change_and_a_removed_view_hears_none(visit, figure):
    """With a kernel there is one model; here a stand-in counts who listens to it and what it is told."""
    page = visit(figure).page
    state = {key: value for key, value in figure.get_state().items() if not key.startswith("_")}
    heard = page.evaluate(
        """async ([script, state]) => {
             const observed = new Set();
             window.ResizeObserver = class extends ResizeObserver {
               observe(node) { observed.add(this); super.observe(node); }
               disconnect() { observed.delete(this); super.disconnect(); }
             };
             const url = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
             const { default: widget } = await import(url);
             const listeners = new Map(), el = document.createElement("div");
             let told = 0;
             const model = {
               get: (name) => state[name],
               set: (name, value) => {
                 state[name] = value;
                 for (const [f, event] of listeners) if (event === `change:${name}`) f();
               },
               on: (event, f) => listeners.set(f, event),
               off: (event, f) => listeners.delete(f),
               save_changes: () => { told += 1; },
             };
             document.body.append(el);
             const stop = await widget.render({ model, el });
             const listening = listeners.size;
             const control = el.querySelector("input[type=range]") ?? el.querySelector("button");
             if (control.type === "range") {
               control.value = Number(control.value) > Number(control.min) ? control.min : control.max;
               control.dispatchEvent(new Event("input", { bubbles: true }));
             } else {
               for (const input of el.querySelectorAll("input")) input.value = "1";
               control.click();
             }
             const heard = told > 0;
             // What a button sets in motion, and what waits to be announced, ends with the view.
             control.focus();
             for (const button of [...el.querySelectorAll("button[type=button]")].reverse()) button.click();
             stop();
             const [left, watching, toldByThen] = [listeners.size, observed.size, told];
             await new Promise((resolve) => setTimeout(resolve, 600));
             const quiet = told === toldByThen && el.querySelector(".xe-announcement").textContent === "";
             return { listening: listening > 0, told: heard, left, watching, quiet };
           }""",
        [figure._esm, json.loads(json.dumps(state, default=str))],
    )
    assert heard == {"listening": True, "told": True, "left": 0, "watching": 0, "quiet": True}


def test_what_changed_is_announced_once_the_hand_has_rested_and_not_before_it_moved(visit, figure):
    page = visit(figure).page
    region = page.locator(".xe-announcement[aria-live=polite]")
    page.wait_for_timeout(600)
    assert region.text_content() == ""
    slider = page.get_by_role("slider").first
    if slider.count():
        keys = ("ArrowRight", "ArrowLeft", "ArrowLeft")  # one of the two ways is open
        for key in keys:
            slider.press(key)
    else:
        page.get_by_role("textbox").first.press_sequentially("1")
        page.get_by_role("button").first.press("Enter")
    assert region.text_content() == ""
    page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    assert re.search(r"\d", region.text_content())


def luminance(colour: str) -> float:
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(a: str, b: str) -> float:
    dark, light = sorted([luminance(a), luminance(b)])
    return (light + 0.05) / (dark + 0.05)


def role_colours(page) -> dict[str, str]:
    names = ["truth", "model", "loss"]
    read_style = "n => getComputedStyle(document.querySelector('.xe-figure')).getPropertyValue('--xe-' + n)"
    return {name: page.evaluate(read_style, name).strip() for name in names}


def test_colours_have_the_roles_of_the_other_figures(visit):
    colours = role_colours(visit(LossCurve()).page)
    expected = {"truth": style.TRUTH, "model": style.MODEL, "loss": style.LOSS}
    assert {role: colour.upper() for role, colour in colours.items()} == expected
    assert (
        min(contrast(colour, "#ffffff") for colour in colours.values()) >= 3
    )  # graphics; text is not coloured


def test_in_the_dark_colours_are_lighter_and_clear(visit):
    light, colours = (role_colours(visit(LossCurve(), theme=theme).page) for theme in ("light", "dark"))
    grounds = ["#14181e", "#121212", "#111111"]  # the site's theme, its wide variant, JupyterLab's
    assert min(contrast(colour, ground) for colour in colours.values() for ground in grounds) >= 4.5
    assert all(luminance(colours[role]) > luminance(light[role]) for role in colours)
    assert len(set(colours.values())) == 3

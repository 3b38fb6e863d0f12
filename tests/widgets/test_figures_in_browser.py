"""The live figures on a page without a kernel, from file://, by mouse and by keyboard."""

import numpy as np
import pytest

from helpers import style
from helpers.information import nats_to_bits
from helpers.widgets import LossCurve, LossExplorer

pytestmark = pytest.mark.browser

WORDS = ["chai", "paani", "dudh", "coffee", "lassi"]
LOGITS = [1.2, 2.0, 0.5, 0.0, -1.0]


@pytest.fixture
def curve():
    return LossCurve(probability=0.10)


@pytest.fixture
def explorer():
    return LossExplorer(words=WORDS, logits=LOGITS, target=0)


def fixed(x: float, decimals: int, sign: str = "-") -> str:
    return f"{x:{sign}z.{decimals}f}" if float(f"{x:.{decimals}f}") else f"{0:.{decimals}f}"


def size(x: float) -> str:
    if x >= 999.5:
        return f"{x:,.0f}" if x < 1e9 else f"{x:.2e}".replace("e+0", "e+")
    return f"{x:.{0 if x >= 99.95 else 1 if x >= 9.995 else 2}f}"


def shown(explorer: LossExplorer) -> dict:
    """What the explorer's view should say, from the helpers' numbers."""
    gradient = [fixed(g, 3, "+") for g in explorer.gradient]
    return {
        "logits": [fixed(z, 1) for z in explorer.logits],
        "probabilities": [fixed(p, 3) for p in explorer.probabilities],
        "gradient": gradient,
        "loss": f"loss -log q({explorer.words[explorer.target]}) = "
        f"{explorer.loss:.3f} nats = {nats_to_bits(explorer.loss):.3f} bits",
        "perplexity": f"perplexity {size(explorer.perplexity)}",
        "target": [k == explorer.target for k in range(len(explorer.words))],
    }


READ = """(figure) => {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const texts = (selector) => all(selector).map((node) => node.innerText.replaceAll("\u2212", "-"));
  return {
    "logits": texts(".xe-logit .xe-number"),
    "probabilities": texts(".xe-forecast .xe-number"),
    "gradient": texts(".xe-gradient .xe-number"),
    "loss": texts(".xe-loss")[0],
    "perplexity": texts(".xe-verdict")[0].split(":")[0],
    "target": all("[type=radio]").map((radio) => radio.checked),
  };
}"""


def read(figure) -> dict:
    """What an explorer's view does say, with minus signs as Python writes them."""
    return figure.evaluate(READ)


def readout(figure) -> list[str]:
    texts = figure.locator(".xe-quantity").all_inner_texts()
    return [" ".join(text.replace("\u2212", "-").split()) for text in texts]


def curve_readout(curve: LossCurve, probability: str) -> list[str]:
    loss = f"{curve.loss:.3f} nats = {curve.bits:.3f} bits"
    return [probability, loss, f"-{size(-curve.slope)}", size(curve.perplexity)]


def test_every_number_of_the_explorer_equals_the_helpers(visit):
    rng = np.random.default_rng(1)
    explorers = [
        LossExplorer(words=WORDS[:k], logits=scale * rng.standard_normal(k), target=int(rng.integers(k)))
        for scale in (0, 0.5, 2, 4, 20)
        for k in (2, 3, 5)
    ]
    page = visit(*explorers)
    for number, explorer in enumerate(explorers):
        assert read(page.figure(number)) == shown(explorer), explorer
    assert page.errors == []


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


def test_an_arrow_key_moves_a_logit_by_a_tenth(visit, explorer):
    page = visit(explorer)
    page.figure().get_by_label("logit of chai").press("ArrowRight")
    explorer.logits = [1.3, *LOGITS[1:]]
    assert read(page.figure()) == shown(explorer)


def test_another_true_word_is_chosen_by_key_and_by_its_label(visit, explorer):
    page = visit(explorer)
    page.figure().get_by_label("target: chai").press("ArrowDown")
    explorer.target = 1
    assert read(page.figure()) == shown(explorer)
    page.figure().get_by_text("lassi", exact=True).click()
    explorer.target = 4
    assert read(page.figure()) == shown(explorer)


@pytest.mark.parametrize("rate", [0.25, 1.0])
def test_a_gradient_step_lowers_the_loss_as_the_helpers_do_and_reset_undoes_it(visit, rate):
    explorer = LossExplorer(words=WORDS, logits=LOGITS, target=2, learning_rate=rate)
    page = visit(explorer)
    losses = [explorer.loss]
    button = page.figure().get_by_role("button", name="Gradient step")
    for press in (button.click, lambda: button.press("Enter"), lambda: button.press("Space")):
        press()
        explorer.logits = explorer.logits - rate * explorer.gradient
        losses.append(explorer.loss)
        assert read(page.figure()) == shown(explorer)
    assert np.all(np.diff(losses) < 0)
    page.figure().get_by_label("target: coffee").check()
    page.figure().get_by_role("button", name="Reset").click()
    assert read(page.figure()) == shown(LossExplorer(words=WORDS, logits=LOGITS, target=2))


def test_bars_and_arrows_are_as_long_as_the_numbers(visit, explorer):
    page = visit(explorer)
    boxes = page.page.evaluate(
        """() => [...document.querySelectorAll(".xe-track")].map((track) => {
             const width = track.clientWidth;
             const [bar, push] = [...track.children].map((child) => child.getBoundingClientRect());
             const left = track.getBoundingClientRect().left;
             return [bar.width / width, (push.left - left) / width, push.width / width];
           })"""
    )
    p, g = explorer.probabilities, explorer.gradient
    expected = [(p[k], p[k] if k == explorer.target else 0, abs(g[k])) for k in range(5)]
    assert np.array(boxes) == pytest.approx(np.array(expected), abs=2e-3)
    loss, scale = (page.figure().locator(s).bounding_box()["width"] for s in (".xe-loss-bar", ".xe-scale"))
    assert loss / scale == pytest.approx(explorer.loss / (3 * np.log(5)), abs=5e-3)


def test_a_loss_beyond_the_gauge_ends_in_an_arrowhead(visit, explorer):
    page = visit(explorer, LossExplorer(words=WORDS, logits=[-9, 9, 0, 0, 0], target=0))
    marks = [page.figure(k).locator(".xe-gauge").get_attribute("class").split() for k in (0, 1)]
    assert ["xe-off-scale" in classes for classes in marks] == [False, True]


def test_two_views_of_one_model_move_together_and_other_models_stay(visit, explorer):
    other = LossExplorer(words=WORDS, logits=LOGITS, target=3)
    page = visit(explorer, explorer, other)
    page.figure(0).get_by_label("logit of dudh").press("ArrowLeft")
    page.figure(1).get_by_label("target: paani").check()
    explorer.logits, explorer.target = [1.2, 2.0, 0.4, 0.0, -1.0], 1
    assert read(page.figure(0)) == read(page.figure(1)) == shown(explorer)
    assert read(page.figure(2)) == shown(other)


def test_a_model_with_a_kernel_hears_each_change_and_a_removed_view_hears_none(visit, curve, explorer):
    page = visit(curve).page
    heard = page.evaluate(
        """async ([curve, explorer]) => {
             const load = (s) => import(URL.createObjectURL(new Blob([s], {type: "text/javascript"})));
             const report = [];
             for (const [script, state, act, change] of [
               [curve.script, curve.state, "input", ["probability", 0.9]],
               [explorer.script, explorer.state, "button", ["target", 3]],
             ]) {
               const listeners = new Set(), el = document.createElement("div");
               let saves = 0;
               const model = {
                 get: (name) => state[name],
                 set: (name, value) => { state[name] = value; for (const f of listeners) f(); },
                 on: (event, f) => listeners.add(f),
                 off: (event, f) => listeners.delete(f),
                 save_changes: () => { saves += 1; },
               };
               document.body.append(el);
               const stop = (await load(script)).default.render({ model, el });
               const control = el.querySelector(act);
               if (act === "input") { control.value = 0.5; control.dispatchEvent(new Event("input")); }
               else control.click();
               const before = el.textContent;
               model.set(...change);
               const after = el.textContent;
               stop();
               model.set(change[0], change[1] / 3);
               report.push([saves, before !== after, el.textContent === after, listeners.size]);
             }
             return report;
           }""",
        [
            {"script": curve._esm, "state": {"probability": 0.1}},
            {
                "script": explorer._esm,
                "state": {"words": WORDS, "logits": LOGITS, "target": 0, "learning_rate": 1, "start": {}},
            },
        ],
    )
    assert heard == [[1, True, True, 0], [1, True, True, 0]]


def test_the_loss_is_announced_once_the_hand_has_rested_and_not_before_it_moved(visit, curve, explorer):
    page = visit(curve, explorer)
    regions = page.page.locator("output[aria-live=polite]")
    page.page.wait_for_timeout(600)
    assert regions.all_inner_texts() == ["", ""]
    for _ in range(3):
        page.figure(0).get_by_role("slider").press("ArrowRight")
    assert regions.all_text_contents() == ["", ""]
    page.page.wait_for_function("document.querySelector('output').textContent !== ''")
    curve.probability = 0.13
    assert regions.first.text_content() == f"loss {curve.loss:.3f} nats, perplexity {size(curve.perplexity)}"
    page.figure(1).get_by_role("button", name="Gradient step").press("Enter")
    page.page.wait_for_function("document.querySelectorAll('output')[1].textContent !== ''")
    explorer.logits = explorer.logits - explorer.gradient
    spoken = (
        f"loss {explorer.loss:.3f} nats, perplexity {size(explorer.perplexity)}, better than an even guess"
    )
    assert regions.last.text_content() == spoken


def test_every_control_has_a_name_a_value_in_words_and_keeps_its_keys(visit, curve, explorer):
    page = visit(curve, explorer)
    controls = page.page.locator("input, button").all()
    assert len(controls) == 1 + 5 + 5 + 2
    for control in controls:
        assert control.get_attribute("aria-label") or control.inner_text()
        assert (
            control.get_attribute("data-lm-suppress-shortcuts") == "true"
        )  # JupyterLab takes them otherwise
    for slider in page.page.get_by_role("slider").all():
        assert slider.get_attribute("aria-valuetext")
    assert page.page.get_by_role("form").count() == 2  # a form has that role only when it has a name
    picture = page.figure(0).get_by_role("img").get_attribute("aria-label")
    assert "p = 0.10, loss 2.303 nats" in picture


@pytest.mark.parametrize("width", [320, 600, 900])
def test_nothing_is_cut_off_overlaps_or_is_too_small_to_touch(visit, curve, explorer, width):
    page = visit(curve, explorer, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for control in page.locator("input, button").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 24, control.get_attribute("aria-label")
    overlaps = page.evaluate(
        """() => {
             const leaves = [...document.querySelectorAll(
               "input, button, .xe-word span, .xe-number, .xe-heading span, .xe-legend > span, .xe-loss, " +
               ".xe-scale, .xe-baseline-label, .xe-verdict, .xe-name, .xe-quantity, .xe-plot text, .xe-track"
             )];
             const found = [];
             leaves.forEach((a, i) => leaves.slice(i + 1).forEach((b) => {
               const r = a.getBoundingClientRect(), s = b.getBoundingClientRect();
               const over = Math.min(r.right, s.right) - Math.max(r.left, s.left) > 1 &&
                 Math.min(r.bottom, s.bottom) - Math.max(r.top, s.top) > 1;
               if (over && !a.contains(b) && !b.contains(a)) found.push([a.outerHTML, b.outerHTML]);
             }));
             return found;
           }"""
    )
    assert overlaps == []


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


def test_colours_have_the_roles_of_the_other_figures(visit, curve):
    colours = role_colours(visit(curve).page)
    expected = {"truth": style.TRUTH, "model": style.MODEL, "loss": style.LOSS}
    assert {role: colour.upper() for role, colour in colours.items()} == expected
    assert (
        min(contrast(colour, "#ffffff") for colour in colours.values()) >= 3
    )  # graphics; text is not coloured


def test_in_the_dark_colours_are_lighter_and_clear(visit, curve):
    colours = role_colours(visit(curve, theme="dark").page)
    grounds = ["#14181e", "#121212", "#111111"]  # the site's theme, its wide variant, JupyterLab's
    assert min(contrast(colour, ground) for colour in colours.values() for ground in grounds) >= 4.5
    assert len(set(colours.values())) == 3


class Thrower(LossCurve):
    _esm = "export default { render() { throw new Error('thrown on purpose'); } };"


def test_a_figure_that_cannot_start_says_so_and_the_others_live(visit, curve):
    from ipywidgets import IntSlider

    slider, thrower = IntSlider(), Thrower()
    missing = (
        '<div><script type="application/vnd.jupyter.widget-view+json">{"model_id": "lost"}</script></div>'
    )
    page = visit(slider, thrower, curve, extra_views=missing)
    states = page.page.locator("[data-anywidget]").evaluate_all("all => all.map(el => el.dataset.anywidget)")
    assert states == ["failed", "failed", "ready", "failed"]
    messages = page.page.locator("[data-anywidget=failed]").all_inner_texts()
    assert set(messages) == {
        "This interactive figure could not be started in your browser. "
        "The text and the other figures around it carry the same content."
    }
    for number, reason in enumerate(
        ["it needs a kernel", "thrown on purpose", "no state was saved for widget lost"]
    ):
        assert any(reason in error for error in page.errors), (number, page.errors)
    page.figure().get_by_role("slider").press("ArrowRight")
    assert readout(page.figure())[0] == "0.11"


def test_binary_state_is_refused_rather_than_misread(visit, curve):
    def add_buffer(states):
        states[curve.model_id]["buffers"] = [{"path": ["image"], "data": "", "encoding": "base64"}]

    page = visit(curve, edit=add_buffer)
    assert any("binary data" in error for error in page.errors)


def test_the_loader_keeps_what_the_page_holds_and_asks_for_nothing_else(visit, curve, explorer):
    page = visit(curve, curve, explorer, extra_views="<noscript>A still picture.</noscript>")
    assert page.page.locator("noscript").count() == 1
    assert page.page.locator("style").count() == 2  # one for each class, not for each view
    assert {url.split(":")[0] for url in page.requests} <= {"file", "blob", "data"}
    assert sum(url.startswith("file") for url in page.requests) == 2  # the page and the loader
    assert page.errors == []
    added = page.page.evaluate(
        """() => {
             const frame = document.body.appendChild(document.createElement("iframe"));
             const clean = new Set(Object.getOwnPropertyNames(frame.contentWindow));
             const added = Object.getOwnPropertyNames(window).filter((name) => !clean.has(name));
             return added.filter((name) => Number.isNaN(Number(name)));  // 0, 1, … are the frames
           }"""
    )
    assert [name for name in added if not name.startswith("__playwright")] == []

"""The perplexity dial on a page without a kernel, by mouse, by finger and by keyboard."""

import math
from itertools import pairwise

import numpy as np
import pytest
from as_shown import chance, fixed, size

from helpers.widgets import PerplexityDial

pytestmark = pytest.mark.browser

TOKENS = ["subah", "uthke", "chai", "pi"]
GIVEN = [0.02, 0.15, 0.40, 0.80]
END = math.log(10_000)  # nats at the end of the dial and at the top of the plot


@pytest.fixture
def dial():
    return PerplexityDial(TOKENS, GIVEN, cut=1)


def amount(x: float) -> str:
    return fixed(x, 3) if math.isfinite(x) else "∞"


def count(n: int) -> str:
    return f"{n} token{'s' if n > 1 else ''}"


def turned(nats: float) -> float:
    """Degrees of a needle from the left."""
    return 180 * min(nats / END, 1.03)


def shown(dial: PerplexityDial) -> dict:
    """What the view should say, from the helpers' numbers."""
    unit, choices = dial.unit, size(dial.perplexity)

    def line(mean, perplexity):
        return f"{amount(mean)} {unit}, perplexity {size(perplexity)}"

    sizes = [dial.cut, len(dial.tokens) - dial.cut] if dial.cut else [len(dial.tokens)]
    batches = [
        f"{count(n)}, {line(mean, perplexity)}"
        for n, mean, perplexity in zip(sizes, dial.batch_means, dial.batch_perplexities, strict=True)
    ]
    averages = (
        [
            *batches,
            line(dial.mean_of_means, dial.perplexity_of_mean_of_means),
            f"perplexity {size(dial.mean_of_perplexities)}",
        ]
        if dial.cut
        else [*batches, "–", "–", "–"]
    )
    needles = [math.log(dial.perplexity), math.log(dial.perplexity_of_mean_of_means)]
    return {
        "rows": [
            [chance(p), amount(price)] for p, price in zip(dial.probabilities, dial.prices, strict=True)
        ],
        "statement": [
            f"mean price {amount(dial.mean)} {unit} a token",
            f"{'e' if unit == 'nats' else '2'}{amount(dial.mean)} = {choices}",
            f"an even choice among {choices} tokens",
        ],
        "averages": [*averages, line(dial.mean, dial.perplexity)],
        "unit": unit,
        "needles": [pytest.approx(turned(needles[0]), abs=0.01), turned(needles[1]) if dial.cut else None],
        "cut": count(dial.cut) if dial.cut else "no cut",
    }


READ = """(figure) => {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const text = (node) => node.innerText.replaceAll(/\\s+/g, " ").trim();
  const angle = (needle) => needle.getAttribute("visibility") === "hidden" ? null :
    Number(/rotate\\(([\\d.]+)/.exec(needle.getAttribute("transform"))[1]);
  return {
    "rows": all(".xe-token-row:has(input)").map((row) => [...row.querySelectorAll(".xe-number")].map(text)),
    "statement": all(".xe-statement > span").map(text),
    "averages": all(".xe-quantity").map(text),
    "unit": all("[type=radio]").find((radio) => radio.checked).value,
    "needles": [".xe-needle", ".xe-needle-batches"].map((one) => angle(figure.querySelector(one))),
    "cut": text(figure.querySelector(".xe-slider output")),
  };
}"""


def read(figure) -> dict:
    return figure.evaluate(READ)


def equal(seen: dict, expected: dict) -> bool:
    batches = expected["needles"][1]
    wanted = None if batches is None else pytest.approx(batches, abs=0.01)
    return seen == {**expected, "needles": [expected["needles"][0], wanted]}


def assert_shows(figure, dial):
    seen, expected = read(figure), shown(dial)
    assert equal(seen, expected), (dial, seen, expected)


def test_every_number_equals_the_helpers(visit):
    rng = np.random.default_rng(3)
    dials = [
        PerplexityDial(["w"] * n, 10 ** rng.uniform(-reach, 0, n), int(rng.integers(n)), unit)
        for n in (2, 3, 5, 9)
        for reach in (0.5, 4, 12)
        for unit in ("nats", "bits")
    ]
    page = visit(*dials)
    for number, dial in enumerate(dials):
        assert_shows(page.figure(number), dial)
    assert page.errors == []


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_the_extreme_states_are_shown(visit, unit):
    dials = [
        PerplexityDial(TOKENS, given, cut, unit)
        for given in ([0, 0.15, 0.4, 0.8], [1, 1, 1, 1], [0, 0, 0, 0], [5e-324] * 4, [1e-9, 1, 1, 1])
        for cut in (0, 1, 2, 3)
    ]
    page = visit(*dials)
    for number, dial in enumerate(dials):
        assert_shows(page.figure(number), dial)
    assert page.errors == []


def test_the_unit_changes_the_numbers_of_the_scale_and_not_the_needle(visit, dial):
    page = visit(dial)
    before = read(page.figure())
    scale = page.figure().locator(".xe-dial-unit").all_text_contents()
    page.figure().get_by_role("radio", name="bits").check()
    dial.unit = "bits"
    assert_shows(page.figure(), dial)
    assert read(page.figure())["needles"] == before["needles"]
    assert (
        scale
        == ["0", "2", "4", "6", "8"]
        != page.figure().locator(".xe-dial-unit").all_text_contents()
        == ["0", "2", "4", "6", "8", "10", "12"]
    )
    assert "price (bits)" in page.figure().locator(".xe-plot text").all_text_contents()
    page.figure().get_by_role("radio", name="bits").press("ArrowLeft")
    dial.unit = "nats"
    assert_shows(page.figure(), dial)


def test_a_key_moves_a_probability_by_a_twentieth_and_the_last_stop_is_zero(visit, dial):
    page = visit(dial)
    slider = page.figure().get_by_role("slider", name="probability of token 2, uthke")
    slider.press("ArrowRight")
    dial.probabilities = [0.02, 0.16, 0.40, 0.80]
    assert_shows(page.figure(), dial)
    assert slider.get_attribute("aria-valuetext") == "0.16: price 1.833 nats"
    slider.press("End")
    dial.probabilities = [0.02, 1, 0.40, 0.80]
    assert_shows(page.figure(), dial)
    slider.press("Home")
    dial.probabilities = [0.02, 0, 0.40, 0.80]
    assert_shows(page.figure(), dial)
    slider.press("ArrowRight")
    dial.probabilities = [0.02, 0.0001, 0.40, 0.80]
    assert_shows(page.figure(), dial)
    page.figure().get_by_role("button", name="Reset").click()
    dial.probabilities = GIVEN
    assert_shows(page.figure(), dial)


def test_every_key_press_gives_another_probability(visit):
    page = visit(PerplexityDial(["a", "b"], [1, 1]))
    slider = page.figure().get_by_role("slider").first
    seen = [read(page.figure())["rows"][0][0]]
    for _ in range(201):
        slider.press("ArrowLeft")
        seen.append(read(page.figure())["rows"][0][0])
    assert len(set(seen)) == len(seen)
    assert {"0.80", "0.50", "0.40", "0.25", "0.20", "0.15", "0.10", "0.02", "0.01", "0.0001", "0"} <= set(
        seen
    )


def test_the_cut_moves_by_key_and_by_mouse_and_the_verdict_with_it(visit, dial):
    page = visit(dial)
    slider = page.figure().get_by_role("slider", name="cut after")
    verdict = page.figure().locator(".xe-cut-verdict")
    assert "3 times the vote" in verdict.text_content()
    assert "looks worse" in verdict.text_content()
    slider.press("ArrowRight")
    dial.cut = 2
    assert_shows(page.figure(), dial)
    assert "Equal batches" in verdict.text_content()
    assert slider.get_attribute("aria-valuetext") == "2 tokens, up to uthke; the second batch has 2 tokens"
    box = slider.bounding_box()
    page.page.mouse.click(box["x"] + box["width"] - 4, box["y"] + box["height"] / 2)
    dial.cut = 3
    assert_shows(page.figure(), dial)
    slider.press("Home")
    dial.cut = 0
    assert_shows(page.figure(), dial)
    assert slider.get_attribute("aria-valuetext") == "no cut: one batch of 4 tokens"
    assert page.figure().locator(".xe-batch-mean").count() == 0


def grid_line(figure, text: str) -> float:
    """Height on the page of the line that the left axis calls `text`."""
    label = figure.locator(".xe-plot .xe-tick").get_by_text(text, exact=True).first.bounding_box()
    return label["y"] + label["height"] / 2


def bar(figure, number: int) -> dict:
    return figure.locator(".xe-plot rect.xe-price-bar").nth(number).bounding_box()


def test_a_price_can_be_dragged_by_its_bar(visit, dial):
    page = visit(dial)
    figure, mouse = page.figure(), page.page.mouse
    second = bar(figure, 1)
    x = second["x"] + second["width"] / 2
    mouse.move(x, second["y"])
    mouse.down()
    mouse.move(x + 500, grid_line(figure, "4"))  # far to the side: it is still the second token's price
    rows = read(figure)["rows"]
    assert float(rows[1][1]) == pytest.approx(4, abs=0.1)
    assert [rows[k] for k in (0, 2, 3)] == [shown(dial)["rows"][k] for k in (0, 2, 3)]
    mouse.move(x, 0)
    assert read(figure)["rows"][1] == ["0.0001", "9.210"]
    mouse.move(x, 2000)
    assert read(figure)["rows"][1] == ["1.00", "0.000"]
    mouse.up()
    mouse.move(x, grid_line(figure, "4"))
    assert read(figure)["rows"][1] == ["1.00", "0.000"]


def test_a_finger_moves_a_bar_by_its_top_and_beside_it_scrolls(visit, dial):
    page = visit(dial)
    figure = page.figure()
    touch = page.page.context.new_cdp_session(page.page)

    def drag(x, y, to):
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": to}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    first = bar(figure, 0)
    x = first["x"] + first["width"] / 2
    drag(x, first["y"] + first["height"] - 4, first["y"] + first["height"] - 30)
    assert read(figure)["rows"] == shown(dial)["rows"]
    drag(x, first["y"], grid_line(figure, "6"))
    assert float(read(figure)["rows"][0][1]) == pytest.approx(6, abs=0.1)


@pytest.mark.parametrize("unit", ["nats", "bits"])
def test_the_numbers_of_the_dial_stand_where_the_needle_points_for_them(visit, dial, unit):
    dial.unit = unit
    figure = visit(dial).figure()
    read_places = """(texts) => texts.map((text) =>
      [text.textContent, Number(text.getAttribute("x")), Number(text.getAttribute("y")) - 4])"""
    hub = figure.locator(".xe-dial-hub")
    middle, base = float(hub.get_attribute("cx")), float(hub.get_attribute("cy"))
    per_unit = {"nats": 1.0, "bits": math.log(2)}[unit]

    def degrees(x, y):
        return math.degrees(math.atan2(base - y, middle - x))

    for text, x, y in figure.locator(".xe-dial-choices").evaluate_all(read_places):
        choices = float(text.replace("k", "e3"))
        assert degrees(x, y) == pytest.approx(turned(math.log(choices)), abs=0.1), text
    for text, x, y in figure.locator(".xe-dial-unit").evaluate_all(read_places):
        assert degrees(x, y) == pytest.approx(turned(float(text) * per_unit), abs=0.1), text


def test_bars_dots_and_batch_means_stand_at_their_heights(visit, dial):
    page = visit(dial)
    figure = page.figure()
    zero, six = grid_line(figure, "0"), grid_line(figure, "6")

    def nats(y):
        return 6 * (zero - y) / (zero - six)

    assert [nats(bar(figure, t)["y"]) for t in range(4)] == pytest.approx(dial.prices, abs=0.05)
    dots = [dot.bounding_box() for dot in figure.locator(".xe-running-dot").all()]
    assert [nats(d["y"] + d["height"] / 2) for d in dots] == pytest.approx(dial.running_means, abs=0.05)
    means = [mean.bounding_box() for mean in figure.locator(".xe-batch-mean").all()]
    assert [nats(m["y"] + m["height"] / 2) for m in means] == pytest.approx(dial.batch_means, abs=0.05)
    right = figure.locator(".xe-plot .xe-tick").get_by_text("100", exact=True).bounding_box()
    assert nats(right["y"] + right["height"] / 2) == pytest.approx(math.log(100), abs=0.05)


def test_two_views_of_one_model_move_together_and_other_models_stay(visit, dial):
    other = PerplexityDial(TOKENS, GIVEN)
    page = visit(dial, dial, other)
    page.figure(0).get_by_role("slider").first.press("End")
    page.figure(1).get_by_role("radio", name="bits").check()
    page.figure(1).get_by_role("slider", name="cut after").press("End")
    dial.probabilities, dial.unit, dial.cut = [1, 0.15, 0.40, 0.80], "bits", 3
    assert_shows(page.figure(0), dial)
    assert_shows(page.figure(1), dial)
    assert_shows(page.figure(2), other)


def test_the_pictures_are_described_in_their_present_state(visit, dial):
    page = visit(dial)
    chart, gauge = (picture.get_attribute("aria-label") for picture in page.page.get_by_role("img").all())
    assert "subah 3.912, uthke 1.897, chai 0.916, pi 0.223" in chart
    assert "perplexity 5.68" in chart
    assert "perplexity 5.68" in gauge
    assert "perplexity 11.7" in gauge
    page.figure().get_by_role("slider", name="cut after").press("Home")
    assert "11.7" not in page.page.get_by_role("img").nth(1).get_attribute("aria-label")


@pytest.mark.parametrize("width", [320, 900])
def test_long_sentences_get_numbers_below_the_bars(visit, width):
    page = visit(PerplexityDial([f"token{k}" for k in range(30)], [0.1] * 30), width=width)
    labels = page.page.evaluate(
        """() => [...document.querySelectorAll(".xe-plot text")].filter((t) => /^\\d+$/.test(t.textContent))
             .map((t) => t.getBoundingClientRect()).filter((r, _, all) => r.top > all[0].top + 5)
             .map((r) => [r.left, r.right])"""
    )
    bottom = sorted(labels)[-10:]
    assert all(a[1] < b[0] for a, b in pairwise(bottom))
    assert page.page.evaluate("document.documentElement.scrollWidth") <= width

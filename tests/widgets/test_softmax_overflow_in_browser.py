"""Softmax in three float formats on a page without a kernel, by mouse and by keyboard."""

import numpy as np
import pytest
from as_shown import fixed, in_nats, loss_text, plain, significant

from helpers.widgets import SoftmaxOverflow

pytestmark = pytest.mark.browser

FORMATS = ("float16", "bfloat16", "float32")


def verdict(result) -> str:
    return "nothing" if result.verdict == "fine" else result.verdict


def shown(figure) -> dict:
    """What a view should say, from the helpers' numbers."""
    naive, stable = figure.naive, figure.stable
    inside = naive[figure.precision], stable[figure.precision]
    classes = zip(
        inside[0].logits, inside[0].exps, inside[0].probabilities, inside[1].probabilities, strict=True
    )
    sign = "-" if figure.shift < 0 else "+"
    base = ", ".join(f"{b:.3g}" for b in figure.base)
    return {
        "outcomes": [
            [fixed(figure.limits[name][1], 2) for name in FORMATS],
            [fixed(figure.limits[name][0], 2) for name in FORMATS],
            [loss_text(naive[name].loss) for name in FORMATS],
            [verdict(naive[name]) for name in FORMATS],
            [loss_text(stable[name].loss) for name in FORMATS],
            [significant(figure.errors[name]) for name in FORMATS],
            [significant(figure.storage_errors[name]) for name in FORMATS],
        ],
        "steps": [[significant(z, 4), *map(significant, rest)] for z, *rest in classes],
        "formula": f"z = {fixed(figure.scale, 1)} · ({base}) {sign} {fixed(abs(figure.shift), 1)}. "
        f"The target is z{'₁₂₃₄₅₆'[figure.target]}, and its exact loss {in_nats(figure.exact_loss)}.",
        "sliders": [fixed(figure.scale, 1), fixed(figure.shift, 1)],
        "target": [k == figure.target for k in range(len(figure.base))],
    }


def read(figure) -> dict:
    """What a view does say."""
    tables = [table.locator("tbody tr").all() for table in figure.locator(".xe-table").all()]
    outcomes, steps = (
        [[plain(cell) for cell in row.locator("td").all_inner_texts()] for row in rows] for rows in tables
    )
    return {
        "outcomes": outcomes,
        "steps": steps,
        "formula": plain(figure.locator(".xe-formula").inner_text()),
        "sliders": [plain(text) for text in figure.locator(".xe-number").all_inner_texts()],
        "target": figure.locator("[name=target]").evaluate_all("all => all.map((input) => input.checked)"),
    }


def alike(seen: dict, expected: dict) -> None:
    """The two say the same; of errors near float64's own, which are noise, the size is enough."""
    noise = {"outcomes": seen["outcomes"][:5]}, {"outcomes": expected["outcomes"][:5]}
    assert seen | noise[0] == expected | noise[1]
    for ours, theirs in zip(seen["outcomes"][5:], expected["outcomes"][5:], strict=True):
        for a, b in zip(ours, theirs, strict=True):
            assert a == b or abs(float(a) - float(b)) < 1e-9


def assert_shows(figure, made: SoftmaxOverflow) -> None:
    alike(read(figure), shown(made))


def test_every_number_equals_the_helpers(visit):
    rng = np.random.default_rng(6)
    figures = [SoftmaxOverflow(), SoftmaxOverflow(scale=11), SoftmaxOverflow(scale=120, shift=-120, target=3)]
    for k, precision in [(2, "float16"), (4, "bfloat16"), (6, "float32")] * 8:
        base = np.round(rng.uniform(-1, 1, k), 2)
        scale, shift = np.round(rng.uniform(0, rng.choice([5, 20, 120])) * 2) / 2, rng.integers(-120, 121)
        figures.append(SoftmaxOverflow(base, scale, float(shift), int(rng.integers(k)), precision))
    page = visit(*figures)
    for number, figure in enumerate(figures):
        assert_shows(page.figure(number), figure)
    assert page.errors == []


def test_every_control_works_by_keyboard(visit):
    figure = SoftmaxOverflow(scale=11, target=0)
    page = visit(figure).figure()
    page.get_by_label("scale").press("ArrowRight")
    figure.scale = 11.5
    alike(read(page), shown(figure))
    page.get_by_label("shift").press("ArrowLeft")
    figure.shift = -0.5
    alike(read(page), shown(figure))
    page.get_by_label("scale").press("End")
    page.get_by_label("shift").press("Home")
    figure.scale, figure.shift = 120, -120
    alike(read(page), shown(figure))
    page.get_by_label("target: z₁").press("ArrowUp")  # round to the last
    figure.target = 3
    alike(read(page), shown(figure))
    page.get_by_role("radio", name="float16", exact=True).press("ArrowRight")
    figure.precision = "bfloat16"
    alike(read(page), shown(figure))


def test_every_choice_works_by_mouse(visit):
    figure = SoftmaxOverflow(scale=75)
    page = visit(figure).figure()
    for name in ("float32", "bfloat16", "float16"):
        page.get_by_role("group", name="look inside").get_by_text(name, exact=True).click()
        figure.precision = name
        alike(read(page), shown(figure))
    for k in (3, 1):
        page.get_by_label(f"target: z{'₁₂₃₄'[k]}").check()
        figure.target = k
        alike(read(page), shown(figure))


def test_the_largest_logit_can_be_dragged(visit):
    page = visit(SoftmaxOverflow(scale=0, shift=10))
    box = page.figure().locator(".xe-plot").bounding_box()
    left, right, mouse = box["x"] + 66, box["x"] + box["width"] - 12, page.page.mouse
    middle, height = (left + right) / 2, box["y"] + box["height"] / 2
    mouse.move(middle, height)
    mouse.down()
    mouse.move(middle + (right - left) * 80 / 260, height)  # above z = 80
    assert read(page.figure())["sliders"] == ["70.0", "10.0"]
    mouse.move(-500, height)
    assert read(page.figure())["sliders"] == ["0.0", "10.0"]
    mouse.move(5000, height)
    assert read(page.figure())["sliders"] == ["120.0", "10.0"]
    mouse.up()
    mouse.move(middle, height)
    assert read(page.figure())["sliders"] == ["120.0", "10.0"]


def test_crosses_mark_what_does_not_fit_and_ranges_are_as_wide_as_the_limits(visit):
    figure = SoftmaxOverflow(scale=75, shift=20, target=3)
    page = visit(figure).figure()
    crosses = sum(int(not 0 < e < np.inf) for result in figure.naive.values() for e in result.exps)
    assert page.locator("path.xe-cross").count() == crosses > 0
    assert page.locator("circle.xe-typed").count() == 12 - crosses
    assert page.locator("path.xe-cured").count() == 12
    plot = page.locator(".xe-plot").bounding_box()
    per_unit = (plot["width"] - 66 - 12) / 260
    for band, (low, high) in zip(page.locator("rect.xe-range").all(), figure.limits.values(), strict=True):
        assert float(band.get_attribute("width")) / per_unit == pytest.approx(high - low, rel=1e-3)


def test_each_format_has_its_range_and_its_logits_beside_its_name(visit):
    figure = SoftmaxOverflow(scale=20, target=3)  # beyond float16, within the others
    page = visit(figure).figure()

    def height(mark):
        box = mark.bounding_box()
        return box["y"] + box["height"] / 2

    page.locator("rect.xe-range").first.wait_for(state="attached")
    bands = page.locator("rect.xe-range").all()
    for name, band in zip(FORMATS, bands, strict=True):
        label = page.locator(".xe-plot .xe-tick").get_by_text(name, exact=True)
        assert height(band) == pytest.approx(height(label), abs=4)
    for cross in page.locator("path.xe-cross").all():
        assert abs(height(cross) - height(bands[0])) < bands[0].bounding_box()["height"] / 2


def test_two_views_of_one_model_move_together_and_another_model_stays(visit):
    figure, other = SoftmaxOverflow(scale=11), SoftmaxOverflow(scale=3)
    page = visit(figure, figure, other)
    page.figure(0).get_by_label("scale").press("ArrowRight")
    page.figure(1).get_by_label("target: z₃").check()
    figure.scale, figure.target = 11.5, 2
    alike(read(page.figure(0)), shown(figure))
    assert read(page.figure(0)) == read(page.figure(1))
    alike(read(page.figure(2)), shown(other))


def test_the_picture_is_told_in_words_that_follow_the_state(visit):
    page = visit(SoftmaxOverflow(scale=11, target=3))
    picture = page.figure().get_by_role("img")
    assert "float16: as typed" in picture.get_attribute("aria-label")
    page.figure().get_by_label("scale").press("End")
    told = picture.get_attribute("aria-label")
    assert "float32: as typed ∞ nats, overflow: divided by ∞; stable 180.000 nats" in told
    assert plain(page.figure().get_by_label("scale").get_attribute("aria-valuetext")) == (
        "120.0: logits from -60.0 to 120.0"
    )


@pytest.mark.parametrize("width", [320, 700])
def test_nothing_leaves_the_figure_in_the_extremes(visit, width):
    figures = [
        SoftmaxOverflow(base=[1, 0.99, 0.5, -0.25, -0.99, -1], scale=s, shift=c, target=5, precision=p)
        for s, c, p in [
            (0, 0, "float16"),
            (120, 120, "float32"),
            (120, -120, "bfloat16"),
            (37, -97.5, "float32"),
        ]
    ]
    page = visit(*figures, width=width).page
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate(
        """() => [...document.querySelectorAll(".xe-figure")].flatMap((figure) => {
             const frame = figure.getBoundingClientRect();
             return [...figure.querySelectorAll("td, th, text, input, .xe-point, .xe-cross")].filter((e) => {
               const r = e.getBoundingClientRect();
               return r.left < frame.left || r.right > frame.right || e.scrollWidth > e.clientWidth + 1;
             }).map((e) => e.outerHTML);
           })"""
    )
    assert outside == []

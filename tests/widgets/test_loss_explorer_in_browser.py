"""The Loss Explorer on a page without a kernel, by mouse and by keyboard."""

import numpy as np
import pytest
from as_shown import fixed, signed, size

from helpers.information import nats_to_bits
from helpers.widgets import LossExplorer

pytestmark = pytest.mark.browser

WORDS = ["chai", "paani", "dudh", "coffee", "lassi"]
LOGITS = [1.2, 2.0, 0.5, 0.0, -1.0]


@pytest.fixture
def explorer():
    return LossExplorer(words=WORDS, logits=LOGITS, target=0)


def shown(explorer: LossExplorer) -> dict:
    """What the explorer's view should say, from the helpers' numbers."""
    gradient = [signed(g, 3) for g in explorer.gradient]
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


def assert_shows(figure, explorer: LossExplorer) -> None:
    assert read(figure) == shown(explorer), explorer


def test_every_number_of_the_explorer_equals_the_helpers(visit):
    rng = np.random.default_rng(1)
    explorers = [
        LossExplorer(words=WORDS[:k], logits=scale * rng.standard_normal(k), target=int(rng.integers(k)))
        for scale in (0, 0.5, 2, 4, 20)
        for k in (2, 3, 5)
    ]
    page = visit(*explorers)
    for number, explorer in enumerate(explorers):
        assert_shows(page.figure(number), explorer)
    assert page.errors == []


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


def test_a_step_is_announced_with_the_loss_and_its_side_of_an_even_guess(visit, explorer):
    page = visit(explorer)
    page.figure().get_by_role("button", name="Gradient step").press("Enter")
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    explorer.logits = explorer.logits - explorer.gradient
    assert page.figure().locator(".xe-announcement").text_content() == (
        f"loss {explorer.loss:.3f} nats, perplexity {size(explorer.perplexity)}, better than an even guess"
    )


def test_a_probability_is_dragged_by_its_bar_and_the_others_keep_their_proportions(visit, explorer):
    page = visit(explorer)
    handle = page.figure().get_by_label("probability of dudh").bounding_box()
    left, width, y = handle["x"] + 6, handle["width"] - 12, handle["y"] + handle["height"] / 2
    page.page.mouse.move(left + explorer.probabilities[2] * width, y)
    page.page.mouse.down()
    page.page.mouse.move(left + 0.4 * width, y, steps=4)
    page.page.mouse.up()
    logits = np.array(LOGITS)
    logits[2] = np.log(0.4 / 0.6) + np.log(np.exp(np.delete(logits, 2)).sum())
    explorer.logits = logits
    assert explorer.probabilities[2] == pytest.approx(0.4)
    assert read(page.figure()) == shown(explorer)


@pytest.mark.parametrize(("key", "share"), [("End", 0.995), ("Home", 0.005)])
def test_a_probability_stays_short_of_0_and_1(visit, explorer, key, share):
    page = visit(explorer)
    page.figure().get_by_label("probability of chai").press(key)
    assert read(page.figure())["probabilities"][0] == fixed(share, 3)


def losses_of(page):
    """The losses that the plot of the way downhill shows, from the pixels of its curve."""
    points = page.figure().locator(".xe-descent .xe-curve").get_attribute("points").split()
    return [float(point.split(",")[1]) for point in points]


def test_the_way_downhill_is_watched_and_can_be_halted(visit, explorer):
    page = visit(explorer)
    assert len(losses_of(page)) == 1
    page.figure().get_by_role("button", name="Descend").click()
    page.page.wait_for_function("document.querySelectorAll('.xe-descent .xe-curve')[0].points.length > 4")
    page.figure().get_by_role("button", name="Pause").click()
    heights = losses_of(page)
    page.page.wait_for_timeout(250)
    assert losses_of(page) == heights
    assert np.all(np.diff(heights) > 0)  # pixels grow downwards
    for _ in range(len(heights) - 1):
        explorer.step()
    assert read(page.figure()) == shown(explorer)
    assert f"{len(heights) - 1} steps so far" in page.figure().get_by_role("img").get_attribute("aria-label")
    page.figure().get_by_role("button", name="Reset").click()
    assert len(losses_of(page)) == 1


def test_the_even_guess_is_drawn_beside_the_way_downhill(visit, explorer):
    page = visit(explorer)
    page.figure().locator(".xe-descent .xe-point").wait_for(state="attached")
    levels = page.page.evaluate(
        """() => {
             const plot = document.querySelector(".xe-descent .xe-plot");
             const y = (mark) => Number(mark.getAttribute("y1") ?? mark.getAttribute("cy"));
             const marks = [".xe-axis", ".xe-guide", ".xe-point"].map((name) => plot.querySelector(name));
             const [zero, even, loss] = marks.map(y);
             return (zero - even) / (zero - loss);
           }"""
    )
    assert levels == pytest.approx(np.log(5) / explorer.loss, rel=0.01)


def test_reset_ends_the_way_downhill(visit, explorer):
    page = visit(explorer)
    page.figure().get_by_role("button", name="Descend").click()
    page.page.wait_for_function("document.querySelectorAll('.xe-descent .xe-curve')[0].points.length > 2")
    page.figure().get_by_role("button", name="Reset").click()
    page.page.wait_for_timeout(250)
    assert read(page.figure()) == shown(explorer)
    assert page.figure().get_by_role("button", name="Descend").is_visible()


def test_who_wants_no_motion_is_at_the_bottom_at_once(visit, explorer):
    page = visit(explorer)
    page.page.emulate_media(reduced_motion="reduce")
    page.figure().get_by_role("button", name="Descend").click()
    while explorer.loss >= 0.01 and len(explorer.trail) <= 200:
        explorer.step()
    assert read(page.figure()) == shown(explorer)

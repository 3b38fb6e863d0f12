"""The loader of live figures on a page without a kernel: what it starts, shares, refuses and leaves alone."""

import pytest

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


def test_two_views_of_one_model_move_together_and_other_models_stay(visit, explorer):
    other = LossExplorer(words=WORDS, logits=LOGITS, target=3)
    page = visit(explorer, explorer, other)
    before = page.figure(2).inner_text()
    page.figure(0).get_by_label("logit of dudh").press("ArrowLeft")
    page.figure(1).get_by_label("target: paani").check()
    assert page.figure(0).inner_text() == page.figure(1).inner_text()
    assert page.figure(0).get_by_label("target: paani").is_checked()
    assert page.figure(1).get_by_label("logit of dudh").input_value() == "0.4"
    assert page.figure(2).inner_text() == before


class Thrower(LossCurve):
    _esm = "export default { render() { throw new Error('thrown on purpose'); } };"


def test_a_figure_that_cannot_start_says_so_and_the_others_live(visit, curve):
    from ipywidgets import IntSlider

    slider, thrower = IntSlider(), Thrower()
    missing = (
        '<div><script type="application/vnd.jupyter.widget-view+json">{"model_id": "lost"}</script>'
        "<noscript><p>The words in its place.</p></noscript></div>"
    )
    page = visit(slider, thrower, curve, extra_views=missing)
    states = page.page.locator("[data-anywidget]").evaluate_all("all => all.map(el => el.dataset.anywidget)")
    assert states == ["failed", "failed", "ready", "failed"]
    messages = page.page.locator("[data-anywidget=failed]").all_inner_texts()
    assert {message.split("\n")[0] for message in messages} == {
        "This interactive figure could not be started in your browser."
    }
    assert "words in its place" in messages[-1]
    for number, reason in enumerate(
        ["it needs a kernel", "thrown on purpose", "no state was saved for widget lost"]
    ):
        assert any(reason in error for error in page.errors), (number, page.errors)
    page.figure().get_by_role("slider").press("ArrowRight")
    assert page.figure().get_by_role("slider").input_value() == "0.11"


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

"""The reading lab on a page without a kernel: what is typed, pasted and pointed at, and what it costs."""

import math
import re

import numpy as np
import pytest
import reader_on_pages
from as_shown import plain, size

from helpers.models import reader
from helpers.models.folding import fold
from helpers.widgets import ReadingLab
from helpers.widgets.reading_lab import LIMIT, TEXT

pytestmark = pytest.mark.browser

KNOWN = reader.alphabet().characters
NEAR = 1.1e-3  # nats: three decimals of two computations in float32
HEAT = 8  # nats that fill a character
SHOWN_AS = {" ": "␣", "\n": "↵"}

READ = """(figure) => {
  const all = (selector) => [...figure.querySelectorAll(selector)];
  const text = (node) => node.textContent.replaceAll(/\\s+/g, " ").trim();
  const spans = all(".xe-heat > span:not(.xe-end)");
  return {
    text: figure.querySelector("textarea").value,
    characters: spans.map((span) => span.textContent),
    marks: spans.map((span) => span.dataset.read ?? null),
    heights: spans.map((span) => parseFloat(span.style.getPropertyValue("--xe-price"))),
    quantities: all(".xe-quantity").map(text),
    rows: all(".xe-alternatives tbody tr").map((row) => ({
      cells: [row.cells[0].firstChild.data, ...[...row.cells].slice(1).map(text)],
      written: row.className === "xe-written",
    })),
    looked: all(".xe-heat > span").findIndex((span) => span.classList.contains("xe-looked")),
    note: text(figure.querySelector(".xe-note")),
    place: figure.querySelector("input[type=range]").value,
    spoken: figure.querySelector("input[type=range]").getAttribute("aria-valuetext"),
  };
}"""


def settled(figure):
    """The figure, when it has its model and has read its text."""
    figure.scroll_into_view_if_needed()
    figure.and_(figure.page.locator("[aria-busy=false]")).wait_for(timeout=20_000)
    return figure


def number(text: str) -> float:
    return float(plain(text).split()[0].replace(",", ""))


def assert_shows(figure, lab):
    """Each number of the view is that of the class, computed by PyTorch."""
    seen = settled(figure).evaluate(READ)
    assert seen["text"] == lab.text
    assert seen["characters"] == list(lab.text)
    own = {None: "none", **{one: "own" for one in KNOWN}}
    assert seen["marks"] == [
        "none" if math.isnan(price) else own.get(one, "other")
        for one, price in zip(lab.text, lab.prices, strict=True)
    ]
    heights = 100 * np.minimum(lab.prices / HEAT, 1)
    assert seen["heights"] == pytest.approx(heights, abs=0.05, nan_ok=True)
    if np.isfinite(lab.prices).any():
        mean, bits, choices, letters = map(number, seen["quantities"])
        assert [mean, bits, letters] == pytest.approx(
            [lab.mean, lab.bits_per_character, lab.letters_alone], abs=NEAR
        )
        assert choices == pytest.approx(lab.perplexity, rel=6e-3)
    else:
        assert seen["quantities"] == ["–"] * 4
    at = min(lab.at, len(lab.text))
    assert (seen["looked"], int(seen["place"])) == (at, at)
    assert_alternatives(seen["rows"], lab, at)


def assert_alternatives(rows, lab, at):
    everything = dict(lab.alternatives(len(KNOWN)))
    here = fold(lab.text[at], KNOWN)[:1] if at < len(lab.text) else ""
    back = {shown: one for one, shown in SHOWN_AS.items()}
    found = [back.get(row["cells"][0], row["cells"][0]) for row in rows]
    assert len(rows) == len(set(found)) == 8
    likeliest = list(everything)[: len(rows)]
    if here and here not in found[:-1]:
        likeliest[-1] = here
    assert [everything[one] for one in found] == pytest.approx(
        [everything[one] for one in likeliest], abs=NEAR
    )
    for one, row in zip(found, rows, strict=True):
        probability, price = map(float, row["cells"][1:])
        assert probability == pytest.approx(everything[one], abs=NEAR)
        assert price == pytest.approx(-math.log(everything[one]), abs=0.0101)
        assert row["written"] == (one == here)


TEXTS = {
    "verse": ReadingLab(at=40),
    "the end": ReadingLab("the q", at=5),
    "others": ReadingLab("“Naïve — café’s price…” is 5 € @ 日本 😀.\nfine", at=7),
    "nothing known": ReadingLab("日本", at=1),
    "nothing": ReadingLab(""),
    "blank": ReadingLab("\n\n  \n", at=2),
}


@pytest.mark.parametrize("name", TEXTS)
def test_every_number_equals_the_helpers(visit, name):
    page = visit(TEXTS[name])
    assert_shows(page.figure(), TEXTS[name])
    assert page.errors == []


def test_random_texts_cost_what_pytorch_makes_them_cost(visit):
    rng = np.random.default_rng(5)
    labs = [ReadingLab("".join(rng.choice(KNOWN, n)), at=int(rng.integers(n))) for n in (1, 15, 16, 17, 200)]
    page = visit(*labs)
    for k, lab in enumerate(labs):
        assert_shows(page.figure(k), lab)


def test_what_is_typed_at_the_end_in_the_middle_and_deleted_is_read(visit):
    lab = ReadingLab("To be or not to be")
    page = visit(lab)
    area = settled(page.figure()).get_by_role("textbox")
    area.press("Control+End")
    area.press_sequentially(", that")
    lab.text, lab.at = "To be or not to be, that", 24
    assert_shows(page.figure(), lab)
    area.press("Control+Home")
    for _ in range(5):
        area.press("ArrowRight")
    lab.at = 5
    assert_shows(page.figure(), lab)
    area.press_sequentially(",\n")
    lab.text, lab.at = "To be,\n or not to be, that", 7
    assert_shows(page.figure(), lab)
    area.press("Backspace")
    area.press("Delete")
    lab.text, lab.at = "To be,or not to be, that", 6
    assert_shows(page.figure(), lab)
    assert page.errors == []


def test_a_pasted_text_is_read_and_a_smiley_is_one_character(visit):
    lab = ReadingLab("ab")
    page = visit(lab)
    area = settled(page.figure()).get_by_role("textbox")
    area.press("Control+Home")
    area.press("ArrowRight")
    page.page.keyboard.insert_text("😀“x”\n—")
    lab.text, lab.at = "a😀“x”\n—b", 7
    assert_shows(page.figure(), lab)
    note = page.figure().locator(".xe-note").inner_text().replace("\u00a0", " ")
    assert '“ → "' in note
    assert "— → --" in note
    assert "in no mean: 😀." in note


def test_a_click_on_a_character_looks_at_it(visit):
    lab = ReadingLab("To be, or not\nto be")
    page = visit(lab)
    figure = settled(page.figure())
    box = figure.locator(".xe-heat > span").nth(15).bounding_box()
    page.page.mouse.click(box["x"] + 1, box["y"] + box["height"] / 2)
    lab.at = 15
    assert_shows(figure, lab)
    assert figure.get_by_role("textbox").evaluate("area => document.activeElement === area")


def test_a_finger_looks_at_a_character(browser, visit):
    lab = ReadingLab("To be, or not")
    address = visit(lab).page.url
    context = browser.new_context(has_touch=True, is_mobile=True, viewport={"width": 360, "height": 700})
    page = context.new_page()
    page.goto(address)
    figure = settled(page.locator(".xe-figure"))
    box = figure.locator(".xe-heat > span").nth(3).bounding_box()
    page.touchscreen.tap(box["x"] + 1, box["y"] + box["height"] / 2)
    page.wait_for_function("document.querySelector('.xe-looked').textContent === 'b'")
    lab.at = 3
    assert_shows(figure, lab)
    context.close()


def test_the_slider_walks_through_the_text_and_says_what_each_character_cost(visit):
    lab = ReadingLab("a “b\n")
    page = visit(lab)
    slider = settled(page.figure()).get_by_role("slider")
    said = []
    for at in range(6):
        lab.at = at
        assert_shows(page.figure(), lab)
        said.append(slider.get_attribute("aria-valuetext"))
        slider.press("ArrowRight")
    numbers = [float(re.search(r"([\d.]+) nats", one)[1]) for one in said[:-1]]
    assert numbers == pytest.approx(lab.prices, abs=NEAR)
    words = [re.sub(r"[\d.]+ nats", "…", one) for one in said]
    assert words == [
        "character 1 of 5, a: …",
        "character 2 of 5, space: …",
        'character 3 of 5, “, read as ": …',
        "character 4 of 5, b: …",
        "character 5 of 5, line break: …",
        "the end, after 5 characters",
    ]


def test_pointing_at_the_plot_looks_at_the_character_below(visit):
    lab = ReadingLab()
    page = visit(lab)
    figure = settled(page.figure())
    figure.locator(".xe-plot").scroll_into_view_if_needed()
    box = figure.locator(".xe-plot").bounding_box()
    left, right = box["x"] + 30, box["x"] + box["width"] - 14
    page.page.mouse.click(left + (right - left) * 60.5 / len(TEXT), box["y"] + 100)
    lab.at = 60
    assert_shows(figure, lab)


def test_the_letters_stand_where_their_fills_do(visit):
    """The text area wraps its text as the copy below it does, at every width."""
    for width in (320, 500, 900):
        page = visit(ReadingLab(TEXT + "\n\nincomprehensibilities-and-more  spaces   here " * 3), width=width)
        heights = settled(page.figure()).evaluate(
            """(figure) => {
                 const area = figure.querySelector("textarea"), heat = figure.querySelector(".xe-heat");
                 area.style.height = "0";
                 const needed = area.scrollHeight;
                 area.style.height = "";
                 return [needed, heat.getBoundingClientRect().height, area.getBoundingClientRect().height];
               }"""
        )
        assert heights[0] == pytest.approx(heights[1], abs=1)
        assert heights[2] == pytest.approx(heights[1], abs=1)


def test_a_text_that_is_too_long_is_cut_and_the_reader_told(visit):
    page = visit(ReadingLab("x"))
    area = settled(page.figure()).get_by_role("textbox")
    area.fill("ab c" * (LIMIT // 4) + "12")
    note = page.figure().locator(".xe-note")
    assert note.inner_text().startswith("A text of 5,002 characters is too long: the last 2 were cut off.")
    lab = ReadingLab("ab c" * (LIMIT // 4), at=LIMIT)
    assert_shows(page.figure(), lab)
    area.press("Backspace")
    settled(page.figure())
    assert note.inner_text() == ""


def test_a_long_text_scrolls_to_the_place_looked_at_and_the_page_does_not(visit):
    page = visit(ReadingLab("To be, or not to be,\n" * 200))
    figure = settled(page.figure())
    at = page.page.evaluate("scrollY")
    figure.get_by_role("slider").press("End")
    page.page.wait_for_function("document.querySelector('.xe-paper').scrollTop > 3000")
    assert page.page.evaluate("scrollY") == at


def test_the_page_stays_alive_while_a_long_text_is_read(visit):
    """No task keeps a key waiting for long: frames go on while 5,000 characters are read. A loose bound."""
    page = visit(ReadingLab("x"))
    area = settled(page.figure()).get_by_role("textbox")
    page.page.evaluate(
        """() => {
             window.frames60 = 0;
             const count = () => { window.frames60++; requestAnimationFrame(count); };
             requestAnimationFrame(count);
           }"""
    )
    area.fill("The quality of mercy is not strain'd. " * 130)
    before = page.page.evaluate("frames60")
    settled(page.figure())
    assert page.page.evaluate("frames60") - before > 10


def test_shuffled_letters_cost_more_and_the_start_comes_back(visit):
    lab = ReadingLab()
    page = visit(lab)
    figure = settled(page.figure())
    figure.get_by_role("button", name="Shuffle the letters").click()
    text = figure.get_by_role("textbox").input_value()
    assert sorted(text) == sorted(TEXT)
    assert text != TEXT
    shuffled = ReadingLab(text)
    assert_shows(figure, shuffled)
    assert shuffled.mean > 3
    figure.get_by_role("button", name="Start again").click()
    assert_shows(figure, lab)


def test_the_model_writes_what_it_holds_likely(visit):
    page = visit(ReadingLab("The king", at=3))
    figure = settled(page.figure())
    figure.get_by_role("button", name="Let the model write").click()
    text = figure.get_by_role("textbox").input_value()
    assert text.startswith("The king")
    assert len(text) == 88
    lab = ReadingLab(text, at=88)
    assert_shows(figure, lab)
    assert np.mean(lab.prices[8:]) < 3  # its own text costs it little; by letter counts 3.2


def test_two_views_of_one_model_share_text_and_place(visit):
    lab, other = ReadingLab("To be"), ReadingLab("or not")
    page = visit(lab, lab, other)
    for number in range(3):
        settled(page.figure(number))
    page.figure(0).get_by_role("textbox").press("Control+End")
    page.figure(0).get_by_role("textbox").press_sequentially("e")
    lab.text, lab.at = "To bee", 6
    assert_shows(page.figure(0), lab)
    assert_shows(page.figure(1), lab)
    assert_shows(page.figure(2), other)
    assert sum(url.endswith("reader.js") for url in page.requests) == 1


def test_the_model_is_loaded_when_the_figure_is_reached_and_not_before(visit):
    space = '<div style="height: 4000px"></div>'
    page = visit(ReadingLab(), before=reader_on_pages.tag("reader.js") + space)
    page.page.wait_for_timeout(300)
    assert not any(url.endswith("reader.js") for url in page.requests)
    assert "loads when this figure is reached" in page.figure().locator(".xe-note").inner_text()
    settled(page.figure())
    assert any(url.endswith("reader.js") for url in page.requests)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (None, "The model did not load: its file could not be read. Load the page again, or in"),
        ("1;", "The model did not load: its file is damaged. Load the page again, or in"),
        (
            'document.currentScript.weights = "eGVsbQ==";',
            "The model did not load: the file has 4 bytes; expected 14 and more. Load",
        ),
    ],
)
def test_a_model_that_does_not_load_is_said_and_the_text_stays(visit, tmp_path, script, reason):
    file = tmp_path / "other.js"
    if script:
        file.write_text(script)
    page = visit(ReadingLab("To be"), before=reader_on_pages.tag("other.js"))
    settled(page.figure())
    assert page.figure().locator(".xe-note").inner_text().startswith(reason)
    seen = page.figure().evaluate(READ)
    assert seen["characters"] == list("To be")
    assert seen["quantities"] == ["–"] * 4
    page.figure().get_by_role("textbox").press_sequentially("!")
    assert page.figure().evaluate(READ)["characters"][-1] == "!"


def test_the_picture_is_described(visit):
    lab = ReadingLab()
    label = settled(visit(lab).figure()).get_by_role("img").get_attribute("aria-label")
    numbers = [float(found) for found in re.findall(r"(\d+\.\d+) nats", label)]
    assert numbers == pytest.approx([lab.mean, lab.letters_alone, math.log(79)], abs=NEAR)
    assert f"perplexity {size(lab.perplexity)}" in label


def test_what_was_typed_is_announced(visit):
    page = visit(ReadingLab("ab"))
    area = settled(page.figure()).get_by_role("textbox")
    area.press("Control+End")
    area.press("c")
    page.page.wait_for_function("document.querySelector('.xe-announcement').textContent !== ''")
    said = page.figure().locator(".xe-announcement").text_content()
    lab = ReadingLab("abc")
    assert said.startswith("the end, after 3 characters. 3 characters read at a mean price of ")
    assert float(re.search(r"([\d.]+) nats", said)[1]) == pytest.approx(lab.mean, abs=NEAR)

"""What a browser makes of the pages: from a server and from the disk, light and dark, wide and narrow."""

import re

import pytest
from built import HTML

pytestmark = pytest.mark.browser

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 360, "height": 740}
TOO_WIDE = """() => {
  const within = (e) => {                       // does anything between it and the page scroll or cut?
    for (let a = e; a && a !== document.body; a = a.parentElement)
      if (getComputedStyle(a).overflowX !== "visible") return true;
    return false;
  };
  const found = [];
  const width = document.documentElement.scrollWidth;
  if (width > innerWidth) found.push(`page: ${width} px`);
  for (const e of document.querySelectorAll(".katex-html, table, pre, img, figure, .sig"))
    if (e.getBoundingClientRect().right > innerWidth + 1 && !within(e))
      found.push(`${e.className || e.tagName}: ${e.textContent.slice(0, 50)}`);
  for (const e of document.querySelectorAll(".katex-display .katex-html"))
    if (e.scrollWidth > e.clientWidth + 1 && !/auto|scroll/.test(getComputedStyle(e).overflowX))
      found.push(`formula: ${e.textContent.slice(0, 50)}`);
  return found;
}"""
LUMINANCE = """() => {
  const [r, g, b] = getComputedStyle(document.body).backgroundColor.match(/[\\d.]+/g).map(Number);
  return (r + g + b) / 765;
}"""
CHOSEN = """[...document.querySelectorAll(".framework-tabs")]
  .filter((set) => set.querySelectorAll(":scope > input").length > 1)
  .map((set) => set.querySelector(":scope > input:checked + label").textContent.trim())"""
FONTS = (
    """[...document.fonts].filter((f) => f.status === "loaded").map((f) => f.family.replaceAll('"', ""))"""
)
OUTLINE = """() => {
  const style = getComputedStyle(document.activeElement);
  return [style.outlineStyle, style.outlineWidth];
}"""


def test_every_page_loads_without_a_complaint(address, site, open_page):
    page = open_page(f"{address}/index.html")
    wrong = []
    for name in site:
        page.complaints.clear()
        page.goto(f"{address}/{name}")
        wrong += [f"{name}: {complaint}" for complaint in page.complaints]
    assert wrong == []


def test_every_page_fits_wide_and_narrow_light_and_dark(server, site, open_page):
    page = open_page(f"{server}/index.html")
    wrong = []
    for name in site:
        page.emulate_media(color_scheme="light")
        page.goto(f"{server}/{name}")
        for size, scheme in ((WIDE, "light"), (NARROW, "dark")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size(size)
            page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
            wrong += [f"{name}, {size['width']} px: {found}" for found in page.evaluate(TOO_WIDE)]
            if (page.evaluate(LUMINANCE) > 0.5) != (scheme == "light"):
                wrong.append(f"{name}: the page is not {scheme}")
    assert wrong == []
    assert page.complaints == []


def test_every_live_figure_starts(address, site, open_page):
    started = 0
    for name, built in site.items():
        views = len(re.findall(r'<script type="application/vnd\.jupyter\.widget-view\+json"', built.source))
        if not views:
            continue
        page = open_page(f"{address}/{name}")
        inputs = page.locator(".cell_output input[type=range]:visible")
        inputs.first.wait_for()
        figures = page.locator('.cell_output:has(script[type="application/vnd.jupyter.widget-view+json"])')
        assert figures.count() == views
        for i in range(views):
            assert figures.nth(i).bounding_box()["height"] > 100, f"{name}: figure {i + 1} is empty"
        assert page.complaints == []
        started += views
    assert started > 0


def test_the_fonts_of_the_book_are_used(address, open_page):
    page = open_page(f"{address}/chapters/02_formula.html")
    page.evaluate("document.fonts.ready")
    loaded = set(page.evaluate(FONTS))
    assert {"Source Serif 4", "KaTeX_Main", "KaTeX_Math"} <= loaded


def test_a_search_finds_a_word(address, open_page):
    page = open_page(f"{address}/search.html?q=perplexity")
    results = page.locator("#search-results ul.search > li > a")
    results.first.wait_for()
    page.wait_for_function("/found \\d+ page/.test(document.querySelector('.search-summary').textContent)")
    assert results.first.get_attribute("href") == "chapters/04_perplexity.html"  # before any function
    if address.startswith("http"):
        page.locator("#search-results p.context").first.wait_for()
    page.wait_for_timeout(200)  # an extract that may not be fetched would complain by now
    assert page.complaints == []
    results.first.click()
    page.wait_for_selector("article h1")
    assert page.complaints == []


def test_search_opens_by_keyboard(address, open_page):
    page = open_page(f"{address}/index.html")
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input")
    field.wait_for()
    field.fill("entropy")
    field.press("Enter")
    page.locator("#search-results ul.search > li > a").first.wait_for()
    assert page.complaints == []


def chosen(page):
    """The framework that each set of tabs shows, where it has a choice."""
    return page.evaluate(CHOSEN)


def test_tabs_switch_by_keyboard_and_mouse_and_keep_the_choice_from_page_to_page(address, site, open_page):
    tabbed = [name for name, built in site.items() if "framework-tabs" in built.source]
    first, second = tabbed[:2]
    page = open_page(f"{address}/{first}")
    assert set(chosen(page)) == {"NumPy"}
    page.locator(".framework-tabs > input:checked").first.focus()
    page.keyboard.press("ArrowRight")
    assert set(chosen(page)) == {"PyTorch"}
    panel = page.locator(".framework-tabs").first.locator(":scope > .sd-tab-content:visible")
    assert panel.count() == 1
    page.goto(f"{address}/{second}")
    assert set(chosen(page)) == {"PyTorch"}
    page.locator(".framework-tabs > label", has_text="TensorFlow").first.click()
    assert set(chosen(page)) == {"TensorFlow"}
    assert page.complaints == []


def test_dark_and_light_are_the_readers_choice_and_stay_it(address, open_page):
    page = open_page(f"{address}/chapters/01_intuition.html", scheme="light")
    button = page.locator(".theme-switch-button")
    seen = set()
    for _ in range(3):
        button.click()
        seen.add((page.evaluate("document.documentElement.dataset.mode"), page.evaluate(LUMINANCE) < 0.5))
    assert seen == {("light", False), ("dark", True), ("auto", False)}
    while page.evaluate("document.documentElement.dataset.mode") != "dark":
        button.click()
    page.goto(f"{address}/chapters/04_perplexity.html")
    assert page.evaluate(LUMINANCE) < 0.5
    assert page.complaints == []


def test_answers_open_by_keyboard(address, open_page):
    page = open_page(f"{address}/chapters/01_intuition.html")
    answer = page.locator("details.dropdown").first
    content = answer.locator(":scope > :not(summary)").first
    assert not content.is_visible()
    for key, shown in (("Enter", True), ("Enter", False), ("Space", True)):
        answer.locator(":scope > summary").press(key)
        assert content.is_visible() == shown
    assert page.complaints == []


def test_on_a_phone_the_chapters_are_behind_a_button(address, open_page):
    page = open_page(f"{address}/chapters/01_intuition.html", width=360, height=740)
    link = page.locator("nav.bd-links a", has_text="Perplexity").first
    assert not link.is_visible()
    page.locator("button.primary-toggle:visible").click()
    link.wait_for()
    link.click()
    page.wait_for_url("**/04_perplexity.html")
    assert page.complaints == []


def test_the_notebook_of_a_chapter_downloads(server, open_page):
    page = open_page(f"{server}/chapters/01_intuition.html")
    with page.expect_download() as download:
        page.locator("a.notebook-download").click()
    assert download.value.suggested_filename == "01_intuition.ipynb"
    assert download.value.path().read_bytes() == (HTML / "_sources/chapters/01_intuition.ipynb").read_bytes()


def test_moving_through_the_page_by_tab_shows_where_one_is(server, open_page):
    page = open_page(f"{server}/chapters/01_intuition.html")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.getAttribute('href')") == "#main-content"
    for _ in range(12):
        page.keyboard.press("Tab")
        style = page.evaluate(OUTLINE)
        assert style == ["solid", "3px"], page.evaluate("document.activeElement.outerHTML.slice(0, 200)")

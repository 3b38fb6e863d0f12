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

PAST_THE_EDGE = """() => {   // what scrolls sideways, and whether it says so at its right edge
  const fade = (e) => parseFloat(getComputedStyle(e).getPropertyValue("--more"));
  const shadow = (e) => parseFloat(getComputedStyle(e.querySelector("figcaption"), "::before").opacity);
  const cue = (e) => (e.tagName === "FIGURE" ? shadow(e) : fade(e));
  const shown = (e) => e.clientWidth > 0 && /auto|scroll/.test(getComputedStyle(e).overflowX);
  const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  return (async () => {
    // What is out of view or folded is not laid out: here all of it is, at once.
    for (const cell of document.querySelectorAll("div.cell")) cell.style.contentVisibility = "visible";
    for (const folded of document.querySelectorAll("details")) folded.open = true;
    await frame();
    const found = [...document.querySelectorAll(".bd-article *")].filter(shown).map((e) => (
      { e, what: e.className || e.tagName, scrolls: e.scrollWidth > e.clientWidth + 1, start: cue(e) }));
    for (const { e } of found) e.scrollLeft = e.scrollWidth;
    await frame();
    return found.map(({ e, ...seen }) => ({ ...seen, end: cue(e) }));
  })();
}"""
CONTRAST = """(e) => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [a, b] = [getComputedStyle(e).color, getComputedStyle(document.body).backgroundColor].map(light);
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}"""
SHEETS = {
    "A4": {"width": 725, "height": 1055},
    "Letter": {"width": 748, "height": 988},
}  # px, less the margins
BEYOND_THE_COLUMN = """() => {   // tables of the sheet that reach into the next column, or off the paper
  const wide = [...document.querySelectorAll("#cheat-sheet table")].filter((table) =>
    table.getBoundingClientRect().width > table.closest("section").getBoundingClientRect().width + 1);
  return wide.map((table) => table.textContent.trim().slice(0, 50));
}"""
RINGS = """(e) => {   // which elements, from the field outwards, draw a ring or a shadow
  const rings = [];
  for (; e && e !== document.body; e = e.parentElement) {
    const style = getComputedStyle(e);
    const outlined = style.outlineStyle !== "none" && style.outlineWidth !== "0px";
    if (outlined || style.boxShadow !== "none") rings.push(e.tagName);
  }
  return rings;
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
        page.locator(".cell_output .xe-figure input:visible").first.wait_for()
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
    assert {"Book Serif", "KaTeX_Main", "KaTeX_Math"} <= loaded


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


def test_an_extract_shows_the_word_and_a_formula_as_it_looks(server, open_page):
    page = open_page(f"{server}/search.html?q=entropy")
    page.locator("#search-results p.context").nth(4).wait_for()
    page.wait_for_timeout(300)
    extracts = page.locator("#search-results p.context").all_text_contents()
    assert [text for text in extracts if "entrop" not in text.lower()] == []
    assert [text for text in extracts if "\\" in text] == []
    texts = page.evaluate(
        """(names) => Promise.all(names.map((name) =>
             fetch(name).then((page) => page.text()).then((html) => Search.htmlToText(html))))""",
        ["chapters/notation.html", "chapters/errata.html"],
    )
    for text in texts:
        assert "entropy" in text
        assert "\\" not in text  # no LaTeX in the whole text from which extracts are cut


def test_the_search_field_can_be_read(server, open_page):
    page = open_page(f"{server}/search.html")
    field, icon = page.locator(".bd-search-container input"), page.locator(".bd-search-container form > i")
    text_starts = field.bounding_box()["x"] + float(
        field.evaluate("(e) => parseFloat(getComputedStyle(e).paddingLeft)")
    )
    box = icon.bounding_box()
    assert field.bounding_box()["x"] < box["x"] < box["x"] + box["width"] < text_starts
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
        for key in page.locator("main .search-button__kbd-shortcut, main form.bd-search kbd").all():
            assert key.evaluate(CONTRAST) >= 4.5


def test_the_search_field_has_one_ring(server, open_page):
    page = open_page(f"{server}/index.html")
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").wait_for()
    assert page.evaluate_handle("document.activeElement").evaluate(RINGS) == ["INPUT"]


def test_the_way_out_of_marked_matches_is_a_small_link(server, open_page):
    page = open_page(f"{server}/chapters/01_intuition.html?highlight=surprisal")
    link = page.locator("p.highlight-link a")
    link.wait_for()
    assert link.bounding_box()["height"] < 24
    assert abs(link.bounding_box()["x"] - page.locator("article h1").bounding_box()["x"]) < 1
    assert link.evaluate("(e) => getComputedStyle(e).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert link.evaluate("(e) => getComputedStyle(e, '::before').content") == "none"
    link.click()  # a javascript: link, which the browser follows when it has time
    page.wait_for_function("document.querySelector('.highlighted') === null")


def test_what_scrolls_sideways_says_so_until_its_end(server, site, open_page):
    page = open_page(f"{server}/index.html", **NARROW)
    page.emulate_media(reduced_motion="reduce")  # a fade that follows the finger is no motion
    kinds, wrong = set(), []
    for name in site:
        if name.startswith("_modules"):
            continue
        page.goto(f"{server}/{name}")
        for found in page.evaluate(PAST_THE_EDGE):
            if (found["start"] > 0.5) != found["scrolls"] or (found["scrolls"] and found["end"] > 0.01):
                wrong.append(f"{name}: {found}")
            kinds |= {found["what"]} if found["scrolls"] else set()
    assert wrong == []
    assert {"katex-html", "PRE", "align-default", "pst-scrollable-table-container"} <= kinds


def test_the_first_picture_is_whole_on_a_phone(server, open_page):
    page = open_page(f"{server}/index.html", **NARROW)
    box = page.locator("#fig-first-picture img").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= NARROW["width"]


def test_a_numbered_formula_stands_in_the_middle(server, open_page):
    page = open_page(f"{server}/chapters/02_formula.html")
    article = page.locator("article.bd-article").bounding_box()
    formula = page.locator("#equation-eq-cross-entropy .katex-html > .base").all()
    left, right = formula[0].bounding_box(), formula[-1].bounding_box()
    middle = (left["x"] + right["x"] + right["width"]) / 2
    assert abs(middle - article["x"] - article["width"] / 2) < 3


def test_the_foot_of_the_page_stands_below_the_article(server, open_page):
    page = open_page(f"{server}/chapters/02_formula.html", width=1440)
    article, foot = (page.locator(name).bounding_box() for name in ("article.bd-article", "p.licence"))
    assert abs(article["x"] + article["width"] / 2 - foot["x"] - foot["width"] / 2) < 3


@pytest.mark.parametrize(
    "name", ["api_losses", "api_models", "api_texts", "api_scale", "api_figures", "api_exercises"]
)
def test_a_link_to_the_source_stays_in_the_box_of_its_function(server, open_page, name):
    page = open_page(f"{server}/chapters/{name}.html")
    outside = page.evaluate(
        """() => [...document.querySelectorAll("dl.py > dt.sig")].filter((sig) => {
          const link = sig.querySelector(".viewcode-link");
          return link && link.getBoundingClientRect().bottom > sig.getBoundingClientRect().bottom;
        }).map((sig) => sig.id)"""
    )
    assert outside == []


def test_the_longest_line_of_a_source_is_shown_whole(server, site, open_page):
    page = open_page(f"{server}/index.html", width=1366)
    cut = []
    for name in site:
        if name.startswith("_modules/helpers"):
            page.goto(f"{server}/{name}")
            cut += (
                [name]
                if page.locator("article pre").evaluate("(e) => e.scrollWidth > e.clientWidth + 1")
                else []
            )
    assert cut == []


def test_the_next_chapter_has_the_whole_width_where_there_is_no_last(server, open_page):
    page = open_page(f"{server}/index.html", **NARROW)
    area, link = page.locator(".prev-next-area"), page.locator("a.right-next")
    assert link.evaluate("(e) => getComputedStyle(e).maxWidth") == "100%"
    assert link.bounding_box()["width"] > area.bounding_box()["width"] / 2


def test_paper_has_answers_and_figures_but_no_folded_code(server, open_page):
    page = open_page(f"{server}/chapters/01_intuition.html")
    page.locator(".xe-figure").nth(1).wait_for()
    page.emulate_media(media="print")
    answers, folded = page.locator("details.dropdown"), page.locator("div.cell details.hide")
    assert answers.count() > 0
    assert folded.count() > 0
    assert all(answer.locator(":scope > :not(summary)").first.is_visible() for answer in answers.all())
    assert not any(code.is_visible() for code in folded.all())
    for tabs in page.locator(".framework-tabs").all():
        assert tabs.locator(":scope > label:visible").count() == 1


def test_paper_has_every_picture_and_every_line_of_code(server, open_page):
    page = open_page(f"{server}/chapters/01_intuition.html")
    page.wait_for_function("[...document.images].every((image) => image.complete && image.naturalWidth > 0)")
    page.emulate_media(media="print")
    page.set_viewport_size(SHEETS["A4"])
    cut = page.evaluate(
        """() => [...document.querySelectorAll(".bd-article pre")]
             .filter((pre) => pre.checkVisibility() && pre.scrollWidth > pre.clientWidth + 1)
             .map((pre) => pre.textContent.slice(0, 50))"""
    )
    assert cut == []


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


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_cheat_sheet_prints_on_one_sheet(server, open_page, paper):
    page = open_page(f"{server}/chapters/cheat_sheet.html")
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=paper, prefer_css_page_size=False))) == 1
    page.emulate_media(media="print")
    page.set_viewport_size(SHEETS[paper])
    assert page.evaluate(BEYOND_THE_COLUMN) == []

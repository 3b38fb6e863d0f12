"""Live figures where no script runs: the page says in words what they show."""

import nbformat
import pytest
import still_figures
from built import HTML, ROOT
from docutils import nodes
from docutils.utils import new_document
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE


def bundle(**forms):
    """The forms of one output, as MyST-NB keeps them: {mime type: HTML}."""
    kept = nodes.container(nb_element="mime_bundle")
    for mime_type, html in forms.items():
        kept += nodes.container("", nodes.raw("", html, format="html"), mime_type=mime_type)
    return kept


def after_the_transform(kept):
    document = new_document("page")
    document += kept
    still_figures.KeepStills(document).run()
    return [form.astext() for form in document.children[0].children]


def test_the_words_of_a_figure_stand_below_its_view():
    found = after_the_transform(bundle(**{"text/html": "<p>2.303</p>", WIDGET_VIEW_MIMETYPE: "<script>"}))
    assert found[1].split() == ["<script>", "<noscript><p>2.303</p></noscript>"]
    assert found[0] == "<p>2.303</p>"


def test_an_output_that_is_no_live_figure_stays_as_it_is():
    kept = {"text/html": "<table>", "text/plain": "a table"}
    assert after_the_transform(bundle(**kept)) == list(kept.values())


def stills():
    """{page: the words of its live figures, as the notebook stores them}."""
    found = {}
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        outputs = [o for c in nbformat.read(path, as_version=4).cells for o in c.get("outputs", [])]
        forms = [output.get("data", {}) for output in outputs]
        words = [form["text/html"] for form in forms if WIDGET_VIEW_MIMETYPE in form]
        if words:
            found[f"chapters/{path.stem}.html"] = words
    return found


@pytest.mark.browser
def test_a_reader_without_scripts_reads_what_each_figure_shows(browser):
    pages = stills()
    assert pages
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name, words in pages.items():
        page.goto(f"{HTML.as_uri()}/{name}")
        shown = page.locator(".cell_output .xe-still")
        assert shown.count() == len(words), name
        assert all(still.is_visible() for still in shown.all()), name
        assert page.locator(".cell_output noscript details").count() == sum("<details>" in w for w in words)
    context.close()


@pytest.mark.browser
def test_no_figure_is_said_twice_where_scripts_run(open_page, server):
    for name in stills():
        page = open_page(f"{server}/{name}")
        page.locator("[data-anywidget=ready]").first.wait_for()
        assert page.locator(".xe-still").count() == 0

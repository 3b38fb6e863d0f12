"""What replaces the theme's search for blocks that scroll."""

import re

import pytest
from built import HTML
from lean_scripts import NAME, without_search
from sphinx.errors import ExtensionError

STATEMENT = (
    'document.querySelectorAll(["pre",".output"].join(", ")).forEach(e=>{e.tabIndex=e.scrollWidth>9?0:-1})'
)


def test_one_statement_goes_and_the_rest_stays():
    assert (
        without_search(f"function I(){{const e=()=>{{{STATEMENT}}},t=1}}")
        == "function I(){const e=()=>{0},t=1}"
    )


@pytest.mark.parametrize("script", ["", STATEMENT * 2])
def test_a_script_of_another_theme_stops_the_build(script):
    with pytest.raises(ExtensionError, match=r"in (0|2) places"):
        without_search(script)


def test_the_page_loads_the_lean_one():
    assert "scrollWidth" not in (HTML / "_static" / NAME).read_text(encoding="utf-8")


@pytest.mark.browser
def test_what_scrolls_can_be_reached_by_keyboard_and_what_does_not_is_no_stop(server, open_page):
    page = open_page(f"{server}/chapters/02_formula.html", width=360)
    page.wait_for_function("document.querySelectorAll('pre[tabindex=\"0\"]').length > 0")
    page.wait_for_timeout(500)
    wrong = page.evaluate(
        """() => [...document.querySelectorAll("pre")].filter((block) =>
             (block.tabIndex === 0) !== (block.scrollWidth > block.clientWidth))
           .map((block) => block.textContent.slice(0, 60))"""
    )
    assert wrong == []
    page.set_viewport_size({"width": 1600, "height": 900})
    page.wait_for_function("document.querySelectorAll('pre[tabindex=\"0\"]').length === 0")
    assert not [text for text in page.complaints if re.search("uncaught", text)]

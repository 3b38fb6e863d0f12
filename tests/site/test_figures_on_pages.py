"""Live figures on the pages of the book, where the theme has its say: nothing cut off, nothing overlaps."""

import pytest
from figure_layout import OUTSIDE, OVERLAPS

from helpers.normal_form import WIDGET_VIEW

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def live(site):
    """Names of the pages that show a live figure."""
    names = [
        name for name, page in site.items() if WIDGET_VIEW in page.source and name.startswith("chapters/")
    ]
    assert len(names) >= 7
    return names


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_every_figure_fits_its_page(live, server, open_page, width):
    page = open_page(f"{server}/{live[0]}", width=width)
    wrong = []
    for name in live:
        page.goto(f"{server}/{name}")
        page.wait_for_function(
            "document.querySelectorAll('[data-anywidget]').length > 0 &&"
            "!document.querySelector('[data-anywidget=loading]')"
        )
        wrong += [f"{name}: failed"] * page.locator("[data-anywidget=failed]").count()
        wrong += [f"{name}: outside its figure: {found[:200]}" for found in page.evaluate(OUTSIDE)]
        wrong += [f"{name}: overlaps: {a[:200]} and {b[:200]}" for a, b in page.evaluate(OVERLAPS)]
    assert wrong == []
    assert page.complaints == []

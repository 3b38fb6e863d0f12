"""Live figures on the pages of the book, where the theme has its say: nothing cut off, nothing overlaps."""

import pytest
from browser import wait_for_figures
from figure_layout import OUTSIDE, OVERLAPS

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_every_figure_fits_its_page(live, server, open_page, width):
    page = open_page(f"{server}/{next(iter(live))}", width=width)
    wrong = []
    for name, built in live.items():
        page.goto(f"{server}/{name}")
        wait_for_figures(page, built.live_figures)
        wrong += [f"{name}: failed"] * page.locator("[data-anywidget=failed]").count()
        wrong += [f"{name}: outside its figure: {found[:200]}" for found in page.evaluate(OUTSIDE)]
        wrong += [f"{name}: overlaps: {a[:200]} and {b[:200]}" for a, b in page.evaluate(OVERLAPS)]
    assert wrong == []
    assert page.complaints == []

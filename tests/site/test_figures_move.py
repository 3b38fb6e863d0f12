"""Live figures of the built book, from a server and from the disk: each answers key and mouse."""

import pytest
from browser import move_by_key, reach_figures

from helpers.normal_form import WIDGET_VIEW

pytestmark = pytest.mark.browser


def move_by_mouse(page, figure):
    """Press the first slider near its left end, or ask for the answer."""
    slider = figure.get_by_role("slider").first
    if slider.count():
        slider.scroll_into_view_if_needed()
        box = slider.bounding_box()
        page.mouse.click(box["x"] + 0.3 * box["width"], box["y"] + box["height"] / 2)
    else:
        figure.get_by_role("button", name="Show the answer").click()


@pytest.mark.parametrize("hand", ["key", "mouse"])
def test_every_figure_of_the_book_answers(address, site, open_page, hand):
    names = [
        name for name, page in site.items() if WIDGET_VIEW in page.source and name.startswith("chapters/")
    ]
    still = []
    for name in names:
        page = open_page(f"{address}/{name}")
        page.wait_for_function(
            "n => document.querySelectorAll('[data-anywidget=ready]').length === n",
            arg=site[name].source.count(f'type="{WIDGET_VIEW}"'),
        )
        reach_figures(page)
        page.context.set_offline(True)
        for number, figure in enumerate(page.locator(".xe-figure").all()):
            before = figure.inner_text()
            move_by_key(figure) if hand == "key" else move_by_mouse(page, figure)
            if figure.inner_text() == before:
                still.append(f"{name}: figure {number + 1}")
        assert page.complaints == []
    assert len(names) >= 7
    assert still == []

"""Live figures of the built book, from a server and from the disk: each answers key and mouse."""

from contextlib import suppress

import pytest
from browser import go_offline, move_by_key, reach_figures, wait_for_figures
from playwright.sync_api import TimeoutError

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


def answers(page, figure, hand) -> bool:
    """Whether a figure says something else when it is moved.

    On a busy machine what comes into sight above it may push it away from under the mouse: three tries.
    """
    before = figure.inner_text()
    for _ in range(3):
        move_by_key(figure) if hand == "key" else move_by_mouse(page, figure)
        with suppress(TimeoutError):
            moved = "([figure, before]) => figure.innerText !== before"
            page.wait_for_function(moved, arg=[figure.element_handle(), before], timeout=1000)
            return True
    return False


@pytest.mark.parametrize("hand", ["key", "mouse"])
def test_every_figure_of_the_book_answers(address, live, open_page, hand):
    still = []
    for name, built in live.items():
        page = open_page(f"{address}/{name}")
        wait_for_figures(page, built.live_figures)
        reach_figures(page)
        go_offline(page)
        for number, figure in enumerate(page.locator(".xe-figure").all()):
            if not answers(page, figure, hand):
                still.append(f"{name}: figure {number + 1}")
        assert page.complaints == []
    assert still == []

"""The one browser that the tests share, and what happens where there is none.

Without a browser the tests that need it are skipped, and the terminal summary says so in red: a skip is
quiet, and not having looked at the site should not be. Where CI is set they fail.
"""

import os
import shutil

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "no Chromium found: what a reader's browser makes of the pages was NOT tested. "
    "Install chromium, or name one in CHROME_PATH"
)


def find_browser() -> str | None:
    """The browser named in CHROME_PATH, or the first one on PATH."""
    named = os.environ.get("CHROME_PATH")
    return named or next((found for name in NAMES if (found := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser():
    """A running Chromium; skips without one, or fails where CI is set."""
    executable = find_browser()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)  # as long as a page waits for anything else
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield running
        running.close()


def wait_for_figures(page, number: int) -> None:
    """Wait until that many live figures have started, or failed to, and are drawn.

    A plot is drawn when its size is known: after it started, before the second frame from then.
    """
    page.wait_for_function(
        "n => document.querySelectorAll('[data-anywidget=ready], [data-anywidget=failed]').length === n",
        arg=number,
    )
    page.evaluate("new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")


def reach_figures(page) -> None:
    """Go to each live figure that loads more when it is reached, and wait until it has it."""
    for figure in page.locator(".xe-figure").all():
        if figure.get_attribute("aria-busy"):
            figure.scroll_into_view_if_needed()
            page.wait_for_function("figure => figure.ariaBusy !== 'true'", arg=figure.element_handle())


def go_offline(page) -> None:
    """Take the network away when every picture is there, also those that load when they come into sight."""
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.wait_for_function("[...document.images].every((image) => image.complete)")
    page.context.set_offline(True)


def move_by_key(figure):
    """Move the first slider by a step, or answer the question."""
    slider = figure.get_by_role("slider").first
    if slider.count():
        start = slider.input_value()
        slider.press("ArrowRight")
        if slider.input_value() == start:
            slider.press("ArrowLeft")
    else:
        figure.get_by_role("textbox").first.fill("1")
        figure.get_by_role("textbox").first.press("Enter")

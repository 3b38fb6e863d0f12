"""What the tests of the site share: the built pages, parsed once, a server for them and a browser.

The site is what `make book` has built. `BOOK_HTML` names another folder to look at.
"""

import os
import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from built import BROWSER_ARGS, HTML, NO_BROWSER, ROOT, Page, find_browser

sys.path.insert(0, str(ROOT / "_ext"))  # as local_extensions in _config.yml does


@pytest.fixture(scope="session")
def site():
    """Every page of the built book: {name: Page}."""
    if not (HTML / "index.html").exists():
        pytest.fail(f"{HTML}/index.html does not exist: build the book first, with `make book`")
    files = [path for path in sorted(HTML.rglob("*.html")) if "_static" not in path.relative_to(HTML).parts]
    return {page.name: page for page in map(Page, files)}


@pytest.fixture(scope="session")
def server(site):
    """The address under which the built book is served; it is gone after the tests."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=HTML)) as http:
        Thread(target=http.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{http.server_port}"
        http.shutdown()


@pytest.fixture(scope="session", params=["http", "file"])
def address(request, site):
    """Where the book is read: from a server, and from the disk."""
    return request.getfixturevalue("server") if request.param == "http" else HTML.as_uri()


@pytest.fixture(scope="session")
def browser():
    """A running Chromium. Without one the tests are skipped and say so; where CI is set they fail."""
    executable = find_browser()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=BROWSER_ARGS)
        yield running
        running.close()


@pytest.fixture
def open_page(browser):
    """Open an address: open_page(url, width=1280, scheme="light"). What goes wrong is in page.complaints."""
    contexts = []

    def open_(url, *, width=1280, height=900, scheme="light"):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.complaints = []
        base = url.split("/", 3)[2]

        def foreign(request):
            own = request.url.startswith(("data:", "blob:", "file:", f"http://{base}/"))
            if not own:
                page.complaints.append(f"request to another host: {request.url}")

        def failed(request):
            if request.failure != "net::ERR_ABORTED":  # the page was left before its icon came
                page.complaints.append(f"request failed: {request.url}, {request.failure}")

        page.on("request", foreign)
        page.on("requestfailed", failed)
        page.on(
            "response", lambda got: got.status >= 400 and page.complaints.append(f"{got.status}: {got.url}")
        )
        page.on("pageerror", lambda error: page.complaints.append(f"uncaught: {error}"))
        page.on(
            "console", lambda said: said.type == "error" and page.complaints.append(f"console: {said.text}")
        )
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()


def pytest_terminal_summary(terminalreporter):
    """Skipping is quiet; not having looked at the site in a browser should not be."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.section("browser tests", red=True, bold=True)
        terminalreporter.line(NO_BROWSER, red=True, bold=True)

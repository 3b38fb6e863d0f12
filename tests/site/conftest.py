"""What the tests of the site share: the built pages, parsed once, and a server for them.

The site is what `make book` has built. `BOOK_HTML` names another folder to look at.
"""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from built import HTML, ROOT, Page

sys.path.insert(0, str(ROOT / "_ext"))  # as local_extensions in _config.yml does
sys.path.append(str(ROOT / "tests" / "widgets"))  # what a figure should say is written down there


@pytest.fixture(scope="session")
def site():
    """Every page of the built book: {name: Page}."""
    if not (HTML / "index.html").exists():
        pytest.fail(f"{HTML}/index.html does not exist: build the book first, with `make book`")
    files = [path for path in sorted(HTML.rglob("*.html")) if "_static" not in path.relative_to(HTML).parts]
    return {page.name: page for page in map(Page, files)}


@pytest.fixture(scope="session")
def live(site):
    """The pages that show a live figure: {name: Page}."""
    pages = {name: page for name, page in site.items() if page.live_figures}
    assert len(pages) >= 7
    return pages


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


@pytest.fixture
def open_page(browser):
    """Open an address: open_page(url, width=1280, scheme="light"). What goes wrong is in page.complaints.

    `first` is a script that runs before any of the page's own.
    """
    contexts = []

    def open_(url, *, width=1280, height=900, scheme="light", first=""):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        contexts.append(context)
        context.add_init_script(first)
        page = context.new_page()
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

"""What a reader who comes for the first time has to load before a chapter can be read."""

import gzip
from urllib.parse import unquote, urlsplit

import pytest
from built import HTML
from test_pages import notebooks

pytestmark = pytest.mark.browser

BUDGET = 250_000  # bytes over the wire, without the figures
FIGURES = ("/_images/", "/_static/figures/")  # pictures, and the scripts of live figures
PACKED = {".woff2", ".png"}  # compressed already


def over_the_wire(path):
    """Bytes of a file as a server sends it."""
    content = path.read_bytes()
    return len(content) if path.suffix in PACKED else len(gzip.compress(content))


def test_the_first_load_of_a_chapter_is_small(server, open_page):
    page = open_page(f"{server}/index.html")
    heavy = {}
    for name in notebooks():
        loaded = set()
        note = lambda request, loaded=loaded: loaded.add(urlsplit(request.url).path)  # noqa: E731
        page.on("request", note)
        page.goto(f"{server}/{name}", wait_until="networkidle")
        page.remove_listener("request", note)
        files = {HTML / unquote(path).lstrip("/") for path in loaded if not path.startswith(FIGURES)}
        sizes = {file.name: over_the_wire(file) for file in files if file.is_file()}
        assert {"site.css", "book-serif.woff2"} <= set(sizes)
        if sum(sizes.values()) > BUDGET:
            heavy[name] = sizes
    assert heavy == {}


def test_nothing_lies_among_the_static_files_that_no_page_loads():
    files = {path.name for path in (HTML / "_static").rglob("*") if path.is_file()}
    assert "site.css" in files
    assert [name for name in files if name.endswith(".map")] == []
    assert files & {"fontawesome.js", "bootstrap.js", "book.css", "pydata-sphinx-theme.css"} == set()

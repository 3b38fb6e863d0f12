"""The model of the reading lab on the built pages: named where it is needed, loaded where it is reached."""

import pytest
from browser import reach_figures
from built import HTML
from reader_on_pages import MODEL, NAME, script

from helpers.models import reader

pytestmark = pytest.mark.browser

LIMIT = 400_000  # bytes, as they are on the disk: nothing packs a file that is opened from there
TAG = 'meta name="xe-reader"'
FIGURE = "helpers.widgets.reading_lab.ReadingLab"


@pytest.fixture(scope="module")
def pages(site):
    """Names of the pages with a reading lab."""
    states = HTML / "_static" / "figures"
    found = [
        path.relative_to(states).with_suffix(".html").as_posix()
        for path in states.rglob("*.js")
        if FIGURE in path.read_text(encoding="utf-8")
    ]
    assert found
    return found


def test_the_pages_that_show_it_name_the_model_and_no_other_does(site, pages):
    assert [name for name, page in site.items() if TAG in page.source] == sorted(pages)


def test_the_model_on_the_page_is_that_of_the_package_and_small():
    served = HTML / NAME
    assert MODEL == reader.FILE
    assert served.read_text(encoding="ascii") == script(MODEL.read_bytes())
    assert served.stat().st_size <= LIMIT


def test_it_is_loaded_when_the_figure_is_reached_and_not_before(address, pages, open_page):
    for name in pages:
        page = open_page(f"{address}/{name}")
        loaded = []
        page.on("request", lambda request, loaded=loaded: loaded.append(request.url))
        page.reload(wait_until="networkidle")
        page.locator(".xe-reading-lab").first.wait_for(state="attached")
        page.wait_for_timeout(300)
        assert not any("/models/" in url for url in loaded)
        reach_figures(page)
        assert sum("/models/reader.js" in url for url in loaded) == 1
        assert "nats" in page.locator(".xe-reading-lab .xe-quantity").first.inner_text()
        assert page.complaints == []

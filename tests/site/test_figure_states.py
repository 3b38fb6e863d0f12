"""The state of live figures in a file of its own: the page gets back what the notebook holds."""

import json

import nbformat
import pytest
from built import HTML, ROOT
from figure_states import FOLDER, script, sources

from helpers.normal_form import WIDGET_STATE

WHOLE = {
    "version_major": 2,
    "state": {
        "one": {"model_name": "AnyModel", "state": {"_esm": "export </script>", "_css": "a {}", "p": 0.1}},
        "two": {"model_name": "AnyModel", "state": {"_esm": "export </script>", "_css": "b {}", "p": 0.2}},
        "layout": {"model_name": "LayoutModel", "state": {"width": None}},
    },
}


def test_each_source_is_there_once():
    text = script(WHOLE)
    assert sources(text) == ["export </script>", "a {}", "b {}"]
    assert text.count("export") == 1
    assert WHOLE["state"]["two"]["state"]["_css"] == "b {}", "what was given is as it was"


def states_of(page):
    return [json.loads(tag.text_content()) for tag in page.locator(f'script[type="{WIDGET_STATE}"]').all()]


@pytest.mark.browser
def test_the_script_lays_the_same_state_into_its_page(browser, tmp_path):
    (tmp_path / "figures.js").write_text(script(WHOLE))
    (tmp_path / "page.html").write_text('<script defer src="figures.js"></script><p>text')
    page = browser.new_page()
    page.goto((tmp_path / "page.html").as_uri())
    assert states_of(page) == [WHOLE]
    page.close()


@pytest.mark.browser
def test_a_page_of_the_book_gets_back_the_state_of_its_notebook(site, server, open_page):
    count = 0
    for path in sorted((ROOT / "chapters").glob("*.ipynb")):
        stored = nbformat.read(path, as_version=4).metadata.get("widgets", {}).get(WIDGET_STATE)
        if stored:
            page = open_page(f"{server}/chapters/{path.stem}.html")
            assert states_of(page) == [stored], path.name
            assert WIDGET_STATE not in site[f"chapters/{path.stem}.html"].source
            count += 1
    assert count == len(list((HTML / "_static" / FOLDER).rglob("*.js"))) > 0

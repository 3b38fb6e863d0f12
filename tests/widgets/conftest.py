"""Pages that hold live figures as the book does: saved state, views and the loader; no kernel, no server."""

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from browser import wait_for_figures
from ipywidgets.embed import embed_data

from helpers.normal_form import WIDGET_STATE as STATE
from helpers.normal_form import WIDGET_VIEW as VIEW

ROOT = Path(__file__).parents[2]
LOADER = ROOT / "assets" / "anywidget-static.js"
sys.path.append(str(ROOT / "_ext"))
import reader_on_pages  # noqa: E402

PAGE = """<!doctype html>
<html lang="en" data-theme="{theme}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Live figures</title><link rel="icon" href="data:,"><script defer src="{loader}"></script></head>
<body><main>{views}</main>{state}</body></html>
"""


def script(mime: str, content) -> str:
    text = json.dumps(content).replace("</", "<\\/")  # no tag may end inside a string
    return f'<script type="{mime}">{text}</script>'


def view(model_id: str) -> str:
    return f"<div>{script(VIEW, {'model_id': model_id})}</div>"


def reader_beside(folder: Path, name: str = "reader.js") -> str:
    """Puts the model of the reading lab into a folder; the line of a page there that says where it is."""
    (folder / name).write_text(reader_on_pages.script(reader_on_pages.MODEL.read_bytes()))
    return reader_on_pages.tag(name)


@dataclass
class Visit:
    """A page, and what it said and asked for."""

    page: object
    errors: list = field(default_factory=list)
    requests: list = field(default_factory=list)

    def figure(self, number: int = 0):
        return self.page.locator(".xe-figure").nth(number)


@pytest.fixture
def visit(browser, tmp_path):
    """Function from live figures (one named twice is two views of one model) to a visit of their page."""
    pages, context, beside = [], browser.new_context(), reader_beside(tmp_path)

    def open_page(
        *widgets, theme="light", width=900, before=beside, extra_views="", edit=lambda states: None
    ) -> Visit:
        state = embed_data(views=list(dict.fromkeys(widgets)), drop_defaults=False)["manager_state"]
        edit(state["state"])
        views = before + "".join(view(widget.model_id) for widget in widgets) + extra_views
        path = tmp_path / f"page{len(pages)}.html"
        path.write_text(
            PAGE.format(theme=theme, loader=LOADER.as_uri(), views=views, state=script(STATE, state)),
            encoding="utf-8",
        )
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": 800})
        pages.append(page)
        seen = Visit(page)
        page.on("console", lambda message: message.type == "error" and seen.errors.append(message.text))
        page.on("pageerror", lambda error: seen.errors.append(str(error)))
        page.on("request", lambda request: seen.requests.append(request.url))
        page.goto(path.as_uri())
        wait_for_figures(page, views.count(VIEW))
        return seen

    yield open_page
    context.close()

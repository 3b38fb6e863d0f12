"""A figure on the site runs the script stored with its notebook: it must be the one in the package."""

import pytest

from helpers import widgets

STATE = "application/vnd.jupyter.widget-state+json"


def stored_figures(notebook) -> list[dict]:
    """States of the live figures of `notebook`, in stored order."""
    states = notebook.metadata.get("widgets", {}).get(STATE, {}).get("state", {}).values()
    return [s["state"] for s in states if s["state"].get("_anywidget_id", "").startswith("helpers.widgets.")]


def outdated(figure: dict) -> list[str]:
    """Which parts of a stored figure are not those of the package."""
    current = getattr(widgets, figure["_anywidget_id"].split(".")[-1])
    return [part for part in ("_esm", "_css") if figure[part] != getattr(current, part)]


def test_stored_figures_run_the_scripts_of_the_package(chapters):
    found = [
        (path.name, figure) for path, notebook in chapters.items() for figure in stored_figures(notebook)
    ]
    stale = {f"{name}: {figure['_anywidget_id']}" for name, figure in found if outdated(figure)}
    assert not stale, f"stored before helpers/widgets changed; run `make execute`: {', '.join(sorted(stale))}"


@pytest.mark.parametrize("name", widgets.__all__)
def test_every_live_figure_is_shown_in_some_chapter(chapters, name):
    figures = [figure for notebook in chapters.values() for figure in stored_figures(notebook)]
    assert any(figure["_anywidget_id"].endswith(f".{name}") for figure in figures)


def test_an_edited_script_is_noticed():
    figure = {
        "_anywidget_id": "helpers.widgets.loss_curve.LossCurve",
        "_esm": widgets.LossCurve._esm,
        "_css": widgets.LossCurve._css,
    }
    assert outdated(figure) == []
    assert outdated({**figure, "_esm": figure["_esm"] + "\n"}) == ["_esm"]

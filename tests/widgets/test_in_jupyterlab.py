"""Every live figure in JupyterLab with a kernel: it renders, Python hears a hand and answers it."""

import re
import time
from pathlib import Path

import nbformat
import pytest
from browser import move_by_key, reach_figures
from examples import EXAMPLES
from lab_server import KERNEL_IS_READY, PATIENCE, lab_on

from helpers.normal_form import KERNEL

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent

MAKE = """
import sys
sys.path.insert(0, {folder!r})
from anywidget import AnyWidget
from examples import EXAMPLES
figures = [example() for example in EXAMPLES]


def state(figure):
    own = {{n: trait for n, trait in figure.traits(sync=True).items() if n not in AnyWidget.class_traits()}}
    return {{n: getattr(figure, n) for n, trait in own.items() if n[0] != "_" and not trait.read_only}}


before = [state(figure) for figure in figures]
"""
COMPARE = """
for figure, first in zip(figures, before):
    print(type(figure).__name__, "moved" if state(figure) != first else "unmoved")
    for name, value in first.items():
        setattr(figure, name, value)
print("all back")
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a JupyterLab of our own, on a notebook that shows every figure."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [MAKE.format(folder=str(HERE)), *(f"figures[{k}]" for k in range(len(EXAMPLES))), COMPARE]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.strip()) for cell in cells])
    notebook.metadata["kernelspec"] = KERNEL  # or else JupyterLab asks for one
    nbformat.write(notebook, folder / "figures.ipynb")
    with lab_on(folder) as address:
        yield address


def test_each_figure_renders_and_is_synced_both_ways(lab, browser):
    page = browser.new_page(viewport={"width": 1200, "height": 1000})
    page.set_default_timeout(PATIENCE * 1000)
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{lab}/lab/tree/figures.ipynb")
    page.locator(".jp-CodeCell").last.wait_for()
    page.wait_for_function(KERNEL_IS_READY)
    page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")  # do not wait for the last
    page.wait_for_function(f"document.querySelectorAll('.xe-figure').length === {len(EXAMPLES)}")
    page.get_by_text("all back", exact=False).last.wait_for()
    figures = [page.locator(".xe-figure").nth(k) for k in range(len(EXAMPLES))]

    def texts():
        return [re.sub(r"\s+", " ", figure.inner_text()) for figure in figures]

    reach_figures(page)
    assert page.get_by_text("did not load").count() == 0
    at_first = texts()
    for figure in figures:
        move_by_key(figure)
    page.wait_for_timeout(500)  # the kernel hears of the last move
    moved = texts()
    assert [one for one, other in zip(moved, at_first, strict=True) if one == other] == []
    page.locator(".jp-CodeCell .cm-content").last.click()
    page.keyboard.press("Control+Enter")
    names = [type(example()).__name__ for example in EXAMPLES]
    expected = "\n".join([*(f"{name} moved" for name in names), "all back"])
    printed = page.locator(".jp-OutputArea-output").last
    deadline = time.monotonic() + PATIENCE
    while printed.inner_text().strip() != expected and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    assert printed.inner_text().strip() == expected
    page.wait_for_timeout(500)
    announced = [figure.locator(".xe-announcement").text_content() for figure in figures]
    back = [text.replace(said, "").strip() for text, said in zip(texts(), announced, strict=True)]
    assert [re.sub(r"\s+", " ", text) for text in back] == at_first
    assert complaints == []
    page.close()

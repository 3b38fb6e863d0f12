"""What the tests of the book share: its notebooks, its pages, and tiny notebooks made in memory.

A test that takes `chapter`, `notebook_file` or `page` runs once for each of them.
"""

from pathlib import Path

import matplotlib
import nbformat
import pytest
from browser import NO_BROWSER, browser
from course import NO_SANDBOX, sandbox, secret_file
from transformers_folder import NO_TRANSFORMERS, transformers_folder

# pytest finds them here, for every folder of tests.
__all__ = ["browser", "sandbox", "secret_file", "transformers_folder"]

ROOT = Path(__file__).resolve().parents[1]
FILES = {
    "chapter": sorted((ROOT / "chapters").glob("[0-9][0-9]_*.ipynb")),
    "notebook_file": sorted(
        path for folder in ("chapters", "exercises", "solutions") for path in (ROOT / folder).glob("*.ipynb")
    ),
    "page": [ROOT / "index.md", *sorted((ROOT / "chapters").glob("*.md"))],
}

matplotlib.use("Agg")  # here in the tests alone; the kernels of the notebooks draw inline


def pytest_terminal_summary(terminalreporter):
    """Say in red what was not looked at: a skip is quiet."""
    skipped = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", [])]
    for reason in (NO_BROWSER, NO_SANDBOX, NO_TRANSFORMERS):
        if any(reason in report for report in skipped):
            terminalreporter.section("not tested", red=True, bold=True)
            terminalreporter.line(reason, red=True, bold=True)


def pytest_generate_tests(metafunc):
    for name, files in FILES.items():
        if name in metafunc.fixturenames:
            metafunc.parametrize(name, files, ids=[str(file.relative_to(ROOT)) for file in files])


@pytest.fixture(scope="session")
def root():
    """The folder of the book."""
    return ROOT


@pytest.fixture(scope="session")
def chapters():
    """Every chapter, parsed: {path: notebook}."""
    return {path: nbformat.read(path, as_version=4) for path in FILES["chapter"]}


@pytest.fixture(scope="session")
def pages():
    """Every page that is not a notebook: {path: text}."""
    return {path: path.read_text(encoding="utf-8") for path in FILES["page"] if path.exists()}


@pytest.fixture
def markdown():
    """Make a markdown cell: markdown("text", id="a-name")."""

    def make(source, id="words"):
        return nbformat.v4.new_markdown_cell(source, id=id)

    return make


@pytest.fixture
def code():
    """Make a code cell that has been run: code("1 + 1", "2", id="sum", tags=[...], image={...})."""

    def make(source, printed=None, *, id="code", png=False, count=1, **metadata):
        v4, outputs = nbformat.v4, []
        if printed is not None:
            outputs.append(v4.new_output("stream", name="stdout", text=f"{printed}\n"))
        if png:
            outputs.append(v4.new_output("display_data", data={"image/png": "", "text/plain": "<Figure>"}))
        return v4.new_code_cell(source, outputs=outputs, metadata=metadata, id=id, execution_count=count)

    return make


@pytest.fixture
def book():
    """Make a notebook of cells."""

    def make(*cells):
        return nbformat.v4.new_notebook(cells=list(cells))

    return make

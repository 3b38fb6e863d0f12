"""The page on adding a figure is true: its blocks, put where it says, make a figure whose tests pass."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "chapters" / "adding_a_figure.md"
BLOCK = re.compile(r"^```(?:python|javascript|css)\n(?:# |/\* )(\S+)(?: \*/)?\n(.*?)^```$", re.M | re.S)
ADDED_TO = ("helpers/widgets/__init__.py", "tests/widgets/examples.py")  # the others are whole files
NEEDED = ("helpers", "tests", "_ext", "assets/anywidget-static.js", "pyproject.toml")


def blocks() -> list[tuple[str, str]]:
    """(File, text) of each block of the page, in order."""
    return BLOCK.findall(PAGE.read_text(encoding="utf-8"))


def test_the_page_names_the_file_of_each_block():
    files = [file for file, _ in blocks()]
    assert len(files) == len(set(files)) == PAGE.read_text(encoding="utf-8").count("```\n") == 7


@pytest.mark.browser
def test_the_figure_of_the_page_passes_its_tests_and_those_of_every_figure(tmp_path):
    for name in NEEDED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        (tmp_path / name).parent.mkdir(exist_ok=True)
        leave = (
            {"ignore": shutil.ignore_patterns("node_modules", "__pycache__")}
            if copy is not shutil.copy
            else {}
        )
        copy(ROOT / name, tmp_path / name, **leave)
    for file, text in blocks():
        path = tmp_path / file
        if file in ADDED_TO:
            text = path.read_text(encoding="utf-8") + text
            text = text.replace("__all__ = [", '__all__ = ["CoinEntropy", ')
            text = text.replace("import (\n", "import (\n    CoinEntropy,\n") if "examples" in file else text
        path.write_text(text, encoding="utf-8")
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/widgets"),
            *("-k", "coin or Coin", "--ignore=tests/widgets/test_stored_figures.py"),  # no chapter shows it
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr[-1000:]
    passed = int(re.search(r"(\d+) passed", run.stdout)[1])
    assert passed >= 6 + 2 + 6, run.stdout[
        -500:
    ]  # the page's own, two of them in the browser; the shared ones
    assert "skipped" not in run.stdout

"""Several figures stand on one page: the style sheet of one leaves the others alone."""

import re

import pytest

from helpers.widgets.bundle import HERE

FIGURES = sorted(path.stem for path in HERE.glob("*.css") if path.with_suffix(".py").exists())
COMMENT = re.compile(r"/\*.*?\*/", re.S)
SELECTORS = re.compile(r"(?:^|[{};])([^{}@;]+)\{")


def strays(css: str, root: str) -> list[str]:
    """Selectors that could match outside the figure whose class is `root`."""
    groups = SELECTORS.findall(COMMENT.sub("", css))
    return [one.strip() for group in groups for one in group.split(",") if root not in one]


@pytest.mark.parametrize("name", FIGURES)
def test_each_selector_of_a_figure_names_the_figure(name):
    sheet = (HERE / f"{name}.css").read_text(encoding="utf-8")
    assert strays(sheet, f".xe-{name.replace('_', '-')}") == []


def test_a_stray_selector_is_found():
    css = (
        "/* .a {} */ .xe-a .b,\n.c { top: 0 } @container (width < 9rem) { .xe-a .d { top: 0 } .e { top: 0 } }"
    )
    assert strays(css, ".xe-a") == [".c", ".e"]
    assert len(FIGURES) >= 9

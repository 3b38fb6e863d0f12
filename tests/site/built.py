"""Where the built book is, and how a page of it is read."""

import os
from functools import cached_property
from pathlib import Path

from bs4 import BeautifulSoup

from helpers.normal_form import WIDGET_VIEW

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))


class Page:
    """One built page."""

    def __init__(self, path: Path):
        self.path = path
        self.name = path.relative_to(HTML).as_posix()
        self.source = path.read_text(encoding="utf-8")

    @cached_property
    def soup(self):
        return BeautifulSoup(self.source, "html.parser")

    @cached_property
    def live_figures(self) -> int:
        """How many live figures it shows."""
        return self.source.count(f'type="{WIDGET_VIEW}"')

    @cached_property
    def ids(self):
        return {element["id"] for element in self.soup.find_all(id=True)}

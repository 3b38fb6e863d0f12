"""Where the built book is, how a page of it is read, and which browser there is to look at it."""

import os
import shutil
from functools import cached_property
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "_build" / "html"))
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = (
    "no Chromium found: what a reader's browser sees of the site was NOT tested. "
    "Install chromium, or name one in CHROME_PATH"
)


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
    def ids(self):
        return {element["id"] for element in self.soup.find_all(id=True)}


def find_browser() -> str | None:
    """The browser named in CHROME_PATH, or the first one on PATH."""
    named = os.environ.get("CHROME_PATH")
    return named or next((found for name in BROWSERS if (found := shutil.which(name))), None)

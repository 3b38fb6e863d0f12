"""Code on a page without the elements that colour nothing.

Pygments puts every name, bracket and space into an element of its own. Where neither the light nor the dark
style gives such a token another look than the text around it has, the element is left out: half the bytes of
a page that holds much code.
"""

from pygments.formatters import HtmlFormatter
from pygments.styles import get_style_by_name
from pygments.token import Name, Punctuation, Text
from sphinx.highlighting import PygmentsBridge

ORDINARY = (Name, Punctuation, Text)  # not what a program prints: the copy button looks for that


def look(token, style) -> dict:
    """How a style shows a kind of token: as the nearest kind above it that the style knows."""
    while not style.styles_token(token):
        token = token.parent
    return style.style_for_token(token)


def is_plain(token, styles) -> bool:
    """Whether a kind of token looks like the text around it, in each of the styles."""
    ordinary = any(token in kind for kind in ORDINARY)
    return ordinary and all(look(token, style) == look(Text, style) for style in styles)


class LeanFormatter(HtmlFormatter):
    """Writes HTML as Pygments does, and an element where there is something to see."""

    styles = ()

    def _get_css_classes(self, ttype):
        return "" if is_plain(ttype, self.styles) else super()._get_css_classes(ttype)


def choose(app, config):
    """Write code so, for the styles of the configuration."""
    options = config.html_theme_options
    names = options["pygments_light_style"], options["pygments_dark_style"]
    LeanFormatter.styles = tuple(map(get_style_by_name, names))
    PygmentsBridge.html_formatter = LeanFormatter


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", choose)  # before a builder takes its formatter
    return {"parallel_read_safe": True, "parallel_write_safe": True}

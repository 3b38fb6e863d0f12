"""The theme's script without its search for what scrolls: assets/tab-stops.js does it, in idle time.

The theme asks each block of code whether it scrolls, and notes the answer before it asks the next one, so
that the page is laid out as many times as it has blocks: half a second on a phone, while the reader wants to
scroll.
"""

import re
from pathlib import Path

import pydata_sphinx_theme
from sphinx.errors import ExtensionError

ORIGIN = "theme/pydata_sphinx_theme/static"
NAME = "scripts/pydata-sphinx-theme.js"
SEARCH = re.compile(r'document\.querySelectorAll\(\["pre",[^\]]*\]\.join\(", "\)\)\.forEach\(e=>\{[^}]*\}\)')


def without_search(script: str) -> str:
    """The script with nothing in the place of that one statement."""
    lean, count = SEARCH.subn("0", script)
    if count != 1:
        raise ExtensionError(f"{NAME} looks for what scrolls in {count} places; lean_scripts.py knows of 1")
    return lean


def write(app, exception):
    """Put it in the place of the copy that Sphinx has made."""
    if exception or app.builder.format != "html":
        return
    path = Path(app.outdir) / "_static" / NAME
    original = (Path(pydata_sphinx_theme.__file__).parent / ORIGIN / NAME).read_text(encoding="utf-8")
    path.write_text(without_search(original), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

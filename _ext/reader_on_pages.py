"""The language model of the reading lab, beside the pages that show one.

The model is a file of the helpers. On a page it is a script, because a page opened from the disk may not read
any other kind of file: one that leaves the bytes, in base64, on its own tag. The page names the script and
does not load it; the figure does, when a reader comes to it.
"""

import base64
import zlib
from pathlib import Path

from myst_nb.core.render import WIDGET_STATE_MIMETYPE

ROOT = Path(__file__).parents[1]
MODEL = ROOT / "helpers" / "models" / "reader.bin"
NAME = "_static/models/reader.js"
FIGURE = "helpers.widgets.reading_lab.ReadingLab"  # as a notebook names it


def script(content: bytes) -> str:
    """A script that hands over these bytes."""
    return f'document.currentScript.weights = "{base64.b64encode(content).decode()}";\n'


def tag(address: str) -> str:
    """The line of a page that says where its figures find the model."""
    return f'<meta name="xe-reader" content="{address}" />'


def name_it(app, pagename, templatename, context, doctree):
    """Write the script, and name it in a page that has a reading lab."""
    states = [getattr(entry, "attributes", {}) for entry in context.get("script_files", [])]
    if not any(a.get("type") == WIDGET_STATE_MIMETYPE and FIGURE in a["body"] for a in states):
        return
    content = MODEL.read_bytes()
    path = Path(app.outdir) / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(script(content), encoding="ascii")
    version = f"{zlib.crc32(content):08x}"  # another model, another address: a browser may keep the old one
    address = f"{context['pathto'](NAME, resource=True)}?v={version}"
    context["metatags"] = f"{context.get('metatags', '')}\n    {tag(address)}"


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", name_it, priority=840)  # before figure_states takes the state away
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""The state of a page's live figures in a file of its own, each script in it once.

MyST-NB writes the saved state into the page: with each figure its whole script and style sheet, as many times
as there are figures of a kind, and all of it before a browser knows what the page needs. Here it goes into a
deferred script beside the other static files, which lays the same state into the page when the text is there.
A script, because a page opened from the disk may not read any other kind of file.
"""

import json
import re
from pathlib import Path

from myst_nb.core.render import WIDGET_STATE_MIMETYPE
from sphinx.builders.html._assets import _JavaScript

FOLDER = "figures"  # in _static
SHARED = ("_esm", "_css")  # the parts of a figure's state that others of its kind have too
SOURCES = re.compile(r"^const sources = (\[.*\]);$", re.MULTILINE)

SCRIPT = """\
(() => {{
const sources = {sources};
const whole = {whole};
for (const {{ state }} of Object.values(whole.state))
  for (const part of {shared}) if (part in state) state[part] = sources[state[part]];
const tag = document.createElement("script");
tag.type = "{kind}";
tag.textContent = JSON.stringify(whole);
document.currentScript.after(tag);
}})();
"""


def script(whole: dict) -> str:
    """A script that lays the state of some widgets into its page, in the form that a loader looks for."""
    models = {name: {**model, "state": dict(model["state"])} for name, model in whole["state"].items()}
    sources: dict[str, int] = {}
    for model in models.values():
        for part in SHARED:
            if part in model["state"]:
                model["state"][part] = sources.setdefault(model["state"][part], len(sources))
    return SCRIPT.format(
        sources=json.dumps(list(sources)),
        whole=json.dumps({**whole, "state": models}),
        shared=json.dumps(SHARED),
        kind=WIDGET_STATE_MIMETYPE,
    )


def sources(text: str) -> list[str]:
    """The scripts and style sheets of figures that such a script holds."""
    return json.loads(SOURCES.search(text)[1])


def move(app, pagename, templatename, context, doctree):
    """Exchange the state in a page for a script that brings it."""
    for place, entry in enumerate(context.get("script_files", [])):
        attributes = getattr(entry, "attributes", {})
        if attributes.get("type") != WIDGET_STATE_MIMETYPE:
            continue
        name = f"_static/{FOLDER}/{pagename}.js"
        path = Path(app.outdir) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(script(json.loads(attributes["body"])), encoding="utf-8")
        context["script_files"][place] = _JavaScript(name, priority=entry.priority)


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", move, priority=850)  # between MyST-NB, and lean_pages, which defers it
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""A build on top of an old one gives the same site as a clean one.

Sphinx keeps what it has read and looks at the pages alone, so that an edit in ``_ext`` would show only after
a clean build; and it leaves the page of a chapter that was renamed or removed where a reader still finds it.
"""

import hashlib
from pathlib import Path

HERE = Path(__file__).parent


def fingerprint() -> str:
    """One hash over the extensions and their templates."""
    files = sorted(path for path in HERE.rglob("*") if path.suffix in {".py", ".js", ".html"})
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def note(app, config):
    """Make the hash part of the configuration, a change of which makes Sphinx start over."""
    config.extensions_fingerprint = fingerprint()


def sweep(app, exception):
    """Remove the pages of documents that are gone."""
    if exception or app.builder.format != "html":
        return
    html = Path(app.outdir)
    for page in html.rglob("*.html"):
        name = page.relative_to(html).with_suffix("").as_posix()
        made_by_sphinx = name == "search" or name.startswith(("_modules/", "_static/"))
        if not made_by_sphinx and name not in app.env.found_docs:
            page.unlink()


def setup(app):
    """Register with Sphinx."""
    app.add_config_value("extensions_fingerprint", "", "env")
    app.connect("config-inited", note)
    app.connect("build-finished", sweep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

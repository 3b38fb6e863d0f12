"""Of the static files, those that some page loads, and the licences.

The theme brings 8 MB to which no page of the book leads: icons drawn by script, source maps, translations,
stylesheets that have become one. Sphinx copies them with every build, and every build takes them away.
"""

import re
from pathlib import Path

from one_stylesheet import NAME

REFERENCE = re.compile(
    r"""(?:href|src|content)="[^"?#]*_static/([^"?#]+)"""  # of a page; one for social cards may be absolute
    r"""|url\(\s*["']?(?!data:|#)([^"')?#]+)"""  # of a stylesheet, which stands in _static itself
)


def loaded(html: Path) -> set[Path]:
    """The static files to which the pages lead, directly or through the stylesheet."""
    static = html / "_static"
    pages = [page for page in html.rglob("*.html") if static not in page.parents]
    return {
        static / (named or url)
        for file in [*pages, static / NAME]
        for named, url in REFERENCE.findall(file.read_text(encoding="utf-8"))
    }


def sweep(app, exception):
    """Remove what nothing leads to, and the folders that this leaves empty."""
    if exception or app.builder.format != "html":
        return
    html = Path(app.outdir)
    static, kept = html / "_static", loaded(html)
    licences = {*static.glob("**/LICENSE*.txt"), static / "THIRD_PARTY.txt"}
    licences |= {script.with_name(f"{script.name}.LICENSE.txt") for script in kept}
    for path in sorted(static.rglob("*"), reverse=True):  # inner ones first
        if path.is_dir():
            if not any(path.iterdir()):
                path.rmdir()
        elif path not in kept | licences:
            path.unlink()


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", sweep, priority=950)  # when the one stylesheet stands
    return {"parallel_read_safe": True, "parallel_write_safe": True}

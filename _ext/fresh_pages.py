"""A build on top of an old one gives the same site as a clean one.

Sphinx keeps what it has read and looks at the pages alone, so that an edit in ``_ext`` would show only after
a clean build. It writes a page anew when that page has changed, though each page lists the chapters in its
margin, and links to references that are numbered anew with every one that is added. And it leaves the page
and the source of a chapter that was renamed or removed where a reader still finds them. The pages of source
code it writes when the code has changed, and not when the templates have.
"""

import hashlib
from pathlib import Path

from sphinx.ext import viewcode

HERE = Path(__file__).parent


def fingerprint() -> str:
    """One hash over the extensions, their templates and the styles, of which each page carries a version."""
    files = [path for path in HERE.rglob("*") if path.suffix in {".py", ".js", ".html"}]
    files = sorted([*files, *HERE.parent.glob("assets/*.css")])
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def note(app, config):
    """Make the hash part of the configuration, a change of which makes Sphinx start over."""
    config.extensions_fingerprint = fingerprint()


def follow_contents(app, env):
    """Write every page anew when the contents in the margin of each, or the list of references, change."""
    titles = {name: title.astext() for name, title in env.titles.items()}
    cited = {target.key for place in env.domaindata["cite"]["citation_refs"] for target in place.targets}
    contents = titles, {name: list(below) for name, below in env.toctree_includes.items()}, cited
    before, env.contents_as_built = getattr(env, "contents_as_built", None), contents
    return [] if contents == before else sorted(env.found_docs)


def sweep(app, exception):
    """Remove pages and sources of what is gone, documents and modules, and folders that this leaves empty."""
    if exception or app.builder.format != "html":
        return
    html = Path(app.outdir)
    shown = {"index", *(module.replace(".", "/") for module in getattr(app.env, "_viewcode_modules", {}))}
    pages = {
        "search",
        *app.config.html_additional_pages,
        *app.env.found_docs,
        *(f"_modules/{module}" for module in shown),
    }
    for page in html.rglob("*.html"):
        name = page.relative_to(html).with_suffix("").as_posix()
        if name not in pages and not name.startswith("_static/"):
            page.unlink()
    sources = html / "_sources"
    for source in [path for path in sources.rglob("*") if path.is_file()]:
        name = source.relative_to(sources).as_posix()
        if not any(name.startswith(f"{document}.") for document in app.env.found_docs):
            source.unlink()
    for folder in sorted(
        (path for path in html.rglob("*") if path.is_dir()), reverse=True
    ):  # inner ones first
        if not any(folder.iterdir()):
            folder.rmdir()


def setup(app):
    """Register with Sphinx."""
    viewcode.should_generate_module_page = lambda app, module: True
    app.add_config_value("extensions_fingerprint", "", "env")
    app.connect("config-inited", note)
    app.connect("env-updated", follow_contents)
    app.connect("build-finished", sweep)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

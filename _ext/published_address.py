"""What the pages say to those who find them from elsewhere: search engines, social networks, and a dead link.

The address under which the book is published is in ``BOOK_URL`` when it is built: a clone does not know it,
and a wrong one would send readers away. With it, each page names its canonical address, the picture on its
social card is found from anywhere, and ``sitemap.xml`` lists the pages. Without it the first and the last are
left out. The page for a missing address may be served at any depth; it takes its own links from the path of
the published address, or else from the top of the host.
"""

import os
import re
from html import escape, unescape
from pathlib import Path
from urllib.parse import urlsplit

CARD = "_static/social-card.png"
NOT_LISTED = {"search.html", "404.html"}
DESCRIPTION = re.compile(
    r'<meta (?:content="([^"]*)" name="description"|name="description" content="([^"]*)")'
)


def read_address(app, config):
    """Take the address from the environment."""
    address = os.environ.get("BOOK_URL", "").strip()
    config.html_baseurl = address.rstrip("/") + "/" if address else ""


def introduce(app, pagename, templatename, context, doctree):
    """Give the template of a page what a social card says, and the path of the whole site."""
    found = DESCRIPTION.search(context["metatags"])
    context["description"] = unescape(found[1] or found[2])
    address = app.config.html_baseurl
    context["social_card"] = address + CARD if address else context["pathto"](CARD, resource=True)
    context["site_path"] = urlsplit(address).path or "/"


def sitemap(address: str, pages: list[str]) -> str:
    """The sitemap of pages, named relative to the published address."""
    places = "\n".join(f"  <url><loc>{escape(address + page)}</loc></url>" for page in pages)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'
    )
    return f"{head}\n{places}\n</urlset>\n"


def write_sitemap(app, exception):
    """List every page for search engines, or take an old list away."""
    if exception or app.builder.format != "html":
        return
    html = Path(app.outdir)
    names = (page.relative_to(html).as_posix() for page in sorted(html.rglob("*.html")))
    pages = [name for name in names if name not in NOT_LISTED and not name.startswith("_static/")]
    (html / "sitemap.xml").unlink(missing_ok=True)
    if app.config.html_baseurl:
        (html / "sitemap.xml").write_text(sitemap(app.config.html_baseurl, pages), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("config-inited", read_address)
    app.connect("html-page-context", introduce, priority=950)  # after lean_pages has described the page
    app.connect("build-finished", write_sitemap, priority=950)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

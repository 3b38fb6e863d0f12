"""Pages that load little, say what they are, and do not move while they load.

Three things that the theme leaves open. Every page gets a description: the one its front matter gives, or
else its first paragraph. Every picture gets its width and height, so that the text below it stays where it
is when the picture comes. Scripts are deferred: they run in order, after the text is there. What the
theme's own templates bring in too much of (1.5 MB of icon scripts, the search index on every page) is left
out in ``_ext/templates``.
"""

from html import escape
from pathlib import Path

import imagesize
from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.writers.html5 import HTML5Translator

LONGEST_DESCRIPTION = 160  # characters; search engines cut what is longer
PAGES_WITHOUT_PROSE = {
    "search": "Search the book: every chapter, every formula and every function.",
    "404": "The book has no page at this address; its chapters and its search lead on.",
}


def shorten(text: str) -> str:
    """One line of at most LONGEST_DESCRIPTION characters, cut between words."""
    text = " ".join(text.split())
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[: LONGEST_DESCRIPTION - 1].rsplit(" ", 1)[0].rstrip(" ,;:–—") + "…"


def first_paragraph(doctree) -> str:
    """The first paragraph of the page's running text; what cells print does not count."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section | nodes.document) and paragraph.astext().strip():
            return paragraph.astext()
    return ""


def describe(app, pagename, templatename, context, doctree):
    """Add ``<meta name="description">`` to the head of the page, unless its author wrote one."""
    if 'name="description"' in context.get("metatags", ""):
        return
    text = (context.get("meta") or {}).get("description") or PAGES_WITHOUT_PROSE.get(pagename)
    if not text and pagename.startswith("_modules/"):
        text = f"Source code: {context.get('title', pagename)}, {app.config.html_title}."
    if not text and doctree is not None:
        text = first_paragraph(doctree)
    tag = f'<meta name="description" content="{escape(shorten(text or app.config.html_title))}" />'
    context["metatags"] = context.get("metatags", "") + "\n    " + tag


def defer_scripts(app, pagename, templatename, context, doctree):
    """Let no script that is a file stop the page from being drawn.

    Not so on the search page: its template adds scripts that expect the others to have run. And not the two
    lines of documentation_options.js, which scripts inside the page go on to use.
    """
    for script in context.get("script_files", []):
        name = getattr(script, "filename", None)
        if not name or name.endswith("documentation_options.js"):
            continue
        if pagename == "search":
            script.attributes.pop("defer", None)  # the pages share these objects
        else:
            script.attributes["defer"] = "defer"


def size_in_pixels(image: nodes.image, srcdir: Path) -> tuple[int, int] | None:
    """Width and height of a picture: as its notebook or its author says, else as its file says."""
    if "scale" in image:
        return None
    stated = image.get("width"), image.get("height")
    if all(side is not None and str(side).isdigit() for side in stated):
        return int(stated[0]), int(stated[1])
    if stated != (None, None):
        return None
    width, height = imagesize.get(srcdir / image["uri"])
    return (round(width), round(height)) if width > 0 and height > 0 else None


class SizePictures(SphinxPostTransform):
    """Note the size of every picture while its file can still be found."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs):
        """Go through the pictures of the page."""
        for image in self.document.findall(nodes.image):
            size = size_in_pixels(image, Path(self.app.srcdir))
            if size:
                image["pixels"] = size
                # docutils would make a style of them, which knows no proportion
                for side in ("width", "height"):
                    image.attributes.pop(side, None)


def visit_image(self, node):
    """As Sphinx does, with the size as attributes: a browser then keeps the place before the file comes."""
    before = len(self.body)
    HTML5Translator.visit_image(self, node)
    if "pixels" in node:
        width, height = node["pixels"]
        sized = f'<img width="{width}" height="{height}" loading="lazy" '
        self.body[before:] = [part.replace("<img ", sized) for part in self.body[before:]]


def depart_image(self, node):
    """Sphinx's own: who registers a way into a node has to name the way out."""
    HTML5Translator.depart_image(self, node)


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", describe, priority=900)  # after the theme's handlers
    app.connect("html-page-context", defer_scripts, priority=900)
    app.add_post_transform(SizePictures)
    app.add_node(nodes.image, override=True, html=(visit_image, depart_image))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

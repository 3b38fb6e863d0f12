"""Elements with the role that they have, where docutils gives them another.

A source gets a role that ARIA has withdrawn and no list may hold: it is an item of its list. An empty cell in
the head of a table is no header. In the index of sources the modules of a package stand in a list beside its
item, where a list may hold items alone: they go into it.
"""

import re

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator


def visit_citation(self, node):
    """As docutils does, with the role that fits the list around it."""
    before = len(self.body)
    HTML5Translator.visit_citation(self, node)
    self.body[before:] = [part.replace('"doc-biblioentry"', '"listitem"') for part in self.body[before:]]


def visit_entry(self, node):
    """As Sphinx does, with an ordinary cell where there is nothing to read."""
    before = len(self.body)
    HTML5Translator.visit_entry(self, node)
    if not node.astext().strip():
        self.body[before:] = [part.replace("<th", "<td") for part in self.body[before:]]
        self.context[-1] = self.context[-1].replace("</th", "</td")


INNER_LIST = re.compile(r"</li>\s*(<ul>(?:(?!</?ul>).)*</ul>)", re.DOTALL)


def nest(app, pagename, templatename, context, doctree):
    """Put each inner list of the index of sources into the item before it."""
    if pagename == "_modules/index":
        context["body"] = INNER_LIST.sub(r"\1</li>", context["body"])


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", nest)
    app.add_node(nodes.citation, override=True, html=(visit_citation, HTML5Translator.depart_citation))
    app.add_node(nodes.entry, override=True, html=(visit_entry, HTML5Translator.depart_entry))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

"""Sources as items of a list: docutils gives each a role that ARIA has withdrawn and no list may hold."""

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator


def visit_citation(self, node):
    """As docutils does, with the role that fits the list around it."""
    before = len(self.body)
    HTML5Translator.visit_citation(self, node)
    self.body[before:] = [part.replace('"doc-biblioentry"', '"listitem"') for part in self.body[before:]]


def depart_citation(self, node):
    """Docutils' own: who registers a way into a node has to name the way out."""
    HTML5Translator.depart_citation(self, node)


def setup(app):
    """Register with Sphinx."""
    app.add_node(nodes.citation, override=True, html=(visit_citation, depart_citation))
    return {"parallel_read_safe": True, "parallel_write_safe": True}

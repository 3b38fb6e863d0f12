"""Keep the comma after a formula on the formula's line, and the bracket before it too.

A browser may break a line before and after an inline formula, as it may around a picture, so that a full
stop can end up alone at the start of the next line. The punctuation that touches a formula goes with it into
an element in which nothing breaks; the formula itself may still break at its own relations.
"""

import re

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

BEFORE = re.compile(r"[(\[“‘]+$")
AFTER = re.compile(r"^[.,;:)\]?!”’]+")


def cut(node: nodes.Node | None, pattern: re.Pattern) -> str:
    """Take what the pattern finds out of a text node and return it; nothing of any other node."""
    found = pattern.search(node.astext()) if isinstance(node, nodes.Text) else None
    if found is None:
        return ""
    rest = node[: found.start()] + node[found.end() :]
    node.parent.replace(node, nodes.Text(rest))
    return found[0]


class UnbrokenFormulas(SphinxPostTransform):
    """Wrap every inline formula that touches punctuation, together with it."""

    default_priority = 910  # when all other text is in its place
    formats = ("html",)

    def run(self, **kwargs):
        """Go through the inline formulas of the page."""
        for formula in list(self.document.findall(nodes.math)):
            parent = formula.parent
            place = parent.index(formula)
            before = cut(parent[place - 1] if place else None, BEFORE)
            after = cut(parent[place + 1] if place + 1 < len(parent) else None, AFTER)
            if before or after:
                together = nodes.inline("", before, classes=["nowrap"])
                parent.replace(formula, together)
                together += [formula, nodes.Text(after)]


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(UnbrokenFormulas)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

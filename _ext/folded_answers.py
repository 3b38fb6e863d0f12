"""Answers that fold without JavaScript: an admonition with the class ``dropdown`` becomes ``<details>``.

The usual extension hides the answer by script after the page has loaded: the text jumps, a reader without
scripts gets every answer at once, and find-in-page does not look inside. The browser's own element has none
of this, opens by Enter and by Space, and is announced as what it is.

The boxes are called Question and Answer, whatever sphinx-exercise calls them: the exercises of this book are
those that are graded.
"""

import sphinx_exercise
import sphinx_exercise.directive
import sphinx_exercise.nodes
from docutils import nodes
from myst_nb.sphinx_ import HideCodeCellNode, depart_HideCellInput, visit_HideCellInput
from sphinx.locale import admonitionlabels
from sphinx.transforms.post_transforms import SphinxPostTransform

NAMES = {"Exercise": "Question", "Solution": "Answer", "Solution to": "Answer to"}


def name(word: str) -> str:
    """What a box is called on the page."""
    return NAMES.get(word, word)


class folded(nodes.Element):
    """A block of which the page shows the title until the reader opens it."""


class folded_title(nodes.TextElement):
    """The part that is always shown."""


class FoldDropdowns(SphinxPostTransform):
    """Exchange titled blocks of the class ``dropdown`` (solutions, hints, notes) for :class:`folded`."""

    # after sphinx-exercise has put its own numbers and titles in place
    default_priority = 900
    formats = ("html",)

    def run(self, **kwargs):
        """Go through the document once."""
        for section in self.document.findall(nodes.section):
            if section["ids"] in (["exercise-content"], ["solution-content"]):
                section["ids"] = []  # sphinx-exercise gives every exercise of a page the same one
        for block in list(self.document.findall(nodes.Element)):
            if "dropdown" not in block.get("classes", ()) or not block.children:
                continue
            if block.tagname in admonitionlabels:  # a note or a hint, which has no title of its own
                title, rest = nodes.title("", admonitionlabels[block.tagname]), block.children
            else:
                title, *rest = block.children
            if not isinstance(title, nodes.title):
                continue
            block.replace_self(
                folded(
                    "",
                    folded_title("", "", *title.children),
                    *rest,
                    ids=block["ids"],
                    classes=["admonition", *block["classes"]],
                )
            )


def visit_folded(self, node):
    """Open the block."""
    self.body.append(self.starttag(node, "details"))


def depart_folded(self, node):
    """Close the block."""
    self.body.append("</details>\n")


def visit_title(self, node):
    """Open the line that is always shown."""
    self.body.append('<summary class="admonition-title">')


def depart_title(self, node):
    """Close the line that is always shown."""
    self.body.append("</summary>\n")


def visit_hidden_cell(self, node):
    """As myst-nb does, without the label that hides the words on the button from those who listen."""
    before = len(self.body)
    visit_HideCellInput(self, node)
    self.body[before:] = [
        part.replace(' aria-label="Toggle hidden content"', "") for part in self.body[before:]
    ]


def setup(app):
    """Register with Sphinx."""
    for module in (sphinx_exercise, sphinx_exercise.directive, sphinx_exercise.nodes):
        module.translate = name  # before its configuration is read
    app.setup_extension("myst_nb")
    app.add_node(HideCodeCellNode, override=True, html=(visit_hidden_cell, depart_HideCellInput))
    app.add_node(folded, html=(visit_folded, depart_folded))
    app.add_node(folded_title, html=(visit_title, depart_title))
    app.add_post_transform(FoldDropdowns)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

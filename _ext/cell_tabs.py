"""The same step in NumPy, PyTorch and TensorFlow as one set of tabs, out of ordinary notebook cells.

Cells written inside a tab directive would not run. So the notebook holds plain code cells, one after the
other, tagged ``tab-numpy``, ``tab-pytorch`` or ``tab-tensorflow``: they run in JupyterLab and under the
tests like any other, and on the page a run of them becomes one tab-set. The choice of framework is synced
over the page and kept from page to page by sphinx-design. A cell on its own becomes a set of one tab, which
names its framework.
"""

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx_design.shared import create_component

FRAMEWORKS = {"tab-numpy": "NumPy", "tab-pytorch": "PyTorch", "tab-tensorflow": "TensorFlow"}


def framework_tag(node: nodes.Node) -> str | None:
    """The framework tag of a notebook cell; None for an untagged cell and for anything else."""
    if not (isinstance(node, nodes.container) and "cell" in node["classes"]):
        return None
    return next((tag for tag in FRAMEWORKS if f"tag_{tag}" in node["classes"]), None)


def runs(children):
    """Split siblings into single nodes, ``(None, [node])``, and runs of tagged cells, ``(tags, cells)``.

    A framework that comes a second time opens a new run: it is the next step, not another tab of this one.
    """
    tags, cells = [], []
    for child in children:
        tag = framework_tag(child)
        if cells and (tag is None or tag in tags):
            yield tags, cells
            tags, cells = [], []
        if tag is None:
            yield None, [child]
        else:
            tags, cells = [*tags, tag], [*cells, child]
    if cells:
        yield tags, cells


def tab_set(tags, cells) -> nodes.container:
    """The components that sphinx-design's tab-set directive would have made of these cells."""
    made = create_component("tab-set", classes=["sd-tab-set", "framework-tabs"])
    made.source, made.line = cells[0].source, cells[0].line
    for tag, cell in zip(tags, cells, strict=True):
        label = nodes.rubric(FRAMEWORKS[tag], FRAMEWORKS[tag], classes=["sd-tab-label"])
        label["sync_id"], label["sync_group"] = tag.removeprefix("tab-"), "framework"
        content = create_component("tab-content", classes=["sd-tab-content"], children=[cell])
        made += create_component("tab-item", classes=["sd-tab-item"], children=[label, content])
    return made


class CellTabs(SphinxTransform):
    """Replace every run of tagged cells by a tab-set."""

    default_priority = 850

    def apply(self, **kwargs):
        """Work through every node that has a tagged cell among its children."""
        tagged = lambda node: any(framework_tag(child) for child in node.children)  # noqa: E731
        for parent in list(self.document.findall(tagged)):
            found = list(runs(parent.children))
            parent.children = []
            for tags, members in found:
                parent += members[0] if tags is None else tab_set(tags, members)


def setup(app):
    """Register with Sphinx."""
    app.setup_extension("sphinx_design")
    app.add_transform(CellTabs)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

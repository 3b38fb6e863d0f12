"""From every defining equation to the function that computes it, and back.

The link is written once, in the docstring of the function: "Implements :eq:`eq-entropy`". From there this
extension makes

- a line "In code: information.entropy" below the equation in its chapter, so that no author writes it by
  hand;
- the table of the directive ``{formula-index}``: number, formula, function, chapter.

The docstrings are read from the source, without importing anything. A label that is in no docstring gets no
line, one that two functions claim stops the build, and a docstring that names a label which does not exist
fails as the unresolved reference that it is.
"""

import ast
import re
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective

CLAIM = re.compile(r"Implements\s+:eq:`([\w-]+)`")
STOP = re.compile(r"(?:(?<!\\)[\s.,;])+(\}|\\end\{aligned\})?$")  # after a backslash they are spaces: kept
PACKAGE = "helpers"


def claims(root: Path) -> dict[str, list[str]]:
    """Label -> dotted names of the functions and classes of the package whose docstrings claim it."""
    found: dict[str, list[str]] = {}
    for path in sorted((root / PACKAGE).rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        for node, name in definitions(ast.parse(path.read_text(encoding="utf-8")), module):
            for label in CLAIM.findall(ast.get_docstring(node) or ""):
                found.setdefault(label, []).append(name)
    return found


def definitions(tree, prefix):
    """Every function and class below `tree` with its dotted name, those inside classes included."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            name = f"{prefix}.{node.name}"
            yield node, name
            if isinstance(node, ast.ClassDef):
                yield from definitions(node, name)


def read_claims(app):
    """Before anything is read: label -> its one function; the files that say so are remembered."""
    found = claims(Path(app.srcdir))
    for label, names in found.items():
        if len(names) > 1:
            raise ExtensionError(f"{label} is implemented twice: {' and '.join(names)}")
    app.formula_functions = {label: names[0] for label, names in found.items()}


def reread_when_claims_change(app, env, added, changed, removed):
    """Read the pages with equations anew when a docstring has changed what it claims."""
    before = getattr(env, "formula_functions", None)
    env.formula_functions = app.formula_functions
    if before is None or before == app.formula_functions:
        return []
    return [docname for docname, labels in formulas(env).items() if labels]


def formulas(env) -> dict[str, dict[str, str]]:
    """Page -> label -> LaTeX of the labelled equations read so far; kept with the environment."""
    if not hasattr(env, "formula_latex"):
        env.formula_latex = {}
    return env.formula_latex


def link(function: str) -> addnodes.pending_xref:
    """A reference to the function, by the name a reader types after importing from the package."""
    text = function.removeprefix(f"{PACKAGE}.")
    reference = addnodes.pending_xref(
        "", refdomain="py", reftype="obj", reftarget=function, refexplicit=True, refwarn=True
    )
    reference += nodes.literal("", text, classes=["xref", "py", "py-obj"])
    return reference


class InCode(SphinxTransform):
    """Put the line with the function below every defining equation."""

    default_priority = 400

    def apply(self, **kwargs):
        """Collect the labelled equations of the page and add the lines."""
        here = formulas(self.env)[self.env.docname] = {}
        for equation in list(self.document.findall(nodes.math_block)):
            label = equation.get("label") or ""
            if not label.startswith("eq-"):
                continue
            here[label] = equation.astext()
            function = self.app.formula_functions.get(label)
            if function is None:
                continue
            line = nodes.paragraph("", "In code: ", classes=["in-code"])
            line += link(function)
            line.source, line.line = equation.source, equation.line
            equation.parent.insert(equation.parent.index(equation) + 1, line)


class formula_table(nodes.Element):
    """The place of the table, until every chapter has been read."""


class FormulaIndex(SphinxDirective):
    """``{formula-index}``: all defining equations, in the order of the book."""

    def run(self):
        """Leave the place; :class:`FillFormulaTable` fills it."""
        self.env.formula_index_page = self.env.docname
        return [formula_table()]


def rewrite_index(app, env):
    """The table depends on every chapter: write its page in each build."""
    return [page] if (page := getattr(env, "formula_index_page", None)) in env.found_docs else []


class FillFormulaTable(SphinxPostTransform):
    """Build the table when all labels are known and before references are resolved."""

    default_priority = 5

    def run(self, **kwargs):
        """Replace the place by the table."""
        for place in list(self.document.findall(formula_table)):
            place.replace_self(self.table() or [])

    def table(self):
        """Number, formula, chapter and function of each equation that a function implements."""
        rows = [
            (label, latex, docname)
            for docname in book_order(self.env)
            for label, latex in formulas(self.env).get(docname, {}).items()
            if label in self.app.formula_functions
        ]
        if not rows:
            return None
        group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in (10, 90)), cols=2)
        head = (nodes.entry("", nodes.paragraph("", text)) for text in ("No.", "Formula, function, chapter"))
        group += nodes.thead("", nodes.row("", *head))
        group += nodes.tbody("", *(nodes.row("", *self.cells(*row)) for row in rows))
        return nodes.table("", group, classes=["formula-index", "colwidths-auto"])

    def cells(self, label, latex, docname):
        """One equation: its number; how it reads, what computes it, where it stands."""
        number = addnodes.pending_xref(
            "",
            nodes.literal("", label),
            refdomain="math",
            reftype="eq",
            reftarget=label,
            refdoc=self.env.docname,
        )
        chapter = addnodes.pending_xref(
            "",
            nodes.inline("", self.place(docname)),
            refdomain="std",
            reftype="doc",
            reftarget=f"/{docname}",
            refdoc=self.env.docname,
            refexplicit=True,
        )
        function = link(self.app.formula_functions[label])
        function["refdoc"] = self.env.docname
        where = nodes.paragraph("", "", function, classes=["where"])
        where += [nodes.Text(" · "), chapter]
        formula = nodes.math(latex, rf"\displaystyle {one_line(latex)}")
        yield nodes.entry("", nodes.paragraph("", "", number))
        yield nodes.entry("", nodes.paragraph("", "", formula), where)

    def place(self, docname) -> str:
        """The page in a word or two: its number, or its title where it has none."""
        number = self.env.toc_secnumbers.get(docname, {}).get("")
        return f"chapter {number[0]}" if number else self.env.titles[docname].astext()


def one_line(latex: str) -> str:
    """A displayed formula as it may stand in a line, outside its sentence.

    ``aligned`` takes the place of what only a display may hold; the stop or comma at its end goes.
    """
    inner = re.sub(r"\\(begin|end)\{(?:align|gather|equation|split)\*?\}", r"\\\1{aligned}", latex.strip())
    return STOP.sub(r"\1", inner)


def book_order(env):
    """The pages in the order in which they are read."""
    seen, order = set(), []

    def visit(docname):
        if docname in seen:
            return
        seen.add(docname)
        order.append(docname)
        for child in env.toctree_includes.get(docname, []):
            visit(child)

    visit(env.config.root_doc)
    return order


def forget(app, env, docname):
    """Drop what is known of a page that is read anew."""
    formulas(env).pop(docname, None)


def setup(app):
    """Register with Sphinx."""
    app.add_node(formula_table)
    app.add_directive("formula-index", FormulaIndex)
    app.add_transform(InCode)
    app.add_post_transform(FillFormulaTable)
    app.connect("builder-inited", read_claims)
    app.connect("env-get-outdated", reread_when_claims_change)
    app.connect("env-purge-doc", forget)
    app.connect("env-updated", rewrite_index)
    return {"version": "1", "parallel_read_safe": False, "parallel_write_safe": True}

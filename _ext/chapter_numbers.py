"""The number of a chapter is the one in the name of its file: ``15_fused_losses`` is chapter 15.

Sphinx counts. The numbers 11 to 14 are kept for what lies beyond the one-hot target, chapters that do not
stand yet; so it would call the fifteenth the eleventh, and give it another number once they do, and whatever
had named it by the first would be wrong. Here each numbered page takes the number of its file: in its
heading, in the margin, in the links of the pages beside it, in its figures', questions' and equations'.
"""

import re

from docutils import nodes
from sphinx.environment.collectors.toctree import TocTreeCollector

NUMBERED = re.compile(r"(?:.*/)?0*(\d+)_[^/]*")


def number_of(docname: str) -> int | None:
    """The number that the name of a file begins with; None for a name without one."""
    found = NUMBERED.fullmatch(docname)
    return int(found[1]) if found else None


def renumber(env) -> None:
    """Put the number of a page's file first in the numbers of the page and of its sections."""
    for docname, sections in env.toc_secnumbers.items():
        chapter = number_of(docname)
        if chapter is None:
            continue
        for anchor, number in sections.items():
            sections[anchor] = (chapter, *number[1:]) if number else number
        for node in (env.titles[docname], *env.tocs[docname].findall(nodes.reference)):
            if node.get("secnumber"):
                node["secnumber"] = [chapter, *node["secnumber"][1:]]


def follow_files(app, env):
    """After Sphinx has counted: number the chapters by their files, then what stands in them."""
    renumber(env)
    return TocTreeCollector().assign_figure_numbers(env)


def setup(app):
    """Register with Sphinx."""
    app.connect("env-get-updated", follow_files, priority=600)  # the count itself comes at 500
    return {"parallel_read_safe": True, "parallel_write_safe": True}

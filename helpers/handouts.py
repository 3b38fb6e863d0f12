"""Copies of the exercises that are the learner's own, with links that JupyterLab can follow.

The site reads roles such as ``{ref}`` in the exercises; JupyterLab shows them as they are written. A copy has
plain links in their place, to the same section of the same chapter. From the command line,
``python -m helpers.handouts FOLDER`` writes a copy of each exercise into a folder beside ``exercises/``, and
leaves alone what is there already.
"""

import copy
import re
import sys
from functools import cache
from pathlib import Path

import nbformat

from helpers.notebooks import ROOT

LABEL = re.compile(r"^\(([\w-]+)\)=\n", re.M)
ROLE = re.compile(r"\{(?:ref|eq)\}`(?:([^`<]+?)\s*<([\w-]+)>|([\w-]+))`")
INNER = re.compile(r'<a href="#([\w-]+)">(.*?)</a>')
HEADING = re.compile(r"^#+ (.+)$", re.M)
EQUATION = re.compile(r"\$\$ \(((?:eq|id)-[\w-]+)\)")


def handout(exercise):
    """A copy of an exercise, with links in place of the site's roles and labels.

    Raises:
        KeyError: a role names a label that no notebook of the book has.
    """
    made = copy.deepcopy(exercise)
    headings = {
        _slug(title): title
        for cell in made.cells
        if cell.cell_type == "markdown"
        for title in HEADING.findall(cell.source)
    }
    for cell in made.cells:
        if cell.cell_type == "markdown":
            text = LABEL.sub("", cell.source)
            text = INNER.sub(lambda found: f"[{found[2]}](#{_anchor(headings[found[1]])})", text)
            cell.source = ROLE.sub(_link, text)
    return made


def _link(role: re.Match) -> str:
    """A link to what a role names."""
    label = role[2] or role[3]
    file, heading = places()[label]
    kind, _, words = label.partition("-")
    named = {"eq": "equation", "id": "identity"}.get(kind)
    text = role[1] or (f"{named}: {words.replace('-', ' ')}" if named else heading)
    place = file.removeprefix("exercises/")  # the learner's own copy, which lies beside this one
    return f"[{text}]({place if place != file else f'../{file}'}#{_anchor(heading)})"


@cache
def places() -> dict[str, tuple[str, str]]:
    """{label: (file, the heading that it stands before, or an equation stands under)} of all notebooks."""
    found = {}
    for folder in ("chapters", "exercises", "solutions"):
        for path in sorted((ROOT / folder).glob("*.ipynb")):
            file, heading = f"{folder}/{path.name}", ""
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type != "markdown":
                    continue
                for label in LABEL.finditer(cell.source):
                    title = HEADING.match(cell.source, label.end())
                    if title:
                        found[label[1]] = (file, title[1])
                for line in cell.source.split("\n"):
                    title = HEADING.match(line)
                    heading = title[1] if title else heading
                    found |= {label: (file, heading) for label in EQUATION.findall(line)}
    return found


def _slug(title: str) -> str:
    """A heading as the site names it in links, without its number."""
    return "-".join(re.findall(r"\w+", re.sub(r"^\d+\. ", "", title).lower()))


def _anchor(title: str) -> str:
    """A heading as JupyterLab names it in links."""
    return title.replace("`", "").replace(" ", "-")


def main(folder: Path) -> int:
    """Write the copies that are missing; returns the exit code."""
    folder.mkdir(exist_ok=True)
    for path in sorted((ROOT / "exercises").glob("*.ipynb")):
        target = folder / path.name
        if not target.exists():
            nbformat.write(handout(nbformat.read(path, as_version=4)), target)
            print(f"{target}: your copy")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))

"""One self-contained text from a script or style sheet and the files it imports.

A live figure travels as one ES module and one style sheet inside the notebook, where a relative import has
nothing to be relative to. Before it sets out, each import at the start of a line gives way to the file
itself, once. Node and an editor see ordinary modules; the notebook sees one.
"""

import re
from pathlib import Path

HERE = Path(__file__).parent
IMPORTS = {
    ".js": re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE),
    ".css": re.compile(r'^@import "\./([\w.]+)";\n', re.MULTILINE),
}
EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
LEFT_OVER = re.compile(r"^(?:import\b|@import\b|export (?!default )).*", re.MULTILINE)


def bundle(name: str, folder: Path = HERE) -> str:
    """Text of the file `name` in `folder` with every file that it imports written out in place, once.

    Args:
        name: a `.js` file, which imports by `import { a, b } from "./other.js";`, or a `.css` file, which
            imports by `@import "./other.css";`.
        folder: where it and its imports are.

    Raises:
        ValueError: an import or export of another form is left, which the notebook could not resolve.
    """
    included = {name}

    def text(file: str) -> str:
        source = (folder / file).read_text(encoding="utf-8")
        return IMPORTS[Path(file).suffix].sub(included_once, source)

    def included_once(match: re.Match) -> str:
        file = match.group(1)
        if file in included:
            return ""
        included.add(file)
        return EXPORT.sub("", text(file)) + "\n"

    whole = text(name)
    if left := LEFT_OVER.search(whole):
        raise ValueError(
            f'{name} holds {left.group()!r}; expected import {{ … }} from "./file.js"; and one export default'
        )
    return whole

"""MyST Markdown, taken apart as far as the tests of the book need it: prose, mathematics, code."""

import re
from collections.abc import Iterator

FENCE = re.compile(r"\s*(`{3,}|~{3,}|:{3,})\s*(?:\{([\w:+.-]+)\})?(.*)$")
NOT_PROSE = re.compile(r"code.*|literalinclude|raw|eval-rst|auto.*|bibliography|toctree|formula-index")
NO_TITLE = ("solution", "solution-start", "figure", "image")  # what follows is a label or a file


def lines_by_kind(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield ("prose" | "math" | "code", line) for each line; of a fence only a title is left."""
    fences: list[tuple[str, str]] = []  # (marker, kind) of each fence that is open, the innermost last
    for line in markdown.split("\n"):
        marker, kind = fences[-1] if fences else ("", "prose")
        fence = FENCE.match(line)
        bare = fence and not fence[2] and not fence[3].strip()
        if bare and marker and fence[1].startswith(marker):
            fences.pop()
            yield "prose", ""
        elif fence and kind == "prose":
            opened = "math" if fence[2] == "math" else "code"
            if fence[2] not in (None, "math") and not NOT_PROSE.fullmatch(fence[2]):
                opened = "prose"
                yield "prose", ""
                yield "prose", "" if fence[2] in NO_TITLE else fence[3].strip()
            yield "prose", ""
            fences.append((fence[1], opened))
        else:
            yield kind, line


def without_code(markdown: str) -> str:
    """Prose and mathematics, the latter in dollars, without front matter, comments and blocks of code."""
    markdown = re.sub(r"\A---\n.*?\n---\n", "", markdown, flags=re.S)
    kept, before = [], "prose"
    for kind, line in lines_by_kind(re.sub(r"<!--.*?-->", "", markdown, flags=re.S)):
        if "math" in (kind, before) and kind != before:
            kept.append("$$")
        if kind != "code":
            kept.append(line)
        before = kind
    return "\n".join(kept)

"""The conventions of a notebook, each held by one small rule: a function that yields complaints.

Each rule is tried below on a notebook made to break it. CONTRIBUTING.md says the same for authors.
"""

import ast
import re
from itertools import pairwise

import nbformat
import pytest
from book_markdown import lines_by_kind, without_code

from helpers.normal_form import KEBAB, code_cells
from helpers.notebooks import FIRST_PICTURE, check, first_picture

MAX_LINES = 25  # a cell that does not fit a screen beside its output holds more than one idea
MIN_ALT = 40  # characters; less than this names a picture and does not describe it
MIN_CAPTION_WORDS = 5  # less than this is a title, and makes no claim

TAGS = {
    *("tab-numpy", "tab-pytorch", "tab-tensorflow"),  # one synced tab-set
    *("hide-input", "remove-input", "raises-exception", "gpu"),
    *("setup", "answer", "check"),  # exercises
    "first-picture",  # the one that the front page shows too
}
SECTIONS = ("Check yourself", "Pitfalls", "Exercises")  # what a chapter ends in
# Words that tell a stuck reader that being stuck is a fault of theirs.
BELITTLING = re.compile(r"\b(simply|just|obviously|of course|easy|easily|trivial(?:ly)?|clearly)\b", re.I)
MACHINE_PATH = re.compile(r"""["'](?:/(?:home|root|tmp|work|usr|opt|Users)/|[A-Z]:\\|~/)""")


def images_of(cell):
    outputs = cell.get("outputs", [])
    return [out for out in outputs if any(kind.startswith("image/") for kind in out.get("data", {}))]


def words_of(markdown: str) -> str:
    """Give markdown without code, mathematics, roles, targets and comments: what is read as words."""
    text = re.sub(r"^%.*?$|^\s*\([\w-]+\)=\s*$|^\s*:[\w-]+:.*?$", " ", without_code(markdown), flags=re.M)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]+\$|(\{[\w:+-]+\})?(`+).+?\2", " ", text, flags=re.S)
    return re.sub(r"\]\([^)]*\)|<https?:[^>]*>", "]", text)


# ---------------------------------------------------------------------------------- the rules


def plain_python(notebook):
    """Code is plain Python: no magics, no shell, no sys.path, no path of somebody's machine."""
    for cell in code_cells(notebook):
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            yield f"cell '{cell.id}': not plain Python (no % or ! lines): line {error.lineno}, {error.msg}"
        if re.search(r"\bsys\.path\b", cell.source):
            yield f"cell '{cell.id}': changes sys.path; helpers is installed"
        if found := MACHINE_PATH.search(cell.source):
            yield f"cell '{cell.id}': holds a path of one machine, {found[0]}…"


def short_cells(notebook):
    """No code cell is longer than MAX_LINES."""
    for cell in code_cells(notebook):
        if (lines := cell.source.count("\n") + 1) > MAX_LINES:
            yield f"cell '{cell.id}': {lines} lines; at most {MAX_LINES}, the rest belongs in helpers"


def known_tags(notebook):
    """Tags are known ones, and no cell slips out of the comparison of outputs without a reason."""
    for cell in notebook.cells:
        for tag in sorted(set(cell.metadata.get("tags", [])) - TAGS):
            yield f"cell '{cell.id}': unknown tag {tag!r}; expected one of {', '.join(sorted(TAGS))}"
        if re.search(r"^\s*#\s*(NBVAL|PYTEST_VALIDATE)_\w+\s*$(?!\n\s*# because \w+)", cell.source, re.M):
            yield f"cell '{cell.id}': an NBVAL comment without a next line `# because …`"


def stored_outputs(notebook):
    """A cell that shows something has stored what it showed."""
    for cell in code_cells(notebook):
        if cell.metadata.get("mystnb", {}).get("figure") and not images_of(cell):
            yield f"cell '{cell.id}': has a caption and no stored picture"
        try:
            body = ast.parse(cell.source).body
        except SyntaxError:
            continue  # plain_python names it
        last = body[-1] if body else None
        value = isinstance(last, ast.Expr) and not cell.source.rstrip().endswith(";")
        calls = {node.func.id for node in body_calls(body) if isinstance(node.func, ast.Name)}
        shows = calls & {"print", "display"} or (value and not isinstance(last.value, ast.Call))
        if shows and not cell.outputs:
            yield f"cell '{cell.id}': shows something, and no output is stored"


def body_calls(body):
    """Calls made by the top-level statements themselves, not inside functions that they define."""
    for statement in body:
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            yield from (node for node in ast.walk(statement) if isinstance(node, ast.Call))


def described_figures(notebook):
    """Every picture has a caption that makes a claim, an alt text that describes it, and a name."""
    for cell in code_cells(notebook):
        images = images_of(cell)
        if not images:
            continue
        if len(images) > 1:
            yield f"cell '{cell.id}': {len(images)} pictures under one caption; one picture a cell"
        shown = cell.metadata.get("mystnb", {})
        figure = shown.get("figure", {})
        caption, name = figure.get("caption", ""), figure.get("name", "")
        alt = shown.get("image", {}).get("alt", "")
        if not caption.endswith(".") or len(caption.split()) < MIN_CAPTION_WORDS or caption[0].islower():
            yield f"cell '{cell.id}': the caption is no sentence with a full stop: {caption!r}"
        if not (name.startswith("fig-") and KEBAB.fullmatch(name)):
            yield f"cell '{cell.id}': the figure's name is {name!r}; expected fig-… in lower case"
        if len(alt) < MIN_ALT:
            yield f"cell '{cell.id}': the alt text has {len(alt)} characters; at least {MIN_ALT}: {alt!r}"
        if alt and alt == caption:
            yield f"cell '{cell.id}': the alt text repeats the caption; it describes what is to be seen"
        if re.search(r"[$`{}\\]", alt):
            yield f"cell '{cell.id}': the alt text holds markup, which screen readers spell out: {alt!r}"


def kind_words(notebook):
    """No word that belittles the reader's difficulty."""
    for cell in notebook.cells:
        prose = cell.source if cell.cell_type == "markdown" else ""
        prose += " " + cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")
        for found in BELITTLING.finditer(words_of(prose)):
            yield f"cell '{cell.id}': leave out {found[0]!r}"


def headings_of(notebook):
    """(level, text) of each heading, in order."""
    prose = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    prose = "\n".join(line for kind, line in lines_by_kind(prose) if kind == "prose")
    return [(len(marks), text.strip()) for marks, text in re.findall(r"^(#+)\s+(.+)$", prose, re.M)]


def chapter_outline(notebook, *, has_exercises):
    """A chapter opens with a labelled title, the only one, skips no level, and ends as every chapter does.

    Its last section is Pitfalls, or Exercises once there are graded exercises for it.
    """
    first = notebook.cells[0]
    opening = re.sub(r"\A---\n.*?\n---\n+", "", first.source, flags=re.S)
    if first.cell_type != "markdown" or not re.match(r"\([\w-]+\)=\n+# \S", opening):
        yield f"cell '{first.id}': a chapter opens with `(its-label)=` and `# Its title`"
    headings = headings_of(notebook)
    titles = [text for level, text in headings if level == 1]
    if len(titles) > 1:
        yield f"more than one title: {titles}"
    for (above, _), (level, text) in pairwise(headings):
        if level > above + 1:
            yield f"the heading {text!r} skips a level"
    sections = [text for level, text in headings if level == 2]
    expected = SECTIONS if has_exercises else SECTIONS[:-1]
    for section in expected:
        if section not in sections:
            yield f"no section {section!r}"
    if sections and sections[-1] != expected[-1]:
        yield f"the last section is {sections[-1]!r}; expected {expected[-1]!r}"


RULES = (plain_python, short_cells, known_tags, stored_outputs, described_figures, kind_words)


def labels_in(markdown: str) -> list[str]:
    """Every label that a text defines: targets, equations, directives."""
    return re.findall(
        r"^\s*\(([\w-]+)\)=\s*$|\$\$\s*\(([\w-]+)\)|^\s*:(?:label|name):\s*(\S+)", markdown, re.M
    )


def labels_of(notebook):
    """Every label that a notebook defines."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield from ("".join(groups) for groups in labels_in(cell.source))
        if name := cell.metadata.get("mystnb", {}).get("figure", {}).get("name"):
            yield name


def repeated(labels) -> list[str]:
    seen = set()
    return [label for label in labels if label in seen or seen.add(label)]


# ---------------------------------------------------------------------------------- the book


def test_a_notebook_is_in_normal_form(notebook_file):
    problems = check(notebook_file)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_notebook_keeps_the_rule(notebook_file, rule):
    complaints = list(rule(nbformat.read(notebook_file, as_version=4)))
    assert not complaints, "\n".join(complaints)


def test_a_chapter_has_its_outline(chapter, root):
    has_exercises = (root / "exercises" / chapter.name).exists()
    complaints = list(chapter_outline(nbformat.read(chapter, as_version=4), has_exercises=has_exercises))
    assert not complaints, "\n".join(complaints)


def test_a_page_belittles_nobody(page):
    found = [match[0] for match in BELITTLING.finditer(words_of(page.read_text(encoding="utf-8")))]
    assert not found, f"leave out {found}"


def test_no_label_is_used_twice_in_the_book(chapters, pages):
    labels = [label for notebook in chapters.values() for label in labels_of(notebook)]
    labels += ["".join(groups) for text in pages.values() for groups in labels_in(text)]
    assert labels, "no labels found: the search is broken"
    assert not repeated(labels)


def test_the_front_page_shows_the_picture_of_the_first_chapter(chapters):
    first = next(iter(chapters.values()))
    stored = FIRST_PICTURE.read_bytes()
    assert stored == first_picture(first), "assets/first-picture.png is not the stored one: `make execute`"


# ---------------------------------------------------------------------------------- the rules themselves

FIGURE = {
    "figure": {"caption": "The price falls as confidence grows.", "name": "fig-price"},
    "image": {"alt": "Curve of the price, steep near zero and flat near one, on white."},
}
CHAPTER = ["(c)=\n# Title", "## Section", "## Check yourself", "## Pitfalls", "## Exercises"]


def figure(**changes):
    """The figure's metadata with one thing changed."""
    image = {"alt": changes.pop("alt", FIGURE["image"]["alt"])}
    return {"figure": {**FIGURE["figure"], **changes}, "image": image}


@pytest.mark.parametrize(
    ("rule", "source", "extra", "complaint"),
    [
        (plain_python, "!pip install torch", {}, "not plain Python"),
        (plain_python, "%timeit f()", {}, "not plain Python"),
        (plain_python, "import sys\nsys.path.append('..')", {}, "sys.path"),
        (plain_python, "open('/home/me/a.txt')", {}, "path of one machine"),
        (short_cells, "\n".join("x = 1" for _ in range(26)), {}, "26 lines"),
        (known_tags, "1", {"tags": ["tab-jax"]}, "unknown tag 'tab-jax'"),
        (known_tags, "1", {"tags": ["nbval-skip"]}, "unknown tag"),
        (known_tags, "# NBVAL_IGNORE_OUTPUT\nf()", {}, "without a next line"),
        (stored_outputs, "print(x)", {}, "no output is stored"),
        (stored_outputs, "for x in y:\n    print(x)", {}, "no output is stored"),
        (stored_outputs, "f'{x:.2f}'", {}, "no output is stored"),
        (stored_outputs, "plots.curve();", {"mystnb": FIGURE}, "no stored picture"),
        (described_figures, "f()", {"png": True}, "the caption is no sentence"),
        (described_figures, "f()", {"png": True, "mystnb": figure(caption="Loss plot")}, "no sentence"),
        (described_figures, "f()", {"png": True, "mystnb": figure(name="price")}, "fig-…"),
        (described_figures, "f()", {"png": True, "mystnb": figure(alt="A curve")}, "7 characters"),
        (described_figures, "f()", {"png": True, "mystnb": figure(alt="")}, "0 characters"),
        (
            described_figures,
            "f()",
            {"png": True, "mystnb": figure(caption="A claim " * 9 + "made.", alt="A claim " * 9 + "made.")},
            "repeats the caption",
        ),
        (
            described_figures,
            "f()",
            {"png": True, "mystnb": figure(alt="The curve of $-\\log p$ " * 3)},
            "markup",
        ),
        (kind_words, "f()", {"png": True, "mystnb": figure(caption="It is simply the mean.")}, "'simply'"),
    ],
)
def test_a_code_cell_that_breaks_a_rule_is_named(book, code, rule, source, extra, complaint):
    complaints = list(rule(book(code(source, id="the-cell", **extra))))
    assert any(complaint in found for found in complaints), complaints
    assert all("'the-cell'" in found for found in complaints)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_a_good_notebook_breaks_no_rule(book, markdown, code, rule):
    notebook = book(
        markdown("(c)=\n# Title\n\nJustice is `easy` to $just$ do, {ref}`just <c>`.\n\n```python\neasy\n```"),
        code("x = 1\ndef f():\n    print(x)", id="silent"),
        code(
            "# NBVAL_IGNORE_OUTPUT\n# because it prints a time\nprint(x)", "1", id="timed", tags=["tab-numpy"]
        ),
        code("style.use()", id="call"),
        code("plots.curve();", png=True, mystnb=FIGURE),
    )
    assert list(rule(notebook)) == []


@pytest.mark.parametrize("word", ["Simply", "just", "obviously", "of course", "easy"])
def test_a_belittling_word_in_the_prose_is_named(book, markdown, word):
    notebook = book(markdown(f"This is {word} true.", id="words"))
    assert list(kind_words(notebook)) == [f"cell 'words': leave out {word!r}"]


def test_two_pictures_in_one_cell_are_named(book, code):
    cell = code("f()", png=True, mystnb=FIGURE)
    cell.outputs *= 2
    assert "2 pictures" in next(described_figures(book(cell)))


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        (["# Title", *CHAPTER[1:]], "opens with"),
        (["(c)=\n## Title", *CHAPTER[1:]], "opens with"),
        ([*CHAPTER[:1], "# Another", *CHAPTER[1:]], "more than one title"),
        ([*CHAPTER[:1], "### Deep", *CHAPTER[1:]], "skips a level"),
        ([*CHAPTER[:2], *CHAPTER[3:]], "no section 'Check yourself'"),
        ([*CHAPTER[:3], *CHAPTER[4:]], "no section 'Pitfalls'"),
        (CHAPTER[:-1], "no section 'Exercises'"),
        ([*CHAPTER, "## More"], "the last section is 'More'"),
    ],
)
def test_a_chapter_without_its_outline_is_named(book, markdown, parts, complaint):
    notebook = book(*(markdown(part, id=f"part-{i}") for i, part in enumerate(parts)))
    complaints = list(chapter_outline(notebook, has_exercises=True))
    assert any(complaint in found for found in complaints), complaints


def test_a_chapter_with_its_outline_passes(book, markdown):
    cells = [
        markdown(part, id=f"part-{i}") for i, part in enumerate([*CHAPTER, "```python\n# no heading\n```"])
    ]
    assert list(chapter_outline(book(*cells), has_exercises=True)) == []
    del cells[4]  # no graded exercises yet: Pitfalls come last
    assert list(chapter_outline(book(*cells), has_exercises=False)) == []


def test_every_kind_of_label_is_found_and_a_second_one_is_named(book, markdown, code):
    text = "(a)=\n# T\n$$\nx\n$$ (eq-b)\n```{math}\n:label: eq-c\nx\n```\n:::{note}\n:name: d\n:::"
    labels = list(labels_of(book(markdown(text), code("f()", mystnb=FIGURE))))
    assert labels == ["a", "eq-b", "eq-c", "d", "fig-price"]
    assert repeated([*labels, "eq-c"]) == ["eq-c"]

r"""The glossary and the chapters, held together: a link at the first use of a term, and no entry without one.

An entry of `chapters/glossary.md` is one or more names and a definition. A chapter links to it with
{term}`name` or {term}`other words <name>`. A use is a name, its plural too, in the prose of a chapter as it
is read: not in a heading, a title, a table, a caption, in mathematics or in code, and not within a longer
name ("likelihood" in "maximum likelihood"). A hyphen belongs to the word: "cross-entropy" is no "entropy".
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise, zip_longest

import nbformat
import pytest
from book_markdown import without_code

LINK = r"\{term\}`(?:[^`<]*<(?P<target>[^>]+)>|(?P<name>[^`<]+))`"
EXPLAINED = re.compile(r"\{(?:ref|eq|numref|doc|py:\w+)\}`")

# Entries of chapters that are not in the contents yet, each with its chapter. An entry leaves the list as it
# is linked, and a test insists on that as soon as the chapter is there.
WAITING: dict[str, str] = {}


@dataclass
class Entry:
    """An entry of the glossary."""

    names: list[str]
    definition: list[str] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.names[0]


def glossary_of(page: str) -> list[Entry]:
    """The entries of a page's glossary, in their order: lines without an indent are names."""
    [inside] = re.findall(r"^(`{3,}|:{3,})\{glossary\}[^\n]*\n(.*?)^\1\s*$", page, re.M | re.S)
    entries: list[Entry] = []
    for line in inside[1].split("\n"):
        if re.match(r"[^\s:%]", line):
            if not entries or entries[-1].definition:
                entries.append(Entry([]))
            entries[-1].names.append(line.strip())
        elif line.strip() and entries:
            entries[-1].definition.append(line.strip())
    return entries


def sorting_key(name: str) -> str:
    """Word by word, a hyphen being a space, without regard to case."""
    return re.sub(r"[\W_]+", " ", name).casefold().strip()


def link_targets(markdown: str) -> list[str]:
    """What the {term} links of a text lead to, in order."""
    return [" ".join((link["target"] or link["name"]).split()) for link in re.finditer(LINK, markdown)]


def reading_text(source: str) -> str:
    """Prose as it is read, its {term} links left as they are: no heading, title, table, mathematics, code."""
    source = re.sub(r"^(\s*(?:`{3,}|:{3,})\{[\w:+.-]+\}).*$", r"\1", source, flags=re.M)  # titles
    text = re.sub(r"\$\$.*?\$\$(?:\s*\([\w-]+\))?", " ", without_code(source), flags=re.S)
    text = re.sub(r"^\s*(?:#+\s|\||:[\w-]+:|%|\([\w-]+\)=\s*$).*$", "", text, flags=re.M)
    roles_and_code = r"(\{[\w:+-]+\})?(`+).+?\2"
    text = re.sub(roles_and_code, lambda span: span[0] if span[1] == "{term}" else " ", text, flags=re.S)
    text = re.sub(r"(?<![\\$])\$[^$]+\$", " ", text)
    return re.sub(r"\]\([^)]*\)|<https?:[^>]*>", "]", text)


def prose_cells(notebook):
    """Yield (cell id, markdown) for each markdown cell."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.id, cell.source


@dataclass(frozen=True)
class Use:
    """A name of the glossary where it stands."""

    chapter: str
    cell: str
    entry: str
    linked: bool
    words: str

    @property
    def where(self) -> str:
        return f"{self.chapter}, cell '{self.cell}'"


def plural_or_not(name: str) -> str:
    """A pattern for a name and for its plural, with either apostrophe, also across the end of a line."""
    words = r"\s+".join(map(re.escape, name.split())).replace("’", "['’]")
    return rf"{words.removesuffix('y')}(?:y|ies)" if words.endswith("y") else rf"{words}(?:e?s)?"


def uses_in(chapters: dict[str, object], entries: list[Entry]) -> list[Use]:
    """Every use of every entry, in reading order; a link to a name that no entry has is left out."""
    of_name = {name.casefold(): entry.title for entry in entries for name in entry.names}
    names = sorted(of_name, key=len, reverse=True)  # the longest name is tried first
    words = "|".join(map(plural_or_not, names))
    pattern = re.compile(rf"{LINK}|(?<![\w–-])(?:{words})(?![\w–-])", re.I)
    uses = []
    for chapter, notebook in chapters.items():
        for cell, source in prose_cells(notebook):
            for found in pattern.finditer(reading_text(source)):
                linked = found["target"] or found["name"]
                name = linked or next(
                    name for name in names if re.fullmatch(plural_or_not(name), found[0], re.I)
                )
                if entry := of_name.get(" ".join(name.split()).casefold()):
                    shown = re.sub(r"\{term\}`([^`<]*).*", r"\1", found[0], flags=re.S)
                    uses.append(Use(chapter, cell, entry, bool(linked), " ".join(shown.split())))
    return uses


# ---------------------------------------------------------------------------------- the rules


def badly_listed(entries: list[Entry]) -> list[str]:
    """Entries out of alphabetical order, names that stand twice, definitions that lead nowhere."""
    complaints = [
        f"{after.title!r} stands after {before.title!r}; the order is alphabetical"
        for before, after in pairwise(entries)
        if sorting_key(before.title) > sorting_key(after.title)
    ]
    names = Counter(sorting_key(name) for entry in entries for name in entry.names)
    complaints += [f"{name!r} stands {n} times" for name, n in names.items() if n > 1]
    for entry in entries:
        if not EXPLAINED.search(" ".join(entry.definition)):
            complaints.append(f"{entry.title!r} does not say where it is explained: no {{ref}}, no {{eq}}")
    return complaints


def wrong_letters(page: str, entries: list[Entry]) -> list[str]:
    """Letters above the glossary that do not lead to the first entry with that letter."""
    letters = re.findall(r"\{term\}`(\w) <([^>]+)>`", page)
    first = {entry.title[0].upper(): entry.title for entry in reversed(entries)}
    expected = sorted(first.items())
    return [
        f"a letter leads to {found}; expected {due}"
        for found, due in zip_longest(letters, expected)
        if found != due
    ]


def leading_nowhere(where: str, source: str, entries: list[Entry]) -> list[str]:
    """Links of one text to names that the glossary does not have."""
    known = {name.casefold() for entry in entries for name in entry.names}
    return [
        f"{where}: the glossary has no {target!r}"
        for target in link_targets(source)
        if target.casefold() not in known
    ]


def misplaced(where: str, source: str, caption: str = "") -> list[str]:
    """Links of one text that stand in a heading, a title, a table, a caption or code."""
    outside = Counter(link_targets(source)) - Counter(link_targets(reading_text(source)))
    return [
        f"{where}: the link to {target!r} stands in a heading, a title, a table, a caption or code"
        for target in [*outside.elements(), *link_targets(caption)]
    ]


def repeated(uses: list[Use]) -> list[str]:
    """Second links to an entry in the same chapter."""
    linked = Counter((use.chapter, use.entry) for use in uses if use.linked)
    return [f"{chapter} links {n} times to {entry!r}" for (chapter, entry), n in linked.items() if n > 1]


def late(uses: list[Use]) -> list[str]:
    """Entries that are used before they are linked for the first time."""
    first: dict[str, Use] = {}
    complaints = []
    for use in uses:
        earlier = first.setdefault(use.entry, use)
        if use.linked and not earlier.linked:
            complaints.append(
                f"{earlier.where} uses {earlier.words!r}, and the first link to {use.entry!r} comes later: "
                f"{use.where}, {use.words!r}"
            )
            first[use.entry] = use  # it has been named
    return complaints


def unlinked(uses: list[Use], entries: list[Entry], chapters, waiting: dict[str, str]) -> list[str]:
    """Entries without a link, and what is wrong with the list of those that wait."""
    linked = {use.entry for use in uses if use.linked}
    titles = [entry.title for entry in entries]
    complaints = [
        f"no chapter links to {title!r}" for title in titles if title not in linked | waiting.keys()
    ]
    for title, chapter in waiting.items():
        if title not in titles:
            complaints.append(f"{title!r} waits for {chapter}, and is no entry")
        elif title in linked:
            complaints.append(f"{title!r} is linked: take it off the list of those that wait")
        elif chapter in chapters:
            complaints.append(
                f"{title!r} waits for {chapter}, which is there: link it, or take the entry out"
            )
    return complaints


# ---------------------------------------------------------------------------------- the book


@pytest.fixture(scope="module")
def entries(root):
    return glossary_of((root / "chapters" / "glossary.md").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def in_order(root, chapters):
    """{name of the file: notebook} of the chapters in the contents, in reading order."""
    by_name = {path.stem: notebook for path, notebook in chapters.items()}
    contents = re.findall(r"file: chapters/(\d\d_\w+)", (root / "_toc.yml").read_text(encoding="utf-8"))
    return {name: by_name[name] for name in contents}


@pytest.fixture(scope="module")
def uses(in_order, entries):
    return uses_in(in_order, entries)


def test_the_glossary_is_in_order_and_each_entry_leads_to_its_explanation(entries):
    assert len(entries) >= 50
    complaints = badly_listed(entries)
    assert not complaints, "\n".join(complaints)


def test_the_letters_lead_to_the_first_entry_of_each(root, entries):
    page = (root / "chapters" / "glossary.md").read_text(encoding="utf-8")
    assert not wrong_letters(page, entries), "\n".join(wrong_letters(page, entries))


def test_every_link_of_a_notebook_leads_to_an_entry(notebook_file, entries):
    cells = prose_cells(nbformat.read(notebook_file, as_version=4))
    complaints = [found for cell, text in cells for found in leading_nowhere(f"cell '{cell}'", text, entries)]
    assert not complaints, "\n".join(complaints)


def test_every_link_of_a_page_leads_to_an_entry(page, entries):
    complaints = leading_nowhere(page.name, page.read_text(encoding="utf-8"), entries)
    assert not complaints, "\n".join(complaints)


def test_every_link_stands_in_running_text(in_order):
    complaints = []
    for chapter, notebook in in_order.items():
        for cell in notebook.cells:
            source = cell.source if cell.cell_type == "markdown" else ""
            caption = cell.metadata.get("mystnb", {}).get("figure", {}).get("caption", "")
            complaints += misplaced(f"{chapter}, cell '{cell.id}'", source, caption)
    assert not complaints, "\n".join(complaints)


def test_no_chapter_links_twice_to_an_entry(uses):
    assert not repeated(uses), "\n".join(repeated(uses))


def test_no_term_is_used_before_it_is_linked(uses):
    assert not late(uses), "\n".join(late(uses))


def test_every_entry_is_linked_from_a_chapter(uses, entries, in_order):
    complaints = unlinked(uses, entries, in_order, WAITING)
    assert not complaints, "\n".join(complaints)


# ---------------------------------------------------------------------------------- the rules themselves

PAGE = """# Glossary

{term}`C <chain rule>` {term}`E <entropy>` {term}`N <nat>`

```{glossary}
chain rule
  Product of conditional probabilities
  ({ref}`chapter 2 <ch-formula>`).

entropy
Shannon’s entropy
  Mean {term}`surprisal <nat>`, {eq}`eq-entropy`.

nat
  What the natural logarithm gives, {eq}`eq-surprisal`.
```
"""


@pytest.fixture
def small():
    """Three entries, the second with two names."""
    return glossary_of(PAGE)


@pytest.fixture
def uses_of(book, markdown, small):
    """The uses of the small glossary in chapters of some cells: uses_of(["a cell", "another"], ["…"])."""

    def make(*chapters):
        books = {
            f"0{n}_c": book(*(markdown(source, id=f"cell-{i}") for i, source in enumerate(cells, start=1)))
            for n, cells in enumerate(chapters, start=1)
        }
        return uses_in(books, small)

    return make


def test_a_glossary_is_read_with_its_names_and_definitions(small):
    assert [entry.names for entry in small] == [["chain rule"], ["entropy", "Shannon’s entropy"], ["nat"]]
    assert small[0].definition == ["Product of conditional probabilities", "({ref}`chapter 2 <ch-formula>`)."]
    assert badly_listed(small) == wrong_letters(PAGE, small) == []


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("nat\n", "cross-entropy\n", "'cross-entropy' stands after 'entropy'"),
        ("entropy\nS", "chain\nS", "'chain' stands after 'chain rule'"),
        ("nat\n", "nat\nEntropy\n", "'entropy' stands 2 times"),
        ("gives, {eq}`eq-surprisal`.", "gives, {term}`entropy`.", "'nat' does not say where"),
    ],
)
def test_a_glossary_out_of_order_is_named(before, after, complaint):
    assert before in PAGE
    [found] = badly_listed(glossary_of(PAGE.replace(before, after)))
    assert complaint in found


@pytest.mark.parametrize(
    ("before", "after"),
    [("`E <entropy>`", "`E <nat>`"), (" {term}`N <nat>`", ""), ("\nnat\n", "\nmatch\n"), ("`C <", "`B <")],
)
def test_a_letter_that_leads_elsewhere_is_named(before, after):
    assert before in PAGE
    page = PAGE.replace(before, after)
    assert wrong_letters(page, glossary_of(page))


def test_words_are_in_order_one_by_one():
    names = ["bit", "bits per byte", "log-softmax", "log-sum-exp", "log V baseline", "logit", "loss", "LSTM"]
    assert sorted(reversed(names), key=sorting_key) == names


def test_a_link_to_no_entry_is_named(small):
    good = "{term}`entropy`, {term}`Nats <nat>`, {term}`its price <Shannon’s\n  entropy>`, {term}`Chain rule`"
    assert leading_nowhere("here", good, small) == []
    bad = "{term}`nats`, {term}`entropy <surprisal>`"
    assert leading_nowhere("here", bad, small) == [
        "here: the glossary has no 'nats'",
        "here: the glossary has no 'surprisal'",
    ]


def test_a_link_in_running_text_passes():
    good = [
        "A **{term}`nat`**, (*{term}`nats <nat>`*) and\n\n- an item with a {term}`nat`",
        "(a-label)=\n## Heading\n\nA `code span`, a {term}`nat`, $x$, `y`, {ref}`here <x>`: a {term}`nat`.",
        "```{exercise} A title\n:label: ex-a\n\nHow many {term}`nats <nat>`?\n```",
    ]
    assert [misplaced("here", source, "A caption.") for source in good] == [[], [], []]


@pytest.mark.parametrize(
    "source",
    [
        "## One {term}`nat`",
        "| unit |\n|---|\n| {term}`nat` |",
        "```{exercise} A {term}`nat`\n:label: ex-a\n\nHow many?\n```",
        "```python\n# {term}`nat`\n```",
        "``{term}`nat` ``",
    ],
)
def test_a_link_elsewhere_is_named(source):
    [complaint] = misplaced("here", source + "\n\nAnd a {term}`bit`.")
    assert complaint.startswith("here: the link to 'nat' stands in a heading")
    assert misplaced("here", "Text.", "A caption with a {term}`nat`.")


def test_a_second_link_in_one_chapter_is_named(uses_of):
    assert repeated(uses_of(["{term}`nat`", "a nat, {term}`bits <entropy>`"], ["{term}`nat`"])) == []
    twice = uses_of(["{term}`entropy`", "{term}`Shannon’s entropy`"])
    assert repeated(twice) == ["01_c links 2 times to 'entropy'"]


@pytest.mark.parametrize(
    "first",
    [
        "## A nat",
        "(nat)=\n## Heading",
        "| nat |\n|---|\n| nats |",
        "```python\nnat\n```",
        "```{exercise} The nat\n:label: nat\n\nHow many?\n```",
        "$$\n\\text{nat}\n$$ (nat)",
        "```{math}\n:label: nat\n\\text{nat}\n```",
        "A `nat` in code, $\\text{nat}$, {ref}`nat`, [a link](nat).",
        "A natural nation, a non-nat, a nat-like thing.",
        "<!-- nat -->",
    ],
)
def test_what_is_no_use_may_come_before_the_link(uses_of, first):
    uses = uses_of([first, "A {term}`nat`, and nats."], ["Another nat, a {term}`nat`."])
    assert [use.linked for use in uses] == [True, False, False, True]
    assert late(uses) == []


@pytest.mark.parametrize(
    ("chapters", "complaint"),
    [
        (
            [["One nat.", "A {term}`nat`."]],
            "cell 'cell-1' uses 'nat', and the first link to 'nat' comes later",
        ),
        ([["Two Nats, a {term}`nat`."]], "uses 'Nats'"),
        ([["Two **nats**."], ["A {term}`nat`."]], "01_c, cell 'cell-1' uses 'nats'"),
        ([["The chain\n  rule.", "The {term}`chain rule`."]], "uses 'chain rule'"),
        ([["Two entropies.", "Its {term}`price <entropy>`."]], "uses 'entropies'"),
        ([["Shannon's entropy, {term}`entropy`."]], 'uses "Shannon\'s entropy"'),
        ([["```{note}\nA nat.\n```", "A {term}`nat`."]], "uses 'nat'"),
        ([["- a nat", "A {term}`nat`."], ["A {term}`nat`."]], "comes later: 01_c, cell 'cell-2'"),  # once
    ],
)
def test_a_use_before_the_link_is_named(uses_of, chapters, complaint):
    [found] = late(uses_of(*chapters))
    assert complaint in found


def test_a_name_within_a_longer_one_is_no_use_of_the_shorter(uses_of, small):
    small.append(Entry(["entropy of a nat"]))
    uses = uses_of(["The entropy of a nat, cross-entropy.", "An {term}`entropy`."])
    assert [use.entry for use in uses] == ["entropy of a nat", "entropy"]
    assert late(uses) == []


def test_an_entry_that_no_chapter_links_is_named(uses_of, small):
    uses, there = uses_of(["A {term}`nat`, {term}`its mean <Shannon’s entropy>`."]), {"01_c": None}
    assert unlinked(uses, small, there, {}) == ["no chapter links to 'chain rule'"]
    assert unlinked(uses, small, there, {"chain rule": "02_c"}) == []


@pytest.mark.parametrize(
    ("waiting", "complaint"),
    [
        ({"chain rule": "01_c"}, "'chain rule' waits for 01_c, which is there"),
        ({"chain rule": "02_c", "nat": "02_c"}, "'nat' is linked: take it off"),
        ({"chain rule": "02_c", "bit": "02_c"}, "'bit' waits for 02_c, and is no entry"),
    ],
)
def test_a_list_of_waiting_entries_that_is_out_of_date_is_named(uses_of, small, waiting, complaint):
    uses = uses_of(["A {term}`nat`, an {term}`entropy`."])
    [found] = unlinked(uses, small, {"01_c": None}, waiting)
    assert complaint in found

r"""The reader's guarantee: every number in the prose is a number that a run produced, or one that is cited.

Read as prose: the markdown cells, the captions and the alt texts of a notebook; on a page (`*.md`) the text.
Not prose: fenced code, comments, labels, options of directives, targets of links and of roles, HTML tags.

Which numbers are checked:

1. each number with a decimal point, each percentage, and each integer from 13 on, in digits
   ("1,000", "1000", "50k" and "5 million" are numbers too); 0 % and 100 % are not;
2. in mathematics each number with a decimal point, whatever its sign (a sign there may be an operator);
3. 10⁻³⁰ and 10^{-30} standing alone: the order of magnitude.

Never checked: the number in a name (GPT-2, float32, 135M after a hyphen, Python 3.11, version 2.13.0,
Chapter 14, Solutions 15), years ("in 1948", "(Shannon, 1948)", "1990s"), dates, numbers of list items, "40
minutes" in the first cell, which is a promise about reading, and the minutes beside the stars of a task. A
code span counts as prose when it holds a number alone, a unit at most (`0.357`, `2.303 nats`); any other one
is code.

A number is satisfied by

(a) a stored output of the same notebook that shows it, or more digits that round to it: 0.357 is satisfied by
    0.357 and by 0.35667, not by 0.36; 70 % by 70 or by 0.70; with a minus in front only by a negative number.
    One or two digits are soon met by chance: they may be rounded from outputs of their own section (from one
    `##` to the next), and stand as they are, digit for digit, in an output elsewhere;
(b) a number of the same value in the code of the same notebook: what goes in is given, not computed;
(c) a {cite} role in its sentence, in its row of a table, or in the header or title of its table.

On a page, (a) and (b) look into every chapter, and any code span is exempt: a wrong number that is quoted
stands in backticks.
"""

import ast
import re
from dataclasses import dataclass
from decimal import Decimal

import nbformat
import pytest
from book_markdown import without_code

from helpers.normal_form import shown_text

SMALLEST_CHECKED = 13  # below it, integers count things that the reader can see
NAMES = (
    "Python|PyTorch|torch|TensorFlow|Keras|NumPy|SciPy|BY|[Vv]ersion|"
    "[Cc]hapters?|Exercises|Solutions|[Ss]ections?|pages?|pp?\\."
)
YEAR = r"(?:1[5-9]\d\d|20[0-2]\d)"
SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SCALES = {"k": 3, "K": 3, "M": 6, "B": 9, "G": 9, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}

NUMBER = re.compile(
    r"""(?<![\w.])                         # not inside a word
    (?P<sign>(?<![\w)\]}.%])-)?             # a minus that follows no operand
    (?P<digits>\d{1,3}(?:[,\u202f\u00a0]\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+)
    (?:e(?P<e>[+-]?\d+)|\s?×\s?10\^(?P<ten>-?\d+))?
    (?P<scale>[kKMBG]\b|\s(?:thousand|million|billion|trillion)\b)?
    (?P<percent>\s?%|\s?per\s?cent\b)?
    (?![.]?\d)""",
    re.VERBOSE,
)
POWER_OF_TEN = re.compile(r"(?<![\d.×] )(?<![\w.^])10\^(-?\d+)")
EXEMPT = re.compile(
    r"\b\d{4}-\d\d-\d\d\b"  # dates
    r"|\b\d+(\.\d+){2,}\b"  # 2.13.0
    r"|\b[A-Za-z]\w+-\d[\w.]*\b"  # GPT-2, SmolLM2-135M
    r"|(?<=☆ · |★ · )\d+ minutes\b"  # what a task may take
    r"|\b1[5-9]\d0s\b|\b20\d0s\b"  # decades
    rf"|\b(in|since|until|before|after|around|early|late) {YEAR}\b(?![,.]?\d| [a-z]+s\b)"  # in 1948
    rf"|(?<=[(,] ){YEAR}[a-z]?(?=[);,])|(?<=\(){YEAR}[a-z]?(?=[);,])"  # (Shannon, 1948)
    rf"|\b({NAMES})\s\d+(\.\d+)*((,| and|–| to) ?\d+)*"  # Python 3.11, chapters 13 and 14
)
END_OF_SENTENCE = re.compile(r"(?<=[.!?])(?<!\be\.g\.)(?<!\bi\.e\.)[*_)\"”]*\s+(?![a-z({`])")
CITED = re.compile(r"\{cite[^}]*\}`")


@dataclass(frozen=True)
class Number:
    """A number as somebody wrote it: its value, its last digit's place, and how it must be matched."""

    text: str
    value: Decimal
    place: int  # the exponent of the last digit: 0.357 has −3, 50k has 3
    signed: bool = False
    percent: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it has fewer than three significant digits."""
        return len(self.value.as_tuple().digits) < 3

    def rounds_from(self, other: "Number", *, exactly: bool = False) -> bool:
        """Whether `other` shows this number, or more digits that round to it (unless `exactly`)."""
        ways = [(self.value, self.place)]
        if self.percent:
            ways = [(self.value, self.place), (self.value.scaleb(-2), self.place - 2)]
        x = other.value if self.signed else abs(other.value)
        if exactly:
            return (x, other.place) in ways
        return any(other.place <= at and abs(x - v) * 2 <= Decimal(1).scaleb(at) for v, at in ways)

    def equals(self, other: "Number") -> bool:
        """Whether `other`, a number in code, has this very value; there a minus is an operator beside it."""
        size = abs(self.value)
        return other.value == size or (self.percent and other.value == size.scaleb(-2))


def plain(text: str) -> str:
    """One notation for a number: − as -, 10⁻³ as 10^-3, LaTeX's thousands and products as Unicode's."""
    text = re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: "10^" + m[1].translate(SUPERSCRIPT), text)
    text = text.replace("−", "-").replace("{,}", ",").replace("\\,", " ").replace("\\%", "%")
    return re.sub(r"\\(times|cdot)\b", "×", re.sub(r"\^\{(-?\d+)\}", r"^\1", text))


def numbers_in(text: str) -> list[Number]:
    """Every number in `text`, whatever its size."""
    found = []
    for match in NUMBER.finditer(plain(text)):
        digits = re.sub(r"[^\d.]", "", match["digits"])
        shift = int(match["e"] or match["ten"] or 0) + SCALES.get((match["scale"] or "").strip(), 0)
        place = shift - len(digits.partition(".")[2])
        value = Decimal(digits).scaleb(shift)
        sign = bool(match["sign"])
        found.append(Number(match[0].strip(), -value if sign else value, place, sign, bool(match["percent"])))
    return found


def is_checked(number: Number) -> bool:
    """Rule 1 of the docstring."""
    if number.percent:
        return number.value not in (0, 100)
    return has_fraction(number) or abs(number.value) >= SMALLEST_CHECKED


def has_fraction(number: Number) -> bool:
    """Whether it has a decimal point, or would have one if it were written out: 0.5, 1.0, 4e-8."""
    return "." in number.text or number.value % 1 != 0


# ---------------------------------------------------------------------------------- what counts as prose


def strip_markup(source: str) -> str:
    """Markdown without what is not prose: code blocks, comments, labels, options, HTML."""
    kept = []
    for line in without_code(source).split("\n"):
        option = re.match(r"\s*:([\w-]+):(\s|$)", line)
        if re.match(r"\s*\([\w-]+\)=\s*$|\s*%", line) or (option and option[1] != "alt"):
            continue
        line = re.sub(r"^(\s*>)*\s*(\d+[.)]\s|[-*+]\s)", "\n", line)  # an item of a list is its own paragraph
        line = re.sub(r"^#+\s*(\d+(\.\d+)*\.?\s)?(.*)$", r"\n\3\n", line)
        kept.append(line)
    text = re.sub(r"\$\$\s*\([\w-]+\)", "$$", "\n".join(kept))
    return re.sub(r"</?[a-zA-Z][^>]*>|<https?:[^>]*>", " ", re.sub(r"\]\([^)]*\)", "]", text))


def passages(source: str):
    """Yield (sentence, whether it is cited) for each sentence and each row of a table."""
    for paragraph in re.split(r"\n\s*\n", strip_markup(source)):
        lines = paragraph.strip().split("\n")
        table = [i for i, line in enumerate(lines) if line.lstrip().startswith("|")]
        if table:
            title = lines[: table[0] + 1]  # what stands above it, and its header
            whole = bool(CITED.search("\n".join(title)))
            for line in lines:
                yield line, whole or bool(CITED.search(line))
        else:
            whole = " ".join(line.strip() for line in lines)
            for sentence in END_OF_SENTENCE.split(whole):
                yield sentence, bool(CITED.search(sentence))


def stated_numbers(passage: str, *, any_code_span: bool = False) -> list[Number]:
    """The numbers of one sentence that have to be satisfied."""
    stated = []

    def mathematics(match):
        inner = re.sub(r"\\\\\[[^\]]*\]|\\[hv]space\*?\{[^}]*\}", " ", plain(match[0]))
        for number in numbers_in(re.sub(r"[{}$&\\]", " ", inner)):
            if has_fraction(number) and not number.percent:
                stated.append(Number(number.text, abs(number.value), number.place))
        stated.extend(powers(inner))
        return " "

    def code_span(match):
        unit = re.fullmatch(r"['\"]?(\S+(?: [a-zA-Z/%]+)?)['\"]?", match[2])
        return f" {unit[1]} " if not any_code_span and unit and is_number(unit[1]) else " "

    text = re.sub(r"\{math\}`([^`]*)`", r"$\1$", passage)
    text = re.sub(r"\{[\w:+-]+\}`[^`]*`", " ", text)
    text = re.sub(r"(`+)(.+?)\1", code_span, text)
    text = re.sub(r"\$\$.+?\$\$|(?<![\\$])\$[^$]+\$", mathematics, text, flags=re.S)
    text = EXEMPT.sub(" ", plain(text))
    stated += powers(text)
    text = POWER_OF_TEN.sub(" ", text)
    return stated + [number for number in numbers_in(text) if is_checked(number)]


def is_number(text: str) -> bool:
    """Whether a code span holds a number, a unit at most."""
    found = numbers_in(text)
    return len(found) == 1 and plain(text).startswith(found[0].text)


def powers(text: str) -> list[Number]:
    """Rule 3: 10^k standing alone, to be matched within half an order of magnitude."""
    return [
        Number(match[0], Decimal(1).scaleb(int(match[1])), int(match[1]) + 1)
        for match in POWER_OF_TEN.finditer(text)
        if abs(int(match[1])) > 1
    ]


# ---------------------------------------------------------------------------------- what satisfies it


def printed_numbers(notebook) -> set[Number]:
    """Every number in the stored outputs."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [re.sub(r"</?[a-zA-Z][^>]*>", " ", shown_text(output)) for output in outputs]
    return {number for text in texts for number in numbers_in(text)}


def given_numbers(notebook) -> set[Number]:
    """Every number that the code states."""
    given = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Constant) and type(node.value) in (int, float):
                    given.add(Number("", abs(Decimal(repr(node.value))), 0))
    return given


@dataclass(frozen=True)
class Evidence:
    """What a number may rest on: outputs of its own section, all outputs, and the numbers of the code."""

    near: set[Number]
    printed: set[Number]
    given: set[Number]

    def supports(self, number: Number) -> bool:
        """Rules (a) and (b) of the docstring."""
        if number.text.startswith("10^"):
            size, half = number.value.log10(), Decimal("0.5")
            return any(x.value and abs(abs(x.value).log10() - size) < half for x in self.printed | self.given)
        return (
            any(map(number.rounds_from, self.near))
            or any(number.rounds_from(x, exactly=number.is_short) for x in self.printed)
            or any(map(number.equals, self.given))
        )


def unsupported(source: str, evidence: Evidence, *, page: bool = False, opening: bool = False) -> list[str]:
    """A sentence of complaint for each number in the markdown `source` that nothing supports."""
    complaints = []
    for passage, cited in passages(source):
        text = re.sub(r"\b\d+(–\d+)?\s(minutes|min)\b", "", passage) if opening or page else passage
        for number in [] if cited else stated_numbers(text, any_code_span=page):
            if not evidence.supports(number):
                complaints.append(f"{number.text} in no output, code or citation: “{passage.strip()}”")
    return complaints


def sections_of(notebook) -> list:
    """The notebook cut before each cell that has a heading of the second level."""
    sections = [[]]
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^## ", cell.source, re.M):
            sections.append([])
        sections[-1].append(cell)
    return [nbformat.v4.new_notebook(cells=cells) for cells in sections if cells]


def prose_of(notebook):
    """Yield (cell id, markdown) for each text that a reader of the notebook reads."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield cell.id, cell.source
        shown = cell.metadata.get("mystnb", {})
        yield f"{cell.id} (caption)", shown.get("figure", {}).get("caption", "")
        yield f"{cell.id} (alt text)", shown.get("image", {}).get("alt", "")


def complaints_about(notebook) -> list[str]:
    """Everything that breaks the guarantee in one notebook."""
    printed, given = printed_numbers(notebook), given_numbers(notebook)
    complaints = []
    for section in sections_of(notebook):
        evidence = Evidence(printed_numbers(section), printed, given)
        for where, source in prose_of(section):
            found = unsupported(source, evidence, opening=where == notebook.cells[0].id)
            complaints += [f"cell '{where}': {complaint}" for complaint in found]
    return complaints


# ---------------------------------------------------------------------------------- the book


def test_every_number_in_the_prose_of_a_notebook_is_in_its_outputs(notebook_file):
    complaints = complaints_about(nbformat.read(notebook_file, as_version=4))
    assert not complaints, "\n".join(complaints)


def test_every_number_on_a_page_is_in_the_output_of_a_chapter(page, chapters):
    printed = set().union(*map(printed_numbers, chapters.values()))
    given = set().union(*map(given_numbers, chapters.values()))
    complaints = unsupported(page.read_text(encoding="utf-8"), Evidence(set(), printed, given), page=True)
    assert not complaints, "\n".join(complaints)


# ---------------------------------------------------------------------------------- the rules themselves


@pytest.fixture
def verdict(book, markdown, code):
    """Judge one piece of prose beside one code cell: the texts of the numbers that nothing supports."""

    def judge(prose, printed="", source="pass"):
        notebook = book(markdown("# T", id="t"), markdown(prose), code(source, printed or None))
        return [re.search(r": (.+?) in no output", complaint)[1] for complaint in complaints_about(notebook)]

    return judge


SUPPORTED = [
    ("It costs 0.357 nats.", "0.357"),
    ("It costs 0.357 nats.", "cost: 0.35667 nats"),  # more digits, which round to it
    ("It costs 0.36 nats.", "0.355"),  # a tie may go either way
    ("A gap of −2.5 nats.", "-2.50"),
    ("It falls by 2.5.", "-2.5"),  # the word carries the sign
    ("In 70% of cases.", "0.70"),
    ("Between 0.25 and 0.75.", "p < 0.25 or p > 0.75"),
    ("In 70 % of cases, or 70 per cent.", "70"),
    ("There are 50,257 tokens.", "50257"),
    ("There are 50257 tokens.", "50,257"),
    ("About 50k tokens.", "50257"),
    ("It holds 4.96 million characters.", "4964112"),
    ("It is 7.9e-31.", "7.888609052210118e-31"),
    ("It is $7.9 \\times 10^{-31}$, that is 7.9 × 10⁻³¹.", "7.9e-31"),
    ("It is about $10^{-30}$, or 10⁻³⁰.", "7.9e-31"),
    ("The sum $0.1 + 0.2 = 0.30$.", "0.1 0.2 0.30"),
    ("A `0.357` in a code span, and `2.303 nats`.", "0.357 2.303"),
    ("The vector `[0.123, 0.456]` is code, like `log(p + 1e-10)`.", ""),
    ("* - 0.5\n  - 0.25", "0.5 0.25"),
    ("It is 4e-8.", "4.1e-08"),
    ("Three things, 12 of them, in 100% of cases.", ""),
    ("Shannon, in 1948, and others (Kullback, 1951) in the 1990s.", ""),
    ("On 2026-11-22 with Python 3.11, NumPy 2.4 and torch 2.13.0, see chapter 14.", ""),
    ("# Solutions 15: fused losses", ""),
    ("★★★ · 14 minutes · 3 points", ""),
    ("GPT-2, float32, SmolLM2-135M, UTF-8 and a 5-gram.", ""),
    ("The table of {cite}`radford2019` says 37.50.", ""),
    ("| model | loss |\n|---|---|\n| A {cite}`a` | 18.34 |", ""),
    ("| model | loss {cite}`a` |\n|---|---|\n| A | 18.34 |\n| B | 29.41 |", ""),
    ("```python\nx = 0.999\n```", ""),
    ("````{note} A title\n```python\nx = 0.999\n```\n````", ""),
    ("$$\nx\n$$ (eq-in-2077)", ""),
    ("```{math}\n:label: eq-0.55\nx\n```", ""),
    ("See [the source](https://example.org/0.55/2077) and {eq}`eq-0.55`.", ""),
    ("14. an item\n15. another", ""),
    ("(a-label-of-99)=\n% a comment with 0.99\n<!-- 0.98 -->", ""),
]


@pytest.mark.parametrize(("prose", "printed"), SUPPORTED)
def test_a_supported_number_passes(verdict, prose, printed):
    assert verdict(prose, printed) == []


UNSUPPORTED = [
    ("It costs 0.357 nats.", "", ["0.357"]),  # the output was deleted
    ("It costs 0.358 nats.", "0.357", ["0.358"]),  # a digit was changed
    ("It costs 0.3567 nats.", "0.357", ["0.3567"]),  # more digits than were shown
    ("It costs 0.357 nats.", "10.357 0.3579 1.357", ["0.357"]),
    ("A gap of −2.5 nats.", "2.5", ["-2.5"]),  # the sign was broken
    ("In 71% of cases.", "0.70", ["71%"]),
    ("In 5 % of cases.", "0.5", ["5 %"]),
    ("There are 50,257 tokens.", "50258", ["50,257"]),
    ("About 50k tokens.", "51257", ["50k"]),
    ("It holds 4.96 million.", "4974112", ["4.96 million"]),
    ("There are 13 of them.", "", ["13"]),
    ("Exactly 2048 tokens in 2048 windows.", "", ["2048", "2048"]),
    ("It is 7.9e-31.", "7.9e-30", ["7.9e-31"]),
    ("It is about $10^{-30}$.", "1e-28", ["10^-30"]),
    ("The sum $0.1 + 0.2 = 0.31$.", "0.1 0.2 0.30", ["0.31"]),
    ("$$\n-\\log 0.7 = 0.358\n$$ (eq-x)", "0.7", ["0.358"]),
    ("```{math}\n:label: eq-x\n0.358\n```", "", ["0.358"]),
    ("The sum {math}`0.1 + 0.2 = 0.31`.", "0.1 0.2", ["0.31"]),
    ("It is 4e-8, and $4e-8$.", "5e-8", ["4e-8", "4e-8"]),
    ("It is 1.5x faster, in 25ms.", "", ["1.5", "25"]),
    ("A `0.357` in a code span.", "", ["0.357"]),
    ("Quoted: `'2.304 nats'`.", "2.303 nats", ["2.304"]),
    ("## A heading with 0.99", "", ["0.99"]),
    ("- an item with 0.99\n- another with 0.98", "", ["0.99", "0.98"]),
    ("| a | b |\n|---|---|\n| 18.34 | {cite}`a` |\n| 29.41 | no source |", "", ["29.41"]),
    ("So says {cite}`a`. But 18.34 stands alone.", "", ["18.34"]),
    ("It was 18.34. So says {cite}`a`.", "", ["18.34"]),
    ("```{admonition} The 0.99 rule\n:class: tip\nIt is 0.98.\n```", "", ["0.99", "0.98"]),
    ("```{note}\nA\n```\n\nIt is 0.98.\n\n```{note}\nB\n```", "", ["0.98"]),  # between two directives
    (
        ":::{note}\nIt is 0.98.\n```python\nx = 0.1\n```\nIt is 0.97.\n:::\nIt is 0.96.",
        "",
        ["0.98", "0.97", "0.96"],
    ),
    ("```{solution-start} ex-a\n:class: dropdown\n```\nIt is 0.98.\n```{solution-end}\n```", "", ["0.98"]),
    ("<Figure size 1400x640>", "<Figure size 1400x640 with 1 Axes>", []),
    ("Two solutions of 15, and 14 minutes.", "", ["15", "14"]),
    ("It has 1400 parts.", "<Figure size 1400x640 with 1 Axes>", ["1400"]),
    ("It takes 40 minutes.", "", ["40"]),  # in the first cell alone
]


@pytest.mark.parametrize(("prose", "printed", "missing"), UNSUPPORTED)
def test_an_unsupported_number_is_named(verdict, prose, printed, missing):
    assert verdict(prose, printed) == missing


def test_a_number_in_the_code_is_given(verdict):
    assert verdict("The forecast was 0.70, for 50,000 balls.", source="p, n = 0.7, 50_000  # 0.99") == []
    assert verdict("The forecast was 0.71, or 0.99.", source="p = 0.7  # 0.99") == ["0.71", "0.99"]
    assert verdict("A score of −2.5, and 70 %.", source="z, p = -2.5, 0.7") == []


def test_a_complaint_names_the_cell_the_number_and_the_sentence(book, markdown):
    opening = markdown("# T\n\nAbout 40 minutes.", id="t")
    notebook = book(opening, markdown("Well. It costs 0.357 nats.", id="price"))
    assert complaints_about(notebook) == [
        "cell 'price': 0.357 in no output, code or citation: “It costs 0.357 nats.”"
    ]


def test_captions_and_alt_texts_are_prose(book, code):
    shown = {"figure": {"caption": "It falls to 0.12."}, "image": {"alt": "A curve from 3.45 down."}}
    assert len(complaints_about(book(code("pass", mystnb=shown)))) == 2
    assert complaints_about(book(code("print(0.12, 3.45)", "0.12 3.45", mystnb=shown))) == []


def test_a_short_number_is_rounded_from_its_own_section_alone(book, markdown, code):
    def verdicts(*prose):
        cells = [
            markdown("## One", id="one"),
            code("f()", "0.3567 0.42", id="a"),
            markdown("## Two", id="two"),
        ]
        return complaints_about(book(*cells, *(markdown(text, id=f"c-{i}") for i, text in enumerate(prose))))

    assert len(verdicts("It is 0.36.")) == 1
    assert verdicts("It is 0.42, and 42 %, and 0.357.") == []
    assert complaints_about(book(markdown("It is 0.36.", id="words"), code("f()", "0.3567"))) == []


def test_on_a_page_a_code_span_is_exempt_and_the_rest_is_not():
    nothing = Evidence(set(), set(), set())
    assert unsupported("The seed says `0.9` and `exp(2.0)`.", nothing, page=True) == []
    assert len(unsupported("It is 2.0715.", nothing, page=True)) == 1

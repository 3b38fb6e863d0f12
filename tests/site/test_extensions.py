"""The extensions in _ext, each on the smallest thing it works on."""

import codecs
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from types import SimpleNamespace

import bibliography_codec
import cell_tabs
import chapter_numbers
import citation_style
import folded_answers
import formula_index
import framework_stand_ins
import fresh_pages
import lean_code
import lean_pages
import lean_pictures
import lean_static
import one_stylesheet
import plain_docstrings
import prerendered_math
import pytest
import sphinxcontrib.katex
import unbroken_formulas
from built import ROOT
from docutils import nodes
from docutils.utils import new_document
from pygments import highlight
from pygments.lexers import PythonLexer
from sphinx.errors import ExtensionError, PycodeError
from sphinx.ext.autodoc.mock import _MockObject
from sphinxcontrib.bibtex.style.referencing.author_year import AuthorYearReferenceStyle


def alive(pid):
    """Whether a process of this number still runs; one that only waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] != "Z"


def cell(*tags):
    return nodes.container(classes=["cell", *(f"tag_{tag}" for tag in tags)])


def runs_of(*children):
    return [tags for tags, _ in cell_tabs.runs(children)]


def test_consecutive_tagged_cells_are_one_run():
    cells = [cell("tab-numpy"), cell("tab-pytorch"), cell("tab-tensorflow")]
    assert runs_of(*cells) == [["tab-numpy", "tab-pytorch", "tab-tensorflow"]]


def test_prose_between_tagged_cells_ends_the_run():
    found = runs_of(cell("tab-numpy"), nodes.paragraph(), cell("tab-pytorch"))
    assert found == [["tab-numpy"], None, ["tab-pytorch"]]


def test_a_framework_that_comes_again_opens_the_next_run():
    found = runs_of(cell("tab-numpy"), cell("tab-pytorch"), cell("tab-numpy"))
    assert found == [["tab-numpy", "tab-pytorch"], ["tab-numpy"]]


def test_untagged_cells_stay_cells():
    assert runs_of(cell(), cell("hide-input")) == [None, None]


def test_claims_are_read_from_functions_classes_and_methods(tmp_path):
    package = tmp_path / "helpers" / "losses"
    package.mkdir(parents=True)
    (package / "reference.py").write_text(
        textwrap.dedent('''
        def softmax(z):
            """Softmax. Implements :eq:`eq-softmax`."""
        class Mean:
            """A mean.

            Implements
            :eq:`eq-mean`.
            """
            def value(self):
                """Its value. Implements :eq:`eq-value`."""
        def other():
            """See :eq:`eq-softmax`."""
        ''')
    )
    assert formula_index.claims(tmp_path) == {
        "eq-softmax": ["helpers.losses.reference.softmax"],
        "eq-mean": ["helpers.losses.reference.Mean"],
        "eq-value": ["helpers.losses.reference.Mean.value"],
    }


def test_two_functions_for_one_equation_stop_the_build(tmp_path):
    (tmp_path / "helpers").mkdir()
    for name in "ab":
        (tmp_path / "helpers" / f"{name}.py").write_text('def f():\n    """Implements :eq:`eq-x`."""\n')

    class App:
        srcdir = tmp_path

    with pytest.raises(ExtensionError, match=r"eq-x is implemented twice: helpers\.a\.f and helpers\.b\.f"):
        formula_index.read_claims(App())


def test_a_displayed_environment_becomes_one_that_stands_in_a_line():
    assert formula_index.one_line(r"\begin{align*}a\end{align*}") == r"\begin{aligned}a\end{aligned}"


@pytest.mark.parametrize(
    ("latex", "expected"),
    [
        ("a = b.\n", "a = b"),
        ("a = b ,", "a = b"),
        (r"a \quad \text{unless ignored.}", r"a \quad \text{unless ignored}"),
        (r"\begin{align}a &= b. \end{align}", r"\begin{aligned}a &= b\end{aligned}"),
        (r"\{a\}", r"\{a\}"),
        (r"a\,", r"a\,"),  # a space
    ],
)
def test_a_formula_out_of_its_sentence_ends_without_its_stop(latex, expected):
    assert formula_index.one_line(latex) == expected


def test_a_long_description_is_cut_between_words():
    text = lean_pages.shorten("surprise " * 40)
    assert len(text) <= lean_pages.LONGEST_DESCRIPTION
    assert text.endswith("surprise…")
    assert lean_pages.shorten("  two\n words ") == "two words"


def test_the_first_paragraph_of_the_text_describes_a_page():
    document = new_document("page")
    printed = nodes.container("", nodes.paragraph("", "what a cell printed"), classes=["cell_output"])
    document += nodes.section("", nodes.title("", "Title"), printed, nodes.paragraph("", "What it is about."))
    assert lean_pages.first_paragraph(document) == "What it is about."


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({}, (4, 2)),
        ({"width": "7", "height": "3"}, (7, 3)),
        ({"width": "50%"}, None),
        ({"scale": 50}, None),
    ],
)
def test_the_size_of_a_picture_is_the_stated_one_or_that_of_its_file(tmp_path, stated, expected):
    from PIL import Image

    Image.new("RGB", (4, 2)).save(tmp_path / "picture.png")
    image = nodes.image(uri="picture.png", **stated)
    assert lean_pages.size_in_pixels(image, tmp_path) == expected


def fold(*blocks):
    document = new_document("page")
    document += list(blocks)
    transform = folded_answers.FoldDropdowns(document)
    transform.run()
    return document


def test_a_dropdown_keeps_its_id_its_title_and_its_content():
    block = nodes.admonition("", nodes.title("", "Answer"), nodes.paragraph("", "42"))
    block["classes"], block["ids"] = ["solution", "dropdown"], ["answer"]
    (folded,) = fold(block).children
    assert isinstance(folded, folded_answers.folded)
    assert folded["ids"] == ["answer"]
    assert "solution" in folded["classes"]
    assert [child.astext() for child in folded.children] == ["Answer", "42"]


def test_a_hint_that_folds_gets_the_title_it_would_have_had():
    (folded,) = fold(nodes.hint("", nodes.paragraph("", "Count the tokens."), classes=["dropdown"])).children
    assert [child.astext() for child in folded.children] == ["Hint", "Count the tokens."]


def test_what_is_no_dropdown_does_not_fold():
    (note,) = fold(nodes.note("", nodes.paragraph("", "Read on."))).children
    assert isinstance(note, nodes.note)


def test_a_formula_is_set_with_mathml_for_those_who_listen():
    renderer = prerendered_math.Renderer()
    html = renderer(r"-\log p", {"displayMode": True})
    renderer.stop()
    assert 'class="katex-display"' in html
    assert "<math" in html


def test_node_ends_with_the_build():
    renderer = prerendered_math.Renderer()
    renderer("x")
    pid = renderer.process.pid
    assert alive(pid)
    renderer.stop()
    assert not alive(pid)
    assert renderer("y")  # and a second build in the same process starts its own
    renderer.stop()


def test_node_ends_when_the_build_is_killed():
    program = (
        "import sys, time; sys.path.insert(0, sys.argv[1]); import prerendered_math as m\n"
        "m.renderer('x'); print(m.renderer.process.pid, flush=True); time.sleep(60)"
    )
    build = subprocess.Popen(
        [sys.executable, "-c", program, str(ROOT / "_ext")], stdout=subprocess.PIPE, text=True
    )
    pid = int(build.stdout.readline())
    assert alive(pid)
    os.kill(build.pid, signal.SIGKILL)
    build.communicate()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_a_formula_that_cannot_be_set_is_named_in_a_warning(monkeypatch):
    said = []
    monkeypatch.setattr(prerendered_math.logger, "warning", lambda text, *values: said.append(text % values))
    html = prerendered_math.render_or_warn(r"\frac{1}")
    prerendered_math.renderer.stop()
    assert "katex-error" in html
    assert len(said) == 1
    assert r"KaTeX cannot set '\\frac{1}'" in said[0]


def test_the_stylesheet_belongs_to_the_katex_that_renders():
    css = prerendered_math.STYLESHEET.read_text(encoding="utf-8")
    assert prerendered_math.stylesheet_version(css) == sphinxcontrib.katex.katex_version
    prerendered_math.check_versions(None)


def test_a_stylesheet_of_another_version_stops_the_build(monkeypatch):
    monkeypatch.setattr(sphinxcontrib.katex, "katex_version", "0.0.1")
    with pytest.raises(ExtensionError, match=r"assets/katex is KaTeX [\d.]+, .* 0\.0\.1"):
        prerendered_math.check_versions(None)


def test_bars_are_bars_and_code_stays_code():
    escaped = plain_docstrings.escape_bars("Σ n · |a − b|, as in ``|a|`` and :math:`|x|`; a | b")
    assert escaped == r"Σ n · \|a − b\|, as in ``|a|`` and :math:`|x|`; a | b"


def test_an_encoding_that_nobody_defined_is_unknown_again():
    bibliography_codec.leave_codecs_alone()
    with pytest.raises(LookupError):
        codecs.lookup("an encoding that nobody defined")


def together(*parts):
    """The paragraph of these parts on the page: what stands in one element without a break in [ ]."""
    document = new_document("page")
    document += nodes.paragraph("", "", *parts)
    unbroken_formulas.UnbrokenFormulas(document).run()
    kept = lambda child: isinstance(child, nodes.inline) and "nowrap" in child["classes"]  # noqa: E731
    return "".join(f"[{c.astext()}]" if kept(c) else c.astext() for c in document[0].children)


def test_punctuation_stays_with_the_formula_that_it_touches():
    text, math = nodes.Text, nodes.math
    assert together(text("with "), math("", "p"), text(", and")) == "with [p,] and"
    assert together(text("so ("), math("", "p"), text(").")) == "so [(p).]"
    assert together(math("", "p"), text(" is")) == "p is"
    assert together(math("", "p")) == "p"
    assert together(math("", "p"), text("; "), math("", "q"), text("?")) == "[p;] [q?]"
    assert together(math("", "p"), text("("), math("", "q"), text(")")) == "p[(q)]"


def test_two_sources_are_parted_by_a_semicolon_and_nothing_else_changes():
    ours, theirs = citation_style.AuthorYearSemicolon(), AuthorYearReferenceStyle()
    assert ours.bracket_parenthetical.sep == "; "
    assert ours.bracket_textual == theirs.bracket_textual
    assert ours.author_year_sep == theirs.author_year_sep


def test_a_decorator_of_a_framework_leaves_the_class_alone_and_a_call_does_not(monkeypatch):
    monkeypatch.setattr(_MockObject, "__call__", framework_stand_ins.decorate)
    keras = _MockObject()

    @keras.register(package="helpers")
    class Model:
        pass

    assert isinstance(Model, type)
    assert isinstance(keras.layer(3), _MockObject)


# ---- chapter_numbers


def counted(number):
    """A document as Sphinx leaves it that counts it as one of the chapters; None for one that it does not."""
    title, toc = nodes.title(), nodes.bullet_list()
    toc += nodes.reference(anchorname="")
    toc += nodes.reference(anchorname="#a")
    for node, own in ((title, [number]), (toc[0], [number]), (toc[1], [number, 2])):
        if number:
            node["secnumber"] = own
    return title, toc, {"": (number,), "#a": (number, 2)} if number else {"": (), "#a": None}


def test_a_numbered_page_takes_the_number_of_its_file_and_its_sections_keep_theirs():
    pages = {"chapters/10_compression": 10, "chapters/15_fused_losses": 11, "chapters/glossary": 12}
    made = {name: counted(number) for name, number in (pages | {"exercises/15_fused_losses": None}).items()}
    env = SimpleNamespace(
        titles={name: title for name, (title, _, _) in made.items()},
        tocs={name: toc for name, (_, toc, _) in made.items()},
        toc_secnumbers={name: sections for name, (_, _, sections) in made.items()},
    )
    for _ in range(2):  # a build on top of an old one changes nothing
        chapter_numbers.renumber(env)
        assert env.toc_secnumbers == {
            "chapters/10_compression": {"": (10,), "#a": (10, 2)},
            "chapters/15_fused_losses": {"": (15,), "#a": (15, 2)},
            "chapters/glossary": {"": (12,), "#a": (12, 2)},
            "exercises/15_fused_losses": {"": (), "#a": None},
        }
        assert env.titles["chapters/15_fused_losses"]["secnumber"] == [15]
        assert [part["secnumber"] for part in env.tocs["chapters/15_fused_losses"]] == [[15], [15, 2]]
        assert "secnumber" not in env.titles["exercises/15_fused_losses"]


@pytest.mark.parametrize(
    ("docname", "number"),
    [
        ("chapters/07_pitfalls", 7),
        ("15_fused_losses", 15),
        ("chapters/api_models", None),
        ("1_a/index", None),
    ],
)
def test_the_number_stands_at_the_beginning_of_the_files_own_name(docname, number):
    assert chapter_numbers.number_of(docname) == number


# ---- fresh_pages


def contents_of(**titles):
    """What Sphinx knows of documents with these titles, of which the first lists the others."""
    first, *others = titles
    names = {name: SimpleNamespace(astext=lambda title=title: title) for name, title in titles.items()}
    cited = {"cite": {"citation_refs": [SimpleNamespace(targets=[SimpleNamespace(key="shannon1948")])]}}
    return SimpleNamespace(
        titles=names, toctree_includes={first: others}, found_docs=set(titles), domaindata=cited
    )


def test_every_page_is_written_anew_when_a_title_the_list_of_chapters_or_a_citation_changes():
    env = contents_of(index="Book", a="One", b="Two")
    assert fresh_pages.follow_contents(None, env) == ["a", "b", "index"]
    assert fresh_pages.follow_contents(None, env) == []
    env.titles["a"] = SimpleNamespace(astext=lambda: "Uno")
    assert fresh_pages.follow_contents(None, env) == ["a", "b", "index"]
    env.toctree_includes["index"].reverse()
    assert fresh_pages.follow_contents(None, env) == ["a", "b", "index"]
    env.domaindata["cite"]["citation_refs"][0].targets.append(SimpleNamespace(key="lin1991"))
    assert fresh_pages.follow_contents(None, env) == ["a", "b", "index"]
    assert fresh_pages.follow_contents(None, env) == []


def swept(folder, files):
    """Which of the files are left when index, chapters/a and the module helpers.m are all there is."""
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    env = SimpleNamespace(found_docs={"index", "chapters/a"}, _viewcode_modules={"helpers.m": ()})
    config = SimpleNamespace(html_additional_pages={"404": "404.html"})
    app = SimpleNamespace(builder=SimpleNamespace(format="html"), config=config, env=env, outdir=folder)
    fresh_pages.sweep(app, exception=None)
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


KEPT = {
    "index.html",
    "chapters/a.html",
    "search.html",
    "404.html",
    "_modules/index.html",
    "_modules/helpers/m.html",
    "_static/s.html",
    "_static/book.css",
    "_sources/index.md",
    "_sources/chapters/a.ipynb",
}


@pytest.mark.parametrize(
    "gone",
    [
        "chapters/renamed.html",
        "_sources/chapters/renamed.ipynb",
        "_sources/chapters/a2.md",
        "_modules/helpers/renamed.html",
    ],
)
def test_what_a_document_or_a_module_left_behind_is_removed_and_nothing_else(tmp_path, gone):
    assert swept(tmp_path, {*KEPT, gone}) == KEPT


def test_a_folder_that_a_removed_chapter_leaves_empty_is_removed(tmp_path):
    assert swept(tmp_path, {*KEPT, "part/deep/b.html", "_sources/part/deep/b.ipynb"}) == KEPT
    assert not (tmp_path / "part").exists()
    assert not (tmp_path / "_sources" / "part").exists()
    assert (tmp_path / "_sources" / "chapters").exists()


def test_the_source_of_a_framework_is_not_looked_for_and_that_of_another_module_is_found():
    with pytest.raises(PycodeError, match="stood in for"):
        framework_stand_ins.source_of("tensorflow.keras", ["tensorflow"])
    assert framework_stand_ins.source_of("pathlib", ["tensorflow"])[0].endswith("pathlib.py")


# ---- one_stylesheet, lean_static, lean_code


def test_a_rule_stays_if_a_page_can_match_it():
    css = (
        ".a { color: red } .a.b { color: blue } #c > p { margin: 0 } p { margin: 1px } .a:not(.d) { top: 0 }"
    )
    assert one_stylesheet.purged(css, {"a"}) == ".a{color:red}p{margin:1px}.a:not(.d){top:0}"


def test_a_variable_stays_if_something_that_stays_uses_it():
    css = ":root{--a:var(--b);--b:1px;--c:var(--d);--d:2px;--e:3px}p{margin:var(--a)}"
    assert (
        one_stylesheet.without_leftovers(css, {"--e"})
        == ":root{--a:var(--b);--b:1px;--e:3px}p{margin:var(--a)}"
    )


def test_a_font_that_no_rule_names_goes():
    css = "@font-face{font-family:A;src:url(a)}@font-face{font-family:B B;src:url(b)}p{font-family:B B}"
    left = one_stylesheet.without_leftovers(css, set())
    assert "url(b)" in left
    assert "url(a)" not in left


def test_what_a_script_may_set_counts_as_used():
    page = """<p class="a b" id='c'><script>e.classList.add("d"); e.style.top = "var(--e)"</script>"""
    assert one_stylesheet.words_of_page(page) >= {"a", "b", "c", "d", "--e"}
    state = {"state": {"1": {"state": {"_esm": 'e.className = "f"'}}}}
    figure = f'<script type="application/vnd.jupyter.widget-state+json">{json.dumps(state)}</script>'
    assert "f" in one_stylesheet.words_of_page(figure)


def test_a_stylesheet_takes_those_in_that_it_imports_and_its_addresses_hold(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "a.css").write_text("p { background: url(a.png) }")
    (tmp_path / "in" / "b.css").write_text('@import "../a.css";q { background: url("b.png"), url(data:x) }')
    css = one_stylesheet.merged(tmp_path, "in/b.css")
    assert css == 'p { background: url("a.png") }q { background: url("in/b.png"), url(data:x) }'


def test_only_static_files_that_a_page_leads_to_are_left(tmp_path):
    static = tmp_path / "_static"
    (static / "fonts").mkdir(parents=True)
    (static / "unused").mkdir()
    (tmp_path / "index.html").write_text(
        '<link href="_static/site.css?v=1"><script src="_static/s.js"></script><meta content="https://a/_static/c.png">'
    )
    (static / "site.css").write_text("@font-face{src:url(fonts/f.woff2)}")
    kept = {"site.css", "s.js", "c.png", "fonts/f.woff2", "s.js.LICENSE.txt", "fonts/LICENSE-f.txt"}
    for name in {*kept, "unused/x.js", "x.js.LICENSE.txt"} - {"site.css"}:
        (static / name).touch()
    lean_static.sweep(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=tmp_path), None)
    assert {path.relative_to(static).as_posix() for path in static.rglob("*") if path.is_file()} == kept
    assert not (static / "unused").exists()


def test_a_packed_picture_is_smaller_and_has_the_same_pixels(tmp_path):
    from PIL import Image

    picture = Image.radial_gradient("L").convert("RGBA")
    picture.save(tmp_path / "a.png", compress_level=1)
    stored = (tmp_path / "a.png").read_bytes()
    packed = lean_pictures.packed(stored, tmp_path / "kept")
    assert len(packed) < len(stored)
    assert lean_pictures.packed(stored, tmp_path / "kept") == packed
    (tmp_path / "b.png").write_bytes(packed)
    assert Image.open(tmp_path / "b.png").convert("RGBA").tobytes() == picture.tobytes()


def test_code_has_an_element_where_there_is_something_to_see():
    lean_code.choose(
        None,
        SimpleNamespace(
            html_theme_options=dict(
                pygments_light_style="a11y-high-contrast-light", pygments_dark_style="a11y-high-contrast-dark"
            )
        ),
    )
    html = highlight("if a(1):", PythonLexer(), lean_code.LeanFormatter(nowrap=True))
    assert html == '<span class="k">if</span> a(<span class="mi">1</span>):\n'

"""What the built pages hold, read without a browser."""

import ast
import re
from urllib.parse import unquote, urlsplit

import nbformat
import pytest
import yaml
from built import HTML, ROOT
from formula_index import claims

LOADED = {  # what a browser fetches on its own; an <a> waits for the reader
    "script": ["src"],
    "img": ["src", "srcset"],
    "source": ["src", "srcset"],
    "iframe": ["src"],
    "embed": ["src"],
    "video": ["src", "poster"],
    "audio": ["src"],
    "object": ["data"],
    "input": ["src"],
}
FRAMEWORKS = {"tab-numpy": "NumPy", "tab-pytorch": "PyTorch", "tab-tensorflow": "TensorFlow"}
EQUATION = re.compile(r"\$\$\s*\((eq-[a-z0-9-]+)\)|:label:\s*(eq-[a-z0-9-]+)")


def is_local(reference):
    parts = urlsplit(reference)
    return not parts.scheme and not parts.netloc


def in_toc():
    """The pages that _toc.yml lists, as file names without suffix."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(chapter["file"] for part in toc["parts"] for chapter in part["chapters"])]


def notebooks():
    """The notebooks among them: {page name: (path, notebook)}."""
    paths = {f"{name}.html": ROOT / f"{name}.ipynb" for name in in_toc()}
    return {page: (path, nbformat.read(path, as_version=4)) for page, path in paths.items() if path.exists()}


def labelled_equations():
    """Label of every defining equation in the sources -> the page it is on."""
    found = {}
    for name in in_toc():
        for path in (ROOT / f"{name}.ipynb", ROOT / f"{name}.md"):
            if path.exists() and path.suffix == ".ipynb":
                cells = nbformat.read(path, as_version=4).cells
                text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
            elif path.exists():
                text = path.read_text(encoding="utf-8")
            else:
                continue
            found |= {a or b: f"{name}.html" for a, b in EQUATION.findall(text)}
    return found


@pytest.fixture(scope="module")
def equations():
    found = labelled_equations()
    assert found, "no labelled equation was found in any chapter"
    return found


def test_every_page_of_the_contents_was_built(site):
    assert [name for name in in_toc() if f"{name}.html" not in site] == []


def test_every_link_leads_to_a_file_and_to_an_anchor_in_it(site):
    broken = []
    for page in site.values():
        for link in page.soup.find_all("a", href=True):
            href = link["href"]
            if not is_local(href) or href == "#":
                continue
            parts = urlsplit(href)
            target = (page.path.parent / unquote(parts.path)).resolve() if parts.path else page.path
            if not target.is_file():
                broken.append(f"{page.name} → {href}: no such file")
            elif (
                parts.fragment
                and unquote(parts.fragment) not in site[target.relative_to(HTML).as_posix()].ids
            ):
                broken.append(f"{page.name} → {href}: no such anchor")
    assert broken == []


def test_no_id_stands_twice_on_a_page(site):
    twice = []
    for page in site.values():
        ids = [element["id"] for element in page.soup.find_all(id=True)]
        twice += [f"{page.name}: {name}" for name in set(ids) if ids.count(name) > 1]
    assert twice == []


def test_every_page_has_a_title_of_its_own(site):
    titles = {}
    for page in site.values():
        titles.setdefault(page.soup.title.get_text(strip=True), []).append(page.name)
    assert [pages for title, pages in titles.items() if len(pages) > 1 or not title] == []


def test_a_title_says_what_the_page_is_and_then_of_which_book(site):
    titles = {name: page.soup.title.get_text(strip=True) for name, page in site.items()}
    assert titles.pop("index.html") == "Cross-entropy: the loss of language models"
    assert titles["search.html"] == "Search — Cross-entropy"
    assert [title for title in titles.values() if not title.endswith(" — Cross-entropy")] == []


def test_every_page_says_in_a_sentence_what_it_is(site):
    wrong, seen = [], {}
    for page in site.values():
        tags = page.soup.find_all("meta", attrs={"name": "description"})
        text = tags[0]["content"] if len(tags) == 1 else ""
        if not 20 <= len(text) <= 200:
            wrong.append(f"{page.name}: {len(tags)} descriptions, {text!r}")
        elif text in seen:
            wrong.append(f"{page.name}: the same description as {seen[text]}")
        seen[text] = page.name
    assert wrong == []


def test_every_page_has_exactly_one_first_heading(site):
    counts = {page.name: len(page.soup.find_all("h1")) for page in site.values()}
    assert {name: count for name, count in counts.items() if count != 1} == {}


def test_a_list_holds_items_alone(site):
    wrong = [
        f"{page.name}: a {child.name} in a list"
        for page in site.values()
        for items in page.soup.find_all(["ul", "ol"])
        for child in items.find_all(True, recursive=False)
        if child.name not in ("li", "script", "template") and items.get("role") != "listbox"
    ]
    assert wrong == []


def test_every_picture_has_alt_text_and_a_size(site):
    wrong = []
    for page in site.values():
        for image in page.soup.find_all("img"):
            missing = [name for name in ("alt", "width", "height") if not image.get(name, "").strip()]
            if missing:
                wrong.append(f"{page.name}: {image['src']} has no {', '.join(missing)}")
    assert wrong == []


def test_no_page_loads_anything_from_another_host(site):
    foreign = []
    for page in site.values():
        found = [
            element[name]
            for tag, names in LOADED.items()
            for element in page.soup.find_all(tag)
            for name in names
            if element.get(name)
        ]
        found += [
            link["href"] for link in page.soup.find_all("link", href=True) if link.get("rel") != ["canonical"]
        ]
        for reference in found:
            if reference.startswith("data:") or reference == "#":  # the search page's link to itself
                continue
            if not is_local(reference):
                foreign.append(f"{page.name}: {reference}")
            elif not (page.path.parent / unquote(urlsplit(reference).path)).is_file():
                foreign.append(f"{page.name}: {reference} does not exist")
    assert foreign == []


def test_no_stylesheet_loads_anything_that_is_not_here(site):
    wrong = []
    linked = {
        (page.path.parent / urlsplit(link["href"]).path).resolve()
        for page in site.values()
        for link in page.soup.find_all("link", rel="stylesheet")
    }
    assert linked
    for sheet in linked:
        css = sheet.read_text(encoding="utf-8")
        for reference in re.findall(r"""url\(\s*["']?([^"')]+)""", css) + re.findall(
            r"""@import\s+["']([^"']+)""", css
        ):
            if reference.startswith(("data:", "#")):
                continue
            if not is_local(reference) or not (sheet.parent / urlsplit(reference).path).is_file():
                wrong.append(f"{sheet.name}: {reference}")
    assert wrong == []


def test_every_formula_was_set_at_build_time(site):
    raw, count = [], 0
    for page in site.values():
        for formula in page.soup.select("span.math, div.math"):
            count += 1
            if not formula.select_one(".katex") or formula.select_one(".katex-error"):
                raw.append(f"{page.name}: {formula.get_text()[:80]}")
        raw += [f"{page.name}: {error.get_text()}" for error in page.soup.select(".katex-error")]
        prose = prose_of(page.soup)
        raw += [f"{page.name}: {found}" for found in re.findall(r"\\[(\[].{0,60}|\$\$.{0,60}", prose)]
    assert count > 0
    assert raw == []


def prose_of(soup):
    """The text of the article without code, formulas and scripts."""
    skip = {"code", "pre", "script", "style", "annotation"}
    article = soup.find("article")
    if article is None:
        return ""
    texts = article.find_all(string=True)
    return " ".join(text for text in texts if not skip & {parent.name for parent in text.parents})


def test_each_notebook_can_be_downloaded_as_it_is(site):
    found = notebooks()
    assert found
    for name, (path, _) in found.items():
        links = site[name].soup.select("a.notebook-download[download]")
        assert len(links) == 1, f"{name} has {len(links)} links to its notebook"
        copy = (site[name].path.parent / links[0]["href"]).resolve()
        assert copy.name == path.name
        assert copy.read_bytes() == path.read_bytes(), (
            f"{name}: the book was built from another version of {path.name}"
        )


def test_each_defining_equation_links_to_its_function(site, equations):
    functions, wrong = claims(ROOT), []
    for label, name in equations.items():
        place = site[name].soup.find(id=f"equation-{label}")
        line = place.find_next_sibling() if place else None
        link = line.find("a") if line is not None and "in-code" in line.get("class", []) else None
        target = link["href"].split("#")[1] if link else None
        if [target] != functions.get(label):
            wrong.append(
                f"{name}: {label} leads to {target}, its docstring is that of {functions.get(label)}"
            )
    assert wrong == []


def test_each_function_links_back_to_its_equation(site, equations):
    pages, wrong = list(descriptions(site)), []
    for label, (function, *_) in claims(ROOT).items():
        entry = next(filter(None, (page.find(id=function) for page in pages)), None)
        hrefs = [link["href"] for link in entry.parent.find_all("a", href=True)] if entry else []
        expected = f"{equations.get(label, '').removeprefix('chapters/')}#equation-{label}"
        if expected not in hrefs:
            wrong.append(f"{function} does not lead to {expected}")
    assert wrong == []


def test_the_index_lists_every_equation_with_its_function(site, equations):
    table = site["chapters/api.html"].soup.select_one("table.formula-index")
    listed = {}
    for row in table.select("tbody tr"):
        hrefs = [link["href"] for link in row.find_all("a", href=True)]
        label = next(href.split("#equation-")[1] for href in hrefs if "#equation-" in href)
        listed[label] = [href.split("#")[1] for href in hrefs if "#helpers." in href]
        assert re.fullmatch(r"\(\d+\.\d+\)", row.find("a").get_text()), f"{label} has no number"
        assert row.select_one(".katex"), f"{label} has no formula"
        assert not re.search(r"[\s.,;]$", row.find("annotation").get_text()), f"{label} keeps its full stop"
        assert re.fullmatch(r"chapter \d+", row.select("p.where a")[-1].get_text()), f"{label} has no chapter"
    assert listed == claims(ROOT)


def test_every_module_of_the_helpers_is_documented(site):
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in (ROOT / "helpers").rglob("*.py")
        if path.name not in ("__init__.py", "__main__.py")
    }
    assert modules - {name for name, _ in documented_modules(site)} == set()


DESCRIPTIONS = ("api_losses", "api_models", "api_texts", "api_scale", "api_figures", "api_exercises")


def descriptions(site):
    """The pages that describe functions, parsed."""
    return [site[f"chapters/{name}.html"].soup for name in DESCRIPTIONS]


def documented_modules(site):
    """(Name of a module, the headed section of the page that describes it)."""
    for soup in descriptions(site):
        for place in soup.find_all(id=re.compile(r"^module-")):
            yield place["id"].removeprefix("module-"), place.find_parent("section")


def test_every_module_has_a_heading_of_its_own_that_names_it(site):
    sections = dict(documented_modules(site))
    wrong = [name for name, section in sections.items() if section.h3.code.get_text() != name]
    assert sections
    assert wrong == []
    assert len({id(section) for section in sections.values()}) == len(sections)


def test_below_its_heading_each_module_shows_how_to_import_what_it_has(site):
    wrong = []
    for name, section in documented_modules(site):
        line = section.select_one("pre").get_text().strip()
        (statement,) = ast.parse(line).body
        parent, _, last = name.rpartition(".")
        names = {alias.name for alias in statement.names}
        if isinstance(statement, ast.Import):
            found = names == {name}
        elif statement.module == parent:
            found = names == {last}
        else:
            found = statement.module == name and names <= defined(name)
        if not found:
            wrong.append(f"{name}: {line}")
    assert wrong == []


def defined(module):
    """Top-level names of a module of the helpers, read from its source."""
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    tree = ast.parse(path.read_text(encoding="utf-8"))
    stored = {
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }
    bound = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    return stored | bound | {node.name for node in tree.body if hasattr(node, "name")}


def test_a_description_of_a_function_is_no_list_and_no_citation(site):
    """A description "K." alone would be read as point 11 of a list, and single backticks as a title."""
    for tag in ("ol", "cite"):
        wrong = [
            (found.find_previous("dt", class_="sig")["id"], found.get_text())
            for soup in descriptions(site)
            for found in soup.select(f"dl.py {tag}")
        ]
        assert wrong == [], tag


def test_every_signature_names_its_arguments(site):
    signatures = [sig.get_text(strip=True) for soup in descriptions(site) for sig in soup.select("dt.sig")]
    assert signatures
    assert [sig for sig in signatures if "*args" in sig] == []


def test_no_line_can_break_between_a_formula_and_its_comma(site):
    wrong, count = [], 0
    for page in site.values():
        for formula in page.soup.select("article span.math"):
            after = formula.next_sibling
            if isinstance(after, str) and re.match(r"[.,;:)?!]", after):
                count += 1
                if "nowrap" not in formula.parent.get("class", []):
                    wrong.append(f"{page.name}: {formula.parent.get_text()[:60]}")
    assert count > 0
    assert wrong == []


def test_two_sources_are_parted_by_a_semicolon(site):
    texts = [
        " ".join(page.soup.find("article").get_text().split()) for page in site.values() if page.soup.article
    ]
    several = [
        found for text in texts for found in re.findall(r"\[[A-Z][^][]*\d{4}[;,] [A-Z][^][]*\d{4}\]", text)
    ]
    assert several
    assert [match for match in several if not re.search(r"\d{4}; [A-Z]", match)] == []


def tagged_runs(notebook):
    """[[(framework, source), …], …]: consecutive tagged cells; a framework that comes again opens a run."""
    runs, open_run = [], False
    for cell in notebook.cells:
        tag = next((tag for tag in cell.metadata.get("tags", []) if tag in FRAMEWORKS), None)
        if tag is None or cell.cell_type != "code":
            open_run = False
            continue
        if not open_run or FRAMEWORKS[tag] in [framework for framework, _ in runs[-1]]:
            runs.append([])
        runs[-1].append((FRAMEWORKS[tag], cell.source.strip()))
        open_run = True
    return runs


def test_the_tabs_hold_the_cells_that_are_tagged_for_them(site):
    some = False
    for name, (_, notebook) in notebooks().items():
        shown = []
        for tabs in site[name].soup.select("div.framework-tabs"):
            labels = [label.get_text(strip=True) for label in tabs.find_all("label", recursive=False)]
            panels = tabs.select(":scope > .sd-tab-content")
            sources = [panel.select_one(".cell_input pre").get_text().strip() for panel in panels]
            shown.append(list(zip(labels, sources, strict=True)))
        assert shown == tagged_runs(notebook), f"the tabs of {name}"
        some = some or bool(shown)
    assert some, "no chapter has a cell tagged for tabs"


def test_answers_are_folded_by_the_browser_itself(site):
    count = 0
    for name, (_, notebook) in notebooks().items():
        text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
        folded = site[name].soup.select("details.dropdown > summary")
        assert len(folded) == len(re.findall(r"^:class:.*\bdropdown\b", text, re.MULTILINE)), name
        count += len(folded)
    assert count > 0


def test_the_boxes_are_questions_and_answers(site):
    """What is called an exercise is graded; these are not."""
    titles = [
        title.get_text(strip=True)
        for page in site.values()
        for title in page.soup.select(
            ".admonition.exercise > .admonition-title, .admonition.solution > summary"
        )
    ]
    assert titles
    assert [title for title in titles if not re.match(r"Question \d+\.\d+|Answer$", title)] == []


def test_a_folded_cell_is_announced_by_the_words_it_shows(site):
    labelled = [name for name, page in site.items() if page.soup.select("summary[aria-label]")]
    assert labelled == []


def test_every_chapter_leads_on_and_back_and_says_under_which_licence(site):
    names = [f"{name}.html" for name in in_toc()]
    for before, name, after in zip([None, *names], names, [*names[1:], None], strict=False):
        soup = site[name].soup
        for where, direction in ((before, "a.left-prev"), (after, "a.right-next")):
            link = soup.select_one(direction)
            found = (site[name].path.parent / link["href"]).resolve() if link else None
            assert found == (HTML / where if where else None), f"{name}: {direction}"
        assert "CC BY 4.0" in soup.select_one(".licence").get_text()
        assert "MIT" in soup.select_one(".licence").get_text()


def test_a_chapter_has_the_number_of_its_file_wherever_it_is_numbered(site):
    named = {name: int(found[1]) for name in in_toc() if (found := re.search(r"/(\d\d)_", name))}
    assert {name.split("/")[0] for name in named} == {"chapters", "exercises", "solutions"}
    for name, number in named.items():
        soup = site[f"{name}.html"].soup
        starts = f"{number}. " if name.startswith("chapters/") else f"{name.split('/')[0].title()} {number}: "
        link = soup.select_one("a.left-prev")["href"]  # the page before names this one as what comes next
        before = site[(site[f"{name}.html"].path.parent / link).resolve().relative_to(HTML).as_posix()].soup
        titles = [
            soup.h1.get_text(),
            soup.select_one("nav.bd-links .current > a").get_text(),
            before.select_one("a.right-next .prev-next-title").get_text(),
        ]
        assert [title for title in titles if not title.startswith(starts)] == [], name
        counted = [part.get_text() for part in soup.select("main .caption-number, main .eqno")]
        if name.startswith("chapters/"):
            assert counted, name
            assert [part for part in counted if not re.search(rf"\b{number}\.\d", part)] == [], name


def test_a_page_loads_little(site):
    """Scripts and styles of any page, uncompressed; the theme alone would bring 2 MB."""
    for page in site.values():
        files = {urlsplit(script["src"]).path for script in page.soup.find_all("script", src=True)}
        files |= {urlsplit(link["href"]).path for link in page.soup.find_all("link", rel="stylesheet")}
        figures = {name for name in files if "_static/figures/" in name}
        files -= {name for name in files if "searchindex" in name}
        size, extra = (
            sum((page.path.parent / name).stat().st_size for name in some)
            for some in (files - figures, figures)
        )
        assert extra < 180_000, f"the live figures of {page.name} come to {extra} bytes"
        assert size < 220_000, f"{page.name} loads {size} bytes of scripts and stylesheets"


def test_scripts_for_live_figures_are_on_pages_that_have_one_alone(site):
    for name, (_, notebook) in notebooks().items():
        live = "widgets" in notebook.metadata
        loads = [
            script for script in site[name].soup.find_all("script", src=True) if "anywidget" in script["src"]
        ]
        assert len(loads) == live, name
    assert not [name for name in ("index.html", "search.html") if "anywidget-static" in site[name].source]

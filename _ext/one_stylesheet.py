"""One stylesheet for every page: what the theme and the extensions bring, without what no page can use.

Eleven stylesheets come to 600 kB, and a page waits for all of them before it is drawn. When the pages are
written, their classes and ids are known, and so are the words that the scripts may add to them. Lightning CSS
takes out the rules whose class or id is none of these, then the variables that are left without a use, and
writes the rest as one small file in the place of the eleven. A rule that is taken out matched nothing, so the
look stays. Font Awesome goes whole: the book draws its icons itself, and a font of 156 kB was loaded unseen.
"""

import hashlib
import posixpath
import re
from pathlib import Path

import figure_states
import lightningcss

NAME = "site.css"
OF_THE_THEME = ("styles/theme.css", "styles/pydata-sphinx-theme.css")  # named in its templates alone

IMPORT = re.compile(r"""@import\s+(?:url\()?["']?([^"');]+)["']?\)?;""")
URL = re.compile(r"""url\(\s*(["']?)(?!data:|#|/|\w+:)([^"')]+)\1\s*\)""")
CLASS_OR_ID = re.compile(r"""\b(?:class|id)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
SCRIPT = re.compile(r"<script([^>]*)>(.*?)</script>", re.DOTALL)
LOADED = re.compile(r"""<script[^>]* src="[^"]*_static/([^"?]+)""")
STRING = re.compile(r"""(["'`])((?:(?!\1)[^\\\n]|\\.)*)\1""")
VARIABLE = re.compile(r"--[\w-]+")
USED_VARIABLE = re.compile(r"(?:var\(\s*|@property )(--[\w-]+)")
FONT = re.compile(r"@font-face\{[^}]*font-family:\"?([^;}\"]+)[^}]*\}")
ICON = re.compile(r"fa|fa[bsrl]|fa-.*")
SELECTED = re.compile(r"[.#]((?:[\w-]|[^\x00-\x7f]|\\.)+)")


def merged(static: Path, name: str) -> str:
    """A stylesheet with those that it imports, as it reads from the folder of static files."""
    folder = posixpath.dirname(name)
    inside = lambda reference: posixpath.normpath(posixpath.join(folder, reference))  # noqa: E731
    css = (static / name).read_text(encoding="utf-8")
    css = URL.sub(lambda found: f'url("{inside(found[2])}")', css)
    return IMPORT.sub(lambda found: merged(static, inside(found[1])), css)


def words_of_script(text: str) -> set[str]:
    """The words of a script's strings, which it may set as classes or ids, and the variables it names."""
    strings = " ".join(found[2] for found in STRING.finditer(text))
    return {*re.findall(r"[\w-]+", strings), *VARIABLE.findall(text)}


def texts_of(static: Path, script: str) -> list[str]:
    """The text of a script that a page loads; or the scripts in it, where it brings live figures."""
    text = (static / script).read_text(encoding="utf-8")
    return figure_states.sources(text) if script.startswith(f"{figure_states.FOLDER}/") else [text]


def words_of_page(html: str) -> set[str]:
    """Classes and ids of a page, the variables that it names, and what its scripts may set."""
    named = (found[1] or found[2] or "" for found in CLASS_OR_ID.finditer(html))
    words = {word for names in named for word in names.split()} | set(VARIABLE.findall(html))
    return words.union(*(words_of_script(text) for _, text in SCRIPT.findall(html)))


def purged(css: str, words: set[str]) -> str:
    """The rules that something with these classes and ids can match, minified."""
    unused = {name.replace("\\", "") for name in SELECTED.findall(css)} - words
    return lightningcss.process_stylesheet(css, unused_symbols=unused, error_recovery=True)


def without_leftovers(css: str, words: set[str]) -> str:
    """The same without the variables and the fonts that no rule uses."""
    before = None
    while css != before:  # a variable that is taken out may have been the only one to use another
        unused = set(VARIABLE.findall(css)) - set(USED_VARIABLE.findall(css)) - words
        before, css = css, lightningcss.process_stylesheet(css, unused_symbols=unused)
    rules = FONT.sub("", css)
    return FONT.sub(lambda face: face[0] if face[1] in rules else "", css)


def sheets(builder) -> list[str]:
    """The stylesheets that a page would link to, in their order."""
    ours = sorted((css for css in builder._css_files if css.filename), key=lambda css: css.priority)
    return list(dict.fromkeys([*OF_THE_THEME, *(str(css.filename).removeprefix("_static/") for css in ours)]))


def version(builder) -> str:
    """A few letters that change with the book's own styles, so that no browser goes on with old ones."""
    if not hasattr(builder, "version_of_styles"):
        own = (Path(builder.srcdir) / "assets" / name for name, _ in builder.config.html_css_files)
        builder.version_of_styles = hashlib.sha256(b"".join(map(Path.read_bytes, own))).hexdigest()[:8]
    return builder.version_of_styles


def link(app, pagename, templatename, context, doctree):
    """Tell the template of a page under which address it finds the one stylesheet."""
    context["stylesheet"] = f"_static/{NAME}?v={version(app.builder)}"


def write(app, exception):
    """Make the one stylesheet out of those that Sphinx and the extensions have copied."""
    if exception or app.builder.format != "html":
        return
    html = Path(app.outdir)
    static, names = html / "_static", sheets(app.builder)
    words, scripts = set(), set()
    for page in html.rglob("*.html"):
        if static not in page.parents:
            text = page.read_text(encoding="utf-8")
            words |= words_of_page(text)
            scripts |= set(LOADED.findall(text))
    for script in scripts:
        words |= words.union(*map(words_of_script, texts_of(static, script)))
    own = {name for name, _ in app.config.html_css_files}
    theirs = {word for word in words if not ICON.fullmatch(word)}
    parts = [purged(merged(static, name), words if name in own else theirs) for name in names]
    (static / NAME).write_text(without_leftovers("".join(parts), words), encoding="utf-8")


def setup(app):
    """Register with Sphinx."""
    app.connect("html-page-context", link)
    app.connect("build-finished", write, priority=900)  # after myst-nb has written its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}

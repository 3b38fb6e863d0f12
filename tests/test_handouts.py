"""The learner's own copies: what JupyterLab cannot read is gone, and every link leads somewhere."""

import re

import nbformat
import pytest

from helpers.handouts import handout, main, places

LINK = re.compile(r"\[([^\]\n]+)\]\((?!https?:)([^#)\s]*)#([^)\s]+)\)")


@pytest.fixture(scope="module")
def copies(root, tmp_path_factory):
    """{name: notebook} of all copies."""
    folder = tmp_path_factory.mktemp("copies")
    assert main(folder) == 0
    return {path.name: nbformat.read(path, as_version=4) for path in sorted(folder.glob("*.ipynb"))}


def anchors(notebook):
    """Every heading as JupyterLab names it."""
    titles = [
        title
        for cell in notebook.cells
        if cell.cell_type == "markdown"
        for title in re.findall(r"^#+ (.+)$", cell.source, re.M)
    ]
    return {title.replace("`", "").replace(" ", "-") for title in titles}


def test_code_and_ids_and_tags_are_those_of_the_exercise(copies, root):
    for name, copy in copies.items():
        exercise = nbformat.read(root / "exercises" / name, as_version=4)
        assert [(cell.id, cell.metadata.get("tags")) for cell in copy.cells] == [
            (cell.id, cell.metadata.get("tags")) for cell in exercise.cells
        ]
        assert [cell.source for cell in copy.cells if cell.cell_type == "code"] == [
            cell.source for cell in exercise.cells if cell.cell_type == "code"
        ]


def test_no_role_and_no_label_is_left(copies):
    words = "\n".join(
        cell.source for copy in copies.values() for cell in copy.cells if cell.cell_type == "markdown"
    )
    assert not re.findall(r"\{\w+\}`|^\([\w-]+\)=$|href=", words, re.M)


def test_every_link_leads_to_a_heading_that_exists(copies, root):
    known = {name: anchors(copy) for name, copy in copies.items()}
    for name, copy in copies.items():
        links = [
            link for cell in copy.cells if cell.cell_type == "markdown" for link in LINK.findall(cell.source)
        ]
        assert len(links) > 5
        for _, file, anchor in links:
            if file.startswith("../"):
                notebook = nbformat.read(root / file.removeprefix("../"), as_version=4)
                known.setdefault(file, anchors(notebook))
            assert anchor in known[file or name], f"{name}: {file}#{anchor}"


def test_a_link_has_the_words_of_its_role_or_its_heading(book, markdown):
    text = "(exercises-x)=\n# One\n\n{ref}`chapter 1 <ch-intuition>`, {ref}`log-v`, {eq}`eq-surprisal`."
    [cell] = handout(book(markdown(text))).cells
    title, words = cell.source.split("\n\n")
    assert title == "# One"
    assert words.startswith("[chapter 1](../chapters/01_intuition.ipynb#")
    assert f"[{places()['log-v'][1]}](" in words
    assert "[equation: surprisal](" in words


def test_a_role_that_leads_nowhere_is_an_error(book, markdown):
    with pytest.raises(KeyError, match="no-such-label"):
        handout(book(markdown("{ref}`no-such-label`")))


def test_what_is_there_already_is_left_alone(tmp_path, capsys):
    (tmp_path / "01_intuition.ipynb").write_text("mine")
    assert main(tmp_path) == 0
    assert (tmp_path / "01_intuition.ipynb").read_text() == "mine"
    assert "01_intuition" not in capsys.readouterr().out

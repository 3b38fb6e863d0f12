"""helpers.notebooks, and nbval as the root conftest.py sets it up, tried on small notebooks of our own."""

import base64
import json
import shutil
import struct
import subprocess
import sys
import zlib

import nbformat
import pytest

from helpers import notebooks
from helpers.normal_form import WIDGET_STATE, WIDGET_VIEW, as_text, bare_png, normalise
from helpers.notebooks import check, environment, execute, main, show, write

FIGURE_ENDING_IN_SEMICOLON = "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
IN_ITS_FOLDER = "from pathlib import Path\nany(Path().glob('*.ipynb'))"
WIDGET = """\
import anywidget
import traitlets


class Dial(anywidget.AnyWidget):
    _esm = "export default { render() {} }"
    value = traitlets.Float(0.5).tag(sync=True)

    def __repr__(self):
        return f"Dial({self.value})"


unseen = Dial()
Dial()"""


@pytest.fixture
def saved(tmp_path):
    """Save a notebook of (cell id, source) pairs, as JupyterLab would leave it, and give its path."""

    def save(*cells, tags=(), name="small.ipynb"):
        made = [
            nbformat.v4.new_code_cell(source, id=id, metadata={"tags": list(tags)}) for id, source in cells
        ]
        for cell in made:
            cell.metadata.update(collapsed=False, execution={"iopub.execute_input": "2026-01-01T00:00:00Z"})
        notebook = nbformat.v4.new_notebook(cells=made, metadata={"toc": {}, "description": "Small."})
        nbformat.write(notebook, tmp_path / name)
        return tmp_path / name

    return save


@pytest.fixture(scope="module")
def executed(tmp_path_factory):
    """A notebook with text, a figure, a widget and an error that is meant; executed. Nobody changes it."""
    path = tmp_path_factory.mktemp("executed") / "small.ipynb"
    v4 = nbformat.v4
    cells = [
        v4.new_code_cell("print(f'{1 / 3:.3f} nats')\nprint('!')", id="price"),
        v4.new_code_cell(FIGURE_ENDING_IN_SEMICOLON, id="figure"),
        v4.new_code_cell(WIDGET, id="dial"),
        v4.new_code_cell("1 / 0", id="error", metadata={"tags": ["raises-exception"]}),
        v4.new_code_cell(IN_ITS_FOLDER, id="folder"),
    ]
    nbformat.write(v4.new_notebook(cells=cells), path)
    execute(path)
    return path


# ---------------------------------------------------------------------------------- execute


def test_executing_twice_gives_the_same_bytes(executed, tmp_path):
    again = tmp_path / "again.ipynb"
    shutil.copy(executed, again)
    execute(again)
    assert again.read_bytes() == executed.read_bytes()
    assert check(again) == []


def test_execution_stores_text_pictures_widgets_and_errors_that_are_meant(executed):
    price, figure, dial, error, folder = nbformat.read(executed, as_version=4).cells
    assert price.outputs[0].text == "0.333 nats\n!\n"
    assert "image/png" in figure.outputs[0].data
    assert len(figure.outputs) == 1  # the semicolon keeps the list of lines out
    assert dial.outputs[0].data["text/plain"] == "Dial(0.5)"
    assert error.outputs[0].traceback == ["ZeroDivisionError: division by zero"]
    assert folder.outputs[0].data["text/plain"] == "True"  # it ran in its own folder
    assert [cell.execution_count for cell in (price, figure, dial, error, folder)] == [1, 2, 3, 4, 5]


def test_the_state_of_shown_widgets_is_kept_under_names_that_last(executed):
    notebook = nbformat.read(executed, as_version=4)
    state = notebook.metadata.widgets[WIDGET_STATE]["state"]
    view = notebook.cells[2].outputs[0].data[WIDGET_VIEW]
    assert sorted(state) == ["dial-1", "dial-2"]  # the widget and its layout; not the one that nobody sees
    assert view["model_id"] == "dial-1"
    assert state["dial-1"]["state"]["value"] == 0.5
    assert state["dial-1"]["state"]["layout"] == "IPY_MODEL_dial-2"


def test_a_cell_that_fails_is_named_and_the_file_stays_as_it_was(saved, capsys):
    path = saved(("fine", "x = 1"), ("broken-cell", "x / 0"))
    before = path.read_bytes()
    assert main(["execute", str(path)]) == 1
    printed = capsys.readouterr()
    assert f"{path} … failed" in printed.out
    for part in (str(path), "'broken-cell'", "ZeroDivisionError: division by zero"):
        assert part in printed.err
    assert "\x1b" not in printed.err
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import sys\nprint('careful', file=sys.stderr)", "wrote to stderr: 'careful'"),
        ("print('/home/somebody/book/x.py')", "path of this machine, '/home/somebody/book/x.py'"),
        ("object()", "memory address 0x"),
    ],
)
def test_what_only_this_run_could_give_is_not_stored(saved, capsys, source, complaint):
    path = saved(("odd", source))
    before = path.read_bytes()
    assert main(["execute", str(path)]) == 1
    assert f"cell 'odd': it{'s output' if 'stderr' not in complaint else ''}" in (
        error := capsys.readouterr().err
    )
    assert complaint in error
    assert path.read_bytes() == before


def test_notebooks_find_helpers_and_draw_inline_whatever_the_caller_has_set(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("MPLBACKEND", "Agg")
    variables = environment()
    assert variables["PYTHONPATH"].split(":") == [str(notebooks.ROOT), "/elsewhere"]
    assert variables["MPLBACKEND"] == "module://matplotlib_inline.backend_inline"


# ---------------------------------------------------------------------------------- normal form


def test_normalising_drops_what_an_editor_added_and_keeps_what_the_site_reads(saved):
    path = saved(("fine", "x = 1"), tags=["tab-numpy"])
    notebook = nbformat.read(path, as_version=4)
    normalise(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info", "description"}
    assert notebook.cells[0].metadata == {"tags": ["tab-numpy"]}


def test_normalising_twice_is_normalising_once(executed):
    notebook = nbformat.read(executed, as_version=4)
    normalise(notebook)
    assert as_text(notebook) == executed.read_text(encoding="utf-8")


@pytest.mark.parametrize("random_id", ["1a2b3c4d", "0c6f9f1e-8c0e-4f43-9f0a-0d2e7f5b6a11"])
def test_a_random_id_becomes_the_first_words_of_the_cell(saved, random_id):
    path = saved((random_id, "mean_loss = total / tokens"))
    assert any("cells mean-loss-total-tokens not in normal form" in problem for problem in check(path))
    assert main(["normalise", str(path)]) == 1  # it was never run
    assert nbformat.read(path, as_version=4).cells[0].id == "mean-loss-total-tokens"


def test_two_random_ids_with_the_same_words_become_two_ids(saved):
    notebook = nbformat.read(saved(("1a2b3c4d", "x = 1"), ("1a2b3c4e", "x = 1"), ("x", "2")), as_version=4)
    normalise(notebook)
    assert [cell.id for cell in notebook.cells] == ["x-2", "x-3", "x"]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda nb: nb.cells[0].update(id="Price_1"), "not lower-case words joined by hyphens"),
        (lambda nb: nb.cells[0].update(execution_count=7), "cells price not in normal form"),
        (lambda nb: nb.cells[0].metadata.update(collapsed=True), "cells price not in normal form"),
        (lambda nb: nb.metadata.update(toc={}), "metadata or layout not in normal form"),
        (lambda nb: nb.cells[0].update(execution_count=None), "never run: price"),
        (lambda nb: nb.cells[0].update(source=" "), "'price': it is empty"),
        (lambda nb: nb.cells[3].metadata.update(tags=[]), "raised ZeroDivisionError and is not tagged"),
        (lambda nb: nb.cells[3].update(outputs=[]), "tagged raises-exception and raised nothing"),
        (lambda nb: nb.cells[0].outputs[0].update(name="stderr"), "wrote to stderr"),
        (
            lambda nb: nb.cells[2].outputs[0].data.update({WIDGET_VIEW: {"model_id": "gone"}}),
            "metadata",
        ),
    ],
)
def test_what_is_not_normal_is_named(executed, tmp_path, capsys, change, complaint):
    notebook = nbformat.read(executed, as_version=4)
    change(notebook)
    path = tmp_path / "changed.ipynb"
    path.write_text(as_text(notebook), encoding="utf-8")
    assert main(["check", str(path)]) == 1
    assert complaint in capsys.readouterr().err


def test_a_normal_notebook_passes_in_silence(executed, capsys):
    assert main(["check", str(executed)]) == 0
    assert capsys.readouterr() == ("", "")


def test_pieces_of_a_stream_are_joined(book, code):
    cell = code("print()", "one")
    cell.outputs.append(nbformat.v4.new_output("stream", name="stdout", text="two\n"))
    normalise(notebook := book(cell))
    assert [output.text for output in notebook.cells[0].outputs] == ["one\ntwo\n"]


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def test_a_picture_loses_its_date_and_program_and_nothing_else():
    signature = b"\x89PNG\r\n\x1a\n"
    kept = [png_chunk(b"IHDR", b"13 bytes here"), png_chunk(b"IDAT", b"pixels"), png_chunk(b"IEND", b"")]
    added = [png_chunk(b"tEXt", b"Software\0drawer 1.2"), png_chunk(b"tIME", b"7 bytes")]
    assert bare_png(signature + b"".join([kept[0], *added, *kept[1:]])) == signature + b"".join(kept)


def test_writing_leaves_no_other_file_and_no_new_time_when_nothing_changed(executed):
    before = executed.stat().st_mtime_ns
    write(executed, nbformat.read(executed, as_version=4))
    assert executed.stat().st_mtime_ns == before
    assert [path.name for path in executed.parent.iterdir()] == [executed.name]


def test_show_gives_cells_and_outputs_as_text(executed):
    text = show(executed)
    assert "── code · price\nprint(f'{1 / 3:.3f} nats')\nprint('!')\n\n  > 0.333 nats\n  > !\n" in text
    assert "  > [image/png]" in text
    assert "── code · error raises-exception" in text
    picture = nbformat.read(executed, as_version=4).cells[1].outputs[0].data["image/png"]
    assert picture[:40] not in text
    base64.b64decode(picture)


# ---------------------------------------------------------------------------------- nbval


def break_every_cell(notebook):
    price, figure, dial, error, folder = notebook.cells
    price.outputs[0].text = "0.334 nats\n!\n"
    figure.outputs = []
    dial.outputs[0].data["text/plain"] = "Dial(0.6)"
    error.outputs[0].evalue = "another message"
    folder.outputs[0].data["text/plain"] = "False"


def delete_an_output(notebook):
    notebook.cells[0].outputs = []


def test_nbval_passes_what_was_executed_and_names_each_output_that_is_gone_or_changed(
    executed, root, tmp_path
):
    for name in ("conftest.py", "pyproject.toml"):
        shutil.copy(root / name, tmp_path / name)
    (tmp_path / "chapters").mkdir()
    for change in (normalise, break_every_cell, delete_an_output):  # the first changes nothing
        notebook = nbformat.read(executed, as_version=4)
        change(notebook)
        nbformat.write(notebook, tmp_path / "chapters" / f"{change.__name__}.ipynb")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "--nbval",
        "chapters",
        "-p",
        "no:cacheprovider",
        "--color=no",
        "-q",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    failed = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("FAILED")}
    assert failed == {
        *(
            f"chapters/break_every_cell.ipynb::{cell}"
            for cell in ("price", "figure", "dial", "error", "folder")
        ),
        "chapters/delete_an_output.ipynb::price",
    }, done.stdout


def test_a_notebook_file_is_json_that_ends_in_a_newline_and_keeps_its_letters(saved):
    path = saved(("letters", "x = 'π − ∞'"))
    main(["normalise", str(path)])
    text = path.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert not text.endswith("\n\n")
    assert "π − ∞" in text
    assert json.loads(text)["nbformat_minor"] == 5

"""Run notebooks, store their outputs, and keep the files in one normal form.

From the command line::

    python -m helpers.notebooks execute FILE…      run in place, store the outputs, normalise
    python -m helpers.notebooks normalise FILE…    normalise alone; nothing is run
    python -m helpers.notebooks check FILE…        say what is not normal; exit 1 if anything is
    python -m helpers.notebooks show FILE          cells and outputs as plain text, for `git diff`
    python -m helpers.notebooks picture FILE       give the front page the picture tagged first-picture

A notebook runs in its own folder, here as under nbval, and running it twice gives the same file twice. What a
file looks like in normal form is said, and done, in :mod:`helpers.normal_form`.
"""

import argparse
import base64
import copy
import json
import os
import re
import sys
import time
from pathlib import Path

import nbformat

from helpers.normal_form import KERNEL, as_text, code_cells, normalise, shown_text

ROOT = Path(__file__).resolve().parents[1]
FIRST_PICTURE = ROOT / "assets" / "first-picture.png"
CELL_TIMEOUT = 600  # seconds; a cell that takes longer hangs
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class NotebookError(Exception):
    """A notebook that did not run to its end; the message names the file, the cell and the exception."""


def environment() -> dict[str, str]:
    """Environment variables under which every notebook of the book runs, by `execute` and in the tests."""
    path = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(path)),  # helpers is found without an installation
        "PYTHONHASHSEED": "0",  # the order of a set is the same in each run
        "OMP_NUM_THREADS": "1",  # float sums depend on the number of threads
        "TF_CPP_MIN_LOG_LEVEL": "3",  # TensorFlow's start-up lines would be stored as stderr
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",  # a caller's Agg would lose the figures
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # no warning about frozen modules
    }


def execute(path: Path) -> None:
    """Run the notebook at `path` from a fresh kernel and write it back, normalised.

    Raises:
        NotebookError: a cell failed, or what it gave cannot be stored; the file is as it was.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellControlSignal, DeadKernelError

    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.pop("widgets", None)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    running = "(the kernel)"

    def note(cell, cell_index):
        nonlocal running
        running = cell.id

    os.environ.update(environment())
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name=KERNEL["name"],
        resources={"metadata": {"path": str(path.parent.resolve())}},
        store_widget_state=True,
        extra_arguments=["--log-level=ERROR"],  # the kernel's own remarks say nothing about the book
        on_cell_start=note,
    )
    try:
        client.execute()
    except (CellControlSignal, DeadKernelError) as error:
        raise NotebookError(f"{path}: cell '{running}': {COLOUR.sub('', str(error))}") from None
    if problems := normalise(notebook):
        raise NotebookError("\n".join(f"{path}: {problem}" for problem in problems))
    write(path, notebook)


def write(path: Path, notebook) -> None:
    """Replace the file in one step, and only when its bytes would change."""
    text = as_text(notebook)
    if text != path.read_text(encoding="utf-8"):
        part = path.with_suffix(".part")
        part.write_text(text, encoding="utf-8")
        part.replace(path)


def check(path: Path) -> list[str]:
    """Everything about the file that is not in normal form, a sentence each; empty when all is well."""
    before = nbformat.read(path, as_version=4)
    after = copy.deepcopy(before)
    problems = normalise(after)
    if as_text(after) != path.read_text(encoding="utf-8"):
        cells = [new.id for old, new in zip(before.cells, after.cells, strict=True) if old != new]
        what = f"cells {', '.join(cells)}" if cells else "the notebook's metadata or layout"
        problems.append(f"{what} not in normal form: run `python -m helpers.notebooks normalise {path}`")
    return [f"{path}: {problem}" for problem in problems]


def show(path: Path) -> str:
    """Render the notebook as plain text: each cell under its id and tags, then what it gave."""
    lines = []
    for cell in nbformat.read(path, as_version=4).cells:
        tags = " ".join(cell.metadata.get("tags", []))
        lines += [f"── {cell.cell_type} · {cell.get('id', '')} {tags}".rstrip(), cell.source, ""]
        if figure := cell.metadata.get("mystnb"):
            lines += [json.dumps(figure, indent=1, sort_keys=True, ensure_ascii=False), ""]
        for output in cell.get("outputs", []):
            images = [kind for kind in output.get("data", {}) if kind.startswith("image/")]
            text = "".join(f"[{kind}]\n" for kind in images) or shown_text(output)
            lines += [f"  > {line}" for line in text.rstrip("\n").split("\n")] + [""]
    return "\n".join(lines)


def first_picture(notebook) -> bytes:
    """The PNG stored by the cell tagged ``first-picture``, which the front page of the book shows too.

    Raises:
        ValueError: not exactly one cell has the tag and a picture.
    """
    tagged = (cell for cell in code_cells(notebook) if "first-picture" in cell.metadata.get("tags", []))
    pictures = [
        output.data["image/png"]
        for cell in tagged
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    if len(pictures) != 1:
        raise ValueError(f"{len(pictures)} pictures of a cell tagged 'first-picture'; expected 1")
    return base64.b64decode(pictures[0])


def execute_command(path: Path) -> list[str]:
    """Execute one file and say how it went."""
    print(f"{path} …", end=" ", flush=True)
    start = time.perf_counter()
    try:
        execute(path)
    except NotebookError as error:
        print("failed, left as it was", flush=True)
        return [str(error)]
    print(f"{time.perf_counter() - start:.1f} s", flush=True)
    return []


def normalise_command(path: Path) -> list[str]:
    """Normalise one file; returns what is left for its author."""
    notebook = nbformat.read(path, as_version=4)
    problems = normalise(notebook)
    write(path, notebook)
    return [f"{path}: {problem}" for problem in problems]


def show_command(path: Path) -> list[str]:
    """Print one file as plain text."""
    print(show(path))
    return []


def picture_command(path: Path) -> list[str]:
    """Copy one file's first picture to where the front page finds it."""
    FIRST_PICTURE.write_bytes(first_picture(nbformat.read(path, as_version=4)))
    return []


COMMANDS = {
    "execute": execute_command,
    "normalise": normalise_command,
    "check": check,
    "show": show_command,
    "picture": picture_command,
}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m helpers.notebooks", description=__doc__.split("\n")[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args(arguments)
    complaints = []
    for path in options.files:
        complaints += COMMANDS[options.command](path)
    print(*complaints, sep="\n", end="\n" * bool(complaints), file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())

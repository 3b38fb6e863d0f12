"""The normal form of a notebook, in which nothing but its content can change a byte of the file.

Cells are numbered from 1 in reading order, ids are words instead of random digits, and whatever an editor, a
clock or a kernel adds is gone. What cannot be mended here (an error, a line on stderr, a path of a machine in
an output) is named. :mod:`helpers.notebooks` brings the files of the book into this form.
"""

import base64
import json
import re
import struct

import nbformat

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
WIDGET_STATE = "application/vnd.jupyter.widget-state+json"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
NOTEBOOK_METADATA = ("description", "myst", "mystnb", "widgets")  # the rest is some editor's
CELL_METADATA = ("mystnb", "tags")

KEBAB = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
RANDOM_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?=.*\d)[0-9a-f]{8}")
MACHINE = re.compile(r"(?<![\w.])/(?:home|root|tmp|work|usr|opt|Users)/\S+|\b[A-Z]:\\\S+|\S*site-packages\S*")
MODEL_REFERENCE = re.compile(r"IPY_MODEL_([\w-]+)")
ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def normalise(notebook) -> list[str]:
    """Bring `notebook` to normal form, in place; returns what only its author can mend, a sentence each."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    language = {"name": KERNEL["language"]}
    kept = {key: notebook.metadata[key] for key in NOTEBOOK_METADATA if key in notebook.metadata}
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": language, **kept})
    name_cells(notebook)
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell.execution_count = None if cell.execution_count is None else number
        cell.outputs = [normal_output(output, number) for output in joined_streams(cell.outputs)]
    name_widgets(notebook)
    return list(problems_of(notebook))


def code_cells(notebook) -> list:
    """Code cells, in reading order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def name_cells(notebook) -> None:
    """Drop what editors add to a cell, and turn random ids into the first words of the cell."""
    taken = {cell.get("id") for cell in notebook.cells}
    for cell in notebook.cells:
        kept = {key: cell.metadata[key] for key in CELL_METADATA if cell.metadata.get(key)}
        cell.metadata = nbformat.from_dict(kept)
        if not cell.get("id") or RANDOM_ID.fullmatch(cell.id):
            words = re.findall(r"[a-z]\w*", cell.source.lower().replace("_", " "))[:4]
            slug = re.sub(r"[^a-z0-9-]", "", "-".join(words))[:48].strip("-") or cell.cell_type
            cell.id = next(i for i in (slug, *(f"{slug}-{n}" for n in range(2, 999))) if i not in taken)
            taken.add(cell.id)


def joined_streams(outputs) -> list:
    """Join neighbouring pieces of one stream into one: where they break is chance."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" and joined[-1].get("name") == output.name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def normal_output(output, number: int):
    """Strip one output of the traces of the run that made it."""
    if output.output_type == "execute_result":
        output.execution_count = number
    if output.output_type == "error":  # frames hold paths and line numbers of other people's files
        output.traceback = [f"{output.ename}: {output.evalue}"]
    data = output.get("data", {})
    if "image/png" in data:
        data["image/png"] = base64.b64encode(bare_png(base64.b64decode(data["image/png"]))).decode()
    return output


def bare_png(png: bytes) -> bytes:
    """Strip the text and time chunks of a picture, so that its bytes change only when a pixel does."""
    chunks, at = [png[:8]], 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        chunk = png[at : at + 12 + length]  # length, type, data, checksum
        if chunk[4:8] not in (b"tEXt", b"zTXt", b"iTXt", b"tIME", b"eXIf"):
            chunks.append(chunk)
        at += len(chunk)
    return b"".join(chunks)


def name_widgets(notebook) -> None:
    """Name each widget model after the cell that shows it, and drop the models that nothing shows."""
    state = notebook.metadata.get("widgets", {}).get(WIDGET_STATE, {}).get("state", {})
    names: dict[str, str] = {}
    for cell in code_cells(notebook):
        views = [output.data[WIDGET_VIEW] for output in cell.outputs if WIDGET_VIEW in output.get("data", {})]
        reached = [view["model_id"] for view in views]
        shown = []
        for model in reached:  # grows while it is read: a model leads to its layout and its children
            if model in state and model not in names and model not in shown:
                shown.append(model)
                reached += MODEL_REFERENCE.findall(json.dumps(state[model], sort_keys=True))
        names |= {model: f"{cell.id}-{number}" for number, model in enumerate(shown, start=1)}
        for view in views:
            view["model_id"] = names.get(view["model_id"], view["model_id"])
    notebook.metadata.pop("widgets", None)
    if names:
        text = json.dumps({new: state[old] for old, new in names.items()})
        text = MODEL_REFERENCE.sub(lambda match: f"IPY_MODEL_{names.get(match[1], match[1])}", text)
        whole = {"state": json.loads(text), "version_major": 2, "version_minor": 0}
        notebook.metadata["widgets"] = nbformat.from_dict({WIDGET_STATE: whole})


def problems_of(notebook):
    """Yield a sentence for each thing in a normalised notebook that only its author can mend."""
    unrun = [cell.id for cell in code_cells(notebook) if cell.execution_count is None]
    if unrun:
        yield f"never run: {', '.join(unrun)}"
    for cell in notebook.cells:
        where = f"cell '{cell.id}'"
        if not KEBAB.fullmatch(cell.id):
            yield f"{where}: its id is not lower-case words joined by hyphens"
        if not cell.source.strip():
            yield f"{where}: it is empty"
        elif cell.cell_type == "code":
            yield from (f"{where}: {problem}" for problem in problems_of_outputs(cell))


def problems_of_outputs(cell):
    """Yield what is wrong with what a code cell gave."""
    failed = [output for output in cell.outputs if output.output_type == "error"]
    meant = "raises-exception" in cell.metadata.get("tags", [])
    if meant and not failed:
        yield "it is tagged raises-exception and raised nothing"
    for output in cell.outputs:
        if output.output_type == "error" and not meant:
            yield f"it raised {output.ename} and is not tagged raises-exception"
        if output.get("name") == "stderr":
            yield f"it wrote to stderr: {output.text.strip()[:300]!r}"
        text = shown_text(output)
        if found := MACHINE.search(text):
            yield f"its output holds a path of this machine, {found[0]!r}"
        if found := ADDRESS.search(text):
            yield f"its output holds the memory address {found[0]}: give the class a fixed __repr__"


def shown_text(output) -> str:
    """Text that an output shows: a stream, an error, or the textual forms of a value."""
    if output.output_type == "stream":
        return output.text
    if output.output_type == "error":
        return f"{output.ename}: {output.evalue}"
    return "\n".join(str(output.data[kind]) for kind in sorted(output.data) if kind.startswith("text/"))


def as_text(notebook) -> str:
    """Content of the file: sorted keys, one space of indent, a last newline."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"

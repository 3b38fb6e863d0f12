"""What a step of computing costs, in bytes and in multiplications; and what the benchmarks have measured.

Bytes and multiplications are counted here, operation by operation, and are the same on each machine. Times
are not: they were measured once, by the programs in the folder `benchmarks`, and are read from the file that
these wrote.
"""

import json
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import helpers.validation as check

RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
PRODUCTS = {"mm", "addmm", "addmm_"}  # of two matrices, the last two arguments
METHODS = ("all logits", "chunks", "tiles")

# ---------------------------------------------------------------------------------- counted


class Counter(TorchDispatchMode):
    """Counts what is done within it: bytes of the tensors that are made, and multiplications of matrices.

    What an operation takes and gives back inside itself is not seen, nor is what the allocator rounds up.
    """

    def __init__(self):
        super().__init__()
        self.alive, self.peak, self.multiplied = 0, 0, 0
        self._known = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        """Let an operation run, and note what it made."""
        kwargs = kwargs or {}
        given = {x.untyped_storage().data_ptr() for x in _tensors([*args, *kwargs.values()])}
        made = function(*args, **kwargs)
        if function.overloadpacket.__name__ in PRODUCTS:
            left, right = args[-2:]
            self.multiplied += len(left) * right.numel()
        for tensor in _tensors([made]):
            if tensor.untyped_storage().data_ptr() not in given:
                self._note(tensor.untyped_storage())
        return made

    def _note(self, storage) -> None:
        where, size = storage.data_ptr(), storage.nbytes()
        if size == 0 or where in self._known:
            return
        self._known.add(where)
        self.alive += size
        self.peak = max(self.peak, self.alive)
        weakref.finalize(storage, self._forget, where, size)

    def _forget(self, where: int, size: int) -> None:
        self._known.discard(where)
        self.alive -= size


def peak_bytes(step: Callable[[], object]) -> int:
    """Most bytes of tensors that a step has alive at once: those that it makes, its result among them."""
    with Counter() as counter:
        step()
    return counter.peak


def kept_for_backward(function: Callable[[], Tensor], *inputs: Tensor) -> list[tuple[int, ...]]:
    """Shapes of what autograd keeps between a loss and its backward, each memory once, without the inputs.

    Args:
        function: computes a loss from the inputs.
        inputs: tensors that are there anyway, with or without the loss.
    """
    known = {x.untyped_storage().data_ptr() for x in inputs}
    kept = []

    def keep(tensor):
        where = tensor.untyped_storage().data_ptr()
        if where not in known and tensor.dim() > 0:
            known.add(where)
            kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        loss = function()
    shapes = [tuple(tensor.shape) for tensor in kept]
    del loss
    return shapes


def multiplications(step: Callable[[], object]) -> int:
    """How many numbers a step multiplies and adds in products of matrices: N · D · V for (N, D) by (D, V)."""
    with Counter() as counter:
        step()
    return counter.multiplied


def head_bytes(
    method: str, tokens: int, width: int, classes: int, *, chunk: int = 256, tile: int = 2048, size: int = 4
) -> int:
    """Bytes that the loss of a linear head and its gradients take at most, gradients included, inputs not.

    Implements :eq:`eq-head-memory`. "all logits" holds them three times; or once, beside the gradients, where
    that is more. "chunks" holds the logits of a chunk of tokens, as
    :func:`helpers.losses.pytorch.linear_cross_entropy` does beside what it computes in place, "tiles" of a
    chunk a tile of classes.

    Args:
        method: one of "all logits", "chunks", "tiles".
        tokens: N, whose loss is wanted.
        width: D, of the hidden states.
        classes: V, of the vocabulary.
        chunk: how many tokens have their logits in memory at once.
        tile: how many classes are computed at a time.
        size: bytes of a number.

    Raises:
        ValueError: another method, or a size that is no whole number above 0.
    """
    given = {"tokens": tokens, "width": width, "classes": classes, "chunk": chunk, "tile": tile, "size": size}
    for name, value in given.items():
        check.whole_number(name, value)
    if method not in METHODS:
        raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
    gradients, c, v = width * (tokens + classes), min(chunk, tokens), min(tile, classes)
    if method == "all logits":
        return size * max(3 * tokens * classes, tokens * classes + gradients)
    return size * (c * (classes if method == "chunks" else v) + gradients)


def _tensors(values: Iterable) -> Iterable[Tensor]:
    """Yield every tensor among the values, and in lists of theirs."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from _tensors(value)


# ---------------------------------------------------------------------------------- recorded


def load(name: str, folder: Path = RESULTS) -> dict:
    """What a benchmark has measured: {"machine": …, "time": rows, "memory": rows}, each row a dictionary.

    Args:
        name: of the benchmark, such as "linear_cross_entropy".
        folder: where its file is.

    Raises:
        ValueError: there is no such file, or it holds something else.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        there = sorted(other.stem for other in folder.glob("*.json"))
        raise ValueError(
            f"no measurement is called {name!r}; expected one of {there}: `make bench` measures anew"
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from error
    missing = {"machine", "time", "memory"} - set(found if isinstance(found, dict) else ())
    if missing:
        raise ValueError(f"{path.name} has no {', '.join(sorted(missing))}; expected what a benchmark writes")
    return found


def select(rows: Sequence[Mapping], **wanted) -> list[Mapping]:
    """Rows with these values, such as classes=32000, in their order.

    Raises:
        ValueError: there is none; the message says which values there are.
    """
    found = [row for row in rows if all(key in row and row[key] == value for key, value in wanted.items())]
    if not found:
        there = {key: sorted({row[key] for row in rows if key in row}, key=str) for key in wanted}
        raise ValueError(f"no row has {wanted}; there are {there}")
    return found


def table(rows: Sequence[Mapping], columns: Mapping[str, str]) -> str:
    """Rows as lines of text, under the names of their columns.

    Args:
        rows: measured; a number that a row does not have stays empty.
        columns: key → how its value is written, such as {"name": "{}", "to_floor": "{:.2f}"}.

    Raises:
        ValueError: there is no row, or no row has such a key.
    """
    if not rows:
        raise ValueError("a table of no rows; expected at least one")
    for key in columns:
        if not any(key in row for row in rows):
            raise ValueError(f"no row has {key!r}; expected one of {', '.join(rows[0])}")
    body = [[form.format(row[key]) if key in row else "" for key, form in columns.items()] for row in rows]
    widths = [max(map(len, column)) for column in zip(columns, *body, strict=True)]

    def line(cells):
        first, *others = zip(cells, widths, strict=True)
        return "  ".join([f"{first[0]:{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]).rstrip()

    return "\n".join(map(line, [list(columns), *body]))

"""What comes of one call of a learner's function: a number, an array, an error, or something else.

The notebook and the batch grader look at answers through this module alone. In the grader it runs inside the
sandbox, beside code that is not trusted, so it knows no right answer and imports NumPy alone; what it found
out leaves the sandbox as JSON (:meth:`Outcome.as_json`) and is believed only as far as
:meth:`Outcome.from_json` allows: numbers of a stated shape, or a short text.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module

import numpy as np

LONGEST = 10_000  # numbers: of a longer array the shape alone is told, for no answer is so long
LONGEST_TEXT = 300  # characters of what an exception says
LONGEST_NAME = 40  # characters of the name of a type


@dataclass(frozen=True)
class Outcome:
    """What one call gave.

    Attributes:
        what: "value", "raised", "not attempted", "nothing" (None) or "kind" (neither number nor array).
        said: for "raised", the exception and what it says; for "kind", the kind in words.
        value: for "value", the numbers as float64; else None.
        dtype: for "value", the name of the type that they had.
    """

    what: str
    said: str = ""
    value: np.ndarray | None = None
    dtype: str = ""

    def as_json(self) -> dict:
        """Numbers and short texts, as they leave the sandbox."""
        if self.what != "value":
            return {"what": self.what, "said": self.said}
        numbers = self.value.ravel().tolist() if self.value.size <= LONGEST else []
        return {"what": self.what, "shape": self.value.shape, "dtype": self.dtype, "numbers": numbers}

    @classmethod
    def from_json(cls, found: object) -> "Outcome":
        """The outcome that was sent, from a sender who may be lying about it.

        Raises:
            ValueError: it is none. Nothing in it is run, and no memory is taken that its text did not take.
        """
        if not isinstance(found, Mapping):
            raise ValueError("expected an object")
        what = found.get("what")
        if what in ("not attempted", "nothing"):
            return cls(what)
        if what in ("raised", "kind"):
            return cls(what, one_line(found.get("said"), LONGEST_TEXT + LONGEST_NAME + 2))
        shape, numbers = found.get("shape"), found.get("numbers")
        if what != "value" or not isinstance(shape, list) or not isinstance(numbers, list) or len(shape) > 32:
            raise ValueError("expected one of the five outcomes")
        if not all(type(size) is int and 0 <= size < 2**40 for size in shape):
            raise ValueError("expected a shape")
        if not all(type(number) in (int, float) for number in numbers):
            raise ValueError("expected numbers")
        if len(numbers) == math.prod(shape):
            try:
                value = np.array(numbers, dtype=float).reshape(shape)
            except OverflowError:
                raise ValueError("expected numbers that a float64 can hold") from None
        elif math.prod(shape) > LONGEST:
            value = np.broadcast_to(np.nan, shape)  # its shape is all that is known, and takes no memory
        else:
            raise ValueError("expected as many numbers as the shape holds")
        return cls(what, value=value, dtype=one_line(found.get("dtype"), LONGEST_NAME))


def outcome_of(answer: Callable, arguments: tuple, framework: str = "") -> Outcome:
    """Call a learner's function, and say what came of it.

    Args:
        answer: the function.
        arguments: numbers, texts and arrays of NumPy; the function may write into them.
        framework: "torch" or "tensorflow" where the function is given tensors instead of arrays.

    Raises:
        BaseException: the function raised one that ends a program, SystemExit aside.
    """
    try:
        given = answer(*_handed_over(arguments, framework))
    except NotImplementedError:
        return Outcome("not attempted")
    except (Exception, SystemExit) as error:
        return Outcome("raised", name_and_message(error))
    return _looked_at(given)


def _handed_over(arguments: tuple, framework: str) -> tuple:
    """Arguments in the learner's framework."""
    if not framework:
        return arguments
    library = import_module(framework)  # whoever answers with tensors has imported it already
    tensor = library.from_numpy if framework == "torch" else library.constant
    return tuple(tensor(value) if isinstance(value, np.ndarray) else value for value in arguments)


def _looked_at(given: object) -> Outcome:
    """The outcome of a call that returned something."""
    if given is None:
        return Outcome("nothing")
    try:
        if hasattr(given, "detach"):  # a tensor of PyTorch; NumPy has no bfloat16
            name, given = str(given.dtype).removeprefix("torch."), given.detach().cpu()
            given = given.float() if name == "bfloat16" else given
        else:
            name = ""
        array = np.asarray(given)
        if array.dtype.kind in "iuf":
            return Outcome("value", value=array.astype(float), dtype=name or str(array.dtype))
        if array.ndim and array.dtype.kind in "bcUS":
            return Outcome("kind", f"an array of dtype {array.dtype}")
    except Exception:  # whatever an object of the learner's does when it is looked at
        return Outcome("kind", f"a value of type {_name_of(given)}")
    if isinstance(given, bool | np.bool_):
        return Outcome("kind", "a truth value")
    return Outcome("kind", f"a value of type {_name_of(given)}")


def name_and_message(error: BaseException) -> str:
    """An exception in one line: its name and, after a colon, what it says, if that can be read."""
    try:
        said = one_line(str(error))
    except Exception:
        said = ""
    return f"{_name_of(error)}: {said}" if said else _name_of(error)


def one_line(text: object, longest: int = LONGEST_TEXT) -> str:
    """The printable characters of a text on one line, cut where it gets too long.

    Raises:
        ValueError: it is no text.
    """
    if not isinstance(text, str):
        raise ValueError("expected a text")
    line = "".join(letter if letter.isprintable() else " " for letter in text[: 2 * longest])
    line = " ".join(line.split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _name_of(value: object) -> str:
    return one_line(type(value).__name__, LONGEST_NAME)

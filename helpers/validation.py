"""The checks that turn bad input into a sentence: what came, and what was expected. NumPy alone."""

import numpy as np

SUM_TOLERANCE = 1e-6  # probabilities written down with seven digits still count as a distribution


def probabilities(name: str, values) -> np.ndarray:
    """`values` as float64, each of them in [0, 1]; any shape.

    Raises:
        ValueError: they are not real numbers, or one is NaN or outside [0, 1]; the message names it.
    """
    array = reals(name, values)
    bad = ~((array >= 0) & (array <= 1))  # written so that NaN counts as bad
    if bad.any():
        # All digits: 1.0000001 must not read as 1.
        raise ValueError(f"{name} holds {float(array[bad].flat[0])}; expected probabilities between 0 and 1")
    return array


def distribution(name: str, values) -> np.ndarray:
    """`values` as float64 distributions over the last axis, shape (..., K).

    Raises:
        ValueError: no axis, an empty last axis, a value outside [0, 1], or a row whose sum is not 1.
    """
    came = np.asarray(values)
    array = probabilities(name, came)
    if array.ndim == 0 or array.shape[-1] == 0:
        raise ValueError(f"{name} has shape {array.shape}; expected (..., K) with K at least 1")
    sums = array.sum(axis=-1)
    off = np.abs(sums - 1) > sum_tolerance(came.dtype.name)
    if off.any():
        raise ValueError(f"{name} sums to {sums[off].flat[0]:.9g} over its last axis; expected 1")
    return array


def distributions(p, q) -> tuple[np.ndarray, np.ndarray]:
    """Two distributions over the same K outcomes; their leading axes must broadcast.

    Raises:
        ValueError: either is no distribution, or the shapes do not go together.
    """
    p, q = distribution("p", p), distribution("q", q)
    try:
        np.broadcast_shapes(p.shape, q.shape)
    except ValueError:
        matching = False
    else:
        matching = p.shape[-1] == q.shape[-1]
    if not matching:
        raise ValueError(f"p has shape {p.shape} and q has shape {q.shape}; expected the same K outcomes")
    return p, q


def sum_tolerance(dtype: str) -> float:
    """How far from 1 a row of probabilities of this dtype may sum: the rounding of its K values adds up."""
    return {"float32": 3e-5, "float16": 3e-3, "bfloat16": 1e-2}.get(dtype, SUM_TOLERANCE)


def reals(name: str, values) -> np.ndarray:
    """`values` as float64, of any shape.

    Raises:
        ValueError: they are not real numbers.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} has dtype {array.dtype}; expected real numbers")
    return array.astype(np.float64)


def logits(name: str, values) -> np.ndarray:
    """`values` as float64 logits, shape (..., V); −inf is a class that is masked out.

    Raises:
        ValueError: not real numbers, no axis, an empty last axis, NaN or +inf.
    """
    array = reals(name, values)
    class_axis(name, array.shape)
    bad = ~(array < np.inf)  # written so that NaN counts as bad
    if bad.any():
        value, position = _first(array, bad)
        raise ValueError(f"{name} holds {value:g} at position {position}; expected finite numbers or -inf")
    return array


def binary_logits(name: str, values) -> np.ndarray:
    """`values` as float64 logits of yes-or-no forecasts, of any shape; ±inf are the certain ones.

    Raises:
        ValueError: not real numbers, or NaN.
    """
    array = reals(name, values)
    bad = np.isnan(array)
    if bad.any():
        raise ValueError(f"{name} holds nan at position {_first(array, bad)[1]}; expected numbers")
    return array


def class_indices(name: str, values, num_classes: int, ignore_index: int | None = None) -> np.ndarray:
    """`values` as int64 class indices: each in [0, num_classes), or `ignore_index`.

    Raises:
        ValueError: not integers, or a class that does not exist; the message names it and its position.
    """
    array = np.asarray(values)
    index_dtype(name, array.dtype, integer=array.dtype.kind in "iu")
    bad = (array < 0) | (array >= num_classes)
    if ignore_index is not None:
        bad &= array != ignore_index
    if bad.any():
        value, position = _first(array, bad)
        allowed = "" if ignore_index is None else f", or ignore_index ({ignore_index})"
        raise ValueError(
            f"{name} holds {value} at position {position}; expected classes 0 to {num_classes - 1}{allowed}"
        )
    return array.astype(np.int64)


def token_ids(name: str, values, vocab_size: int) -> np.ndarray:
    """`values` as int64 tokens of one sequence, shape (T,), each in [0, vocab_size); T may be 0.

    Raises:
        ValueError: no vocabulary, another shape, not integers, or a token out of range, with its position.
    """
    if not vocab_size >= 1:
        raise ValueError(f"vocab_size is {vocab_size}; expected 1 or more")
    array = np.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"{name} has shape {array.shape}; expected one sequence, (T,)")
    return class_indices(name, array if array.size else array.astype(np.int64), vocab_size)


def class_weight(name: str, values, num_classes: int) -> np.ndarray:
    """`values` as float64 weights of the classes, shape (num_classes,).

    Raises:
        ValueError: another shape, or a weight that is negative, infinite or NaN.
    """
    array = reals(name, values)
    weight_shape(name, array.shape, num_classes)
    bad = ~((array >= 0) & (array < np.inf))  # written so that NaN counts as bad
    if bad.any():
        value, position = _first(array, bad)
        raise ValueError(f"{name} holds {value:g} at position {position}; expected finite weights, 0 or more")
    return array


# The checks below look at words, numbers and shapes alone, so that every framework shares them. A shape is a
# tuple; an axis whose length is not known yet (TensorFlow, while it traces) is None and fits any length.


def class_axis(name: str, shape: tuple) -> None:
    """Raise ValueError unless `shape` is (..., V) with V at least 1."""
    if len(shape) == 0 or shape[-1] == 0:
        raise ValueError(f"{name} has shape {shape}; expected (..., V) with V at least 1")


def index_dtype(name: str, dtype, *, integer: bool) -> None:
    """Raise ValueError unless `dtype` is one of integers."""
    if not integer:
        raise ValueError(f"{name} has dtype {dtype}; expected integer class indices")


def weight_shape(name: str, shape: tuple, num_classes: int) -> None:
    """Raise ValueError unless `shape` is (num_classes,)."""
    if not _fits(shape, (num_classes,)):
        raise ValueError(f"{name} has shape {shape}; expected ({num_classes},), one weight for each class")


def linear_layer(hidden_shape: tuple, weight_shape: tuple) -> None:
    """Raise ValueError unless a layer of weights (V, D) makes V logits of states (..., D)."""
    if len(weight_shape) != 2 or 0 in weight_shape or not hidden_shape or hidden_shape[-1] != weight_shape[1]:
        raise ValueError(
            f"hidden has shape {hidden_shape}, weight has shape {weight_shape}; expected (..., D) and (V, D)"
        )


def targets_shape(shape: tuple, dtype, *, floating: bool, logits_shape: tuple) -> None:
    """Raise ValueError unless targets of this shape and kind answer logits of shape (..., V).

    Args:
        shape: the shape of the targets.
        dtype: their dtype, for the message.
        floating: whether they are class probabilities (..., V) rather than class indices (...).
        logits_shape: the shape of the logits.
    """
    expected = logits_shape if floating else logits_shape[:-1]
    if _fits(shape, expected):
        return
    came = f"targets have shape {shape} and dtype {dtype} for logits of shape {logits_shape}"
    if floating:
        hint = "; class indices are integers: cast them" if _fits(shape, logits_shape[:-1]) else ""
        raise ValueError(f"{came}; expected class probabilities of shape {expected}{hint}")
    hint = "; one-hot targets are probabilities: cast them to float" if _fits(shape, logits_shape) else ""
    raise ValueError(
        f"{came}; expected class indices of shape {expected}, the classes on the last axis{hint}"
    )


def same_shape(name: str, shape: tuple, other_name: str, other_shape: tuple) -> None:
    """Raise ValueError unless the two shapes are equal: losses do not broadcast."""
    if not _fits(shape, other_shape):
        raise ValueError(
            f"{name} has shape {shape} and {other_name} has shape {other_shape}; expected the same"
        )


def loss_options(*, ignore_index: int, label_smoothing: float, soft_targets: bool) -> None:
    """Raise ValueError unless the options of a cross-entropy loss make sense together."""
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, (int, np.integer)):
        raise ValueError(f"ignore_index is {ignore_index!r}; expected an integer")
    if soft_targets and ignore_index >= 0:
        raise ValueError(f"ignore_index is {ignore_index}, but class probabilities hold no index to ignore")
    smoothing(label_smoothing)


def smoothing(label_smoothing: float) -> None:
    """Raise ValueError unless `label_smoothing` is a number in [0, 1]."""
    try:
        inside = 0.0 <= label_smoothing <= 1.0
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ValueError(f"label_smoothing is {label_smoothing!r}; expected a number between 0 and 1")


def finite_number(name: str, value: float, *, zero: bool = False) -> None:
    """Raise ValueError unless `value` is a finite number above 0, or 0 itself where `zero` allows it."""
    try:
        inside = 0 <= value < np.inf if zero else 0 < value < np.inf
    except (TypeError, ValueError):
        inside = False
    if not inside:
        raise ValueError(
            f"{name} is {value!r}; expected a finite number{', 0 or more' if zero else ' above 0'}"
        )


def whole_number(name: str, value: int) -> None:
    """Raise ValueError unless `value` is a whole number, 1 or more."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{name} is {value!r}; expected a whole number, 1 or more")


def reduction_word(reduction: str) -> None:
    """Raise ValueError unless `reduction` is "mean", "sum" or "none"."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"reduction is {reduction!r}; expected 'mean', 'sum' or 'none'")


def _first(array: np.ndarray, bad: np.ndarray) -> tuple:
    """Find the first bad value and its position as plain integers, () for a scalar."""
    position = tuple(int(i) for i in np.argwhere(bad)[0])
    return array[position], position


def _fits(shape: tuple, expected: tuple) -> bool:
    """Whether the two shapes can be equal; None stands for a length not known yet."""
    return len(shape) == len(expected) and all(
        a is None or b is None or a == b for a, b in zip(shape, expected, strict=True)
    )

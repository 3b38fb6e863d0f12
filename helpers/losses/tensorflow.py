r"""The losses of :mod:`helpers.losses.reference` in TensorFlow: the same names, arguments and numbers.

They run eagerly and inside `tf.function`, and `tf.GradientTape` differentiates them. float64 stays float64;
float16 and bfloat16 are computed, and returned, in float32.

Shapes, dtypes and options are checked in both modes. Values are checked eagerly with a ValueError that names
them; inside `tf.function` they do not exist yet while Python runs, so there the check is an assertion in the
graph, which raises `tf.errors.InvalidArgumentError` when the graph runs. XLA compiles assertions away.
"""

import helpers.validation as check
from helpers.quiet_tensorflow import tf


def softmax(logits) -> tf.Tensor:
    """Probabilities of the classes, from logits. The same as :func:`helpers.losses.reference.softmax`."""
    exp = tf.exp(_shifted(_class_logits(logits)))
    return exp / tf.reduce_sum(exp, axis=-1, keepdims=True)


def log_softmax(logits) -> tf.Tensor:
    """Log-probabilities of the classes, in nats. The same as :func:`helpers.losses.reference.log_softmax`."""
    return _log_softmax(_class_logits(logits))


def cross_entropy(
    logits, targets, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
) -> tf.Tensor:
    """Cross-entropy, in nats. The same as :func:`helpers.losses.reference.cross_entropy`."""
    check.reduction_word(reduction)
    logits, targets = _class_logits(logits), tf.convert_to_tensor(targets)
    soft = targets.dtype.is_floating
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=soft)
    check.targets_shape(
        tuple(targets.shape), targets.dtype.name, floating=soft, logits_shape=tuple(logits.shape)
    )
    weight = _class_weight(weight, logits)
    log_q = _log_softmax(logits)  # (..., V)
    if soft:
        return _soft_loss(log_q, targets, weight, label_smoothing, reduction)
    return _index_loss(log_q, targets, weight, ignore_index, label_smoothing, reduction)


def binary_cross_entropy(probabilities, targets, *, reduction="mean") -> tf.Tensor:
    """Cross-entropy of yes-or-no forecasts, in nats.

    The same as :func:`helpers.losses.reference.binary_cross_entropy`: +inf for a certain forecast that is
    wrong, where `tf.keras.losses.binary_crossentropy` clips the probability to 1e-7.
    """
    check.reduction_word(reduction)
    q = _probabilities("probabilities", probabilities)
    y = _binary_targets(targets, "probabilities", q)
    losses = 0.0 - tf.math.xlogy(y, q) - tf.math.xlog1py(1 - y, -q)  # 0 · log 0 = 0, in the gradient too
    return _reduce(losses, _count(losses), reduction)


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean") -> tf.Tensor:
    """Binary cross-entropy from logits, in nats.

    The same as :func:`helpers.losses.reference.binary_cross_entropy_with_logits`.
    """
    check.reduction_word(reduction)
    z = _floating("logits", logits)
    z = _checked(~tf.math.is_nan(z), check.binary_logits, "logits", z)
    y = _binary_targets(targets, "logits", z)
    losses = _surprisal(y, tf.math.log_sigmoid(z)) + _surprisal(1 - y, tf.math.log_sigmoid(-z))
    return _reduce(losses, _count(losses), reduction)


def _index_loss(log_q, targets, weight, ignore_index, label_smoothing, reduction) -> tf.Tensor:
    """Loss of class indices: the surprisal of the class that came, from rows that are not ignored."""
    targets = _class_indices(targets, log_q, ignore_index)
    kept = targets != ignore_index  # (...)
    targets = tf.where(kept, targets, 0)  # gather needs some class for the ignored rows too
    row_weight = tf.where(kept, tf.gather(weight, targets), 0.0)  # (...)
    log_q_of_target = tf.gather(log_q, targets, axis=-1, batch_dims=targets.shape.rank)  # (...)
    losses = _surprisal((1 - label_smoothing) * row_weight, log_q_of_target)
    if label_smoothing > 0:
        share = label_smoothing / tf.cast(tf.size(weight), weight.dtype)
        of_all = tf.reduce_sum(_surprisal(weight * share, log_q), axis=-1)  # (...)
        losses = losses + tf.where(kept, of_all, 0.0)
    return _reduce(losses, tf.reduce_sum(row_weight), reduction)


def _soft_loss(log_q, targets, weight, label_smoothing, reduction) -> tf.Tensor:
    """Loss of class probabilities: the mean surprisal under the target distribution of each row."""
    p = tf.cast(_class_probabilities(targets, log_q), log_q.dtype)
    p = (1 - label_smoothing) * p + label_smoothing / tf.cast(tf.size(weight), p.dtype)
    losses = tf.reduce_sum(_surprisal(weight * p, log_q), axis=-1)
    return _reduce(losses, _count(losses), reduction)  # NB: rows are counted, not weighed


def _shifted(logits: tf.Tensor) -> tf.Tensor:
    """Logits whose largest is 0: softmax ignores a shift, so no gradient flows through it."""
    return logits - tf.stop_gradient(tf.reduce_max(logits, axis=-1, keepdims=True))


def _log_softmax(logits: tf.Tensor) -> tf.Tensor:
    """Logits z less their log Σ exp(z), taken after the shift."""
    shifted = _shifted(logits)
    return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=-1, keepdims=True))


def _surprisal(weight: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """Weighted surprisal −w log q, where weight 0 gives 0 even to log 0 = −∞."""
    return 0.0 - tf.math.multiply_no_nan(log_q, weight)  # 0 − 0 is 0, where −0 would print a sign


def _count(losses: tf.Tensor) -> tf.Tensor:
    """Count the losses, in their dtype."""
    return tf.cast(tf.size(losses), losses.dtype)


def _reduce(losses: tf.Tensor, total_weight: tf.Tensor, reduction: str) -> tf.Tensor:
    """Give the losses themselves, their sum, or their sum over the total weight."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return tf.reduce_sum(losses)
    # The mean of nothing is NaN, but with gradient 0: a batch of padding alone must not spoil the parameters.
    something = total_weight > 0
    return tf.where(something, tf.reduce_sum(losses) / tf.where(something, total_weight, 1.0), float("nan"))


# Checks: shapes and dtypes through helpers.validation; values by one look, eagerly or as a node of the graph.


def _floating(name: str, values) -> tf.Tensor:
    """`values` as a tensor of float32 or float64; lists and arrays become tensors, integers floats."""
    tensor = tf.convert_to_tensor(values)
    if tensor.dtype.is_complex or tensor.dtype == tf.string:
        raise ValueError(f"{name} has dtype {tensor.dtype.name}; expected real numbers")
    if not tensor.dtype.is_floating or tensor.dtype.size < 4:
        return tf.cast(tensor, tf.float32)
    return tensor


def _class_logits(values) -> tf.Tensor:
    """`values` as logits, shape (..., V), without NaN or +inf."""
    logits = _floating("logits", values)
    check.class_axis("logits", tuple(logits.shape))
    ok = tf.reduce_max(logits, axis=-1) < float("inf")  # NaN wins every maximum, and compares as false
    return _checked(ok, check.logits, "logits", logits)


def _class_weight(values, logits: tf.Tensor) -> tf.Tensor:
    """`values` as one weight for each class, shape (V,), ones if there are none."""
    if values is None:
        return tf.ones(tf.shape(logits)[-1:], logits.dtype)
    weight, num_classes = _floating("weight", values), logits.shape[-1]
    check.weight_shape("weight", tuple(weight.shape), num_classes)
    ok = (weight >= 0) & (weight < float("inf"))
    return tf.cast(_checked(ok, check.class_weight, "weight", weight, num_classes), logits.dtype)


def _probabilities(name: str, values) -> tf.Tensor:
    """`values` as probabilities of any shape."""
    p = _floating(name, values)
    return _checked((p >= 0) & (p <= 1), check.probabilities, name, p)


def _binary_targets(values, other_name: str, other: tf.Tensor) -> tf.Tensor:
    """`values` as targets between 0 and 1, in the shape and dtype of the forecasts."""
    y = _probabilities("targets", values)
    check.same_shape(other_name, tuple(other.shape), "targets", tuple(y.shape))
    _require_shape("targets", y, tf.shape(other))
    return tf.cast(y, other.dtype)


def _class_indices(targets: tf.Tensor, log_q: tf.Tensor, ignore_index: int) -> tf.Tensor:
    """`targets` as int64: each a class, or `ignore_index`."""
    check.index_dtype("targets", targets.dtype.name, integer=targets.dtype.is_integer)
    _require_shape("targets", targets, tf.shape(log_q)[:-1])
    targets = tf.cast(targets, tf.int64)
    ok = ((targets >= 0) & (targets < tf.shape(log_q, tf.int64)[-1])) | (targets == ignore_index)
    return _checked(ok, check.class_indices, "targets", targets, log_q.shape[-1], ignore_index)


def _class_probabilities(targets: tf.Tensor, log_q: tf.Tensor) -> tf.Tensor:
    """`targets` as distributions over the last axis."""
    tolerance = check.sum_tolerance(targets.dtype.name)  # of the dtype they came in
    _require_shape("targets", targets, tf.shape(log_q))
    p = _probabilities("targets", targets)
    ok = tf.abs(tf.reduce_sum(p, axis=-1) - 1) <= tolerance
    return _checked(ok, check.distribution, "targets", p)


def _checked(ok: tf.Tensor, explain, name: str, values: tf.Tensor, *expected) -> tf.Tensor:
    """`values`; if `ok` is false anywhere, the NumPy check `explain` raises its sentence about them."""
    if tf.executing_eagerly():
        if not tf.reduce_all(ok):
            explain(name, values.numpy(), *expected)
        return values
    advice = "run eagerly, tf.config.run_functions_eagerly(True), to see which value and where"
    message = f"{name}: not valid as {explain.__name__}; {advice}"
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(ok), [message, values])]):
        return tf.identity(values)  # whoever uses the values waits for the assertion


def _require_shape(name: str, values: tf.Tensor, expected: tf.Tensor) -> None:
    """Assert the shape once more when a graph runs: while it is traced, a length may be unknown."""
    if not tf.executing_eagerly():
        tf.debugging.assert_equal(
            tf.shape(values), expected, message=f"{name} has another shape than expected"
        )

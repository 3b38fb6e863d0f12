r"""The definition of each loss: NumPy, float64, in nats.

Logits have the shape (..., V), the classes on the last axis. Targets are class indices, integers of shape
(...), or class probabilities, floats of shape (..., V). The leading axes are a batch of any shape, () for a
single prediction. Losses do not broadcast: targets have the batch shape of the logits.

:func:`cross_entropy` means what `torch.nn.functional.cross_entropy` means, once its class axis is moved last.
One rule goes further: what has weight or probability 0 contributes 0 even where log q is −inf, so that a
class masked by −inf may have target 0 (0 · log 0 = 0). torch multiplies 0 by ∞ there and returns NaN.
"""

import numpy as np

import helpers.validation as check


def softmax(logits) -> np.ndarray:
    r"""Probabilities exp(z) / Σ exp(z) of the classes, from logits z.

    Implements :eq:`eq-softmax`.

    Args:
        logits: shape (..., V); −inf masks a class out.

    Returns:
        distributions of shape (..., V); NaN where every class of a row is masked.

    Raises:
        ValueError: no class axis, NaN or +inf.
    """
    exp = np.exp(_shifted(check.logits("logits", logits)))
    return exp / exp.sum(axis=-1, keepdims=True)


def log_softmax(logits) -> np.ndarray:
    r"""Log-probabilities z − log Σ exp(z) of the classes, in nats, from logits z.

    Implements :eq:`eq-log-softmax`. No epsilon: the sum holds exp(0) = 1, so its logarithm is always finite.

    Args:
        logits: shape (..., V); −inf masks a class out.

    Returns:
        array of shape (..., V), 0 or less; NaN where every class of a row is masked.

    Raises:
        ValueError: no class axis, NaN or +inf.
    """
    shifted = _shifted(check.logits("logits", logits))
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def smooth_targets(targets, num_classes: int, label_smoothing: float) -> np.ndarray:
    r"""Target distributions with a share ε spread evenly over all K classes: (1 − ε) p + ε / K.

    Implements :eq:`eq-label-smoothing`. With ε = 0 and class indices this is one-hot encoding.

    Args:
        targets: class indices, shape (...), or class probabilities, shape (..., K).
        num_classes: K, how many classes there are.
        label_smoothing: ε, between 0 (leave the targets) and 1 (uniform).

    Returns:
        distributions of shape (..., K).

    Raises:
        ValueError: a class that does not exist, rows that are no distribution over K classes, or an ε outside
            [0, 1].
    """
    check.smoothing(label_smoothing)
    targets = np.asarray(targets)
    if targets.dtype.kind == "f":
        p = check.distribution("targets", targets)
        if p.shape[-1] != num_classes:
            raise ValueError(f"targets has shape {p.shape}; expected (..., {num_classes})")
    else:
        targets = check.class_indices("targets", targets, num_classes)
        p = (targets[..., None] == np.arange(num_classes)).astype(np.float64)
    return (1 - label_smoothing) * p + label_smoothing / num_classes


def cross_entropy(
    logits, targets, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
) -> np.ndarray:
    r"""Cross-entropy, in nats, of the forecasts softmax(logits) in the world that `targets` tell of.

    Implements :eq:`eq-cross-entropy-loss`: each row costs −Σ wₖ pₖ log qₖ, where p is its target
    distribution and q the softmax of its logits.
    The mean divides by the total weight of the targets for class indices, and by the number of rows for
    class probabilities.

    Args:
        logits: shape (..., V); −inf masks a class out.
        targets: class indices, integers of shape (...), or class probabilities, floats of shape (..., V).
        weight: one weight w for each class, shape (V,); 1 if not given.
        ignore_index: a row with this target costs nothing and has no weight. Class indices only.
        label_smoothing: the share ε of each target that is spread evenly over the classes.
        reduction: "mean", "sum" or "none" (a loss for each row).

    Returns:
        a scalar, or shape (...) for "none". The mean of no weight at all (every target ignored, an empty
        batch) is NaN.

    Raises:
        ValueError: logits, targets or an option are not as described; the message says what came.
    """
    check.reduction_word(reduction)
    logits = check.logits("logits", logits)
    a, total = _weighted_targets(logits, targets, weight, ignore_index, label_smoothing)
    losses = _surprisal(a, log_softmax(logits)).sum(axis=-1)
    return _reduce(losses, total, reduction)


def cross_entropy_gradient(
    logits, targets, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
) -> np.ndarray:
    r"""Gradient of :func:`cross_entropy` with respect to the logits, in nats per unit of logit.

    Implements :eq:`eq-gradient`: for the plain mean over N rows, (softmax(logits) − onehot) / N. Weights turn
    the target p into a = w p, and the row's gradient into softmax(logits) · Σ a − a.

    Args:
        logits: as in :func:`cross_entropy`.
        targets: as in :func:`cross_entropy`.
        weight: as in :func:`cross_entropy`.
        ignore_index: as in :func:`cross_entropy`; an ignored row has gradient 0.
        label_smoothing: as in :func:`cross_entropy`.
        reduction: "mean" or "sum": the gradient of that scalar. "none": of each row's loss with respect to
            its own logits; no row's loss depends on another's logits, so this is the array of "sum".

    Returns:
        array of shape (..., V). Where the mean is NaN because nothing has weight, the gradient is 0, as torch
        has it for a batch of ignored targets alone: padding moves no parameter.

    Raises:
        ValueError: as in :func:`cross_entropy`.
    """
    check.reduction_word(reduction)
    logits = check.logits("logits", logits)
    a, total = _weighted_targets(logits, targets, weight, ignore_index, label_smoothing)
    gradient = softmax(logits) * a.sum(axis=-1, keepdims=True) - a
    if reduction != "mean":
        return gradient
    return gradient / total if total > 0 else np.zeros_like(gradient)


def binary_cross_entropy(probabilities, targets, *, reduction="mean") -> np.ndarray:
    r"""Cross-entropy −y log q − (1 − y) log(1 − q), in nats, of forecasts q for yes-or-no targets y.

    Implements :eq:`eq-binary-cross-entropy`. A certain forecast that is wrong costs +inf;
    `torch.nn.functional.binary_cross_entropy` stops at 100.

    Args:
        probabilities: q, the probability given to a yes, any shape.
        targets: y, the same shape: 0 or 1, or anything between.
        reduction: "mean", "sum" or "none" (a loss for each forecast).

    Returns:
        a scalar, or the shape of `probabilities` for "none". The mean of nothing is NaN.

    Raises:
        ValueError: a value outside [0, 1], two shapes, or an unknown reduction.
    """
    check.reduction_word(reduction)
    q, y = check.probabilities("probabilities", probabilities), check.probabilities("targets", targets)
    check.same_shape("probabilities", q.shape, "targets", y.shape)
    with np.errstate(divide="ignore"):  # log 0 = −inf is the right answer here
        losses = _surprisal(y, np.log(q)) + _surprisal(1 - y, np.log1p(-q))
    return _reduce(losses, losses.size, reduction)


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean") -> np.ndarray:
    r"""Binary cross-entropy, in nats, of forecasts σ(z) = 1 / (1 + exp(−z)), from logits z.

    Implements :eq:`eq-binary-cross-entropy-with-logits`: log(1 + exp(z)) − y z, summed as
    y log(1 + exp(−z)) + (1 − y) log(1 + exp(z)), so that no difference of large numbers loses digits. σ(z) is
    never formed, and so the logarithm of a rounded 0 never taken.

    Args:
        logits: z, any shape; ±inf are the certain forecasts.
        targets: y, the same shape: 0 or 1, or anything between.
        reduction: "mean", "sum" or "none" (a loss for each forecast).

    Returns:
        a scalar, or the shape of `logits` for "none". The mean of nothing is NaN.

    Raises:
        ValueError: NaN logits, a target outside [0, 1], two shapes, or an unknown reduction.
    """
    check.reduction_word(reduction)
    z, y = check.binary_logits("logits", logits), check.probabilities("targets", targets)
    check.same_shape("logits", z.shape, "targets", y.shape)
    losses = _surprisal(y, _log_sigmoid(z)) + _surprisal(1 - y, _log_sigmoid(-z))
    return _reduce(losses, losses.size, reduction)


def _shifted(logits: np.ndarray) -> np.ndarray:
    """Logits whose largest is 0: softmax ignores a shift, and this one keeps exp in range."""
    with np.errstate(invalid="ignore"):  # a row of −inf alone gives −inf − −inf = NaN: no class is left
        return logits - logits.max(axis=-1, keepdims=True)


def _log_sigmoid(z: np.ndarray) -> np.ndarray:
    """Log of 1 / (1 + exp(−z)), as −log(exp(0) + exp(−z)), which cannot overflow."""
    return -np.logaddexp(0, -z)


def _surprisal(weight: np.ndarray, log_q: np.ndarray) -> np.ndarray:
    """Weighted surprisal −w log q, where weight 0 gives 0 even to log 0 = −∞."""
    return 0.0 - weight * np.where(weight > 0, log_q, 0.0)  # 0 − 0 is 0, where −0 would print a sign


def _weighted_targets(logits, targets, weight, ignore_index, label_smoothing):
    """Weigh the targets: the array a = w p, shape (..., V), and the total that the mean divides by."""
    targets = np.asarray(targets)
    num_classes, soft = logits.shape[-1], targets.dtype.kind == "f"
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=soft)
    check.targets_shape(targets.shape, targets.dtype, floating=soft, logits_shape=logits.shape)
    weight = np.ones(num_classes) if weight is None else check.class_weight("weight", weight, num_classes)

    if soft:
        p = smooth_targets(targets, num_classes, label_smoothing)
        return weight * p, np.prod(targets.shape[:-1])  # NB: the rows are counted, not weighed

    targets = check.class_indices("targets", targets, num_classes, ignore_index)
    kept = targets != ignore_index  # (...)
    targets = np.where(kept, targets, 0)  # any class will do for the ignored rows: they are zeroed next
    p = smooth_targets(targets, num_classes, label_smoothing) * kept[..., None]
    return weight * p, (weight[targets] * kept).sum()


def _reduce(losses: np.ndarray, total_weight: float, reduction: str) -> np.ndarray:
    """Give the losses themselves, their sum, or their sum over the total weight."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    return losses.sum() / total_weight if total_weight > 0 else np.float64(np.nan)  # the mean of nothing

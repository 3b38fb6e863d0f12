r"""The losses of :mod:`helpers.losses.reference` in PyTorch: the same names, arguments and numbers.

They run on any device and are differentiable by autograd. float64 stays float64; float16 and bfloat16 are
computed, and returned, in float32 (a bfloat16 loss near 36 can only move in steps of 0.25).

Values are checked before they are used; on an accelerator each check waits for the device. Where Python
cannot see them (inside `torch.compile` and the transforms of `torch.func`, on the device "meta"), only
shapes, dtypes and options are checked.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

import helpers.validation as check
from helpers.losses import linear


def softmax(logits) -> Tensor:
    """Probabilities of the classes, from logits. The same as :func:`helpers.losses.reference.softmax`."""
    exp = _shifted(_class_logits(logits)).exp()
    return exp / exp.sum(dim=-1, keepdim=True)


def log_softmax(logits) -> Tensor:
    """Log-probabilities of the classes, in nats. The same as :func:`helpers.losses.reference.log_softmax`."""
    return _log_softmax(_class_logits(logits))


def cross_entropy(
    logits, targets, *, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"
) -> Tensor:
    """Cross-entropy, in nats. The same as :func:`helpers.losses.reference.cross_entropy`."""
    check.reduction_word(reduction)
    logits = _class_logits(logits)
    targets = torch.as_tensor(targets, device=logits.device)
    soft = targets.is_floating_point()
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=soft)
    check.targets_shape(tuple(targets.shape), targets.dtype, floating=soft, logits_shape=tuple(logits.shape))
    weight = _class_weight(weight, logits)
    log_q = _log_softmax(logits)  # (..., V)
    if soft:
        return _soft_loss(log_q, targets, weight, label_smoothing, reduction)
    return _index_loss(log_q, targets, weight, ignore_index, label_smoothing, reduction)


def linear_cross_entropy(
    hidden,
    weight,
    targets,
    *,
    bias=None,
    ignore_index=-100,
    label_smoothing=0.0,
    z_loss=0.0,
    softcap=None,
    class_weight=None,
    reduction="mean",
    chunk=linear.CHUNK,
    tile=linear.TILE,
) -> Tensor:
    r"""Cross-entropy, in nats, of the logits of a linear layer, that are never all in memory of their own.

    With z = W h + b, or c tanh((W h + b) / c) under a softcap c, with L = log Σ exp(z), class weights ω,
    smoothing ε and z-loss ζ, a token whose target is t pays

    .. math:: \ell = (1 - ε)\,ω_t\,(L - z_t) + \frac{ε}{V} \sum_v ω_v\,(L - z_v) + ω_t\,ζ L^2.

    The first two terms are what :func:`cross_entropy` makes of z. The third, which keeps logits from
    drifting, is paid by each token too, and weighs what the token weighs. "mean" is Σ ℓ / Σ ω_t, "sum" is
    Σ ℓ, "none" is each ℓ; an ignored token pays 0 and weighs nothing. The mean of no weight at all is NaN,
    with gradients of 0.

    How it is done stands in :mod:`helpers.losses.linear`. Gradients are computed with the loss, if they are
    wanted; for "none" they wait for backward, which makes the logits a second time. What came with the loss
    is handed over, not kept: a second backward through it raises RuntimeError. So does a derivative of a
    gradient. Sums are in float32, or in float64 if `hidden` or `weight` is, under autocast too, and so is the
    loss; a gradient has the dtype of its tensor.

    Args:
        hidden: h, shape (..., D). A NaN in it, or in the weights, is not looked for: the loss is then NaN.
        weight: W, shape (V, D), as `torch.nn.Linear` has it.
        targets: classes, shape (...), each in [0, V) or `ignore_index`.
        bias: b, shape (V,), or None.
        ignore_index: the target that does not count.
        label_smoothing: ε, the share of each target that is spread evenly over the classes, 0 to 1.
        z_loss: ζ, what the square of log Σ exp costs, 0 or more.
        softcap: c, which no logit exceeds in size, more than 0; None for no such bound.
        class_weight: ω, shape (V,), or None for ones.
        reduction: "mean", "sum" or "none".
        chunk: how many tokens have memory for their logits. Up to D tokens, and up to four chunks, need none
            beside that of the gradient of `weight`: they come first, all at once.
        tile: how many classes of a chunk are computed at a time; of more tokens fewer are.

    Returns:
        A scalar, or for "none" one loss for each target, shape (...).

    Raises:
        ValueError: shapes that do not go together, a class that does not exist, an option outside its range.
    """
    check.reduction_word(reduction)
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=False)
    check.finite_number("z_loss", z_loss, zero=True)
    if softcap is not None:
        check.finite_number("softcap", softcap)
    check.whole_number("chunk", chunk)
    check.whole_number("tile", tile)
    hidden, weight, bias = _linear_layer(hidden, weight, bias)
    targets = torch.as_tensor(targets, device=hidden.device)
    check.index_dtype("targets", targets.dtype, integer=not targets.is_floating_point())
    logits_shape = (*hidden.shape[:-1], weight.shape[0])
    check.targets_shape(tuple(targets.shape), targets.dtype, floating=False, logits_shape=logits_shape)
    targets = _class_indices(targets, weight.shape[0], ignore_index)
    sums = torch.promote_types(torch.promote_types(hidden.dtype, weight.dtype), torch.float32)
    omega = _class_weight(
        class_weight, hidden.new_empty(logits_shape[-1:], dtype=sums), "class_weight"
    ).detach()
    terms = linear.Terms(omega, label_smoothing, z_loss, softcap, chunk, tile)
    return linear.reduced_loss(hidden, weight, bias, targets, targets != ignore_index, terms, reduction)


def binary_cross_entropy(probabilities, targets, *, reduction="mean") -> Tensor:
    """Cross-entropy of yes-or-no forecasts, in nats.

    The same as :func:`helpers.losses.reference.binary_cross_entropy`: +inf for a certain forecast that is
    wrong, where `torch.nn.functional.binary_cross_entropy` clamps the logarithm at −100.
    """
    check.reduction_word(reduction)
    q = _probabilities("probabilities", probabilities)
    y = _binary_targets(targets, "probabilities", q)
    # What does not count is replaced before its logarithm is taken: afterwards the gradient would be 0 · ∞.
    yes, no = torch.where(y > 0, q, 1.0), torch.where(y < 1, q, 0.0)
    losses = 0.0 - y * yes.log() - (1 - y) * torch.log1p(-no)
    return _reduce(losses, losses.new_tensor(losses.numel()), reduction)


def binary_cross_entropy_with_logits(logits, targets, *, reduction="mean") -> Tensor:
    """Binary cross-entropy from logits, in nats.

    The same as :func:`helpers.losses.reference.binary_cross_entropy_with_logits`.
    """
    check.reduction_word(reduction)
    z = _floating("logits", logits)
    z = _checked(~z.isnan(), check.binary_logits, "logits", z)
    y = _binary_targets(targets, "logits", z)
    losses = _surprisal(y, F.logsigmoid(z)) + _surprisal(1 - y, F.logsigmoid(-z))
    return _reduce(losses, losses.new_tensor(losses.numel()), reduction)


def _index_loss(log_q, targets, weight, ignore_index, label_smoothing, reduction) -> Tensor:
    """Loss of class indices: the surprisal of the class that came, from rows that are not ignored."""
    targets = _class_indices(targets, log_q.shape[-1], ignore_index)
    kept = targets != ignore_index  # (...)
    targets = torch.where(kept, targets, 0)  # gather needs some class for the ignored rows too
    row_weight = torch.where(kept, _pick(weight.expand_as(log_q), targets), 0.0)  # (...)
    losses = _surprisal((1 - label_smoothing) * row_weight, _pick(log_q, targets))
    if label_smoothing > 0:
        of_all = _surprisal(weight * label_smoothing / log_q.shape[-1], log_q).sum(dim=-1)  # (...)
        losses = losses + torch.where(kept, of_all, 0.0)
    return _reduce(losses, row_weight.sum(), reduction)


def _soft_loss(log_q, targets, weight, label_smoothing, reduction) -> Tensor:
    """Loss of class probabilities: the mean surprisal under the target distribution of each row."""
    p = _class_probabilities(targets).to(log_q.dtype)
    p = (1 - label_smoothing) * p + label_smoothing / p.shape[-1]
    losses = _surprisal(weight * p, log_q).sum(dim=-1)
    return _reduce(losses, losses.new_tensor(losses.numel()), reduction)  # NB: rows are counted, not weighed


def _pick(values: Tensor, classes: Tensor) -> Tensor:
    """From each row of `values`, shape (..., V), the entry of its class: shape (...)."""
    return values.gather(-1, classes.unsqueeze(-1)).squeeze(-1)


def _shifted(logits: Tensor) -> Tensor:
    """Logits whose largest is 0: softmax ignores a shift, so no gradient flows through it."""
    return logits - logits.detach().amax(dim=-1, keepdim=True)


def _log_softmax(logits: Tensor) -> Tensor:
    """Logits z less their log Σ exp(z), taken after the shift."""
    shifted = _shifted(logits)
    return shifted - shifted.exp().sum(dim=-1, keepdim=True).log()


def _surprisal(weight: Tensor, log_q: Tensor) -> Tensor:
    """Weighted surprisal −w log q, where weight 0 gives 0 even to log 0 = −∞."""
    return 0.0 - weight * torch.where(weight > 0, log_q, 0.0)  # 0 − 0 is 0, where −0 would print a sign


def _reduce(losses: Tensor, total_weight: Tensor, reduction: str) -> Tensor:
    """Give the losses themselves, their sum, or their sum over the total weight."""
    if reduction == "none":
        return losses
    if reduction == "sum":
        return losses.sum()
    # The mean of nothing is NaN, but with gradient 0: a batch of padding alone must not spoil the parameters.
    something = total_weight > 0
    return torch.where(something, losses.sum() / torch.where(something, total_weight, 1.0), torch.nan)


# Checks: shapes and dtypes through helpers.validation; values by one look on the tensor's own device.


def _real(name: str, values) -> Tensor:
    """`values` as a tensor of real numbers; lists and arrays become tensors, integers floats."""
    tensor = values if isinstance(values, Tensor) else torch.as_tensor(values)  # on its own device
    if tensor.is_complex():
        raise ValueError(f"{name} has dtype {tensor.dtype}; expected real numbers")
    return tensor if tensor.is_floating_point() else tensor.to(torch.get_default_dtype())


def _floating(name: str, values) -> Tensor:
    """`values` as a tensor of float32 or float64."""
    tensor = _real(name, values)
    return tensor.float() if tensor.dtype.itemsize < 4 else tensor


def _class_logits(values) -> Tensor:
    """`values` as logits, shape (..., V), without NaN or +inf."""
    logits = _floating("logits", values)
    check.class_axis("logits", tuple(logits.shape))
    ok = logits.amax(dim=-1) < torch.inf  # NaN wins every maximum, and compares as false
    return _checked(ok, check.logits, "logits", logits)


def _linear_layer(hidden, weight, bias) -> tuple[Tensor, Tensor, Tensor | None]:
    """States, shape (..., D), and the parameters of the layer, shapes (V, D) and (V,), in their dtypes."""
    hidden = _real("hidden", hidden)
    weight = _real("weight", torch.as_tensor(weight, device=hidden.device))
    check.linear_layer(tuple(hidden.shape), tuple(weight.shape))
    if bias is not None:
        bias = _real("bias", torch.as_tensor(bias, device=hidden.device))
        check.weight_shape("bias", tuple(bias.shape), weight.shape[0])
    return hidden, weight, bias


def _class_weight(values, logits: Tensor, name: str = "weight") -> Tensor:
    """`values` as one weight for each class, shape (V,), ones if there are none."""
    num_classes = logits.shape[-1]
    if values is None:
        return logits.new_ones(num_classes)
    weight = _floating(name, torch.as_tensor(values, device=logits.device))
    check.weight_shape(name, tuple(weight.shape), num_classes)
    ok = (weight >= 0) & (weight < torch.inf)
    return _checked(ok, check.class_weight, name, weight, num_classes).to(logits.dtype)


def _probabilities(name: str, values) -> Tensor:
    """`values` as probabilities of any shape."""
    p = _floating(name, values)
    return _checked((p >= 0) & (p <= 1), check.probabilities, name, p)


def _binary_targets(values, other_name: str, other: Tensor) -> Tensor:
    """`values` as targets between 0 and 1, in the shape and dtype of the forecasts."""
    y = torch.as_tensor(values, device=other.device)
    check.same_shape(other_name, tuple(other.shape), "targets", tuple(y.shape))
    return _probabilities("targets", y).to(other.dtype)


def _class_indices(targets: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """`targets` as int64: each a class, or `ignore_index`."""
    index = not (targets.is_complex() or targets.dtype == torch.bool)
    check.index_dtype("targets", targets.dtype, integer=index)
    targets = targets.long()
    ok = ((targets >= 0) & (targets < num_classes)) | (targets == ignore_index)
    return _checked(ok, check.class_indices, "targets", targets, num_classes, ignore_index)


def _class_probabilities(targets: Tensor) -> Tensor:
    """`targets` as distributions over the last axis."""
    tolerance = check.sum_tolerance(str(targets.dtype).removeprefix("torch."))  # of the dtype they came in
    p = _probabilities("targets", targets)
    ok = (p.sum(dim=-1) - 1).abs() <= tolerance
    return _checked(ok, check.distribution, "targets", p)


def _checked(ok: Tensor, explain, name: str, values: Tensor, *expected) -> Tensor:
    """`values`; if `ok` is false anywhere, the NumPy check `explain` raises its sentence about them."""
    if not (_values_are_hidden(ok) or ok.all()):
        explain(name, values.detach().cpu().numpy(), *expected)
    return values


def _values_are_hidden(tensor: Tensor) -> bool:
    """Whether Python cannot branch on the values of `tensor`, because they are still to come."""
    if torch.compiler.is_compiling() or tensor.is_meta:
        return True
    return torch._C._functorch.is_functorch_wrapped_tensor(tensor)  # inside vmap, grad …

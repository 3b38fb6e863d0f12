r"""Cross-entropy of classes that are spread over processes, each with the logits of its own.

A model whose vocabulary is large keeps a part of the last layer on each process (Shoeybi et al. 2019,
"Megatron-LM"). No process has all the logits z of a token, and none needs them. With the largest of them m,

.. math:: -\log p_t = \log \sum_v e^{z_v - m} - (z_t - m),

and each of the three is a maximum or a sum over the processes: of their largest logits, of their sums of
exponentials, and of the logit of the target, which one of them has while the others add 0.

NB: here the logits of a process are in memory all at once; :mod:`helpers.losses.linear` does without.
"""

import torch
import torch.distributed as dist
from torch import Tensor
from torch.autograd.function import once_differentiable

import helpers.validation as check


def shard(num_classes: int, rank: int, ranks: int) -> slice:
    """Classes whose logits are made on process `rank` of `ranks`; sizes differ by at most one.

    Raises:
        ValueError: fewer classes than processes, or no such process.
    """
    check.whole_number("ranks", ranks)
    check.whole_number("num_classes", num_classes)
    if num_classes < ranks:
        raise ValueError(f"num_classes is {num_classes} for {ranks} ranks; expected a class for each or more")
    if not 0 <= rank < ranks:
        raise ValueError(f"rank is {rank}; expected 0 to {ranks - 1}")
    return slice(rank * num_classes // ranks, (rank + 1) * num_classes // ranks)


def replicated(hidden: Tensor, *, group=None) -> Tensor:
    """Hidden states, the same on every process, as the input of a layer whose classes are spread.

    Forward it is `hidden` itself. Backward each process knows what its own classes ask of it, and the
    gradient is their sum over the processes: one all-reduce of the size of `hidden`.
    """
    return _Replicated.apply(hidden, group)


def vocabulary_parallel_cross_entropy(
    logits: Tensor,
    targets: Tensor,
    num_classes: int,
    *,
    group=None,
    ignore_index: int = -100,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
    together: bool = True,
) -> Tensor:
    """Cross-entropy, in nats, from the logits of one's own classes; the same on every process.

    The number is that of :func:`helpers.losses.pytorch.cross_entropy` from all the logits, and so is the
    gradient of one's own. float16 and bfloat16 are computed in float32. Every process calls it with the
    same targets and options. The mean of no token that counts is NaN. Implements :eq:`eq-spread-loss`.

    Args:
        logits: of the classes :func:`shard` gives this process, shape (..., classes).
        targets: classes out of all V, shape (...), or `ignore_index`.
        num_classes: V, of all processes together.
        group: the processes over which the classes are spread; all if None.
        ignore_index: the target that does not count.
        label_smoothing: the share of each target that is spread evenly over the V classes, 0 to 1.
        reduction: "mean", "sum" or "none".
        together: whether the sums travel in one message (two all-reduces in all) or each in its own.

    Raises:
        ValueError: logits of another shape, a class that does not exist, an option outside its range. The
            process that raises it leaves the others waiting.
    """
    check.reduction_word(reduction)
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=False)
    classes = shard(num_classes, dist.get_rank(group), dist.get_world_size(group))
    size = classes.stop - classes.start
    if logits.ndim == 0 or logits.shape[-1] != size:
        raise ValueError(
            f"logits have shape {tuple(logits.shape)}; expected (..., {size}), "
            f"for the classes {classes.start} to {classes.stop - 1} of this rank"
        )
    check.index_dtype("targets", targets.dtype, integer=not targets.is_floating_point())
    check.targets_shape(tuple(targets.shape), targets.dtype, floating=False, logits_shape=tuple(logits.shape))
    counts = targets != ignore_index
    if (counts & ((targets < 0) | (targets >= num_classes))).any():
        check.class_indices("targets", targets.cpu().numpy(), num_classes, ignore_index)
    wide = logits.flatten(0, -2) if logits.ndim > 1 else logits.unsqueeze(0)
    wide = wide.to(torch.promote_types(logits.dtype, torch.float32))
    losses = _SpreadLoss.apply(
        wide, targets.flatten(), classes.start, num_classes, label_smoothing, group, together
    )
    losses = torch.where(counts, losses.view(targets.shape), 0.0)
    if reduction == "none":
        return losses
    return losses.sum() / (counts.sum() if reduction == "mean" else 1)


class _Replicated(torch.autograd.Function):
    """The identity, whose gradient is summed over the processes."""

    @staticmethod
    def forward(ctx, hidden, group):
        ctx.group = group
        return hidden.view_as(hidden)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        total = upstream.contiguous().clone()
        dist.all_reduce(total, group=ctx.group)
        return total, None


class _SpreadLoss(torch.autograd.Function):
    """Loss of each token, in nats, shape (N,), from logits of the classes from `first` on, (N, classes)."""

    @staticmethod
    def forward(ctx, logits, targets, first, num_classes, smoothing, group, together):
        column = (targets - first).unsqueeze(1)
        here = (column >= 0) & (column < logits.shape[1])
        column = torch.where(here, column, 0)
        largest = logits.amax(dim=1, keepdim=True)
        dist.all_reduce(largest, dist.ReduceOp.MAX, group=group)
        z = logits - largest  # at most 0, and so is the target's, whose place all but one leave empty
        parts = [torch.where(here, z.gather(1, column), 0.0)]
        if smoothing > 0:
            parts.append(z.sum(dim=1, keepdim=True))
        exp = z.exp_()
        parts.append(exp.sum(dim=1, keepdim=True))
        of_target, *of_all, total = _over_ranks(parts, group, together)
        losses = total.log() - (1 - smoothing) * of_target
        for sum_of_logits in of_all:
            losses = losses - smoothing / num_classes * sum_of_logits
        ctx.save_for_backward(exp.div_(total), column, here)
        ctx.smoothing, ctx.num_classes = smoothing, num_classes
        return losses.squeeze(1)

    @staticmethod
    @once_differentiable
    def backward(ctx, upstream):
        """Softmax less target: no message, since each process has the softmax of its classes."""
        softmax, column, here = ctx.saved_tensors
        upstream = upstream.unsqueeze(1)
        gradient = (softmax - ctx.smoothing / ctx.num_classes) * upstream
        gradient.scatter_add_(1, column, torch.where(here, -(1 - ctx.smoothing) * upstream, 0.0))
        return gradient, None, None, None, None, None, None


def _over_ranks(parts: list[Tensor], group, together: bool):
    """Sum each part over the processes, in one message or in one for each."""
    messages = [torch.stack(parts)] if together else parts
    for message in messages:
        dist.all_reduce(message, group=group)
    return messages[0].unbind() if together else messages

"""The mean over tokens when they come in micro-batches, on one process or on many.

A mean of means is not the mean: a micro-batch with few tokens that count weighs as much as one with many.
What is added up are sums; what they are divided by is the number of tokens of all micro-batches of all
processes, which has to be known before the first backward.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

import torch
import torch.distributed as dist
from torch import Tensor


def backward_of_mean(
    sum_of_losses: Callable[[Tensor, Tensor], Tensor],
    micro_batches: Sequence[tuple[Tensor, Tensor]],
    *,
    ignore_index: int = -100,
    model=None,
) -> float:
    """Mean loss, in nats, of the tokens of all micro-batches; its gradients are added to the parameters.

    With a `model` the mean is over the tokens of all its processes; loss and gradients are those of one
    process that has all the micro-batches. `DistributedDataParallel` divides the sum of the gradients of R
    processes by R, so each loss is multiplied by R. The gradients travel once, with the last micro-batch.
    The processes may have different numbers of micro-batches and of tokens. Implements
    :eq:`eq-micro-batches`.

    Args:
        sum_of_losses: from inputs and targets the sum, not the mean, of the losses of the tokens that count;
            calls the model.
        micro_batches: inputs and targets of each; the targets are integers of any shape.
        ignore_index: the target that does not count.
        model: the `DistributedDataParallel` that `sum_of_losses` calls; None for one process alone.

    Raises:
        ValueError: no micro-batch on this process, or no token that counts on any.
    """
    if len(micro_batches) == 0:
        raise ValueError("micro_batches is empty; expected one or more")
    ranks, group = 1, None
    if model is not None:
        group = model.process_group
        ranks = dist.get_world_size(group)
    counts = torch.stack([(targets != ignore_index).sum() for _, targets in micro_batches])
    tokens = _over_ranks(counts.sum(), model is not None, group)
    if tokens == 0:
        raise ValueError(f"every target is ignore_index ({ignore_index}); expected a token that counts")
    totals = []
    for k, (inputs, targets) in enumerate(micro_batches, start=1):
        waits = model is not None and k < len(micro_batches)
        with model.no_sync() if waits else nullcontext():
            total = sum_of_losses(inputs, targets)
            (total * (ranks / tokens)).backward()
        totals.append(total.detach())
    return _over_ranks(torch.stack(totals).sum(), model is not None, group) / tokens


def _over_ranks(number: Tensor, spread: bool, group) -> float:
    """Sum one number over the processes, if there are several."""
    if spread:
        dist.all_reduce(number, group=group)
    return number.item()

r"""Softmax cross-entropy as one kernel: loss and gradient in two sweeps over the logits, in Triton.

A framework makes log-probabilities, which are as large as the logits, and later a gradient, as large again.
Here each row of logits is read twice, a block of classes at a time, by a program of its own:

- The first sweep keeps the largest logit so far and the sum of the exponentials below it, which is scaled
  down when a larger one comes (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
  At its end stand log Σ exp and the loss.
- The second sweep writes the gradient where the logits were: nothing of their size is allocated, as in Liger
  Kernel (Hsu et al. 2024).

On a GPU the kernel is compiled. Where there is none, Triton interprets it: the same lines run one program
after the other in Python, which suits a look at 64 rows of 8,000 classes, not a training. Triton is made for
Linux.
"""

import os

import torch
from torch import Tensor

import helpers.validation as check

INTERPRETED = not torch.cuda.is_available()
if INTERPRETED:
    os.environ["TRITON_INTERPRET"] = "1"  # Triton looks at it where a function is made a kernel's
try:
    import triton
    import triton.language as tl
except ImportError as error:
    raise ImportError(
        "helpers.losses.triton needs the package triton, which is made for Linux; "
        "helpers.losses.pytorch has the same loss for every machine"
    ) from error
largest_of, sum_of = tl.max, tl.sum
if INTERPRETED:  # torch.compile may have imported Triton before, and then these wait for a compiler
    largest_of, sum_of = triton.jit(tl.max.fn), triton.jit(tl.sum.fn)

BLOCK = 4096  # classes that a program holds at once

TWICE = "a gradient of the kernel's loss has no derivative: create_graph=True is not possible"


def cross_entropy(
    logits: Tensor, targets: Tensor, *, ignore_index=-100, label_smoothing=0.0, reduction="mean", block=BLOCK
) -> Tensor:
    """Cross-entropy of class indices, in nats; where a gradient is wanted, it overwrites the logits.

    The numbers are those of :func:`helpers.losses.pytorch.cross_entropy`. Sums are in float32, or in float64
    for float64 logits, and so is the loss; the gradient has the dtype of the logits. Autograd knows that they
    are gone: it raises RuntimeError where another step still needs them. A gradient has no derivative.

    Args:
        logits: shape (..., V), contiguous; −inf masks a class out. A NaN is not looked for: the loss is then
            NaN.
        targets: classes, shape (...), each in [0, V) or `ignore_index`.
        ignore_index: the target that does not count, and whose row gets the gradient 0.
        label_smoothing: the share of each target that is spread evenly over the classes, 0 to 1.
        reduction: "mean" over the targets that count (NaN if none does, with gradients of 0), "sum", "none".
        block: how many classes a program holds at once, a power of two.

    Returns:
        A scalar, or for "none" one loss for each target, shape (...).

    Raises:
        ValueError: shapes or dtypes that do not go together, a class that does not exist, an option outside
            its range, or logits that may not be overwritten: parameters, or in memory with gaps.
    """
    check.reduction_word(reduction)
    check.loss_options(ignore_index=ignore_index, label_smoothing=label_smoothing, soft_targets=False)
    check.whole_number("block", block)
    if block & (block - 1):
        raise ValueError(f"block is {block}; expected a power of two")
    _check_tensors(logits, targets, ignore_index)
    counts = (targets != ignore_index).flatten()
    classes = torch.where(counts, targets.flatten(), 0)  # each program reads some logit of its row
    weight = counts.to(torch.promote_types(logits.dtype, torch.float32))
    total = weight.sum()
    if reduction == "mean":
        weight /= total  # NaN if nothing counts, which is no weight above 0 either
    wanted = logits.requires_grad and torch.is_grad_enabled()
    rows = logits.view(-1, logits.shape[-1])
    losses = _CrossEntropy.apply(rows, classes, weight, label_smoothing, wanted, block)
    if reduction == "none":
        return losses.view(targets.shape)
    loss = losses.sum()
    return torch.where(total > 0, loss, torch.nan) if reduction == "mean" else loss


class _CrossEntropy(torch.autograd.Function):
    """Weight · loss of each row; the gradient of their sum stands where the logits were."""

    @staticmethod
    def forward(ctx, logits, classes, weight, smoothing, wanted, block):
        """Launch a program for each row, shape (N, V) in all."""
        losses = torch.empty_like(weight)
        block = min(block, triton.next_power_of_2(logits.shape[1]))
        sums = tl.float64 if weight.dtype == torch.float64 else tl.float32
        _one_row[(len(logits),)](
            logits, classes, weight, losses, logits.shape[1], smoothing, wanted, smoothing > 0, sums, block
        )
        if wanted:
            torch.autograd.graph.increment_version(logits)  # what a kernel writes, autograd does not see
            ctx.save_for_backward(logits)
        return losses

    @staticmethod
    def backward(ctx, upstream):
        """Hand the gradient over, after one more sweep if the loss was made into something else."""
        if torch.is_grad_enabled():
            raise RuntimeError(TWICE)
        gradient = ctx.saved_tensors[0].detach()
        if not (upstream == 1).all():
            gradient.mul_(upstream.unsqueeze(1))
        return gradient, None, None, None, None, None


@triton.jit
def _one_row(
    Logits,  # shape (N, V); overwritten by the gradient if GRADIENT
    Classes,  # shape (N,), each in [0, V)
    Weight,  # shape (N,): what a row's loss is multiplied by, 0 for a row that does not count
    Losses,  # shape (N,): written
    V,
    smoothing,
    GRADIENT: tl.constexpr,  # whether one is wanted
    SMOOTH: tl.constexpr,  # whether smoothing is above 0
    SUMS: tl.constexpr,  # the dtype of what is summed
    BLOCK: tl.constexpr,  # classes at once
):
    """Loss and gradient of one row."""
    row = tl.program_id(0).to(tl.int64)
    z_row = Logits + row * V
    target = tl.load(Classes + row)
    weight = tl.load(Weight + row)
    largest = tl.full((), -3.4e38, SUMS)  # −∞ less −∞ would be NaN
    total = tl.full((), 0.0, SUMS)  # Σ exp(z − largest)
    of_all = tl.full((), 0.0, SUMS)  # Σ z
    for start in range(0, V, BLOCK):
        v = start + tl.arange(0, BLOCK)
        z = tl.load(z_row + v, mask=v < V, other=-float("inf")).to(SUMS)
        new = tl.maximum(largest, largest_of(z, 0))
        total = total * tl.exp(largest - new) + sum_of(tl.exp(z - new), 0)
        largest = new
        if SMOOTH:
            of_all += sum_of(tl.where(v < V, z, 0.0), 0)

    log_sum = largest + tl.log(total)
    loss = log_sum - (1 - smoothing) * tl.load(z_row + target).to(SUMS)
    if SMOOTH:
        loss -= smoothing / V * of_all
    tl.store(Losses + row, tl.where(weight > 0, weight * loss, 0.0))

    if GRADIENT:
        for start in range(0, V, BLOCK):
            v = start + tl.arange(0, BLOCK)
            z = tl.load(z_row + v, mask=v < V, other=0.0).to(SUMS)
            p = tl.exp(z - log_sum)  # the softmax
            d_z = p - smoothing / V - tl.where(v == target, 1 - smoothing, 0.0)
            tl.store(z_row + v, tl.where(weight > 0, weight * d_z, 0.0), mask=v < V)


def _check_tensors(logits: Tensor, targets: Tensor, ignore_index: int) -> None:
    """Raise ValueError unless the tensors go together, and the logits may be overwritten."""
    if not logits.is_floating_point():
        raise ValueError(f"logits has dtype {logits.dtype}; expected floating-point numbers")
    check.class_axis("logits", tuple(logits.shape))
    check.index_dtype("targets", targets.dtype, integer=not targets.is_floating_point())
    check.targets_shape(tuple(targets.shape), targets.dtype, floating=False, logits_shape=tuple(logits.shape))
    check.class_indices("targets", targets.cpu().numpy(), logits.shape[-1], ignore_index)
    if not logits.is_contiguous():
        raise ValueError(f"logits has strides {logits.stride()}; expected contiguous memory to write into")
    if logits.is_leaf and logits.requires_grad and torch.is_grad_enabled():
        raise ValueError("logits is a parameter; expected what a layer returned, since it is overwritten")

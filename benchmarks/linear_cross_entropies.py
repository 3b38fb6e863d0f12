"""Ways to the mean cross-entropy of a linear head, to be raced: `f(hidden, weight, targets)`, in nats.

Two published algorithms stand here in short PyTorch of our own, since their packages need a GPU:

- Liger Kernel (Hsu et al. 2024, arXiv:2410.10989; github.com/linkedin/Liger-Kernel,
  src/liger_kernel/ops/fused_linear_cross_entropy.py): the logits of a chunk of tokens turn into their
  gradient, while the loss is computed. A chunk is so long that its logits take about as much memory as all
  hidden states do.
- Cut Cross-Entropy (Wijmans et al. 2024, arXiv:2411.09009; github.com/apple/ml-cross-entropy): a block of
  logits at a time is reduced to its log Σ exp and forgotten; backward makes each block again. The filter that
  leaves out blocks whose gradient is too small for bfloat16 is left out here, where sums are in float32.
"""

from functools import cache, partial

import torch
from torch.nn import functional as F

from helpers.losses.pytorch import linear_cross_entropy

CUT_TOKENS, CUT_CLASSES = 512, 2048  # a block of Cut Cross-Entropy, for a cache of 4 MB


def eager(hidden, weight, targets):
    """All the logits, as one writes it first."""
    return F.cross_entropy(F.linear(hidden, weight), targets)


@cache
def compiler():
    """`eager` through torch.compile, which is asked for it when it is first called."""
    return torch.compile(eager)


def compiled(hidden, weight, targets):
    """Let the compiler fuse what surrounds the products of matrices."""
    return compiler()(hidden, weight, targets)


def torch_chunked(hidden, weight, targets, **options):
    """PyTorch's own fused function; without options it is `eager` under another name."""
    return F.linear_cross_entropy(
        hidden, weight, targets, options=torch.nn.LinearCrossEntropyOptions(**options)
    )


class Liger(torch.autograd.Function):
    """Chunks of tokens; the gradients are computed with the loss."""

    @staticmethod
    def forward(ctx, hidden, weight, targets):
        """Compute the loss, and the gradients with it."""
        (tokens, width), classes = hidden.shape, len(weight)
        chunk = next_power_of_2(ceil_div(tokens, ceil_div(classes, width)))
        loss = hidden.new_zeros(())
        d_hidden, d_weight = torch.empty_like(hidden), torch.zeros_like(weight)
        for h, t, d_h in zip(*(x.split(chunk) for x in (hidden, targets, d_hidden)), strict=True):
            z = h @ weight.T
            of_target = z.gather(1, t.unsqueeze(1))
            log_sum = z.logsumexp(1, keepdim=True)
            loss += (log_sum - of_target).sum() / tokens
            d_z = z.sub_(log_sum).exp_()
            d_z.scatter_add_(1, t.unsqueeze(1), -torch.ones_like(of_target)).div_(tokens)
            torch.mm(d_z, weight, out=d_h)
            d_weight.addmm_(d_z.T, h)
        ctx.save_for_backward(d_hidden, d_weight)
        return loss

    @staticmethod
    def backward(ctx, upstream):
        """Hand over the gradients."""
        d_hidden, d_weight = ctx.saved_tensors
        if upstream != 1:
            d_hidden, d_weight = d_hidden * upstream, d_weight * upstream
        return d_hidden, d_weight, None


class Cut(torch.autograd.Function):
    """Blocks of tokens and classes; log Σ exp alone is kept, and the logits are made a second time."""

    @staticmethod
    def forward(ctx, hidden, weight, targets):
        """Reduce each block of logits to its share of log Σ exp."""
        log_sum = hidden.new_full((len(hidden),), -torch.inf)
        for h, total in zip(hidden.split(CUT_TOKENS), log_sum.split(CUT_TOKENS), strict=True):
            for w in weight.split(CUT_CLASSES):
                torch.logaddexp(total, (h @ w.T).logsumexp(1), out=total)
        of_target = torch.linalg.vecdot(hidden, weight[targets])
        ctx.save_for_backward(hidden, weight, targets, log_sum)
        return (log_sum - of_target).mean()

    @staticmethod
    def backward(ctx, upstream):
        """Make each block again, and the gradients of it."""
        hidden, weight, targets, log_sum = ctx.saved_tensors
        d_hidden, d_weight = torch.zeros_like(hidden), torch.zeros_like(weight)
        rows = (x.split(CUT_TOKENS) for x in (hidden, log_sum.unsqueeze(1), d_hidden))
        for h, total, d_h in zip(*rows, strict=True):
            for w, d_w in zip(weight.split(CUT_CLASSES), d_weight.split(CUT_CLASSES), strict=True):
                d_z = (h @ w.T).sub_(total).exp_().mul_(upstream / len(hidden))
                d_h.addmm_(d_z, w)
                d_w.addmm_(d_z.T, h)
        share = upstream / len(hidden)
        d_weight.index_add_(0, targets, hidden * -share)
        return d_hidden.sub_(weight[targets] * share), d_weight, None


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def next_power_of_2(n: int) -> int:
    return 1 << (n - 1).bit_length()


ALTERNATIVES = {
    "eager": eager,
    "torch.compile": compiled,
    "torch's own": F.linear_cross_entropy,
    "torch's own, chunks": torch_chunked,
    **{
        f"torch's own, chunk {n}": partial(torch_chunked, batch_chunk_size=n, chunking_method=None)
        for n in (64, 256, 1024)
    },
    "Liger's algorithm": Liger.apply,
    "Cut Cross-Entropy": Cut.apply,
    "ours": linear_cross_entropy,
    **{f"ours, chunk {n}": partial(linear_cross_entropy, chunk=n) for n in (64, 1024)},
}

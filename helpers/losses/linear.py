r"""How :func:`helpers.losses.pytorch.linear_cross_entropy` does without the logits.

The last step of a language model makes N × V logits of N hidden states, and reduces them to one number a
token. They are often the largest tensor of a training step; their softmax and their gradient are as large
again. Nothing of them is needed later: the loss wants their log Σ exp, the gradients two products with them.
So they come and go:

- *Chunks of tokens.* Only the logits of a chunk are held, in memory that the next chunk overwrites.
- *Tiles of the vocabulary.* They are made, and used up, a tile of classes at a time, which fits into the
  cache of a processor.
- *Online log Σ exp.* After each tile a token knows the largest logit so far, and the sum of the exponentials
  below it. When a larger one comes, that sum is scaled down. After the last tile it is the divisor of the
  softmax (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax").
- *Gradients with the loss.* Each tile that is held turns into its gradient, and the two products with it are
  added up: three products of matrices in all, as many as a linear layer costs forward and backward.

NB: on a GPU the same is done there, one operation after the other; a kernel that does a whole tile at once
(Liger, Cut Cross-Entropy) is faster. Half precision is widened before it is multiplied.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 256  # tokens
TILE = 1024  # classes: for the tokens of a chunk a megabyte

USED_UP = (
    "linear_cross_entropy computed its gradients with the loss, and the first backward has handed them over: "
    "compute the loss again for a second one"
)
TWICE = "a gradient of linear_cross_entropy has no derivative: create_graph=True is not possible"


@dataclass(frozen=True)
class Terms:
    r"""What the loss ℓ of a token, in nats, is made of, and how much is computed at a time.

    Beside ℓ, which stands in :func:`helpers.losses.pytorch.linear_cross_entropy`, its gradient is needed.
    Since the derivative of L = log Σ exp(z) is the softmax p,

    .. math:: \frac{∂\ell}{∂z_v} = a\,p_v - \frac{ε}{V}\,ω_v - (1 - ε)\,ω_t\,[v = t],
              \quad a = (1 - ε)\,ω_t + \frac{ε}{V} \sum_v ω_v + 2\,ω_t\,ζ L

    and a softcap c, by which z = c tanh(r/c), multiplies it by 1 − (z/c)².
    """

    class_weight: Tensor  # ω, shape (V,), in the dtype of the sums
    smoothing: float  # ε
    z_loss: float  # ζ
    softcap: float | None  # c
    chunk: int  # tokens
    tile: int  # classes


def reduced_loss(hidden, weight, bias, targets, counts, terms: Terms, reduction: str) -> Tensor:
    """Mean, sum or each of the losses ℓ, in nats, of the tokens that count; the inputs were checked."""
    rows = counts.flatten().nonzero().squeeze(1)
    classes = targets.flatten()[rows]
    states = hidden.reshape(-1, hidden.shape[-1])
    if len(rows) < len(states):
        states = states.index_select(0, rows)
    layer = states, weight, bias
    wanted = [x is not None and x.requires_grad and torch.is_grad_enabled() for x in layer]
    with torch.autocast(hidden.device.type, enabled=False):
        if reduction == "none":
            losses = _LinearCrossEntropy.apply(*layer, classes, terms, None, wanted)
            return losses.new_zeros(targets.numel()).index_copy(0, rows, losses).view(targets.shape)
        of_target = terms.class_weight[classes]
        if reduction == "sum":
            return _LinearCrossEntropy.apply(*layer, classes, terms, torch.ones_like(of_target), wanted)
        total = of_target.sum()
        something = total > 0
        share = torch.where(something, 1 / total, 0.0).expand_as(of_target)
        mean = _LinearCrossEntropy.apply(*layer, classes, terms, share, wanted)
        return torch.where(something, mean, torch.nan)


class _LinearCrossEntropy(torch.autograd.Function):
    """Σ scale · ℓ with its gradients; without a scale each ℓ, whose gradients wait for backward."""

    @staticmethod
    def forward(ctx, hidden, weight, bias, targets, terms, scale, wanted):
        """Compute the losses, and the gradients with them if there is a scale."""
        inputs = hidden, weight, bias
        ctx.terms, ctx.wanted, ctx.each = terms, wanted, scale is None
        if ctx.each:
            ctx.save_for_backward(*inputs, targets)
            return losses_and_gradients(*inputs, targets, terms, None, (False, False, False))[0]
        losses, ctx.gradients = losses_and_gradients(*inputs, targets, terms, scale, wanted)
        return (scale * losses).sum()

    @staticmethod
    def backward(ctx, upstream):
        """Hand over the gradients, or compute them now that it is known what each loss counts."""
        if torch.is_grad_enabled():
            raise RuntimeError(TWICE)
        if ctx.each:
            *inputs, targets = ctx.saved_tensors
            gradients = losses_and_gradients(*inputs, targets, ctx.terms, upstream, ctx.wanted)[1]
        else:
            gradients, ctx.gradients = ctx.gradients, None  # what is kept here would be copied
            if gradients is None:
                raise RuntimeError(USED_UP)
            if upstream != 1:
                gradients = [None if x is None else x.mul_(upstream) for x in gradients]
        return *gradients, None, None, None, None  # autograd casts each to the dtype of its tensor


class OnlineLogSumExp:
    """Log Σ exp, in nats, of logits that come a tile at a time, for each of c tokens."""

    def __init__(self, zeros: Tensor):
        self.largest = zeros + torch.finfo(zeros.dtype).min  # −∞ would be NaN less itself
        self.total = zeros  # Σ exp(logit − largest)

    def see(self, logits: Tensor, scratch: Tensor) -> None:
        """Take in a tile of logits (in nats), shape (c, classes); `scratch` is memory of that shape."""
        largest = torch.maximum(self.largest, logits.amax(dim=1, keepdim=True))
        exp = torch.sub(logits, largest, out=scratch).exp_()
        self.total = self.total * (self.largest - largest).exp() + exp.sum(dim=1, keepdim=True)
        self.largest = largest

    @property
    def value(self) -> Tensor:
        """Log Σ exp of all that was seen, in nats, shape (c, 1)."""
        return self.largest + self.total.log()


@dataclass(frozen=True)
class _Chunk:
    """Some tokens, their targets, and the linear layer that makes their logits."""

    hidden: Tensor  # h, shape (c, D), in the dtype of the sums
    targets: Tensor  # t, shape (c, 1)
    weight: Tensor  # W, shape (V, D)
    bias: Tensor | None  # b, shape (V,)
    terms: Terms

    def losses(self, tiles, scratch: Tensor) -> tuple[Tensor, Tensor]:
        """Loss ℓ of each token, and L, both of shape (c, 1); the tiles then hold logits."""
        smoothing, omega = self.terms.smoothing, self.terms.class_weight
        zeros = self.hidden.new_zeros(len(self.hidden), 1)
        seen, of_target, of_all = OnlineLogSumExp(zeros), zeros, zeros  # L, z_t, Σ ω z
        for classes, z in tiles:
            self._logits(classes, out=z)
            here, column = self._column(classes)
            of_target = torch.where(here, z.gather(1, column), of_target)
            if smoothing > 0:
                of_all = of_all + z @ omega[classes].unsqueeze(1)
            seen.see(z, scratch[: z.numel()].view_as(z))
        log_sum = seen.value
        losses = (1 - smoothing) * (log_sum - of_target) + self.terms.z_loss * log_sum.square()
        losses = omega[self.targets] * losses
        if smoothing > 0:
            losses += smoothing / len(omega) * (omega.sum() * log_sum - of_all)
        return losses, log_sum

    def gradients(self, tiles, log_sum: Tensor, scale: Tensor, scratch: Tensor):
        """Turn each tile of logits into the derivatives of scale · ℓ by them; L is `log_sum`."""
        smoothing, omega, softcap = self.terms.smoothing, self.terms.class_weight, self.terms.softcap
        even = smoothing / len(omega)
        of_target = (1 - smoothing) * omega[self.targets]
        of_softmax = of_target + even * omega.sum() + 2 * self.terms.z_loss * omega[self.targets] * log_sum
        for classes, z in tiles:
            if softcap is not None:
                slope = torch.div(z, softcap, out=scratch[: z.numel()].view_as(z)).square_().neg_().add_(1)
            d_z = z.sub_(log_sum).exp_().mul_(scale * of_softmax)
            if smoothing > 0:
                d_z.addmm_(scale, omega[classes].unsqueeze(0), alpha=-even)
            here, column = self._column(classes)
            d_z.scatter_add_(1, column, torch.where(here, -scale * of_target, 0.0))
            if softcap is not None:
                d_z.mul_(slope)
            yield classes, d_z

    def _logits(self, classes: slice, out: Tensor) -> None:
        """Write z of some classes, shape (c, classes), into `out`."""
        columns = self.weight[classes].to(self.hidden.dtype).T
        if self.bias is None:
            torch.mm(self.hidden, columns, out=out)
        else:
            torch.addmm(self.bias[classes].to(self.hidden.dtype), self.hidden, columns, out=out)
        if self.terms.softcap is not None:
            out.div_(self.terms.softcap).tanh_().mul_(self.terms.softcap)

    def _column(self, classes: slice) -> tuple[Tensor, Tensor]:
        """Whether a target is among some classes, and at which place (any, if not), shape (c, 1) each."""
        column = self.targets - classes.start
        size = classes.stop - classes.start
        return (column >= 0) & (column < size), column.clamp(0, size - 1)


def losses_and_gradients(hidden, weight, bias, targets, terms, scale, wanted) -> tuple[Tensor, list]:
    """Loss ℓ of each token, in nats, shape (N,), and the gradients of Σ scale · ℓ that are wanted.

    Args:
        hidden: h, shape (N, D).
        weight: W, shape (V, D).
        bias: b, shape (V,), or None; the logits before a softcap are W h + b.
        targets: t, shape (N,), each a class.
        terms: what a token pays.
        scale: shape (N,), or None where no gradient is wanted.
        wanted: whether the gradient of hidden, of weight, of bias is; the others are None.
    """
    dtype = terms.class_weight.dtype
    losses = hidden.new_empty(len(hidden), dtype=dtype)
    # The gradient of W is as large as W: the first chunk writes it, and no zeros are written before.
    make = torch.Tensor.new_empty if len(hidden) > 0 else torch.Tensor.new_zeros
    d_hidden = hidden.new_zeros(hidden.shape, dtype=dtype) if wanted[0] else None
    d_weight = make(weight, weight.shape, dtype=dtype) if wanted[1] else None
    d_bias = bias.new_zeros(bias.shape, dtype=dtype) if wanted[2] else None
    tokens, tile = min(terms.chunk, len(hidden)), min(terms.tile, len(weight))
    scratch = hidden.new_empty(tokens * tile, dtype=dtype)
    memory = hidden.new_empty(tokens * (len(weight) if any(wanted) else tile), dtype=dtype)
    for start in range(0, len(hidden), terms.chunk):
        rows = slice(start, start + terms.chunk)
        chunk = _Chunk(hidden[rows].to(dtype), targets[rows].unsqueeze(1), weight, bias, terms)
        tiles = list(_tiles_of(memory, len(chunk.hidden), len(weight), tile, keep=any(wanted)))
        of_chunk, log_sum = chunk.losses(tiles, scratch)
        losses[rows] = of_chunk.squeeze(1)
        if not any(wanted):
            continue
        for classes, d_z in chunk.gradients(tiles, log_sum, scale[rows].to(dtype).unsqueeze(1), scratch):
            if d_hidden is not None:
                d_hidden[rows].addmm_(d_z, weight[classes].to(dtype))
            if d_weight is not None:
                d_weight[classes].addmm_(d_z.T, chunk.hidden, beta=float(start > 0))
            if d_bias is not None:
                d_bias[classes] += d_z.sum(dim=0)
    return losses, [d_hidden, d_weight, d_bias]


def _tiles_of(memory: Tensor, tokens: int, num_classes: int, tile: int, *, keep: bool):
    """Yield some classes and memory for their logits, the same for all of them unless they are kept."""
    for v in range(0, num_classes, tile):
        classes = slice(v, min(v + tile, num_classes))
        place = tokens * v if keep else 0
        size = classes.stop - v
        yield classes, memory[place : place + tokens * size].view(tokens, size)

r"""How :func:`helpers.losses.pytorch.linear_cross_entropy` does without the logits.

The last step of a language model makes N × V logits of N hidden states, and reduces them to one number a
token. They are often the largest tensor of a training step; their softmax and their gradient are as large
again. Nothing of them is needed later: the loss wants their log Σ exp, the gradients two products with them.
So they come and go:

- *Chunks of tokens.* Only the logits of a chunk are held, in memory that the next chunk overwrites.
- *Tiles of the vocabulary.* They are made, and used up, a tile of classes at a time, which fits into the
  cache of a processor.
- *Online log Σ exp.* After each tile a token knows a reference, one of the largest logits so far, and the sum
  of the exponentials of all of them less it. When a much larger one comes, it is the next reference, and that
  sum is scaled down. After the last tile it is the divisor of the softmax (Milakov and Gimelshein 2018,
  "Online normalizer calculation for softmax"; any larger one is the next reference there. To wait for a much
  larger one is the conditional rescaling of FlashAttention-4, Zadouri et al. 2026, arXiv:2603.05451).
- *Gradients with the loss.* The exponentials of a tile stay where its logits were. Their product with the
  weights is added up at once, and scaled down as their sum is. When log Σ exp is known, their product with
  the hidden states follows. These are three products of matrices, as many as a linear layer costs forward
  and backward. What the target takes off is one row for each token.
- *Memory that is there already.* The gradient of the weights has D numbers for a class, and is not needed
  before the exponentials of the first chunk are. So these stay in its memory, if they are of D tokens or
  fewer, each tile where the gradient of the tile before it will be. That gradient is computed from the last
  tile to the first: none is written before the exponentials in its place are used up.

NB: on a GPU the same is done there, one operation after the other; a kernel that does a whole tile at once
(Liger, Cut Cross-Entropy) is faster. Half precision is widened before it is multiplied.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

CHUNK = 256  # tokens
TILE = 3968  # classes: for the tokens of a chunk four megabytes. Rows of 2^k numbers would be slow in a cache
ROUND = 64  # classes: rows of whole multiples of it begin where vectors of numbers do
BITS = math.log2(math.e)  # in a nat
MARGIN = 16  # nats above its reference that make a logit the next one: sums of e^16 are far from overflowing
IN_PLACE = 4  # chunks, at most, that are one where the gradient will be: tiles of few classes are slow

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

    and a softcap c, by which z = c tanh(r/c), multiplies it by its slope 1 − (z/c)². The three terms are
    added up apart. The second is of rank one, unless slopes multiply it: then it takes two more products.
    """

    class_weight: Tensor  # ω, shape (V,), in the dtype of the sums
    smoothing: float  # ε
    z_loss: float  # ζ
    softcap: float | None  # c
    chunk: int  # tokens
    tile: int  # classes

    def slope(self, z: Tensor) -> Tensor | None:
        """Derivative 1 − (z/c)², without a unit, of logits z in nats under a softcap; None without one."""
        return None if self.softcap is None else torch.div(z, self.softcap).square_().neg_().add_(1)


def reduced_loss(hidden, weight, bias, targets, counts, terms: Terms, reduction: str) -> Tensor:
    """Mean, sum or each of the losses ℓ, in nats, of the tokens that count; the inputs were checked."""
    rows = counts.flatten().nonzero().squeeze(1)
    classes = targets.flatten()[rows]
    states = hidden.reshape(-1, hidden.shape[-1])
    if len(rows) < len(states):
        states = states.index_select(0, rows)
    layer = states, weight, bias
    wanted = [x is not None and x.requires_grad and torch.is_grad_enabled() for x in layer]
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
    """Log Σ exp, in nats, of logits that come a tile at a time, for each of c tokens.

    Any reference near the largest logit will do. While it stays, sums need not be scaled down.
    """

    def __init__(self, zeros: Tensor):
        self.reference = zeros + torch.finfo(zeros.dtype).min  # −∞ would be NaN less itself
        self.total = zeros  # Σ exp(logit − reference)

    def see(self, logits: Tensor) -> Tensor | None:
        """Take in a tile of logits (in nats), shape (c, classes), and leave exp(logit − reference) there.

        Returns:
            By how much sums over the tiles before are scaled down, shape (c, 1); None where none is.
        """
        shrink = self._move(logits.amax(dim=1, keepdim=True))
        # e^x as a power of 2, since exp_ is two or three times as slow as exp2_ on some processors.
        exp = logits.sub_(self.reference).mul_(BITS).exp2_()
        self.total = self.total + exp.sum(dim=1, keepdim=True)
        return shrink

    def _move(self, largest: Tensor) -> Tensor | None:
        """Make those logits references, shape (c, 1), that are far above theirs, and scale the sums down."""
        above = largest > self.reference + MARGIN
        if largest.device.type == "cpu" and not above.any():  # another device would have to be waited for
            return None
        reference = torch.where(above, largest, self.reference)
        shrink = (self.reference - reference).exp()
        self.reference, self.total = reference, self.total * shrink
        return shrink

    @property
    def value(self) -> Tensor:
        """Log Σ exp of all that was seen, in nats, shape (c, 1)."""
        return self.reference + self.total.log()


@dataclass(frozen=True)
class Gradients:
    """Derivatives of Σ scale · ℓ, in nats, in the dtype of the sums; None where one is not wanted."""

    hidden: Tensor | None  # for h, shape (N, D)
    weight: Tensor | None  # for W, shape (V, D)
    bias: Tensor | None  # for b, shape (V,)

    @property
    def wanted(self) -> bool:
        """Whether there is any (they are in nats)."""
        return not (self.hidden is self.weight is self.bias is None)


class _Chunk:
    """Some tokens on their way over the vocabulary, tile after tile."""

    def __init__(self, hidden, targets, weight, bias, terms: Terms, scale):
        self.hidden = hidden.to(terms.class_weight.dtype)  # h, shape (c, D)
        self.targets = targets  # t, shape (c,)
        self.weight, self.bias = weight, bias  # W and b
        self.terms = terms
        self.scale = scale  # what each loss counts, shape (c, 1)
        zeros = self.hidden.new_zeros(len(hidden), 1)
        self.seen = OnlineLogSumExp(zeros)  # L
        self.of_target, self.of_all = zeros, zeros  # z_t and Σ ω z
        self.smoothed = zeros  # the second term's derivative for h, if there is a softcap

    def see(self, classes: slice, z: Tensor, gradients: Gradients) -> Tensor:
        """Make the logits of some classes in `z`, shape (c, classes), and leave exp(z − reference) · slope.

        `gradients.hidden` adds up the products of these with the weights.

        Returns:
            The reference, shape (c, 1).
        """
        smoothing, omega = self.terms.smoothing, self.terms.class_weight
        weight = self.weight[classes].to(self.hidden.dtype)
        self._logits(weight, classes, out=z)
        column = self.targets.unsqueeze(1) - classes.start
        here = (column >= 0) & (column < z.shape[1])
        self.of_target = torch.where(here, z.gather(1, column.clamp(0, z.shape[1] - 1)), self.of_target)
        if smoothing > 0:
            self.of_all = self.of_all + z @ omega[classes].unsqueeze(1)
        slope = self.terms.slope(z) if gradients.wanted else None
        shrink = self.seen.see(z)
        if slope is not None:
            z.mul_(slope)
            if smoothing > 0:
                self._smooth(slope, classes, weight, gradients)
        if gradients.hidden is not None:
            if shrink is not None:
                gradients.hidden.mul_(shrink)
            gradients.hidden.addmm_(z, weight)
        return self.seen.reference

    def losses(self) -> Tensor:
        """Loss ℓ of each token, in nats, shape (c,), when all classes were seen."""
        smoothing, omega, log_sum = self.terms.smoothing, self.terms.class_weight, self.seen.value
        losses = (1 - smoothing) * (log_sum - self.of_target) + self.terms.z_loss * log_sum.square()
        losses = omega[self.targets].unsqueeze(1) * losses
        if smoothing > 0:
            losses += smoothing / len(omega) * (omega.sum() * log_sum - self.of_all)
        return losses.squeeze(1)

    def add_to(self, gradients: Gradients, tiles, references, *, first: bool) -> None:
        """Complete `gradients.hidden`, and add to the others what the softmax and the targets ask.

        Args:
            gradients: as :meth:`see` left them.
            tiles: what :meth:`see` was given, (classes, z).
            references: what it returned for each.
            first: whether `gradients.weight` holds no sum yet, but exponentials.
        """
        smoothing, omega, log_sum = self.terms.smoothing, self.terms.class_weight, self.seen.value
        of_token = self.scale * omega[self.targets].unsqueeze(1)
        of_softmax = (1 - smoothing + 2 * self.terms.z_loss * log_sum) * of_token  # a, scaled
        of_softmax += smoothing / len(omega) * omega.sum() * self.scale
        of_target = (smoothing - 1) * of_token
        if (slope := self.terms.slope(self.of_target)) is not None:
            of_target *= slope
        if gradients.hidden is not None:
            gradients.hidden.mul_(of_softmax / self.seen.total).add_(self.smoothed)
            gradients.hidden.addcmul_(of_target, self.weight[self.targets].to(self.hidden.dtype))
        scaled = torch.empty_like(self.hidden)  # in the same memory each time: pages of new memory take time
        scaled_for = None
        for (classes, exp), reference in zip(reversed(tiles), reversed(references), strict=True):
            if reference is not scaled_for:
                scaled_for, share = reference, of_softmax * (reference - log_sum).exp()
                torch.mul(share, self.hidden, out=scaled)
            if gradients.weight is not None:
                gradients.weight[classes].addmm_(exp.T, scaled, beta=0 if first else 1)
            if gradients.bias is not None:
                gradients.bias[classes] += (exp.T @ share).squeeze(1)
        if gradients.weight is not None:
            gradients.weight.index_add_(0, self.targets, torch.mul(of_target, self.hidden, out=scaled))
        if gradients.bias is not None:
            gradients.bias.index_add_(0, self.targets, of_target.squeeze(1))

    def _logits(self, weight: Tensor, classes: slice, out: Tensor) -> None:
        """Write z of some classes, shape (c, classes), into `out`."""
        if self.bias is None:
            torch.mm(self.hidden, weight.T, out=out)
        else:
            torch.addmm(self.bias[classes].to(self.hidden.dtype), self.hidden, weight.T, out=out)
        if self.terms.softcap is not None:
            out.div_(self.terms.softcap).tanh_().mul_(self.terms.softcap)

    def _smooth(self, slope: Tensor, classes: slice, weight: Tensor, gradients: Gradients) -> None:
        """Add what the second term asks of the layer under a softcap; `slope` is used up."""
        omega = self.terms.class_weight
        d_z = slope.mul_(omega[classes]).mul_(-self.terms.smoothing / len(omega) * self.scale)
        if gradients.hidden is not None:
            self.smoothed = self.smoothed + d_z @ weight
        if gradients.weight is not None:
            gradients.weight[classes].addmm_(d_z.T, self.hidden)
        if gradients.bias is not None:
            gradients.bias[classes] += d_z.sum(dim=0)


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
    with torch.autocast(hidden.device.type, enabled=False):  # in a backward pass of its own too
        return _losses_and_gradients(hidden, weight, bias, targets, terms, scale, wanted)


def _losses_and_gradients(hidden, weight, bias, targets, terms, scale, wanted):
    dtype = terms.class_weight.dtype
    losses = hidden.new_empty(len(hidden), dtype=dtype)
    scale = None if scale is None else scale.to(dtype).unsqueeze(1)
    d_hidden = hidden.new_zeros(hidden.shape, dtype=dtype) if wanted[0] else None
    d_weight = weight.new_empty(weight.shape, dtype=dtype) if wanted[1] else None
    d_bias = bias.new_zeros(bias.shape, dtype=dtype) if wanted[2] else None
    for rows, tiles, first in _chunks(len(hidden), terms, d_weight, keep=wanted[1] or wanted[2]):
        gradients = Gradients(None if d_hidden is None else d_hidden[rows], d_weight, d_bias)
        of_rows = scale[rows] if gradients.wanted else None
        chunk = _Chunk(hidden[rows], targets[rows], weight, bias, terms, of_rows)
        references = [chunk.see(classes, z, gradients) for classes, z in tiles]
        losses[rows] = chunk.losses()
        if gradients.wanted:
            chunk.add_to(gradients, tiles, references, first=first)
    gradients = Gradients(d_hidden, d_weight, d_bias)
    if gradients.wanted and terms.smoothing > 0 and terms.softcap is None:
        _smooth_all(hidden, weight, terms, scale, gradients)
    return losses, [d_hidden, d_weight, d_bias]


def _smooth_all(hidden, weight, terms: Terms, scale: Tensor, gradients: Gradients) -> None:
    """Add what the second term of all tokens asks of the layer; its derivative for z is −ε/V · scale · ω."""
    omega = terms.class_weight
    each = -terms.smoothing / len(omega) * scale
    if gradients.hidden is not None:
        of_weights = omega.new_zeros(weight.shape[1])  # Σ ω W
        for some, their in zip(weight.split(terms.tile), omega.split(terms.tile), strict=True):
            of_weights += their @ some.to(omega.dtype)
        gradients.hidden.addr_(each.squeeze(1), of_weights)
    if gradients.weight is not None:
        gradients.weight.addr_(omega, (hidden.to(omega.dtype).T @ each).squeeze(1))
    if gradients.bias is not None:
        gradients.bias.add_(omega * each.sum())


def _chunks(tokens: int, terms: Terms, d_weight: Tensor | None, *, keep: bool):
    """Yield the rows of a chunk, its tiles, and whether they are where the gradient of W will be.

    If no chunk is, that gradient is made to begin at 0.
    """
    omega = terms.class_weight
    early = 0 if d_weight is None else _tokens_in_place(tokens, d_weight.shape[1], terms)
    narrow = _narrow(early, terms) if early else 0
    later = min(terms.chunk, tokens - early) * (len(omega) if keep else min(terms.tile, len(omega)))
    memory = omega.new_empty(max(early * narrow, later))
    if early:
        yield slice(0, early), list(_tiles_in_place(memory, d_weight, early, narrow)), True
    elif d_weight is not None:
        d_weight.zero_()
    for start in range(early, tokens, terms.chunk):
        rows = slice(start, min(start + terms.chunk, tokens))
        yield rows, list(_tiles_of(memory, rows.stop - start, len(omega), terms.tile, keep=keep)), False


def _tokens_in_place(tokens: int, width: int, terms: Terms) -> int:
    """Number of tokens in the chunk whose room is that of the gradient of W; the others are whole chunks."""
    if terms.smoothing > 0 and terms.softcap is not None:
        return 0  # the second term adds to that gradient on its way
    others = -(max(tokens - min(width, IN_PLACE * terms.chunk), 0) // -terms.chunk)
    return max(tokens - others * terms.chunk, 0)


def _narrow(tokens: int, terms: Terms) -> int:
    """Classes of a tile of that many tokens, so that it is as large as that of a chunk."""
    classes = max(terms.tile * terms.chunk // tokens, 1)
    classes -= classes % ROUND if classes > ROUND else 0
    return min(classes, len(terms.class_weight))


def _tiles_of(memory: Tensor, tokens: int, num_classes: int, tile: int, *, keep: bool):
    """Yield some classes and memory for their logits, the same for all of them unless they are kept."""
    for v in range(0, num_classes, tile):
        classes = slice(v, min(v + tile, num_classes))
        yield classes, _logits_at(memory[tokens * v :] if keep else memory, tokens, classes)


def _tiles_in_place(memory: Tensor, d_weight: Tensor, tokens: int, tile: int):
    """Yield the same, where the gradient of the tile before will be; the first tile has none before it."""
    for v in range(0, len(d_weight), tile):
        classes = slice(v, min(v + tile, len(d_weight)))
        yield classes, _logits_at(memory, tokens, classes)
        # New memory comes page by page, and faster in order than to threads that each want another one.
        memory = d_weight[classes].zero_().view(-1)


def _logits_at(memory: Tensor, tokens: int, classes: slice) -> Tensor:
    """The beginning of some memory as logits, shape (tokens, classes)."""
    size = classes.stop - classes.start
    return memory[: tokens * size].view(tokens, size)

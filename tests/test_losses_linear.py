"""The loss that never makes its logits, against PyTorch's from all of them, and what it promises besides.

What Liger Kernel, Apple's Cut Cross-Entropy and PyTorch test of their functions of this kind is tested here
in our words: odd shapes, bias, softcap, z-loss, smoothing, weights, every reduction, partial gradients, half
precision, ignored targets, more than two axes, and memory.
"""

import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from helpers.losses import linear, pytorch
from helpers.losses.pytorch import linear_cross_entropy
from helpers.measurements import Counter

IGNORED = -100


def eager(
    hidden,
    weight,
    targets,
    *,
    bias=None,
    ignore_index=IGNORED,
    label_smoothing=0.0,
    z_loss=0.0,
    softcap=None,
    class_weight=None,
    reduction="mean",
):
    """The same loss from all the logits, by PyTorch's own functions."""
    logits = F.linear(hidden, weight, bias)
    if softcap is not None:
        logits = softcap * torch.tanh(logits / softcap)
    logits, classes = logits.flatten(0, -2), targets.flatten()
    options = {"weight": class_weight, "ignore_index": ignore_index, "label_smoothing": label_smoothing}
    losses = F.cross_entropy(logits, classes, **options, reduction="none")
    counts = classes != ignore_index
    ones = torch.ones(len(weight), dtype=logits.dtype) if class_weight is None else class_weight
    token_weight = torch.where(counts, ones[torch.where(counts, classes, 0)], 0)
    losses = losses + z_loss * token_weight * logits.logsumexp(-1) ** 2
    if reduction == "none":
        return losses.view(targets.shape)
    return losses.sum() / (token_weight.sum() if reduction == "mean" else 1)


def layer(tokens, width, classes, *, dtype=torch.float64, seed=0, ignored=(1,), size=1.0):
    """Hidden states, weight, bias, all with gradients, and targets, of which some are ignored."""
    draw = torch.Generator().manual_seed(seed)
    shapes = (tokens, width), (classes, width), (classes,)
    parts = [(size * torch.randn(shape, generator=draw, dtype=torch.float64)).to(dtype) for shape in shapes]
    targets = torch.randint(classes, (tokens,), generator=draw)
    targets[[k for k in ignored if k < tokens]] = IGNORED
    return *(part.requires_grad_() for part in parts), targets


def loss_and_gradients(function, hidden, weight, bias, targets, *, with_bias=True, upstream=None, **options):
    """A loss, and the gradients of what is made of it, for every input that wants one."""
    inputs = [x for x in (hidden, weight, bias if with_bias else None) if x is not None and x.requires_grad]
    loss = function(hidden, weight, targets, bias=bias if with_bias else None, **options)
    upstream = torch.ones_like(loss) if upstream is None else upstream
    return loss.detach(), torch.autograd.grad(loss, inputs, upstream)


def assert_same(mine, theirs, **tolerance):
    torch.testing.assert_close(mine[0], theirs[0], **tolerance)
    assert len(mine[1]) == len(theirs[1])
    for ours, other in zip(mine[1], theirs[1], strict=True):
        torch.testing.assert_close(ours, other, **tolerance)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("softcap", [None, 2.5])
@pytest.mark.parametrize("z_loss", [0.0, 0.03])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize("with_bias", [False, True])
def test_every_combination_equals_pytorch(with_bias, label_smoothing, z_loss, softcap, weighted, reduction):
    parts = layer(11, 5, 23, ignored=(0, 4))
    class_weight = torch.linspace(0, 3, 23, dtype=torch.float64) if weighted else None
    shape = (11,) if reduction == "none" else ()
    options = {
        "with_bias": with_bias,
        "label_smoothing": label_smoothing,
        "z_loss": z_loss,
        "softcap": softcap,
        "class_weight": class_weight,
        "reduction": reduction,
        "upstream": torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1)),
    }
    theirs = loss_and_gradients(eager, *parts, **options)
    for chunk, tile in [(4, 7), (9, 23), (100, 1), (192, 1024)]:
        assert_same(
            loss_and_gradients(linear_cross_entropy, *parts, **options, chunk=chunk, tile=tile), theirs
        )


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_shape_any_split_any_options(data):
    tokens, width, classes = (data.draw(st.integers(1, most)) for most in (9, 6, 17))
    ignore_index = data.draw(st.sampled_from([IGNORED, 0, classes - 1]))
    hidden, weight, bias, targets = layer(
        tokens,
        width,
        classes,
        seed=data.draw(st.integers(0, 99)),
        ignored=(),
        size=data.draw(st.sampled_from([1, 30])),
    )
    ignored = torch.tensor(data.draw(st.lists(st.booleans(), min_size=tokens, max_size=tokens)))
    targets = torch.where(ignored, ignore_index, targets)
    options = {
        "ignore_index": ignore_index,
        "label_smoothing": data.draw(st.sampled_from([0.0, 0.2])),
        "z_loss": data.draw(st.sampled_from([0.0, 1e-3])),
        "softcap": data.draw(st.sampled_from([None, 5.0])),
        "reduction": data.draw(st.sampled_from(["sum", "none"])),
    }
    split = {"chunk": data.draw(st.integers(1, 10)), "tile": data.draw(st.integers(1, 20))}
    parts = hidden, weight, bias, targets
    mine = loss_and_gradients(linear_cross_entropy, *parts, **options, **split)
    assert_same(mine, loss_and_gradients(eager, *parts, **options))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_it_is_the_plain_loss_of_this_package_too(reduction):
    hidden, weight, bias, targets = layer(8, 4, 9)
    logits = F.linear(hidden, weight, bias)
    theirs = pytorch.cross_entropy(logits, targets, label_smoothing=0.2, reduction=reduction)
    mine = linear_cross_entropy(hidden, weight, targets, bias=bias, label_smoothing=0.2, reduction=reduction)
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("softcap", [None, 1.5])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1])
def test_gradients_are_those_of_finite_differences(softcap, label_smoothing):
    hidden, weight, bias, targets = layer(5, 3, 7)
    options = {"label_smoothing": label_smoothing, "z_loss": 0.1, "softcap": softcap, "chunk": 2, "tile": 3}

    def losses(h, w, b, reduction="none"):
        return linear_cross_entropy(h, w, targets, bias=b, reduction=reduction, **options)

    parts = hidden, weight, bias
    assert torch.autograd.gradcheck(losses, parts)
    for reduction in ("mean", "sum"):  # these go backward once only, and gradcheck more often
        steps = [1e-5 * torch.randn_like(x) for x in parts]
        gradients = torch.autograd.grad(losses(*parts, reduction), parts)
        slope = sum((g * d).sum() for g, d in zip(gradients, steps, strict=True))
        ahead, back = (
            losses(*(x.detach() + sign * d for x, d in zip(parts, steps, strict=True)), reduction)
            for sign in (1, -1)
        )
        torch.testing.assert_close((ahead - back) / 2, slope, rtol=1e-6, atol=0)


@pytest.mark.parametrize("wanted", [set(w) for n in range(4) for w in combinations(range(3), n)])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_only_what_is_wanted_gets_a_gradient(wanted, reduction):
    hidden, weight, bias, targets = layer(6, 4, 9)
    parts = [x.requires_grad_(k in wanted) for k, x in enumerate((hidden, weight, bias))]
    loss = linear_cross_entropy(hidden, weight, targets, bias=bias, reduction=reduction).sum()
    assert loss.requires_grad == bool(wanted)
    if wanted:
        loss.backward()
    assert [x.grad is not None for x in parts] == [k in wanted for k in range(3)]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_half_precision_is_summed_in_float32(dtype, reduction):
    """The sums of half inputs, exactly as if the inputs had been widened first."""
    parts = layer(40, 16, 300, dtype=dtype, size=0.5)
    wide = [x.detach().float().requires_grad_() for x in parts[:3]]
    options = {"reduction": reduction, "chunk": 16, "tile": 64}
    loss, gradients = loss_and_gradients(linear_cross_entropy, *parts, **options)
    expected, wide_gradients = loss_and_gradients(linear_cross_entropy, *wide, parts[3], **options)
    assert loss.dtype == torch.float32
    assert torch.equal(loss, expected)
    for gradient, other in zip(gradients, wide_gradients, strict=True):
        assert gradient.dtype == dtype
        assert torch.equal(gradient, other.to(dtype))


def test_float64_stays_float64():
    hidden, weight, bias, targets = layer(6, 4, 9)
    single = [x.detach().float() for x in (hidden, weight, bias)]
    loss = linear_cross_entropy(hidden, weight, targets, bias=bias)
    assert loss.dtype == torch.float64
    assert linear_cross_entropy(single[0], weight, targets).dtype == torch.float64
    assert abs(float(loss.detach() - linear_cross_entropy(*single[:2], targets, bias=single[2]))) < 1e-5


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_autocast_changes_nothing_about_the_sums(reduction):
    hidden, weight, bias, targets = layer(12, 8, 50, dtype=torch.float32)
    hidden = hidden.detach().bfloat16().requires_grad_()  # as the layer below leaves it under autocast
    parts = hidden, weight, bias, targets
    options = {"reduction": reduction, "label_smoothing": 0.1}
    plain = loss_and_gradients(linear_cross_entropy, *parts, **options)
    with torch.autocast("cpu", torch.bfloat16):
        cast = loss_and_gradients(linear_cross_entropy, *parts, **options)
    assert_same(cast, plain, rtol=0, atol=0)
    assert [g.dtype for g in cast[1]] == [torch.bfloat16, torch.float32, torch.float32]


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_more_axes_and_strides_of_any_kind(reduction):
    hidden, weight, bias, targets = layer(24, 6, 10)
    states = hidden.detach().view(3, 8, 6).transpose(0, 1).requires_grad_()  # (8, 3, 6), not contiguous
    classes = targets.view(3, 8).T
    strided = weight.detach().T.contiguous().T.requires_grad_()
    options = {"reduction": reduction, "chunk": 5, "tile": 4}
    mine = linear_cross_entropy(states, strided, classes, bias=bias, **options)
    theirs = eager(states, strided, classes, bias=bias, reduction=reduction)
    torch.testing.assert_close(mine, theirs)
    assert mine.shape == (classes.shape if reduction == "none" else ())
    inputs = states, strided, bias
    assert_same(
        (mine, torch.autograd.grad(mine.sum(), inputs)), (theirs, torch.autograd.grad(theirs.sum(), inputs))
    )


def test_one_token_without_a_batch_axis():
    hidden, weight, _, targets = layer(3, 4, 9)
    loss = linear_cross_entropy(hidden[0], weight, targets[0], reduction="none")
    assert loss.shape == ()
    torch.testing.assert_close(loss, F.cross_entropy(weight @ hidden[0], targets[0]))


@pytest.mark.parametrize("tokens", [0, 3])
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_nothing_counts(tokens, reduction):
    """No token, or none that counts: a mean of NaN, a sum of 0, and gradients of 0, as in PyTorch."""
    parts = layer(tokens, 4, 9, ignored=range(tokens))
    loss, gradients = loss_and_gradients(linear_cross_entropy, *parts, reduction=reduction)
    assert torch.equal(loss.isnan(), torch.full_like(loss, reduction == "mean", dtype=torch.bool))
    assert reduction == "mean" or loss.sum() == 0
    assert all(not gradient.any() for gradient in gradients)
    assert [g.shape for g in gradients] == [p.shape for p in parts[:3]]


def test_a_mean_of_no_weight_is_nan_without_spoiling_the_gradients():
    parts = layer(4, 3, 5, ignored=())
    none = torch.zeros(5, dtype=torch.float64)
    loss, gradients = loss_and_gradients(linear_cross_entropy, *parts, class_weight=none)
    assert loss.isnan()
    assert all(not gradient.any() for gradient in gradients)


def test_huge_logits_and_classes_that_are_ruled_out():
    hidden, weight, bias, targets = layer(6, 4, 12, ignored=(), size=1e3)
    bias = bias.detach().index_fill(0, torch.arange(5), -torch.inf).requires_grad_()  # the whole first tile
    targets = targets.clamp(min=5)
    parts = hidden, weight, bias, targets
    assert_same(loss_and_gradients(linear_cross_entropy, *parts, tile=4), loss_and_gradients(eager, *parts))


@pytest.mark.parametrize("step", [factor * linear.MARGIN for factor in (0.3, -0.3, 2.0, -2.0)])
@pytest.mark.parametrize("tokens", [6, 30])  # all in the place of a gradient, and not
def test_logits_that_rise_or_fall_from_tile_to_tile(step, tokens):
    hidden, weight, _, targets = layer(tokens, 10, 50, dtype=torch.float32)
    bias = (step * (torch.arange(50) // 5)).requires_grad_()
    options = {"label_smoothing": 0.1, "z_loss": 1e-4}
    mine = loss_and_gradients(linear_cross_entropy, hidden, weight, bias, targets, chunk=8, tile=5, **options)
    wide = (x.detach().double().requires_grad_() for x in (hidden, weight, bias))
    loss, gradients = loss_and_gradients(eager, *wide, targets, **options)
    assert_same(mine, (loss.float(), [x.float() for x in gradients]))


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_a_second_backward_says_why_it_cannot_be(reduction):
    hidden, weight, bias, targets = layer(6, 4, 9)
    loss = linear_cross_entropy(hidden, weight, targets, bias=bias, reduction=reduction)
    loss.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="handed them over: compute the loss again"):
        loss.backward()


def test_each_loss_can_be_gone_through_twice():
    hidden, weight, bias, targets = layer(6, 4, 9)
    loss = linear_cross_entropy(hidden, weight, targets, bias=bias, reduction="none").sum()
    loss.backward(retain_graph=True)
    once = weight.grad.clone()
    loss.backward()
    torch.testing.assert_close(weight.grad, 2 * once)


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_a_derivative_of_a_gradient_is_refused(reduction):
    hidden, weight, _, targets = layer(6, 4, 9)
    loss = linear_cross_entropy(hidden, weight, targets, reduction=reduction).sum()
    with pytest.raises(RuntimeError, match="create_graph=True is not possible"):
        torch.autograd.grad(loss, hidden, create_graph=True)


class Memory(Counter):
    """Counts the bytes that are alive, and remembers the sizes of the tensors that were made."""

    def __init__(self):
        super().__init__()
        self.sizes = []

    def _note(self, storage):
        if storage.data_ptr() not in self._known:
            self.sizes.append(storage.nbytes())
        super()._note(storage)

    @property
    def largest(self):
        return max(self.sizes)


def memory_of(function, tokens, width, classes, **options):
    parts = layer(tokens, width, classes, dtype=torch.float32)
    memory = Memory()
    with memory:
        loss = function(*parts[:2], parts[3], **options)
        loss.sum().backward()
    return memory


@pytest.mark.parametrize("reduction", ["mean", "none"])
@pytest.mark.parametrize("options", [{}, {"softcap": 3.0, "label_smoothing": 0.1, "z_loss": 1e-4}])
@pytest.mark.parametrize(("classes", "tile"), [(10_000, 3072), (32_000, linear.TILE)])
def test_no_tensor_is_as_large_as_the_logits(reduction, options, classes, tile):
    tokens, width = 1024, 4
    options = options | {"reduction": reduction, "tile": tile}
    memory = memory_of(linear_cross_entropy, tokens, width, classes, **options)
    logits = 4 * tokens * classes
    assert memory_of(eager, tokens, width, classes, reduction=reduction).largest >= logits
    assert memory.largest <= 4 * linear.CHUNK * classes
    assert memory.peak < 0.35 * logits


@pytest.mark.parametrize(("tokens", "share"), [(1024, 0.10), (16384, 0.02)])
def test_memory_beside_that_of_all_the_logits(tokens, share):
    """The vocabulary is a tenth of 32,000, and so is all that is made: the ratio stays the same."""
    mine, theirs = (memory_of(f, tokens, 2, 3200) for f in (linear_cross_entropy, eager))
    assert mine.peak <= share * theirs.peak


@pytest.mark.parametrize(("tokens", "most"), [(300, 1_000), (301, 20_000)])
def test_as_many_tokens_as_the_width_have_their_logits_where_the_gradient_will_be(tokens, most):
    """Beyond the gradients there is a tile of a chunk then; with one token more there is a chunk."""
    width, classes, chunk = 300, 20_000, 256
    with_ignored = tokens + 1
    memory = memory_of(linear_cross_entropy, with_ignored, width, classes, chunk=chunk, tile=1000)
    beyond = memory.peak - 4 * width * (with_ignored + classes)
    assert 1 < beyond / (4 * chunk * most) < 2


class TilesOfLogits(TorchDispatchMode):
    """Remembers how many tokens and classes each product of hidden states and weights was for."""

    def __init__(self):
        super().__init__()
        self.shapes = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **kwargs or {})
        if function.overloadpacket.__name__ == "mm":
            self.shapes.append(tuple(made.shape))
        return made


@pytest.mark.parametrize("tokens", [40, 300, 1000])
def test_a_tile_in_place_is_as_large_as_that_of_a_chunk_in_rows_of_whole_vectors(tokens):
    parts = layer(tokens, 1000, 30_000, dtype=torch.float32, ignored=())
    with TilesOfLogits() as tiles:
        linear_cross_entropy(*parts[:2], parts[3])
    *same, last = tiles.shapes
    (rows, classes), size = same[0], linear.CHUNK * linear.TILE
    assert set(same) == {(rows, classes)}
    assert rows == last[0] == tokens
    assert classes % linear.ROUND == 0
    assert size - linear.ROUND * tokens < classes * tokens <= size
    assert len(same) * classes + last[1] == 30_000


def test_without_gradients_one_tile_is_enough():
    parts = layer(512, 4, 20_000, dtype=torch.float32)
    with torch.no_grad(), Memory() as memory:
        loss = linear_cross_entropy(*parts[:2], parts[3])
    assert not loss.requires_grad
    assert memory.largest == 4 * linear.CHUNK * linear.TILE


def test_the_gradients_are_handed_over_without_a_copy():
    tokens, width, classes = 64, 8, 500
    memory = memory_of(linear_cross_entropy, tokens, width, classes)
    assert memory.sizes.count(4 * classes * width) == 1


DISTRIBUTED = """
import os, sys, torch, torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from helpers.losses.pytorch import linear_cross_entropy

class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.head = torch.nn.Embedding(20, 6), torch.nn.Linear(6, 20)
    def forward(self, tokens):
        states = self.body(tokens[:, :-1])
        head, targets = self.head, tokens[:, 1:]
        return linear_cross_entropy(states, head.weight, targets, bias=head.bias, chunk=4, tile=8)

dist.init_process_group("gloo", init_method="file://" + sys.argv[1], rank=0, world_size=1)
torch.manual_seed(0)
model, tokens = Model(), torch.randint(20, (3, 9))
model(tokens).backward()
alone = [p.grad.clone() for p in model.parameters()]
model.zero_grad()
parallel = DistributedDataParallel(model)
for _ in range(2):  # the second time in the buckets of the first
    model.zero_grad()
    parallel(tokens).backward()
    for mine, other in zip(model.parameters(), alone):
        torch.testing.assert_close(mine.grad, other)
dist.destroy_process_group()
print("equal")
"""


def test_it_trains_under_distributed_data_parallel(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", DISTRIBUTED, str(tmp_path / "meeting")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stdout == "equal\n", done.stderr


@pytest.mark.parametrize("reduction", ["mean", "none"])
def test_whatever_it_makes_is_on_the_device_of_its_inputs(reduction):
    """A tensor that named no device would be on "meta" here, where it goes with no other."""
    parts = layer(20, 6, 30)
    options = {"softcap": 4.0, "label_smoothing": 0.1, "z_loss": 1e-3, "reduction": reduction}
    expected = loss_and_gradients(linear_cross_entropy, *parts, **options)
    upstream = torch.ones_like(expected[0])
    with torch.device("meta"):
        elsewhere = loss_and_gradients(linear_cross_entropy, *parts, **options, upstream=upstream)
    assert_same(elsewhere, expected, rtol=0, atol=0)


GOOD = {"hidden": np.ones((3, 4)), "weight": np.ones((9, 4)), "targets": np.array([0, 8, -100])}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"hidden": np.ones((3, 5))}, r"hidden has shape \(3, 5\), weight has shape \(9, 4\); expected"),
        ({"hidden": np.float64(1)}, r"hidden has shape \(\)"),
        ({"weight": np.ones((9, 4, 1))}, r"weight has shape \(9, 4, 1\)"),
        ({"weight": np.ones((0, 4))}, r"weight has shape \(0, 4\)"),
        ({"hidden": np.ones((3, 4)) * 1j}, "hidden has dtype torch.complex128; expected real numbers"),
        ({"targets": np.array([0, 9, 1])}, "targets holds 9 at position .1,.; expected classes 0 to 8"),
        ({"targets": np.array([0, -1, 1])}, "targets holds -1"),
        ({"targets": np.array([0, 1])}, r"targets have shape \(2,\)"),
        ({"targets": np.ones((3, 9)) / 9}, "targets has dtype torch.float64; expected integer"),
        ({"targets": np.array([0.0, 1.0, 2.0])}, "targets has dtype torch.float64; expected integer"),
        ({"bias": np.ones(8)}, r"bias has shape \(8,\); expected \(9,\)"),
        ({"class_weight": np.ones(8)}, r"class_weight has shape \(8,\)"),
        ({"class_weight": -np.ones(9)}, "class_weight holds -1 at position .0,."),
        ({"label_smoothing": 1.5}, "label_smoothing is 1.5"),
        ({"z_loss": -1e-4}, "z_loss is -0.0001; expected a finite number, 0 or more"),
        ({"z_loss": float("nan")}, "z_loss is nan"),
        ({"softcap": 0.0}, "softcap is 0.0; expected a finite number above 0"),
        ({"softcap": "50"}, "softcap is '50'"),
        ({"ignore_index": 1.5}, "ignore_index is 1.5"),
        ({"reduction": "average"}, "reduction is 'average'"),
        ({"chunk": 0}, "chunk is 0; expected a whole number"),
        ({"tile": 2.5}, "tile is 2.5"),
    ],
)
def test_bad_input_is_named(change, sentence):
    assert float(linear_cross_entropy(**GOOD)) == pytest.approx(np.log(9))
    with pytest.raises(ValueError, match=sentence):
        linear_cross_entropy(**{**GOOD, **change})

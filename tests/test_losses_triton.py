"""The loss of Triton's kernel and the gradient it leaves, against PyTorch's; interpreted without a GPU."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest
import torch
from torch.nn import functional as F

if find_spec("triton") is None:
    pytest.skip("Triton is made for Linux", allow_module_level=True)
from helpers.losses.triton import cross_entropy

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
IGNORED = -100


def batch(rows, classes, *, ignored=(), size=1.0, dtype=torch.float64):
    """Logits of a leaf that wants a gradient, and targets of which some are ignored."""
    draw = torch.Generator().manual_seed(0)
    logits = (size * torch.randn(rows, classes, generator=draw, dtype=torch.float64)).to(dtype)
    targets = torch.randint(classes, (rows,), generator=draw)
    targets[list(ignored)] = IGNORED
    return logits.to(DEVICE).requires_grad_(), targets.to(DEVICE)


def gradient(loss, leaf):
    """Gradient of a loss, or of losses that count unequally, by the leaf."""
    upstream = torch.linspace(1, 2, loss.numel(), dtype=loss.dtype, device=DEVICE).view(loss.shape)
    return torch.autograd.grad(loss, leaf, upstream)[0]


def assert_as_pytorch(leaf, targets, *, block=4096, **options):
    """Ours from a copy, which may be overwritten; theirs from the leaf."""
    ours, theirs = (
        cross_entropy(leaf.clone(), targets, block=block, **options),
        F.cross_entropy(leaf, targets, **options),
    )
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient(ours, leaf), gradient(theirs, leaf))


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.1, 1.0])
@pytest.mark.parametrize(("classes", "block"), [(1, 4), (16, 16), (23, 8), (24, 8), (50, 4096)])
def test_every_combination_equals_pytorch(classes, block, label_smoothing, reduction):
    leaf, targets = batch(7, classes, ignored=(1, 4))
    assert_as_pytorch(leaf, targets, block=block, label_smoothing=label_smoothing, reduction=reduction)


def test_a_real_size_equals_pytorch_in_single_precision():
    leaf, targets = batch(64, 8000, ignored=range(0, 64, 5), dtype=torch.float32)
    assert_as_pytorch(leaf, targets)


@pytest.mark.parametrize("size", [1e4, 1e30])
def test_large_logits_do_not_overflow(size):
    leaf, targets = batch(5, 30, size=size, dtype=torch.float32)
    assert_as_pytorch(leaf, targets, block=8)


def test_classes_that_are_masked_out_cost_nothing_even_a_whole_block_of_them():
    leaf, targets = batch(4, 24)
    leaf.data[:, :10] = -torch.inf
    targets[:] = 15
    assert_as_pytorch(leaf, targets, block=8)


def test_half_precision_is_summed_in_single():
    leaf, targets = batch(6, 3000, dtype=torch.bfloat16)
    ours = cross_entropy(leaf.clone(), targets)
    theirs = F.cross_entropy(leaf.float(), targets)
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient(ours, leaf), gradient(theirs, leaf))


def test_rows_that_are_all_ignored_have_the_mean_nan_and_the_gradient_zero():
    leaf, targets = batch(3, 9, ignored=range(3))
    loss = cross_entropy(leaf.clone(), targets)
    assert loss.isnan()
    assert torch.equal(gradient(loss, leaf), torch.zeros_like(leaf))
    assert cross_entropy(leaf.clone(), targets, reduction="sum") == 0


def test_what_an_ignored_row_holds_does_not_matter():
    leaf, targets = batch(3, 9, ignored=(1,))
    leaf.data[1] = torch.nan
    loss = cross_entropy(leaf.clone(), targets)
    assert loss.isfinite()
    assert torch.equal(gradient(loss, leaf)[1], torch.zeros(9, dtype=leaf.dtype, device=DEVICE))


def test_an_index_of_ones_own_is_ignored_and_leading_axes_are_kept():
    leaf, targets = batch(6, 9)
    targets[2] = 0
    losses = cross_entropy(leaf.view(2, 3, 9).clone(), targets.view(2, 3), ignore_index=0, reduction="none")
    assert losses.shape == (2, 3)
    torch.testing.assert_close(
        losses.flatten(), F.cross_entropy(leaf, targets, ignore_index=0, reduction="none")
    )


def test_no_rows_have_no_losses():
    leaf, targets = batch(0, 9)
    assert cross_entropy(leaf.clone(), targets, reduction="none").shape == (0,)


def test_the_gradient_stands_where_the_logits_were():
    leaf, targets = batch(5, 40)
    logits = leaf.clone()
    loss = cross_entropy(logits, targets)
    expected = leaf.detach().softmax(-1) - F.one_hot(targets, 40)
    torch.testing.assert_close(logits.detach(), expected / 5)
    (handed,) = torch.autograd.grad(loss, logits)
    assert handed.data_ptr() == logits.data_ptr()


def test_without_a_gradient_the_logits_stay():
    leaf, targets = batch(5, 40)
    with torch.no_grad():
        logits = leaf.clone()
        cross_entropy(logits, targets)
        cross_entropy(leaf, targets)  # even a parameter: nothing is written
    assert torch.equal(logits, leaf)


def test_autograd_sees_that_the_logits_are_gone():
    leaf, targets = batch(5, 40)
    loss = cross_entropy(leaf.tanh(), targets)  # the derivative of tanh is made of what it returned
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_second_backward_is_right_or_refused():
    leaf, targets = batch(5, 40)
    loss = cross_entropy(leaf.clone(), targets)
    first, second = (torch.autograd.grad(loss, leaf, retain_graph=True)[0] for _ in range(2))
    assert torch.equal(first, second)
    loss = 3 * cross_entropy(leaf.clone(), targets)
    torch.testing.assert_close(torch.autograd.grad(loss, leaf, retain_graph=True)[0], 3 * first)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(loss, leaf)


def test_a_gradient_has_no_derivative():
    leaf, targets = batch(5, 40)
    loss = cross_entropy(leaf.clone(), targets)
    with pytest.raises(RuntimeError, match="create_graph=True is not possible"):
        torch.autograd.grad(loss, leaf, create_graph=True)


LOGITS, TARGETS = torch.zeros(2, 3, device=DEVICE), torch.zeros(2, dtype=torch.int64, device=DEVICE)
BAD = {
    "a parameter": (LOGITS.clone().requires_grad_(), TARGETS, {}, "logits is a parameter; expected what a"),
    "gaps": (
        torch.zeros(3, 2, device=DEVICE).T,
        TARGETS,
        {},
        r"logits has strides \(1, 2\); expected contig",
    ),
    "integers": (LOGITS.long(), TARGETS, {}, "logits has dtype torch.int64; expected floating-point"),
    "no classes": (LOGITS[:, :0], TARGETS, {}, r"logits has shape \(2, 0\)"),
    "too few targets": (LOGITS, TARGETS[:1], {}, r"targets have shape \(1,\)"),
    "soft targets": (LOGITS, LOGITS, {}, "targets has dtype torch.float32; expected integer"),
    "a class too high": (LOGITS, TARGETS + 3, {}, r"targets holds 3 at position \(0,\)"),
    "smoothing": (LOGITS, TARGETS, {"label_smoothing": 2}, "label_smoothing is 2"),
    "reduction": (LOGITS, TARGETS, {"reduction": "max"}, "reduction is 'max'"),
    "a block of 12": (LOGITS, TARGETS, {"block": 12}, "block is 12; expected a power of two"),
    "no block": (LOGITS, TARGETS, {"block": 0}, "block is 0; expected a whole number"),
}


@pytest.mark.parametrize(("logits", "targets", "options", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_named(logits, targets, options, message):
    with pytest.raises(ValueError, match=message):
        cross_entropy(logits, targets, **options)


def run(code):
    """Run it in a fresh process in which Triton was not told to interpret."""
    environment = {name: value for name, value in os.environ.items() if name != "TRITON_INTERPRET"}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


def test_without_triton_the_import_says_what_is_missing():
    done = run("import sys; sys.modules['triton'] = None; import helpers.losses.triton")
    assert "ImportError: helpers.losses.triton needs the package triton" in done.stderr


def test_a_triton_that_was_imported_to_compile_is_interpreted_all_the_same():
    done = run(
        "import triton.language, torch\n"
        "from helpers.losses.triton import cross_entropy\n"
        f"torch.set_default_device('{DEVICE}')\n"
        "print(cross_entropy(torch.zeros(3, 4), torch.arange(3), label_smoothing=0.1).item())"
    )
    assert done.stdout.startswith("1.386"), done.stderr


def test_torch_compile_works_beside_it():
    done = run(
        "import torch, helpers.losses.triton\n"
        "step = torch.compile(lambda x: torch.nn.functional.cross_entropy(x, torch.arange(3)))\n"
        "print(step(torch.zeros(3, 4)).item())"
    )
    assert done.stdout.startswith("1.386"), done.stderr

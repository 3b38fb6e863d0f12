"""What is particular to PyTorch: dtypes, devices and the compiler."""

import pytest
import torch
from strategies import assert_close

from helpers.losses import pytorch, reference

LOGITS = torch.randn(4, 3, generator=torch.manual_seed(0))
TARGETS = torch.tensor([0, 2, -100, 1])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_low_precision_is_computed_and_returned_in_float32(dtype):
    logits = LOGITS.to(dtype, copy=True).requires_grad_()
    loss = pytorch.cross_entropy(logits, TARGETS)
    assert loss.dtype == torch.float32
    assert_close(loss, reference.cross_entropy(logits.detach().double(), TARGETS), rtol=1e-6)
    loss.backward()
    assert logits.grad.dtype == dtype
    assert pytorch.softmax(logits).dtype == torch.float32
    assert pytorch.binary_cross_entropy_with_logits(logits, logits.detach() > 0).dtype == torch.float32


def test_a_bfloat16_loss_near_36_keeps_its_digits_where_torch_rounds_to_quarters():
    logits = torch.tensor([[0.0, 36.0], [0.0, 36.25], [0.0, 36.25]], dtype=torch.bfloat16)
    targets = torch.tensor([0, 0, 0])
    assert_close(pytorch.cross_entropy(logits, targets), 36 + 1 / 6, rtol=1e-6)
    assert torch.nn.functional.cross_entropy(logits, targets) == 36.25


def test_float64_stays_float64():
    assert pytorch.cross_entropy(LOGITS.double(), TARGETS).dtype == torch.float64


def test_a_compiled_loss_is_one_graph_and_the_same_number():
    compiled = torch.compile(pytorch.cross_entropy, fullgraph=True, backend="aot_eager")
    logits = LOGITS.clone().requires_grad_()
    loss = compiled(logits, TARGETS, weight=torch.tensor([1.0, 0.5, 2.0]), label_smoothing=0.1)
    loss.backward()
    options = {"weight": [1.0, 0.5, 2.0], "label_smoothing": 0.1}
    assert_close(loss, reference.cross_entropy(LOGITS.double(), TARGETS, **options), rtol=1e-6)
    expected = reference.cross_entropy_gradient(LOGITS.double(), TARGETS, **options)
    assert_close(logits.grad, expected, rtol=1e-4, atol=1e-6)


def test_a_compiled_loss_still_checks_shapes():
    compiled = torch.compile(pytorch.cross_entropy, backend="eager")
    with pytest.raises(ValueError, match="targets have shape"):
        compiled(LOGITS, TARGETS[:2])


def test_tensors_without_values_give_shapes():
    logits, targets = LOGITS.to("meta"), TARGETS.to("meta")
    assert pytorch.cross_entropy(logits, targets).shape == ()
    assert pytorch.cross_entropy(logits, targets, reduction="none").shape == (4,)
    assert pytorch.binary_cross_entropy_with_logits(logits, logits, reduction="none").device.type == "meta"


def test_the_loss_runs_where_the_logits_are():
    # The meta device stands for any that is not the CPU: a constant made on the CPU would not mix with it.
    logits = torch.zeros(2, 3, device="meta")
    loss = pytorch.cross_entropy(logits, [0, 1], weight=[1.0, 2.0, 3.0], label_smoothing=0.1)
    assert loss.device.type == "meta"


def test_gradients_through_functional_transforms_equal_autograd():
    gradient = torch.func.grad(lambda z: pytorch.cross_entropy(z, TARGETS, label_smoothing=0.1))(
        LOGITS.double()
    )
    assert_close(gradient, reference.cross_entropy_gradient(LOGITS.double(), TARGETS, label_smoothing=0.1))


def test_losses_and_gradients_of_single_examples_come_from_vmap():
    targets = torch.tensor([0, 2, 1, 1])
    losses = torch.vmap(pytorch.cross_entropy)(LOGITS, targets)
    assert_close(losses, pytorch.cross_entropy(LOGITS, targets, reduction="none"))
    gradients = torch.vmap(torch.func.grad(pytorch.cross_entropy))(LOGITS.double(), targets)
    assert_close(gradients, reference.cross_entropy_gradient(LOGITS.double(), targets, reduction="none"))


def test_a_model_learns_with_it_as_with_the_built_in_loss():
    def train(loss):
        torch.manual_seed(0)
        model = torch.nn.Linear(5, 3).double()
        x, y = torch.randn(20, 5).double(), torch.randint(3, (20,))
        optimiser = torch.optim.SGD(model.parameters(), lr=0.5)
        for _ in range(20):
            optimiser.zero_grad()
            loss(model(x), y).backward()
            optimiser.step()
        return model.weight

    assert_close(train(pytorch.cross_entropy), train(torch.nn.functional.cross_entropy))

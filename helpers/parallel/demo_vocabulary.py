"""The last layer of a language model with its classes spread over the processes, in three ways.

Run by :func:`helpers.parallel.launch.launch`; rank 0 prints the all-reduces of each way, and whether its
loss, the gradient of its hidden states and that of its weights are those of one process with all classes.
"""

from collections.abc import Callable

import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard
from torch.distributed.tensor.debug import CommDebugMode
from torch.distributed.tensor.parallel import loss_parallel
from torch.nn import functional as F

from helpers.parallel.group import process_group
from helpers.parallel.vocabulary import replicated, shard, vocabulary_parallel_cross_entropy

TOKENS, WIDTH, CLASSES = 32, 16, 50_304  # GPT-2's vocabulary, filled up to a multiple of 128
Way = Callable[[Tensor, Tensor], Tensor]  # from logits and targets to a loss


def layer(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Hidden states, weights and targets, the same on every process, in float64."""
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(TOKENS, WIDTH, generator=draw, dtype=torch.float64)
    weight = torch.randn(CLASSES, WIDTH, generator=draw, dtype=torch.float64) / WIDTH**0.5
    targets = torch.randint(CLASSES, (TOKENS,), generator=draw)
    targets[:3] = -100  # does not count
    return hidden.to(device), weight.to(device), targets.to(device)


def three_messages(logits: Tensor, targets: Tensor) -> Tensor:
    """The maximum, the target's logit and the sum of exponentials, each in an all-reduce of its own."""
    return vocabulary_parallel_cross_entropy(logits, targets, CLASSES, together=False)


def two_messages(logits: Tensor, targets: Tensor) -> Tensor:
    """The maximum; then both sums in one all-reduce."""
    return vocabulary_parallel_cross_entropy(logits, targets, CLASSES)


def of_pytorch(logits: Tensor, targets: Tensor) -> Tensor:
    """PyTorch's own cross-entropy of a `DTensor` whose last axis is spread."""
    mesh = init_device_mesh(logits.device.type, (dist.get_world_size(),))
    with loss_parallel():
        spread = DTensor.from_local(logits, mesh, [Shard(1)])
        return F.cross_entropy(spread, targets).to_local()


def one_process(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Loss, gradient of the hidden states and of all weights, where no class is elsewhere."""
    hidden, weight, targets = layer(device)
    loss = F.cross_entropy(F.linear(hidden.requires_grad_(), weight.requires_grad_()), targets)
    loss.backward()
    return loss.detach(), hidden.grad, weight.grad


def spread(way: Way, device: torch.device) -> tuple[list[Tensor], int]:
    """The same from the classes of this process, and the all-reduces of the loss."""
    hidden, weight, targets = layer(device)
    classes = shard(CLASSES, dist.get_rank(), dist.get_world_size())
    own = weight[classes].clone().requires_grad_()
    logits = F.linear(replicated(hidden.requires_grad_()), own)  # (TOKENS, own classes)
    with CommDebugMode() as messages:
        loss = way(logits, targets)
    with loss_parallel():  # means something to a DTensor alone
        loss.backward()
    return [loss.detach(), hidden.grad, own.grad], messages.get_total_counts()


def main() -> None:
    """Compare each way with one process."""
    with process_group() as device:
        own = shard(CLASSES, dist.get_rank(), dist.get_world_size())
        loss, of_hidden, of_weight = one_process(device)
        expected = loss, of_hidden, of_weight[own]
        if dist.get_rank() == 0:
            print(f"one process     loss {loss.item():.4f} nats")
        for way in (three_messages, two_messages, of_pytorch):
            found, messages = spread(way, device)
            off = torch.stack([(a - b).norm() / b.norm() for a, b in zip(found, expected, strict=True)]).max()
            dist.all_reduce(off, dist.ReduceOp.MAX)  # the worst of any process
            if dist.get_rank() == 0:
                print(f"{way.__name__:15s} {messages} all-reduces, equal to 1e-6: {off.item() < 1e-6}")


if __name__ == "__main__":
    main()

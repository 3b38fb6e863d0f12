"""Two processes with unequal numbers of tokens: the mean over processes against the mean over tokens.

The text is that of chapter 16: rank 0 has 1,000 tokens that cost 3 nats each, rank 1 has 10 that cost 6. Run
by :func:`helpers.parallel.launch.launch`; rank 0 prints how far each way is from one process with all tokens.
"""

import math

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from helpers.parallel.group import process_group
from helpers.parallel.tokens import backward_of_mean

WIDTH = 4  # of the hidden state of a token


def forecaster() -> nn.Linear:
    """A last layer of three classes that forecasts e⁻³, e⁻⁶ and the rest, whatever it reads."""
    layer = nn.Linear(WIDTH, 3, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    q = [math.exp(-3), math.exp(-6)]
    layer.bias.data = torch.tensor([*q, 1 - sum(q)], dtype=torch.float64).log()
    return layer


def micro_batches() -> list[tuple[Tensor, Tensor]]:
    """Hidden states and targets: 1,000 tokens of class 0, at 3 nats each, and 10 of class 1, at 6."""
    draw = torch.Generator().manual_seed(0)
    return [
        (torch.randn(n, WIDTH, generator=draw, dtype=torch.float64), torch.full((n,), k))
        for k, n in enumerate((1_000, 10))
    ]


def gradients(layer: nn.Module) -> Tensor:
    """All gradients of a layer in one row."""
    return torch.cat([parameter.grad.flatten() for parameter in layer.parameters()])


def mean_of_means(device: torch.device) -> tuple[float, Tensor]:
    """Average the means of the processes, and their gradients: not the truth."""
    model = DistributedDataParallel(forecaster().to(device))
    inputs, targets = (x.to(device) for x in micro_batches()[dist.get_rank()])
    loss = F.cross_entropy(model(inputs), targets)
    loss.backward()  # and DistributedDataParallel averages the gradients
    shown = loss.detach().clone()
    dist.all_reduce(shown)
    return shown.item() / dist.get_world_size(), gradients(model)


def mean_of_tokens(device: torch.device) -> tuple[float, Tensor]:
    """Sums of losses over the tokens of all processes."""
    model = DistributedDataParallel(forecaster().to(device))
    own = [tuple(x.to(device) for x in micro_batches()[dist.get_rank()])]

    def sum_of_losses(inputs, targets):
        return F.cross_entropy(model(inputs), targets, reduction="sum")

    return backward_of_mean(sum_of_losses, own, model=model), gradients(model)


def one_process(device: torch.device) -> tuple[float, Tensor]:
    """The same on a process that has all the tokens."""
    model = forecaster().to(device)
    inputs, targets = (torch.cat(x).to(device) for x in zip(*micro_batches(), strict=True))
    loss = F.cross_entropy(model(inputs), targets)
    loss.backward()
    return loss.item(), gradients(model)


def main() -> None:
    """Compare both ways with one process."""
    with process_group() as device:
        loss, gradient = one_process(device)
        found = {"mean of means": mean_of_means(device), "mean of tokens": mean_of_tokens(device)}
        if dist.get_rank() == 0:
            print(f"one process     loss {loss:.4f} nats")
            for name, (own_loss, own) in found.items():
                off = ((own - gradient).norm() / gradient.norm()).item()
                equal = max(off, abs(own_loss - loss)) < 1e-6
                print(f"{name:15s} loss {own_loss:.4f} nats, gradient off by {off:.0%}", end=", ")
                print(f"equal to 1e-6: {equal}")


if __name__ == "__main__":
    main()

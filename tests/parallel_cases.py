"""What the tests of helpers.parallel run as several processes: ``python -m parallel_cases NAME``.

Rank 0 prints JSON. Every process makes the same numbers from one seed, computes its part, and compares it
with what PyTorch makes of the whole; a difference is the largest of any process.
"""

import json
import os
import signal
import sys
import time
from contextlib import contextmanager
from itertools import chain

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard
from torch.distributed.tensor.parallel import loss_parallel
from torch.nn import functional as F
from torch.nn.parallel import DistributedDataParallel

from helpers.parallel.group import process_group
from helpers.parallel.tokens import backward_of_mean
from helpers.parallel.traffic import vocabulary_parallel_bytes
from helpers.parallel.vocabulary import replicated, shard, vocabulary_parallel_cross_entropy

TOKENS, WIDTH, IGNORED = 6, 5, -100

# Each: V, options of the loss, and what is done to the layer and the targets.
VOCABULARY = {
    "divisible": (16, {}, {}),
    "not divisible": (13, {}, {}),
    "three messages": (13, {"together": False}, {}),
    "smoothed": (13, {"label_smoothing": 0.2}, {}),
    "smoothed, four messages": (13, {"label_smoothing": 0.2, "together": False}, {}),
    "ignored": (13, {}, {"ignored": [0, 3]}),
    "class 0 ignored": (13, {"ignore_index": 0}, {"targets": [0, 1, 12, 0, 5, 7]}),
    "all ignored": (13, {"reduction": "sum"}, {"ignored": list(range(TOKENS))}),
    "sum": (13, {"reduction": "sum"}, {"ignored": [2]}),
    "none": (13, {"reduction": "none"}, {"ignored": [2]}),
    "all targets on one rank": (13, {}, {"targets": [0] * TOKENS}),
    "large logits": (13, {}, {"size": 1e3}),
    "masked on one rank": (13, {}, {"masked": 3, "targets": [7, 8, 9, 10, 11, 12]}),
    "float32": (13, {"label_smoothing": 0.2}, {"dtype": torch.float32}),
    "more axes": (13, {"reduction": "none"}, {"shape": (2, 3)}),
}


def largest(*differences):
    """The largest difference on any process; infinite if one is NaN."""
    sizes = [d.abs().max().double().nan_to_num(torch.inf) for d in differences]
    worst = torch.stack(sizes).max()
    dist.all_reduce(worst, dist.ReduceOp.MAX)
    return worst.item()


def layer_and_targets(
    num_classes, *, ignored=(), targets=None, size=1.0, masked=0, dtype=torch.float64, shape=()
):
    draw = torch.Generator().manual_seed(num_classes)
    shape = shape or (TOKENS,)
    hidden = size * torch.randn(*shape, WIDTH, generator=draw, dtype=torch.float64)
    weight = torch.randn(num_classes, WIDTH, generator=draw, dtype=torch.float64)
    mask = torch.zeros(num_classes, dtype=dtype)
    mask[:masked] = -torch.inf
    classes = torch.randint(num_classes, shape, generator=draw) if targets is None else torch.tensor(targets)
    classes[list(ignored)] = IGNORED
    return hidden.to(dtype), weight.to(dtype), mask, classes


def vocabulary_case(num_classes, options, made):
    hidden, weight, mask, targets = layer_and_targets(num_classes, **made)
    whole = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
    theirs = {key: value for key, value in options.items() if key != "together"}
    logits = (F.linear(*whole) + mask).flatten(0, -2)
    expected = F.cross_entropy(logits, targets.flatten(), **theirs)
    expected = expected.view(targets.shape) if expected.ndim else expected
    own = shard(num_classes, dist.get_rank(), dist.get_world_size())
    part = hidden.clone().requires_grad_(), weight[own].clone().requires_grad_()
    mine = F.linear(replicated(part[0]), part[1]) + mask[own]
    loss = vocabulary_parallel_cross_entropy(mine, targets, num_classes, **options)
    upstream = torch.linspace(1, 2, loss.numel(), dtype=loss.dtype).view(loss.shape)
    expected.backward(upstream)
    loss.backward(upstream)
    return largest(
        loss.detach() - expected.detach(), part[0].grad - whole[0].grad, part[1].grad - whole[1].grad[own]
    )


@contextmanager
def messages():
    """Collect the bytes of every all-reduce."""
    sizes, real = [], dist.all_reduce

    def counted(tensor, *arguments, **options):
        sizes.append(tensor.numel() * tensor.element_size())
        return real(tensor, *arguments, **options)

    dist.all_reduce = counted
    try:
        yield sizes
    finally:
        dist.all_reduce = real


def message_case(options):
    """Messages of a loss and its gradient, and the bytes of them that a ring sends, beside the formula."""
    hidden, weight, _, targets = layer_and_targets(16, dtype=torch.float32)
    ranks = dist.get_world_size()
    mine = F.linear(hidden, weight[shard(16, dist.get_rank(), ranks)]).requires_grad_()
    with messages() as sizes:
        vocabulary_parallel_cross_entropy(mine, targets, 16, **options).backward()
    smoothing = "label_smoothing" in options
    ring = 2 * (ranks - 1) / ranks * sum(sizes)
    return [len(sizes), ring, vocabulary_parallel_bytes(TOKENS, ranks, smoothing=smoothing)]


def half_case():
    """A loss of bfloat16 logits: its dtype, and how far it is from float32 of the same logits."""
    hidden, weight, _, targets = layer_and_targets(16, dtype=torch.bfloat16)
    logits = F.linear(hidden, weight)
    mine = logits[:, shard(16, dist.get_rank(), dist.get_world_size())].clone().requires_grad_()
    loss = vocabulary_parallel_cross_entropy(mine, targets, 16)
    loss.backward()
    return [
        str(loss.dtype),
        str(mine.grad.dtype),
        largest(loss.detach() - F.cross_entropy(logits.float(), targets)),
    ]


def mean_of_nothing():
    hidden, weight, _, targets = layer_and_targets(16, ignored=range(TOKENS))
    mine = F.linear(hidden, weight[shard(16, dist.get_rank(), dist.get_world_size())])
    return vocabulary_parallel_cross_entropy(mine, targets, 16).item()


def loss_parallel_case(num_classes):
    """PyTorch's own, on the same shards: differences of loss and gradient, and what it says to smoothing."""
    hidden, weight, _, targets = layer_and_targets(num_classes, ignored=[1])
    ranks = dist.get_world_size()
    own = shard(num_classes, dist.get_rank(), ranks)
    mine = F.linear(hidden, weight[own]).requires_grad_()
    ours = vocabulary_parallel_cross_entropy(mine, targets, num_classes)
    ours.backward()
    theirs = mine.detach().clone()
    spread = DTensor.from_local(theirs, init_device_mesh("cpu", (ranks,)), [Shard(1)]).requires_grad_()
    with loss_parallel():
        loss = F.cross_entropy(spread, targets, ignore_index=IGNORED)
        loss.backward()
        try:
            F.cross_entropy(spread, targets, label_smoothing=0.1)
            said = "nothing"
        except RuntimeError as error:
            said = str(error)
    return largest(ours.detach() - loss.full_tensor().detach(), mine.grad - spread.grad.to_local()), said


def refusals():
    """What is said to wrong input; every process is wrong in the same way, so none waits."""
    num_classes, said = 16, {}
    size = num_classes // dist.get_world_size()
    good = torch.zeros(3, size), torch.tensor([0, 1, 2])
    wrong = {
        "logits": ((torch.zeros(3, size + 1), good[1]), {}),
        "no axis": ((torch.tensor(1.0), good[1]), {}),
        "targets": ((good[0], torch.tensor([0, 16, 2])), {}),
        "negative": ((good[0], torch.tensor([0, -1, 2])), {}),
        "shape": ((good[0], torch.tensor([0, 1])), {}),
        "dtype": ((good[0], torch.zeros(3)), {}),
        "reduction": (good, {"reduction": "average"}),
        "smoothing": (good, {"label_smoothing": 2}),
    }
    for name, (inputs, options) in wrong.items():
        try:
            vocabulary_parallel_cross_entropy(*inputs, num_classes, **options)
        except ValueError as error:
            said[name] = str(error)
    return said


def batch(length, *, seed, counting=None):
    """Inputs and targets of a micro-batch, of whose tokens only the first `counting` count."""
    draw = torch.Generator().manual_seed(seed)
    inputs = torch.randn(length, WIDTH, generator=draw, dtype=torch.float64)
    targets = torch.randint(7, (length,), generator=draw)
    targets[length if counting is None else counting :] = IGNORED
    return inputs, targets


# Each: the micro-batches of rank 0, of rank 1, … (the rest have the last one's).
SPREAD = {
    "unequal tokens": [[batch(9, seed=1)], [batch(2, seed=2)]],
    "one rank ignores all": [[batch(4, seed=1)], [batch(3, seed=2, counting=0)]],
    "unequal micro-batches": [
        [batch(4, seed=1), batch(1, seed=2), batch(6, seed=3, counting=2)],
        [batch(5, seed=4)],
    ],
}


def tokens_case(parts):
    rank, ranks = dist.get_rank(), dist.get_world_size()
    of_rank = [parts[min(k, len(parts) - 1)] for k in range(ranks)]
    torch.manual_seed(0)
    alone = torch.nn.Linear(WIDTH, 7, dtype=torch.float64)
    spread = DistributedDataParallel(torch.nn.Linear(WIDTH, 7, dtype=torch.float64))
    spread.module.load_state_dict(alone.state_dict())
    inputs, targets = (torch.cat(x) for x in zip(*chain(*of_rank), strict=True))
    expected = F.cross_entropy(alone(inputs), targets)
    expected.backward()
    found = backward_of_mean(
        lambda x, t: F.cross_entropy(spread(x), t, reduction="sum"), of_rank[rank], model=spread
    )
    return largest(
        expected.detach() - found,
        *(a.grad - b.grad for a, b in zip(alone.parameters(), spread.module.parameters(), strict=True)),
    )


def nothing_counts():
    model = DistributedDataParallel(torch.nn.Linear(WIDTH, 7, dtype=torch.float64))
    try:
        backward_of_mean(
            lambda x, t: F.cross_entropy(model(x), t, reduction="sum"),
            [batch(3, seed=0, counting=0)],
            model=model,
        )
    except ValueError as error:
        return str(error)


def equal(ranks):
    """Every comparison with one process."""
    assert dist.get_world_size() == int(ranks)
    found = {f"vocabulary: {name}": vocabulary_case(*case) for name, case in VOCABULARY.items()}
    found |= {f"tokens: {name}": tokens_case(parts) for name, parts in SPREAD.items()}
    found["messages"] = [
        message_case(options)
        for options in (
            {},
            {"together": False},
            {"label_smoothing": 0.1},
            {"label_smoothing": 0.1, "together": False},
        )
    ]
    found["half"] = half_case()
    found["mean of nothing"] = mean_of_nothing()
    found["loss_parallel"] = loss_parallel_case(16)
    found["refusals"] = refusals()
    found["nothing counts"] = nothing_counts()
    found["threads"] = torch.get_num_threads()
    if dist.get_rank() == 0:
        print(json.dumps(found))


def die(how, *_):
    """Rank 1 is killed, or raises, while rank 0 waits for it."""
    print("about to die", flush=True)
    if dist.get_rank() == 1:
        if how == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ArithmeticError("one rank has had enough")
    time.sleep(600)


def hang(*_):
    print("about to hang", flush=True)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


if __name__ == "__main__":
    name, *arguments = sys.argv[1:]
    with process_group():
        {"equal": equal, "die": die, "hang": hang}[name](*arguments)

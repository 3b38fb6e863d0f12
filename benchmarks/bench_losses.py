"""How long our losses take beside the functions of the frameworks: loss and gradient, as ratios from one run.

Ours and theirs take turns, so that whatever else the machine does falls on both; each pair gives one ratio,
and the table shows their median. Run it with `make bench`.
"""

import statistics
import time

import numpy as np
import torch
from scipy import special

from helpers.losses import pytorch, reference, tensorflow
from helpers.quiet_tensorflow import tf

TOKENS, VOCABULARY, SECONDS = 512, 8192, 6  # seconds for each row of the table


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def race(ours, theirs) -> tuple[float, float, float]:
    """Median milliseconds of each, and the median ratio of neighbours, from turns taken for SECONDS."""
    ours(), theirs()  # the first call compiles and allocates
    turns, end = [], time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        turns.append((seconds(ours), seconds(theirs)))
    mine, other = (1000 * statistics.median(column) for column in zip(*turns, strict=True))
    return mine, other, statistics.median(a / b for a, b in turns)


def torch_step(loss, logits, targets):
    """Loss and gradient in PyTorch."""
    z, y = torch.tensor(logits, requires_grad=True), torch.tensor(targets)
    return lambda: torch.autograd.grad(loss(z, y), z)


def tensorflow_step(loss, logits, targets, graph):
    """Loss and gradient in TensorFlow, eagerly or as a graph."""
    z, y = tf.constant(logits), tf.constant(targets)

    def step():
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = loss(z, y)
        return tape.gradient(value, z)

    return tf.function(step) if graph else step


def built_in(logits, targets):
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))


def composed(logits, targets):
    log_p = special.log_softmax(logits, axis=-1)
    return -np.take_along_axis(log_p, targets[:, None], axis=-1).mean()


def main():
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(TOKENS, VOCABULARY)).astype(np.float32)
    targets = rng.integers(0, VOCABULARY, TOKENS)
    exact = logits.astype(np.float64)
    F = torch.nn.functional
    rows = {
        "pytorch, forward + backward": (
            torch_step(pytorch.cross_entropy, logits, targets),
            torch_step(F.cross_entropy, logits, targets),
        ),
        "tensorflow, eager, with gradient": (
            tensorflow_step(tensorflow.cross_entropy, logits, targets, graph=False),
            tensorflow_step(built_in, logits, targets, graph=False),
        ),
        "tensorflow, graph, with gradient": (
            tensorflow_step(tensorflow.cross_entropy, logits, targets, graph=True),
            tensorflow_step(built_in, logits, targets, graph=True),
        ),
        "reference, loss alone (SciPy)": (
            lambda: reference.cross_entropy(exact, targets),
            lambda: composed(exact, targets),
        ),
    }
    print(f"cross-entropy of {TOKENS} tokens over {VOCABULARY} classes; medians")
    print(f"{'':34}{'ours':>10}{'theirs':>10}{'ratio':>8}")
    for name, pair in rows.items():
        mine, other, ratio = race(*pair)
        print(f"{name:34}{mine:8.1f}ms{other:8.1f}ms{ratio:8.2f}")


if __name__ == "__main__":
    main()

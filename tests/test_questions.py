"""The references of the later exercises, by a second road: the book's own functions for the same quantity."""

import numpy as np
import pytest
import torch
from roads import road_leads_to_reference

from helpers.compression.arithmetic import bits_of, interval
from helpers.compression.codes import expected_length, huffman, kraft_sum, shannon_lengths
from helpers.compression.files import break_even
from helpers.evaluation import windows
from helpers.losses.pytorch import linear_cross_entropy
from helpers.models.counting import TrigramModel
from helpers.questions import QUESTIONS
from helpers.training.schedule import rate_share

each_case = pytest.mark.parametrize("seed", range(20))


def clipped(gradients, limit):
    tensors = [torch.nn.Parameter(torch.from_numpy(row)) for row in gradients]
    for tensor in tensors:
        tensor.grad = tensor.detach().clone()
    torch.nn.utils.clip_grad_norm_(tensors, limit)
    return np.stack([tensor.grad.numpy() for tensor in tensors])


def states_of(logits, width):
    """What torch's cumulative functions say at the end of each tile."""
    logits = torch.from_numpy(logits)
    ends = [*range(width, len(logits), width), len(logits)]
    largest, log_sum = logits.cummax(dim=0).values, logits.logcumsumexp(dim=0)
    return torch.stack([largest, (log_sum - largest).exp()], dim=1)[torch.tensor(ends) - 1]


def state_of_tiles(one, other):
    """Largest logit and sum below it, (2, N), of logits that have these states: one for each tile."""
    logits = torch.from_numpy(np.stack([largest + np.log(total) for largest, total in (one, other)]))
    largest = torch.from_numpy(np.maximum(one[0], other[0]))
    return torch.stack([largest, (logits.logsumexp(dim=0) - largest).exp()])


def by_autograd(loss, value):
    """Gradient of a loss, which a function computes from a tensor, by that tensor."""
    value = torch.from_numpy(value).requires_grad_()
    return torch.autograd.grad(loss(value), value)[0]


def gradient_of_tile(logits, log_sum, targets, start, n):
    """By autograd, from all logits: those of the tile, and one that holds what is left of the sum."""
    tile = torch.from_numpy(logits)
    rest = (torch.from_numpy(log_sum).exp() - tile.exp().sum(dim=1)).log()
    inside = (targets >= start) & (targets < start + logits.shape[1])
    column = torch.from_numpy(np.where(inside, targets - start, logits.shape[1]))  # the last: all others
    every = torch.cat([tile, rest[:, None]], dim=1).numpy()
    gradient = by_autograd(lambda z: torch.nn.functional.cross_entropy(z, column, reduction="sum") / n, every)
    return gradient[:, :-1]


def loss_of_layer(hidden, weight, targets, chunk):
    return linear_cross_entropy(*map(torch.from_numpy, (hidden, weight, targets)))


def gradient_of_weight(hidden, weight, targets, chunk):
    hidden, targets = torch.from_numpy(hidden), torch.from_numpy(targets)
    return by_autograd(lambda w: linear_cross_entropy(hidden, w, targets), weight)


def gradient_under_softcap(raw, target, softcap, z_loss):
    """Of `linear_cross_entropy`, whose layer copies its states."""
    layer, targets = torch.eye(raw.size, dtype=torch.float64), torch.tensor([target])
    options = {"softcap": softcap, "z_loss": z_loss}
    return by_autograd(lambda h: linear_cross_entropy(h[None], layer, targets, **options), raw)


def bytes_of_arrays(batch, length, classes, dtype):
    logits = torch.empty(batch * length, classes, dtype=getattr(torch, dtype), device="meta")
    return 3 * logits.nbytes


ROADS = {
    "loss-of-given-logits": lambda logits: torch.nn.functional.cross_entropy(
        torch.from_numpy(logits).expand(logits.size, -1), torch.arange(logits.size)
    ),
    "clipped-gradients": clipped,
    "rate-of-each-step": lambda steps, peak, warm_up, total: [
        peak * rate_share(int(step), steps=total, warm_up=warm_up) for step in steps
    ],
    "windows-with-a-stride": windows,
    "whole-bits": shannon_lengths,
    "kraft-sum": kraft_sum,
    "huffman-length": lambda p: expected_length(p, [len(word) for word in huffman(p)]),
    "length-to-break-even": break_even,
    "logits-in-bytes": bytes_of_arrays,
    "log-sum-exp-in-tiles": states_of,
    "merge-of-two-tiles": state_of_tiles,
    "chance-from-tiles": lambda largest, totals, logit: (
        logit - torch.from_numpy(largest + np.log(totals)).logsumexp(dim=0)
    ).exp(),
    "loss-by-chunks": loss_of_layer,
    "gradient-of-a-tile": gradient_of_tile,
    "gradient-of-the-weight": gradient_of_weight,
    "gradient-under-a-softcap": gradient_under_softcap,
}


@each_case
@pytest.mark.parametrize("name", ROADS)
def test_the_reference_is_what_the_book_computes(name, seed):
    road_leads_to_reference(ROADS[name], name, seed)


def test_normal_logits_cost_what_is_to_be_expected():
    logits = 1.5 * np.random.default_rng(0).normal(size=200_000)
    expected = QUESTIONS["loss-at-the-start"].reference(logits.size, 1.5)
    assert QUESTIONS["loss-of-given-logits"].reference(logits) == pytest.approx(expected, abs=0.02)


def test_the_two_mixtures_are_a_trigram_model():
    tokens = np.random.default_rng(0).integers(3, size=60)
    model = TrigramModel.fit(tokens, 3, concentration=5)
    after_one = np.bincount(tokens[1:][tokens[:-1] == 2], minlength=3)
    after_pair = np.bincount(tokens[2:][(tokens[:-2] == 1) & (tokens[1:-1] == 2)], minlength=3)
    asked = QUESTIONS["three-levels-of-counts"].reference
    found = asked(model.bigram.unigram.probabilities, after_one, after_pair, 5)
    np.testing.assert_allclose(found, model.next_distribution([1, 2]))


@each_case
def test_an_interval_is_the_exact_one_and_its_bits_suffice(seed):
    message = np.random.default_rng(seed).integers(3, size=6)
    low, width = interval(message.tolist(), [0.1, 0.2, 0.7])
    q = np.tile([0.1, 0.2, 0.7], (6, 1))
    found = QUESTIONS["interval-of-a-message"].reference(q, message)
    np.testing.assert_allclose(found, [float(low), float(width)])
    prices = -np.log(q[np.arange(6), message])
    assert len(bits_of(low, width)) <= QUESTIONS["bits-of-a-message"].reference(prices)


def test_one_bit_less_does_not_suffice_for_every_message():
    asked = QUESTIONS["bits-of-a-message"].reference
    low, width = interval([1], [0.3, 0.4, 0.3])  # it lies across one half
    assert len(bits_of(low, width)) == asked(-np.log([0.4]))

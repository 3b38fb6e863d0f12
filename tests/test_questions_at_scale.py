"""The references of the exercises at scale, by a second road: the book's functions, autograd, SciPy."""

import numpy as np
import pytest
import torch
from roads import road_leads_to_reference
from scipy.stats import entropy, linregress

from helpers.parallel.tokens import backward_of_mean
from helpers.parallel.traffic import all_reduce_bytes, gathered_logits_bytes, vocabulary_parallel_bytes
from helpers.parallel.vocabulary import shard
from helpers.questions import QUESTIONS
from helpers.scaling import ChinchillaLaw, KaplanLaw, fit_power_law, training_compute

each_case = pytest.mark.parametrize("seed", range(20))


def mean_of_tokens(losses, targets):
    """The mean of the book's own loop, in which a model whose outputs are the losses has no more to do."""

    def total(losses, targets):
        return losses[targets != -100].sum()

    rows = torch.from_numpy(losses).requires_grad_()
    return backward_of_mean(total, list(zip(rows, torch.from_numpy(targets), strict=True)))


def line_through_powers(x, losses, alpha):
    found = linregress(x**-alpha, losses)
    return found.intercept, found.slope


def between_neighbours(draws, level):
    """Quantiles, interpolated between the draws in their order."""
    places = np.linspace(0, 1, len(draws))
    return np.interp([(1 - level) / 2, (1 + level) / 2], places, np.sort(draws))


ROADS = {
    "mean-over-micro-batches": mean_of_tokens,
    "bytes-of-an-all-reduce": lambda numbers, width, ranks: all_reduce_bytes(numbers * width, ranks),
    "logits-or-three-numbers": lambda tokens, num_classes, ranks, width: [
        gathered_logits_bytes(tokens, num_classes, ranks, width=width),
        vocabulary_parallel_bytes(tokens, ranks, width=width),
    ],
    "loss-by-a-law": lambda E, A, B, alpha, beta, N, D: ChinchillaLaw(E, A, B, alpha, beta).predict(N, D),
    "loss-by-one-power": lambda *values: KaplanLaw(*values[:4]).predict(*values[4:]),
    "exponent-of-two-runs": lambda E, x, losses: fit_power_law(x, losses, irreducible=E).alpha,
    "floor-of-a-fit": line_through_powers,
    "best-split-of-compute": lambda A, B, alpha, beta, C: ChinchillaLaw(0, A, B, alpha, beta).optimal(C),
    "interval-of-the-draws": between_neighbours,
    "what-no-model-takes-away": lambda share, p, q: (
        share @ entropy(p, axis=1),
        share @ entropy(p, q, axis=1),
    ),
}


@each_case
@pytest.mark.parametrize("name", ROADS)
def test_the_reference_is_what_the_book_computes(name, seed):
    road_leads_to_reference(ROADS[name], name, seed)


@each_case
def test_the_loss_at_the_end_is_the_floor_of_a_power_law(seed):
    question = QUESTIONS["loss-at-the-end"]
    [losses] = question.arguments(seed)
    law = fit_power_law([1, 2, 4], losses)
    np.testing.assert_allclose(law.E, question.reference(losses), rtol=1e-3)  # where the search stops
    x = 2.0 ** np.arange(3)
    exact = fit_power_law(x, losses, irreducible=question.reference(losses))
    np.testing.assert_allclose(exact.predict(x), losses, rtol=1e-6)


def rows_of(counts, rng):
    """Losses of the tokens of each micro-batch, as leaves; the gradients are of each token's loss."""
    return [torch.from_numpy(rng.gamma(2, size=count)).requires_grad_() for count in counts]


@each_case
def test_micro_batches_that_have_their_shares_give_each_token_the_same_gradient(seed):
    question, rng = QUESTIONS["share-of-each-micro-batch"], np.random.default_rng(seed)
    [counts] = question.arguments(seed)
    rows = rows_of(counts, rng)
    for row, share in zip(rows, question.reference(counts), strict=True):
        (row.mean() * share).backward()
    np.testing.assert_allclose(torch.cat([row.grad for row in rows]), 1 / counts.sum())


@each_case
def test_ranks_that_scale_their_sums_give_each_token_the_same_gradient(seed):
    question, rng = QUESTIONS["scale-of-each-rank"], np.random.default_rng(seed)
    [counts] = question.arguments(seed)
    rows = rows_of(counts.ravel(), rng)
    for row in rows:
        (row.sum() * question.reference(counts)).backward()
    gradients = torch.cat([row.grad for row in rows]) / len(counts)  # what DistributedDataParallel does
    np.testing.assert_allclose(gradients, 1 / counts.sum())


@each_case
def test_the_steps_of_a_spread_vocabulary_make_the_loss_of_one_process(seed):
    rng = np.random.default_rng(seed)
    tokens, ranks, width = 6, int(rng.integers(2, 5)), int(rng.integers(2, 5))
    logits = rng.normal(scale=20, size=(tokens, ranks * width))
    targets = rng.integers(ranks * width, size=tokens)
    largest, sums, own = [], [], []
    for rank in range(ranks):
        part = shard(ranks * width, rank, ranks)
        z = logits[:, part]
        largest.append(z.max(axis=1))
        sums.append(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))
        own.append(QUESTIONS["target-on-a-rank"].reference(z, part.start, targets))
    of_all, total = QUESTIONS["largest-and-sum-over-ranks"].reference(np.array(largest), np.array(sums))
    losses = QUESTIONS["loss-from-three-numbers"].reference(of_all, total, np.sum(own, axis=0))
    expected = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits), torch.from_numpy(targets), reduction="none"
    )
    np.testing.assert_allclose(losses, expected, rtol=1e-9, atol=1e-9)


@each_case
def test_a_budget_is_spent_and_its_ratio_kept(seed):
    question = QUESTIONS["model-and-text-for-a-budget"]
    compute, ratio = question.arguments(seed)
    N, D = question.reference(compute, ratio)
    assert training_compute(N, D) == pytest.approx(compute)
    np.testing.assert_allclose(D / N, ratio)


@each_case
def test_no_split_of_the_compute_is_better_than_the_best(seed):
    question = QUESTIONS["best-split-of-compute"]
    A, B, alpha, beta, compute = question.arguments(seed)
    N, D = question.reference(A, B, alpha, beta, compute)
    law = ChinchillaLaw(0, A, B, alpha, beta)
    more = np.array([0.9, 0.99, 1.01, 1.1])
    assert training_compute(N, D) == pytest.approx(compute)
    assert (law.predict(N * more, D / more) > law.predict(N, D)).all()

"""Losses on two and on four processes, against PyTorch's on one; and what is counted without any."""

import json
import math
from pathlib import Path

import numpy as np
import parallel_cases
import pytest
import torch
from torch.nn import functional as F

from helpers.parallel import traffic
from helpers.parallel.launch import launch
from helpers.parallel.tokens import backward_of_mean
from helpers.parallel.vocabulary import shard

COMPARED = [
    *(f"vocabulary: {name}" for name in parallel_cases.VOCABULARY),
    *(f"tokens: {name}" for name in parallel_cases.SPREAD),
]


@pytest.fixture(scope="module", params=[2, 4])
def found(request):
    """All comparisons, made by one start of the processes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(__file__).parent))
        said = launch("parallel_cases", "equal", str(request.param), processes=request.param, limit=180)
    return json.loads(said)


@pytest.mark.parametrize("name", COMPARED)
def test_loss_and_gradients_are_those_of_one_process(found, name):
    assert found[name] < (1e-6 if "float32" in name else 1e-12)


def test_the_sums_travel_in_one_message_or_in_one_each_and_weigh_what_the_formula_says(found):
    assert [case[0] for case in found["messages"]] == [2, 3, 2, 4]
    for _, sent, said in found["messages"]:
        assert sent == pytest.approx(said)


def test_half_precision_is_computed_in_single(found):
    dtype, of_gradient, difference = found["half"]
    assert (dtype, of_gradient) == ("torch.float32", "torch.bfloat16")
    assert difference < 1e-6


def test_the_mean_of_no_token_is_nan(found):
    assert math.isnan(found["mean of nothing"])


def test_pytorchs_own_gives_the_same_but_does_not_smooth(found):
    difference, said = found["loss_parallel"]
    assert difference < 1e-12
    assert said != "nothing"  # "mixed torch.Tensor and DTensor": it knows the call without smoothing alone


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("logits", "for the classes 0 to"),
        ("no axis", "logits have shape ()"),
        ("targets", "targets holds 16 at position (1,); expected classes 0 to 15"),
        ("negative", "targets holds -1 at position (1,)"),
        ("shape", "targets have shape (2,)"),
        ("dtype", "targets has dtype torch.float32"),
        ("reduction", "reduction is 'average'"),
        ("smoothing", "label_smoothing is 2"),
    ],
)
def test_wrong_input_is_named(found, name, complaint):
    assert complaint in found["refusals"][name]


def test_a_step_in_which_no_token_counts_is_refused_on_every_process(found):
    assert "every target is ignore_index (-100)" in found["nothing counts"]


def test_each_process_has_one_thread(found):
    assert found["threads"] == 1


@pytest.mark.parametrize(("num_classes", "ranks"), [(16, 4), (13, 4), (5, 5), (7, 1), (50257, 8)])
def test_shards_cover_the_classes_once_and_differ_by_at_most_one(num_classes, ranks):
    shards = [shard(num_classes, rank, ranks) for rank in range(ranks)]
    assert [k for own in shards for k in range(num_classes)[own]] == list(range(num_classes))
    sizes = [own.stop - own.start for own in shards]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((3, 0, 4), "num_classes is 3 for 4 ranks"),
        ((8, 4, 4), "rank is 4; expected 0 to 3"),
        ((8, -1, 4), "rank is -1"),
        ((8, 0, 0), "ranks is 0"),
    ],
)
def test_a_shard_that_cannot_be_is_refused(arguments, complaint):
    with pytest.raises(ValueError, match=complaint):
        shard(*arguments)


def ring(vectors):
    """Sum vectors over a ring of processes, as they do it; return what all have, and numbers sent by each."""
    n = len(vectors)
    chunks, sent = [np.split(vector.copy(), n) for vector in vectors], [0] * n
    for step in range(2 * (n - 1)):
        moving = [(rank - step) % n for rank in range(n)]
        boxes = [chunks[rank][moving[rank]].copy() for rank in range(n)]
        for rank, box in enumerate(boxes):
            sent[rank] += box.size
            place = chunks[(rank + 1) % n]
            place[moving[rank]] = place[moving[rank]] + box if step < n - 1 else box
    return [np.concatenate(parts) for parts in chunks], sent


@pytest.mark.parametrize("ranks", [1, 2, 3, 8])
def test_an_all_reduce_sends_what_a_ring_sends(ranks):
    vectors = [np.arange(24.0) * (rank + 1) for rank in range(ranks)]
    sums, sent = ring(vectors)
    for found in sums:
        np.testing.assert_allclose(found, sum(vectors))
    assert sent == [pytest.approx(traffic.all_reduce_bytes(24, ranks))] * ranks


def test_gathering_the_logits_sends_every_logit_but_ones_own():
    own = 5 * 16 // 4 * 2  # bytes of the logits of one rank
    assert traffic.gathered_logits_bytes(5, 16, 4, width=2) == 3 * own


@pytest.mark.parametrize(
    ("function", "arguments", "name"),
    [
        (traffic.all_reduce_bytes, (0, 2), "size"),
        (traffic.all_gather_bytes, (8, 0), "ranks"),
        (traffic.vocabulary_parallel_bytes, (0.5, 2), "tokens"),
        (traffic.gathered_logits_bytes, (1, 0, 2), "num_classes"),
    ],
)
def test_a_count_that_is_none_is_refused(function, arguments, name):
    with pytest.raises(ValueError, match=f"{name} is"):
        function(*arguments)


def test_accumulated_gradients_are_those_of_the_whole_batch():
    model = torch.nn.Linear(parallel_cases.WIDTH, 7, dtype=torch.float64)
    parts = [parallel_cases.batch(8, seed=1, counting=1), parallel_cases.batch(5, seed=2)]
    inputs, targets = (torch.cat(x) for x in zip(*parts, strict=True))
    expected = F.cross_entropy(model(inputs), targets)
    gradients = torch.autograd.grad(expected, list(model.parameters()))
    found = backward_of_mean(lambda x, t: F.cross_entropy(model(x), t, reduction="sum"), parts)
    assert found == pytest.approx(expected.item(), abs=1e-12)
    for parameter, gradient in zip(model.parameters(), gradients, strict=True):
        torch.testing.assert_close(parameter.grad, gradient)


def test_no_micro_batch_is_refused():
    with pytest.raises(ValueError, match="micro_batches is empty"):
        backward_of_mean(None, [])

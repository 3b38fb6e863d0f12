"""The jobs that chapter 16 starts: what they print is right, by another road, and nothing is left of them."""

import math
import os
import time
import uuid

import numpy as np
import psutil
import pytest
import torch
from matplotlib.colors import to_hex

from helpers import plots, style
from helpers.parallel import demo_tokens
from helpers.parallel.launch import launch


def test_every_rank_ends_with_the_sums_and_the_maxima():
    lines = launch("helpers.parallel.demo_sum", processes=3).splitlines()
    had = np.outer([1, 2, 3], [1, 10, 100])
    assert lines == [
        f"rank {rank} had {had[rank].tolist()}: sums {had.sum(0).tolist()}, maxima {had.max(0).tolist()}"
        for rank in range(3)
    ]


def test_the_micro_batches_cost_three_and_six_nats_each():
    layer = demo_tokens.forecaster()
    for (inputs, targets), nats in zip(demo_tokens.micro_batches(), (3, 6), strict=True):
        loss = torch.nn.functional.cross_entropy(layer(inputs), targets, reduction="none")
        torch.testing.assert_close(loss, torch.full_like(loss, nats))


def test_the_gradient_of_the_bias_is_the_forecast_less_the_share_of_the_tokens():
    _, gradient = demo_tokens.one_process(torch.device("cpu"))
    q = np.array([math.exp(-3), math.exp(-6), 1 - math.exp(-3) - math.exp(-6)])
    np.testing.assert_allclose(gradient[-3:], q - np.array([1_000, 10, 0]) / 1_010, atol=1e-12)


def test_a_mean_of_means_is_off_and_a_mean_over_tokens_is_not():
    one, of_means, of_tokens = launch("helpers.parallel.demo_tokens").splitlines()
    assert f"loss {(1_000 * 3 + 10 * 6) / 1_010:.4f} nats" in one
    assert "loss 4.5000 nats" in of_means
    assert of_means.endswith("False")
    assert one.split("loss")[1] in of_tokens
    assert of_tokens.endswith("gradient off by 0%, equal to 1e-6: True")


@pytest.mark.parametrize("processes", [1, 2, 4])
def test_classes_that_are_spread_give_the_loss_and_gradients_of_one_process(processes):
    one, *ways = launch("helpers.parallel.demo_vocabulary", processes=processes, limit=120).splitlines()
    assert one.startswith("one process")
    assert [way.split()[:2] for way in ways] == [
        ["three_messages", "3"],
        ["two_messages", "2"],
        ["of_pytorch", "3"],
    ]
    assert all(way.endswith("equal to 1e-6: True") for way in ways)


def left(mark):
    """Processes that have the mark on their command line, and still run."""
    found = psutil.process_iter(["cmdline", "status"])
    return [
        p for p in found if mark in (p.info["cmdline"] or ()) and p.info["status"] != psutil.STATUS_ZOMBIE
    ]


def test_a_job_whose_rank_is_killed_says_so_and_leaves_no_process():
    mark, start = uuid.uuid4().hex, time.monotonic()
    with pytest.raises(RuntimeError, match="demo_trouble failed: rank 1 was killed by SIGKILL") as failure:
        launch("helpers.parallel.demo_trouble", "killed", mark, limit=90)
    assert time.monotonic() - start < 80  # not at the limit
    assert "step 3" in str(failure.value)
    assert "step 4" not in str(failure.value)
    assert not left(mark)


def test_a_job_whose_rank_never_comes_ends_at_its_limit_and_leaves_no_process():
    mark = uuid.uuid4().hex
    with pytest.raises(TimeoutError, match="demo_trouble was ended after its limit of 15 s"):
        launch("helpers.parallel.demo_trouble", "hangs", mark, limit=15)
    assert not left(mark)


def test_what_is_left_would_be_found():
    assert os.getpid() in [process.pid for process in left(psutil.Process().cmdline()[-1])]


def test_a_ring_is_drawn_with_its_numbers_the_changed_ones_framed_and_the_sums_filled():
    states = [[[1, 10], [2, 20]], [[1, 30], [3, 20]], [[3, 30], [3, 30]]]
    ax = plots.ring_steps(states)
    assert [text.get_text() for text in ax.texts if text.get_text().isdigit()] == [
        str(number) for state in states for row in state for number in row
    ]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["rank 0", "rank 1"]
    filled = [to_hex(cell.get_facecolor()) == style.TRUTH.lower() for cell in ax.patches]
    framed = [to_hex(cell.get_edgecolor()) == style.LOSS.lower() for cell in ax.patches]
    assert filled == [False] * 5 + [True, True, False] + [True] * 4
    assert framed == [False] * 5 + [True, True, False] + [True, False, False, True]

"""Processes that are started together: what they print comes back, what fails is named, and none is left."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import psutil
import pytest

from helpers.parallel.launch import launch


@pytest.fixture
def mark(monkeypatch):
    """A word for the command line by which the processes of a test are known from all others."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return uuid.uuid4().hex


def left(mark):
    """Processes of the test that still run."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if mark in (process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


@pytest.mark.parametrize(
    ("how", "sentence"),
    [("killed", "rank 1 was killed by SIGKILL"), ("raises", "rank 1 ended with exit code 1")],
)
def test_a_rank_that_dies_is_named_and_the_others_are_ended(mark, how, sentence):
    start = time.monotonic()
    with pytest.raises(RuntimeError) as failure:
        launch("parallel_cases", "die", how, mark, processes=2, limit=90)
    assert time.monotonic() - start < 80  # not at the limit: rank 0 would sleep on
    message = str(failure.value)
    assert message.startswith(f"parallel_cases failed: {sentence}")
    assert "about to die" in message
    assert "rank 0" not in message
    assert ("ArithmeticError: one rank has had enough" in message) == (how == "raises")
    assert not left(mark)


def test_ranks_that_hang_are_ended_at_the_limit_whatever_they_do_with_signals(mark):
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="parallel_cases was ended after its limit of 12 s") as failure:
        launch("parallel_cases", "hang", mark, processes=2, limit=12)
    assert 12 <= time.monotonic() - start < 40
    assert str(failure.value).count("rank ") == 2
    assert not left(mark)


def test_a_module_that_does_not_exist_is_named(mark):
    with pytest.raises(RuntimeError, match="no_such_module_of_ours"):
        launch("no_such_module_of_ours", mark, processes=1)


def test_a_rank_whose_caller_is_gone_ends_after_the_limit(mark):
    alone = {"RANK": "0", "LOCAL_RANK": "0", "WORLD_SIZE": "1", "LOCAL_WORLD_SIZE": "1"}
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "0", "PARALLEL_LIMIT": "1"}
    command = [sys.executable, "-m", "parallel_cases", "hang", mark]
    done = subprocess.run(
        command, env=os.environ | alone | meeting, timeout=90, capture_output=True, text=True
    )
    assert done.returncode == -signal.SIGALRM, done.stderr
    assert "about to hang" in done.stdout


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"processes": 0}, "processes is 0; expected a whole number"),
        ({"limit": 0}, "limit is 0; expected a finite number above 0"),
    ],
)
def test_what_cannot_be_started_is_refused(options, complaint):
    with pytest.raises(ValueError, match=complaint):
        launch("parallel_cases", **options)

"""What the benchmark races is the same loss: each alternative against all the logits, and its command."""

import json
import subprocess
import sys
from argparse import Namespace

import pytest
import torch

from benchmarks import bench_linear_cross_entropy as bench
from benchmarks.linear_cross_entropies import ALTERNATIVES, CUT_CLASSES, CUT_TOKENS, Liger, eager

COMPILED = "torch.compile"  # it is `eager`, and takes long to compile


def gradients(function, hidden, weight, targets, times=1):
    loss = times * function(hidden, weight, targets)
    return loss.detach(), *torch.autograd.grad(loss, (hidden, weight))


def layer(tokens, width, classes):
    draw = torch.Generator().manual_seed(0)
    hidden, weight = (
        torch.randn(shape, generator=draw, dtype=torch.float64, requires_grad=True)
        for shape in ((tokens, width), (classes, width))
    )
    return hidden, weight, torch.randint(classes, (tokens,), generator=draw)


@pytest.mark.parametrize("name", [name for name in ALTERNATIVES if name != COMPILED])
@pytest.mark.parametrize("times", [1, 3])
def test_each_alternative_is_the_same_loss(name, times):
    parts = layer(CUT_TOKENS + 7, 4, CUT_CLASSES + 5)  # more than a block of either kind
    torch.testing.assert_close(gradients(ALTERNATIVES[name], *parts, times), gradients(eager, *parts, times))


def test_liger_in_one_chunk_too():
    parts = layer(1, 9, 5)
    torch.testing.assert_close(gradients(Liger.apply, *parts), gradients(eager, *parts))


# What fresh processes said, round by round: the machine was slower by half in the second.
TOLD = {
    "eager": [{"ms": 40, "floor": 10, "ratio": 4}, {"ms": 60, "floor": 15, "ratio": 4}],
    "ours": [{"ms": 10, "floor": 10, "ratio": 1}, {"ms": 30, "floor": 15, "ratio": 2}],
    "broken": [{"ms": 10, "floor": 10, "ratio": 1}, None],
}


def told(monkeypatch, asked):
    def fresh(kind, name, *_):
        asked.append(name)
        return TOLD[name][asked.count(name) - 1]

    monkeypatch.setattr(bench, "fresh", fresh)


def test_ratios_are_medians_over_rounds_and_a_failure_is_left_out(monkeypatch):
    asked = []
    told(monkeypatch, asked)
    rows = bench.race(list(TOLD), (2, 3, 4), 1, Namespace(rounds=2, turns=1, seconds=0))
    about = {"tokens": 2, "width": 3, "classes": 4, "threads": 1, "turns": 1, "seconds": 0}
    of_floor = {"to_floor": 1.0, "rounds_to_floor": [1.0, 1.0], "to_eager": 0.25}
    of_eager = {"to_floor": 4, "rounds_to_floor": [4, 4], "to_eager": 1}
    of_ours = {"to_floor": 1.5, "rounds_to_floor": [1, 2], "to_eager": 0.375}
    assert rows == [
        about | {"name": "floor", "ms": 12.5} | of_floor,
        about | {"name": "eager", "ms": 50} | of_eager,
        about | {"name": "ours", "ms": 20} | of_ours,
    ]
    assert asked == ["eager", "ours", "broken", "ours", "broken", "eager"]  # another one begins


def test_what_is_measured_again_takes_the_place_of_its_shape_and_leaves_the_others():
    def rows(classes, *ms, threads=1):
        return [{"tokens": 2, "width": 3, "classes": classes, "threads": threads, "ms": x} for x in ms]

    record = {"machine": {"cores": 2}, "time": rows(4, 1, 2) + rows(4, 3, threads=2) + rows(9, 4)}
    assert bench.renewed(record, {"time": rows(4, 5, 6, threads=2), "series": rows(8, 7)}) == {
        "machine": {"cores": 2},
        "time": rows(4, 1, 2) + rows(4, 5, 6, threads=2) + rows(9, 4),
        "series": rows(8, 7),
    }


def test_a_record_of_another_machine_is_left_alone(tmp_path):
    path = tmp_path / "record.json"
    assert bench.recorded(path).keys() == {"machine"}
    path.write_text(json.dumps({"machine": bench.machine() | {"cores": 9999}}), encoding="utf-8")
    with pytest.raises(SystemExit, match=r"record\.json was recorded on .*9999.*; this is "):
        bench.recorded(path)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--shape", "2", "3", "4"), "argument --shape: not allowed with argument --no-shapes"),
        (("--figure", "race.png"), "--figure draws the first shape, which --no-shapes leaves out"),
    ],
)
def test_the_curves_alone_go_with_no_shape_and_no_picture_of_one(monkeypatch, capsys, more, why):
    monkeypatch.setattr(sys, "argv", ["bench", "--no-shapes"])
    options = bench.arguments()
    assert (options.shape, options.series) == ([], bench.SERIES)
    sys.argv += more
    with pytest.raises(SystemExit):
        bench.arguments()
    assert why in capsys.readouterr().err


def test_without_eager_there_is_nothing_to_compare_with(monkeypatch):
    told(monkeypatch, [])
    with pytest.raises(SystemExit, match="eager failed at 2 tokens, width 3, 4 classes"):
        bench.race(["ours"], (2, 3, 4), 1, Namespace(rounds=1, turns=1, seconds=0))


def test_a_worker_that_fails_says_its_last_words(capsys):
    assert bench.fresh("time", "no such way", (2, 3, 4), 1, []) is None
    assert capsys.readouterr().out == "no such way: KeyError: 'no such way'\n"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux alone")
def test_one_worker_tells_its_peak_the_logits_that_eager_holds(root):
    command = [sys.executable, str(root / "benchmarks" / "bench_linear_cross_entropy.py")]
    shape = (512, 8, 16384)
    taken = {}
    for name in ("eager", "ours, chunk 64"):
        done = subprocess.run(
            [*command, "--worker", "memory", "--name", name, "--threads", "1", "--shape", *map(str, shape)],
            capture_output=True,
            text=True,
            check=True,
        )
        taken[name] = json.loads(done.stdout)["bytes"]
    logits = 4 * shape[0] * shape[2]
    assert taken["eager"] > 1.8 * logits  # log-probabilities or logits, and the gradient
    assert taken["ours, chunk 64"] < 0.5 * logits

"""Counted bytes and multiplications against the shapes; recorded rows that are found, and missed."""

import json

import pytest
import torch
from torch.nn import functional as F

from benchmarks.linear_cross_entropies import CUT_CLASSES, CUT_TOKENS, Cut, Liger, ceil_div, next_power_of_2
from helpers.losses.pytorch import linear_cross_entropy
from helpers.measurements import (
    head_bytes,
    kept_for_backward,
    load,
    multiplications,
    peak_bytes,
    select,
    table,
)

N, D, V = 768, 32, 6000


def eager(hidden, weight, targets):
    return F.cross_entropy(F.linear(hidden, weight), targets)


def step(loss):
    draw = torch.Generator().manual_seed(0)
    hidden, weight = (torch.randn(n, D, generator=draw, requires_grad=True) for n in (N, V))
    targets = torch.randint(V, (N,), generator=draw)
    return lambda: torch.autograd.grad(loss(hidden, weight, targets), (hidden, weight))


def test_bytes_alive_are_counted_once_and_given_back():
    def two_at_a_time():
        for _ in range(5):
            made = torch.zeros(100).add(1)  # 400 bytes, twice
            made.view(10, 10).mul_(2)  # none
        return made

    assert peak_bytes(two_at_a_time) == 3 * 400  # the last one waits for the next to be there
    assert peak_bytes(lambda: None) == 0


@pytest.mark.parametrize(
    ("method", "loss", "sizes", "products"),
    [
        ("all logits", eager, {}, 3),
        ("chunks", linear_cross_entropy, {}, 3),
        ("tiles", Cut.apply, {"chunk": CUT_TOKENS, "tile": CUT_CLASSES}, 4),
    ],
)
def test_the_bytes_and_products_of_a_method_are_those_of_its_formula(method, loss, sizes, products):
    counted = peak_bytes(step(loss))
    of_formula = head_bytes(method, N, D, V, **sizes)
    spare = 4 * CUT_TOKENS * CUT_CLASSES if method == "tiles" else 0  # a tile is made before the last is gone
    assert of_formula <= counted <= 1.05 * of_formula + spare
    assert multiplications(step(loss)) == products * N * D * V


def test_ligers_chunks_have_the_logits_of_a_chunk_and_of_the_next_one():
    chunk = next_power_of_2(ceil_div(N, ceil_div(V, D)))
    held = head_bytes("chunks", N, D, V, chunk=chunk)
    assert held <= peak_bytes(step(Liger.apply)) <= 1.02 * (held + 4 * chunk * V)
    assert multiplications(step(Liger.apply)) == 3 * N * D * V


def test_where_the_gradients_are_larger_than_the_logits_they_count():
    assert head_bytes("all logits", 10, 1000, 10) == 4 * (10 * 10 + 1000 * 20)
    assert head_bytes("all logits", 10, 1, 1000, size=2) == 2 * 3 * 10 * 1000


def test_a_chunk_is_no_longer_than_the_text_nor_a_tile_than_the_vocabulary():
    assert head_bytes("tiles", 10, 1, 20) == 4 * (10 * 20 + 30)


def test_autograd_keeps_the_logits_of_eager_and_nothing_of_ours():
    hidden, weight = torch.randn(8, 4, requires_grad=True), torch.randn(20, 4, requires_grad=True)
    targets = torch.arange(8)
    inputs = hidden, weight, targets
    assert kept_for_backward(lambda: eager(*inputs), *inputs) == [(8, 20)]
    assert kept_for_backward(lambda: linear_cross_entropy(*inputs), *inputs) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "magic"}, "method is 'magic'; expected one of all logits, chunks"),
        ({"tokens": 0}, "tokens is 0; expected a whole number"),
        ({"chunk": 1.5}, "chunk is 1.5; expected a whole number"),
    ],
)
def test_bad_sizes_are_named(options, message):
    good = {"method": "chunks", "tokens": 1, "width": 1, "classes": 1}
    with pytest.raises(ValueError, match=message):
        head_bytes(**good | options)


ROWS = [
    {"name": "eager", "classes": 10, "ms": 20.25},
    {"name": "ours", "classes": 10, "ms": 9.5},
    {"name": "ours", "classes": 20},
]


def test_a_file_is_read_and_what_is_wrong_with_it_is_named(tmp_path):
    found = {"machine": {}, "time": ROWS, "memory": []}
    (tmp_path / "race.json").write_text(json.dumps(found))
    assert load("race", tmp_path) == found
    with pytest.raises(ValueError, match=r"no measurement is called 'rase'; expected one of \['race'\]"):
        load("rase", tmp_path)
    (tmp_path / "race.json").write_text("{")
    with pytest.raises(ValueError, match=r"race\.json is no JSON"):
        load("race", tmp_path)
    (tmp_path / "race.json").write_text('{"machine": {}}')
    with pytest.raises(ValueError, match=r"race\.json has no memory, time"):
        load("race", tmp_path)


def test_rows_are_selected_and_none_is_an_error():
    assert select(ROWS, name="ours", classes=10) == [ROWS[1]]
    assert select(ROWS) == ROWS
    with pytest.raises(ValueError, match=r"no row has .* 30\}; there are \{'classes': \[10, 20\]\}"):
        select(ROWS, classes=30)


def test_a_table_is_written_in_columns():
    assert table(ROWS, {"name": "{}", "ms": "{:.1f}"}).split("\n") == [
        "name     ms",
        "eager  20.2",
        "ours    9.5",
        "ours",
    ]
    with pytest.raises(ValueError, match="no row has 'bytes'; expected one of name, classes, ms"):
        table(ROWS, {"bytes": "{}"})
    with pytest.raises(ValueError, match="a table of no rows"):
        table([], {"name": "{}"})

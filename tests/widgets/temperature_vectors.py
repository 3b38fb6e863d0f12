"""Forecasts and smoothed targets for the scripts, and their losses by the helpers."""

import numpy as np

from helpers.widgets.temperature_smoothing import TemperatureAndSmoothing


def temperatures() -> list[dict]:
    """Forecasts at a temperature against smoothed targets."""
    rng = np.random.default_rng(2)
    found = []
    for size in [2, 3, 5]:
        for epsilon in [0, 0.1, 0.5, 1]:
            figure = TemperatureAndSmoothing(
                ["x"] * size,
                rng.normal(0, 2, size),
                target=int(rng.integers(size)),
                temperature=10 ** rng.uniform(-1, 1),
                label_smoothing=epsilon,
            )
            found.append(
                {
                    **figure.start,
                    "smoothed": figure.smoothed_target.tolist(),
                    "loss": figure.loss,
                    "entropy": figure.forecast_entropy,
                    "best": figure.best_temperature,
                }
            )
    return found

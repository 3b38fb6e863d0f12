"""What Python computes of divergences, for the scripts to agree with; JSON has None for infinity."""

import numpy as np

from helpers.widgets import gaussians
from helpers.widgets.divergence_explorer import DivergenceExplorer
from helpers.widgets.gaussian_fit import GaussianFit


def _finite(values: np.ndarray) -> list:
    return [float(v) if np.isfinite(v) else None for v in np.atleast_1d(values)]


def random_pairs(count: int = 24) -> list[tuple[list[float], list[float]]]:
    """Distributions p and q over 2 to 5 outcomes, each in turn with and without zeros."""
    rng = np.random.default_rng(3)
    pairs = []
    for number in range(count):
        size = 2 + number % 4
        p, q = rng.dirichlet(np.full(size, [0.1, 1, 10][number % 3]), 2)
        if number % 4 == 1:
            q = np.where(np.arange(size) == number % size, 0, q)
        if number % 4 == 2:
            p = np.where(np.arange(size) == number % size, 0, p)
        pairs.append(((p / p.sum()).tolist(), (q / q.sum()).tolist()))
    return [*pairs, ([0.5, 0.5], [0.5, 0.5]), ([1, 0, 0], [0, 1, 0]), ([1, 0, 0], [1, 0, 0])]


def divergences() -> list[dict]:
    """Pairs of distributions with what the explorer shows of them, in nats."""
    found = []
    for p, q in random_pairs():
        figure = DivergenceExplorer([f"outcome {k}" for k in range(len(p))], p, q)
        numbers = [figure.entropy_p, figure.divergence, figure.cross_entropy]
        found.append({"p": p, "q": q, "numbers": _finite(numbers), "terms": _finite(figure.terms)})
    return found


def random_fits(count: int = 16) -> list[dict]:
    """States of the Gaussian fit: any that its traits allow, and the ends of their ranges."""
    rng = np.random.default_rng(4)
    fits = [
        {
            "mean": rng.uniform(*gaussians.MEANS),
            "sd": rng.uniform(*gaussians.SDS),
            "weight": rng.uniform(0.05, 0.95),
            "centres": sorted(rng.uniform(-4, 4, 2).tolist()),
            "width": rng.uniform(0.4, 2),
        }
        for _ in range(count)
    ]
    ends = [
        {"mean": 6, "sd": 0.3, "weight": 0.95, "centres": [-4, 4], "width": 0.4},
        {"mean": -6, "sd": 5, "weight": 0.05, "centres": [-4, 4], "width": 0.4},
        {"mean": 0, "sd": 1, "weight": 0.5, "centres": [0, 0], "width": 1},
    ]
    return [*fits, *ends]


def gaussian_fits() -> list[dict]:
    """Gaussian fits with their divergences in nats, and where each descent ends."""
    found = []
    for state in random_fits():
        figure = GaussianFit(**state)
        ends = {
            direction: gaussians.descend(direction, figure.log_p, figure.mean, figure.sd)[-1].tolist()
            for direction in gaussians.DIRECTIONS
        }
        numbers = {"forward": figure.forward, "reverse": figure.reverse, "moments": list(figure.moments)}
        found.append({**state, **numbers, "ends": ends})
    return found

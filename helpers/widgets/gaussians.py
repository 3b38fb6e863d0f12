"""Densities on a line: a Gaussian, a mixture of two, the divergence between them, the way to its minimum.

Integrals are sums over one grid, -40 to 40 in steps of 0.02, times the step: for smooth densities that are
0 at both ends, this rule's error falls faster than any power of the step. Densities are kept as logarithms:
in the tails they would be rounded to 0, and a divergence to infinity. `gaussians.js` does the same sums.
"""

import numpy as np

from helpers.validation import reals

GRID_END, GRID_STEP = 40.0, 0.02
GRID = np.linspace(-GRID_END, GRID_END, 4001)

MEANS = (-6.0, 6.0)  # where a fit may go
SDS = (0.3, 5.0)
DIRECTIONS = ("forward", "reverse")

LONGEST_STEP = (1.0, 0.5)  # of the mean, and of log sd
MOST_STEPS = 200
LEAST_GAIN = 1e-12  # nats; a step that gains less is the last
ASIDE = 0.1  # how far to look beside a place where the descent stops: on a ridge it is lower there


def log_normal(x, mean: float, sd: float) -> np.ndarray:
    """Logarithm of the density of a Gaussian at `x`, any shape."""
    return -(((reals("x", x) - mean) / sd) ** 2) / 2 - np.log(sd) - np.log(2 * np.pi) / 2


def log_two_humps(x, weight: float, centres, width: float) -> np.ndarray:
    """Logarithm, at `x`, of the density of two Gaussians; `weight` is the share of the left one."""
    left = np.log(weight) + log_normal(x, centres[0], width)
    return np.logaddexp(left, np.log1p(-weight) + log_normal(x, centres[1], width))


def integral(values: np.ndarray) -> float:
    """Integral of what has these values on the grid, shape (4001,)."""
    return float(values.sum() * GRID_STEP)


def divergence(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """KL(p‖q), in nats, of two densities given as logarithms on the grid; never below 0."""
    return max(integral(np.exp(log_p) * (log_p - log_q)), 0.0)


def descend(direction: str, log_p: np.ndarray, mean: float, sd: float) -> np.ndarray:
    """Way of a Gaussian q down to a minimum of KL(p‖q), "forward", or of KL(q‖p), "reverse".

    Each step goes against the natural gradient (Amari, 1998), which for a Gaussian is the gradient with
    respect to the mean times sd², and that with respect to log sd divided by 2. A step that does not go down
    is halved until it does.

    Args:
        direction: "forward" or "reverse".
        log_p: logarithm of the density p on the grid, shape (4001,).
        mean: of q at the start.
        sd: of q at the start.

    Returns:
        array of shape (steps + 1, 2): mean and sd at the start and after each step.
    """
    p, slope = np.exp(log_p), np.gradient(log_p, GRID_STEP, edge_order=2)
    path = [(float(mean), float(sd))]

    def cost(mean, sd):
        log_q = log_normal(GRID, mean, sd)
        return divergence(log_p, log_q) if direction == "forward" else divergence(log_q, log_p)

    def wanted(mean, sd):
        """Step against the natural gradient, as long as allowed: of the mean, and of log sd."""
        away = GRID - mean
        if direction == "forward":
            step = [integral(p * away), (integral(p * away**2) / sd**2 - 1) / 2]
        else:
            q = np.exp(log_normal(GRID, mean, sd))
            step = [sd**2 * integral(q * slope), (1 + integral(q * slope * away)) / 2]
        return np.clip(step, np.negative(LONGEST_STEP), LONGEST_STEP)

    def moved(mean, sd, step):
        return float(np.clip(mean + step[0], *MEANS)), float(np.clip(sd * np.exp(step[1]), *SDS))

    while len(path) <= MOST_STEPS:
        here, step = path[-1], wanted(*path[-1])
        now, size = cost(*here), 1.0
        there = moved(*here, step)
        while cost(*there) > now - LEAST_GAIN and size > 1e-3:
            size /= 2
            there = moved(*here, size * step)
        if cost(*there) > now - LEAST_GAIN:
            beside = [moved(*here, (aside, 0)) for aside in (-ASIDE, ASIDE)]
            there = next((one for one in beside if cost(*one) < now - LEAST_GAIN), None)
            if there is None:
                break
        path.append(there)
    return np.array(path)

"""What arithmetic in float formats gives: rounding by NumPy and ml_dtypes, the rest by the helpers."""

import math

import ml_dtypes
import numpy as np

from helpers.widgets.binary_recipes import RECIPES, loss_and_gradient
from helpers.widgets.float_formats import FORMATS
from helpers.widgets.rounded_softmax import naive, stable

DTYPES = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float32": np.float32,
    "float64": np.float64,
}


def numbers() -> np.ndarray:
    """Numbers of every size and sign, and those where rounding turns: ties, subnormals, the largest."""
    rng = np.random.default_rng(2)
    edges = [0.0, np.inf, np.nan, 1 - 2.0**-9, 1 - 2.0**-12, 1 - 2.0**-25, 65504, 65519.9, 65520]
    for one in FORMATS.values():
        tie = 2.0 ** (one.least_exponent - one.digits)  # half of the smallest
        edges += [one.largest, one.smallest, tie, 3 * tie, 1 + 2.0**-one.digits, 1 + 3 * 2.0**-one.digits]
    drawn = rng.standard_normal(400) * 10.0 ** rng.uniform(-50, 42, 400)
    return np.concatenate([drawn, edges, -np.array(edges)])


def cast(x, name: str) -> np.ndarray:
    """`x` stored in the format by NumPy or ml_dtypes, as float64 again."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.asarray(x).astype(DTYPES[name]).astype(np.float64)


def as_json(values):
    """Numbers as lists in which what JSON cannot hold is a word that JavaScript's Number reads."""
    if np.ndim(values):
        return [as_json(value) for value in values]
    value = float(values)
    return value if math.isfinite(value) else {"inf": "Infinity", "-inf": "-Infinity"}.get(str(value), "NaN")


def float_vectors() -> dict:
    rng = np.random.default_rng(3)
    x = numbers()
    rounding = {name: as_json(np.stack([x, cast(x, name)], axis=-1)) for name in DTYPES}
    recipes = []
    for recipe in RECIPES:
        for precision in ("float32", "float64"):
            for y in (0, 1):
                for z in [0.0, -40.0, 40.0, *np.round(rng.uniform(-40, 40, 12), 1)]:
                    epsilon = float(f"1e-{rng.integers(1, 17)}")
                    loss, gradient = loss_and_gradient(recipe, z, y, epsilon, FORMATS[precision])
                    recipes.append(
                        {"recipe": recipe, "z": z, "y": y, "epsilon": epsilon, "precision": precision}
                        | {"loss": as_json(loss), "gradient": as_json(gradient)}
                    )
    softmaxes = []
    for name in ("float16", "bfloat16", "float32"):
        for scale in (0, 2, 11, 30, 120):
            for shift in (0, -118.5, 97.5):
                logits = scale * rng.uniform(-1, 1, 4) + shift
                target = int(rng.integers(4))
                case = {"format": name, "logits": logits.tolist(), "target": target}
                for way, compute in (("naive", naive), ("stable", stable)):
                    result = compute(logits, target, FORMATS[name])
                    case[way] = {
                        "exponents": as_json(result.exponents),
                        "exps": as_json(result.exps),
                        "total": as_json(result.total),
                        "probabilities": as_json(result.probabilities),
                        "loss": as_json(result.loss),
                        "verdict": result.verdict,
                    }
                softmaxes.append(case)
    return {"rounding": rounding, "recipes": recipes, "softmaxes": softmaxes}

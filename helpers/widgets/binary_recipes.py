"""Binary cross-entropy as code computes it: from a logit, or from a probability, protected or not.

Every operation is computed in float64 and its result rounded to the format at hand, as a library's kernels
do: each exponential, logarithm, quotient and sum. So 1 − ε is 1 where the format says so, and 0 · log 0 is
NaN.
"""

import numpy as np

from helpers.losses.reference import binary_cross_entropy_with_logits
from helpers.widgets.float_formats import FORMATS, FloatFormat

WITH_A_CONSTANT = ("clipped q", "q + epsilon")
RECIPES = ("logit", "q", *WITH_A_CONSTANT)


def sigmoid(z, dtype: FloatFormat = FORMATS["float64"]) -> np.ndarray:
    """Probability 1 / (1 + exp(−z)) of a yes, computed in `dtype`; of the shape of `z`."""
    r = dtype.round
    with np.errstate(over="ignore"):
        return r(1 / r(1 + r(np.exp(-r(z)))))


def loss_and_gradient(recipe: str, z, y: int, epsilon: float, dtype: FloatFormat):
    r"""Loss, in nats, of the answer `y`, and its derivative with respect to the logit, both as computed.

    The gradient is what automatic differentiation makes of the recipe: it multiplies the derivatives of its
    operations, and clipping passes nothing from outside its range.

    Args:
        recipe: "logit" takes log(1 + exp(z)) − y z without forming q; "q" is −y log q − (1 − y) log(1 − q) of
            q = σ(z); "clipped q" brings q into [ε, 1 − ε] first; "q + epsilon" adds ε inside both logarithms.
        z: logits, any shape.
        y: 1 for a yes, 0 for a no.
        epsilon: ε, the protecting constant; the first two recipes do not use it.
        dtype: the format in which all of it is computed.

    Returns:
        two arrays of the shape of `z`; infinite or NaN where the computation is.
    """
    r = dtype.round
    z = r(z)
    q = sigmoid(z, dtype)
    if recipe == "logit":
        exact = binary_cross_entropy_with_logits(z, np.full(np.shape(z), float(y)), reduction="none")
        return r(exact), r(q - y)
    rest = r(1 - q)
    epsilon = r(epsilon)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        yes, no, passes = q, rest, np.True_
        if recipe == "clipped q":
            highest = r(1 - epsilon)
            yes, passes = np.clip(q, epsilon, highest), (q >= epsilon) & (q <= highest)
            no = r(1 - yes)
        elif recipe == "q + epsilon":
            yes, no = r(q + epsilon), r(rest + epsilon)
        loss = 0.0 - r(y * r(np.log(yes)) + (1 - y) * r(np.log(no)))  # one of the products is 0, or NaN
        slope = r(r((1 - y) / no) - r(y / yes))  # with respect to q
        return loss, r(r(np.where(passes, slope, 0.0) * rest) * q)  # the sigmoid's own slope is q (1 − q)

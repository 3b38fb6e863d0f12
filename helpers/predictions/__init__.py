"""The questions of the boxes "Predict first": one module for each chapter, numbers computed by helpers.

They are kept here and not in the chapters, so that the cell that asks does not show the answer.
"""

from helpers.predictions import (
    compression,
    evaluating,
    formula,
    fused,
    intuition,
    kl_divergence,
    parallel,
    perplexity,
    pitfalls,
    pytorch,
    scaling,
    tensorflow,
    training,
)
from helpers.widgets.prediction import Prediction

CHAPTERS = (
    intuition,
    formula,
    kl_divergence,
    perplexity,
    pytorch,
    tensorflow,
    pitfalls,
    training,
    evaluating,
    compression,
    fused,
    parallel,
    scaling,
)

#: Each question by its name: {name: function that makes it}.
PREDICTIONS = {make.__name__.replace("_", "-"): make for chapter in CHAPTERS for make in chapter.PREDICTIONS}


def predict(name: str) -> Prediction:
    """The question of this name, as a live figure.

    Raises:
        KeyError: no question is called so; the message lists those there are.
    """
    if name not in PREDICTIONS:
        raise KeyError(f"no prediction is called {name!r}; expected one of {', '.join(PREDICTIONS)}")
    return PREDICTIONS[name]()

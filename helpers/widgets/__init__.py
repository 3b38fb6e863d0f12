"""Live figures: alive in JupyterLab with a kernel, and on the book's pages without one.

Each figure is a class in a module of its own, with a script and a style sheet of the same name beside it.
What they share is beside them, what is seen in `figure.js`, `plot.js`, `table.js` and `dial.js`, and what is
computed in `information.js` and its neighbours; :mod:`helpers.widgets.bundle` puts the parts together.
"""

from helpers.widgets.binary_curves import BinaryCurves
from helpers.widgets.divergence_explorer import DivergenceExplorer
from helpers.widgets.gaussian_fit import GaussianFit
from helpers.widgets.loss_curve import LossCurve
from helpers.widgets.loss_explorer import LossExplorer
from helpers.widgets.perplexity_dial import PerplexityDial
from helpers.widgets.prediction import Prediction
from helpers.widgets.reading_lab import ReadingLab
from helpers.widgets.softmax_overflow import SoftmaxOverflow
from helpers.widgets.temperature_smoothing import TemperatureAndSmoothing

__all__ = [
    "BinaryCurves",
    "DivergenceExplorer",
    "GaussianFit",
    "LossCurve",
    "LossExplorer",
    "PerplexityDial",
    "Prediction",
    "ReadingLab",
    "SoftmaxOverflow",
    "TemperatureAndSmoothing",
]

"""One look for every figure: colours by role, sizes, and the settings that make a stored picture repeatable.

Colours are those of Okabe and Ito's palette, told apart by readers with any kind of colour vision. Each role
also has a line style or hatch of its own, so that colour is never the only cue.
"""

import matplotlib as mpl
from cycler import cycler
from IPython import get_ipython
from matplotlib_inline.backend_inline import set_matplotlib_formats

TRUTH = "#009E73"  # bluish green: what happened, the target, the floor
MODEL = "#0072B2"  # blue: what was forecast
LOSS = "#D55E00"  # vermillion: what it cost
OTHER = "#CC79A7"  # reddish purple: a second model, a rival
NEUTRAL = "#666666"  # grey: baselines, guides, outcomes that did not happen

COLOURS = (MODEL, LOSS, TRUTH, OTHER, "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)))

WIDTH = 7.0  # inches; the page's text column
HEIGHT = 3.2

RC = {
    "figure.figsize": (WIDTH, HEIGHT),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.size": 11,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": NEUTRAL,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=COLOURS, linestyle=LINES),
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 2.2,
    "legend.frameon": False,
}


def use() -> None:
    """Set matplotlib up for this book: the look above, and PNGs at two pixels a point, alike on every run."""
    mpl.rcdefaults()
    mpl.rcParams.update(RC)
    if get_ipython() is not None:  # in a notebook
        set_matplotlib_formats("retina", metadata={"Software": None})  # the version would change the bytes

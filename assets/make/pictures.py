"""Makes the picture of the social card, out of a figure of the book, and the icon for a phone's home screen.

.venv/bin/python assets/make/pictures.py
"""

from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.patches import Circle, PathPatch
from matplotlib.path import Path as Curve

from helpers import plots, style

ASSETS = Path(__file__).parents[1]
PIXELS = (1200, 630)  # what the networks crop to
TITLE = "Cross-entropy"
LINES = "The loss that trains\nand judges language models:\nto read, to run, to work through"


def social_card():
    """The title beside the curve of the first chapter."""
    with plt.rc_context(
        {"font.size": 20, "axes.labelsize": 20, "lines.linewidth": 5, "lines.markersize": 12}
    ):
        figure = plt.figure(figsize=(PIXELS[0] / 100, PIXELS[1] / 100), dpi=100, facecolor="white")
        figure.set_layout_engine("none")
        figure.text(0.06, 0.70, TITLE, size=50, weight="bold", color="#1f2328")
        figure.text(0.06, 0.34, LINES, size=22, color="#59626d", linespacing=1.5)
        figure.text(0.06, 0.12, "A book with its code", size=20, color=style.MODEL)
        plots.surprisal_curve(marked=(0.1, 0.4), ax=figure.add_axes((0.59, 0.17, 0.38, 0.70)))
        figure.savefig(ASSETS / "social-card.png", metadata={"Software": None})


def touch_icon():
    """The icon of the book, favicon.svg, in pixels and without round corners, which the phone cuts itself."""
    figure = plt.figure(figsize=(1.8, 1.8), dpi=100, facecolor=style.MODEL)
    figure.set_layout_engine("none")
    ax = figure.add_axes((0, 0, 1, 1), xlim=(0, 32), ylim=(32, 0))
    ax.set_axis_off()
    points = [(7, 5.5), (8, 16), (12.5, 24.5), (26.5, 26)]
    curve = Curve(points, [Curve.MOVETO, *[Curve.CURVE4] * 3])
    ax.add_patch(PathPatch(curve, fill=False, edgecolor="white", linewidth=3 * 4.05, capstyle="round"))
    ax.add_patch(Circle((12.1, 17.6), 3.4, facecolor="#E69F00", edgecolor=style.MODEL, linewidth=1.6 * 4.05))
    figure.savefig(ASSETS / "apple-touch-icon.png", metadata={"Software": None})


if __name__ == "__main__":
    style.use()
    social_card()
    touch_icon()

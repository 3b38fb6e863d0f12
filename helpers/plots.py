"""The figures of the book. Arrays in, Axes out: a plot knows numbers, never models.

Every function takes an optional `ax` and returns the Axes it drew on, so that a test can read back what was
plotted and a reader can draw on top. Importing this module sets the style.
"""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation

from helpers import style
from helpers.information import surprisal

style.use()


def _axes(ax: Axes | None, size: tuple[float, float] | None = None) -> Axes:
    return plt.subplots(figsize=size)[1] if ax is None else ax


def curves(
    x,
    ys: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    label_at: Mapping[str, float] | None = None,
    colours: Mapping[str, str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one curve for each entry of `ys`, named beside the curve instead of in a legend.

    Args:
        x: shape (N,), shared by all curves.
        ys: name → values, shape (N,); values that are not finite are left out.
        xlabel: the quantity and its unit.
        ylabel: the quantity and its unit.
        title: a few words, for one panel among several.
        label_at: name → x at which its name stands, above the curve; the right end where none is given.
        colours: name → colour, for a curve that has a role in :mod:`helpers.style`.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: a curve has another length than `x`.
    """
    ax, x = _axes(ax), np.asarray(x, dtype=float)
    for name, values in ys.items():
        y = np.asarray(values, dtype=float)
        if y.shape != x.shape:
            raise ValueError(f"curve {name!r} has shape {y.shape}; expected {x.shape}, as x has")
        (line,) = ax.plot(x, np.where(np.isfinite(y), y, np.nan))
        if name in (colours or {}):
            line.set_color(colours[name])
        drawn = np.flatnonzero(np.isfinite(y))
        at = (label_at or {}).get(name)
        i = drawn[-1] if at is None else drawn[np.argmin(np.abs(x[drawn] - at))]
        # Beside a rising curve there is room on its upper left, beside a falling one on its upper right.
        rising = at is not None and y[i] - y[i - 1] > 1e-3 * np.ptp(y[drawn])
        ax.annotate(
            name,
            (x[i], y[i]),
            xytext=(-5 if rising else 5, 3),
            textcoords="offset points",
            color=line.get_color(),
            ha="right" if rising else "left",
            va="bottom",
        )
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    return ax


def keep_names_apart(ax: Axes) -> Axes:
    """Put the names of curves beside their right ends, moved up or down until none covers another.

    The sum of the squared moves is the least there is, and the names stay in the order of their curves. Call
    it last: where a name stands depends on the limits and the scale of the axes.

    Raises:
        ValueError: there is no name.
    """
    from scipy.optimize import isotonic_regression  # few figures need what takes 0.3 s to import

    names = [text for text in ax.texts if isinstance(text, Annotation)]
    if not names:
        raise ValueError("no name to keep apart from others; expected curves that were drawn with theirs")
    ax.figure.draw_without_rendering()
    right = max(name.xy[0] for name in names)
    names = [name for name in names if name.xy[0] == right]
    ends = ax.transData.transform([name.xy for name in names])[:, 1]
    from_below = np.argsort(ends)
    names, ends = [names[i] for i in from_below], ends[from_below]
    steps = max(name.get_window_extent().height for name in names) * np.arange(len(names))
    moves = isotonic_regression(ends - steps).x + steps - ends
    for name, move in zip(names, moves * 72 / ax.figure.dpi, strict=True):  # pixels, in points
        name.set(position=(name.get_position()[0], move), verticalalignment="center")
    return ax


def mark(x, y, text: str, *, below: bool = False, side: str = "center", ax: Axes) -> Axes:
    """Mark the point (x, y) and say what it is, above or below it; `side` is the text's own alignment."""
    ax.plot(x, y, "o", color=style.TRUTH)
    ax.annotate(text, (x, y), xytext=(0, -17 if below else 8), textcoords="offset points", ha=side)
    return ax


def dots(x, y, *, xlabel: str, ylabel: str, ax: Axes | None = None) -> Axes:
    """Draw one dot for each pair of numbers: how two constants of a fit go together.

    Args:
        x: shape (N,).
        y: shape (N,).
        xlabel: the quantity and its unit.
        ylabel: the quantity and its unit.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: `x` and `y` have different shapes.
    """
    ax, x, y = _axes(ax), np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if x.shape != y.shape:
        raise ValueError(f"x has shape {x.shape} and y has shape {y.shape}; expected the same")
    ax.plot(x, y, "o", color=style.MODEL, alpha=0.4, markeredgewidth=0)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def level(y, text: str, *, below: bool = False, at_left: bool = False, ax: Axes) -> Axes:
    """Draw a dotted horizontal line at height `y`, a baseline or a floor, and name it at one of its ends."""
    ax.axhline(y, color=style.NEUTRAL, linestyle=":")
    ax.annotate(
        text,
        (0.01 if at_left else 0.99, y),
        xycoords=ax.get_yaxis_transform(),
        xytext=(0, -14 if below else 4),
        textcoords="offset points",
        ha="left" if at_left else "right",
    )
    return ax


def surprisal_curve(*, marked: Sequence[float] = (), ax: Axes | None = None) -> Axes:
    """Draw −log p in nats over p, with each probability in `marked` as a point that says what it costs."""
    ax, p = _axes(ax), np.linspace(0.005, 1, 400)
    ax.plot(p, surprisal(p), color=style.LOSS)
    for q in marked:
        cost = float(surprisal(q))
        ax.plot(q, cost, "o", color=style.MODEL)
        ax.annotate(f"p = {q:.2f}: {cost:.3f}", (q, cost), xytext=(8, 6), textcoords="offset points")
    ax.set(
        xlabel="probability given to what happened", ylabel="surprisal (nats)", xlim=(0, 1.02), ylim=(0, 5.4)
    )
    return ax


def forecast_bars(
    outcomes: Sequence[str], probabilities, happened: int | None, *, title: str = "", ax=None
) -> Axes:
    """Draw a forecast: a bar for each outcome, with its number; the one that happened is solid and marked ✓.

    Args:
        outcomes: K names.
        probabilities: shape (K,).
        happened: index of the outcome that came, or None while nobody knows.
        title: what the panel shows.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: as many names as probabilities are needed.
    """
    ax, p = _axes(ax), np.asarray(probabilities, dtype=float)
    if len(outcomes) != len(p):
        raise ValueError(f"{len(outcomes)} outcomes for {len(p)} probabilities; expected as many")
    for i, value in enumerate(p):
        hit = i == happened
        ax.bar(
            i,
            value,
            width=0.5,
            color=style.TRUTH if hit else "white",
            edgecolor=style.TRUTH if hit else style.MODEL,
            hatch=None if hit else "//",
            linewidth=1.2,
        )
        ax.annotate(
            f"{value:.2f}", (i, value), xytext=(0, 3), textcoords="offset points", ha="center", va="bottom"
        )
    names = [f"{name} ✓" if i == happened else name for i, name in enumerate(outcomes)]
    ax.set_xticks(range(len(p)), names)
    ax.grid(axis="x", visible=False)
    ax.set(ylim=(0, max(1.0, 1.12 * p.max())), ylabel="probability", title=title)
    return ax


def gradient_arrows(
    outcomes: Sequence[str], probabilities, gradient, target: int, *, ax: Axes | None = None
) -> Axes:
    """Draw a forecast and, on each bar, an arrow of −gradient: where one step of descent pushes that logit.

    Args:
        outcomes: K names.
        probabilities: shape (K,).
        gradient: shape (K,), of the loss with respect to the logits (nats per unit of logit).
        target: index of the right outcome.
        ax: where to draw; a new figure if None.
    """
    p, g = np.asarray(probabilities, dtype=float), np.asarray(gradient, dtype=float)
    ax = forecast_bars(outcomes, p, target, ax=ax)
    for i, (height, slope) in enumerate(zip(p, g, strict=True)):
        ax.annotate(
            "",
            xy=(i + 0.33, height - slope),
            xytext=(i + 0.33, height),
            arrowprops={"arrowstyle": "-|>", "color": style.LOSS, "lw": 2.2, "shrinkA": 0, "shrinkB": 0},
        )
        ax.annotate(
            f"{-slope:+.3f}".replace("-", "−"),
            (i + 0.38, height - slope / 2),
            color=style.LOSS,
            va="center",
            fontsize=10,
        )
    ax.set_xlim(-0.5, len(p) - 0.2)
    ax.set_ylim(min(0, (p - g).min()) - 0.05, max(1.0, (p - g).max()) + 0.12)
    return ax


def stacked_costs(names: Sequence[str], floor, excess, *, ax: Axes | None = None) -> Axes:
    """Draw each forecast's cross-entropy as two parts: the entropy, its floor, and the divergence above it.

    Args:
        names: N forecasts.
        floor: shape (N,), entropy of the world, nats.
        excess: shape (N,), KL divergence of each forecast, nats.
        ax: where to draw; a new figure if None.
    """
    parts = {"entropy H(p)": floor, "divergence KL(p‖q)": excess}
    return stacked_bars(names, parts, xlabel="cross-entropy H(p, q) (nats)", ax=ax)


def stacked_bars(
    names: Sequence[str],
    parts: Mapping[str, Sequence[float]],
    *,
    xlabel: str,
    form: str = "{:.3f}",
    colour: str = style.TRUTH,
    ax: Axes | None = None,
) -> Axes:
    """Draw a horizontal bar for each name, made of two parts, a solid and a hatched one; their sum beside it.

    Args:
        names: N things.
        parts: two of them: {what it is: shape (N,)}.
        xlabel: the quantity and its unit.
        form: how the sum is written.
        colour: of the solid part; the other one has that of what is to be paid.
        ax: where to draw; a new figure if None.
    """
    (label, solid), (other, hatched) = parts.items()
    ax, solid, hatched = _axes(ax), np.asarray(solid, dtype=float), np.asarray(hatched, dtype=float)
    at = np.arange(len(names))
    ax.barh(at, solid, color=colour, label=label)
    ax.barh(at, hatched, left=solid, color="white", edgecolor=style.LOSS, hatch="//", label=other)
    for i, total in enumerate(solid + hatched):
        ax.annotate(form.format(total), (total, i), xytext=(5, 0), textcoords="offset points", va="center")
    ax.set_yticks(at, names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    ax.set(xlabel=xlabel, xlim=(0, 1.15 * (solid + hatched).max()))
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2)
    return ax


def measured_bars(
    names: Sequence[str],
    values,
    *,
    xlabel: str,
    form: str = "{:.3f}",
    log: bool = False,
    each: Sequence[Sequence[float]] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one horizontal bar a measurement, its number beside it.

    Args:
        names: N things measured.
        values: shape (N,).
        xlabel: the quantity and its unit.
        form: how a number is written.
        log: a logarithmic axis from 1 on, for perplexities that span powers of ten; 1 is the least there is.
        each: for each of the N, what its value is the median of: a dot for each.
        ax: where to draw; a new figure if None.

    Raises:
        ValueError: `each` has no measurement for one of the N.
    """
    ax, values = _axes(ax), np.asarray(values, dtype=float)
    each = [[value] for value in values] if each is None else each
    if len(each) != len(values) or not all(map(len, each)):
        lengths = [len(several) for several in each]
        raise ValueError(
            f"each has lists of {lengths} measurements; expected {len(values)} lists, none empty"
        )
    ax.barh(np.arange(len(values)), values, color=style.MODEL, height=0.6)
    for i, (value, several) in enumerate(zip(values, each, strict=True)):
        if len(several) > 1:
            ax.plot(several, [i] * len(several), "o", color=style.TRUTH, markersize=3.5)
        end = max(value, *several), i
        ax.annotate(form.format(value), end, xytext=(5, 0), textcoords="offset points", va="center")
    ax.set_yticks(range(len(values)), names)
    ax.invert_yaxis()
    ax.grid(axis="y", visible=False)
    farthest = max(values.max(), *map(max, each))
    if log:
        ax.set(xscale="log", xlim=(1, farthest**1.25))
    else:
        ax.set(xlim=(0, farthest * 1.2))
    ax.set(xlabel=xlabel)
    return ax


def code_blocks(names: Sequence[str], words: Sequence[str], *, ax: Axes | None = None) -> Axes:
    """Draw a code as blocks: a word of ℓ bits takes 2^−ℓ of the width, from row ℓ on downwards.

    Args:
        names: V symbols.
        words: of the code, strings of 0 and 1; V of them.
        ax: where to draw; a new figure if None.
    """
    ax, deepest = _axes(ax), max(map(len, words))
    for name, word in zip(names, words, strict=True):
        left, width = int(word or "0", 2) / 2 ** len(word), 2.0 ** -len(word)
        for depth in range(len(word), deepest + 1):
            own = depth == len(word)
            ax.bar(
                left + width / 2,
                0.9,
                width,
                bottom=depth - 0.45,
                color=style.MODEL if own else "white",
                edgecolor="white" if own else style.MODEL,
                hatch=None if own else "//",
                linewidth=1.0,
            )
        ax.text(left + width / 2, len(word), f"{name}\n{word}", ha="center", va="center", color="white")
    ax.set(xlim=(0, 1), ylim=(deepest + 0.5, 0.5), xlabel="share of all words", ylabel="length (bits)")
    ax.set_yticks(range(1, deepest + 1))
    ax.grid(axis="y", visible=False)
    return ax


def narrowing_interval(
    names: Sequence[str], probabilities, message: Sequence[int], *, ax: Axes | None = None
) -> Axes:
    """Draw how a message narrows an interval: a column for each symbol, blown up from the part chosen before.

    Args:
        names: V symbols, in the order of their parts, from below.
        probabilities: of the symbols, shape (V,).
        message: T symbols, integers below V.
        ax: where to draw; a new figure if None.
    """
    ax, edges = _axes(ax), np.concatenate([[0.0], np.cumsum(probabilities)])
    low, width = 0.0, 1.0
    for t, chosen in enumerate(message):
        for symbol, name in enumerate(names):
            bottom, height = edges[symbol], edges[symbol + 1] - edges[symbol]
            hit = symbol == chosen
            ax.bar(
                t,
                height,
                0.44,
                bottom=bottom,
                color=style.TRUTH if hit else "white",
                edgecolor=style.TRUTH if hit else style.MODEL,
                linewidth=1.2,
            )
            label = f"{name} ✓" if hit else name
            ax.text(
                t, bottom + height / 2, label, ha="center", va="center", color="white" if hit else "black"
            )
        for end, alignment in ((0.0, "top"), (1.0, "bottom")):
            shift = -0.02 if end == 0 else 0.02
            ax.text(t, end + shift, f"{low + end * width:.5g}", ha="center", va=alignment)
        for end, edge in ((0.0, edges[chosen]), (1.0, edges[chosen + 1])):
            ax.plot([t + 0.22, t + 0.78], [edge, end], color=style.NEUTRAL, linestyle=":", linewidth=1.2)
        low, width = low + width * edges[chosen], width * (edges[chosen + 1] - edges[chosen])
    ax.bar(len(message), 1, 0.44, color=style.TRUTH)
    for end, alignment in ((-0.02, "top"), (1.02, "bottom")):
        ax.text(len(message), end, f"{low + round(end) * width:.5g}", ha="center", va=alignment)
    ax.set(xlim=(-0.5, len(message) + 0.5), ylim=(-0.1, 1.1))
    ax.axis("off")
    return ax


def ring_steps(states, *, ax: Axes | None = None) -> Axes:
    """Draw how processes in a ring add up their numbers: a panel for each step, a row for each process.

    A cell that has changed in a step is framed, one that holds the sum over all processes is filled.

    Args:
        states: the numbers of all processes after each step, the first being those they start with; shape
            (steps + 1, processes, numbers).
        ax: where to draw; a new figure if None.
    """
    states = np.asarray(states, dtype=float)
    steps, ranks, numbers = states.shape
    ax = _axes(ax, (style.WIDTH, 0.6 + 0.4 * ranks))
    sums = states[0].sum(axis=0)
    for step, state in enumerate(states):
        left = step * (numbers + 0.6)
        ax.text(left + numbers / 2, -0.3, f"step {step}" if step else "start", ha="center", va="bottom")
        for (rank, k), value in np.ndenumerate(state):
            done = value == sums[k]
            changed = step > 0 and value != states[step - 1, rank, k]
            ax.add_patch(
                plt.Rectangle(
                    (left + k + 0.04, rank + 0.04),
                    0.92,
                    0.92,
                    facecolor=style.TRUTH if done else "white",
                    edgecolor=style.LOSS if changed else style.NEUTRAL,
                    linewidth=2.4 if changed else 0.8,
                )
            )
            colour = "white" if done else "black"
            ax.text(left + k + 0.5, rank + 0.5, f"{value:g}", ha="center", va="center", color=colour, size=9)
    ax.set(xlim=(-0.05, steps * (numbers + 0.6) - 0.55), ylim=(ranks + 0.05, -0.9))
    ax.set_yticks(np.arange(ranks) + 0.5, [f"rank {rank}" for rank in range(ranks)])
    ax.set_xticks([])
    ax.tick_params(length=0)
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
    return ax

"""How fast a live figure answers a hand that drags it, beside ipywidgets with matplotlib, in a browser.

The mouse moves 125 times a second, as common ones do. What is counted, in milliseconds, is the time from a
move to the paint of the first frame that shows it or a later one. Frames come 60 times a second: a move waits
8 ms for the next one at the median, 16 ms at the 95th percentile, even if nothing has to be computed. A page
cannot see its frame reach the screen: that is some 3 ms later, by Chromium's own trace. Each drag gives a
median, a 95th percentile and the frames shown in a second; the tables hold the median of each over all drags,
the lowest and the highest. `script` is what our code takes for one change, `work` what the page's main
thread takes for one frame: script, style, layout and paint, in a processor's time, without waiting for one.

Each slider and plot of a figure is dragged; Prediction has none, and is answered with Enter. A bare slider
that writes its number takes turns with the figures: its times are those of the browser and of the machine.
The Loss Explorer is then dragged in three ways that take turns: ours on a page, ours in JupyterLab, and
sliders with two bar charts, made as tutorials make them, in JupyterLab. Run it with `make bench`.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat
from drags import Hand
from ipywidgets.embed import embed_data
from playwright.async_api import async_playwright

from helpers.normal_form import KERNEL, WIDGET_STATE
from helpers.notebooks import ROOT
from helpers.widgets import LossExplorer

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "tests" / "widgets"))
from browser import NO_BROWSER, SWITCHES, find_browser
from examples import EXAMPLES
from lab_server import KERNEL_IS_READY, PATIENCE, lab_on

from conftest import LOADER, PAGE, reader_beside, script, view

MEDIAN, TAIL = 16.7, 33  # milliseconds: the targets, one frame and two
SWEEPS, TURNS = 3, 6  # of each handle; of the three ways

HANDLES = "input[type=range]:visible, svg.xe-plot:visible"
LOGIT = ".xe-figure input[type=range]"
BARE = """<form class="xe-figure"><input type="range" style="width: 12rem"
oninput="this.nextElementSibling.textContent = this.value"><output>50</output></form>"""

WORDS, START = ["chai", "paani", "dudh", "coffee", "lassi"], [1.2, 2.0, 0.5, 0.0, -1.0]
OURS = f"""\
from helpers.widgets import LossExplorer
words, start = {WORDS}, {START}
LossExplorer(words, start)"""
THEIRS = """\
%matplotlib inline
import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np


def show(target, **logits):
    z = np.array([*logits.values()])
    q = np.exp(z - z.max()) / np.exp(z - z.max()).sum()
    p = np.array([word == target for word in words])
    print(f"logit {z[0]:.2f}, loss {-np.log(q[p][0]):.3f} nats")
    _, (left, right) = plt.subplots(1, 2, figsize=(8, 2.5))
    left.barh(words, q)
    left.set(title="probability q", xlim=(0, 1))
    right.barh(words, q - p)
    right.set(title="gradient q − p", xlim=(-1, 1))
    plt.show()


logits = {w: widgets.FloatSlider(z, min=-6, max=6, description=w) for w, z in zip(words, start)}
target = widgets.RadioButtons(options=words, description="target")
picture = widgets.interactive_output(show, {"target": target, **logits})
widgets.VBox([*logits.values(), target, picture])"""


async def open_figure(browser, folder: Path, figure=None) -> Hand:
    """A page as the book's are, without a kernel: a figure, or the bare slider."""
    views, state = BARE, {}
    if figure is not None:
        views = reader_beside(folder) + view(figure.model_id)
        state = embed_data(views=[figure], drop_defaults=False)["manager_state"]
    file = folder / "figure.html"
    text = PAGE.format(theme="light", loader=LOADER.as_uri(), views=views, state=script(WIDGET_STATE, state))
    file.write_text(text, encoding="utf-8")
    hand = await Hand.on(browser, file.as_uri(), PATIENCE)
    await hand.page.locator(".xe-figure:not([aria-busy=true])").wait_for()
    return hand


async def open_notebook(browser, folder: Path, lab: str) -> Hand:
    """A notebook with ours and theirs, both alive."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (OURS, THEIRS)])
    notebook.metadata["kernelspec"] = KERNEL
    nbformat.write(notebook, folder / "figures.ipynb")
    hand = await Hand.on(browser, f"{lab}/lab/tree/figures.ipynb", PATIENCE)
    await hand.page.locator(".jp-CodeCell").last.wait_for()
    await hand.page.wait_for_function(KERNEL_IS_READY)
    await hand.page.evaluate("void jupyterapp.commands.execute('notebook:run-all-cells')")
    await hand.page.locator(".xe-figure").wait_for()
    await hand.page.locator(".jp-OutputArea img").wait_for()
    return hand


def row(name: str, sweeps: list) -> str:
    """Moves; their median and 95th percentile, each with its lowest and highest; frames a second."""
    cells = f"{name:23}{sum(len(sweep.latencies) for sweep in sweeps):6}"
    for values in ([sweep.median for sweep in sweeps], [sweep.tail for sweep in sweeps]):
        cells += f"{median(values):8.1f}{f'{min(values):.0f}–{max(values):.0f}':>9}"
    return cells + f"{median(sweep.rate for sweep in sweeps):9.1f}"


def cost(sweeps: list) -> str:
    """Milliseconds of script for one change, if it is ours, and of work for one frame."""
    times = [time for sweep in sweeps for time in sweep.script]
    ours = f"{median(times):.2f}" if times else ""
    return f"{ours:>8}{median(sweep.work for sweep in sweeps):7.1f}"


HEAD = f"{'':23}{'moves':>6}{'median':>8}{'from–to':>9}{'95 %':>8}{'from–to':>9}{'frames/s':>9}"


async def every_figure(browser, folder: Path) -> None:
    bare, missed, most = await open_figure(browser, folder), [], 0
    slider, bare_sweeps = bare.page.locator(HANDLES), []
    print(
        f"each figure on a page without a kernel, {SWEEPS} drags of each handle: ms from a move to its paint"
    )
    print(f"{HEAD}{'script':>8}{'work':>7}{'handles':>9}{'slowest':>9}")
    for figure in (example() for example in EXAMPLES):
        hand, name = await open_figure(browser, folder, figure), type(figure).__name__
        handles = await hand.page.locator(HANDLES).all()
        sweeps = [[] for _ in handles or ["a text box"]]
        for turn in range(SWEEPS):
            bare_sweeps.append(await bare.drag(slider, back=turn % 2))
            for handle, own in zip(handles, sweeps, strict=False):
                own.append(await hand.drag(handle, back=turn % 2))
            if not handles:
                sweeps[0].append(await hand.guess(hand.page.get_by_role("textbox")))
        await hand.page.close()
        sweeps = [own for own in sweeps if any(own)]  # a plot that cannot be dragged gave nothing
        if not sweeps:
            sys.exit(f"Nothing is compared, because {name} did not move.")
        every = [sweep for own in sweeps for sweep in own if sweep]
        slowest = max(median(sweep.median for sweep in own if sweep) for own in sweeps)
        print(f"{row(name, every)}{cost(every)}{len(sweeps):9}{slowest:9.1f}", flush=True)
        most = max(most, median(sweep.work for sweep in every))
        if slowest >= MEDIAN or median(sweep.tail for sweep in every) >= TAIL:
            missed.append(name)
    print(f"{row('(a bare slider)', bare_sweeps)}{cost(bare_sweeps)}{1:9}")
    print(f"median of the slowest handle under {MEDIAN} ms, and 95 % under {TAIL} ms: ", end="")
    print(f"missed by {', '.join(missed)}" if missed else f"met by all {len(EXAMPLES)}")
    print(
        f"work for a frame: at most {most:.1f} of the {MEDIAN} ms that it has; the rest of a miss is waiting"
    )
    await bare.page.close()


async def three_ways(browser, folder: Path) -> None:
    turns = []
    with lab_on(folder) as lab:
        alone = await open_figure(browser, folder, LossExplorer(WORDS, START))
        notebook = await open_notebook(browser, folder, lab)
        ways = {
            "ours, on a page": (alone, alone.page.locator(LOGIT).first),
            "ours, in JupyterLab": (notebook, notebook.page.locator(LOGIT).first),
            "theirs, in JupyterLab": (notebook, notebook.page.locator(".widget-slider .noUi-target").first),
        }
        for turn in range(TURNS + 1):  # the first warms up, and brings the handles to one end
            turns.append([await hand.drag(handle, back=turn % 2 == 0) for hand, handle in ways.values()])
    del turns[0]
    print(f"a logit of the Loss Explorer dragged {TURNS} times; theirs is ipywidgets with matplotlib, inline")
    print(f"{HEAD}{'script':>8}{'work':>7}{'ratio of median':>17}{'of frames/s':>13}")
    theirs = [turn[-1] for turn in turns]
    for name, sweeps in zip(ways, zip(*turns, strict=True), strict=True):
        pairs = [*zip(sweeps, theirs, strict=True)]
        latency = median(sweep.median / other.median for sweep, other in pairs)
        rate = median(sweep.rate / other.rate for sweep, other in pairs)
        print(f"{row(name, sweeps)}{cost(sweeps)}{latency:17.3f}{rate:13.1f}")


async def main():
    if (executable := find_browser()) is None:
        sys.exit(f"Nothing is compared: {NO_BROWSER}")
    with tempfile.TemporaryDirectory() as scratch:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=SWITCHES)
            await every_figure(browser, Path(scratch))
            await three_ways(browser, Path(scratch))
            await browser.close()
    load = f"{os.getloadavg()[1]:.1f} processes, these among them, wanted {os.cpu_count()} cores"
    print(f"{load} in the last 5 minutes")


if __name__ == "__main__":
    asyncio.run(main())

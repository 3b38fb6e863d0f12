"""A hand that drags what a page shows, and what `stopwatch.js` says of the answers."""

import asyncio
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path

GAP, SWEEP = 0.008, 1.0  # seconds from move to move, and of a drag from one end to the other
GUESSES = 60  # for a figure that asks
STOPWATCH = Path(__file__).with_name("stopwatch.js").read_text(encoding="utf-8")
CENTRE = "handle => handle.scrollIntoView({ block: 'center' })"


@dataclass
class Sweep:
    """One drag: milliseconds from each move to its paint, and of script for each change; frames a second.

    `work` is what a frame costs the page's main thread: milliseconds of a processor for script, style, layout
    and paint. Waiting for a processor is not in it: a busy machine changes it little.
    """

    latencies: list[float]
    script: list[float]
    rate: float
    work: float

    @property
    def median(self) -> float:
        """Half of the moves are answered sooner."""
        return statistics.median(self.latencies)

    @property
    def tail(self) -> float:
        """The 95th percentile."""
        return statistics.quantiles(self.latencies, n=20, method="inclusive")[-1]


class Hand:
    """The mouse of a page, which does not wait for the page to be done with a move."""

    def __init__(self, page, session):
        self.page, self._session, self._worked = page, session, 0.0

    @classmethod
    async def on(cls, browser, address: str, patience: float) -> "Hand":
        """A hand on a new page; the page may take so many seconds for anything it is asked."""
        page = await browser.new_page(viewport={"width": 1200, "height": 1000})
        page.set_default_timeout(1000 * patience)
        await page.goto(address)
        await page.evaluate(STOPWATCH)
        session = await page.context.new_cdp_session(page)
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(page, session)

    async def drag(self, handle, back: bool) -> Sweep | None:
        """Drag a slider, or across a plot, from one end to the other; None if nothing followed."""
        await self.page.bring_to_front()
        await handle.evaluate(CENTRE)  # what answers is on the screen, too
        box = await handle.bounding_box()
        ends = [box["x"] + share * box["width"] for share in ((0.96, 0.04) if back else (0.04, 0.96))]
        height = box["y"] + box["height"] / 2
        knob = handle.locator(".noUi-handle")
        if theirs := await knob.count() > 0:  # their sliders have to be taken by the knob
            held = await knob.bounding_box()
            ends[0], height = held["x"] + held["width"] / 2, held["y"] + held["height"] / 2
        await self.page.mouse.move(ends[0], height)
        await self.page.mouse.down()
        await self.page.wait_for_timeout(1000 if theirs else 150)  # the press has been answered by then
        await self._start(handle)
        moves, start = [], time.perf_counter()
        while (now := time.perf_counter() - start) < SWEEP:
            x = ends[0] + (ends[1] - ends[0]) * now / SWEEP
            move = {"type": "mouseMoved", "x": x, "y": height, "button": "left", "buttons": 1}
            moves.append(asyncio.create_task(self._session.send("Input.dispatchMouseEvent", move)))
            await asyncio.sleep(max(0, len(moves) * GAP - (time.perf_counter() - start)))
        await asyncio.gather(*moves)
        sweep = await self._stop()
        await self.page.mouse.up()
        return sweep

    async def guess(self, textbox) -> Sweep | None:
        """Answer a figure that asks, again and again."""
        await self.page.bring_to_front()
        await self._start(textbox)
        for k in range(GUESSES):
            await textbox.fill(f"{k / 10}")
            await textbox.press("Enter")
        return await self._stop()

    async def _start(self, handle) -> None:
        await handle.evaluate("handle => startWatch(handle)")
        self._worked = await self._work()

    async def _stop(self) -> Sweep | None:
        seen = await self.page.evaluate("stopWatch()")
        worked = 1000 * (await self._work() - self._worked)
        if seen["unanswered"]:
            sys.exit(f"Nothing is compared, because {seen['unanswered']} moves were never answered.")
        if not seen["latencies"]:
            return None
        return Sweep(seen["latencies"], seen["script"], seen["rate"], worked / seen["frames"])

    async def _work(self) -> float:
        """Seconds that the main thread has worked so far."""
        metrics = (await self._session.send("Performance.getMetrics"))["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

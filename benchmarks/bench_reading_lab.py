"""How fast the reading lab reads, beside PyTorch with the same model on the same machine, one thread each.

A thousand characters are read in Chromium, by the scripts of the figure, and by PyTorch's LSTM, in turns: a
text read from its first character on, then one more character at its end, as if typed. The table holds the
median of all turns, the lowest and the highest, in milliseconds of a processor: to wait for one, on a busy
machine, is not counted. Run it with `make bench`.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import torch
from playwright.sync_api import sync_playwright

from helpers.models import reader
from helpers.notebooks import ROOT
from helpers.widgets.bundle import bundle

sys.path.insert(0, str(ROOT / "tests"))
sys.path.insert(0, str(ROOT / "_ext"))
from browser import NO_BROWSER, SWITCHES, find_browser
from reader_on_pages import script

TEXT = ("The quality of mercy is not strain'd,\nIt droppeth as the gentle rain from heaven\n" * 13)[:1000]
TURNS, TYPED = 15, 50
TARGET = 500  # milliseconds for a thousand characters, in a browser

PAGE = """<!doctype html><meta charset="utf-8"><script src="reader.js"></script>
<script>const base64 = document.scripts[0].weights;</script>
<script>%s
const weights = readWeights(bytesOf(base64)), machine = lstm(weights);
const ids = new Map(weights.alphabet.map((character, id) => [character, id]));
const whole = [...%s].map((character) => ids.get(character));
let pages;
function readAll() {
  pages = reading(machine, ids.get("\\n"));
  pages.take(whole);
  pages.advance(Infinity);
}
function type(count) {
  for (let k = 1; k <= count; k++) {
    pages.take([...whole, ...whole.slice(0, k)]);
    pages.advance(Infinity);
  }
}
</script>"""


def in_turns(page, session, model, tokens) -> dict[str, list[float]]:
    """Milliseconds of a processor: for the thousand, and for one more at its end; ours and PyTorch's."""
    found = {name: [] for name in ("page, 1,000", "PyTorch, 1,000", "page, one more", "PyTorch, one more")}

    def worked() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return 1000 * next(each["value"] for each in metrics if each["name"] == "TaskDuration")

    def on_page(call: str) -> float:
        before = worked()
        page.evaluate(call)
        return worked() - before

    def in_torch(call) -> float:
        before = time.thread_time()
        call()
        return 1000 * (time.thread_time() - before)

    state = None

    def read_all():
        nonlocal state
        logits, state = model.advance(tokens[None])
        logits.log_softmax(-1)

    def type_on():
        now = state
        for token in tokens[:TYPED]:
            logits, now = model.advance(token[None, None], now)
            logits.log_softmax(-1)

    for _ in range(TURNS + 1):
        found["page, 1,000"].append(on_page("readAll()"))
        found["PyTorch, 1,000"].append(in_torch(read_all))
        found["page, one more"].append(on_page(f"type({TYPED})") / TYPED)
        found["PyTorch, one more"].append(in_torch(type_on) / TYPED)
    return {name: times[1:] for name, times in found.items()}  # the first one warms up


def main() -> None:
    """Print the times, and ours as multiples of PyTorch's."""
    executable = find_browser()
    if executable is None:
        sys.exit(NO_BROWSER)
    torch.set_num_threads(1)
    model, tokens = reader.load_reader(), torch.from_numpy(reader.alphabet().encode(TEXT))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright, torch.inference_mode():
        (Path(folder) / "reader.js").write_text(script(reader.FILE.read_bytes()))
        (Path(folder) / "page.html").write_text(
            PAGE % (bundle("reading_lab.js").partition("export default")[0], json.dumps(TEXT))
        )
        browser = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        page = browser.new_page()
        page.goto((Path(folder) / "page.html").as_uri())
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
        times = in_turns(page, session, model, tokens)
        browser.close()
    print(f"the reading lab, {TURNS} turns: milliseconds of a processor, one thread")
    print(f"{'':20}{'median':>9}{'lowest':>9}{'highest':>9}")
    for name, values in times.items():
        print(f"{name:20}{median(values):9.2f}{min(values):9.2f}{max(values):9.2f}")
    for what in ("1,000", "one more"):
        ours, theirs = (median(times[f"{where}, {what}"]) for where in ("page", "PyTorch"))
        print(f"{what}: the page takes {ours / theirs:.2f} times what PyTorch takes")
    verdict = "kept" if median(times["page, 1,000"]) < TARGET else "MISSED"
    print(f"target, 1,000 characters in {TARGET} ms: {verdict}")


if __name__ == "__main__":
    main()

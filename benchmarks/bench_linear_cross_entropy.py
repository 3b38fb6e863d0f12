"""How long the loss of a linear head and its gradients take, and how much memory, beside every alternative.

*Time.* Each alternative runs in a fresh process, and the alternatives take turns, round after round,
beginning with another one each time. In its process it alternates with the floor: the three products of
matrices that no exact method goes without, into memory that is there already. Its ratio to the floor is the
median over these neighbours, then over the rounds; its ratio to `eager` compares those of the same round.
The ratio of each round is kept: a lead that is smaller than they scatter is none.

*Memory.* On Linux, in another fresh process: how far VmHWM, the peak of resident memory, rises over what was
resident before, in one loss with its gradients after a first one has warmed up (and compiled). The gradients
count, the inputs do not. Large blocks go back to the system when they are freed, so that each is seen.

Run it with `make bench`, or alone with sizes of your own: `--shape 512 64 4000 --rounds 1`.
"""

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

SHAPES = [(512, 512, 32000), (1024, 768, 50257), (512, 1024, 128256)]  # tokens, width, classes
LARGE = (16384, 256, 32000)  # memory alone: its logits take 2.1 GB, and eager three times that
LARGE_NAMES = ("eager", "ours")
# Time on one thread, as the tokens grow, then as the classes do.
SERIES = [(n, 256, 16000) for n in (64, 256, 1024, 4096)] + [(1024, 256, v) for v in (1000, 4000, 64000)]
SERIES_NAMES = ("eager", "torch.compile", "torch's own, chunk 256", "ours")


def main():
    options = arguments()
    if options.worker:
        print(json.dumps(work(options)))
        return
    record = recorded(options.out) if options.out else None
    # The parent imports no torch: a fresh process must not inherit its memory.
    names = subprocess.run(
        [sys.executable, "-c", "from linear_cross_entropies import ALTERNATIVES as a; print(*a, sep='\\n')"],
        cwd=Path(__file__).parent,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    times = [
        row
        for shape in options.shape
        for threads in options.threads
        for row in race(names, shape, threads, options)
    ]
    series = [row for shape in options.series for row in race(SERIES_NAMES, shape, 1, options)]
    sizes = [] if options.no_memory else [(shape, names) for shape in options.shape]
    sizes += [] if options.no_memory or options.no_large else [(LARGE, LARGE_NAMES)]
    memory = [row for shape, of_shape in sizes for row in weigh(of_shape, shape)]
    if options.out:
        record = renewed(record, {"time": times, "series": series, "memory": memory})
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if options.figure:
        draw(times, memory, options.figure)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shapes = parser.add_mutually_exclusive_group()
    shapes.add_argument("--shape", type=int, nargs=3, action="append", metavar=("N", "D", "V"))
    shapes.add_argument(
        "--no-shapes", action="store_true", help="leave out all shapes but those of the curves"
    )
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=3, help="fresh processes for each alternative")
    parser.add_argument(
        "--turns", type=int, default=3, help="neighbours that are timed in each process, at least"
    )
    parser.add_argument(
        "--seconds", type=float, default=8, help="for which neighbours are timed in each process, at least"
    )
    parser.add_argument("--no-memory", action="store_true", help="measure time alone")
    parser.add_argument("--no-large", action="store_true", help=f"leave out the memory at {LARGE}")
    parser.add_argument(
        "--no-series", action="store_true", help="leave out the curves over tokens and classes"
    )
    parser.add_argument(
        "--out", type=Path, help="a JSON file of all that was measured; shapes that were not stay in it"
    )
    parser.add_argument("--figure", type=Path, help="a picture of the first shape")
    parser.add_argument("--worker", choices=("time", "memory"), help=argparse.SUPPRESS)
    parser.add_argument("--name", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.figure and options.no_shapes:
        parser.error("--figure draws the first shape, which --no-shapes leaves out: give one of the two")
    options.shape = [] if options.no_shapes else options.shape or SHAPES
    options.series = [] if options.no_series else SERIES
    return options


# ---------------------------------------------------------------------------------- the parent


def recorded(path: Path) -> dict:
    """What a file holds, before anything is measured; nothing but the machine if there is no such file."""
    here = {"machine": machine()}
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else here
    if record["machine"] != here["machine"]:
        raise SystemExit(f"{path} was recorded on {record['machine']}; this is {here['machine']}")
    return record


def renewed(record: dict, measured: dict) -> dict:
    """The record with new rows for each shape that was measured, and the old ones for each other."""

    def shape(row):
        return row["classes"], row["tokens"], row["width"], row.get("threads", 1)

    rows = {}
    for part, new in measured.items():
        again = {shape(row) for row in new}
        kept = [row for row in record.get(part, ()) if shape(row) not in again]
        rows[part] = sorted(kept + new, key=shape)
    return {"machine": record["machine"], **rows}


def race(names, shape, threads, options) -> list[dict]:
    """Time of each alternative, in milliseconds, and its ratios to eager and, round by round, the floor."""
    rounds, turns = [], ["--turns", str(options.turns), "--seconds", str(options.seconds)]
    for k in range(options.rounds):
        first = k * len(names) // options.rounds
        order = names[first:] + names[:first]
        done = {name: fresh("time", name, shape, threads, turns) for name in order}
        rounds.append({name: one for name, one in done.items() if one})
    measured = [name for name in names if all(name in one for one in rounds)]

    if "eager" not in measured:
        raise SystemExit(f"eager failed at {describe(shape)}: there is nothing to compare with")
    median = statistics.median
    about = dict(zip(("tokens", "width", "classes"), shape, strict=True)) | {"threads": threads}
    about |= {"turns": options.turns, "seconds": options.seconds}
    ratios = {name: [one[name]["ratio"] for one in rounds] for name in measured}  # to the floor
    ratios = {"floor": [1.0] * len(rounds)} | ratios
    ms = {name: median(one[name]["ms"] for one in rounds) for name in measured}
    ms["floor"] = median(one[name]["floor"] for one in rounds for name in measured)
    rows = []
    for name, to_floor in ratios.items():
        to_eager = median(a / b for a, b in zip(to_floor, ratios["eager"], strict=True))
        row = {"name": name, "ms": ms[name], "to_floor": median(to_floor), "rounds_to_floor": to_floor}
        rows.append(about | row | {"to_eager": to_eager})
    print(f"\ntime of {describe(shape)}, {threads} threads{'ms':>12}{'to floor':>10}{'to eager':>10}  rounds")
    for row in rows:
        rounds = " ".join(f"{ratio:.2f}" for ratio in row["rounds_to_floor"])
        print(f"{row['name']:46}{row['ms']:12.1f}{row['to_floor']:10.2f}{row['to_eager']:10.2f}", end="  ")
        print(rounds, flush=True)
    return rows


def weigh(names, shape) -> list[dict]:
    """Peak memory of each alternative beyond its inputs, in bytes, with its gradients'."""
    if not Path("/proc/self/clear_refs").exists():
        print("memory is measured on Linux alone")
        return []
    tokens, width, classes = shape
    about = {"tokens": tokens, "width": width, "classes": classes}
    logits, gradients = 4 * tokens * classes, 4 * width * (tokens + classes)
    print(f"\nmemory of {describe(shape)}: logits {logits / 1e6:.1f} MB, gradients {gradients / 1e6:.1f} MB")
    rows = []
    for name in names:
        if one := fresh("memory", name, shape, 1, []):
            rows.append(about | {"name": name, "bytes": one["bytes"]})
            print(f"{name:46}{one['bytes'] / 1e6:10.1f} MB", flush=True)
    return rows


def fresh(kind, name, shape, threads, more) -> dict | None:
    """What a process of its own measures; None, with its last words printed, where it fails."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads)}
    if kind == "memory":
        environment |= {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}
    command = [sys.executable, __file__, "--worker", kind, "--name", name, "--threads", str(threads), *more]
    command += ["--shape", *map(str, shape)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    words = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
    print(f"{name}: {words[-1]}", flush=True)
    return None


def describe(shape) -> str:
    return "{} tokens, width {}, {} classes".format(*shape)


def machine() -> dict:
    """Facts that explain the numbers, and name no machine."""
    code = (
        "import json, torch; print(json.dumps({'torch': torch.__version__, "
        "'vector instructions': torch.backends.cpu.get_cpu_capability()}))"
    )
    of_torch = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        **json.loads(of_torch.stdout),
    }


def draw(times, memory, path) -> None:
    """Ratio to the floor, and memory, of the first shape, a bar for each alternative."""
    import matplotlib.pyplot as plt

    from helpers.plots import measured_bars

    def of_first(rows, *keys):
        return [row for row in rows if all(row[key] == times[0][key] for key in keys)]

    shape = ("tokens", "width", "classes")
    panels = {
        "time (floor = 1)": {r["name"]: r["to_floor"] for r in of_first(times, *shape, "threads")},
        "peak memory (MB)": {r["name"]: r["bytes"] / 1e6 for r in of_first(memory, *shape)},
    }
    panels = {label: bars for label, bars in panels.items() if bars}
    fig, axes = plt.subplots(1, len(panels), figsize=(12, 5), squeeze=False)
    for ax, (label, bars) in zip(axes[0], panels.items(), strict=True):
        measured_bars(list(bars), list(bars.values()), xlabel=label, form="{:.2f}", ax=ax)
    fig.savefig(path)


# ---------------------------------------------------------------------------------- the process of its own


def work(options) -> dict:
    """Time or memory of one alternative at one shape."""
    import torch
    from linear_cross_entropies import ALTERNATIVES

    (tokens, width, classes), threads = options.shape[0], options.threads[0]
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    hidden = torch.randn(tokens, width, requires_grad=True)
    weight = (torch.randn(classes, width) / math.sqrt(width)).requires_grad_()
    targets = torch.randint(classes, (tokens,))
    loss = ALTERNATIVES[options.name]

    def step():
        torch.autograd.grad(loss(hidden, weight, targets), (hidden, weight))

    if options.worker == "memory":
        return peak(step)
    return clock(step, floor(hidden, weight), options.turns, options.seconds)


def floor(hidden, weight):
    """Three products of matrices, into memory that is there already."""
    import torch

    h, w = hidden.detach(), weight.detach()
    z, d_h, d_w = h.new_empty(len(h), len(w)), torch.empty_like(h), torch.empty_like(w)

    def step():
        torch.mm(h, w.T, out=z)
        torch.mm(z, w, out=d_h)
        torch.mm(z.T, h, out=d_w)

    return step


def clock(step, floor, turns, least_seconds) -> dict:
    """Median milliseconds of both, and the median ratio of neighbours."""
    step(), floor()  # the first call compiles and allocates
    pairs, end = [], time.perf_counter() + least_seconds
    while len(pairs) < turns or time.perf_counter() < end:
        pairs.append((seconds(step), seconds(floor)))
    mine, least = (1000 * statistics.median(column) for column in zip(*pairs, strict=True))
    return {"ms": mine, "floor": least, "ratio": statistics.median(a / b for a, b in pairs)}


def seconds(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def peak(step) -> dict:
    """How far the peak of resident memory rises in one step, in bytes."""
    step()
    Path("/proc/self/clear_refs").write_text("5")  # the peak is now what is resident
    before = resident("VmRSS")
    step()
    return {"bytes": resident("VmHWM") - before}


def resident(field: str) -> int:
    """A field of /proc/self/status, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{field}:"))
    return 1024 * int(line.split()[1])


if __name__ == "__main__":
    main()

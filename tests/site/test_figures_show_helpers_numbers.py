"""Live figures of the built book in states drawn at random: they show the numbers that `helpers` computes.

A page gets the states before its own scripts see any; what a figure should say then, and how it is read,
stands in the figure's own tests in the browser, `tests/widgets/test_…_in_browser.py`.
"""

import json
import re
from importlib import import_module

import numpy as np
import pytest
from browser import go_offline, reach_figures, wait_for_figures
from built import HTML
from figure_states import FOLDER

from helpers import widgets
from helpers.normal_form import WIDGET_STATE, WIDGET_VIEW
from helpers.widgets.binary_recipes import RECIPES

pytestmark = pytest.mark.browser

SEEDS = range(3)

# A figure like the one that a page has, in a state drawn at random; `was` is the state on the page.
DRAWN = {
    "LossCurve": lambda rng, was: widgets.LossCurve(10 ** -rng.uniform(0, 5)),
    "LossExplorer": lambda rng, was: widgets.LossExplorer(
        was["words"], rng.normal(0, 3, len(was["words"])), index(rng, was["words"])
    ),
    "BinaryCurves": lambda rng, was: widgets.BinaryCurves(
        round(rng.uniform(-40, 40), 1),
        str(rng.choice(RECIPES)),
        int(rng.integers(1, 17)),
        str(rng.choice(["float32", "float64"])),
        str(rng.choice(["probability", "logit"])),
    ),
    "SoftmaxOverflow": lambda rng, was: widgets.SoftmaxOverflow(
        was["base"],
        halves(rng, 0, 120),
        halves(rng, -120, 120),
        index(rng, was["base"]),
        str(rng.choice(["float16", "bfloat16", "float32"])),
    ),
    "TemperatureAndSmoothing": lambda rng, was: widgets.TemperatureAndSmoothing(
        was["words"],
        rng.normal(0, 3, len(was["words"])),
        index(rng, was["words"]),
        10 ** rng.uniform(-1, 1),
        rng.uniform(0, 1),
    ),
    "DivergenceExplorer": lambda rng, was: widgets.DivergenceExplorer(
        was["outcomes"], *rng.dirichlet(np.ones(len(was["outcomes"])), 2)
    ),
    "GaussianFit": lambda rng, was: widgets.GaussianFit(
        rng.uniform(-6, 6), rng.uniform(0.3, 5), rng.uniform(0.05, 0.95), was["centres"], was["width"]
    ),
    "PerplexityDial": lambda rng, was: widgets.PerplexityDial(
        was["tokens"],
        10 ** rng.uniform(-4, 0, len(was["tokens"])),
        index(rng, was["tokens"]),
        str(rng.choice(["nats", "bits"])),
    ),
    "ReadingLab": lambda rng, was: widgets.ReadingLab(
        "".join(rng.choice(list(was["text"] + "“é—…日"), 60)), int(rng.integers(61))
    ),
    "Prediction": lambda rng, was: answered(rng, was),
}

# Lays `drawn`, {model: {trait: value}}, over the saved state as soon as it is in the page.
EXCHANGE = """
new MutationObserver((_, observer) => {
  const tag = document.querySelector('script[type="%s"]');
  if (!tag) return;
  observer.disconnect();
  const whole = JSON.parse(tag.textContent);
  for (const [model, traits] of Object.entries(%s)) Object.assign(whole.state[model].state, traits);
  tag.textContent = JSON.stringify(whole);
}).observe(document, { childList: true, subtree: true });
"""


def index(rng, entries) -> int:
    return int(rng.integers(len(entries)))


def halves(rng, low: int, high: int) -> float:
    return int(rng.integers(2 * low, 2 * high + 1)) / 2


def answered(rng, was):
    """The page's own question with a guess: near its answer, at one of its mistakes, or far from both."""
    names = ("question", "answer", "unit", "because", "decimals", "tolerance")
    made = widgets.Prediction(**{name: was[name] for name in names}, mistakes=dict(was["mistakes"]))
    met = [was["answer"], *(number for number, _ in was["mistakes"])]
    made.guess = float(rng.choice(met) * rng.choice([1, rng.uniform(0.8, 1.2), 10 ** rng.uniform(-3, 3)]))
    return made


def saved(page) -> dict:
    """The state of each model of a built page: {model: state}."""
    text = (HTML / "_static" / FOLDER / page.name).with_suffix(".js").read_text(encoding="utf-8")
    whole = json.loads(re.search(r"^const whole = (.*);$", text, re.MULTILINE)[1])
    return {name: model["state"] for name, model in whole["state"].items()}


def shown_models(page) -> list[str]:
    """The models of a page's figures, in the order in which they stand."""
    tags = page.soup.find_all("script", type=WIDGET_VIEW)
    return [json.loads(tag.string)["model_id"] for tag in tags]


def kind(state: dict) -> tuple[str, str]:
    """Module and class of a figure."""
    return tuple(state["_anywidget_id"].removeprefix("helpers.widgets.").split("."))


def traits(made) -> dict:
    """What the script of a figure reads of it."""
    state = made.get_state(key=[name for name in made.keys if not name.startswith("_")])
    return {name: value for name, value in state.items() if name not in ("layout", "tabbable", "tooltip")}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_shows_what_helpers_compute(address, live, open_page, seed):
    rng = np.random.default_rng(seed)
    wrong, kinds = [], set()
    for name, built in live.items():
        states, models = saved(built), shown_models(built)
        drawn = {model: DRAWN[kind(states[model])[1]](rng, states[model]) for model in models}
        told = json.dumps({model: traits(made) for model, made in drawn.items()})
        page = open_page(f"{address}/{name}", first=EXCHANGE % (WIDGET_STATE, told))
        wait_for_figures(page, len(models))
        reach_figures(page)
        go_offline(page)
        for number, model in enumerate(models):
            module, figure_class = kind(states[model])
            tests = import_module(f"test_{module}_in_browser")
            kinds.add(figure_class)
            try:
                tests.assert_shows(page.locator(".xe-figure").nth(number), drawn[model])
            except AssertionError as error:
                wrong.append(f"seed {seed}, {name}, figure {number + 1}: {error}")
        assert page.complaints == []
    assert kinds == set(DRAWN)
    assert wrong == [], "\n\n".join(wrong)

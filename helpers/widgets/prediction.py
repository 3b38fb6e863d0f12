"""Predict first: a number to guess before it is shown, and then how far off, why, and the derivation."""

from html import escape

import numpy as np
import traitlets

from helpers.widgets.bundle import bundle
from helpers.widgets.live_figure import STILL, LiveFigure, typeset


class Prediction(LiveFigure):
    """A question with a number for an answer.

    The reader's guess is compared with the answer and with the mistakes that are known for the question; then
    the derivation is shown, line by line. The figure does no arithmetic of its own on the answer: all numbers
    come from here.

    Args:
        question: in plain text.
        answer: the number asked for, finite.
        unit: of the answer, such as ``"nats"``; empty for a pure number.
        because: the derivation, a sentence a line.
        mistakes: what a wrong number comes from: {number: sentence}.
        decimals: how many are shown.
        tolerance: by what share of a number a guess may miss it and still count as it; at least half a unit
            of the last decimal shown is allowed.

    Raises:
        traitlets.TraitError: `guess` is set to what is no finite number.
        ValueError: no question, no derivation, a number that is not finite, or two numbers, answer and
            mistakes, so close that one guess could count as both.
    """

    _esm = bundle("prediction.js")
    _css = bundle("prediction.css")

    question = traitlets.Unicode(read_only=True).tag(sync=True)
    answer = traitlets.Float(read_only=True).tag(sync=True)
    unit = traitlets.Unicode(read_only=True).tag(sync=True)
    because = traitlets.List(traitlets.Unicode(), read_only=True).tag(sync=True)
    mistakes = traitlets.List(read_only=True).tag(sync=True)  # [[number, sentence], …]
    decimals = traitlets.Int(read_only=True).tag(sync=True)
    tolerance = traitlets.Float(read_only=True).tag(sync=True)
    guess = traitlets.Float(None, allow_none=True).tag(sync=True)
    revealed = traitlets.Bool(False).tag(sync=True)

    def __init__(
        self,
        question: str,
        answer: float,
        *,
        because: list[str],
        unit: str = "",
        mistakes: dict[float, str] | None = None,
        decimals: int = 3,
        tolerance: float = 0.01,
    ):
        values = {
            "question": question,
            "answer": float(answer),
            "unit": unit,
            "because": list(because),
            "mistakes": [[float(number), sentence] for number, sentence in (mistakes or {}).items()],
            "decimals": decimals,
            "tolerance": float(tolerance),
        }
        check(values)
        for name, value in values.items():
            self.set_trait(name, value)
        super().__init__()

    def __repr__(self) -> str:
        return f"Prediction({self.question!r})"

    @traitlets.validate("guess")
    def _finite(self, proposal) -> float | None:
        if proposal.value is not None and not np.isfinite(proposal.value):
            raise traitlets.TraitError(f"guess is {proposal.value:g}; expected a finite number, or None")
        return proposal.value

    @property
    def right_answer(self) -> str:
        """The answer with its unit, to the decimals shown."""
        return typeset(f"{self.answer:.{self.decimals}f} {self.unit}".strip())

    @property
    def summary(self) -> str:
        """Question, answer and derivation."""
        return f"{self.question} {self.right_answer}. {' '.join(self.because)}"

    @property
    def still(self) -> str:
        """HTML: the question, and folded below it the answer."""
        question = STILL.format(f"Predict first. {escape(self.question, quote=False)}")
        answer = escape(f"{self.right_answer}. {' '.join(self.because)}", quote=False)
        return f"{question}<details><summary>The answer</summary><p>{answer}</p></details>"


def check(values: dict) -> None:
    """Raise ValueError for a question that could not be asked or judged."""
    for name in ("question", "because"):
        if not values[name]:
            raise ValueError(f"{name} is empty; expected {'text' if name == 'question' else 'a derivation'}")
    numbers = [values["answer"], *(number for number, _ in values["mistakes"])]
    if not np.isfinite([*numbers, values["tolerance"]]).all():
        raise ValueError(f"answer and mistakes are {numbers}; expected finite numbers")
    ordered = np.sort(numbers)
    reach = np.maximum(0.5 * 10.0 ** -values["decimals"], values["tolerance"] * np.abs(ordered))
    close = np.diff(ordered) <= reach[:-1] + reach[1:]
    if close.any():
        pair = ordered[:-1][close][0], ordered[1:][close][0]
        raise ValueError(f"{pair[0]:g} and {pair[1]:g} are so close that one guess could count as both")

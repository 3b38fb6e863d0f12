"""What a graded question consists of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Question:
    """A function to write, the cases it is tried on, and what right and wrong answers give there.

    Attributes:
        name: words joined by hyphens; `check` is given it.
        chapter: the number of the chapter that it belongs to.
        points: what a right answer is worth.
        task: one sentence; it is what an exercise that is not attempted yet raises.
        expects: what kind of value the function returns, its shape and its unit.
        cases: makes the arguments of one case from a random generator. Each seed is one case.
        reference: the right answer for those arguments, float64.
        mistakes: a sentence for the learner → the wrong answer that it is about, for the same arguments.
        framework: "torch" or "tensorflow" where the learner's function is given tensors; "" for arrays.
    """

    name: str
    chapter: int
    points: int
    task: str
    expects: str
    cases: Callable[[np.random.Generator], tuple]
    reference: Callable[..., np.ndarray]
    mistakes: Mapping[str, Callable[..., np.ndarray]]
    framework: str = ""

    def arguments(self, seed: int) -> tuple:
        """Arguments of the case with this seed, made anew at each call."""
        return self.cases(np.random.default_rng(seed))

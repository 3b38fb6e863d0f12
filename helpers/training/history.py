"""What a training run leaves behind: its losses, step by step. NumPy alone."""

import sys
from dataclasses import dataclass

import numpy as np

from helpers.metrics import TokenMean


@dataclass(frozen=True)
class History:
    """The course of a training run. All losses are in nats per token.

    Attributes:
        step: 1, 2, … S, shape (S,).
        train_loss: loss of each step's batch, before the step was taken, shape (S,).
        gradient_norm: length of each step's gradient, before it was clipped, shape (S,).
        tokens_seen: number of predictions trained on, up to and including each step, shape (S,).
        validation_step: after how many steps the model was evaluated, beginning with 0, shape (K,).
        validation_loss: token-weighted loss on the validation text, shape (K,).
    """

    step: np.ndarray
    train_loss: np.ndarray
    gradient_norm: np.ndarray
    tokens_seen: np.ndarray
    validation_step: np.ndarray
    validation_loss: np.ndarray


class Recorder:
    """Collects a :class:`History` while a loop runs, and says when it is time to evaluate.

    The scalars of a framework are kept as they come and read at the end, so that an accelerator is not
    stopped at every step to hand one over.

    Args:
        steps: S, how many steps there will be.
        evaluate_every: evaluate after so many steps; also before the first and after the last.
        progress: show a line that is rewritten in place, if stderr is a terminal. A notebook's is none, so
            that its stored output stays clean.
    """

    def __init__(self, steps: int, evaluate_every: int, *, progress: bool = True):
        self.steps, self.evaluate_every = steps, evaluate_every
        self.progress = progress and sys.stderr.isatty()
        self._steps, self._validations = [], []  # rows of loss, gradient norm, tokens; and of step, loss

    def add_step(self, loss, gradient_norm, tokens: int) -> None:
        """Record a step: the loss and the gradient norm (scalars of any framework), and its predictions."""
        self._steps.append((loss, gradient_norm, tokens))
        self._show()

    def add_validation(self, mean: TokenMean) -> None:
        """Record the loss on the validation text after the steps so far."""
        self._validations.append((len(self._steps), mean.mean))
        self._show()

    @property
    def time_to_evaluate(self) -> bool:
        """Whether the model should be evaluated after the steps so far."""
        done = len(self._steps)
        return done == self.steps or done % self.evaluate_every == 0

    def state(self) -> dict[str, list]:
        """Everything recorded, as plain numbers, to be written to a file."""
        self._steps = [(float(loss), float(norm), tokens) for loss, norm, tokens in self._steps]
        return {"steps": self._steps, "validations": self._validations}

    def restore(self, state: dict[str, list]) -> None:
        """Go on from what :meth:`state` gave; what was recorded since is forgotten."""
        self._steps, self._validations = list(state["steps"]), list(state["validations"])

    @property
    def steps_done(self) -> int:
        """How many steps have been recorded."""
        return len(self._steps)

    def history(self) -> History:
        """Everything recorded, as arrays."""
        loss, norm, tokens = zip(*self._steps, strict=True)
        step, validation = zip(*self._validations, strict=True)
        return History(
            step=np.arange(1, len(self._steps) + 1),
            train_loss=np.array([float(x) for x in loss]),
            gradient_norm=np.array([float(x) for x in norm]),
            tokens_seen=np.cumsum(tokens),
            validation_step=np.array(step),
            validation_loss=np.array(validation),
        )

    def _show(self) -> None:
        done = len(self._steps)
        if not self.progress or not (self.time_to_evaluate or done % 10 == 0):
            return
        train = f"  train {float(self._steps[-1][0]):.3f}" if self._steps else ""
        validation = f"  validation {self._validations[-1][1]:.3f}" if self._validations else ""
        end = "\n" if done == self.steps and self._validations[-1][0] == done else ""
        print(
            f"\rstep {done}/{self.steps}{train}{validation} nats/token", end=end, file=sys.stderr, flush=True
        )

"""Checkpoints: a file that holds a training run so far, from which it goes on as if it had never stopped.

What a step depends on is kept: the weights, the averages of the optimizer, where the learning rate stands,
both random generators (NumPy's draws the windows, PyTorch's a model's dropout), and the losses so far.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch

from helpers.training.history import Recorder


@dataclass(frozen=True)
class Run:
    """The parts of a training run that change from step to step, and the options that do not.

    Attributes:
        model: a module; its parameters and buffers are kept.
        optimizer: with ``state_dict`` and ``load_state_dict``, as PyTorch's have them.
        schedule: likewise.
        rng: draws the windows.
        recorder: the losses so far.
        options: name → number or string; a run can only go on with the options that it began with.
    """

    model: torch.nn.Module
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler
    rng: np.random.Generator
    recorder: Recorder
    options: dict

    def save(self, path: str | Path) -> None:
        """Write the run to `path`: first to a file beside it, so that no half-written one has its name."""
        unfinished = Path(f"{path}.unfinished")
        unfinished.parent.mkdir(parents=True, exist_ok=True)
        state = {part: getattr(self, part).state_dict() for part in ("model", "optimizer", "schedule")}
        state["windows"] = self.rng.bit_generator.state
        state["torch"] = torch.get_rng_state()
        state["cuda"] = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
        torch.save(state | {"recorder": self.recorder.state(), "options": self.options}, unfinished)
        os.replace(unfinished, path)

    def resume(self, path: str | Path) -> bool:
        """Put the run back to where `path` was written; if there is no such file, change nothing: False.

        Raises:
            ValueError: the file is of a run with other options, or of another model.
        """
        if not Path(path).exists():
            return False
        # weights_only: a checkpoint holds numbers and names; whatever else a pickle could run is refused.
        state = torch.load(path, map_location="cpu", weights_only=True)
        self._check(path, state)
        for part in ("model", "optimizer", "schedule"):
            getattr(self, part).load_state_dict(state[part])
        self.rng.bit_generator.state = state["windows"]
        torch.set_rng_state(state["torch"])
        if state["cuda"] and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(state["cuda"])
        self.recorder.restore(state["recorder"])
        return True

    def _check(self, path, state: dict) -> None:
        for name, value in self.options.items():
            if state["options"].get(name) != value:
                raise ValueError(
                    f"{path} is of a run with {name} {state['options'].get(name)}; expected {value}. "
                    "Give the options it began with, or another path"
                )
        mine, theirs = (
            {name: tuple(tensor.shape) for name, tensor in weights.items()}
            for weights in (self.model.state_dict(), state["model"])
        )
        if mine != theirs:
            name = next(name for name in [*mine, *theirs] if mine.get(name) != theirs.get(name))
            found, expected = (shapes.get(name, "none") for shapes in (theirs, mine))
            raise ValueError(f"{path} is of another model: shape of {name} is {found}; expected {expected}")


def fingerprint(tokens: np.ndarray) -> str:
    """A short name for a text, the same for the same tokens alone: 16 characters of its SHA-256."""
    return sha256(np.ascontiguousarray(tokens, dtype="<i8").tobytes()).hexdigest()[:16]

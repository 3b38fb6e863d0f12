"""Train, evaluate and sample a language model in PyTorch.

On a computer with CUDA, :func:`train` moves the model to it, compiles it, and computes in bfloat16 where that
is safe (autocast); elsewhere the same lines run on the CPU in float32. Nothing here touches the number of
threads.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from helpers.batches import IGNORE_INDEX, consecutive_windows, random_windows
from helpers.metrics import TokenMean
from helpers.training.checkpoints import Run, fingerprint
from helpers.training.history import History, Recorder
from helpers.training.options import check_options
from helpers.training.sampling import continue_text
from helpers.training.schedule import rate_share
from helpers.validation import token_ids


def train(
    model: nn.Module,
    train_tokens,
    validation_tokens,
    *,
    steps: int,
    batch_size: int = 32,
    length: int = 64,
    learning_rate: float = 1e-2,
    warm_up: int = 0,
    clip: float = 1.0,
    seed: int = 0,
    evaluate_every: int = 100,
    checkpoint: str | Path | None = None,
    progress: bool = True,
) -> History:
    """Minimise the mean loss of random windows with Adam; the learning rate falls linearly to zero.

    With a `checkpoint`, a run that was stopped goes on when it is started again, and ends with the weights
    and the history of one that was not, to the last bit (on one kind of processor).

    Args:
        model: with ``vocab_size``, ``forward`` and ``advance``, as
            :class:`helpers.models.pytorch.SimpleLanguageModel` has them; trained in place.
        train_tokens: the text to learn, integers below V, shape (N,).
        validation_tokens: the text to watch, never trained on; a short piece keeps the evaluations short.
        steps: number of batches.
        batch_size: B, windows in a batch.
        length: T, predictions in a window.
        learning_rate: of Adam, at its largest.
        warm_up: steps in which the rate climbs to it, as :func:`~helpers.training.schedule.rate_share` says.
        clip: the longest gradient that is used as it is; a longer one is scaled down to this length.
        seed: of the windows. The model's own numbers were drawn when it was made.
        evaluate_every: steps between two evaluations.
        checkpoint: file that holds the run so far, rewritten at every evaluation; none is kept if None.
        progress: show where the training is, if stderr is a terminal.

    Raises:
        ValueError: a token out of range, a text too short, a size or rate that is not positive, or a
            checkpoint of another run.
    """
    train_tokens = token_ids("train_tokens", train_tokens, model.vocab_size)
    validation_tokens = token_ids("validation_tokens", validation_tokens, model.vocab_size)
    options = dict(steps=steps, evaluate_every=evaluate_every, learning_rate=learning_rate, clip=clip)
    options |= dict(warm_up=warm_up)
    check_options(**options)
    recorder, rng = Recorder(steps, evaluate_every, progress=progress), np.random.default_rng(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), lr=learning_rate)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: rate_share(step, steps=steps, warm_up=warm_up)
    )
    forward = torch.compile(model) if device.type == "cuda" else model

    options |= dict(batch_size=batch_size, length=length, seed=seed)
    options |= dict(train_tokens=fingerprint(train_tokens), validation_tokens=fingerprint(validation_tokens))
    run = Run(model, optimizer, schedule, rng, recorder, options)
    if checkpoint is None or not run.resume(checkpoint):
        recorder.add_validation(evaluate(model, validation_tokens))
    while recorder.steps_done < steps:
        windows = random_windows(train_tokens, batch_size, length, rng)
        inputs, targets = (torch.from_numpy(x).to(device) for x in windows)  # (B, T)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = forward(inputs)  # (B, T, V)
            loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        schedule.step()
        recorder.add_step(loss.detach(), norm, targets.numel())
        if recorder.time_to_evaluate:
            recorder.add_validation(evaluate(model, validation_tokens))
            if checkpoint is not None:
                run.save(checkpoint)
    return recorder.history()


def evaluate(model: nn.Module, tokens, *, batch_size: int = 32, length: int = 256) -> TokenMean:
    """Loss of a whole text, in nats: every token but the first is predicted once, and weighs the same.

    The model reads `batch_size` parts of the text side by side, each from its beginning to its end. So the
    result is that of reading the text in one go, but for the first few tokens of each part.

    Args:
        model: as in :func:`train`; read on the device that it is on, in its own precision.
        tokens: the text, integers below V, shape (N,), with N at least 2.
        batch_size: B, the number of parts.
        length: T, how many tokens of each part are read at once; the result does not depend on it.

    Raises:
        ValueError: a token out of range, a text too short, or a size that is no positive whole number.
    """
    tokens = token_ids("tokens", tokens, model.vocab_size)
    device, training = next(model.parameters()).device, model.training
    mean, state = TokenMean(), None
    model.eval()
    with torch.inference_mode():
        for windows in consecutive_windows(tokens, batch_size, length):
            inputs, targets = (torch.from_numpy(x).to(device) for x in windows)  # (B, T)
            logits, state = model.advance(inputs, state)
            total = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
            mean.update(total.item(), np.count_nonzero(windows[1] != IGNORE_INDEX))
    model.train(training)
    return mean


def sample(
    model: nn.Module, prompt, n: int, rng: np.random.Generator, temperature: float = 1.0
) -> np.ndarray:
    """`n` tokens, each drawn after all those before it; shape (n,), without the prompt.

    Args:
        model: as in :func:`train`.
        prompt: the tokens to begin after, integers below V, shape (P,), with P at least 1.
        n: how many tokens to draw.
        rng: draws them; :func:`helpers.training.tensorflow.sample` draws the same ones from the same logits.
        temperature: as in :func:`helpers.training.sampling.draw`.

    Raises:
        ValueError: the prompt is empty or has a token out of range, or the temperature is negative.
    """
    device, training = next(model.parameters()).device, model.training

    def advance(tokens, state):
        logits, state = model.advance(torch.from_numpy(tokens).to(device), state)
        return logits.float().cpu().numpy(), state

    model.eval()
    with torch.inference_mode():
        drawn = continue_text(advance, prompt, n, rng, temperature, model.vocab_size)
    model.train(training)
    return drawn

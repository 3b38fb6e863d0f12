"""Questions on the clinic, fourth ward: what a loop of training or of evaluation has to forget."""

import numpy as np

from helpers.losses.reference import cross_entropy, cross_entropy_gradient
from helpers.questions.question import Question


def _steps(rng):
    """Scores of the classes, (V,), and the class that comes at each step, (S,)."""
    num_classes = int(rng.integers(3, 7))
    return rng.normal(size=num_classes), rng.integers(num_classes, size=rng.integers(4, 8))


def _descent(rng):
    """Scores, targets, and a learning rate."""
    return *_steps(rng), float(rng.uniform(0.2, 0.9))


def _network(rng):
    """Hidden values (N, H), a 1 where training keeps one, the share it drops, weights (H, V), targets."""
    size, hidden, vocab = 3 + rng.permutation(4)[:3]
    kept = (rng.permutation(size * hidden) % 2).reshape(size, hidden).astype(float)
    inputs, weight = rng.normal(size=(size, hidden)), rng.normal(size=(hidden, vocab))
    return inputs, kept, float(rng.uniform(0.1, 0.6)), weight, rng.integers(vocab, size=size)


def _prices(scores, targets):
    """Price of each target under scores that all of them share, (S,)."""
    return cross_entropy(np.tile(scores, (len(targets), 1)), targets, reduction="none")


def _slopes(scores, targets):
    """Gradient of each of these prices with respect to the scores, (S, V)."""
    return cross_entropy_gradient(np.tile(scores, (len(targets), 1)), targets, reduction="sum")


def _descend(scores, targets, rate, memory=0.0):
    """Scores after one step for each target; a share of the gradient is remembered for the next step."""
    slope = np.zeros_like(scores)
    for target in targets:
        slope = memory * slope + cross_entropy_gradient(scores, target)
        scores = scores - rate * slope
    return scores


def _both_losses(trained, evaluated, weight, targets):
    """Losses of two versions of the hidden values, (2,)."""
    return np.array([cross_entropy(trained @ weight, targets), cross_entropy(evaluated @ weight, targets)])


QUESTIONS = (
    Question(
        name="a-total-that-forgets",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the total of all losses, in nats, and the gradient of the last one.",
        expects="a tensor of shape (1 + V,): nats, then a gradient",
        cases=_steps,
        reference=lambda scores, targets: np.append(
            _prices(scores, targets).sum(), _slopes(scores, targets)[-1]
        ),
        mistakes={
            "The total remembers how it was made: this is the gradient of all losses. Detach what you add.": (
                lambda scores, targets: np.append(
                    _prices(scores, targets).sum(), _slopes(scores, targets).sum(axis=0)
                )
            ),
            "The last loss was detached as well, and teaches nothing.": lambda scores, targets: np.append(
                _prices(scores, targets).sum(), np.zeros_like(scores)
            ),
            "The total holds the last loss alone. Its value should be the sum of all.": (
                lambda scores, targets: np.append(_prices(scores, targets)[-1], _slopes(scores, targets)[-1])
            ),
            "This is the mean of the losses. The total is asked for.": lambda scores, targets: np.append(
                _prices(scores, targets).mean(), _slopes(scores, targets)[-1]
            ),
        },
    ),
    Question(
        name="a-step-without-the-last",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the scores after one step of gradient descent for each target.",
        expects="a tensor of the shape of the scores",
        cases=_descent,
        reference=_descend,
        mistakes={
            "backward adds to the gradients that are there: each step repeats all earlier ones.": (
                lambda scores, targets, rate: _descend(scores, targets, rate, memory=1.0)
            ),
            "Nothing moved: the gradient was cleared between backward and the step.": (
                lambda scores, targets, rate: scores
            ),
            "The steps go uphill: take the gradient off.": (
                lambda scores, targets, rate: _descend(scores, targets, -rate)
            ),
            "This is one step with the gradients of all targets. Each target has a step of its own.": (
                lambda scores, targets, rate: scores - rate * _slopes(scores, targets).sum(axis=0)
            ),
            "Only the first step was taken. Is the `return` inside the loop?": (
                lambda scores, targets, rate: _descend(scores, targets[:1], rate)
            ),
        },
    ),
    Question(
        name="dropout-switched-off",
        chapter=7,
        points=2,
        framework="torch",
        task="Return the loss in training, with dropout, and at evaluation, in nats.",
        expects="a tensor of shape (2,) of nats, 0 or more",
        cases=_network,
        reference=lambda hidden, kept, share, weight, targets: _both_losses(
            hidden * kept / (1 - share), hidden, weight, targets
        ),
        mistakes={
            "Dropout was left on at evaluation: both passes are the same.": (
                lambda hidden, kept, share, weight, targets: _both_losses(
                    hidden * kept / (1 - share), hidden * kept / (1 - share), weight, targets
                )
            ),
            "At evaluation everything was made smaller by 1 − share. Training has set that right already.": (
                lambda hidden, kept, share, weight, targets: _both_losses(
                    hidden * kept / (1 - share), hidden * (1 - share), weight, targets
                )
            ),
            "In training what is kept has to grow, by 1 / (1 − share), so that the mean stays.": (
                lambda hidden, kept, share, weight, targets: _both_losses(
                    hidden * kept, hidden, weight, targets
                )
            ),
            "The two losses have changed places.": lambda hidden, kept, share, weight, targets: _both_losses(
                hidden, hidden * kept / (1 - share), weight, targets
            ),
        },
    ),
)

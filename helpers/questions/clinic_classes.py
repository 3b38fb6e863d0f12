"""Questions on the clinic, second ward: what the softmax runs over, and how many questions are asked."""

import numpy as np

from helpers.information import surprisal
from helpers.losses.reference import binary_cross_entropy_with_logits, cross_entropy, log_softmax, softmax
from helpers.questions.question import Question
from helpers.questions.texts import batch_of_texts


def _yes_or_no(rng):
    """One score for each of a few examples, (N,), and the answers: both kinds occur."""
    size = int(rng.integers(4, 8))
    return rng.normal(size=size) * 2, rng.permutation(np.arange(size) % 2).astype(float)


def _one_of_many(rng):
    """Logits of K classes that are each unlikely, (K,), and the class that came."""
    num_classes = int(rng.integers(20, 80))
    return rng.normal(size=num_classes) - np.log(num_classes - 1), int(rng.integers(num_classes))


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _of_every_class(logits, target, reduction):
    answers = np.eye(len(logits))[target]
    return binary_cross_entropy_with_logits(logits, answers, reduction=reduction)


def _cut_anew(logits, axes):
    """Logits in the shape (B, V, T), filled in the order in which they stand under these axes."""
    batch, length, vocab = logits.shape
    return logits.transpose(axes).reshape(batch, vocab, length)


QUESTIONS = (
    Question(
        name="classes-where-torch-looks",
        chapter=7,
        points=1,
        framework="torch",
        task="Return the logits with their classes on axis 1.",
        expects="a tensor of shape (B, V, T)",
        cases=lambda rng: batch_of_texts(rng)[:1],
        reference=lambda logits: logits.swapaxes(1, 2),
        mistakes={
            "The shape is right and the numbers were cut anew: view moves no axis.": (
                lambda logits: _cut_anew(logits, (0, 1, 2))
            ),
            "Batch and time changed places, and the rest was cut anew. Exchange time and classes.": (
                lambda logits: _cut_anew(logits, (1, 0, 2))
            ),
            "The softmax was taken as well. F.cross_entropy has one inside, and expects logits.": (
                lambda logits: softmax(logits).swapaxes(1, 2)
            ),
        },
    ),
    Question(
        name="yes-or-no-from-one-score",
        chapter=7,
        points=1,
        framework="torch",
        task="Return the mean loss, in nats, of yes-or-no answers with one score each.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_yes_or_no,
        reference=lambda scores, answers: binary_cross_entropy_with_logits(scores, answers),
        mistakes={
            "A softmax over one class is 1, whatever the score: this loss is 0 and teaches nothing.": (
                lambda scores, answers: 0.0
            ),
            "The softmax runs over the batch: the examples compete with one another.": (
                lambda scores, answers: -(answers * log_softmax(scores)).sum()
            ),
            "The sigmoid was applied twice: the loss with logits has one inside.": (
                lambda scores, answers: binary_cross_entropy_with_logits(_sigmoid(scores), answers)
            ),
            "Only the yes was priced. A no has its price as well.": (
                lambda scores, answers: (answers * np.logaddexp(0, -scores)).mean()
            ),
            "This is the sum. The mean is asked for.": lambda scores, answers: (
                binary_cross_entropy_with_logits(scores, answers, reduction="sum")
            ),
        },
    ),
    Question(
        name="one-choice-one-question",
        chapter=7,
        points=2,
        task="Return the loss, in nats, of a choice of one among K classes.",
        expects="one number of nats, 0 or more",
        cases=_one_of_many,
        reference=lambda logits, target: cross_entropy(logits, np.asarray(target)),
        mistakes={
            "This is the mean of K yes-or-no losses: a blind no to every class costs next to nothing.": (
                lambda logits, target: _of_every_class(logits, target, "mean")
            ),
            "These are K questions added up. One among K is one question.": (
                lambda logits, target: _of_every_class(logits, target, "sum")
            ),
            "Only the class that came was asked about. Its chance depends on all the others.": (
                lambda logits, target: surprisal(_sigmoid(logits[target]))
            ),
            "The sigmoids were divided by their sum. Exponentials are, in a softmax.": (
                lambda logits, target: surprisal((_sigmoid(logits) / _sigmoid(logits).sum())[target])
            ),
        },
    ),
)

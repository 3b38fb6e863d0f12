"""Questions on chapter 8: three levels of counts, what a size costs, the first loss, the steps."""

import numpy as np

from helpers.information import entropy, nats_to_bits
from helpers.losses.reference import log_softmax, softmax
from helpers.questions.question import Question

SECONDS = 3600  # of an hour
PER_TOKEN = 6  # operations for each parameter: 2 forward and 4 backward


def _untrained(rng):
    """Size of a vocabulary, and the spread of the logits that an untrained model gives."""
    return int(rng.choice([79, 256, 10_000, 32_000, 49_152])), float(rng.uniform(0.3, 2.5))


def _logits(rng):
    """Logits of one untrained row, (V,)."""
    return (rng.normal(size=int(rng.integers(4, 12))) * rng.uniform(0.5, 2) + rng.uniform(-1, 1),)


def _gradients(rng):
    """Gradients of P tensors of D numbers each, (P, D), and a limit that holds for some of them already."""
    gradients = rng.normal(size=(int(rng.integers(2, 5)), int(rng.integers(3, 5)))) * rng.uniform(0.5, 3)
    room = rng.uniform(1.2, 2) if rng.random() < 0.4 else rng.uniform(0.1, 0.7)
    return gradients, float(room * np.linalg.norm(gradients))


def _schedule(rng):
    """Numbers of steps, (S,), the highest rate, steps of the warm-up, steps of all."""
    warm_up, total = int(rng.integers(5, 20)), int(rng.integers(60, 200))
    steps = np.concatenate([[0, warm_up - 1, warm_up, total - 1], rng.integers(1, total, size=3)])
    return np.sort(steps), float(rng.uniform(1e-3, 1e-2)), warm_up, total


def _three_levels(rng):
    """Unigram, (V,), counts after h and after g, h, (V,) each, and κ. One pair in four was never seen."""
    size = int(rng.integers(3, 6))
    after_pair = rng.integers(0, 8, size=size) * int(rng.random() < 0.75)
    unigram = rng.dirichlet(np.ones(size)) * 0.9 + 0.1 / size
    return unigram, after_pair + rng.integers(1, 20, size=size), after_pair, float(rng.uniform(2, 20))


def _sizes(rng):
    """Size of a vocabulary, length of a token's vector, and parameters of everything between."""
    dim = 64 * int(rng.integers(1, 16))
    return int(rng.integers(1_000, 50_000)), dim, 12 * dim**2 * int(rng.integers(2, 13))


def _training(rng):
    """Parameters, tokens, operations a second at best, and the share of them that is reached."""
    parameters = float(rng.uniform(1e7, 1e9))
    return (
        parameters,
        parameters * rng.uniform(10, 100),
        float(rng.uniform(1e13, 3e14)),
        rng.uniform(0.2, 0.6),
    )


def _scaled(gradients, limit, norm):
    """Gradients that are made smaller where their norm, however it was taken, is above the limit."""
    return gradients * np.minimum(1, limit / norm)


def _rate(steps, peak, warm_up, total):
    """Rate that climbs for `warm_up` steps, is highest at the next, and would be 0 at the step `total`."""
    return peak * np.minimum((steps + 1) / (warm_up + 1), (total - steps) / (total - warm_up))


def _rate_of_two(steps, peak, climb, fall, warm_up):
    """Rate that has one share of the peak in the warm-up, and another one after it."""
    return peak * np.where(steps < warm_up, climb, fall)


def _mixed(counts, prior, kappa):
    return (counts + kappa * prior) / (counts.sum() + kappa)


def _shares(counts):
    with np.errstate(invalid="ignore"):
        return counts / counts.sum()


def _small_total(counts, prior, kappa):
    with np.errstate(divide="ignore"):
        return (counts + kappa * prior) / counts.sum()


def _hours(parameters, tokens, peak, share, per_token=PER_TOKEN):
    return per_token * parameters * tokens / (peak * share) / SECONDS


QUESTIONS = (
    Question(
        name="three-levels-of-counts",
        chapter=8,
        points=2,
        task="Return the trigram's forecast, mixed on two levels.",
        expects="an array of probabilities of the shape of the unigram",
        cases=_three_levels,
        reference=lambda unigram, after_one, after_pair, kappa: _mixed(
            after_pair, _mixed(after_one, unigram, kappa), kappa
        ),
        mistakes={
            "The middle level is missing: the pair was mixed with the unigram.": (
                lambda unigram, after_one, after_pair, kappa: _mixed(after_pair, unigram, kappa)
            ),
            "This is the bigram. Mix the counts after the pair with it, in the same way.": (
                lambda unigram, after_one, after_pair, kappa: _mixed(after_one, unigram, kappa)
            ),
            "The pair was mixed with plain shares. The bigram is a mixture itself, of its counts and the "
            "unigram.": lambda unigram, after_one, after_pair, kappa: _mixed(
                after_pair, after_one / after_one.sum(), kappa
            ),
            "These are the plain shares after the pair. What was never seen has no chance, and a pair that "
            "was never seen gives nan.": lambda unigram, after_one, after_pair, kappa: _shares(after_pair),
            "The counts grew by κ in all and the totals did not: nothing sums to 1.": (
                lambda unigram, after_one, after_pair, kappa: _small_total(
                    after_pair, _small_total(after_one, unigram, kappa), kappa
                )
            ),
            "Counts and forecast were given half of the say each, however often the pair was seen.": (
                lambda unigram, after_one, after_pair, kappa: (
                    (_shares(after_pair) + (_shares(after_one) + unigram) / 2) / 2
                )
            ),
        },
    ),
    Question(
        name="tied-and-untied",
        chapter=8,
        points=1,
        task="Return the number of parameters, untied and tied.",
        expects="an array of two whole numbers: untied, tied",
        cases=_sizes,
        reference=lambda vocab_size, dim, body: body + vocab_size * dim * np.array([2, 1]),
        mistakes={
            "The two are exchanged: the untied model has two tables.": (
                lambda vocab_size, dim, body: body + vocab_size * dim * np.array([1, 2])
            ),
            "The tied model lost its table. It has one, which is used at both ends.": (
                lambda vocab_size, dim, body: body + vocab_size * dim * np.array([1, 0])
            ),
            "Only the tables were counted. The layers between them have parameters, too.": (
                lambda vocab_size, dim, body: vocab_size * dim * np.array([2, 1])
            ),
            "A bias was counted in the output layer. This one has none.": (
                lambda vocab_size, dim, body: body + vocab_size * dim * np.array([2, 1]) + vocab_size
            ),
            "Each token's row was counted as one parameter. It holds `dim` of them.": (
                lambda vocab_size, dim, body: body + vocab_size * np.array([2, 1])
            ),
        },
    ),
    Question(
        name="hours-of-training",
        chapter=8,
        points=1,
        task="Return how many hours a training takes.",
        expects="one number of hours",
        cases=_training,
        reference=_hours,
        mistakes={
            "This is the forward pass alone: 2 operations for each parameter and token. The backward pass "
            "takes twice as many again.": lambda *training: _hours(*training, per_token=2),
            "This is the backward pass alone: 4 operations for each parameter and token.": (
                lambda *training: _hours(*training, per_token=4)
            ),
            "These are seconds.": lambda *training: _hours(*training) * SECONDS,
            "No machine works at its peak all the time. Take the share that is reached.": (
                lambda parameters, tokens, peak, share: _hours(parameters, tokens, peak, 1)
            ),
            "The share was turned round: a machine that reaches less of its peak takes longer.": (
                lambda parameters, tokens, peak, share: _hours(parameters, tokens, peak, 1 / share)
            ),
        },
    ),
    Question(
        name="loss-at-the-start",
        chapter=8,
        points=1,
        task="Return the loss to expect before training, in nats per token.",
        expects="one number of nats per token",
        cases=_untrained,
        reference=lambda vocab_size, sigma: np.log(vocab_size) + sigma**2 / 2,
        mistakes={
            "This is log V, what equal logits cost. Random ones cost more, for they are sure of something "
            "that they cannot know.": lambda vocab_size, sigma: np.log(vocab_size),
            "The spread was added as it is. What counts is half its square.": (
                lambda vocab_size, sigma: np.log(vocab_size) + sigma
            ),
            "This adds the whole square of the spread. Half of it is right.": (
                lambda vocab_size, sigma: np.log(vocab_size) + sigma**2
            ),
            "A sign is wrong: an untrained model with spread in its logits is worse than an even guess.": (
                lambda vocab_size, sigma: np.log(vocab_size) - sigma**2 / 2
            ),
            "These are bits: the logarithm to base 2.": lambda vocab_size, sigma: nats_to_bits(
                np.log(vocab_size) + sigma**2 / 2
            ),
        },
    ),
    Question(
        name="loss-of-given-logits",
        chapter=8,
        points=2,
        task="Return the mean loss, in nats, if every token comes equally often.",
        expects="one number of nats, log V or more",
        cases=_logits,
        reference=lambda logits: -log_softmax(logits).mean(),
        mistakes={
            "This is log V. Equal logits cost that, and so does the mean of the probabilities: average the "
            "prices, after the logarithm.": lambda logits: np.log(logits.size),
            "This is the estimate for many normal logits. These are given: their loss can be computed.": (
                lambda logits: np.log(logits.size) + logits.var() / 2
            ),
            "This is the entropy of the forecast: prices weighed by what the model believes. Here every "
            "token comes equally often.": lambda logits: entropy(softmax(logits)),
            "This is the log-sum-exp. The logit of the token that came has to be taken off, on average.": (
                lambda logits: np.log(np.exp(logits).sum())
            ),
            "The minus is missing.": lambda logits: log_softmax(logits).mean(),
        },
    ),
    Question(
        name="rate-of-each-step",
        chapter=8,
        points=2,
        task="Return the learning rate of each step: up a straight line, and down another.",
        expects="an array of rates of the shape of the steps, above 0, at most the peak",
        cases=_schedule,
        reference=_rate,
        mistakes={
            "The first step has rate 0 and moves nothing. With `warm_up` steps to climb, the first one goes "
            "up by 1 of `warm_up` + 1 parts.": lambda steps, peak, warm_up, total: _rate_of_two(
                steps, peak, steps / warm_up, (total - steps) / (total - warm_up), warm_up
            ),
            "The climb is one step short: the last step of the warm-up has the whole rate already.": (
                lambda steps, peak, warm_up, total: _rate_of_two(
                    steps, peak, (steps + 1) / warm_up, (total - steps) / (total - warm_up), warm_up
                )
            ),
            "The rate stays at its peak. After the warm-up it has to fall.": (
                lambda steps, peak, warm_up, total: peak * np.minimum((steps + 1) / (warm_up + 1), 1)
            ),
            "There is no warm-up: the first step has the highest rate of all.": (
                lambda steps, peak, warm_up, total: peak * (total - steps) / total
            ),
            "The rate jumps where the warm-up ends, and never has its peak: the fall was begun at step 0.": (
                lambda steps, peak, warm_up, total: _rate_of_two(
                    steps, peak, (steps + 1) / (warm_up + 1), (total - steps) / total, warm_up
                )
            ),
            "The last step has rate 0 and moves nothing. The rate would be 0 at the step after it.": (
                lambda steps, peak, warm_up, total: (
                    peak
                    * np.minimum((steps + 1) / (warm_up + 1), (total - 1 - steps) / (total - 1 - warm_up))
                )
            ),
        },
    ),
    Question(
        name="clipped-gradients",
        chapter=8,
        points=2,
        task="Return the gradients, scaled down together if their norm is over the limit.",
        expects="an array of the shape of the gradients",
        cases=_gradients,
        reference=lambda gradients, limit: _scaled(gradients, limit, np.linalg.norm(gradients)),
        mistakes={
            "Each number was cut off on its own. That turns the step into another direction: scale all by "
            "one factor.": lambda gradients, limit: np.clip(gradients, -limit, limit),
            "Each tensor was clipped by its own norm. One norm belongs to all of them together.": (
                lambda gradients, limit: _scaled(
                    gradients, limit, np.linalg.norm(gradients, axis=1, keepdims=True)
                )
            ),
            "Right where the norm is above the limit. Below it, the gradients were made longer: leave them "
            "as they are.": lambda gradients, limit: gradients * limit / np.linalg.norm(gradients),
            "The norms of the tensors were added up. Add their squares, and take the root.": (
                lambda gradients, limit: _scaled(gradients, limit, np.linalg.norm(gradients, axis=1).sum())
            ),
            "The squares were added up without a root.": lambda gradients, limit: _scaled(
                gradients, limit, (gradients**2).sum()
            ),
            "A norm above the limit became 1. It should become the limit.": lambda gradients, limit: (
                gradients / np.linalg.norm(gradients) if np.linalg.norm(gradients) > limit else gradients
            ),
        },
    ),
)

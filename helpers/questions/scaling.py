"""Questions on chapter 17: scaling laws, their constants, the best split of compute, the floor."""

import numpy as np

from helpers.information import cross_entropy, entropy, kl_divergence, nats_to_bits
from helpers.questions.question import Question

PER_TOKEN = 6  # operations for each parameter and token: 2 forward and 4 backward


def _constants(rng):
    """E, A, B, α and β of a law of Chinchilla's form; the terms that fall are of like size."""
    alpha, beta = rng.uniform(0.28, 0.36), rng.uniform(0.37, 0.45)
    return float(rng.uniform(1, 2)), float(rng.uniform(200, 500)), float(rng.uniform(1e3, 2e3)), alpha, beta


def _run(rng):
    """Parameters and training tokens of a run."""
    return float(10 ** rng.uniform(7.5, 9.5)), float(10 ** rng.uniform(9, 11))


def _law_and_run(rng):
    """E, A, B, α and β, and the N and D of a run."""
    return *_constants(rng), *_run(rng)


def _law_and_compute(rng):
    """A, B, α and β, and operations of a training."""
    return *_constants(rng)[1:], float(10 ** rng.uniform(19, 23))


def _kaplan(rng):
    """N_c, D_c, α_N and α_D of a law of Kaplan's form, and the N and D of a run."""
    alpha_N, alpha_D = rng.uniform(0.06, 0.08), rng.uniform(0.09, 0.11)
    return float(10 ** rng.uniform(13, 14)), float(10 ** rng.uniform(13, 14)), alpha_N, alpha_D, *_run(rng)


def _budget(rng):
    """Operations of a training, and tokens for each parameter."""
    return float(10 ** rng.uniform(17, 23)), float(rng.uniform(2, 40))


def _doublings(rng):
    """Losses in nats of three runs, (3,), each on as many times the text of the one before."""
    share = rng.uniform(0.6, 0.9)  # of the loss above E, what is left at the next run
    return (rng.uniform(1, 2) + rng.uniform(0.5, 2) * share ** np.arange(3),)


def _two_runs(rng):
    """Irreducible loss, and two runs: what grew, (2,), and the losses, (2,)."""
    x = 10 ** rng.uniform(5, 7) * np.array([1, rng.uniform(3, 30)])
    floor, above = float(rng.uniform(0.5, 1.5)), rng.uniform(0.5, 2)
    return floor, x, floor + above * (x / x[0]) ** -rng.uniform(0.2, 0.5)


def _runs(rng):
    """What grew over n runs, (n,), their losses with some luck, (n,), and the exponent."""
    n, alpha = int(rng.integers(4, 7)), float(rng.uniform(0.25, 0.6))
    x = np.round(10 ** rng.uniform(2, 3) * 3.0 ** np.arange(n))
    losses = rng.uniform(1, 2) + rng.uniform(1, 2) * (x / x[0]) ** -alpha
    return x, losses + rng.normal(scale=0.02, size=n), alpha


def _draws(rng):
    """Values of a constant that n drawings led to, (n,), and the share that an interval is to hold."""
    draws = rng.lognormal(np.log(0.3), rng.uniform(0.2, 0.5), size=int(rng.integers(60, 200)))
    return draws, float(rng.choice([0.6, 0.8, 0.9, 0.95]))


def _source(rng):
    """How often each of S contexts comes, (S,), what follows it, (S, V), and a model's forecasts, (S, V)."""
    contexts, size = int(rng.integers(2, 4)), int(rng.integers(3, 5))
    share = rng.dirichlet(np.ones(contexts)) * 0.8 + 0.2 / contexts
    p, q = rng.dirichlet(np.ones(size), size=(2, contexts)) * 0.9 + 0.1 / size
    return share, p, q


def _optimum(A, B, alpha, beta, product, *, weigh=True):
    """N and D of the least loss with N·D given, (2,); without weights, those of equal terms."""
    G = ((alpha * A) / (beta * B) if weigh else A / B) ** (1 / (alpha + beta))
    N = G * product ** (beta / (alpha + beta))
    return np.array([N, product / N])


def _least_squares(x, losses):
    """E and the factor of x in the line nearest to the losses, (2,)."""
    A = ((x - x.mean()) * (losses - losses.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return np.array([losses.mean() - A * x.mean(), A])


def _through(x, losses):
    """E and the factor of x in the line through the first and the last run, (2,)."""
    A = (losses[-1] - losses[0]) / (x[-1] - x[0])
    return np.array([losses[0] - A * x[0], A])


def _gains(losses):
    """What each doubling gained, in nats, twice."""
    return losses[0] - losses[1], losses[1] - losses[2]


def _floor(losses):
    """The loss that three runs in geometric progression run down to."""
    first, second = _gains(losses)
    return losses[2] - second**2 / (first - second)


def _floor_and_rest(share, p, q):
    """Nats per token that no model takes away, and those above them, (2,)."""
    return np.array([share @ entropy(p), share @ kl_divergence(p, q)])


QUESTIONS = (
    Question(
        name="loss-by-a-law",
        chapter=17,
        points=1,
        task="Return the loss that a law of Chinchilla's form predicts.",
        expects="one number of nats per token",
        cases=_law_and_run,
        reference=lambda E, A, B, alpha, beta, N, D: E + A / N**alpha + B / D**beta,
        mistakes={
            "The irreducible loss is missing: without limit to text and parameters this would come down to "
            "0.": lambda E, A, B, alpha, beta, N, D: A / N**alpha + B / D**beta,
            "The exponents are the wrong way round: α belongs to N, and β to D.": (
                lambda E, A, B, alpha, beta, N, D: E + A / N**beta + B / D**alpha
            ),
            "The factors are the wrong way round: A belongs to N, and B to D.": (
                lambda E, A, B, alpha, beta, N, D: E + B / N**alpha + A / D**beta
            ),
            "The factors were raised to the exponents as well. The power is that of N or D alone.": (
                lambda E, A, B, alpha, beta, N, D: E + (A / N) ** alpha + (B / D) ** beta
            ),
            "A sign is missing in the exponents: the loss falls as N and D grow.": (
                lambda E, A, B, alpha, beta, N, D: E + A * N**alpha + B * D**beta
            ),
            "N and D are the wrong way round: A and α belong to the parameters.": (
                lambda E, A, B, alpha, beta, N, D: E + A / D**alpha + B / N**beta
            ),
        },
    ),
    Question(
        name="loss-by-one-power",
        chapter=17,
        points=2,
        task="Return the loss that Kaplan's combined form predicts.",
        expects="one number of nats per token",
        cases=_kaplan,
        reference=lambda N_c, D_c, alpha_N, alpha_D, N, D: (
            ((N_c / N) ** (alpha_N / alpha_D) + D_c / D) ** alpha_D
        ),
        mistakes={
            "Each term was raised to its own power, and then they were added. Here one power is taken of "
            "the sum.": lambda N_c, D_c, alpha_N, alpha_D, N, D: (N_c / N) ** alpha_N + (D_c / D) ** alpha_D,
            "The sum was not raised to the power of α_D.": lambda N_c, D_c, alpha_N, alpha_D, N, D: (
                (N_c / N) ** (alpha_N / alpha_D) + D_c / D
            ),
            "The exponent of N_c/N is α_N / α_D: the power of the whole, α_D, makes α_N of it.": (
                lambda N_c, D_c, alpha_N, alpha_D, N, D: ((N_c / N) ** alpha_N + D_c / D) ** alpha_D
            ),
            "The ratio of the exponents is upside down.": lambda N_c, D_c, alpha_N, alpha_D, N, D: (
                ((N_c / N) ** (alpha_D / alpha_N) + D_c / D) ** alpha_D
            ),
            "Both ratios have the same exponent here. N_c/N has α_N / α_D before they are added.": (
                lambda N_c, D_c, alpha_N, alpha_D, N, D: (N_c / N + D_c / D) ** alpha_D
            ),
            "The ratios are upside down: with more parameters and more text the loss falls.": (
                lambda N_c, D_c, alpha_N, alpha_D, N, D: (
                    ((N / N_c) ** (alpha_N / alpha_D) + D / D_c) ** alpha_D
                )
            ),
        },
    ),
    Question(
        name="loss-at-the-end",
        chapter=17,
        points=2,
        task="Return the loss that more and more doublings come down to.",
        expects="one number of nats per token, below all three",
        cases=_doublings,
        reference=_floor,
        mistakes={
            "That is the last loss itself. With more text it would fall further.": lambda losses: losses[2],
            "This is the next run. Add up all the gains that are still to come.": (
                lambda losses: losses[2] - _gains(losses)[1] ** 2 / _gains(losses)[0]
            ),
            "This takes each gain for half of the one before. The three losses say which share it is.": (
                lambda losses: losses[2] - _gains(losses)[1]
            ),
            "The gains that are still to come were added to the last loss. Take them off.": (
                lambda losses: 2 * losses[2] - _floor(losses)
            ),
            "The last gain was counted again. What is left begins with the next one, which is smaller.": (
                lambda losses: _floor(losses) - _gains(losses)[1]
            ),
            "This comes to 0: the share is that of the losses, as if nothing of them were irreducible. Take "
            "that of the gains.": lambda losses: 0.0,
            "The share is upside down: it is the second gain over the first, and below 1.": lambda losses: (
                losses[2] + _gains(losses)[1] / (1 - _gains(losses)[1] / _gains(losses)[0])
            ),
            "This is what is still to be gained. Take it off the last loss.": (
                lambda losses: losses[2] - _floor(losses)
            ),
        },
    ),
    Question(
        name="exponent-of-two-runs",
        chapter=17,
        points=2,
        task="Return the exponent with which the loss above E falls between two runs.",
        expects="one number above 0",
        cases=_two_runs,
        reference=lambda E, x, losses: np.log((losses[0] - E) / (losses[1] - E)) / np.log(x[1] / x[0]),
        mistakes={
            "E was left in. The whole loss falls by less than its power law does: take E off first.": (
                lambda E, x, losses: np.log(losses[0] / losses[1]) / np.log(x[1] / x[0])
            ),
            "The sign is wrong. The exponent is the slope, without its minus.": lambda E, x, losses: (
                np.log((losses[1] - E) / (losses[0] - E)) / np.log(x[1] / x[0])
            ),
            "It is upside down: the logarithm of the losses belongs in the numerator, that of x below "
            "it.": lambda E, x, losses: np.log(x[1] / x[0]) / np.log((losses[0] - E) / (losses[1] - E)),
            "No logarithm of the losses was taken. A power law is a straight line on two logarithmic axes.": (
                lambda E, x, losses: (losses[0] - losses[1]) / np.log(x[1] / x[0])
            ),
            "These are the two ratios, without logarithms. An exponent is a ratio of logarithms.": (
                lambda E, x, losses: (losses[0] - E) / (losses[1] - E) / (x[1] / x[0])
            ),
            "Two logarithms of different bases were divided. Any base will do if both have it.": (
                lambda E, x, losses: np.log((losses[0] - E) / (losses[1] - E)) / np.log2(x[1] / x[0])
            ),
        },
    ),
    Question(
        name="floor-of-a-fit",
        chapter=17,
        points=3,
        task="Return E and A of the law with this exponent that is closest to the losses.",
        expects="an array of two numbers: E in nats, and A",
        cases=_runs,
        reference=lambda x, losses, alpha: _least_squares(x**-alpha, losses),
        mistakes={
            "This is a line in x. The loss is a line in x to the power of −α.": (
                lambda x, losses, alpha: _least_squares(x, losses)
            ),
            "The minus of the exponent is missing.": lambda x, losses, alpha: _least_squares(
                x**alpha, losses
            ),
            "This is a line in log x, which falls for ever. The law levels off at E.": (
                lambda x, losses, alpha: _least_squares(np.log(x), losses)
            ),
            "This line goes through 0: E was left out. Give it a column of ones.": (
                lambda x, losses, alpha: np.array([0.0, (x**-alpha @ losses) / (x**-alpha @ x**-alpha)])
            ),
            "These are A and E. E comes first.": lambda x, losses, alpha: _least_squares(x**-alpha, losses)[
                ::-1
            ],
            "Two runs were used, the first and the last. The closest law is fitted to all of them.": (
                lambda x, losses, alpha: _through(x**-alpha, losses)
            ),
            "The last loss was taken for E, which is what the loss comes down to as x grows without limit.": (
                lambda x, losses, alpha: np.array(
                    [losses[-1], (x**-alpha @ (losses - losses[-1])) / (x**-alpha @ x**-alpha)]
                )
            ),
        },
    ),
    Question(
        name="model-and-text-for-a-budget",
        chapter=17,
        points=1,
        task="Return the parameters and the tokens for this much compute and this ratio.",
        expects="an array of two numbers, not rounded: parameters, tokens",
        cases=_budget,
        reference=lambda compute, ratio: np.sqrt(compute / PER_TOKEN / ratio) * np.array([1, ratio]),
        mistakes={
            "The 6 is missing: forward and backward take six operations for each parameter and token.": (
                lambda compute, ratio: np.sqrt(compute / ratio) * np.array([1, ratio])
            ),
            "These are the operations of a forward pass alone: 2 for each parameter and token. The backward "
            "pass takes 4 more.": lambda compute, ratio: np.sqrt(compute / 2 / ratio) * np.array([1, ratio]),
            "These are the tokens and the parameters. The parameters come first.": lambda compute, ratio: (
                np.sqrt(compute / PER_TOKEN / ratio) * np.array([ratio, 1])
            ),
            "There are as many parameters as tokens here. Each parameter is to have `ratio` tokens.": (
                lambda compute, ratio: np.sqrt(compute / PER_TOKEN) * np.ones(2)
            ),
            "The square root is missing: N stands in the compute twice, once for itself and once in D.": (
                lambda compute, ratio: compute / PER_TOKEN / ratio * np.array([1, ratio])
            ),
            "The ratio was multiplied where it divides: more tokens for each parameter make a smaller "
            "model.": lambda compute, ratio: np.sqrt(compute / PER_TOKEN * ratio) * np.array([1, ratio]),
        },
    ),
    Question(
        name="best-split-of-compute",
        chapter=17,
        points=3,
        task="Return the parameters and the tokens of the least loss for this much compute.",
        expects="an array of two numbers, not rounded: parameters, tokens",
        cases=_law_and_compute,
        reference=lambda A, B, alpha, beta, compute: _optimum(A, B, alpha, beta, compute / PER_TOKEN),
        mistakes={
            "The 6 is missing: a training takes six operations for each parameter and token.": (
                lambda A, B, alpha, beta, compute: _optimum(A, B, alpha, beta, compute)
            ),
            "The two terms are equal here. At the least loss the gains of one percent more are equal: α "
            "times the one term, and β times the other.": lambda A, B, alpha, beta, compute: _optimum(
                A, B, alpha, beta, compute / PER_TOKEN, weigh=False
            ),
            "The exponents of the compute are the wrong way round: that of N is β / (α + β). The term with "
            "the smaller exponent falls more slowly, and what it depends on has to grow "
            "faster.": lambda A, B, alpha, beta, compute: (
                _optimum(A, B, alpha, beta, 1.0)
                * (compute / PER_TOKEN) ** (np.array([alpha, beta]) / (alpha + beta))
            ),
            "These are the tokens and the parameters. The parameters come first.": (
                lambda A, B, alpha, beta, compute: _optimum(A, B, alpha, beta, compute / PER_TOKEN)[::-1]
            ),
            "There are as many parameters as tokens here. The constants of the law say how they differ.": (
                lambda A, B, alpha, beta, compute: np.sqrt(compute / PER_TOKEN) * np.ones(2)
            ),
            "The factor in front is missing: α·A over β·B, to the power of 1 / (α + β).": (
                lambda A, B, alpha, beta, compute: (
                    (compute / PER_TOKEN) ** (np.array([beta, alpha]) / (alpha + beta))
                )
            ),
        },
    ),
    Question(
        name="interval-of-the-draws",
        chapter=17,
        points=1,
        task="Return the two ends of the middle interval that holds this share of draws.",
        expects="an array of two numbers: low end, high end",
        cases=_draws,
        reference=lambda draws, level: np.quantile(draws, [(1 - level) / 2, (1 + level) / 2]),
        mistakes={
            "The share `1 - level` was left out at each end, and so twice. Half of it lies below, and half "
            "above.": lambda draws, level: np.quantile(draws, [1 - level, level]),
            "These are the smallest and the largest draw. They hold all of them, and lie further apart with "
            "more draws.": lambda draws, level: np.array([draws.min(), draws.max()]),
            "This is one standard deviation to each side of the mean, whatever the share, and as if both "
            "sides were alike. Take quantiles of the draws.": lambda draws, level: (
                draws.mean() + draws.std() * np.array([-1, 1])
            ),
            "This is one standard error to each side of the mean. It shrinks with more draws, and what the "
            "runs say of the constant stays the same.": lambda draws, level: (
                draws.mean() + draws.std() / np.sqrt(len(draws)) * np.array([-1, 1])
            ),
            "All that is left out lies above. Half of it has to lie below.": lambda draws, level: np.quantile(
                draws, [0, level]
            ),
            "The high end comes first here. The low end is asked for first.": lambda draws, level: (
                np.quantile(draws, [(1 + level) / 2, (1 - level) / 2])
            ),
        },
    ),
    Question(
        name="what-no-model-takes-away",
        chapter=17,
        points=2,
        task="Return the irreducible loss of the text, and how far the model is above it.",
        expects="an array of two numbers of nats per token, 0 or more: irreducible, above it",
        cases=_source,
        reference=_floor_and_rest,
        mistakes={
            "The first number is the model's whole loss. The best of models would still pay the "
            "entropy.": lambda share, p, q: np.array(
                [share @ cross_entropy(p, q), share @ kl_divergence(p, q)]
            ),
            "The second number is the model's whole loss. Take the irreducible one "
            "off.": lambda share, p, q: np.array([share @ entropy(p), share @ cross_entropy(p, q)]),
            "The contexts were averaged as if all came equally often. Weight each by its share.": (
                lambda share, p, q: np.array([entropy(p).mean(), kl_divergence(p, q).mean()])
            ),
            "The contexts were mixed into one distribution first. Take the entropy and the divergence of "
            "each context, and then their mean.": lambda share, p, q: np.array(
                [entropy(share @ p), kl_divergence(share @ p, share @ q)]
            ),
            "This is the entropy of the model's own forecasts. The text decides what is irreducible.": (
                lambda share, p, q: np.array([share @ entropy(q), share @ kl_divergence(p, q)])
            ),
            "The divergence is the wrong way round: the text is drawn from p, and the model forecasts q.": (
                lambda share, p, q: np.array([share @ entropy(p), share @ kl_divergence(q, p)])
            ),
            "These are bits. Nats are asked for.": lambda share, p, q: nats_to_bits(
                _floor_and_rest(share, p, q)
            ),
        },
    ),
)

r"""Scaling laws: the loss as a function of the size of a model and of its training text; fits, uncertainty.

All of them add terms that fall as powers: of N, the number of parameters, and of D, the number of training
tokens. Losses are in nats per token, and every constant here belongs to one tokenizer, one kind of text, one
way to count parameters and one way to train.

The logarithm of such a loss is a log-sum-exp, log L = log Σ exp(term), and its derivative is the softmax of
the terms: what share of the loss each of them is. That is what the fits go by (Hoffmann et al. 2022).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from itertools import product

import numpy as np
from scipy.optimize import least_squares, nnls

from helpers.validation import finite_number, reals, whole_number

FLOPS = 6  # additions and multiplications for each parameter and token: 2 forward, 4 backward
STARTS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # exponents that a fit may set out from
TRIED = 3  # of all starts, how many are followed to the end: the nearest ones
EXPONENTS = (1e-3, 5.0)  # a fit looks for exponents between these
LITTLE = 1e-12  # share of the smallest loss that stands for nothing: a term is positive, and has a logarithm

# ---- the forms -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class PowerLaw:
    """Loss in nats per token as one quantity x grows, N or D: L(x) = E + A / x^α.

    Implements :eq:`eq-power-law`. With E = 0 it is the form of Kaplan et al. (2020), L(x) = (x_c / x)^α.

    Attributes:
        E: the loss that is left however large x is, in nats.
        A: the loss above E at x = 1, in nats.
        alpha: α, the exponent.
    """

    E: float
    A: float
    alpha: float

    @property
    def scale(self) -> float:
        """Kaplan's x_c, which is A^(1/α). There the term A / x^α is 1 nat."""
        return float(self.A ** (1 / self.alpha))

    def predict(self, x) -> np.ndarray:
        """Loss in nats per token at each x, of the shape of x; ValueError unless all are positive."""
        return self.E + self.A / _positive("x", x) ** self.alpha


@dataclass(frozen=True)
class ChinchillaLaw:
    """Loss in nats per token of N parameters and D tokens: L(N, D) = E + A / N^α + B / D^β.

    Implements :eq:`eq-chinchilla-law`, the third form of Hoffmann et al. (2022): a loss that nothing takes
    away, one for a model too small, and one for too little training.

    Attributes:
        E: the irreducible loss, in nats.
        A: the second term at N = 1, in nats.
        B: the third term at D = 1, in nats.
        alpha: α, the exponent of N.
        beta: β, the exponent of D.
    """

    E: float
    A: float
    B: float
    alpha: float
    beta: float

    def predict(self, parameters, tokens) -> np.ndarray:
        """Loss in nats per token, of the shape that N and D broadcast to; ValueError unless positive."""
        N, D = _positive("parameters", parameters), _positive("tokens", tokens)
        return self.E + self.A / N**self.alpha + self.B / D**self.beta

    def optimal(self, compute) -> tuple[np.ndarray, np.ndarray]:
        """The N parameters and D tokens of the least loss that this much compute buys; real numbers.

        Implements :eq:`eq-compute-optimal`: with G = (αA / βB)^(1/(α+β)), N = G · (C/6)^(β/(α+β)) and
        D = (C/6)^(α/(α+β)) / G. There a percent more parameters gains what a percent fewer tokens loses:
        α · A/N^α = β · B/D^β.

        Args:
            compute: C in floating-point operations, as :func:`training_compute` counts; any shape.

        Raises:
            ValueError: a compute that is not positive, or a law in which one of the terms does not fall.
        """
        for name in ("A", "B", "alpha", "beta"):
            finite_number(name, getattr(self, name))
        product_ND = _positive("compute", compute) / FLOPS
        total = self.alpha + self.beta
        G = (self.alpha * self.A / (self.beta * self.B)) ** (1 / total)
        return G * product_ND ** (self.beta / total), product_ND ** (self.alpha / total) / G


@dataclass(frozen=True)
class KaplanLaw:
    """Loss in nats per token of N parameters and D tokens: L = ((N_c / N)^(α_N / α_D) + D_c / D)^α_D.

    Implements :eq:`eq-kaplan-law`, the combined form of Kaplan et al. (2020), which has no irreducible loss:
    with enough of both it falls to zero. At D = ∞ it is (N_c / N)^α_N, and at N = ∞ (D_c / D)^α_D.

    Attributes:
        N_c: the number of parameters that would pay 1 nat if trained on endless text.
        D_c: the number of tokens on which an endless model would pay 1 nat.
        alpha_N: the exponent of N.
        alpha_D: the exponent of D.
    """

    N_c: float
    D_c: float
    alpha_N: float
    alpha_D: float

    def predict(self, parameters, tokens) -> np.ndarray:
        """Loss in nats per token, of the shape that N and D broadcast to; ValueError unless positive."""
        N, D = _positive("parameters", parameters), _positive("tokens", tokens)
        return ((self.N_c / N) ** (self.alpha_N / self.alpha_D) + self.D_c / D) ** self.alpha_D


def training_compute(parameters, tokens) -> np.ndarray:
    """Floating-point operations of a training, C = 6 · N · D, of the shape that N and D broadcast to.

    Implements :eq:`eq-training-compute`. Each weight is multiplied and added once a token on the way forward,
    and twice on the way back (Kaplan et al. 2020). What attention does over a long context comes on top.

    Raises:
        ValueError: a number that is not positive.
    """
    return FLOPS * _positive("parameters", parameters) * _positive("tokens", tokens)


# ---- the fits --------------------------------------------------------------------------------------------


def fit_power_law(x, losses, *, irreducible: float | None = None, delta: float | None = None) -> PowerLaw:
    """The E, A and α whose log-loss is nearest to that of the runs.

    Args:
        x: N or D of each run, shape (n,), of at least three different values; two, if E is given.
        losses: of the runs, in nats per token, shape (n,).
        irreducible: E, in nats, where it is to be kept at this value: 0 for Kaplan's form. It is fitted
            otherwise. The misfit over several values of it is its profile.
        delta: None for least squares of log L. Otherwise what is minimised is the Huber loss, as Hoffmann et
            al. (2022) do: beyond this distance it grows but linearly, so a run that went wrong pulls less.

    Raises:
        ValueError: shapes that differ, values that are not positive, too few different ones, or an
            irreducible loss that is negative or not below every loss.
    """
    (x,), losses = _runs({"x": x}, losses, distinct=3 if irreducible is None else 2)
    E, (A,), (alpha,) = _fit_sum([x], losses, irreducible, delta)
    return PowerLaw(E, A, alpha)


def fit_chinchilla(
    parameters, tokens, losses, *, irreducible: float | None = None, delta: float | None = None
) -> ChinchillaLaw:
    """The E, A, B, α and β whose log-loss is nearest to that of the runs.

    Args:
        parameters: N of each run, shape (n,), of at least three different values.
        tokens: D of each run, shape (n,), likewise.
        losses: of the runs, in nats per token, shape (n,).
        irreducible: as in :func:`fit_power_law`.
        delta: as in :func:`fit_power_law`.

    Raises:
        ValueError: as :func:`fit_power_law`.
    """
    inputs, losses = _runs({"parameters": parameters, "tokens": tokens}, losses, distinct=3)
    E, (A, B), (alpha, beta) = _fit_sum(inputs, losses, irreducible, delta)
    return ChinchillaLaw(E, A, B, alpha, beta)


def fit_kaplan(parameters, tokens, losses, *, delta: float | None = None) -> KaplanLaw:
    """The N_c, D_c, α_N and α_D whose log-loss is nearest to that of the runs.

    Args:
        parameters: N of each run, shape (n,), of at least two different values.
        tokens: D of each run, shape (n,), likewise.
        losses: of the runs, in nats per token, shape (n,).
        delta: as in :func:`fit_power_law`.

    Raises:
        ValueError: as :func:`fit_power_law`.
    """
    (N, D), losses = _runs({"parameters": parameters, "tokens": tokens}, losses, distinct=2)
    log_N, log_D = np.log(N / N.mean()), np.log(D / D.mean())

    def curve(theta):  # α_D · log(exp(p − r · log N) + exp(q − log D)), with r = α_N / α_D
        p, q, r, alpha_D = theta
        terms = np.stack([p - r * log_N, q - log_D])
        log_sum, shares = _log_sum(terms)
        slopes = [alpha_D * shares[0], alpha_D * shares[1], -alpha_D * shares[0] * log_N, log_sum]
        return alpha_D * log_sum, np.stack(slopes, axis=-1)

    half = np.log(losses.mean() / 2)  # each of the two terms explains half of the loss, to begin with
    starts = [[half / alpha_D, half / alpha_D, r, alpha_D] for alpha_D, r in product(STARTS, (0.5, 1, 2))]
    bounds = ([-np.inf, -np.inf, 0.02, EXPONENTS[0]], [np.inf, np.inf, 50, EXPONENTS[1]])
    p, q, r, alpha_D = _nearest(curve, losses, starts, bounds, delta)
    N_c, D_c = N.mean() * np.exp(p / r), D.mean() * np.exp(q)
    return KaplanLaw(float(N_c), float(D_c), float(r * alpha_D), float(alpha_D))


def misfit(predicted, losses) -> float:
    """How far a law is from the runs: root mean square of log(predicted / measured), about a relative error.

    Implements :eq:`eq-misfit`.

    Raises:
        ValueError: shapes that differ, nothing to compare, or values that are not positive.
    """
    predicted, losses = _positive("predicted", predicted), _positive("losses", losses)
    if predicted.shape != losses.shape or not losses.size:
        raise ValueError(
            f"predicted has shape {predicted.shape} and losses has shape {losses.shape}; expected the same, "
            "of at least one run"
        )
    return float(np.sqrt(np.mean(np.log(predicted / losses) ** 2)))


def bootstrap(
    fit: Callable, inputs: Sequence, losses, *, draws: int = 200, constants: int | None = None, seed: int = 0
) -> list:
    """Laws that other luck with the same runs might have led to: their spread is the uncertainty of the fit.

    A law is fitted. Then, again and again, each run gets its prediction and the residual of a run drawn at
    random, and the law is fitted to that. Sizes and amounts stay what they were, because they were chosen,
    not drawn. A fit with k constants comes closer to n runs than the truth does, so residuals are stretched
    by √(n / (n − k)).

    NB: that is the uncertainty if the form is right. It knows nothing of a form that is wrong further out.

    Args:
        fit: ``fit(*inputs, losses)`` gives a law with ``predict(*inputs)``, like :func:`fit_chinchilla`.
        inputs: what the law depends on: ``[N, D]``, or ``[x]``; each of shape (n,).
        losses: of the runs, in nats per token, shape (n,).
        draws: how many laws.
        constants: k, how many constants the fit chooses; None for all of the law's.
        seed: of the drawing.

    Returns:
        as many laws as `draws`.

    Raises:
        ValueError: no more runs than constants, which leaves no residuals; or what `fit` raises.
    """
    whole_number("draws", draws)
    law, losses = fit(*inputs, losses), reals("losses", losses)
    constants = len(fields(law)) if constants is None else constants
    if len(losses) <= constants:
        raise ValueError(f"there are {len(losses)} runs for {constants} constants; expected more runs")
    predicted = law.predict(*inputs)
    residuals = np.log(losses / predicted) * np.sqrt(len(losses) / (len(losses) - constants))
    rng = np.random.default_rng(seed)
    return [fit(*inputs, predicted * np.exp(rng.choice(residuals, len(losses)))) for _ in range(draws)]


def _fit_sum(inputs, losses, irreducible, delta) -> tuple[float, list[float], list[float]]:
    """Fit E + Σ A_k / x_k^α_k over the K inputs: E, the A, and the α."""
    smallest, K = losses.min(), len(inputs)
    if irreducible is not None:
        finite_number("irreducible", irreducible, zero=True)
        if irreducible >= smallest:
            raise ValueError(f"irreducible is {irreducible}; expected less than every loss, here {smallest}")
    centres = [np.exp(np.log(x).mean()) for x in inputs]  # A and α come apart best at the middle of the runs
    x = np.stack([x / centre for x, centre in zip(inputs, centres, strict=True)])  # (K, n)
    log_x, log_little = np.log(x), np.log(smallest * LITTLE)
    fixed = [] if irreducible is None else [np.full(len(losses), np.log(max(irreducible, smallest * LITTLE)))]

    def curve(theta):  # theta: the K log A, the K α, and log E if it is free
        terms = [*(theta[:K, None] - theta[K : 2 * K, None] * log_x), *fixed]
        terms = np.stack([*terms, *(np.full(len(losses), log_E) for log_E in theta[2 * K :])])
        log_sum, shares = _log_sum(terms)
        slopes = [*shares[:K], *(-shares[:K] * log_x), *shares[K + len(fixed) :]]
        return log_sum, np.stack(slopes, axis=-1)

    starts = []
    for alphas in product(STARTS, repeat=K):  # the rest is linear: non-negative least squares finds it
        powers = x ** -np.array(alphas)[:, None]
        columns = powers if irreducible is not None else np.vstack([powers, np.ones(len(losses))])
        found, _ = nnls(columns.T, losses - (irreducible or 0))
        logs = np.log(np.maximum(found, smallest * 1e-3))
        starts.append([*logs[:K], *alphas, *logs[K:]])
    free = len(starts[0]) - 2 * K
    low = [log_little] * K + [EXPONENTS[0]] * K + [log_little] * free
    high = [np.inf] * K + [EXPONENTS[1]] * K + [np.log(smallest)] * free
    theta = _nearest(curve, losses, starts, (low, high), delta)
    alphas = theta[K : 2 * K]
    factors = np.exp(theta[:K]) * np.array(centres) ** alphas
    E = float(np.exp(theta[-1])) if free else float(irreducible)
    return E, factors.tolist(), alphas.tolist()


def _nearest(curve: Callable, losses: np.ndarray, starts: list, bounds: tuple, delta: float | None):
    """The constants whose ``curve`` (log L, and its slopes) comes nearest to log `losses`."""
    if delta is not None:
        finite_number("delta", delta)
    log_losses = np.log(losses)
    low, high = np.array(bounds[0]) + 1e-9, np.array(bounds[1]) - 1e-9
    starts = np.clip(starts, low, high)
    nearest = np.argsort([np.sum((curve(start)[0] - log_losses) ** 2) for start in starts])[:TRIED]
    ends = [
        least_squares(
            lambda theta: curve(theta)[0] - log_losses,
            starts[i],
            jac=lambda theta: curve(theta)[1],
            bounds=bounds,
            loss="linear" if delta is None else "huber",
            f_scale=delta or 1.0,
            x_scale="jac",
        )
        for i in nearest
    ]
    return min(ends, key=lambda end: end.cost).x


def _log_sum(terms: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Logarithm of the sum of exp over the first axis, and the share of each term in that sum."""
    log_sum = np.logaddexp.reduce(terms, axis=0)
    return log_sum, np.exp(terms - log_sum)


def _runs(inputs: dict, losses, *, distinct: int) -> tuple[list[np.ndarray], np.ndarray]:
    """The inputs of a fit as positive float64 of one shape (n,), with enough different values; the losses."""
    losses = _positive("losses", losses)
    found = []
    for name, values in inputs.items():
        values = _positive(name, values)
        if values.ndim != 1 or values.shape != losses.shape:
            raise ValueError(
                f"{name} has shape {values.shape} and losses has shape {losses.shape}; expected (n,) for both"
            )
        if len(np.unique(values)) < distinct:
            raise ValueError(
                f"{name} has {len(np.unique(values))} different values; expected {distinct} or more"
            )
        found.append(values)
    return found, losses


def _positive(name: str, values) -> np.ndarray:
    """`values` as float64, each of them finite and above 0; any shape."""
    array = reals(name, values)
    bad = ~((array > 0) & (array < np.inf))  # written so that NaN counts as bad
    if bad.any():
        raise ValueError(f"{name} holds {array[bad].flat[0]}; expected finite numbers above 0")
    return array

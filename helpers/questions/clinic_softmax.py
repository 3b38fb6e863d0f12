"""Questions on the clinic, second ward: one softmax, and a logarithm that stays finite."""

import numpy as np

from helpers.information import surprisal
from helpers.losses.reference import binary_cross_entropy, cross_entropy, softmax
from helpers.questions.question import Question

EPS = float(np.finfo(np.float32).eps)  # 1 − EPS is below 1 in float32


def _forecasts(rng):
    """What a model that ends in a softmax returns, (N, V), and the targets, (N,)."""
    size = (int(rng.integers(3, 7)), int(rng.integers(3, 7)))
    return softmax(rng.normal(size=size) * 2), rng.integers(size[1], size=size[0])


def _leads(rng):
    """By how much the logit of the wrong one of two classes is higher, (4,): below 0, small, large, huge."""
    leads = rng.uniform([-6, 0.5, 25, 800], [-0.5, 6, 60, 2_000])
    return (rng.permutation(leads),)


def _certain(rng):
    """Chances of a yes, (6,), some of them exactly 0 or 1, and the answers: 1 for yes, 0 for no."""
    chances = np.array([1, 1, 0, 0, *rng.uniform(0.05, 0.95, size=2)])
    answers = np.array([1.0, 0, 0, 1, 1, 0])
    order = rng.permutation(6)
    return chances[order], answers[order]


def _picked(forecasts, targets):
    """The chance that each row gave to what came, (N,)."""
    return forecasts[np.arange(len(targets)), targets]


def _half_right(lead):
    """Probability of the right class as the formula reads; the exponential overflows, and it is 0."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(lead))


def _prices(chances, answers):
    """Binary cross-entropy as the formula reads, in the precision of the chances."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(answers * np.log(chances) + (1 - answers) * np.log(1 - chances))


QUESTIONS = (
    Question(
        name="after-one-softmax",
        chapter=7,
        points=1,
        framework="torch",
        task="Return the mean loss, in nats, of a model that ends in a softmax.",
        expects="a tensor with one number of nats, 0 or more",
        cases=_forecasts,
        reference=lambda forecasts, targets: surprisal(_picked(forecasts, targets)).mean(),
        mistakes={
            "Softmax was applied twice: these are probabilities, and F.cross_entropy has a softmax inside.": (
                lambda forecasts, targets: cross_entropy(forecasts, targets)
            ),
            "The logarithm is missing: nll_loss expects log-probabilities, and these are probabilities.": (
                lambda forecasts, targets: -_picked(forecasts, targets).mean()
            ),
            "This is the price of the mean chance. The mean is taken over the prices.": (
                lambda forecasts, targets: surprisal(_picked(forecasts, targets).mean())
            ),
            "The minus is missing.": lambda forecasts, targets: (
                -surprisal(_picked(forecasts, targets)).mean()
            ),
        },
    ),
    Question(
        name="price-behind-a-lead",
        chapter=7,
        points=2,
        task="Return the price of each row of two logits, in nats, for leads of any size.",
        expects="an array of nats of the shape of the leads, 0 or more and finite",
        cases=_leads,
        reference=lambda lead: cross_entropy(
            np.stack([np.zeros_like(lead), lead], axis=-1), np.zeros(lead.shape, dtype=int), reduction="none"
        ),
        mistakes={
            "An epsilon in the logarithm became the answer: the dear rows all cost the same.": (
                lambda lead: -np.log(_half_right(lead) + 1e-10)
            ),
            "Right for small leads. A huge one overflows, or its probability is 0: the price is infinite.": (
                lambda lead: surprisal(_half_right(lead))
            ),
            "This is the price when the other class comes. It is the wrong one that leads.": (
                lambda lead: np.logaddexp(0, -lead)
            ),
            "Right for large leads alone. A small one, and one below 0, costs something too.": (
                lambda lead: np.maximum(lead, 0)
            ),
        },
    ),
    Question(
        name="certain-in-float32",
        chapter=7,
        points=2,
        task="Return the price of each answer, in nats, computed and clipped in float32.",
        expects="an array of nats of the shape of the chances, 0 or more and finite",
        cases=_certain,
        reference=lambda chances, answers: binary_cross_entropy(
            np.clip(np.float32(chances), EPS, 1 - EPS), answers, reduction="none"
        ),
        mistakes={
            "In float32 1 − 1e-15 is 1: that clip is rounded away at the upper end.": (
                lambda chances, answers: _prices(np.clip(np.float32(chances), 1e-15, 1 - 1e-15), answers)
            ),
            "Nothing was clipped: the logarithm of 0 is infinite, and 0 times that is nan.": (
                lambda chances, answers: _prices(np.float32(chances), answers)
            ),
            "This was clipped at 1e-15 and computed in float64. Convert to float32 first.": (
                lambda chances, answers: _prices(np.clip(chances, 1e-15, 1 - 1e-15), answers)
            ),
            "This was clipped at 1e-7. Clip at the eps of float32: `np.finfo` names it.": (
                lambda chances, answers: _prices(np.clip(np.float32(chances), 1e-7, 1 - 1e-7), answers)
            ),
        },
    ),
)

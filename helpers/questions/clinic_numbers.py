"""Questions on the clinic, fourth ward: numbers that lose digits, and tensors that lie elsewhere."""

import numpy as np

from helpers.losses.reference import cross_entropy
from helpers.questions.question import Question

BFLOAT16, FLOAT16 = 8, 11  # significant bits


def _network(rng):
    """Logits that float32 holds, (N, V), and targets that are not the likeliest class, (N,)."""
    logits = np.float32(rng.normal(size=(int(rng.integers(3, 7)), int(rng.integers(4, 8)))) * 2)
    ranks = rng.integers(1, logits.shape[1], size=len(logits))
    targets = np.argsort(-logits, axis=1)[np.arange(len(logits)), ranks]
    return logits.astype(float), targets


def _ids(rng):
    """Token numbers on both sides of where a float with so many significant bits begins to skip numbers."""
    bits = int(rng.integers(8, 13))
    full = 2**bits
    ids = [
        rng.integers(1, full // 2),
        full - 1,
        full + 1,
        full + 3,
        2 * full + 2,
        rng.integers(full, 4 * full),
    ]
    return rng.permutation(ids), bits


def _devices(rng):
    """The device of a model, of each tensor of a step, (N,), and their sizes in MiB; −1 is the CPU."""
    home, other = rng.permutation([1, 2])
    devices = rng.permutation([-1, 0, home, other, home, -1])
    return int(home), devices, rng.uniform(1, 500, size=6)


def _rounded(values, bits, rounding=np.round):
    """The nearest number with so many significant bits, and of two that are as near the even one."""
    shares, exponents = np.frexp(values)
    return np.ldexp(rounding(np.ldexp(shares, bits)), exponents - bits)


def _prices(logits, targets):
    return cross_entropy(logits, targets, reduction="none")


QUESTIONS = (
    Question(
        name="prices-in-float32",
        chapter=7,
        points=1,
        framework="torch",
        task="Return the price of each row in float32, in nats, of logits in bfloat16.",
        expects="a tensor of nats of the shape of the targets",
        cases=_network,
        reference=lambda logits, targets: _prices(_rounded(logits, BFLOAT16), targets),
        mistakes={
            "These prices went through bfloat16 and move in steps. Go on to float32 before the loss.": (
                lambda logits, targets: _rounded(_prices(_rounded(logits, BFLOAT16), targets), BFLOAT16)
            ),
            "The logits were not rounded. The network gives them in bfloat16.": _prices,
            "The logits were rounded to float16. bfloat16 keeps fewer bits.": (
                lambda logits, targets: _prices(_rounded(logits, FLOAT16), targets)
            ),
            "The minus is missing.": lambda logits, targets: -_prices(_rounded(logits, BFLOAT16), targets),
        },
    ),
    Question(
        name="token-that-is-priced",
        chapter=7,
        points=2,
        task="Return the token that is priced for each id, after rounding to `bits` bits.",
        expects="an array of the shape of the ids, each the nearest number that the float can hold",
        cases=_ids,
        reference=lambda ids, bits: _rounded(ids, bits),
        mistakes={
            "The ids came out as they went in. From 2 to the power of the bits on, numbers are missing.": (
                lambda ids, bits: ids
            ),
            "The ids were cut off. A float takes the nearest number that it has.": (
                lambda ids, bits: _rounded(ids, bits, np.floor)
            ),
            "One bit is missing: up to 2 to the power of the bits, every whole number is there.": (
                lambda ids, bits: _rounded(ids, bits - 1)
            ),
            "No float stops at 2 to the power of the bits. Above it some numbers are left out.": (
                lambda ids, bits: np.minimum(ids, 2**bits)
            ),
        },
    ),
    Question(
        name="data-follow-the-model",
        chapter=7,
        points=1,
        task="Return how much has to be copied to where the model is, in MiB.",
        expects="one number of MiB, 0 or more",
        cases=_devices,
        reference=lambda home, devices, sizes: sizes[devices != home].sum(),
        mistakes={
            "Everything went to device 0, because the code says so. The model is elsewhere.": (
                lambda home, devices, sizes: sizes[devices != 0].sum()
            ),
            "What lies beside the model already was copied too.": lambda home, devices, sizes: sizes.sum(),
            "Only what lies on the CPU was copied. Another GPU is another device, too.": (
                lambda home, devices, sizes: sizes[devices == -1].sum()
            ),
            "Everything went to the CPU. The model is not there.": (
                lambda home, devices, sizes: sizes[devices != -1].sum()
            ),
        },
    ),
)

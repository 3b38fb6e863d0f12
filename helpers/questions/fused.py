"""Questions on chapter 15: bytes of the logits, the online log Σ exp, and losses and gradients by chunks."""

import numpy as np

from helpers.losses.reference import cross_entropy, cross_entropy_gradient, softmax
from helpers.questions.question import Question

IGNORED = -100
BYTES = {"float16": 2, "bfloat16": 2, "float32": 4, "float64": 8}


def _step(rng):
    """Sequences of a step, tokens of each, classes, and the name of a dtype."""
    batch, length = int(rng.integers(2, 17)), int(rng.integers(100, 4000))
    return batch, length, int(rng.integers(30_000, 200_000)), str(rng.choice(list(BYTES)))


def _tiled(rng):
    """Logits of one token, (V,), and classes in a tile; the last tile is shorter."""
    width = int(rng.integers(2, 5))
    size = width * int(rng.integers(2, 5)) + int(rng.integers(1, width))
    return rng.normal(size=size) * 2 + _offset(rng), width


def _two_states(rng):
    """What is kept of two tiles for N tokens, (2, N) each: row 0 the largest, row 1 the sum below it."""
    tokens, classes = int(rng.integers(3, 6)), rng.integers(2, 6, size=2)
    logits = [rng.normal(size=(tokens, k)) * 2 + _offset(rng, 0.0) for k in classes]
    return tuple(np.stack([z.max(axis=1), _below_the_largest(z)]) for z in logits)


def _all_states(rng):
    """Largest logit and sum below it of every tile of one token, (T,) each, and one of its logits."""
    logits = rng.normal(size=(int(rng.integers(2, 6)), 4)) * 2 + _offset(rng)
    return logits.max(axis=1), _below_the_largest(logits), float(rng.choice(logits.ravel()))


def _layer(rng):
    """Hidden states, (N, D), weight, (V, D), targets, (N,), and tokens in a chunk; the last is shorter."""
    chunk, width = int(rng.integers(3, 6)), int(rng.integers(2, 5))
    tokens = chunk * int(rng.integers(2, 4)) + int(rng.integers(1, chunk))
    classes = int(rng.integers(5, 9))
    hidden, weight = rng.normal(size=(tokens, width)), rng.normal(size=(classes, width))
    return hidden, weight, rng.integers(classes, size=tokens), chunk


def _padded_layer(rng):
    """A layer as above of which some targets are ignored, never all of a chunk."""
    hidden, weight, targets, chunk = _layer(rng)
    ignored = rng.random(targets.size) < 0.5
    ignored[1], ignored[::chunk] = True, False
    return hidden, weight, np.where(ignored, IGNORED, targets), chunk


def _tile(rng):
    """Logits of a tile, (c, K), log Σ exp of all logits, (c,), targets, (c,), its first class, and N."""
    width, tiles, tokens = int(rng.integers(3, 6)), int(rng.integers(3, 5)), int(rng.integers(3, 6))
    logits, start = rng.normal(size=(tokens, width * tiles)) * 2, width * int(rng.integers(tiles))
    targets = rng.integers(width * tiles, size=tokens)
    targets[0] = start + rng.integers(width)  # one is in the tile, and one is not
    targets[1] = (start + width + rng.integers(width)) % (width * tiles)
    log_sum = np.log(np.exp(logits).sum(axis=1))
    return logits[:, start : start + width], log_sum, targets, start, tokens * int(rng.integers(2, 6))


def _capped(rng):
    """What the linear layer gives for one token, (V,), its target, the softcap c and the factor ζ."""
    size, softcap = int(rng.integers(3, 7)), float(rng.uniform(3, 8))
    return rng.normal(size=size) * 4, int(rng.integers(size)), softcap, float(rng.uniform(0.02, 0.2))


def _offset(rng, large=800.0):
    """Of three cases in four the logits are too large to be exponentiated as they are."""
    return large if rng.random() < 0.75 else 0.0


def _below_the_largest(logits):
    """Σ exp of the logits less the largest, shape (...)."""
    return np.exp(logits - logits.max(axis=-1, keepdims=True)).sum(axis=-1)


def _logits_thrice(batch, length, classes, dtype):
    return 3 * batch * length * classes * BYTES[dtype]


def _states(scale=lambda old, new: np.exp(old - new)):
    """The states after each tile, (T, 2), where `scale` is what the sum so far is multiplied by."""

    def states(logits, width):
        largest, total, rows = logits[0], 0.0, []
        for start in range(0, logits.size, width):
            z = logits[start : start + width]
            new = max(largest, z.max())
            total = total * scale(largest, new) + np.exp(z - new).sum()
            largest = new
            rows.append((largest, total))
        return np.array(rows)

    return states


def _of_each_tile(logits, width):
    tiles = [logits[start : start + width] for start in range(0, logits.size, width)]
    return np.array([(z.max(), _below_the_largest(z)) for z in tiles])


def _plain_sums(logits, width):
    """The largest so far, and the sum of exponentials of which nothing was taken off."""
    largest = _states()(logits, width)[:, 0]
    with np.errstate(over="ignore"):
        sums = np.add.reduceat(np.exp(logits), np.arange(0, logits.size, width)).cumsum()
    return np.stack([largest, sums], axis=1)


def _known_largest(logits, width):
    """The states of somebody who knew the largest logit of all from the start."""
    sums = np.add.reduceat(np.exp(logits - logits.max()), np.arange(0, logits.size, width))
    return np.stack([np.full(sums.size, logits.max()), sums.cumsum()], axis=1)


def _merged(one, other):
    largest = np.maximum(one[0], other[0])
    return np.stack([largest, sum(total * np.exp(top - largest) for top, total in (one, other))])


def _log_sum(largest, totals):
    """Log Σ exp of all tiles, in nats."""
    return largest.max() + np.log(totals @ np.exp(largest - largest.max()))


def _chance_by_plain_sums(largest, totals, logit):
    with np.errstate(over="ignore", invalid="ignore"):
        return np.exp(logit) / (totals @ np.exp(largest))


def _chunks(tokens, chunk):
    """The tokens of each chunk, as slices."""
    return [slice(start, start + chunk) for start in range(0, tokens, chunk)]


def _loss(hidden, weight, targets, reduction="mean"):
    return cross_entropy(hidden @ weight.T, targets, ignore_index=IGNORED, reduction=reduction)


def _total(hidden, weight, targets, chunk):
    return _loss(hidden, weight, targets, "sum")


def _tile_gradient(logits, log_sum, targets, start, n, column=None, softmaxed=None):
    """(p − onehot) / N in a tile; `column` says at which place each one is subtracted, or none if outside."""
    p = np.exp(logits - log_sum[:, None]) if softmaxed is None else softmaxed
    place = targets - start if column is None else column
    return (p - (np.arange(logits.shape[1]) == place[:, None])) / n


def _weight_gradients(hidden, weight, targets, chunk):
    """Gradient of the summed loss of each chunk with respect to the weight, (chunks, V, D)."""
    return np.stack(
        [
            cross_entropy_gradient(hidden[rows] @ weight.T, targets[rows], reduction="sum").T @ hidden[rows]
            for rows in _chunks(len(hidden), chunk)
        ]
    )


def _sizes(tokens, chunk):
    """Tokens in each chunk, (chunks, 1, 1)."""
    return np.array([len(range(tokens)[rows]) for rows in _chunks(tokens, chunk)])[:, None, None]


def _capped_gradient(raw, target, softcap, z_loss, on_softmax=None, slope=None, z=None):
    """Derivative of L − z_t + ζ L² with respect to the raw logits, where z = c tanh(raw / c)."""
    z = softcap * np.tanh(raw / softcap) if z is None else z
    log_sum = z.max() + np.log(_below_the_largest(z))
    factor = 1 + 2 * z_loss * log_sum if on_softmax is None else on_softmax(log_sum)
    onehot = np.arange(raw.size) == target
    return (factor * softmax(z) - onehot) * (1 - (z / softcap) ** 2 if slope is None else slope)


def _all_of_it_scaled(raw, target, softcap, z_loss):
    """The factor of the softmax, on the one-hot as well."""
    z = softcap * np.tanh(raw / softcap)
    factor = 1 + 2 * z_loss * (z.max() + np.log(_below_the_largest(z)))
    return factor * _capped_gradient(raw, target, softcap, 0.0)


QUESTIONS = (
    Question(
        name="logits-in-bytes",
        chapter=15,
        points=1,
        task="Return the bytes of three arrays that are as large as the logits.",
        expects="one whole number of bytes",
        cases=_step,
        reference=_logits_thrice,
        mistakes={
            "This is one array. Three are held: the log-softmax, and two gradients that are as large.": (
                lambda batch, length, classes, dtype: _logits_thrice(batch, length, classes, dtype) // 3
            ),
            "These are bits. A byte has eight.": (
                lambda batch, length, classes, dtype: 8 * _logits_thrice(batch, length, classes, dtype)
            ),
            "These are numbers, not bytes: the dtype says how many bytes a number takes.": (
                lambda batch, length, classes, dtype: 3 * batch * length * classes
            ),
            "Every number was given four bytes. Those of half precision have two, those of double precision "
            "eight.": lambda batch, length, classes, dtype: 12 * batch * length * classes,
            "This is one sequence. The step has `batch` of them.": (
                lambda batch, length, classes, dtype: _logits_thrice(1, length, classes, dtype)
            ),
            "These are megabytes. Bytes are asked for.": (
                lambda batch, length, classes, dtype: _logits_thrice(batch, length, classes, dtype) / 1e6
            ),
        },
    ),
    Question(
        name="log-sum-exp-in-tiles",
        chapter=15,
        points=2,
        task="Return the largest logit so far, and the sum below it, after each tile.",
        expects="an array of shape (tiles, 2): the largest so far, the sum",
        cases=_tiled,
        reference=_states(),
        mistakes={
            "The sum was not scaled when a larger logit came. What it holds was below the old one: multiply "
            "it by exp(old − new).": _states(scale=lambda old, new: 1.0),
            "The sum was scaled by exp(new − old). It has to shrink when a larger logit comes: exp(old − "
            "new).": _states(scale=lambda old, new: np.exp(new - old)),
            "Each tile stands by itself here. The second row is about the first two tiles together, and so "
            "on.": _of_each_tile,
            "The exponentials are of the logits themselves. Take the largest so far off, or large ones "
            "overflow.": _plain_sums,
            "The largest logit of all was used from the start. After the first tile it may not have come "
            "yet.": _known_largest,
            "These are logarithms of the sums. Keep the sum itself: it is what the next tile is added "
            "to.": lambda logits, width: np.stack(
                [_states()(logits, width)[:, 0], np.log(_states()(logits, width)[:, 1])], axis=1
            ),
        },
    ),
    Question(
        name="merge-of-two-tiles",
        chapter=15,
        points=2,
        task="Return the largest logit and the sum below it of both tiles, for each token.",
        expects="an array of shape (2, N): the largest logits, the sums below them",
        cases=_two_states,
        reference=_merged,
        mistakes={
            "The sums were added as they are. Each is below its own largest logit: bring both below the same "
            "one first.": lambda one, other: np.stack(
                [np.maximum(one[0], other[0]), one[1] + other[1]],
            ),
            "The sums were scaled the wrong way. Below a larger logit each exponential is smaller: exp(own − "
            "largest).": lambda one, other: np.stack(
                [
                    np.maximum(one[0], other[0]),
                    one[1] * np.exp(np.maximum(one[0], other[0]) - one[0])
                    + other[1] * np.exp(np.maximum(one[0], other[0]) - other[0]),
                ]
            ),
            "The larger of the two sums was taken. The maximum is for the logits; sums are scaled and "
            "added.": lambda one, other: np.maximum(one, other),
            "Logarithms of sums were added, and that multiplies the sums.": lambda one, other: np.stack(
                [np.maximum(one[0], other[0]), np.log(one[1]) + np.log(other[1])]
            ),
            "The sum is below the first tile's largest logit, whichever is larger. Bring it below the "
            "largest of both.": lambda one, other: np.stack(
                [np.maximum(one[0], other[0]), one[1] + other[1] * np.exp(other[0] - one[0])]
            ),
            "The first tile was left as it was, and the other one was brought below its largest logit. That "
            "overflows where the other one's logits are far larger: take the largest of both.": (
                lambda one, other: np.stack([one[0], one[1] + other[1] * np.exp(other[0] - one[0])])
            ),
        },
    ),
    Question(
        name="chance-from-tiles",
        chapter=15,
        points=2,
        task="Return the probability of the class with this logit, over all tiles.",
        expects="one number from 0 to 1",
        cases=_all_states,
        reference=lambda largest, totals, logit: np.exp(logit - _log_sum(largest, totals)),
        mistakes={
            "The sums were added as they are. Each is below the largest logit of its own tile: scale them "
            "first.": lambda largest, totals, logit: np.exp(logit - largest.max()) / totals.sum(),
            "Only the last tile is in the denominator. The softmax is over all of them.": (
                lambda largest, totals, logit: np.exp(logit - largest[-1]) / totals[-1]
            ),
            "Right for small logits. Large ones overflow: take the largest of all off before exp.": (
                _chance_by_plain_sums
            ),
            "The sum itself stands in the exponent. Its logarithm belongs "
            "there.": lambda largest, totals, logit: np.exp(
                logit - largest.max() - totals @ np.exp(largest - largest.max())
            ),
            "This is the price −log p, in nats. The probability is asked for.": (
                lambda largest, totals, logit: _log_sum(largest, totals) - logit
            ),
            "This is the numerator alone. Divide it by the sum over the classes of all tiles.": (
                lambda largest, totals, logit: np.exp(logit - largest.max())
            ),
        },
    ),
    Question(
        name="loss-by-chunks",
        chapter=15,
        points=2,
        task="Return the mean loss, in nats, of the tokens that count, a chunk at a time.",
        expects="one number of nats per token, 0 or more",
        cases=_padded_layer,
        reference=lambda hidden, weight, targets, chunk: _loss(hidden, weight, targets),
        mistakes={
            "This is the mean of the chunks' means: a chunk with few tokens that count weighs as much as a "
            "full one. Add up sums and counts, and divide at the "
            "end.": lambda hidden, weight, targets, chunk: np.mean(
                [_loss(hidden[c], weight, targets[c]) for c in _chunks(len(hidden), chunk)]
            ),
            "The ignored tokens are out of the sum and still in the count.": (
                lambda hidden, weight, targets, chunk: _total(hidden, weight, targets, chunk) / targets.size
            ),
            "This is the sum. Divide it by the tokens that count.": _total,
            "The sum was divided by the number of chunks. Divide it by the tokens that count.": (
                lambda hidden, weight, targets, chunk: (
                    _total(hidden, weight, targets, chunk) / len(_chunks(len(hidden), chunk))
                )
            ),
            "The last chunk is missing. It is shorter than the others, and counts.": (
                lambda hidden, weight, targets, chunk: _loss(
                    *(hidden[: len(hidden) // chunk * chunk], weight),
                    targets[: len(hidden) // chunk * chunk],
                )
            ),
            "An ignored token was priced as if its target were class 0. It costs nothing.": (
                lambda hidden, weight, targets, chunk: _loss(hidden, weight, np.maximum(targets, 0))
            ),
        },
    ),
    Question(
        name="gradient-of-a-tile",
        chapter=15,
        points=3,
        task="Return the gradient of the mean loss with respect to the tile's logits.",
        expects="an array of the shape of the tile, (c, K)",
        cases=_tile,
        reference=lambda logits, log_sum, targets, start, n: _tile_gradient(
            logits, log_sum, targets, start, n
        ),
        mistakes={
            "A 1 was subtracted in every tile. It belongs in the one tile that holds the target.": (
                lambda logits, log_sum, targets, start, n: _tile_gradient(
                    *(logits, log_sum, targets, start, n), column=targets % logits.shape[1]
                )
            ),
            "A target outside was moved to the edge of the tile. Nothing is subtracted there.": (
                lambda logits, log_sum, targets, start, n: _tile_gradient(
                    *(logits, log_sum, targets, start, n),
                    column=np.clip(targets - start, 0, logits.shape[1] - 1),
                )
            ),
            "Nothing was subtracted: the gradient is the softmax less the one-hot target.": (
                lambda logits, log_sum, targets, start, n: np.exp(logits - log_sum[:, None]) / n
            ),
            "The share of the mean is missing: divide by `n`.": (
                lambda logits, log_sum, targets, start, n: _tile_gradient(logits, log_sum, targets, start, 1)
            ),
            "It was divided by the number of tokens here. The mean is over all `n`.": (
                lambda logits, log_sum, targets, start, n: _tile_gradient(
                    logits, log_sum, targets, start, len(logits)
                )
            ),
            "The softmax was taken over this tile alone. Its denominator is the sum over all classes, whose "
            "logarithm is `log_sum`.": lambda logits, log_sum, targets, start, n: _tile_gradient(
                *(logits, log_sum, targets, start, n), softmaxed=softmax(logits)
            ),
            "The sign is wrong: the gradient is the softmax less the one-hot target.": (
                lambda logits, log_sum, targets, start, n: -_tile_gradient(logits, log_sum, targets, start, n)
            ),
        },
    ),
    Question(
        name="gradient-of-the-weight",
        chapter=15,
        points=3,
        task="Return the gradient of the mean loss with respect to the weight, by chunks.",
        expects="an array of the shape of the weight, (V, D)",
        cases=_layer,
        reference=lambda hidden, weight, targets, chunk: (
            _weight_gradients(hidden, weight, targets, chunk).sum(axis=0) / len(hidden)
        ),
        mistakes={
            "Only the last chunk is left: each one wrote over the one before it. Add them up.": (
                lambda hidden, weight, targets, chunk: (
                    _weight_gradients(hidden, weight, targets, chunk)[-1] / len(hidden)
                )
            ),
            "Each chunk was divided by the number of its own tokens, and the means were added. Divide by "
            "N.": (
                lambda hidden, weight, targets, chunk: (
                    _weight_gradients(hidden, weight, targets, chunk) / _sizes(len(hidden), chunk)
                ).sum(axis=0)
            ),
            "This is the mean of the chunks' means. The last chunk is shorter, and its tokens count too "
            "much.": lambda hidden, weight, targets, chunk: (
                _weight_gradients(hidden, weight, targets, chunk) / _sizes(len(hidden), chunk)
            ).mean(axis=0),
            "This is the gradient of the summed loss. Divide it by N: the loss is a mean.": (
                lambda hidden, weight, targets, chunk: _weight_gradients(hidden, weight, targets, chunk).sum(
                    axis=0
                )
            ),
            "The last chunk is missing. It is shorter than the others, and counts.": (
                lambda hidden, weight, targets, chunk: (
                    _weight_gradients(hidden, weight, targets, chunk)[:-1].sum(axis=0) / len(hidden)
                )
            ),
            "The one-hot target is missing: the gradient of the logits is the softmax less the one-hot "
            "target.": (
                lambda hidden, weight, targets, chunk: softmax(hidden @ weight.T).T @ hidden / len(hidden)
            ),
        },
    ),
    Question(
        name="gradient-under-a-softcap",
        chapter=15,
        points=3,
        task="Return the gradient of this loss with respect to the raw logits.",
        expects="an array of the shape of the raw logits, (V,)",
        cases=_capped,
        reference=lambda raw, target, softcap, z_loss: _capped_gradient(raw, target, softcap, z_loss),
        mistakes={
            "This is the gradient with respect to z. Multiply it by the slope of z as a function of raw.": (
                lambda raw, target, softcap, z_loss: _capped_gradient(raw, target, softcap, z_loss, slope=1.0)
            ),
            "The raw logits are in the slope. It is 1 − (z / c)², with the capped ones.": (
                lambda raw, target, softcap, z_loss: _capped_gradient(
                    raw, target, softcap, z_loss, slope=1 - (raw / softcap) ** 2
                )
            ),
            "The softcap was left out: this is the gradient of a loss of the raw logits as they are.": (
                lambda raw, target, softcap, z_loss: _capped_gradient(
                    raw, target, softcap, z_loss, slope=1.0, z=raw
                )
            ),
            "The z-loss is missing.": lambda raw, target, softcap, z_loss: _capped_gradient(
                raw, target, softcap, 0.0
            ),
            "A factor 2 is missing: the derivative of L² is 2 L times that of L.": (
                lambda raw, target, softcap, z_loss: _capped_gradient(raw, target, softcap, z_loss / 2)
            ),
            "The z-loss scaled the one-hot target, too. There is no z_t in ζ L²: it scales the softmax "
            "alone.": _all_of_it_scaled,
            "L itself is missing from the derivative of the z-loss: that of L² is 2 L times that of L.": (
                lambda raw, target, softcap, z_loss: _capped_gradient(
                    raw, target, softcap, z_loss, on_softmax=lambda log_sum: 1 + 2 * z_loss
                )
            ),
        },
    ),
)

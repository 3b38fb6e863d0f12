"""Questions on chapter 16: means over micro-batches and ranks, a spread vocabulary, the bytes that travel."""

import numpy as np

from helpers.questions.question import Question

IGNORED = -100  # the target that does not count


def _micro_batches(rng):
    """Losses of the tokens of M micro-batches, in nats, (M, T), and targets, some ignored; both (M, T)."""
    size, length = int(rng.integers(2, 5)), int(rng.integers(4, 8))
    losses = rng.gamma(2, size=(size, 1)) + rng.gamma(1.5, size=(size, length))
    counts = rng.permutation(np.arange(1, length + 1))[:size]  # all different, at least 1 each
    ignored = np.arange(length) >= counts[:, None]
    return losses, np.where(ignored, IGNORED, rng.integers(0, 50, size=(size, length)))


def _counts(rng):
    """Tokens that count in each of M micro-batches, (M,)."""
    return (rng.integers(10, 2000, size=int(rng.integers(2, 7))),)


def _counts_of_ranks(rng):
    """Tokens that count in each of M micro-batches of each of R ranks, (R, M)."""
    ranks = int(rng.integers(2, 6))
    return (rng.integers(10, 2000, size=(ranks, ranks + int(rng.integers(1, 4)))),)


def _parts(rng):
    """Largest logit of each of R ranks, and the sum of exp(logit − it), for N tokens; both (R, N)."""
    shape = int(rng.integers(2, 5)), int(rng.integers(2, 4))
    return rng.normal(scale=2, size=shape), 1 + rng.gamma(2, size=shape)


def _shard(rng):
    """Logits of a rank's own classes, (N, W), the first of them, and targets among all classes, (N,)."""
    tokens, width, ranks = int(rng.integers(4, 7)), int(rng.integers(3, 6)), int(rng.integers(2, 4))
    rank = int(rng.integers(ranks))
    targets = rng.integers(ranks * width, size=tokens)
    targets[:2] = rank * width + np.array([0, width - 1])  # the two ends of its own
    return rng.normal(scale=2, size=(tokens, width)), rank * width, rng.permutation(targets)


def _reduced(rng):
    """Largest logit of each of N tokens, Σ exp(logit − it), and the target's logit; each (N,)."""
    tokens = int(rng.integers(2, 6))
    largest = rng.normal(scale=3, size=tokens)
    return largest, 1 + rng.gamma(2, size=tokens), largest - rng.gamma(2, size=tokens)


def _message(rng):
    """Numbers to be summed over the ranks, bytes of each, ranks."""
    return int(rng.integers(1_000, 1_000_000)), int(rng.choice([2, 4, 8])), int(rng.integers(3, 65))


def _job(rng):
    """Tokens, classes, ranks, bytes of a number."""
    ranks = int(rng.choice([3, 4, 6, 8, 16]))
    return (
        int(rng.integers(100, 10_000)),
        ranks * int(rng.integers(500, 20_000)),
        ranks,
        int(rng.choice([2, 4])),
    )


def _mean(losses, targets):
    """Mean over the tokens that count, wherever they stand."""
    return losses[targets != IGNORED].mean()


def _mean_of_means(losses, targets):
    counts = targets != IGNORED
    return ((losses * counts).sum(axis=1) / counts.sum(axis=1)).mean()


def _merged(largest, sums, factor):
    """The largest of all, and the sums, each multiplied by its factor, added over the ranks; (2, N)."""
    return np.stack([largest.max(axis=0), (sums * factor).sum(axis=0)])


def _carried_over(largest):
    """What a rank's sum is multiplied by to count from the largest of all."""
    return np.exp(largest - largest.max(axis=0))


def _own(logits, column, here, elsewhere=0.0):
    """Logit in a column of each row where it is here, something else elsewhere, (N,)."""
    column = np.clip(column, 0, logits.shape[1] - 1)
    return np.where(here, logits[np.arange(len(column)), column], elsewhere)


def _here(logits, first, targets):
    """Whether each target is one of this rank's classes."""
    return (targets >= first) & (targets < first + logits.shape[1])


def _ring(size, ranks):
    """Bytes that a rank sends in one round of a ring."""
    return (ranks - 1) / ranks * size


def _both_ways(tokens, num_classes, ranks, width, *, logits=1.0, numbers=3.0):
    """Bytes for all logits and for a few numbers a token, each times a factor: of 1 round, and of 2."""
    return np.array(
        [
            logits * _ring(tokens * num_classes * width, ranks),
            numbers * 2 * _ring(tokens * width, ranks),
        ]
    )


QUESTIONS = (
    Question(
        name="mean-over-micro-batches",
        chapter=16,
        points=1,
        task="Return the mean loss of all tokens that count, of all micro-batches.",
        expects="one number of nats per token",
        cases=_micro_batches,
        reference=_mean,
        mistakes={
            "This is the mean of the means, in which a micro-batch with few tokens weighs as much as one "
            "with many. Divide the sum of all by the number of all.": _mean_of_means,
            "Ignored tokens were counted in the denominator. Count the others alone.": (
                lambda losses, targets: losses[targets != IGNORED].sum() / losses.size
            ),
            "Ignored tokens are in the sum and in the count. Leave them out of "
            "both.": lambda losses, targets: losses.mean(),
            "The sum was divided by the number of micro-batches. Divide by tokens.": (
                lambda losses, targets: losses[targets != IGNORED].sum() / len(losses)
            ),
            "The losses of ignored tokens are in the sum, though they were not counted. Leave them out of "
            "both.": lambda losses, targets: losses.sum() / (targets != IGNORED).sum(),
        },
    ),
    Question(
        name="share-of-each-micro-batch",
        chapter=16,
        points=2,
        task="Return what to multiply the mean loss of each micro-batch by.",
        expects="an array of the shape of counts",
        cases=_counts,
        reference=lambda counts: counts / counts.sum(),
        mistakes={
            "Every micro-batch has the same share here: that is the mean of the means. One with more tokens "
            "has the larger share.": lambda counts: np.full(len(counts), 1 / len(counts)),
            "That would be right for the sums of the losses. A mean is divided by the tokens of its "
            "micro-batch already.": lambda counts: np.full(len(counts), 1 / counts.sum()),
            "The shares add up to the number of micro-batches. The gradients would be so many times too "
            "large: divide by all tokens, not by their mean.": lambda counts: counts / counts.mean(),
            "The largest micro-batch has the share 1 here. All shares together are 1.": (
                lambda counts: counts / counts.max()
            ),
            "The shares were divided by the number of micro-batches once more. They add up to 1 without.": (
                lambda counts: counts / counts.sum() / len(counts)
            ),
            "A micro-batch with fewer tokens has the larger share here. Its tokens belong in the "
            "numerator.": (lambda counts: (1 / counts) / (1 / counts).sum()),
        },
    ),
    Question(
        name="scale-of-each-rank",
        chapter=16,
        points=2,
        task="Return what every rank multiplies its sums of losses by.",
        expects="one number, the same for every rank",
        cases=_counts_of_ranks,
        reference=lambda counts: len(counts) / counts.sum(),
        mistakes={
            "The gradients would be too small, by the number of ranks: their sum over the ranks is divided "
            "by it. Multiply by it beforehand.": lambda counts: 1 / counts.sum(),
            "It was multiplied by the number of all micro-batches. Only the division by the ranks has to be "
            "undone: the gradients of a rank's micro-batches are added up, and nothing divides "
            "them.": lambda counts: counts.size / counts.sum(),
            "It was multiplied by the micro-batches of a rank. What divides the gradients is the number of "
            "ranks.": lambda counts: counts.shape[1] / counts.sum(),
            "The number of ranks divides where it should multiply.": (
                lambda counts: 1 / (len(counts) * counts.sum())
            ),
            "This divides by the tokens of one rank alone, which makes a mean of the ranks' means. Divide "
            "by the tokens of all ranks, and undo the division by their number.": lambda counts: (
                1 / counts[0].sum()
            ),
        },
    ),
    Question(
        name="largest-and-sum-over-ranks",
        chapter=16,
        points=3,
        task="Return each token's largest logit and sum of exponentials, over all ranks.",
        expects="an array of shape (2, N): largest logits, sums of exponentials below them",
        cases=_parts,
        reference=lambda largest, sums: _merged(largest, sums, _carried_over(largest)),
        mistakes={
            "The sums were added as they are. Each is below its own rank's largest logit: bring it below the "
            "largest of all first.": lambda largest, sums: _merged(largest, sums, 1.0),
            "The sums were scaled the wrong way: a rank whose logits are small adds little.": (
                lambda largest, sums: _merged(largest, sums, 1 / _carried_over(largest))
            ),
            "Nothing is taken off the logits in these sums, and they overflow when logits are large. Leave "
            "them below the largest logit of all.": lambda largest, sums: _merged(
                largest, sums, np.exp(largest)
            ),
            "The sum was divided by the number of ranks: every loss comes out too small, by the logarithm "
            "of that number. Sums are added, not averaged.": lambda largest, sums: _merged(
                largest, sums, _carried_over(largest) / len(largest)
            ),
            "The sum of one rank was kept, the one with the largest logit. The classes of the others "
            "belong to the sum, too.": (
                lambda largest, sums: _merged(largest, sums, largest == largest.max(axis=0))
            ),
            "The largest logits were added, as an all-reduce does unless it is told to take the maximum.": (
                lambda largest, sums: np.stack(
                    [largest.sum(axis=0), (sums * np.exp(largest - largest.sum(axis=0))).sum(axis=0)]
                )
            ),
        },
    ),
    Question(
        name="target-on-a-rank",
        chapter=16,
        points=2,
        task="Return what a rank adds to the target's logit of each token.",
        expects="an array of shape (N,)",
        cases=_shard,
        reference=lambda logits, first, targets: _own(logits, targets - first, _here(logits, first, targets)),
        mistakes={
            "Every rank adds a logit here, whether it has the target or not. One that has not adds 0.": (
                lambda logits, first, targets: _own(logits, targets % logits.shape[1], True)
            ),
            "An index was moved into the range, and a logit that is not the target's was added. Put 0 in "
            "its place.": lambda logits, first, targets: _own(logits, targets - first, True),
            "Where the target is elsewhere, the first class's logit was added. An index that is made safe "
            "still picks something: put 0 in its place.": lambda logits, first, targets: _own(
                logits, np.where(_here(logits, first, targets), targets - first, 0), True
            ),
            "Minus infinity stands where the target is elsewhere. That would be right for a maximum; a sum "
            "is taken here, and 0 changes nothing in it.": lambda logits, first, targets: _own(
                logits, targets - first, _here(logits, first, targets), -np.inf
            ),
            "The first class of this rank was taken for another rank's: `targets - first` may be 0.": (
                lambda logits, first, targets: _own(
                    logits, targets - first, _here(logits, first, targets) & (targets > first)
                )
            ),
            "The last class of this rank was taken for another rank's: `targets - first` may be W − 1.": (
                lambda logits, first, targets: _own(
                    logits,
                    targets - first,
                    _here(logits, first, targets) & (targets < first + logits.shape[1] - 1),
                )
            ),
            "The targets were taken for columns as they are. Column 0 holds the class `first`.": (
                lambda logits, first, targets: _own(logits, targets, targets < logits.shape[1])
            ),
        },
    ),
    Question(
        name="loss-from-three-numbers",
        chapter=16,
        points=1,
        task="Return the loss of each token from its three numbers.",
        expects="an array of nats of shape (N,)",
        cases=_reduced,
        reference=lambda largest, total, target: np.log(total) + largest - target,
        mistakes={
            "The largest logit is missing. `total` is below it, and the target's logit is as the model gave "
            "it.": lambda largest, total, target: np.log(total) - target,
            "The largest logit was taken off. It has to be added to the logarithm.": (
                lambda largest, total, target: np.log(total) - largest - target
            ),
            "The sign is wrong: this is the logarithm of the probability, and the loss is minus that.": (
                lambda largest, total, target: target - largest - np.log(total)
            ),
            "The logarithm of the sum is missing.": lambda largest, total, target: total + largest - target,
            "The target's logit is missing: this is the log-sum-exp of all logits.": (
                lambda largest, total, target: np.log(total) + largest
            ),
            "This is in bits. The natural logarithm is meant.": (
                lambda largest, total, target: (np.log(total) + largest - target) / np.log(2)
            ),
            "This is the probability of the target. The loss is minus its logarithm.": (
                lambda largest, total, target: np.exp(target - largest) / total
            ),
        },
    ),
    Question(
        name="bytes-of-an-all-reduce",
        chapter=16,
        points=1,
        task="Return the bytes that each rank sends in an all-reduce over a ring.",
        expects="one number of bytes, not rounded",
        cases=_message,
        reference=lambda numbers, width, ranks: 2 * _ring(numbers * width, ranks),
        mistakes={
            "These are numbers. Each has `width` bytes.": (
                lambda numbers, width, ranks: 2 * _ring(numbers, ranks)
            ),
            "One round is missing. After the first each rank has one finished piece; the second hands them "
            "on.": lambda numbers, width, ranks: _ring(numbers * width, ranks),
            "In a round a rank sends R − 1 pieces, not all R.": (
                lambda numbers, width, ranks: 2 * numbers * width
            ),
            "This is what all ranks send together. One rank sends one piece at a time, the R-th part of the "
            "array.": lambda numbers, width, ranks: 2 * (ranks - 1) * numbers * width,
            "This is one piece for each round. There are R − 1 of them.": (
                lambda numbers, width, ranks: 2 * numbers * width / ranks
            ),
        },
    ),
    Question(
        name="logits-or-three-numbers",
        chapter=16,
        points=2,
        task="Return the bytes that a rank sends: for all logits, and for three numbers.",
        expects="an array of two numbers of bytes, not rounded: all logits, three numbers",
        cases=_job,
        reference=lambda tokens, num_classes, ranks, width: _both_ways(tokens, num_classes, ranks, width),
        mistakes={
            "The three numbers went round once. A sum over the ranks takes two rounds: adding up, and "
            "handing on.": lambda tokens, num_classes, ranks, width: _both_ways(
                tokens, num_classes, ranks, width, numbers=1.5
            ),
            "The logits went round twice. Nothing is added up when they are gathered: one round hands "
            "them on.": lambda tokens, num_classes, ranks, width: _both_ways(
                tokens, num_classes, ranks, width, logits=2.0
            ),
            "These are numbers. Each has `width` bytes.": lambda tokens, num_classes, ranks, width: (
                _both_ways(tokens, num_classes, ranks, 1)
            ),
            "Two numbers a token were sent. They are three: the largest logit, the sum of exponentials "
            "and the target's logit.": lambda tokens, num_classes, ranks, width: _both_ways(
                tokens, num_classes, ranks, width, numbers=2.0
            ),
            "These are the bytes of one number a token. Three are sent.": (
                lambda tokens, num_classes, ranks, width: _both_ways(
                    tokens, num_classes, ranks, width, numbers=1.0
                )
            ),
            "The logits were sent once, to the neighbour. Over a ring each piece is handed on until all "
            "ranks have it.": lambda tokens, num_classes, ranks, width: _both_ways(
                tokens, num_classes, ranks, width, logits=1 / (ranks - 1)
            ),
            "The two are the wrong way round. All logits come first.": (
                lambda tokens, num_classes, ranks, width: _both_ways(tokens, num_classes, ranks, width)[::-1]
            ),
        },
    ),
)

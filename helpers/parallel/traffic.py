"""How many bytes a process sends, for each way to share out a loss.

What is counted is the least that a ring of R processes needs: each sends to its neighbour only, all at once
(Patarasuk and Yuan 2009, "Bandwidth optimal all-reduce algorithms for clusters of workstations"). Sizes are
means over the processes where R does not divide what is sent.
"""

from helpers.validation import whole_number


def all_reduce_bytes(size: int, ranks: int) -> float:
    """Bytes that each of `ranks` processes sends to sum `size` bytes over all of them: 2 (R − 1)/R · size.

    One round hands on partial sums, a second one the sums. Implements :eq:`eq-all-reduce`.

    Raises:
        ValueError: a size or a number of processes that is not a whole number, 1 or more.
    """
    return 2 * all_gather_bytes(size, ranks)


def all_gather_bytes(size: int, ranks: int) -> float:
    """Bytes that each of `ranks` processes sends so that all have the same `size` bytes: (R − 1)/R · size.

    Before, each has 1/R of them.

    Raises:
        ValueError: a size or a number of processes that is not a whole number, 1 or more.
    """
    whole_number("size", size)
    whole_number("ranks", ranks)
    return (ranks - 1) / ranks * size


def vocabulary_parallel_bytes(tokens: int, ranks: int, *, smoothing: bool = False, width: int = 4) -> float:
    """Bytes that each process sends for the loss of classes that are spread: 3 numbers a token.

    They are the largest logit, the sum of the exponentials and the logit of the target; with label smoothing
    a fourth, the sum of the logits. The loss is that of :mod:`helpers.parallel.vocabulary`; the gradient of
    the hidden states, :func:`all_reduce_bytes` of them, is the layer's and not counted.

    Args:
        tokens: N, whose loss is wanted.
        ranks: R, over which the classes are spread.
        smoothing: whether the labels are smoothed.
        width: bytes of a number.

    Raises:
        ValueError: a count that is not a whole number, 1 or more.
    """
    whole_number("tokens", tokens)
    whole_number("width", width)
    return (4 if smoothing else 3) * all_reduce_bytes(tokens * width, ranks)


def gathered_logits_bytes(tokens: int, num_classes: int, ranks: int, *, width: int = 4) -> float:
    """Bytes that each process sends to give all of them all the logits: (R − 1)/R of N · V numbers.

    Args:
        tokens: N, whose loss is wanted.
        num_classes: V, how many logits a token has.
        ranks: R, over which the classes are spread.
        width: bytes of a number.

    Raises:
        ValueError: a count that is not a whole number, 1 or more.
    """
    whole_number("tokens", tokens)
    whole_number("num_classes", num_classes)
    whole_number("width", width)
    return all_gather_bytes(tokens * num_classes * width, ranks)

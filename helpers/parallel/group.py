"""How a process that was started beside others meets them."""

import math
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import torch
import torch.distributed as dist

LIMIT = "PARALLEL_LIMIT"  # the variable in which helpers.parallel.launch says how long the ranks may live
GRACE = 5.0  # seconds after the limit in which the one who started them ends them itself


@contextmanager
def process_group() -> Iterator[torch.device]:
    """Join the group of processes that ``torch.distributed.run`` started, and leave it at the end.

    NCCL carries the messages if there is a GPU for each process of this machine, gloo if not. A process
    whose time limit has passed ends, even if whoever started it is gone and can no longer end it.

    Yields:
        The device on which this process computes: a GPU of its own, or the CPU.
    """
    limit = os.environ.get(LIMIT)
    if limit is not None and hasattr(signal, "alarm"):
        signal.alarm(math.ceil(float(limit) + GRACE))
    place = int(os.environ["LOCAL_RANK"])
    on_gpu = torch.cuda.device_count() >= int(os.environ["LOCAL_WORLD_SIZE"])
    device = torch.device("cuda", place) if on_gpu else torch.device("cpu")
    if on_gpu:
        torch.cuda.set_device(device)
    patience = None if limit is None else timedelta(seconds=float(limit))
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=patience)
    yield device
    dist.destroy_process_group()  # not after an error: to leave, one waits for the others

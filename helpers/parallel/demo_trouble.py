"""A job that goes wrong in its third step: one process is killed, or never comes to the all-reduce.

Run by :func:`helpers.parallel.launch.launch` with the word "killed" or "hangs", and any word after it by
which its processes are found again.
"""

import os
import signal
import sys
import time

import torch
import torch.distributed as dist

from helpers.parallel.group import process_group


def main() -> None:
    """Add up a loss over the processes, step by step, until rank 1 fails."""
    how = sys.argv[1]
    with process_group() as device:
        for step in range(1, 6):
            print(f"step {step}", flush=True)
            if step == 3 and dist.get_rank() == 1:
                if how == "killed":
                    os.kill(os.getpid(), signal.SIGKILL)  # as when memory runs out
                time.sleep(3600)
            dist.all_reduce(torch.ones(1, device=device))


if __name__ == "__main__":
    main()

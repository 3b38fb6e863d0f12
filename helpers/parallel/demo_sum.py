"""Each process has three numbers; an all-reduce gives all of them the sums, and the maxima.

Run by :func:`helpers.parallel.launch.launch`; rank 0 prints what each rank has in the end.
"""

import torch
import torch.distributed as dist

from helpers.parallel.group import process_group


def main() -> None:
    """Take sum and maximum over the processes, and show that all end with the same."""
    with process_group() as device:
        rank = dist.get_rank()
        own = (rank + 1) * torch.tensor([1, 10, 100], device=device)
        total, largest = own.clone(), own.clone()
        dist.all_reduce(total)  # in place, on every rank
        dist.all_reduce(largest, dist.ReduceOp.MAX)
        line = f"rank {rank} had {own.tolist()}: "
        line += f"sums {total.tolist()}, maxima {largest.tolist()}"
        lines = [None] * dist.get_world_size()
        dist.all_gather_object(lines, line)
        if rank == 0:
            print("\n".join(lines))


if __name__ == "__main__":
    main()

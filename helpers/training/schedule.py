"""How the learning rate goes up and down during a run, as a share of its largest value. No array needed."""


def rate_share(step: int, *, steps: int, warm_up: int = 0) -> float:
    """Share of the learning rate at a step: it climbs linearly for `warm_up` steps, then falls to zero.

    The step after the climb is the first one to use the whole rate, and the one after the last would use
    none: with 4 steps and a warm-up of 1 the shares are 1/2, 1, 2/3, 1/3.

    Args:
        step: 0, 1, … steps − 1; at `steps` and beyond the share is 0.
        steps: S, how many steps there are.
        warm_up: how many of them climb, less than S.
    """
    if step < warm_up:
        return (step + 1) / (warm_up + 1)
    return max(0, steps - step) / (steps - warm_up)

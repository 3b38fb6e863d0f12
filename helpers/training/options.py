"""The options that both training loops share, checked before a long run begins and not at its end."""

from helpers.validation import whole_number


def check_options(
    *, steps: int, evaluate_every: int, learning_rate: float, clip: float, warm_up: int = 0
) -> None:
    """Raise ValueError unless the numbers of steps are whole, and the rate and the limit above 0."""
    whole_number("steps", steps)
    if not (isinstance(warm_up, int) and 0 <= warm_up < steps):
        raise ValueError(f"warm_up is {warm_up}; expected a whole number from 0 to {steps - 1}")
    whole_number("evaluate_every", evaluate_every)
    for name, value in (("learning_rate", learning_rate), ("clip", clip)):
        if not value > 0:  # written so that NaN counts as bad
            raise ValueError(f"{name} is {value}; expected a number above 0")

"""Types of the live figures' state, checked where they are set: a bad value is named and changes nothing."""

import numpy as np
import traitlets

from helpers.validation import distribution


class Words(traitlets.TraitType):
    """At least two words, kept as a list: with one class there is nothing to predict."""

    info_text = "a list of two or more words"

    def validate(self, obj, value):
        """`value` as a list of strings."""
        if isinstance(value, str) or not np.iterable(value):
            self.error(obj, value)
        words = list(value)
        if len(words) < 2 or not all(isinstance(word, str) for word in words):
            self.error(obj, value)
        return words


class Numbers(traitlets.TraitType):
    """Finite numbers, kept as a list: an array, say `logits − gradient`, is welcome too.

    With `of`, the name of another trait, there is one for each entry of that; `noun` says what one is.
    """

    info_text = "a list or one-dimensional array of finite numbers"

    def __init__(self, default_value, *, of: str = "", noun: str = "entry", **kwargs):
        self.of, self.noun = of, noun
        super().__init__(default_value, **kwargs)

    def validate(self, obj, value):
        """`value` as a list of floats."""
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError):
            self.error(obj, value)
        if array.ndim != 1 or not np.isfinite(array).all():
            self.error(obj, value)
        if self.of and len(array) != len(getattr(obj, self.of)):
            raise traitlets.TraitError(
                f"{self.name} has {len(array)} values; expected {len(getattr(obj, self.of))}, "
                f"one for each {self.noun}"
            )
        return array.tolist()


class Index(traitlets.Int):
    """The index of an entry of the trait named `of`; `noun` is what an entry is called."""

    def __init__(self, default_value: int = 0, *, of: str, noun: str, **kwargs):
        self.of, self.noun = of, noun
        super().__init__(default_value, **kwargs)

    def validate(self, obj, value):
        """`value` as an int."""
        value, count = super().validate(obj, value), len(getattr(obj, self.of))
        if not 0 <= value < count:
            raise traitlets.TraitError(
                f"{self.name} is {value}; expected the index of a {self.noun}, 0 to {count - 1}"
            )
        return value


class Distribution(Numbers):
    """Probabilities that sum to 1, kept as a list."""

    info_text = "a list or one-dimensional array of probabilities that sum to 1"

    def validate(self, obj, value):
        """`value` as a list of floats."""
        values = super().validate(obj, value)
        try:
            return distribution(self.name, values).tolist()
        except ValueError as error:
            raise traitlets.TraitError(str(error)) from None


class Within(traitlets.Float):
    """A number from `low` to `high`; `low` itself is left out where `low_included` is False."""

    def __init__(self, default_value: float, *, low: float, high: float, low_included: bool = True, **kwargs):
        self.low, self.high, self.low_included = low, high, low_included
        super().__init__(default_value, **kwargs)

    def validate(self, obj, value):
        """`value` as a float."""
        value = float(super().validate(obj, value))
        above = value >= self.low if self.low_included else value > self.low
        if not (above and value <= self.high):  # NaN is neither
            least = "at least" if self.low_included else "more than"
            raise traitlets.TraitError(
                f"{self.name} is {value:g}; expected {least} {self.low:g} and at most {self.high:g}"
            )
        return value

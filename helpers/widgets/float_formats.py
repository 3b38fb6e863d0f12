"""Rounding to the float formats that networks compute in: what a number becomes when it is stored."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FloatFormat:
    """A binary floating-point format with subnormals, infinities and NaN.

    Args:
        name: as NumPy, PyTorch and TensorFlow call it.
        digits: binary digits of a number, the leading one included.
        least_exponent: the power of two from which on all digits are there; below it digits are lost one by
            one (subnormals), and then the number is 0.
        greatest_exponent: the power of two of the largest numbers.

    Source: IEEE 754-2019, table 3.5, for all but bfloat16, which is float32 without its last 16 bits.
    """

    name: str
    digits: int
    least_exponent: int
    greatest_exponent: int

    @property
    def largest(self) -> float:
        """The largest finite number."""
        return (2 - 2.0 ** (1 - self.digits)) * 2.0**self.greatest_exponent

    @property
    def smallest(self) -> float:
        """The smallest number above 0, a subnormal."""
        return 2.0 ** (self.least_exponent + 1 - self.digits)

    def round(self, x) -> np.ndarray:
        """`x` to the nearest number of the format, ties to even; ±inf where it is too large.

        Args:
            x: float64 of any shape; infinities, NaN and the sign of 0 are kept.

        Returns:
            float64 of the same shape, which the format can hold without loss.
        """
        x = np.asarray(x, dtype=np.float64)
        if self.digits == 53:  # float64 itself
            return x
        exponent = np.maximum(np.frexp(x)[1] - 1, self.least_exponent)
        spacing = np.ldexp(1.0, exponent + 1 - self.digits)
        with np.errstate(over="ignore"):
            nearest = np.rint(x / spacing) * spacing  # a power of two divides without rounding
        return np.where(np.abs(nearest) > self.largest, np.copysign(np.inf, x), nearest)


FORMATS = {
    one.name: one
    for one in (
        FloatFormat("float16", 11, -14, 15),
        FloatFormat("bfloat16", 8, -126, 127),
        FloatFormat("float32", 24, -126, 127),
        FloatFormat("float64", 53, -1022, 1023),
    )
}

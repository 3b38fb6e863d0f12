"""Numbers as the live figures write them: the formats of figure.js in Python, with plain minus signs."""

import math
from decimal import ROUND_HALF_UP, Context, Decimal


def round_half_up(x: float, place: int) -> Decimal:
    """`x` rounded at 10**`place`; what lies in the middle goes away from zero, as JavaScript has it."""
    context = Context(prec=400, rounding=ROUND_HALF_UP)
    return Decimal(float(x)).quantize(Decimal(1).scaleb(place), context=context)


def fixed(x: float, decimals: int, sign: str = "-") -> str:
    """A fixed count of decimals, and no sign on what rounds to zero; `sign` "+" shows a plus as well."""
    if math.isfinite(x):
        x = float(round_half_up(x, -decimals))
    return f"{x:{sign}z.{decimals}f}" if float(f"{x:.{decimals}f}") else f"{0:.{decimals}f}"


def signed(x: float, decimals: int) -> str:
    """The same with a plus sign."""
    return fixed(x, decimals, "+")


def size(x: float) -> str:
    """A size whose leading digits matter."""
    if x >= 999.5:
        return f"{x:,.0f}" if x < 1e9 else f"{x:.2e}".replace("e+0", "e+").replace("inf", "∞")
    return f"{x:.{0 if x >= 99.95 else 1 if x >= 9.995 else 2}f}"


def significant(x: float, digits: int = 3) -> str:
    """A number of any size by its leading digits."""
    if x == 0 or not math.isfinite(x):
        return str(x if x else 0).replace("inf", "∞").replace("nan", "NaN")
    x = float(round_half_up(x, Decimal(float(x)).adjusted() + 1 - digits))
    rounded = abs(x)
    if 1e-3 <= rounded < 10**digits:
        return f"{x:#.{digits}g}".removesuffix(".")
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    return f"{mantissa}e{int(exponent):+d}"


def loss_text(x: float) -> str:
    """A loss with three decimals, or the word for what is no number."""
    return fixed(x, 3) if math.isfinite(x) else significant(x)


def in_nats(x: float) -> str:
    """The same with its unit, which NaN has none of."""
    return "NaN" if math.isnan(x) else f"{loss_text(x)} nats"


def leading(x: float) -> str:
    """Three leading digits without zeros at the end, as log_scale.js has them."""
    rounded = float(f"{x:.3g}")
    if rounded and abs(rounded) < 1e-6:
        return f"{rounded!r}".replace("e-0", "e-")
    return f"{rounded:.9f}".rstrip("0").removesuffix(".")


def chance(p: float) -> str:
    """A probability: three leading digits, and two decimals at least."""
    two = f"{p:.2f}"
    return two if p and float(two) == float(f"{p:.3g}") else leading(p)


def plain(text: str) -> str:
    """A text of a page with minus signs as Python writes them, and one space between words."""
    return " ".join(text.replace("\u2212", "-").split())

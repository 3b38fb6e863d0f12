/* Sliders whose equal steps are equal factors: they hold exponents of ten, and give round numbers. */

/** The number with the fewest digits, three at most, that lies within half a step of 10 to the `exponent`. */
export function fromExponent(exponent, step) {
  const rounded = [1, 2, 3].map((digits) => Number((10 ** exponent).toPrecision(digits)));
  return rounded.find((x) => Math.abs(Math.log10(x) - exponent) < step / 2) ?? rounded.at(-1);
}

/** Three leading digits, without zeros at the end. */
export const leading = (x) => String(Number(x.toPrecision(3)));

/** A probability: three leading digits, and two decimals at least. */
export function chance(p) {
  const rounded = Number(p.toPrecision(3));
  return p === 0 ? "0" : Number(rounded.toFixed(2)) === rounded ? rounded.toFixed(2) : String(rounded);
}

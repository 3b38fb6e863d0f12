/* Rounding to the float formats that networks compute in, under the names of float_formats.py. tests/widgets holds
   the two to the same numbers. */

const format = (name, digits, leastExponent, greatestExponent) => ({
  ...{ name, digits, leastExponent },
  largest: (2 - 2 ** (1 - digits)) * 2 ** greatestExponent,
  smallest: 2 ** (leastExponent + 1 - digits),
});

export const FORMATS = {
  float16: format("float16", 11, -14, 15),
  bfloat16: format("bfloat16", 8, -126, 127),
  float32: format("float32", 24, -126, 127),
  float64: format("float64", 53, -1022, 1023),
};

const EVEN = 1.5 * 2 ** 52; // beside this a double keeps no fraction: adding it rounds to whole numbers, ties to even

/** x to the nearest number of the format, ties to even; infinite where it is too large, and 0 where too small. */
export function roundTo({ digits, leastExponent, largest }, x) {
  if (digits === 53 || x === 0 || !Number.isFinite(x)) return x;
  // Where log2 misses a power of two by a rounding, both spacings give that power of two.
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), leastExponent);
  const spacing = 2 ** (exponent + 1 - digits);
  const nearest = (x / spacing + EVEN - EVEN) * spacing;
  return Math.abs(nearest) > largest ? Math.sign(x) * Infinity : nearest || x * 0; // −0 for what was below 0
}

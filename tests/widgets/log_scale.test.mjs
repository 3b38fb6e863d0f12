// Round numbers on a logarithmic scale, and how probabilities are written.
import assert from "node:assert/strict";
import test from "node:test";

import { chance, fromExponent, leading } from "../../helpers/widgets/log_scale.js";

const STEP = 0.02;
const exponents = Array.from({ length: 251 }, (_, k) => Number((1 - k * STEP).toFixed(2)));

test("each step gives another number, within half a step of the exact one", () => {
  const numbers = exponents.map((exponent) => fromExponent(exponent, STEP));
  assert.equal(new Set(numbers).size, numbers.length);
  numbers.forEach((x, k) => assert.ok(Math.abs(Math.log10(x) - exponents[k]) < STEP / 2, `${x}`));
});
test("the numbers that a reader looks for are among them", () => {
  const numbers = exponents.map((exponent) => fromExponent(exponent, STEP));
  const wanted = [10, 5, 2, 1, 0.8, 0.5, 0.4, 0.25, 0.15, 0.1, 0.02, 0.01, 0.001, 0.0001];
  for (const x of wanted) assert.ok(numbers.includes(x), `${x}`);
});
test("a probability has two decimals at least and three leading digits at most", () => {
  const expected = { 0: "0", 0.4: "0.40", 1: "1.00", 0.02: "0.02", 0.0012: "0.0012", 0.33333: "0.333", 1e-9: "1e-9" };
  for (const [p, text] of Object.entries(expected)) assert.equal(chance(Number(p)), text);
  assert.equal(leading(10), "10");
  assert.equal(leading(2.4444), "2.44");
});

// Temperature and label smoothing against the Python helpers' numbers, in the file VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as temperature from "../../helpers/widgets/temperature.js";

const { temperatures } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));
const { atTemperature, bestTemperature, forecastEntropy, lossAgainst, smoothedTarget } = temperature;

function close(actual, expected, what, tolerance = 1e-12) {
  const off = Math.abs(actual - expected);
  assert.ok(off <= tolerance * (1 + Math.abs(expected)), `${what}: ${actual}, expected ${expected}`);
}

test("there is something to compare", () => assert.ok(temperatures.length >= 10));

for (const [number, s] of temperatures.entries()) {
  test(`state ${number}: target, loss, entropy and best temperature equal the helpers`, () => {
    const target = smoothedTarget(s.target, s.logits.length, s.label_smoothing);
    target.forEach((p, k) => close(p, s.smoothed[k], "target"));
    const scaled = atTemperature(s.logits, s.temperature);
    close(lossAgainst(scaled, target), s.loss, "loss");
    close(forecastEntropy(scaled), s.entropy, "entropy");
    close(bestTemperature(s.logits, target, 0.1, 10), s.best, "best temperature", 1e-6);
  });
}

test("equal logits leave the temperature at one", () => {
  assert.equal(bestTemperature([3, 3], [0.9, 0.1], 0.1, 10), 1);
});
test("a probability too small for a number still has a price", () => {
  assert.equal(lossAgainst([1000, 0], [0, 1]), 1000);
});

// Averages over tokens and batches against the Python helpers' numbers, in the file VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { meanOfMeans, meanOfPerplexities, runningMeans } from "../../helpers/widgets/averages.js";

const { averages } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

function close(actual, expected) {
  assert.equal(actual.length, expected.length);
  expected.forEach((e, k) => assert.ok(Math.abs(actual[k] - e) <= 1e-12 * (1 + e), `${actual[k]}, expected ${e}`));
}

test("there is something to compare", () => assert.ok(averages.length >= 10));

for (const [number, s] of averages.entries()) {
  test(`sentence ${number}: running means and batch averages equal the helpers`, () => {
    close(runningMeans(s.prices), s.running);
    close([meanOfMeans(s.prices, s.cut), meanOfPerplexities(s.prices, s.cut)], [s.of_means, s.of_perplexities]);
  });
}

test("one infinite price makes every average of the whole infinite", () => {
  assert.deepEqual(runningMeans([1, Infinity, 1]), [1, Infinity, Infinity]);
  assert.equal(meanOfMeans([1, Infinity, 1], 1), Infinity);
});

// Divergences, of distributions and of densities, against numbers that the Python helpers wrote to the file VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as gaussians from "../../helpers/widgets/gaussians.js";
import * as information from "../../helpers/widgets/information.js";

const { divergences, gaussianFits } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

function close(actual, expected, tolerance = 1e-12) {
  for (const [k, e] of expected.entries()) {
    if (e === null) assert.equal(actual[k], Infinity);
    else assert.ok(Math.abs(actual[k] - e) <= tolerance * (1 + Math.abs(e)), `${actual[k]}, expected ${e}`);
  }
}

test("there is something to compare", () => assert.ok(divergences.length >= 20 && gaussianFits.length >= 10));

for (const { p, q, numbers, terms } of divergences) {
  test(`p = ${p}, q = ${q}: entropy, divergence, cross-entropy and the terms equal the helpers`, () => {
    close([information.entropy(p), information.klDivergence(p, q), information.distributionCrossEntropy(p, q)], numbers);
    close(information.divergenceTerms(p, q), terms);
  });
}

for (const fit of gaussianFits) {
  const { mean, sd, weight, centres, width } = fit;
  test(`N(${mean}, ${sd}): both divergences equal the helpers, and so does the end of each descent`, () => {
    const logP = gaussians.logTwoHumpsOnGrid(weight, centres, width);
    const logQ = gaussians.logNormalOnGrid(mean, sd);
    close([gaussians.divergence(logP, logQ), gaussians.divergence(logQ, logP)], [fit.forward, fit.reverse], 1e-10);
    close(gaussians.momentsOfTwoHumps(weight, centres, width), fit.moments);
    for (const [direction, end] of Object.entries(fit.ends))
      close(gaussians.descend(direction, logP, mean, sd).at(-1), end, 1e-6);
  });
}

test("moved probabilities sum to 1, the others in their proportions, evenly if they have none", () => {
  close(information.withProbability([0.1, 0.2, 0.7], 0, 0.4), [0.4, 0.6 * (0.2 / 0.9), 0.6 * (0.7 / 0.9)]);
  close(information.withProbability([1, 0, 0], 0, 0.4), [0.4, 0.3, 0.3]);
});

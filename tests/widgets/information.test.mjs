// The measures of the live figures against numbers that the Python helpers wrote to the file VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import * as information from "../../helpers/widgets/information.js";

const { states, probabilities } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

function close(actual, expected, what) {
  const pairs = Array.isArray(expected) ? expected.map((e, k) => [actual[k], e]) : [[actual, expected]];
  assert.equal(actual.length, expected.length, what);
  for (const [a, e] of pairs) assert.ok(Math.abs(a - e) <= 1e-12 * (1 + Math.abs(e)), `${what}: ${a}, expected ${e}`);
}

test("there is something to compare", () => assert.ok(states.length >= 20 && probabilities.length >= 5));

for (const [number, s] of states.entries()) {
  test(`state ${number}: softmax, loss, gradient and step equal the helpers`, () => {
    close(information.logSoftmax(s.logits), s.log_softmax, "log softmax");
    close(information.softmax(s.logits), s.softmax, "softmax");
    close(information.crossEntropy(s.logits, s.target), s.loss, "loss");
    close(information.crossEntropyGradient(s.logits, s.target), s.gradient, "gradient");
    close(information.gradientStep(s.logits, s.target, s.learning_rate), s.stepped, "step");
  });
}

for (const { p, surprisal, bits, perplexity } of probabilities) {
  test(`p = ${p}: surprisal, bits and perplexity equal the helpers`, () => {
    close(information.surprisal(p), surprisal, "surprisal");
    close(information.natsToBits(surprisal), bits, "bits");
    close(information.perplexity(surprisal), perplexity, "perplexity");
  });
}

for (const [number, { logits, target }] of states.entries()) {
  test(`state ${number}: a class is given a share, and the others keep their proportions`, () => {
    for (const q of [0.005, 0.3, 0.995]) {
      const moved = information.withShare(logits, target, q);
      assert.ok(Math.abs(information.softmax(moved)[target] - q) < 1e-9);
      close(moved.toSpliced(target, 1), logits.toSpliced(target, 1), "logits of the others");
    }
  });
}

test("a certain outcome costs 0, without a sign", () => {
  assert.ok(Object.is(information.surprisal(1), 0));
  assert.ok(Object.is(information.crossEntropy([1000, 0], 0), 0));
});

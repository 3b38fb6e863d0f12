/* Softmax and its loss in a float format, under the names of rounded_softmax.py, every operation rounded to the
   format. tests/widgets holds the two to the same numbers. */
import { roundTo } from "./float_formats.js";

/** The exponentials, their sum, and the shares. */
function roundedSoftmax(exponents, r) {
  const exps = exponents.map((z) => r(Math.exp(z)));
  const total = exps.reduce((sum, one) => r(sum + one), 0);
  return { exponents, exps, total, probabilities: exps.map((one) => r(one / total)) };
}

/** What became of the target's share: what could not be computed, digits lost in subnormals, or "fine". */
function verdict({ exps, total, probabilities }, target, { leastExponent }) {
  if (exps[target] === Infinity) return "overflow: \u221e/\u221e";
  if (total === Infinity) return "overflow: divided by \u221e";
  if (total === 0) return "underflow: 0/0";
  if (probabilities[target] === 0) return "underflow: log 0";
  const normal = Math.min(exps[target], probabilities[target]) >= 2 ** leastExponent;
  return normal ? "fine" : "underflow: digits lost";
}

/** exp(z) / Σ exp(z) as it is typed, and −log of the target's share. */
export function naive(logits, target, format) {
  const r = (x) => roundTo(format, x);
  const stored = logits.map(r);
  const result = roundedSoftmax(stored, r);
  const loss = 0 - r(Math.log(result.probabilities[target]));
  return { logits: stored, ...result, loss, verdict: verdict(result, target, format) };
}

/** The same after the largest logit is subtracted: log Σ exp(z − m) − (z − m) of the target. */
export function stable(logits, target, format) {
  const r = (x) => roundTo(format, x);
  const stored = logits.map(r);
  const largest = Math.max(...stored);
  const exponents = stored.map((z) => r(z - largest));
  const result = roundedSoftmax(exponents, r);
  return { logits: stored, ...result, loss: r(r(Math.log(result.total)) - exponents[target]), verdict: "fine" };
}

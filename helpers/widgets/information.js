/* The measures that the live figures show, in nats, under the names and definitions of helpers.information and
   helpers.losses.reference. tests/widgets holds the two to the same numbers. */

/** Surprisal −log p of an outcome that had probability p; 0 − … so that a certain outcome costs 0, not −0. */
export const surprisal = (p) => 0 - Math.log(p);

export const natsToBits = (nats) => nats / Math.LN2;

/** exp(loss): the number of equally likely choices that would cost the same. */
export const perplexity = (nats) => Math.exp(nats);

/** Σ p · value, where an outcome that cannot happen adds 0 even to an infinity. */
export const expected = (p, values) => p.reduce((sum, pk, k) => sum + (pk > 0 ? pk * values[k] : 0), 0);

/** H(p) = −Σ p log p: what a world that follows p costs a forecaster who knows it. */
export const entropy = (p) => expected(p, p.map(surprisal));

/** H(p, q) = −Σ p log q: what the forecast q costs in the world p. */
export const distributionCrossEntropy = (p, q) => expected(p, q.map(surprisal));

/** p log(p/q) of each outcome: what KL(p‖q) is the sum of; negative where q is the larger. */
export const divergenceTerms = (p, q) => p.map((pk, k) => (pk > 0 ? pk * (Math.log(pk) - Math.log(q[k])) : 0));

/** KL(p‖q) = Σ p log(p/q): what the forecast q costs above the world's own price; never below 0, rounding included. */
export const klDivergence = (p, q) => Math.max(divergenceTerms(p, q).reduce((sum, term) => sum + term), 0);

/** A distribution whose entry k is now `value`; the others keep their proportions and share the rest. */
export function withProbability(p, k, value) {
  const rest = p.reduce((sum, pj, j) => sum + (j === k ? 0 : pj), 0);
  return p.map((pj, j) => (j === k ? value : rest > 0 ? (pj / rest) * (1 - value) : (1 - value) / (p.length - 1)));
}

/** log p of every class: logits minus their log-sum-exp, taken after the largest is subtracted. */
export function logSoftmax(logits) {
  const largest = Math.max(...logits);
  const logSumExp = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0));
  return logits.map((z) => z - largest - logSumExp);
}

export const softmax = (logits) => logSoftmax(logits).map(Math.exp);

/** The logits with that of class k moved until softmax gives it q, 0 < q < 1: the others keep their proportions. */
export function withShare(logits, k, q) {
  const others = logits.filter((_, j) => j !== k);
  const largest = Math.max(...others);
  const logSumExp = largest + Math.log(others.reduce((sum, z) => sum + Math.exp(z - largest), 0));
  return logits.map((z, j) => (j === k ? Math.log(q) - Math.log1p(-q) + logSumExp : z));
}

/** −log p of the target; 0 − … for the same reason as in surprisal. */
export const crossEntropy = (logits, target) => 0 - logSoftmax(logits)[target];

/** How the loss answers to each logit: softmax minus one-hot. */
export const crossEntropyGradient = (logits, target) => softmax(logits).map((p, k) => p - (k === target ? 1 : 0));

/** Gradient descent: each logit moves against its gradient. */
export function gradientStep(logits, target, learningRate) {
  const gradient = crossEntropyGradient(logits, target);
  return logits.map((z, k) => z - learningRate * gradient[k]);
}

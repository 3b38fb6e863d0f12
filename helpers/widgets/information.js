/* The measures that the live figures show, in nats, under the names and definitions of helpers.information and
   helpers.losses.reference. tests/widgets holds the two to the same numbers. */

/** Surprisal −log p of an outcome that had probability p; 0 − … so that a certain outcome costs 0, not −0. */
export const surprisal = (p) => 0 - Math.log(p);

export const natsToBits = (nats) => nats / Math.LN2;

/** exp(loss): the number of equally likely choices that would cost the same. */
export const perplexity = (nats) => Math.exp(nats);

/** log p of every class: logits minus their log-sum-exp, taken after the largest is subtracted. */
export function logSoftmax(logits) {
  const largest = Math.max(...logits);
  const logSumExp = Math.log(logits.reduce((sum, z) => sum + Math.exp(z - largest), 0));
  return logits.map((z) => z - largest - logSumExp);
}

export const softmax = (logits) => logSoftmax(logits).map(Math.exp);

/** −log p of the target; 0 − … for the same reason as in surprisal. */
export const crossEntropy = (logits, target) => 0 - logSoftmax(logits)[target];

/** How the loss answers to each logit: softmax minus one-hot. */
export const crossEntropyGradient = (logits, target) => softmax(logits).map((p, k) => p - (k === target ? 1 : 0));

/** Gradient descent: each logit moves against its gradient. */
export function gradientStep(logits, target, learningRate) {
  const gradient = crossEntropyGradient(logits, target);
  return logits.map((z, k) => z - learningRate * gradient[k]);
}

/* Temperature and label smoothing, under the definitions of helpers.losses.reference; amounts in nats. */
import { entropy, expected, logSoftmax, softmax } from "./information.js";

/** One-hot with a share epsilon spread evenly over all classes, the target's own included. */
export const smoothedTarget = (target, classes, epsilon) =>
  Array.from({ length: classes }, (_, k) => (1 - epsilon) * (k === target ? 1 : 0) + epsilon / classes);

export const atTemperature = (logits, temperature) => logits.map((z) => z / temperature);

/** −Σ p log softmax(logits), finite however small a probability is. */
export const lossAgainst = (logits, p) => expected(p, logSoftmax(logits).map((logQ) => 0 - logQ));

/** Entropy of softmax(logits): what the forecast itself expects to pay. */
export const forecastEntropy = (logits) => entropy(softmax(logits));

/** Whether all logits are one number, so that the temperature changes nothing. */
export const level = (logits) => Math.max(...logits) - Math.min(...logits) < 1e-9;

/** The temperature from `low` to `high` that costs least against the target p; 1 where the logits are level.

    In 1/T the loss is convex, with slope Σ q z − Σ p z: the best T is where forecast and target have the same mean
    logit, and otherwise the end that is nearer to it. */
export function bestTemperature(logits, p, low, high) {
  if (level(logits)) return 1;
  const lead = logits.map((z) => z - Math.max(...logits));
  const wanted = expected(p, lead);
  const tooCold = (temperature) => expected(softmax(atTemperature(lead, temperature)), lead) > wanted;
  if (!tooCold(low)) return low;
  if (tooCold(high)) return high;
  let [cold, hot] = [low, high];
  for (let k = 0; k < 60; k += 1) {
    const middle = Math.sqrt(cold * hot);
    if (tooCold(middle)) cold = middle;
    else hot = middle;
  }
  return Math.sqrt(cold * hot);
}

/* Binary cross-entropy as code in the wild computes it, under the names of binary_recipes.py, every operation rounded
   to the format at hand. tests/widgets holds the two to the same numbers. */
import { FORMATS, roundTo } from "./float_formats.js";

export const RECIPES = ["logit", "q", "clipped q", "q + epsilon"];

/** Probability 1 / (1 + exp(−z)) of a yes, computed in the format. */
export function sigmoid(z, format = FORMATS.float64) {
  const r = (x) => roundTo(format, x);
  return r(1 / r(1 + r(Math.exp(-r(z)))));
}

/** log(1 + exp(z)) − y z, with no exponent above 0: the loss in nats, exact. */
export const exactLoss = (z, y) => {
  const signed = y === 1 ? z : -z;
  return Math.max(-signed, 0) + Math.log1p(Math.exp(-Math.abs(z)));
};

/** σ(z) − y, without losing the digits of a q near 1. */
export const exactGradient = (z, y) => (y === 1 ? -sigmoid(-z) : sigmoid(z));

/** What the recipe makes of logit z and answer y (1 or 0): its loss in nats, and the derivative with respect to z. */
export function lossAndGradient(recipe, z, y, epsilon, format) {
  const r = (x) => roundTo(format, x);
  z = r(z);
  const q = sigmoid(z, format);
  if (recipe === "logit") return { loss: r(exactLoss(z, y)), gradient: r(q - y) };
  const rest = r(1 - q);
  epsilon = r(epsilon);
  let [yes, no, passes] = [q, rest, true];
  if (recipe === "clipped q") {
    const highest = r(1 - epsilon);
    yes = Math.min(Math.max(q, epsilon), highest);
    no = r(1 - yes);
    passes = q >= epsilon && q <= highest;
  } else if (recipe === "q + epsilon") {
    yes = r(q + epsilon);
    no = r(rest + epsilon);
  }
  const loss = 0 - r(y * r(Math.log(yes)) + (1 - y) * r(Math.log(no))); // one of the products is 0, or NaN
  const slope = r(r((1 - y) / no) - r(y / yes)); // with respect to q
  return { loss, gradient: r(r((passes ? slope : 0) * rest) * q) };
}

/** From which logit on, counted away from 0 in `steps` to one unit of logit and as far as `reach`, less than half of the
    push on an answer that is wrong arrives, or nothing but NaN; null where it always does. */
export function lostFrom(recipe, epsilon, format, { reach, steps }) {
  const arrives = (z, y) => {
    const { gradient } = lossAndGradient(recipe, z, y, epsilon, format);
    return Math.abs(gradient) >= Math.abs(exactGradient(z, y)) / 2;
  };
  const first = (side, y) => {
    for (let k = 1; k <= reach * steps; k += 1) if (!arrives((side * k) / steps, y)) return (side * k) / steps;
    return null;
  };
  return { yes: first(-1, 1), no: first(1, 0) };
}

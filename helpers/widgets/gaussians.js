/* Densities on a line, under the names and definitions of gaussians.py: the same grid and the same sums. Densities are
   kept as logarithms, since in the tails they would be rounded to 0. tests/widgets holds the two to the same numbers. */

const GRID_END = 40;
const GRID_STEP = 0.02;
export const GRID = Float64Array.from({ length: 4001 }, (_, i) => i * GRID_STEP - GRID_END);

export const MEANS = [-6, 6]; // where a fit may go
export const SDS = [0.3, 5];

const LONGEST_STEP = [1, 0.5]; // of the mean, and of log sd
const MOST_STEPS = 200;
const LEAST_GAIN = 1e-12; // nats; a step that gains less is the last
const ASIDE = 0.1; // how far to look beside a place where the descent stops: on a ridge it is lower there

export const within = (x, [low, high]) => Math.min(Math.max(x, low), high);

/** log of the density of a Gaussian at x. */
export const logNormal = (x, mean, sd) => -(((x - mean) / sd) ** 2) / 2 - Math.log(sd) - Math.log(2 * Math.PI) / 2;

/** log of the density, at x, of two Gaussians with sd `width`; weight is the share of the left one. */
export function logTwoHumps(x, weight, centres, width) {
  const left = Math.log(weight) + logNormal(x, centres[0], width);
  const right = Math.log1p(-weight) + logNormal(x, centres[1], width);
  return Math.max(left, right) + Math.log1p(Math.exp(-Math.abs(left - right)));
}

/** Mean and standard deviation of the two together. */
export function momentsOfTwoHumps(weight, centres, width) {
  const apart = centres[1] - centres[0];
  return [centres[1] - weight * apart, Math.sqrt(width ** 2 + weight * (1 - weight) * apart ** 2)];
}

/** Integral of value(i), i counting the points of the grid. */
function integral(value) {
  let sum = 0;
  for (let i = 0; i < GRID.length; i += 1) sum += value(i);
  return sum * GRID_STEP;
}

const onGrid = (f) => GRID.map((x) => f(x)); // six times as fast as Float64Array.from
export const logNormalOnGrid = (mean, sd) => onGrid((x) => logNormal(x, mean, sd));
export const logTwoHumpsOnGrid = (weight, centres, width) => onGrid((x) => logTwoHumps(x, weight, centres, width));

/** KL(p‖q), in nats, of two densities given as logarithms on the grid; never below 0, rounding included. */
export const divergence = (logP, logQ) => Math.max(integral((i) => Math.exp(logP[i]) * (logP[i] - logQ[i])), 0);

/** Slope of what has these values on the grid. */
function slopes(values) {
  const last = values.length - 1;
  const slope = Float64Array.from(values, (_, i) => (values[Math.min(i + 1, last)] - values[Math.max(i - 1, 0)]) / (2 * GRID_STEP));
  slope[0] = (4 * values[1] - 3 * values[0] - values[2]) / (2 * GRID_STEP);
  slope[last] = (3 * values[last] - 4 * values[last - 1] + values[last - 2]) / (2 * GRID_STEP);
  return slope;
}

/** Way of a Gaussian q down to a minimum of KL(p‖q), "forward", or of KL(q‖p), "reverse": a list of [mean, sd].
    Each step goes against the natural gradient; one that does not go down is halved until it does. */
export function descend(direction, logP, mean, sd) {
  const slope = slopes(logP);
  const path = [[mean, sd]];
  const cost = ([mean, sd]) => {
    const logQ = logNormalOnGrid(mean, sd);
    return direction === "forward" ? divergence(logP, logQ) : divergence(logQ, logP);
  };
  function wanted([mean, sd]) {
    if (direction === "forward") {
      const variance = integral((i) => Math.exp(logP[i]) * (GRID[i] - mean) ** 2);
      return [integral((i) => Math.exp(logP[i]) * (GRID[i] - mean)), (variance / sd ** 2 - 1) / 2];
    }
    const q = logNormalOnGrid(mean, sd).map(Math.exp);
    return [sd ** 2 * integral((i) => q[i] * slope[i]), (1 + integral((i) => q[i] * slope[i] * (GRID[i] - mean))) / 2];
  }
  const moved = ([mean, sd], step) => [within(mean + step[0], MEANS), within(sd * Math.exp(step[1]), SDS)];

  while (path.length <= MOST_STEPS) {
    const here = path.at(-1);
    const step = wanted(here).map((s, k) => within(s, [-LONGEST_STEP[k], LONGEST_STEP[k]]));
    const lower = (there) => cost(there) <= now - LEAST_GAIN;
    const now = cost(here);
    let size = 1;
    let there = moved(here, step);
    while (!lower(there) && size > 1e-3) {
      size /= 2;
      there = moved(here, step.map((s) => size * s));
    }
    if (!lower(there)) there = [-ASIDE, ASIDE].map((aside) => moved(here, [aside, 0])).find(lower);
    if (there === undefined) break;
    path.push(there);
  }
  return path;
}

/* Averages over the tokens of a text, whole or cut into two batches, under the definitions of helpers.metrics. */
import { perplexity } from "./information.js";

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean of the first token, of the first two, and so on to the mean of all. */
export function runningMeans(values) {
  let total = 0;
  return values.map((value, t) => (total += value) / (t + 1));
}

/** The two parts on either side of a cut after `cut` tokens; 0 leaves the text whole. */
export const batchesOf = (values, cut) => (cut > 0 ? [values.slice(0, cut), values.slice(cut)] : [values]);

/** The mean that gives each batch one vote, however many tokens it has. */
export const meanOfMeans = (values, cut) => mean(batchesOf(values, cut).map(mean));

/** The mean of the perplexities of the batches, from prices in nats. */
export const meanOfPerplexities = (prices, cut) => mean(batchesOf(prices, cut).map((batch) => perplexity(mean(batch))));

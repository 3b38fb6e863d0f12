/* The forward pass of helpers.models.pytorch.SimpleLanguageModel: one character in, a distribution of the next one out. */

const sigmoid = (x) => 1 / (1 + Math.exp(-x));

/** The model with these weights, which are those of readWeights in weights.js.

    A state is { h, c }, two vectors; start() makes one that has read nothing. */
export function lstm({ V, E, H, embedding, input, recurrent, bias, output, outputBias }) {
  // What an input adds to the gates depends on nothing but the character: a table of V rows spares that product.
  // The four gates of a unit stand side by side, in PyTorch's order: input, forget, cell, output.
  const fromInput = new Float32Array(V * 4 * H);
  for (let id = 0; id < V; id++)
    for (let gate = 0; gate < 4; gate++)
      for (let unit = 0; unit < H; unit++) {
        const row = gate * H + unit;
        let sum = bias[row];
        for (let e = 0; e < E; e++) sum += input[row * E + e] * embedding[id * E + e];
        fromInput[(id * H + unit) * 4 + gate] = sum;
      }
  const fromHidden = new Float32Array(4 * H * H);
  for (let gate = 0; gate < 4; gate++)
    for (let unit = 0; unit < H; unit++)
      for (let k = 0; k < H; k++) fromHidden[(unit * H + k) * 4 + gate] = recurrent[(gate * H + unit) * H + k];

  const before = new Float32Array(H);
  const logits = new Float64Array(V);
  return {
    V,
    start: () => ({ h: new Float32Array(H), c: new Float32Array(H) }),
    /** Reads one character; the state becomes the one after it. */
    read(id, { h, c }) {
      before.set(h);
      let [w, u] = [0, id * 4 * H];
      for (let unit = 0; unit < H; unit++, u += 4) {
        // Nearly all of the time is spent here: four sums, 4 H products.
        let [i, f, g, o] = [fromInput[u], fromInput[u + 1], fromInput[u + 2], fromInput[u + 3]];
        for (let k = 0; k < H; k++, w += 4) {
          const x = before[k];
          i += fromHidden[w] * x;
          f += fromHidden[w + 1] * x;
          g += fromHidden[w + 2] * x;
          o += fromHidden[w + 3] * x;
        }
        c[unit] = sigmoid(f) * c[unit] + sigmoid(i) * Math.tanh(g);
        h[unit] = sigmoid(o) * Math.tanh(c[unit]);
      }
    },
    /** Writes the log-probability of each character, in nats, into V places of an array, from `place` on. */
    predict({ h }, into, place) {
      let largest = -Infinity;
      for (let id = 0; id < V; id++) {
        let sum = outputBias[id];
        for (let k = 0; k < H; k++) sum += output[id * H + k] * h[k];
        logits[id] = sum;
        largest = Math.max(largest, sum);
      }
      let total = 0;
      for (let id = 0; id < V; id++) total += Math.exp(logits[id] - largest);
      const logSumExp = largest + Math.log(total);
      for (let id = 0; id < V; id++) into[place + id] = logits[id] - logSumExp;
    },
  };
}

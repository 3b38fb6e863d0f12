/* A text that is read as it is written: what has been read of it is kept, and an edit reads on from there. */

const EVERY = 16; // characters between two states that are kept: 2 kB each
const SOME = 4; // characters between two looks at the clock

/** Reads characters, given by their numbers, after the one numbered `first`, which begins a line. */
export function reading(model, first) {
  const { V } = model;
  let ids = [];
  let rows = new Float32Array(64 * V); // row t: log-probabilities after t characters
  let position = 0; // how many have been read
  const state = model.start();
  const kept = [];

  function note() {
    if ((position + 1) * V > rows.length) {
      const more = new Float32Array(2 * rows.length);
      more.set(rows);
      rows = more;
    }
    model.predict(state, rows, position * V);
    if (position % EVERY === 0) kept[position / EVERY] = { h: state.h.slice(), c: state.c.slice() };
  }
  model.read(first, state);
  note();

  return {
    /** How many characters have been read, of how many. */
    get done() {
      return position;
    },
    /** Takes another text; what it shares with the last one from the start on need not be read again: says how much. */
    take(next) {
      let same = 0;
      while (same < position && ids[same] === next[same]) same++;
      ids = next;
      if (same === position) return same;
      position = EVERY * Math.floor(same / EVERY);
      const { h, c } = kept[position / EVERY];
      state.h.set(h);
      state.c.set(c);
      return same;
    },
    /** Reads for so many milliseconds or to the end; says whether the end was reached. */
    advance(milliseconds) {
      const until = performance.now() + milliseconds;
      while (position < ids.length && (position % SOME !== 0 || performance.now() < until)) {
        model.read(ids[position], state);
        position += 1;
        note();
      }
      return position === ids.length;
    },
    /** The character at a place. */
    read: (t) => ids[t],
    /** Surprisal of the character at a place that has been read, in nats. */
    price: (t) => 0 - rows[t * V + ids[t]],
    /** Log-probabilities of what stands at a place, given all before it. */
    at: (t) => rows.subarray(t * V, (t + 1) * V),
  };
}

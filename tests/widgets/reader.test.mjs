// The reader of the reading lab against the one in Python: its file, its LSTM, what it reads, what it pays.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { lstm } from "../../helpers/widgets/lstm.js";
import { fold, piecesOf } from "../../helpers/widgets/reader_text.js";
import { reading } from "../../helpers/widgets/reading.js";
import { bytesOf, readWeights } from "../../helpers/widgets/weights.js";

const { file, alphabet, frequencies, parts, step, book, texts, likenesses } = JSON.parse(
  readFileSync(process.env.VECTORS, "utf8"),
).readers;

function close(actual, expected, what, tolerance) {
  assert.equal(actual.length, expected.length, what);
  expected.forEach((value, k) => {
    const off = Math.abs(actual[k] - value);
    assert.ok(off <= tolerance, `${what}, ${k}: ${actual[k]}, expected ${value}`);
  });
}

test("each part of a file is what Python reads in it", () => {
  const found = readWeights(bytesOf(file));
  assert.deepEqual(found.alphabet, alphabet);
  const names = { embedding: "embedding.weight", input: "lstm.weight_ih_l0", recurrent: "lstm.weight_hh_l0" };
  Object.assign(names, { output: "fc.weight", bias: "lstm.bias_ih_l0", outputBias: "fc.bias" });
  for (const [mine, its] of Object.entries(names)) close(found[mine], parts[its], its, 1e-7);
  close(found.frequencies, frequencies, "frequencies", 1e-7);
});

test("a file may begin anywhere in its buffer", () => {
  const bytes = bytesOf(file);
  const later = new Uint8Array(bytes.length + 3);
  later.set(bytes, 3);
  assert.deepEqual(readWeights(later.subarray(3)), readWeights(bytes));
});

for (const [what, change, complaint] of [
  ["of another kind", (bytes) => bytes.fill(71, 0, 4), /begins with “GGGG”; expected “xelm”/],
  ["of another version", (bytes) => bytes.fill(2, 4, 5), /version 2; expected 1/],
  ["with other weights", (bytes) => bytes.fill(8, 5, 6), /version 1/],
  ["that was cut", (bytes) => bytes.subarray(0, -1), /bytes; expected/],
  ["that is a stump", (bytes) => bytes.subarray(0, 9), /has 9 bytes; expected 14 and more/],
  ["that is empty", (bytes) => bytes.subarray(0, 0), /begins with “”/],
])
  test(`a file ${what} is refused`, () => assert.throws(() => readWeights(change(bytesOf(file))), complaint));

test("a step of the LSTM is that of PyTorch", () => {
  const machine = lstm(readWeights(bytesOf(file)));
  const state = { h: Float32Array.from(step.h), c: Float32Array.from(step.c) };
  machine.read(step.id, state);
  close(state.h, step.nextH, "h", 1e-5);
  close(state.c, step.nextC, "c", 1e-5);
  const row = new Float32Array(machine.V + 2);
  machine.predict(state, row, 1);
  close(row.subarray(1, -1), step.logProbs, "log-probabilities", 1e-5);
  assert.deepEqual([row[0], row.at(-1)], [0, 0]);
});

const weights = readWeights(bytesOf(book));
const machine = lstm(weights);
const ids = new Map(weights.alphabet.map((character, id) => [character, id]));
const idsOf = (text) => piecesOf(text, ids).flatMap((piece) => piece.ids);
const pricesOf = (pages) => Array.from({ length: pages.done }, (_, t) => pages.price(t));

for (const [number, { text, owners, surprisals }] of texts.entries())
  test(`text ${number} costs what PyTorch makes it cost`, () => {
    const pages = reading(machine, ids.get("\n"));
    pages.take(idsOf(text));
    assert.equal(pages.advance(Infinity), true);
    close(pricesOf(pages), surprisals, "price", 1e-3);
    assert.deepEqual(piecesOf(text, ids).flatMap((piece, k) => piece.ids.map(() => k)), owners);
  });

test("after each edit the prices are those of a text that is read at once", () => {
  const start = texts[4].text;
  const edits = [start, start.slice(0, -1), `${start}x`, `x${start}`, start.slice(0, 40), start.slice(0, 33) + start.slice(50)];
  const pages = reading(machine, ids.get("\n"));
  for (const text of [...edits, "", ...edits.toReversed()]) {
    pages.take(idsOf(text));
    pages.advance(Infinity);
    const anew = reading(machine, ids.get("\n"));
    anew.take(idsOf(text));
    anew.advance(Infinity);
    assert.deepEqual(pricesOf(pages), pricesOf(anew));
    assert.deepEqual([...pages.at(pages.done)], [...anew.at(anew.done)]);
  }
});

test("typing at the end reads what is new and nothing else", () => {
  let count = 0;
  const counting = { ...machine, read: (id, state) => (count++, machine.read(id, state)) };
  const pages = reading(counting, ids.get("\n"));
  const whole = idsOf(texts[4].text);
  pages.take(whole.slice(0, 200));
  pages.advance(Infinity);
  count = 0;
  assert.equal(pages.take(whole.slice(0, 201)), 200);
  pages.advance(Infinity);
  assert.equal(count, 1);
  count = 0;
  assert.equal(pages.take(whole.slice(0, 150)), 150);
  pages.advance(Infinity);
  assert.ok(count < 16, `${count}`);
});

test("with no time left it stops in the middle, and goes on from there", () => {
  const pages = reading(machine, ids.get("\n"));
  const whole = idsOf(texts[4].text);
  pages.take(whole);
  assert.equal(pages.advance(0), false);
  assert.ok(pages.done < 10);
  while (!pages.advance(1));
  close(pricesOf(pages), texts[4].surprisals, "price", 1e-3);
});

test("every character is read as Python reads it", () => {
  const known = new Set(weights.alphabet);
  const wrong = Object.entries(likenesses).filter(([one, read]) => fold(one, known) !== read);
  assert.deepEqual(wrong, []);
  assert.ok(Object.values(likenesses).filter((read) => read !== "").length > 500);
});

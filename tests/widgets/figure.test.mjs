// Numbers as text.
import assert from "node:assert/strict";
import test from "node:test";

import { fixed, inNats, lossText, signed, significant, size } from "../../helpers/widgets/figure.js";

test("a negative number has a true minus sign", () => assert.equal(fixed(-1.25, 1), "−1.3"));
test("what rounds to zero has no sign", () => {
  assert.equal(fixed(-0.0004, 3), "0.000");
  assert.equal(signed(-0.0004, 3), "0.000");
  assert.equal(signed(0.0004, 3), "0.000");
});
test("a signed number shows its plus", () => {
  assert.equal(signed(0.25, 3), "+0.250");
  assert.equal(signed(-0.25, 3), "−0.250");
});
test("a size keeps its leading digits", () => {
  const expected = { 1: "1.00", 2.304: "2.30", 9.99: "9.99", 9.996: "10.0", 52.44: "52.4", 99.96: "100", 3200.4: "3,200" };
  for (const [x, text] of Object.entries(expected)) assert.equal(size(Number(x)), text);
  assert.equal(size(2.5e9), "2.50e+9");
  assert.equal(size(Infinity), "∞");
});
test("a number of any size keeps its leading digits", () => {
  const expected = [[0, "0"], [-0, "0"], [-1, "−1.00"], [0.025, "0.0250"], [0.0009996, "0.00100"], [0.00099, "9.90e−4"],
    [4.2e-8, "4.20e−8"], [999.4, "999"], [999.6, "1.00e+3"], [65504, "6.55e+4"], [Infinity, "∞"], [-Infinity, "−∞"], [NaN, "NaN"]];
  for (const [x, text] of expected) assert.equal(significant(x), text);
});
test("a loss that is no number is a word", () => {
  assert.deepEqual([16.1181, Infinity, NaN].map(lossText), ["16.118", "∞", "NaN"]);
  assert.deepEqual([16.1181, Infinity, NaN].map(inNats), ["16.118 nats", "∞ nats", "NaN"]);
});

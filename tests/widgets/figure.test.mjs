// Numbers as text.
import assert from "node:assert/strict";
import test from "node:test";

import { fixed, signed, size } from "../../helpers/widgets/figure.js";

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

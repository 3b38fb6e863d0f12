// Numbers as people type them.
import assert from "node:assert/strict";
import test from "node:test";

import { readNumber } from "../../helpers/widgets/numerals.js";

const UNDERSTOOD = {
  "2.3": 2.3,
  " 2,3 ": 2.3,
  "-0.75": -0.75,
  "−0,75": -0.75,
  "+1": 1,
  ".5": 0.5,
  "2.": 2,
  "1e-3": 0.001,
  "3/4": 0.75,
  "1 / 8": 0.125,
  "75%": 0.75,
  "log 4": Math.log(4),
  "ln(10)": Math.log(10),
  "LOG(1/2)": Math.log(0.5),
  "exp(1.5)": Math.exp(1.5),
  "-log 0.1": Math.log(10),
  "−ln(1/4)": Math.log(4),
  "+log 4": Math.log(4),
  "10,000": 10000,
  "-1,000": -1000,
  "log 10,000": Math.log(10000),
  "1/10,000": 0.0001,
  "1,250,000": 1250000,
  "2,303": 2.303,
  "0,000": 0,
};
for (const [text, number] of Object.entries(UNDERSTOOD)) {
  test(`“${text}” is ${number}`, () => assert.ok(Math.abs(readNumber(text) - number) < 1e-12));
}
for (const text of ["", "two", "1.2.3", "1/0", "log 0", "log -1", "1//2", "Infinity", "2 3", "log", "%"]) {
  test(`“${text}” is no number`, () => assert.ok(Number.isNaN(readNumber(text))));
}

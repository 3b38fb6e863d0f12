// Rounding to float formats, and what is computed with it, against numbers that Python wrote to the file VECTORS.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { RECIPES, exactGradient, exactLoss, lossAndGradient } from "../../helpers/widgets/binary_recipes.js";
import { FORMATS, roundTo } from "../../helpers/widgets/float_formats.js";
import { naive, stable } from "../../helpers/widgets/rounded_softmax.js";

const { rounding, recipes, softmaxes } = JSON.parse(readFileSync(process.env.VECTORS, "utf8"));

/** Equal, or apart by the last digit that two libraries' exp and log may disagree on. */
function close(actual, expected, relative, what) {
  const e = Number(expected);
  assert.ok(Object.is(actual + 0, e + 0) || Math.abs(actual - e) <= relative * Math.abs(e), `${what}: ${actual}, expected ${e}`);
}

for (const [name, pairs] of Object.entries(rounding))
  test(`${name}: every number is rounded as NumPy and ml_dtypes round it`, () => {
    assert.ok(pairs.length > 400);
    for (const [x, expected] of pairs) {
      const rounded = roundTo(FORMATS[name], Number(x));
      assert.ok(Object.is(rounded, Number(expected)), `${x} → ${rounded}, expected ${expected}`);
    }
  });

test("every recipe of binary cross-entropy gives the helpers' loss and gradient", () => {
  assert.deepEqual([...new Set(recipes.map(({ recipe }) => recipe))], RECIPES);
  for (const { recipe, z, y, epsilon, precision, loss, gradient } of recipes) {
    const what = `${recipe} ${epsilon} in ${precision} at ${z}, ${y}`;
    const result = lossAndGradient(recipe, z, y, epsilon, FORMATS[precision]);
    const relative = precision === "float32" ? 2 ** -22 : 1e-9;
    close(result.loss, loss, relative, `loss of ${what}`);
    close(result.gradient, gradient, relative, `gradient of ${what}`);
  }
});

test("the exact loss and gradient are those computed from the logit, also where q is 1 to the last digit", () => {
  for (const { recipe, z, y, precision, loss } of recipes)
    if (recipe === "logit" && precision === "float64") close(exactLoss(z, y), loss, 1e-12, `exact loss at ${z}, ${y}`);
  close(exactGradient(40, 1), -Math.exp(-40), 1e-12, "gradient of a yes that is sure");
  close(exactGradient(-40, 0), Math.exp(-40), 1e-12, "gradient of a no that is sure");
});

for (const [name, way] of Object.entries({ naive, stable }))
  test(`the ${name} softmax gives the helpers' steps, loss and verdict`, () => {
    assert.ok(softmaxes.length >= 40);
    for (const one of softmaxes) {
      const result = way(one.logits, one.target, FORMATS[one.format]);
      const expected = one[name];
      const relative = 2 ** (2 - FORMATS[one.format].digits);
      assert.equal(result.verdict, expected.verdict);
      for (const key of ["exponents", "exps", "probabilities"])
        result[key].forEach((x, k) => close(x, expected[key][k], relative, `${key} ${k} in ${one.format}`));
      for (const key of ["total", "loss"]) close(result[key], expected[key], relative, `${key} in ${one.format}`);
    }
  });

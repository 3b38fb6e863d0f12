/* Logits that grow until exp leaves a float format, naively and with the largest subtracted, in three formats. */
import {
  announcer,
  assign,
  choice,
  element,
  figure,
  fixed,
  follow,
  inNats,
  labelledSlider,
  legend,
  lossText,
  radio,
  significant,
  svg,
} from "./figure.js";
import { FORMATS } from "./float_formats.js";
import { crossEntropy } from "./information.js";
import { followPointer, plot } from "./plot.js";
import { naive, stable } from "./rounded_softmax.js";
import { table } from "./table.js";

const SHOWN = ["float16", "bfloat16", "float32"];
const REACH = 120; // of scale and shift
const STEP = 0.5; // of both sliders
const X = { from: -130, to: 130, ticks: [-100, -50, 0, 50, 100], format: (z) => fixed(z, 0), title: "logit z" };
// The rungs, from the top: each format has one unit of height, named at its middle.
const Y = {
  ...{ from: 0, to: 3, ticks: [2.5, 1.5, 0.5], format: (y) => SHOWN[2.5 - y] },
  title: "where exp(z) fits, and the logits",
};
const RADIUS = 5;
const SUBSCRIPTS = "₁₂₃₄₅₆";

const short = (x) => String(Number(x.toPrecision(3))).replace("-", "\u2212");

/** Between which logits exp is neither 0 nor infinite. */
const limits = (format) => [Math.log(format.smallest / 2), Math.log(format.largest)];

/** One format's rung: its range, the logits as they come in the upper lane, minus the largest in the lower one. */
function rung(f, k, format, typed, cured) {
  const middle = f.y(2.5 - k);
  const quarter = (f.bottom - f.top) / 12;
  const [low, high] = limits(format).map(f.x);
  const at = (z) => f.x(Math.min(Math.max(z, X.from), X.to));
  const upper = typed.logits.map((z, i) => {
    const [x, y, R] = [at(z), middle - quarter, RADIUS];
    const fits = typed.exps[i] > 0 && typed.exps[i] < Infinity;
    if (fits) return f.dot(x, y, R, "xe-point xe-typed");
    return svg("path", { d: `M${x - R},${y - R} l${2 * R},${2 * R} m0,${-2 * R} l${-2 * R},${2 * R}`, class: "xe-cross" });
  });
  const lower = cured.exponents.map((z) => f.diamond(at(z), middle + quarter, RADIUS + 1, "xe-point xe-cured"));
  return [f.rect(low, middle - 2 * quarter + 2, high - low, 4 * quarter - 4, "xe-range"), ...upper, ...lower];
}

function render({ model, el }) {
  const base = model.get("base");
  const names = base.map((_, k) => `z${SUBSCRIPTS[k]}`);
  const leader = base.reduce((best, b, k) => (Math.abs(b) > Math.abs(base[best]) ? k : best), 0);

  /** The state, and all that follows from it: made once for each change. */
  function computed() {
    const { scale, shift, target, precision } = Object.fromEntries(
      ["scale", "shift", "target", "precision"].map((name) => [name, model.get(name)]),
    );
    const logits = base.map((b) => scale * b + shift);
    const exact = crossEntropy(logits, target);
    const formats = SHOWN.map((name) => {
      const format = FORMATS[name];
      const [typed, cured] = [naive(logits, target, format), stable(logits, target, format)];
      return { name, format, typed, cured, stored: crossEntropy(cured.logits, target) - exact };
    });
    return { scale, shift, target, precision, exact, formats };
  }
  let now = computed();

  const ladder = plot({
    ...{ x: X, y: Y, margin: { left: 66, right: 12, top: 30, bottom: 44 } },
    draw: (f) => [
      f.line(f.left, f.bottom, f.right, f.bottom, "xe-axis"),
      f.line(f.x(0), f.top, f.x(0), f.bottom, "xe-zero"),
      ...now.formats.flatMap(({ format, typed, cured }, k) => rung(f, k, format, typed, cured)),
    ],
  });
  const scale = labelledSlider("scale", { min: 0, max: REACH, step: STEP }, (value) => assign(model, { scale: value }));
  const shift = labelledSlider("shift", { min: -REACH, max: REACH, step: STEP }, (value) => assign(model, { shift: value }));
  const formula = element("p", { className: "xe-formula" });
  const outcomes = table(
    "losses in three formats",
    ["", ...SHOWN],
    [
      ...["exp(z) fits up to z =", "exp(z) is 0 below z =", "loss as typed (nats)", "what went wrong"],
      ...["stable loss (nats)", "its error (nats)", "of it, from storing z"],
    ],
  );
  const precision = choice("look inside", SHOWN, (name) => assign(model, { precision: name }));
  const targets = names.map((name, k) => {
    const input = radio({ name: "target", "aria-label": `target: ${name}` });
    input.addEventListener("change", () => assign(model, { target: k }));
    return input;
  });
  const steps = table(
    "softmax, step by step",
    ["target", "z stored", "exp(z)", "q as typed", "q stable"],
    names.map((name, k) => [element("label", { className: "xe-target-choice" }, targets[k], element("span", {}, name))]),
  );
  const key = legend(
    ["xe-key-range", "exp(z) fits in the format"],
    ["xe-key-typed", "logits as they are"],
    ["xe-key-cross", "exp(z) is ∞ or 0"],
    ["xe-key-cured", "logits minus the largest"],
  );
  const root = figure(
    "Softmax in three float formats",
    ...[ladder.node, key, scale.node, shift.node, formula, outcomes.node, precision.node, steps.node],
  );
  root.classList.add("xe-softmax-overflow");
  const announcement = announcer(root);

  function update() {
    now = computed();
    const { target, exact } = now;
    const warn = (text, wrong) => [text, wrong ? "xe-warning" : ""];
    const z = base.map((b) => now.scale * b + now.shift);
    const range = `logits from ${fixed(Math.min(...z), 1)} to ${fixed(Math.max(...z), 1)}`;
    scale.show(now.scale, fixed(now.scale, 1), `${fixed(now.scale, 1)}: ${range}`);
    shift.show(now.shift, fixed(now.shift, 1), `${fixed(now.shift, 1)}: ${range}`);
    const [sign, amount] = [now.shift < 0 ? "\u2212" : "+", fixed(Math.abs(now.shift), 1)];
    const sum = `${fixed(now.scale, 1)} \u00b7 (${base.map(short).join(", ")}) ${sign} ${amount}`;
    formula.textContent = `z = ${sum}. The target is ${names[target]}, and its exact loss ${inNats(exact)}.`;
    outcomes.show([
      now.formats.map(({ format }) => fixed(limits(format)[1], 2)),
      now.formats.map(({ format }) => fixed(limits(format)[0], 2)),
      now.formats.map(({ typed }) => warn(lossText(typed.loss), !Number.isFinite(typed.loss))),
      now.formats.map(({ typed }) => (typed.verdict === "fine" ? "nothing" : warn(typed.verdict, true))),
      now.formats.map(({ cured }) => lossText(cured.loss)),
      now.formats.map(({ cured }) => significant(cured.loss - exact)),
      now.formats.map(({ stored }) => significant(stored)),
    ]);
    precision.show(now.precision);
    const inside = now.formats.find(({ name }) => name === now.precision);
    const { typed, cured } = inside;
    targets.forEach((input, k) => {
      input.checked = k === target;
    });
    const lost = (x) => warn(significant(x), !(x > 0 && x < Infinity));
    steps.show(
      names.map((_, k) => [
        ...[significant(typed.logits[k], 4), lost(typed.exps[k]), lost(typed.probabilities[k])],
        significant(cured.probabilities[k]),
      ]),
    );
    const told = now.formats.map(
      ({ name, typed, cured }) =>
        `${name}: as typed ${inNats(typed.loss)}, ${typed.verdict}; stable ${inNats(cured.loss)}`,
    );
    ladder.describe(
      "For each format a bar over the logits whose exponential fits, up to " +
        `${fixed(limits(FORMATS.float16)[1], 2)} in float16 and ${fixed(limits(FORMATS.float32)[1], 2)} in bfloat16 ` +
        `and float32; ${range}, minus the largest ` +
        `from ${fixed(Math.min(...z) - Math.max(...z), 1)} to 0. ${told.join(". ")}.`,
    );
    announcement.say(told.join(". "));
    ladder.redraw();
  }

  // Dragging pulls the largest logit along; where all are 0 there is none to pull.
  if (base[leader] !== 0)
    followPointer(ladder, X, Y, (z) => {
      const wanted = Math.round((z - model.get("shift")) / base[leader] / STEP) * STEP;
      assign(model, { scale: Math.min(Math.max(wanted, 0), REACH) });
    });

  el.append(root);
  const stopFollowing = follow(model, ["scale", "shift", "target", "precision"], update);
  return () => {
    stopFollowing();
    ladder.stop();
    announcement.stop();
  };
}

export default { render };

/* A forecast at some temperature against a smoothed target: the loss, what it is made of, and the best temperature. */
import {
  announcer, asLength, assign, button, element, figure, fixed, follow, inNats, labelledSlider, legend, radio, readout,
} from "./figure.js";
import { entropy, softmax } from "./information.js";
import { chance, fromExponent, leading } from "./log_scale.js";
import { followPointer, linspace, plot } from "./plot.js";
import { atTemperature, bestTemperature, forecastEntropy, level, lossAgainst, smoothedTarget } from "./temperature.js";

const [COLDEST, HOTTEST] = [0.1, 10];
const STEP = 0.02; // of the temperature's slider, in powers of ten
const EXPONENTS = linspace(-1, 1, 100);
const TEMPERATURES = EXPONENTS.map((exponent) => 10 ** exponent); // that the curves are drawn through
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10].map(Math.log10);
const RADIUS = 7;
const LABEL = 84; // the room of the label beside the point, in pixels

/** A logit with one decimal, or two where it has them. */
const score = (z) => fixed(z, Number(z.toFixed(1)) === z ? 1 : 2);

/** One word: whether it came, its logit, its two forecasts as bars, and its share of the target as a mark. */
function wordRow(word, onTarget) {
  const target = radio({ name: "target" });
  target.setAttribute("aria-label", `target: ${word}`);
  target.addEventListener("change", onTarget);
  const logit = element("span", { className: "xe-blend-logit" });
  const [now, atOne, wanted] = ["xe-blend-now", "xe-blend-at-one", "xe-blend-target"].map((className) =>
    element("span", { className }),
  );
  const numbers = [0, 1, 2].map(() => element("span", { className: "xe-number" }));
  const name = element("span", {}, element("span", { className: "xe-blend-name" }, word), logit);
  return {
    node: element(
      "div",
      { className: "xe-blend-row" },
      element("label", { className: "xe-blend-word" }, target, name),
      element("span", { className: "xe-blend-track", "aria-hidden": "true" }, now, atOne, wanted),
      ...numbers,
    ),
    show(z, one, q, p, isTarget) {
      target.checked = isTarget;
      logit.textContent = `z = ${score(z)}`;
      now.style.width = asLength(q);
      atOne.style.width = asLength(one);
      wanted.style.left = asLength(p);
      [one, q, p].forEach((value, k) => (numbers[k].textContent = fixed(value, 3)));
    },
  };
}

/** The part of a curve, given at TEMPERATURES, that lies below the top of the plot; it ends at the top. */
function below(values, top) {
  const points = [];
  values.forEach((value, i) => {
    const before = values[i - 1];
    if (i > 0 && before > top !== value > top) {
      const part = (top - before) / (value - before);
      points.push([EXPONENTS[i - 1] + part * (EXPONENTS[i] - EXPONENTS[i - 1]), top]);
    }
    if (value <= top) points.push([EXPONENTS[i], value]);
  });
  return points;
}

/** The curves over the temperature, the lines of floor and even guess, and the point with its two parts. */
function draw(f, { logits, target, temperature, best, floor, evenly, top }) {
  const lossAt = (T) => lossAgainst(atTemperature(logits, T), target);
  const loss = lossAt(temperature);
  const above = loss > top;
  const [px, py] = [f.x(Math.log10(temperature)), f.y(Math.min(loss, top))];
  const [bx, by] = [f.x(Math.log10(best)), f.y(lossAt(best))];
  const entropies = TEMPERATURES.map((T) => forecastEntropy(atTemperature(logits, T)));
  // Where the loss rises to the right the plot is empty below it, and where it falls, above.
  const flipped = px + 12 + LABEL > f.right;
  const under = temperature > best && !flipped && py + 30 < f.bottom;
  return [
    f.line(f.left, f.y(evenly), f.right, f.y(evenly), "xe-even"),
    f.line(f.left, f.y(floor), f.right, f.y(floor), "xe-floor"),
    f.curve(below(entropies, top), "xe-own-entropy"),
    f.curve(below(TEMPERATURES.map(lossAt), top), "xe-curve"),
    f.line(px, f.bottom, px, f.y(Math.min(floor, top)), "xe-part-floor"),
    f.line(px, f.y(Math.min(floor, top)), px, py, "xe-part-excess"),
    ...(level(logits) || lossAt(best) > top ? [] : [f.diamond(bx, by, RADIUS, "xe-best")]),
    above
      ? f.arrowhead(px, py - RADIUS, RADIUS, "xe-point")
      : f.dot(px, py, RADIUS, "xe-point"),
    f.text(
      inNats(loss),
      flipped ? px - 12 : px + 12,
      under ? py + 22 : Math.max(py - 12, f.top + 16),
      flipped ? "end" : "start",
      "xe-value",
    ),
  ];
}

/** Whether the forecast is surer than its own losses bear out; by the slope of the loss, T then helps upwards. */
function verdictOf(loss, own, isLevel) {
  if (isLevel) return "All logits are equal: every temperature gives the even guess.";
  const expects = `the forecast expects to pay ${inNats(own)}, its entropy, and`;
  if (Math.abs(loss - own) < 5e-4) return `In balance: ${expects} that is what it pays.`;
  return own < loss
    ? `Too sure: ${expects} pays ${inNats(loss)}. A higher temperature would cost less.`
    : `Not sure enough: ${expects} pays ${inNats(loss)}. A lower temperature would cost less.`;
}

function render({ model, el }) {
  const words = model.get("words");
  const evenly = Math.log(words.length);
  const top = Math.max(2, Math.round(2.2 * evenly)); // of the plot, in nats
  const now = () => {
    const [logits, temperature] = [model.get("logits"), model.get("temperature")];
    const target = smoothedTarget(model.get("target"), words.length, model.get("label_smoothing"));
    const best = bestTemperature(logits, target, COLDEST, HOTTEST);
    return { logits, temperature, target, best, floor: entropy(target), evenly, top };
  };

  const heading = element("div", { className: "xe-blend-row xe-blend-heading", "aria-hidden": "true" });
  for (const title of ["target", "", "q at 1", "q at T", "p"]) heading.append(element("span", {}, title));
  const rows = words.map((word, k) => wordRow(word, () => assign(model, { target: k })));
  const rowKeys = legend(
    ["xe-key-now", "forecast q at T"],
    ["xe-key-at-one", "forecast q at T = 1"],
    ["xe-key-target", "target p"],
  );

  const setTemperature = (exponent) => {
    const onStep = Math.round(exponent / STEP) * STEP;
    assign(model, { temperature: fromExponent(onStep, STEP) });
  };
  const heat = labelledSlider("temperature T", { min: -1, max: 1, step: STEP }, setTemperature);
  const smoothing = labelledSlider("label smoothing ε", { min: 0, max: 1, step: 0.01 }, (epsilon) =>
    assign(model, { label_smoothing: epsilon }),
  );

  const step = top > 2 ? 1 : 0.5;
  const yTicks = linspace(0, top, Math.round(top / step));
  const xAxis = {
    ...{ from: -1, to: 1, ticks: TICKS, title: "one-hot ← temperature T → uniform" },
    format: (exponent) => leading(10 ** exponent),
  };
  const yAxis = { from: 0, to: top, ticks: yTicks, title: "loss (nats)", format: (x) => fixed(x, step < 1 ? 1 : 0) };
  const chart = plot({ x: xAxis, y: yAxis, draw: (f) => draw(f, now()) });
  const plotKeys = legend(
    ["xe-key-loss", "loss at each T"],
    ["xe-key-own", "entropy of the forecast"],
    ["xe-key-floor", "floor: entropy of the target"],
    ["xe-key-even", `even guess: log ${words.length} = ${fixed(evenly, 3)}`],
    ["xe-key-best", "best T"],
  );

  const values = readout(
    ...["loss −Σ p log q", "= floor H(p)", "+ excess KL(p‖q)", "entropy H(q)", "best temperature"],
  );
  const verdict = element("p", { className: "xe-blend-verdict" });
  const toBest = button("Best temperature", () => assign(model, { temperature: now().best }));
  const reset = button("Reset", () => assign(model, model.get("start")));

  const root = figure(
    "Temperature and label smoothing",
    element("div", {}, heading, ...rows.map(({ node }) => node)),
    rowKeys,
    heat.node,
    smoothing.node,
    chart.node,
    plotKeys,
    values.node,
    verdict,
    element("div", { className: "xe-buttons" }, toBest, reset),
  );
  root.classList.add("xe-temperature-smoothing");
  const announcement = announcer(root);

  function update() {
    const { logits, temperature, target, best, floor } = now();
    const scaled = atTemperature(logits, temperature);
    const [q, one] = [softmax(scaled), softmax(logits)];
    const loss = lossAgainst(scaled, target);
    const own = forecastEntropy(scaled);
    const [epsilon, T] = [chance(model.get("label_smoothing")), leading(temperature)];
    const isLevel = level(logits);
    const colder = best <= COLDEST ? `${leading(best)} or less` : leading(best);
    const bestText = isLevel ? "any" : best >= HOTTEST ? `${leading(best)} or more` : colder;
    rows.forEach((row, k) => row.show(logits[k], one[k], q[k], target[k], k === model.get("target")));
    heat.show(Math.log10(temperature), T, `${T}: loss ${inNats(loss)}`);
    smoothing.show(model.get("label_smoothing"), epsilon, `${epsilon}: floor ${inNats(floor)}, loss ${inNats(loss)}`);
    values.show([inNats(loss), inNats(floor), inNats(Math.max(loss - floor, 0)), inNats(own), bestText]);
    verdict.textContent = verdictOf(loss, own, isLevel);
    chart.describe(
      `Loss against temperature; the point at T = ${T}: loss ${inNats(loss)}, of which ${inNats(floor)} is the ` +
        `floor. Best temperature: ${bestText}. The entropy of the forecast is ${inNats(own)} at the point.`,
    );
    announcement.say(`temperature ${T}, loss ${inNats(loss)}, floor ${inNats(floor)}. ${verdict.textContent}`);
    chart.redraw();
  }
  followPointer(chart, xAxis, yAxis, setTemperature);

  el.append(root);
  const stopFollowing = follow(model, ["logits", "target", "temperature", "label_smoothing"], update);
  return () => {
    stopFollowing();
    chart.stop();
    announcement.stop();
  };
}

export default { render };

/* Two distributions over the same outcomes. Each can be the world and the other the forecast: both ways at once. */
import { announcer, assign, button, element, figure, fixed, follow, inNats, legend, lossText, readout, signed, slider, svg } from "./figure.js";
import { distributionCrossEntropy, divergenceTerms, entropy, klDivergence, natsToBits, surprisal, withProbability } from "./information.js";
import { plot } from "./plot.js";

const STEP = 0.01; // of the sliders
const GAP = 7; // between the lines of a hatch, in pixels
const HEAD = 7; // half the width of an arrowhead, in pixels
const [BAR_FROM, BAR_TO, X_TO] = [1.12, 1.32, 1.36]; // the columns end at 1; beside them stands their mean
const CHARACTER = 6; // the width of one, in pixels

const termText = (x) => (x === Infinity ? "∞" : signed(x, 3));
const inBoth = (x) => [inNats(x), `${lossText(natsToBits(x))} bits`];

/** Moves one probability of a distribution; during one drag the others keep the proportions that they had at its start. */
function mover(model, name, inputs) {
  let before, after;
  const begin = () => (after = undefined);
  inputs.forEach((input, k) => {
    input.addEventListener("pointerdown", begin);
    input.addEventListener("keydown", begin);
    input.addEventListener("input", () => {
      if (after === undefined || model.get(name) !== after) before = model.get(name);
      after = withProbability(before, k, Number(input.value));
      assign(model, { [name]: after });
    });
  });
}

/** A slider whose bar is the probability, between its letter and its number. */
function share(letter, outcome) {
  const input = slider({ min: 0, max: 1, step: STEP, "aria-label": `${letter} of ${outcome}` });
  const bar = element("span", { className: "xe-fill" });
  const number = element("span", { className: "xe-number" });
  const node = element(
    "span",
    { className: `xe-share xe-of-${letter}` },
    element("span", { className: "xe-letter", "aria-hidden": "true" }, letter),
    element("span", { className: "xe-lane" }, bar, input),
    number,
  );
  return {
    node,
    input,
    show(probability, meaning) {
      input.value = probability;
      input.setAttribute("aria-valuetext", `${fixed(probability, 3)}: ${meaning}`);
      bar.style.setProperty("--xe-part", probability);
      number.textContent = fixed(probability, 3);
    },
  };
}

/** A cell with a number, and its name for where the table has no headings. */
function cell(name) {
  const number = element("span", { className: "xe-number" });
  const node = element("span", { className: "xe-term" }, element("span", { className: "xe-cell-name" }, name), number);
  return { node, number };
}

/** One outcome: its two sliders and what it adds to the two divergences. */
function row(outcome) {
  const [p, q] = [share("p", outcome), share("q", outcome)];
  const [term, reverse] = [cell("p log(p/q)"), cell("q log(q/p)")];
  const name = element("span", { className: "xe-outcome" }, outcome);
  return {
    p,
    q,
    node: element("div", { className: "xe-pair" }, name, p.node, q.node, term.node, reverse.node),
    show(pNow, qNow, termNow, reverseNow) {
      p.show(pNow, `adds ${termText(termNow)} to KL(p‖q), ${termText(reverseNow)} to KL(q‖p)`);
      q.show(qNow, `adds ${termText(termNow)} to KL(p‖q), ${termText(reverseNow)} to KL(q‖p)`);
      term.number.textContent = termText(termNow);
      reverse.number.textContent = termText(reverseNow);
    },
  };
}

/** Lines across a rectangle, as the path of an SVG: rising like / or falling like \. */
function hatch(left, top, right, bottom, rising) {
  let path = "";
  const [first, last] = rising ? [left + top, right + bottom] : [left - bottom, right - top];
  for (let c = Math.ceil(first / GAP) * GAP; c < last; c += GAP) {
    const from = Math.max(left, rising ? c - bottom : c + top);
    const to = Math.min(right, rising ? c - top : c + bottom);
    const y = (x) => (rising ? c - x : x - c).toFixed(1);
    path += `M${from.toFixed(1)},${y(from)}L${to.toFixed(1)},${y(to)}`;
  }
  return path;
}

/** The end of the price axis, in nats: the least of a few that holds every finite price which is paid. */
function ceiling(p, q) {
  const prices = [p, q].flatMap((world) => [p, q].flatMap((said) => said.map((x, k) => (world[k] > 0 ? surprisal(x) : 0))));
  const highest = Math.max(...prices.filter(Number.isFinite));
  const room = prices.includes(Infinity) ? 1.5 : 1; // what has no end rises well above what has one
  return [2.5, 5, 10, 25, 50, 100, 250, 500].find((top) => top >= room * highest) ?? 1250;
}

const priceAxis = (top) => ({ from: 0, to: top, ticks: [0, 1, 2, 3, 4, 5].map((fifth) => (fifth * top) / 5), title: "price −log (nats)" });

/** Columns of the outcomes, each as wide as it is frequent in the world, with both prices, and beside them the means. */
function columns(f, outcomes, world, forecast, of) {
  const marks = [];
  let [solid, dashed, dearer, cheaper] = ["", "", "", ""];
  const arrowhead = (x) => f.arrowhead(x, f.top - 2, HEAD, "xe-beyond");
  const excess = (left, right, low, high) => {
    marks.push(f.rect(left, high, right - left, low - high, "xe-dearer"));
    dearer += hatch(left, high, right, low, true);
  };
  let from = 0;
  outcomes.forEach((outcome, k) => {
    if (world[k] === 0) return; // it never happens: no width, no price
    const [left, right] = [f.x(from), f.x(from + world[k])];
    from += world[k];
    const own = f.y(surprisal(world[k]));
    const said = forecast[k] > 0 ? f.y(surprisal(forecast[k])) : f.top;
    marks.push(f.rect(left, own, right - left, f.bottom - own, `xe-price xe-of-${of.world}`));
    if (said < own) excess(left, right, own, said);
    else cheaper += hatch(left, own, right, said, false);
    solid += `M${left},${own}H${right}`;
    if (forecast[k] > 0) dashed += `M${left},${said}H${right}`;
    else marks.push(arrowhead((left + right) / 2));
    marks.push(f.line(left, f.bottom, left, Math.min(own, said), "xe-grid"));
    if (right - left > CHARACTER * outcome.length) marks.push(f.text(outcome, (left + right) / 2, f.bottom + 17, "middle"));
  });
  const [left, right, middle] = [f.x(BAR_FROM), f.x(BAR_TO), (f.x(BAR_FROM) + f.x(BAR_TO)) / 2];
  const total = distributionCrossEntropy(world, forecast);
  const floor = f.y(entropy(world));
  const end = total < Infinity ? f.y(total) : f.top;
  marks.push(f.rect(left, floor, right - left, f.bottom - floor, `xe-price xe-mean xe-of-${of.world}`));
  excess(left, right, floor, end);
  if (total === Infinity) marks.push(arrowhead(middle));
  return [
    ...marks,
    svg("path", { d: cheaper, class: "xe-hatch-cheaper" }),
    svg("path", { d: dearer, class: "xe-hatch-dearer" }),
    svg("path", { d: solid, class: `xe-step xe-of-${of.world}` }),
    svg("path", { d: dashed, class: `xe-step xe-dashed xe-of-${of.forecast}` }),
    f.line(f.left, f.bottom, f.x(1), f.bottom, "xe-axis"),
    f.text("mean", middle, f.bottom + 17, "middle"),
    f.text(lossText(total), middle, Math.max(end - 7, f.top - 8), "middle", "xe-value"),
  ];
}

/** One way round: picture, key and the sum H + KL = cross-entropy. */
function direction(of, outcomes, state) {
  const { world, forecast } = of;
  const picture = plot({
    x: { from: 0, to: X_TO, ticks: [], title: `outcomes, each as wide as ${world}` },
    y: () => priceAxis(ceiling(state().p, state().q)),
    margin: { left: 40, right: 0, top: 36, bottom: 42 },
    draw: (f) => columns(f, outcomes, state()[world], state()[forecast], of),
  });
  const names = [`H(${world})`, `+ KL(${world}‖${forecast})`, `= H(${world}, ${forecast})`];
  const sum = readout(...names);
  const key = legend([`xe-key-line xe-of-${world}`, `−log ${world}`], [`xe-key-line xe-dashed xe-of-${forecast}`, `−log ${forecast}`]);
  const heading = element("p", { className: "xe-way" }, `World ${world}, forecast ${forecast}`);
  return {
    node: element("div", { className: "xe-direction" }, heading, key, picture.node, sum.node),
    stop: picture.stop,
    show(h, kl, ce) {
      sum.show([h, kl, ce].map(inBoth));
      picture.describe(
        `Columns of the outcomes, each as wide as its probability in the world ${world} and as high as its price. ` +
          `Their mean under ${world} itself, H(${world}), is ${inNats(h)}; the forecast ${forecast} adds ` +
          `KL(${world}‖${forecast}), ${inNats(kl)}, and pays H(${world}, ${forecast}), ${inNats(ce)}.`,
      );
      picture.redraw();
    },
  };
}

/** What the two divergences mean in this state, in a sentence. */
function verdict(outcomes, p, q, forward, backward) {
  const ruledOut = (world, forecast) => outcomes.filter((_, k) => world[k] > 0 && forecast[k] === 0).join(" and ");
  const infinite = [
    forward === Infinity && `q rules out ${ruledOut(p, q)}, which p allows: KL(p‖q) is infinite.`,
    backward === Infinity && `p rules out ${ruledOut(q, p)}, which q allows: KL(q‖p) is infinite.`,
  ].filter(Boolean);
  if (infinite.length) {
    const other = forward < Infinity ? `KL(p‖q) is ${lossText(forward)} nats.` : backward < Infinity ? `KL(q‖p) is ${lossText(backward)} nats.` : "";
    return [...infinite, other].join(" ").trim();
  }
  if (p.every((pk, k) => pk === q[k])) return "q equals p: both divergences are 0.000 nats.";
  return (
    `In the world p, forecasting q costs ${lossText(forward)} nats more than forecasting p; ` +
    `in the world q, forecasting p costs ${lossText(backward)} nats more than forecasting q.`
  );
}

function render({ model, el }) {
  const outcomes = model.get("outcomes");
  const state = () => ({ p: model.get("p"), q: model.get("q") });
  const rows = outcomes.map(row);
  for (const name of ["p", "q"]) mover(model, name, rows.map((one) => one[name].input));
  const heading = element("div", { className: "xe-pair xe-pair-heading", "aria-hidden": "true" });
  for (const title of ["outcome", "world p", "forecast q", "p log(p/q)", "q log(q/p)"]) heading.append(element("span", {}, title));
  const sums = [cell("= KL(p‖q)"), cell("= KL(q‖p)")];
  const foot = element("div", { className: "xe-pair xe-pair-sum" }, element("span", {}, "sum: KL(p‖q) and KL(q‖p), in nats"), ...sums.map(({ node }) => node));
  const ways = [
    direction({ world: "p", forecast: "q" }, outcomes, state),
    direction({ world: "q", forecast: "p" }, outcomes, state),
  ];
  const sentence = element("p", { className: "xe-verdict" });
  const set = (name, values) => button(name, () => assign(model, values(state())));
  const buttons = element(
    "div",
    { className: "xe-buttons" },
    set("Swap p and q", ({ p, q }) => ({ p: q, q: p })),
    set("Set q to p", ({ p }) => ({ q: p })),
    set("Even q", ({ q }) => ({ q: q.map(() => 1 / q.length) })),
    ...model.get("presets").map(([name, values]) => set(name, () => values)),
    set("Reset", () => model.get("start")),
  );
  const hatches = legend(["xe-key-dearer", "the forecast is dearer: adds to KL"], ["xe-key-cheaper", "the forecast is cheaper: takes from KL"]);
  const root = figure(
    "Divergence explorer",
    element("div", {}, heading, ...rows.map(({ node }) => node), foot),
    buttons,
    element("div", { className: "xe-directions" }, ...ways.map(({ node }) => node)),
    hatches,
    sentence,
  );
  root.classList.add("xe-divergence-explorer");
  const announcement = announcer(root);

  function update() {
    const { p, q } = state();
    const [terms, reverseTerms] = [divergenceTerms(p, q), divergenceTerms(q, p)];
    const [forward, backward] = [klDivergence(p, q), klDivergence(q, p)];
    rows.forEach((one, k) => one.show(p[k], q[k], terms[k], reverseTerms[k]));
    sums[0].number.textContent = lossText(forward);
    sums[1].number.textContent = lossText(backward);
    ways[0].show(entropy(p), forward, distributionCrossEntropy(p, q));
    ways[1].show(entropy(q), backward, distributionCrossEntropy(q, p));
    sentence.textContent = verdict(outcomes, p, q, forward, backward);
    announcement.say(sentence.textContent);
  }

  el.append(root);
  const stopFollowing = follow(model, ["p", "q"], update);
  return () => {
    stopFollowing();
    for (const way of ways) way.stop();
    announcement.stop();
  };
}

export default { render };

/* A sentence, the probability of each of its tokens, and what the prices come to: a mean, a number of choices, and
   other numbers where batches are averaged instead of tokens. */
import { batchesOf, mean, meanOfMeans, meanOfPerplexities, runningMeans } from "./averages.js";
import { dial } from "./dial.js";
import {
  announcer, assign, button, choice, element, figure, follow, labelledSlider, legend, lossText, readout, size, slider, svg,
} from "./figure.js";
import { natsToBits, perplexity, surprisal } from "./information.js";
import { chance, fromExponent } from "./log_scale.js";
import { followPointer, plot } from "./plot.js";

const STEP = 0.02; // of a slider, in powers of ten: 50 steps a decade
const LEAST = -4; // the smallest exponent of a slider; one step below it stands for probability 0
const END = -LEAST * Math.LN10; // nats at the top of the plot and at the end of the dial: 10,000 choices
const CHOICES = [1, 10, 100, 1000, 10000];
const ALSO = [2, 5, 20, 50, 200, 500, 2000, 5000]; // more of them, on the dial
const UNITS = {
  nats: { of: (nats) => nats, ticks: [0, 2, 4, 6, 8], base: "e" },
  bits: { of: natsToBits, ticks: [0, 2, 4, 6, 8, 10, 12].map((bits) => bits * Math.LN2), base: "2" },
};
const LETTER = 7.6; // room for one in the labels of the plot, in pixels
const MARK = 5;

const count = (n, noun) => `${n} ${noun}${n === 1 ? "" : "s"}`;
const short = (choices) => (choices >= 1000 ? `${choices / 1000}k` : String(choices));

/** One token: its probability on a logarithmic slider, as a number, and its price. */
function tokenRow(token, position, onProbability) {
  const input = slider({ min: LEAST - STEP, max: 0, step: STEP });
  input.setAttribute("aria-label", `probability of token ${position}, ${token}`);
  input.addEventListener("input", () => {
    const exponent = Number(input.value);
    onProbability(exponent < LEAST - STEP / 2 ? 0 : fromExponent(exponent, STEP));
  });
  const probability = element("span", { className: "xe-number" });
  const price = element("span", { className: "xe-number" });
  return {
    node: element("div", { className: "xe-token-row" }, element("span", {}, token), input, probability, price),
    show(p, amountNow, unit) {
      input.value = p === 0 ? LEAST - STEP : Math.max(Math.log10(p), LEAST);
      input.setAttribute("aria-valuetext", `${chance(p)}: price ${amountNow} ${unit}`);
      probability.textContent = chance(p);
      price.textContent = amountNow;
    },
  };
}

/** Words below the bars where there is room for them, else the numbers of the tokens, or some of them. */
function tokenLabels(f, tokens) {
  const slot = (f.right - f.left) / tokens.length;
  const words = tokens.every((token) => token.length * LETTER <= slot);
  const every = words ? 1 : Math.ceil(24 / slot);
  return tokens.flatMap((token, t) =>
    t % every ? [] : [f.text(words ? token : String(t + 1), f.x(t + 0.5), f.bottom + 19, "middle")],
  );
}

/** A dot, or an arrowhead at the top where the value is above the plot. */
function dot(f, x, nats) {
  const [px, py] = [f.x(x), f.y(Math.min(nats, END))];
  return nats > END
    ? f.arrowhead(px, py - MARK, MARK, "xe-running-dot")
    : f.dot(px, py, MARK - 1, "xe-running-dot");
}

/** Bars of prices, the running mean, and where there is a cut, the mean of each batch across its tokens. */
function draw(f, { tokens, prices, running, cut }) {
  const inside = (nats) => Math.min(nats, END);
  const bars = prices.flatMap((nats, t) => {
    const [left, right, top] = [f.x(t + 0.2), f.x(t + 0.8), f.y(inside(nats))];
    return [
      f.rect(left, top, right - left, f.bottom - top, "xe-price-bar"),
      nats > END
        ? svg("path", { d: `M${left},${top} H${right} L${(left + right) / 2},${top - 10} Z`, class: "xe-price-bar" })
        : f.line(left, top, right, top, "xe-price-edge"),
    ];
  });
  const handles = prices.map((nats, t) =>
    f.rect(f.x(t), Math.min(f.y(inside(nats)) - 14, f.bottom - 28), f.x(t + 1) - f.x(t), 28, "xe-handle"),
  );
  const batches = cut === 0 ? [] : [[0, cut], [cut, tokens.length]].map(([from, to]) => {
    const level = f.y(inside(mean(prices.slice(from, to))));
    return f.line(f.x(from) + 2, level, f.x(to) - 2, level, "xe-batch-mean");
  });
  return [
    ...CHOICES.flatMap((n) => [
      f.line(f.right, f.y(Math.log(n)), f.right + 5, f.y(Math.log(n)), "xe-axis"),
      f.text(n.toLocaleString("en"), f.right + 9, f.y(Math.log(n)) + 4, "start"),
    ]),
    f.text("perplexity", f.width, 14, "end"),
    ...bars,
    ...(cut === 0 ? [] : [f.line(f.x(cut), f.top - 6, f.x(cut), f.bottom + 6, "xe-cut")]),
    ...batches,
    f.curve(running.map((nats, t) => [t + 0.5, inside(nats)]), "xe-running"),
    ...running.map((nats, t) => dot(f, t + 0.5, nats)),
    ...tokenLabels(f, tokens),
    ...handles, // above all else, or a finger would land on the line
  ];
}

/** What the cut does to the average: which way it is off, and who has how many votes. */
function verdictOf(whole, batched, sizes) {
  if (whole === Infinity) return "A token with probability 0 makes every average of the whole infinite.";
  if (sizes.length < 2) return "One batch: its mean is the mean of all tokens. Cut it to average the means of two.";
  const [small, large] = sizes.toSorted((a, b) => a - b);
  if (small === large) return "Equal batches: the mean of their means is the mean of all tokens.";
  const times = Number((large / small).toFixed(2));
  const votes = `A token of the smaller batch has ${times} times the vote of one of the larger`;
  if (Math.abs(whole - batched) < 5e-4) return `${votes}; the batches cost nearly the same, so it does not show.`;
  return `${votes}: the text looks ${batched > whole ? "worse" : "better"} than it is.`;
}

function render({ model, el }) {
  const tokens = model.get("tokens");
  const now = () => {
    const prices = model.get("probabilities").map(surprisal);
    return { tokens, prices, running: runningMeans(prices), cut: model.get("cut"), unit: model.get("unit") };
  };
  const setProbability = (t, p) => assign(model, { probabilities: model.get("probabilities").with(t, p) });

  const priceTitle = element("span", {});
  const titles = ["token", "probability", "p"].map((title) => element("span", {}, title));
  const heading = element(
    "div",
    { className: "xe-token-row xe-token-heading", "aria-hidden": "true" },
    ...titles,
    priceTitle,
  );
  const rows = tokens.map((token, t) => tokenRow(token, t + 1, (p) => setProbability(t, p)));

  const xAxis = { from: 0, to: tokens.length, ticks: [], title: "" };
  const yAxis = () => {
    const unit = model.get("unit");
    const format = (nats) => String(Math.round(UNITS[unit].of(nats)));
    return { from: 0, to: END, ticks: UNITS[unit].ticks, title: `price (${unit})`, format };
  };
  const margin = { left: 28, right: 54, top: 34, bottom: 28 };
  const chart = plot({ x: xAxis, y: yAxis, margin, draw: (f) => draw(f, now()) });
  const keys = legend(
    ["xe-key-price", "price of a token"],
    ["xe-key-running", "running mean; to the right, perplexity"],
    ["xe-key-batch", "mean of a batch"],
  );

  const outer = [...CHOICES, ...ALSO].map((n) => [Math.log(n), short(n)]);
  const gauge = dial({ end: END, outer, needles: ["xe-needle-batches", "xe-needle"] });
  const unitChoice = choice("unit", Object.keys(UNITS), (unit) => assign(model, { unit }));
  const statement = element("p", { className: "xe-statement" });
  const needles = legend(["xe-key-needle", "all tokens"], ["xe-key-needle-batches", "mean of the batch means"]);

  const places = { min: 0, max: tokens.length - 1, step: 1 };
  const cutSlider = labelledSlider("cut after", places, (cut) => assign(model, { cut }));
  const batchNames = ["first batch", "second batch", "mean of batch means", "mean of batch perplexities"];
  const averages = readout(...batchNames, "all tokens, one vote each");
  const verdict = element("p", { className: "xe-cut-verdict" });
  const reset = button("Reset", () => assign(model, model.get("start")));

  const root = figure(
    "Perplexity dial",
    element("div", {}, heading, ...rows.map(({ node }) => node)),
    element(
      "div",
      { className: "xe-scene" },
      element("div", {}, chart.node, keys),
      element("div", {}, gauge.node, statement, unitChoice.node, needles),
    ),
    element("div", { className: "xe-batches" }, cutSlider.node, averages.node, verdict),
    element("div", { className: "xe-buttons" }, reset),
  );
  root.classList.add("xe-perplexity-dial");
  const announcement = announcer(root);

  /** The batches: their sizes on the slider, their averages, and the verdict. */
  function showBatches(prices, cut, whole, of, unit) {
    const batches = batchesOf(prices, cut);
    const sizes = batches.map((batch) => batch.length);
    const batched = meanOfMeans(prices, cut);
    const spoken = cut === 0
      ? `no cut: one batch of ${count(tokens.length, "token")}`
      : `${count(cut, "token")}, up to ${tokens[cut - 1]}; the second batch has ${count(sizes[1], "token")}`;
    cutSlider.show(cut, cut === 0 ? "no cut" : count(cut, "token"), spoken);
    const line = (nats) => [`${lossText(of(nats))} ${unit},`, `perplexity ${size(perplexity(nats))}`];
    const [first, second = null] = batches.map((batch) => [`${count(batch.length, "token")},`, ...line(mean(batch))]);
    const none = "–";
    averages.show([
      first,
      second ?? none,
      second ? line(batched) : none,
      second ? `perplexity ${size(meanOfPerplexities(prices, cut))}` : none,
      line(whole),
    ]);
    verdict.textContent = verdictOf(whole, batched, sizes);
    return second ? batched : null;
  }
  function update() {
    const { prices, running, cut, unit } = now();
    const { of, base } = UNITS[unit];
    const whole = running.at(-1);
    const choices = size(perplexity(whole));
    const text = `${lossText(of(whole))} ${unit}`;
    rows.forEach((row, t) => row.show(model.get("probabilities")[t], lossText(of(prices[t])), unit));
    priceTitle.textContent = `price (${unit})`;
    unitChoice.show(unit);
    statement.replaceChildren(
      element("span", {}, `mean price ${text} a token`),
      element("span", {}, base, element("sup", {}, lossText(of(whole))), " = ", element("strong", {}, choices)),
      element("span", {}, `an even choice among ${choices} tokens`),
    );
    const batched = showBatches(prices, cut, whole, of, unit);
    gauge.turn([batched, whole]);
    const each = tokens.map((token, t) => `${token} ${lossText(of(prices[t]))}`).join(", ");
    const wrong = batched === null ? "" : size(perplexity(batched));
    const average = wrong && ` The mean of the batch means would be perplexity ${wrong}.`;
    chart.describe(`Bars of the prices in ${unit}: ${each}. The running mean ends at ${text}, perplexity ${choices}.`);
    gauge.describe(`Dial, 1 to 10,000 choices; the needle is at perplexity ${choices}, mean price ${text}.${average}`);
    announcement.say(`mean price ${text}, perplexity ${choices}.${average}`);
    chart.redraw();
  }
  function updateUnit() {
    const { of, ticks } = UNITS[model.get("unit")];
    gauge.scale(ticks.map((nats) => [nats, String(Math.round(of(nats)))]));
  }

  let held; // the token whose price follows the pointer
  const NONE = -1; // a finger beside the top of a bar scrolls the page
  chart.node.addEventListener("pointerdown", ({ pointerType, target }) => {
    held = pointerType === "touch" && !target.classList.contains("xe-handle") ? NONE : undefined;
  });
  followPointer(chart, xAxis, yAxis(), (x, nats) => {
    held ??= Math.min(Math.floor(x), tokens.length - 1);
    if (held === NONE) return;
    setProbability(held, fromExponent(Math.max(Math.round(-nats / Math.LN10 / STEP) * STEP, LEAST), STEP));
  });

  el.append(root);
  const stopScale = follow(model, ["unit"], updateUnit);
  const stopFollowing = follow(model, ["probabilities", "cut", "unit"], update);
  return () => {
    stopScale();
    stopFollowing();
    chart.stop();
    announcement.stop();
  };
}

export default { render };

/* One Gaussian for a world with two humps: move it, widen it, and see where each direction of KL charges. */
import { announcer, assign, button, element, figure, fixed, follow, inNats, labelledSlider, legend, svg } from "./figure.js";
import { descend, divergence, logNormal, logNormalOnGrid, logTwoHumps, logTwoHumpsOnGrid, MEANS, momentsOfTwoHumps, SDS, within } from "./gaussians.js";
import { natsToBits } from "./information.js";
import { followPointer, linspace, plot } from "./plot.js";

const STEP = 0.05; // of the sliders and of a drag
const FARTHEST = 4; // where a hump may stand
const NEAR = 40; // pixels: a press farther from every handle moves the whole Gaussian there
const DESCENT = 900; // milliseconds, from the first step to the last
const RADIUS = 8;
const STEM = 6; // pixels between the lines of a hatch
const LINE = { from: -8, to: 8, ticks: [-8, -4, 0, 4, 8], title: "x", format: (x) => fixed(x, 0) };
const XS = linspace(LINE.from, LINE.to, 320);
const WORLD = ["weight", "centres", "width"];
const WAYS = {
  forward: { name: "KL(p‖q)", term: "p log(p/q)", title: "Forward", charges: "What maximum likelihood minimises. It charges where p is and q is not." },
  reverse: { name: "KL(q‖p)", term: "q log(q/p)", title: "Reverse", charges: "The other way round. It charges where q is and p is not." },
};

const onStep = (x) => Number((Math.round(x / STEP) * STEP).toFixed(2));
const least = (tops, highest) => tops.find((top) => top >= highest) ?? tops.at(-1);

/** The two densities, and on q's a handle at its peak and one at each shoulder, an sd away. */
function densities(state, world) {
  const peak = (mean, sd) => Math.exp(logNormal(mean, mean, sd));
  let frame; // of the last drawing: where in pixels the handles are
  const handles = () => {
    const { mean, sd } = state();
    const shoulder = peak(mean, sd) * Math.exp(-0.5);
    return [
      { moves: "mean", x: mean, y: peak(mean, sd) },
      { moves: "sd", x: mean - sd, y: shoulder },
      { moves: "sd", x: mean + sd, y: shoulder },
    ];
  };
  const axis = () => {
    const { mean, sd } = state();
    const top = least([0.4, 0.8, 1.6], Math.max(peak(mean, sd), ...world().p));
    return { from: 0, to: top, ticks: [0, top / 4, top / 2, (3 * top) / 4, top], title: "density", format: (y) => fixed(y, 1) };
  };
  const picture = plot({
    x: LINE,
    y: axis,
    draw(f) {
      frame = f;
      const { mean, sd } = state();
      const q = XS.map((x) => [x, Math.exp(logNormal(x, mean, sd))]);
      const p = XS.map((x, i) => [x, world().p[i]]);
      return [
        f.area(p, "xe-world-area"),
        f.curve(p, "xe-curve xe-world"),
        f.curve(q, "xe-curve xe-fit"),
        ...handles().map(({ moves, x, y }) =>
          moves === "mean"
            ? f.dot(f.x(x), f.y(y), RADIUS, "xe-point")
            : f.rect(f.x(x) - RADIUS + 1, f.y(y) - RADIUS + 1, 2 * RADIUS - 2, 2 * RADIUS - 2, "xe-point"),
        ),
      ];
    },
  });
  return {
    ...picture,
    /** What is moved by a press at x, and this share of the height of the plot: the nearest handle, or the mean. */
    grasp(x, share) {
      const height = frame.bottom - share * (frame.bottom - frame.top);
      const distance = (one) => Math.hypot(frame.x(one.x) - frame.x(x), frame.y(one.y) - height);
      const nearest = handles().reduce((a, b) => (distance(b) < distance(a) ? b : a));
      return distance(nearest) < NEAR ? nearest.moves : "mean";
    },
  };
}

/** What a direction charges along x, as an area above 0 and one below; their difference is the divergence. */
function charges(way, integrand) {
  const axis = () => {
    const values = integrand();
    const top = least([0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000], Math.max(Math.max(...values), -2 * Math.min(...values)));
    return { from: -top / 2, to: top, ticks: [-top / 2, 0, top / 2, top], title: `${way.term} (nats per unit of x)`, format: (y) => String(y).replace("-", "−") };
  };
  return plot({
    x: LINE,
    y: axis,
    margin: { left: 52, right: 12, top: 30, bottom: 40 },
    draw(f) {
      const values = integrand();
      const zero = f.y(0);
      const points = (clip) => XS.map((x, i) => `${f.x(x).toFixed(1)},${f.y(clip(values[i])).toFixed(1)}`);
      const closed = (clip) => [...points(clip), `${f.right},${zero}`, `${f.left},${zero}`].join(" ");
      let stems = "";
      for (let px = f.left + STEM / 2; px < f.right; px += STEM) {
        const value = values[Math.round(((px - f.left) / (f.right - f.left)) * (XS.length - 1))];
        if (value > 0) stems += `M${px.toFixed(1)},${zero.toFixed(1)}V${f.y(value).toFixed(1)}`;
      }
      return [
        svg("polygon", { points: closed((y) => Math.max(y, 0)), class: "xe-charge" }),
        svg("polygon", { points: closed((y) => Math.min(y, 0)), class: "xe-credit" }),
        svg("path", { d: stems, class: "xe-stems" }),
        f.line(f.left, zero, f.right, zero, "xe-axis"),
        svg("polyline", { points: points((y) => y).join(" "), class: "xe-curve xe-outline" }),
      ];
    },
  });
}

/** One direction: its name, its value, and its picture. */
function direction(way, integrand) {
  const picture = charges(way, integrand);
  const value = element("strong", { className: "xe-divergence" });
  const bits = element("span", { className: "xe-bits" });
  const heading = element("p", { className: "xe-way" }, `${way.title} ${way.name} = `, value, " ", bits);
  return {
    node: element("div", { className: "xe-direction" }, heading, element("p", { className: "xe-charges" }, way.charges), picture.node),
    stop: picture.stop,
    show(nats) {
      value.textContent = inNats(nats);
      bits.textContent = `= ${fixed(natsToBits(nats), 3)} bits`;
      picture.describe(
        `${way.term} along x, drawn as an area above zero where the direction charges and below where it gives back; ` +
          `above minus below is ${way.name}, ${inNats(nats)}.`,
      );
      picture.redraw();
    },
  };
}

function render({ model, el }) {
  const state = () => ({ mean: model.get("mean"), sd: model.get("sd") });
  let world; // what follows from the world's traits alone, so that a move of q need not compute it again
  const integrands = {};
  const picture = densities(state, () => world);
  const ways = Object.fromEntries(Object.keys(WAYS).map((name) => [name, direction(WAYS[name], () => integrands[name])]));
  const set = (name) => (value) => assign(model, { [name]: value });
  const mean = labelledSlider("mean", { "aria-label": "mean of q", min: MEANS[0], max: MEANS[1], step: STEP }, set("mean"));
  const sd = labelledSlider("standard deviation", { "aria-label": "standard deviation of q", min: SDS[0], max: SDS[1], step: STEP }, set("sd"));
  const weight = labelledSlider("share in the left hump", { "aria-label": "share in the left hump of p", min: 0.05, max: 0.95, step: STEP }, set("weight"));
  const distance = labelledSlider("distance between humps", { "aria-label": "distance between humps of p", min: 0, max: 2 * FARTHEST, step: 0.1 }, (apart) => {
    const middle = (model.get("centres")[0] + model.get("centres")[1]) / 2;
    assign(model, { centres: [middle - apart / 2, middle + apart / 2].map((c) => within(c, [-FARTHEST, FARTHEST])) });
  });
  const moments = element("p", { className: "xe-moments" });
  const descent = { frame: 0 };

  /** Walks q down the path, in steps of equal time; a hand on q ends the walk. */
  function walk(path) {
    cancelAnimationFrame(descent.frame);
    const at = (place) => {
      const [from, to] = [path[Math.floor(place)], path[Math.ceil(place)]];
      const part = place % 1;
      return { mean: from[0] + part * (to[0] - from[0]), sd: from[1] + part * (to[1] - from[1]) };
    };
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return assign(model, at(path.length - 1));
    const began = performance.now();
    let last = state();
    const next = (now) => {
      if (model.get("mean") !== last.mean || model.get("sd") !== last.sd) return;
      const share = within((now - began) / DESCENT, [0, 1]);
      last = at(share * (path.length - 1));
      assign(model, last);
      if (share < 1) descent.frame = requestAnimationFrame(next);
    };
    descent.frame = requestAnimationFrame(next);
  }
  const minimise = (name) =>
    button(`Minimise ${WAYS[name].name}`, () => walk(descend(name, world.logP, state().mean, state().sd)));
  const reset = button("Reset", () => {
    cancelAnimationFrame(descent.frame);
    assign(model, model.get("start"));
  });

  const group = (name, ...parts) => element("fieldset", { className: "xe-group" }, element("legend", {}, name), ...parts);
  const root = figure(
    "Gaussian fit",
    legend(["xe-key-world", "world p"], ["xe-key-fit", "model q, a Gaussian: drag its peak (mean) or a shoulder (one standard deviation away)"]),
    picture.node,
    element("div", { className: "xe-controls" }, group("Model q", mean.node, sd.node), group("World p", weight.node, distance.node, moments)),
    element("div", { className: "xe-buttons" }, minimise("forward"), minimise("reverse"), reset),
    element("div", { className: "xe-directions" }, ways.forward.node, ways.reverse.node),
    legend(["xe-key-charge", "charged"], ["xe-key-credit", "given back"]),
  );
  root.classList.add("xe-gaussian-fit");
  const announcement = announcer(root);

  function worldNow() {
    const [weightNow, centres, width] = WORLD.map((name) => model.get(name));
    const logs = XS.map((x) => logTwoHumps(x, weightNow, centres, width));
    return {
      logs,
      p: logs.map(Math.exp),
      logP: logTwoHumpsOnGrid(weightNow, centres, width),
      moments: momentsOfTwoHumps(weightNow, centres, width),
    };
  }
  function updateWorld() {
    world = worldNow();
    const [left, right] = model.get("centres");
    const [m, s] = world.moments;
    moments.textContent = `p as a whole: mean ${fixed(m, 2)}, standard deviation ${fixed(s, 2)}`;
    weight.show(model.get("weight"), fixed(model.get("weight"), 2));
    distance.input.max = 2 * (FARTHEST - Math.abs(left + right) / 2);
    distance.show(right - left, fixed(right - left, 1), `${fixed(right - left, 1)}: humps at ${fixed(left, 2)} and ${fixed(right, 2)}`);
    update();
  }
  function update() {
    const { mean: m, sd: s } = state();
    const logQ = logNormalOnGrid(m, s);
    const nats = { forward: divergence(world.logP, logQ), reverse: divergence(logQ, world.logP) };
    const logs = XS.map((x) => logNormal(x, m, s));
    integrands.forward = XS.map((_, i) => world.p[i] * (world.logs[i] - logs[i]));
    integrands.reverse = XS.map((_, i) => Math.exp(logs[i]) * (logs[i] - world.logs[i]));
    const both = `KL(p‖q) ${inNats(nats.forward)}, KL(q‖p) ${inNats(nats.reverse)}`;
    mean.show(m, fixed(m, 2), `${fixed(m, 2)}: ${both}`);
    sd.show(s, fixed(s, 2), `${fixed(s, 2)}: ${both}`);
    for (const name of Object.keys(WAYS)) ways[name].show(nats[name]);
    picture.describe(
      `Two densities: the world p with humps at ${model.get("centres").map((c) => fixed(c, 2)).join(" and ")}, and the ` +
        `Gaussian q with mean ${fixed(m, 2)} and standard deviation ${fixed(s, 2)}. ${both}.`,
    );
    picture.redraw();
    announcement.say(`${both}, at mean ${fixed(m, 2)}, standard deviation ${fixed(s, 2)}`);
  }

  let held; // which handle the pressed pointer has
  picture.node.addEventListener("pointerdown", () => (held = undefined));
  followPointer(picture, LINE, { from: 0, to: 1 }, (x, share) => {
    held ??= picture.grasp(x, share);
    if (held === "mean") assign(model, { mean: within(onStep(x), MEANS) });
    else assign(model, { sd: within(onStep(Math.abs(x - state().mean)), SDS) });
  });

  el.append(root);
  const stopFollowingWorld = follow(model, WORLD, updateWorld);
  const stopFollowing = follow(model, ["mean", "sd"], update);
  return () => {
    stopFollowingWorld();
    stopFollowing();
    cancelAnimationFrame(descent.frame);
    picture.stop();
    for (const way of Object.values(ways)) way.stop();
    announcement.stop();
  };
}

export default { render };

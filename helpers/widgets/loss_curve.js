/* −log p with a point that moves: slider or finger, one number p, and all that follows from it. */
import { announcer, assign, element, figure, fixed, follow, size, slider, svg } from "./figure.js";
import { natsToBits, perplexity, surprisal } from "./information.js";

const HIGHEST = 5; // nats at the top of the plot: p = 0.0067
const SMALLEST = 0.01; // the step of the slider, and the least that it gives
const MARGIN = { left: 44, right: 16, top: 34, bottom: 44 };
const SAMPLES = 160;
const TANGENT = 80; // half its length, in pixels
const RADIUS = 7;
const LABEL = 90; // the room that its label takes

/** A probability with two decimals, more where it has them. */
function short(p) {
  if (p < SMALLEST) return String(Number(p.toPrecision(3)));
  return Number(p.toFixed(2)) === p ? p.toFixed(2) : String(Number(p.toFixed(4)));
}

/** Draws axes, curve, tangent and point for probability p into a plot of this width and height, in pixels. */
function draw(plot, width, height, p) {
  const right = width - MARGIN.right;
  const bottom = height - MARGIN.bottom;
  const x = (probability) => MARGIN.left + probability * (right - MARGIN.left);
  const y = (nats) => bottom - (nats / HIGHEST) * (bottom - MARGIN.top);
  const line = (x1, y1, x2, y2, className) => svg("line", { x1, y1, x2, y2, class: className });
  const text = (content, left, top, anchor, className = "xe-tick") =>
    svg("text", { x: left, y: top, "text-anchor": anchor, class: className }, content);

  const marks = [];
  for (let nats = 0; nats <= HIGHEST; nats += 1) {
    marks.push(line(x(0), y(nats), right, y(nats), nats ? "xe-grid" : "xe-axis"));
    marks.push(text(nats, x(0) - 8, y(nats) + 4, "end"));
  }
  for (const probability of [0, 0.25, 0.5, 0.75, 1]) {
    marks.push(line(x(probability), bottom, x(probability), bottom + 5, "xe-axis"));
    marks.push(text(probability, x(probability), bottom + 19, "middle"));
  }
  marks.push(text("probability p given to what happened", (x(0) + right) / 2, height - 6, "middle"));
  marks.push(text("loss −log p (nats)", 0, 14, "start"));

  // Equal steps of loss, not of p: the curve is then as smooth where it is steep as where it is flat.
  const curve = Array.from({ length: SAMPLES + 1 }, (_, i) => {
    const nats = (i / SAMPLES) * HIGHEST;
    return `${x(Math.exp(-nats)).toFixed(1)},${y(nats).toFixed(1)}`;
  });
  marks.push(svg("polyline", { points: curve.join(" "), class: "xe-curve" }));

  const loss = surprisal(p);
  const above = loss > HIGHEST;
  const px = x(p);
  const py = y(Math.min(loss, HIGHEST));
  if (!above) {
    const rise = (y(1) - y(0)) * (-1 / p); // the slope −1/p, in pixels over the whole width
    const run = x(1) - x(0);
    const length = Math.hypot(run, rise);
    const dx = (TANGENT * run) / length;
    const dy = (TANGENT * rise) / length;
    const back = Math.min(1, (px - x(0)) / dx, (py - MARGIN.top) / dy); // no further than the edge of the plot
    const forth = Math.min(1, (right - px) / dx, (bottom - py) / dy);
    marks.push(line(px - back * dx, py - back * dy, px + forth * dx, py + forth * dy, "xe-tangent"));
  }
  marks.push(line(px, bottom, px, py, "xe-loss-line"));
  marks.push(
    above // the point itself is off the plot: an arrowhead at its top edge
      ? svg("path", { d: `M${px},${py - RADIUS} l${RADIUS},${2 * RADIUS} h${-2 * RADIUS} Z`, class: "xe-point" })
      : svg("circle", { cx: px, cy: py, r: RADIUS, class: "xe-point" }),
  );
  // Above the curve the plot is empty: the label stands to the right of the point; near the right edge it stands
  // to the left, above the curve at its own left end.
  const late = px + LABEL + 14 > right;
  const end = Math.min(px + 10, right);
  const clear = late ? y(surprisal((end - LABEL - x(0)) / (right - x(0)))) - 6 : py - 14;
  const label = `${fixed(loss, 3)} nats`;
  marks.push(text(label, late ? end : px + 14, Math.max(clear, MARGIN.top + 16), late ? "end" : "start", "xe-value"));

  plot.setAttribute("viewBox", `0 0 ${width} ${height}`);
  plot.replaceChildren(...marks);
}

/** One quantity of the read-out: its name, and a cell for its value. */
function quantity(name, className = "") {
  const value = element("span", { className: `xe-quantity ${className}` });
  return { value, node: element("div", {}, element("span", { className: "xe-name" }, name), value) };
}

function render({ model, el }) {
  const plot = svg("svg", { role: "img", class: "xe-plot" });
  const input = slider({ min: SMALLEST, max: 1, step: SMALLEST, "aria-label": "probability given to what happened" });
  const probability = quantity("probability p");
  const nats = quantity("loss −log p", "xe-strong");
  const slope = quantity("slope −1/p");
  const choices = quantity("perplexity 1/p");
  const quantities = [probability, nats, slope, choices].map(({ node }) => node);
  const readout = element("div", { className: "xe-readout" }, ...quantities);
  const root = figure("Loss curve", plot, input, readout);
  root.classList.add("xe-loss-curve");
  root.style.setProperty("--xe-left", `${MARGIN.left}px`);
  root.style.setProperty("--xe-right", `${MARGIN.right}px`);
  const announcement = announcer(root);

  function redraw() {
    const { width, height } = plot.getBoundingClientRect();
    if (width > 0) draw(plot, width, height, model.get("probability"));
  }
  function update() {
    const p = model.get("probability");
    const loss = surprisal(p);
    const price = `${fixed(loss, 3)} nats`;
    probability.value.textContent = short(p);
    nats.value.replaceChildren(element("span", {}, price), " ", element("span", {}, `= ${fixed(natsToBits(loss), 3)} bits`));
    slope.value.textContent = `−${size(1 / p)}`;
    choices.value.textContent = size(perplexity(loss));
    input.value = p;
    input.setAttribute("aria-valuetext", `${short(p)}: loss ${price}`);
    const point = `the point is at p = ${short(p)}, loss ${price}`;
    plot.setAttribute("aria-label", `Curve of −log p, falling to zero at p = 1; ${point}.`);
    announcement.say(`loss ${price}, perplexity ${size(perplexity(loss))}`);
    redraw();
  }

  input.addEventListener("input", () => assign(model, { probability: Number(input.value) }));
  function followPointer(event) {
    if (event.buttons !== 1) return;
    const { left, right } = plot.getBoundingClientRect();
    const p = (event.clientX - left - MARGIN.left) / (right - left - MARGIN.left - MARGIN.right);
    const steps = Math.round(Math.min(Math.max(p, SMALLEST), 1) / SMALLEST);
    assign(model, { probability: Number((steps * SMALLEST).toFixed(2)) });
  }
  plot.addEventListener("pointerdown", (event) => {
    plot.setPointerCapture(event.pointerId);
    followPointer(event);
  });
  plot.addEventListener("pointermove", followPointer);

  const resized = new ResizeObserver(redraw); // the text keeps its size; only the plot grows
  el.append(root);
  resized.observe(plot);
  const stopFollowing = follow(model, ["probability"], update);
  return () => {
    stopFollowing();
    resized.disconnect();
    announcement.stop();
  };
}

export default { render };

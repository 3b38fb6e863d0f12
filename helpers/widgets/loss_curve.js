/* −log p with a point that moves: slider or finger, one number p, and all that follows from it. */
import { announcer, assign, figure, fixed, follow, inNats, readout, size, slider } from "./figure.js";
import { natsToBits, perplexity, surprisal } from "./information.js";
import { followPointer, linspace, plot } from "./plot.js";

const HIGHEST = 5; // nats at the top of the plot: p = 0.0067
const SMALLEST = 0.01; // the step of the slider, and the least that it gives
const X = { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1], title: "probability p given to what happened" };
const Y = { from: 0, to: HIGHEST, ticks: [0, 1, 2, 3, 4, 5], title: "loss −log p (nats)" };
const TANGENT = 80; // half its length, in pixels
const RADIUS = 7;
const LABEL = 90; // the room that its label takes
// Equal steps of loss, not of p: the curve is then as smooth where it is steep as where it is flat.
const CURVE = linspace(0, HIGHEST, 160).map((nats) => [Math.exp(-nats), nats]);

/** A probability with two decimals, more where it has them. */
function short(p) {
  if (p < SMALLEST) return String(Number(p.toPrecision(3)));
  return Number(p.toFixed(2)) === p ? p.toFixed(2) : String(Number(p.toFixed(4)));
}

/** The tangent at p, as long as the plot allows. */
function tangent(f, p, px, py) {
  const rise = (f.y(1) - f.y(0)) * (-1 / p); // the slope −1/p, in pixels over the whole width
  const run = f.x(1) - f.x(0);
  const length = Math.hypot(run, rise);
  const dx = (TANGENT * run) / length;
  const dy = (TANGENT * rise) / length;
  const back = Math.min(1, (px - f.left) / dx, (py - f.top) / dy); // no further than the edge of the plot
  const forth = Math.min(1, (f.right - px) / dx, (f.bottom - py) / dy);
  return f.line(px - back * dx, py - back * dy, px + forth * dx, py + forth * dy, "xe-guide");
}

/** Curve, tangent, point and label for probability p. */
function draw(f, p) {
  const loss = surprisal(p);
  const above = loss > HIGHEST;
  const px = f.x(p);
  const py = f.y(Math.min(loss, HIGHEST));
  // Above the curve the plot is empty: the label stands to the right of the point; near the right edge it stands
  // to the left, above the curve at its own left end.
  const late = px + LABEL + 14 > f.right;
  const end = Math.min(px + 10, f.right);
  const clear = late ? f.y(surprisal((end - LABEL - f.left) / (f.right - f.left))) - 6 : py - 14;
  return [
    f.curve(CURVE, "xe-curve"),
    ...(above ? [] : [tangent(f, p, px, py)]),
    f.line(px, f.bottom, px, py, "xe-loss-line"),
    above // the point itself is off the plot: an arrowhead at its top edge
      ? f.arrowhead(px, py - RADIUS, RADIUS, "xe-point")
      : f.dot(px, py, RADIUS, "xe-point"),
    f.text(
      inNats(loss),
      late ? end : px + 14,
      Math.max(clear, f.top + 16),
      late ? "end" : "start",
      "xe-value",
    ),
  ];
}

function render({ model, el }) {
  const curve = plot({ x: X, y: Y, draw: (f) => draw(f, model.get("probability")) });
  const input = slider({ min: SMALLEST, max: 1, step: SMALLEST, "aria-label": "probability given to what happened" });
  const values = readout("probability p", "loss −log p", "slope −1/p", "perplexity 1/p");
  const root = figure("Loss curve", curve.node, input, values.node);
  root.classList.add("xe-loss-curve");
  root.style.setProperty("--xe-left", `${curve.margin.left}px`);
  root.style.setProperty("--xe-right", `${curve.margin.right}px`);
  const announcement = announcer(root);

  function update() {
    const p = model.get("probability");
    const loss = surprisal(p);
    const price = inNats(loss);
    const bits = `= ${fixed(natsToBits(loss), 3)} bits`;
    values.show([short(p), [price, bits], `−${size(1 / p)}`, size(perplexity(loss))]);
    input.value = p;
    input.setAttribute("aria-valuetext", `${short(p)}: loss ${price}`);
    curve.describe(`Curve of −log p, falling to zero at p = 1; the point is at p = ${short(p)}, loss ${price}.`);
    announcement.say(`loss ${price}, perplexity ${size(perplexity(loss))}`);
    curve.redraw();
  }

  input.addEventListener("input", () => assign(model, { probability: Number(input.value) }));
  followPointer(curve, X, Y, (p) => {
    const steps = Math.max(Math.round(p / SMALLEST), 1);
    assign(model, { probability: Number((steps * SMALLEST).toFixed(2)) });
  });

  el.append(root);
  const stopFollowing = follow(model, ["probability"], update);
  return () => {
    stopFollowing();
    curve.stop();
    announcement.stop();
  };
}

export default { render };

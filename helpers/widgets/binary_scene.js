/* What the plots of binary cross-entropy draw: two axes to choose from, both answers' curves, and their points. */
import { sigmoid } from "./binary_recipes.js";
import { fixed, svg } from "./figure.js";
import { linspace } from "./plot.js";

export const REACH = 40; // the logit runs from −40 to 40: beyond the clip of any epsilon down to 1e-16
export const STEPS = 10; // the slider's in one unit of logit
const NEAR = 10; // the probability axis draws −10 to 10: beyond it q is 0 or 1 to a pixel
export const ANSWERS = ["yes", "no"];
export const TRUTH = { yes: 1, no: 0 };
export const AXES = {
  probability: {
    x: { from: 0, to: 1, ticks: [0, 0.25, 0.5, 0.75, 1], title: "probability q given to yes" },
    highest: 5, // nats at the top of the loss plot
    grid: linspace(-NEAR, NEAR, 400),
    place: sigmoid,
    logit: (q) => Math.log(q / (1 - q)),
    lossLabels: { yes: 0.12, no: 0.88 }, // where along the axis a curve is named
    gradientLabels: { yes: 0.62, no: 0.38 },
  },
  logit: {
    x: {
      ...{ from: -REACH, to: REACH, ticks: linspace(-REACH, REACH, 4) },
      ...{ format: (z) => fixed(z, 0), title: "logit z of yes" },
    },
    highest: REACH,
    grid: linspace(-REACH, REACH, 320),
    place: (z) => z,
    logit: (z) => z,
    lossLabels: { yes: -14, no: 14 },
    gradientLabels: { yes: -6, no: 6 },
  },
};
export const MARGIN = { left: 36, right: 12, top: 30, bottom: 44 };
const RADIUS = 7;
const BAND_LABEL = 84; // the room that its label takes, in pixels

/** The value of make(), kept until the key changes. */
export function lately(make) {
  let [kept, value] = [];
  return (key, ...rest) => {
    if (key !== kept) [kept, value] = [key, make(...rest)];
    return value;
  };
}

/** Lines at 45° across a rectangle. */
function hatching(left, top, width, height) {
  let path = "";
  for (let c = 8; c < width + height; c += 8) {
    const [x1, y1] = [Math.max(c - height, 0), Math.min(c, height)];
    const [x2, y2] = [Math.min(c, width), Math.max(c - width, 0)];
    path += `M${(left + x1).toFixed(1)},${(top + y1).toFixed(1)}L${(left + x2).toFixed(1)},${(top + y2).toFixed(1)}`;
  }
  return path;
}

/** What does not move with the logit: bands without a push, exact curves below, computed ones above, their names. */
export function scenery(f, axis, lost, { computed, exact, bandLabels, labels, top }) {
  const bands = ANSWERS.filter((answer) => lost[answer] !== null).flatMap((answer) => {
    const edge = f.x(axis.place(lost[answer]));
    const [left, right] = answer === "yes" ? [f.left, edge] : [edge, f.right];
    const middle = (left + right) / 2;
    if (right - left < 2) return []; // on the probability axis: a band of no width
    return [
      f.rect(left, f.top, right - left, f.bottom - f.top, "xe-lost"),
      svg("path", { d: hatching(left, f.top, right - left, f.bottom - f.top), class: "xe-hatch" }),
      f.line(edge, f.top, edge, f.bottom, "xe-guide"),
      ...(bandLabels && right - left >= BAND_LABEL
        ? [f.text("push lost", middle, f.y(bandLabels[answer]) + 5, "middle", "xe-value xe-small")]
        : []),
    ];
  });
  const curve = (value, className) => {
    const points = axis.grid.map((z) => [axis.place(z), value(z)]);
    return f.curve(
      points.filter(([, y]) => Number.isFinite(y) && y <= top),
      className,
    );
  };
  const curves = (of, className) =>
    ANSWERS.map((answer) => curve((z) => of(z, TRUTH[answer]), `${className} xe-${answer}`));
  return svg(
    "g",
    {},
    ...bands,
    ...curves(exact, "xe-exact"),
    ...curves(computed, "xe-curve"),
    ...labels.map(([text, x, y, anchor]) => f.text(text, x, y, anchor, "xe-value xe-small")),
  );
}

/** The points of both answers: a circle for a yes, a diamond for a no, an arrowhead beyond the top, a word for NaN. */
export function points(f, at, values, top, nanAt) {
  const px = f.x(at);
  const mark = (answer) => {
    if (values[answer] > top) return f.arrowhead(px, f.y(top), RADIUS, "xe-point");
    const py = f.y(values[answer]);
    return answer === "yes" ? f.dot(px, py, RADIUS - 1, "xe-point") : f.diamond(px, py, RADIUS, "xe-point");
  };
  const missing = ANSWERS.filter((answer) => Number.isNaN(values[answer]));
  const [side, anchor] = px > (f.left + f.right) / 2 ? [-8, "end"] : [8, "start"];
  const word = `${missing.join(", ")}: NaN`;
  return [
    f.line(px, f.bottom, px, f.top, "xe-here"),
    ...ANSWERS.filter((answer) => !missing.includes(answer)).map(mark),
    ...(missing.length ? [f.text(word, px + side, f.y(nanAt), anchor, "xe-value xe-small")] : []),
  ];
}

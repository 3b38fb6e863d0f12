/* The way downhill: a button that takes one gradient step after another, and the loss after each of them. */
import { button, element, fixed, inNats } from "./figure.js";
import { linspace, plot } from "./plot.js";

const PACE = 80; // milliseconds from step to step: slow enough to watch
const MOST = 200; // steps on one trail
const DOWN = 0.01; // nats: from here on there is little to see

/** A plot of the trail of losses, and a button that descends; step() takes a step and gives the new loss, even is
    the loss of an even guess, trail() gives the losses so far, the first one before any step. */
export function descent({ start, step, even, trail }) {
  let timer;
  const losses = () => (trail().length ? trail() : [start()]);
  const xAxis = () => {
    const last = Math.max(10, losses().length - 1);
    return { from: 0, to: last, ticks: [0, last], title: "gradient steps" };
  };
  const yAxis = () => {
    const top = Math.ceil(1.15 * Math.max(even, ...losses()));
    return { from: 0, to: top, ticks: linspace(0, top, Math.min(top, 2)), format: (nats) => fixed(nats, 1), title: "loss (nats)" };
  };
  const way = plot({
    x: xAxis,
    y: yAxis,
    margin: { left: 40, right: 20, top: 26, bottom: 40 },
    draw: (f) => {
      const points = losses().map((loss, k) => [k, loss]);
      const [last, loss] = points.at(-1);
      return [
        f.line(f.left, f.y(even), f.right, f.y(even), "xe-guide"),
        f.text("even guess", f.right, f.y(even) - 5, "end"),
        f.curve(points, "xe-curve"),
        f.dot(f.x(last), f.y(loss), 5, "xe-point"),
      ];
    },
  });
  const halt = () => {
    clearInterval(timer);
    timer = undefined;
    go.textContent = "Descend";
  };
  const onward = () => {
    if (step() < DOWN || trail().length > MOST) halt();
  };
  const go = button("Descend", () => {
    if (timer !== undefined) return halt();
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      while (trail().length <= MOST && step() >= DOWN);
      return undefined;
    }
    go.textContent = "Pause";
    timer = setInterval(onward, PACE);
    return onward();
  });
  return {
    node: element("div", { className: "xe-descent" }, way.node),
    button: go,
    halt,
    redraw() {
      way.describe(`The loss after each gradient step: ${losses().length - 1} steps so far, now ${inNats(losses().at(-1))}.`);
      way.redraw();
    },
    stop() {
      clearInterval(timer);
      way.stop();
    },
  };
}

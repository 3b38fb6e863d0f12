/* A half-round dial with two scales for one amount: choices on the outside, nats or bits on the inside. */
import { svg } from "./figure.js";

const [WIDTH, HEIGHT] = [300, 170];
const [MIDDLE, BASE] = [150, 150]; // where the needles turn
const [RADIUS, OUTSIDE, INSIDE] = [104, 122, 84]; // of the arc, and of the numbers on either side of it
const BEYOND = 1.03; // what is off the scale stands a little behind its end

/** From 0 on the left to `end` on the right; outer: [[amount, text], …]; one needle for each class name. */
export function dial({ end, outer, needles }) {
  const share = (amount) => Math.min(amount / end, BEYOND);
  const at = (amount, radius) => {
    const angle = Math.PI * share(amount);
    return [MIDDLE - radius * Math.cos(angle), BASE - radius * Math.sin(angle)];
  };
  const tick = (amount, from, to) => {
    const [[x1, y1], [x2, y2]] = [at(amount, from), at(amount, to)];
    return svg("line", { x1, y1, x2, y2, class: "xe-dial-tick" });
  };
  const label = (amount, radius, text, className) => {
    const [x, y] = at(amount, radius);
    return svg("text", { x, y: y + 4, "text-anchor": "middle", class: className }, text);
  };
  const arc = `M${MIDDLE - RADIUS},${BASE} A${RADIUS},${RADIUS} 0 0 1 ${MIDDLE + RADIUS},${BASE}`;
  const inner = svg("g");
  const hands = needles.map((className) =>
    svg("line", { x1: MIDDLE, y1: BASE, x2: MIDDLE - RADIUS + 3, y2: BASE, class: className }),
  );
  const node = svg(
    "svg",
    { role: "img", class: "xe-dial", viewBox: `0 0 ${WIDTH} ${HEIGHT}` },
    svg("path", { d: arc, class: "xe-dial-arc" }),
    ...outer.flatMap(([amount, text]) => [
      tick(amount, RADIUS, RADIUS + 6),
      label(amount, OUTSIDE, text, "xe-dial-choices"),
    ]),
    ...hands,
    svg("circle", { cx: MIDDLE, cy: BASE, r: 6, class: "xe-dial-hub" }),
    inner, // its numbers stand clear of a needle below them
  );
  return {
    node,
    describe: (text) => node.setAttribute("aria-label", text),
    /** The inner scale: [[amount, text], …]. */
    scale(ticks) {
      const marks = ([amount, text]) => [tick(amount, RADIUS - 6, RADIUS), label(amount, INSIDE, text, "xe-dial-unit")];
      inner.replaceChildren(...ticks.flatMap(marks));
    },
    /** Turns the needles to these amounts, one for each; null hides one. */
    turn(amounts) {
      amounts.forEach((amount, k) => {
        const degrees = 180 * share(amount ?? 0);
        hands[k].setAttribute("visibility", amount === null ? "hidden" : "visible");
        hands[k].setAttribute("transform", `rotate(${degrees.toFixed(2)} ${MIDDLE} ${BASE})`);
      });
    },
  };
}

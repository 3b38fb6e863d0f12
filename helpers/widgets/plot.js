/* A plot in SVG: linear axes, and marks that are drawn anew with each change. Texts keep their size in pixels; the
   plot alone grows and shrinks with its column. */
import { svg } from "./figure.js";

/** `count` + 1 numbers evenly spaced from `from` to `to`. */
export const linspace = (from, to, count) => Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);

/** What a plot of this size draws with: pixels of a value, and marks placed by pixels. */
function frame(width, height, margin, xAxis, yAxis) {
  const [left, right] = [margin.left, width - margin.right];
  const [top, bottom] = [margin.top, height - margin.bottom];
  const x = (value) => left + ((value - xAxis.from) / (xAxis.to - xAxis.from)) * (right - left);
  const y = (value) => bottom - ((value - yAxis.from) / (yAxis.to - yAxis.from)) * (bottom - top);
  const point = ([a, b]) => `${x(a).toFixed(1)},${y(b).toFixed(1)}`;
  return {
    ...{ x, y, left, right, top, bottom, width, height },
    line: (x1, y1, x2, y2, className) => svg("line", { x1, y1, x2, y2, class: className }),
    text: (content, left, top, anchor, className = "xe-tick") =>
      svg("text", { x: left, y: top, "text-anchor": anchor, class: className }, content),
    rect: (left, top, width, height, className) =>
      svg("rect", { x: left, y: top, width: Math.max(width, 0), height: Math.max(height, 0), class: className }),
    dot: (cx, cy, r, className) => svg("circle", { cx, cy, r, class: className }),
    diamond: (cx, cy, r, className) => svg("path", { d: `M${cx},${cy - r} l${r},${r} l${-r},${r} l${-r},${-r} Z`, class: className }),
    /** For what is beyond the top of the plot: its tip at (x, y), 2 r high. */
    arrowhead: (x, y, r, className) => svg("path", { d: `M${x},${y} l${r},${2 * r} h${-2 * r} Z`, class: className }),
    /** A line through points given as [x, y] values. */
    curve: (points, className) => svg("polyline", { points: points.map(point).join(" "), class: className }),
    /** The same closed and filled, from the points down to the axis. */
    area: (points, className) => {
      const foot = [[points.at(-1)[0], yAxis.from], [points[0][0], yAxis.from]];
      return svg("polygon", { points: [...points, ...foot].map(point).join(" "), class: className });
    },
  };
}

/** The axes themselves: a line below, faint lines across, numbers and titles. */
function axes(f, xAxis, yAxis) {
  const marks = [];
  for (const tick of yAxis.ticks) {
    marks.push(f.line(f.left, f.y(tick), f.right, f.y(tick), tick === yAxis.from ? "xe-axis" : "xe-grid"));
    marks.push(f.text((yAxis.format ?? String)(tick), f.left - 8, f.y(tick) + 4, "end"));
  }
  for (const tick of xAxis.ticks) {
    marks.push(f.line(f.x(tick), f.bottom, f.x(tick), f.bottom + 5, "xe-axis"));
    marks.push(f.text((xAxis.format ?? String)(tick), f.x(tick), f.bottom + 19, "middle"));
  }
  marks.push(f.text(xAxis.title, (f.left + f.right) / 2, f.height - 6, "middle"));
  marks.push(f.text(yAxis.title, 0, 14, "start"));
  return svg("g", {}, ...marks);
}

/** A plot; give it to the page as `node`, and `describe` it for those who do not see it.

    x, y: { from, to, ticks, title, format? }, or a function that gives them, asked at each redraw;
    margin: in pixels; draw(frame): the marks to show now, above the axes. */
export function plot({ x, y, margin = { left: 44, right: 16, top: 34, bottom: 44 }, draw }) {
  const marks = svg("g");
  const node = svg("svg", { role: "img", class: "xe-plot" });
  const axis = (one) => (typeof one === "function" ? one() : one);
  let drawn = ""; // for which size and axes the axes on the page were made
  let size = { width: 0, height: 0 }; // measured when it changes: to ask at each redraw would lay out the page anew

  function redraw() {
    const { width, height } = size;
    if (width <= 0) return;
    const [xAxis, yAxis] = [axis(x), axis(y)];
    const f = frame(width, height, margin, xAxis, yAxis);
    const wanted = JSON.stringify([width, height, xAxis, yAxis]);
    if (wanted !== drawn) {
      node.setAttribute("viewBox", `0 0 ${width} ${height}`);
      node.replaceChildren(axes(f, xAxis, yAxis), marks);
      drawn = wanted;
    }
    marks.replaceChildren(...draw(f));
  }
  const resized = new ResizeObserver(() => {
    size = node.getBoundingClientRect();
    redraw();
  });
  resized.observe(node);
  return {
    node,
    margin,
    redraw,
    describe: (text) => node.setAttribute("aria-label", text),
    stop: () => resized.disconnect(),
  };
}

/** Follows a pressed mouse, pen or finger over a plot: calls move(x, y) with the values below it, inside the axes. */
export function followPointer({ node, margin }, xAxis, yAxis, move) {
  const inside = (share) => Math.min(Math.max(share, 0), 1);
  function follow(event) {
    if (event.buttons !== 1) return;
    const { left, right, top, bottom } = node.getBoundingClientRect();
    const across = inside((event.clientX - left - margin.left) / (right - left - margin.left - margin.right));
    const up = inside((bottom - margin.bottom - event.clientY) / (bottom - top - margin.top - margin.bottom));
    move(xAxis.from + across * (xAxis.to - xAxis.from), yAxis.from + up * (yAxis.to - yAxis.from));
  }
  node.addEventListener("pointerdown", (event) => {
    node.setPointerCapture(event.pointerId);
    follow(event);
  });
  node.addEventListener("pointermove", follow);
}

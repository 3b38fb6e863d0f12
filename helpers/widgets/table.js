/* A table of numbers that follow the state: named columns, named rows, and cells set by text. */
import { element } from "./figure.js";

/** A table with a heading for each row and column; show([[…], …]) sets the cells, row by row.

    A cell is a text, or [text, class of the cell], where a sign beside the text is wanted. */
export function table(caption, columns, rows) {
  const heading = (scope, name) => element(name === "" ? "td" : "th", name === "" ? {} : { scope }, ...[name].flat());
  const cells = rows.map(() => columns.slice(1).map(() => element("td")));
  const lines = rows.map((name, k) => element("tr", {}, heading("row", name), ...cells[k]));
  return {
    node: element(
      "table",
      { className: "xe-table", "aria-label": caption },
      element("thead", {}, element("tr", {}, ...columns.map((name) => heading("col", name)))),
      element("tbody", {}, ...lines),
    ),
    lines,
    show(texts) {
      texts.forEach((row, r) =>
        row.forEach((cell, c) => {
          const [text, className] = [cell].flat();
          cells[r][c].textContent = text;
          cells[r][c].className = className ?? "";
        }),
      );
    },
  };
}

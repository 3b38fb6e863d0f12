/* Numbers as people type them. */

const DECIMAL = "[+\u2212-]?(?:\\d+(?:[.,]\\d*)?|[.,]\\d+)(?:e[+\u2212-]?\\d+)?";
const SUM = new RegExp(`^(?:(log|ln|exp)\\s*\\(?)?\\s*(${DECIMAL})\\s*(?:/\\s*(${DECIMAL}))?\\s*\\)?\\s*(%)?$`, "i");
const FUNCTIONS = { log: Math.log, ln: Math.log, exp: Math.exp };

const decimal = (text) => Number(text.replaceAll("\u2212", "-").replace(",", "."));

/** The number that a text means, or NaN: 2.3, 2,3, 3/4, 75%, log 4, exp(1.5), 1e-3; log is the natural one. */
export function readNumber(text) {
  const found = SUM.exec(text.trim());
  if (!found) return NaN;
  const [, name, above, below, percent] = found;
  const ratio = decimal(above) / (below === undefined ? 1 : decimal(below));
  const value = (name ? FUNCTIONS[name.toLowerCase()](ratio) : ratio) / (percent ? 100 : 1);
  return Number.isFinite(value) ? value : NaN;
}

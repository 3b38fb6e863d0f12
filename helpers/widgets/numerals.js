/* Numbers as people type them. */

const SIGN = "[+\u2212-]?";
const THOUSANDS = "[1-9]\\d{0,2}(?:,\\d{3})*,000"; // 10,000; but 2,303 is a number between two and three
const DECIMAL = `${SIGN}(?:${THOUSANDS}|\\d+(?:[.,]\\d*)?|[.,]\\d+)(?:e${SIGN}\\d+)?`;
const SUM = new RegExp(`^(?:(${SIGN})(log|ln|exp)\\s*\\(?)?\\s*(${DECIMAL})\\s*(?:/\\s*(${DECIMAL}))?\\s*\\)?\\s*(%)?$`, "i");
const GROUPED = new RegExp(`^${SIGN}${THOUSANDS}$`);
const FUNCTIONS = { log: Math.log, ln: Math.log, exp: Math.exp };

const decimal = (text) => Number(text.replaceAll("\u2212", "-").replaceAll(",", GROUPED.test(text) ? "" : "."));

/** The number that a text means, or NaN: 2.3, 2,3, 10,000, 3/4, 75%, log 4, −log 0.1, exp(1.5), 1e-3; log is the
    natural one. */
export function readNumber(text) {
  const found = SUM.exec(text.trim());
  if (!found) return NaN;
  const [, sign, name, above, below, percent] = found;
  const ratio = decimal(above) / (below === undefined ? 1 : decimal(below));
  const size = (name ? FUNCTIONS[name.toLowerCase()](ratio) : ratio) / (percent ? 100 : 1);
  const value = sign && sign !== "+" ? -size : size;
  return Number.isFinite(value) ? value : NaN;
}

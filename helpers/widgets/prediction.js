/* A number to guess before it is shown: how far off the guess is, what mistake it looks like, and the derivation. */
import { announcer, assign, button, element, figure, fixed, follow, significant, size } from "./figure.js";
import { readNumber } from "./numerals.js";

const HOW_TO = "Type a number, such as 2.3, 3/4, 75% or log 4.";

/** A number with its decimals, or rounded to a whole one where it is large. */
const written = (x, decimals) => (Math.abs(x) < 1000 ? fixed(x, decimals) : (x < 0 ? "\u2212" : "") + size(Math.abs(x)));

/** A share in whole per cent, or by its first digit where that would be 0. */
const percent = (share) => `${100 * share < 0.5 ? significant(100 * share, 1) : fixed(100 * share, 0)}%`;

/** In words, how far a guess is from the answer: as a difference, and as a share where that says something. */
function distance(guess, answer, decimals) {
  const off = guess - answer;
  const side = off > 0 ? "too high" : "too low";
  const difference = `${written(Math.abs(off), decimals)} ${side}`;
  if (answer <= 0 || guess <= 0) return difference;
  const ratio = guess / answer;
  if (ratio >= 2) return `${difference}: ${written(ratio, 1)} times the answer`;
  if (ratio <= 0.5) return `${difference}: ${percent(ratio)} of the answer`;
  return `${difference}, ${percent(Math.abs(ratio - 1))} off`;
}

/** Two bars on one scale that holds zero: what was said, and what it is. */
function bars() {
  const rows = ["you said", "it is"].map((name, k) => {
    const bar = element("span", { className: k ? "xe-answer-bar" : "xe-guess-bar" });
    const value = element("span", { className: "xe-number" });
    const track = element("span", { className: "xe-lane", "aria-hidden": "true" }, bar);
    return { bar, value, node: element("div", { className: "xe-said" }, element("span", {}, name), track, value) };
  });
  return {
    node: element("div", { className: "xe-comparison" }, ...rows.map(({ node }) => node)),
    show(numbers, decimals) {
      const [low, high] = [Math.min(0, ...numbers), Math.max(0, ...numbers)];
      const share = (x) => `${(100 * x) / (high - low || 1)}%`;
      rows.forEach(({ bar, value }, k) => {
        bar.style.left = share(Math.min(numbers[k], 0) - low);
        bar.style.width = share(Math.abs(numbers[k]));
        value.textContent = written(numbers[k], decimals);
      });
    },
  };
}

function render({ model, el }) {
  const decimals = model.get("decimals");
  const answer = model.get("answer");
  const unit = model.get("unit") && ` ${model.get("unit")}`;
  const right = `${fixed(answer, decimals)}${unit}`;

  const question = element("p", { className: "xe-question" }, model.get("question"));
  const input = element("input", { type: "text", inputMode: "text", autocomplete: "off", spellcheck: false });
  input.setAttribute("data-lm-suppress-shortcuts", "true");
  const field = element("label", { className: "xe-guess" }, element("span", {}, "Your guess"), input, unit);
  const check = button("Check");
  check.type = "submit";
  const giveUp = button("Show the answer", () => assign(model, { revealed: true }));
  const complaint = element("p", { className: "xe-complaint", role: "alert" });
  const verdict = element("p", { className: "xe-verdict" });
  const comparison = bars();
  const because = element("ol", { className: "xe-because" }, ...model.get("because").map((line) => element("li", {}, line)));
  const outcome = element("div", { className: "xe-outcome" }, verdict, comparison.node, because);
  const entry = element("div", { className: "xe-buttons" }, field, check, giveUp);
  const root = figure("Predict first", question, entry, complaint, outcome);
  root.classList.add("xe-prediction");
  const announcement = announcer(root);

  // JupyterLab keeps Enter from submitting a form: the input sees to it itself, before the key gets there.
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    input.form.requestSubmit();
  });
  root.addEventListener("submit", () => {
    const guess = readNumber(input.value);
    const understood = !Number.isNaN(guess);
    complaint.textContent = understood ? "" : input.value.trim() ? `“${input.value}” was not understood. ${HOW_TO}` : HOW_TO;
    input.setAttribute("aria-invalid", String(!understood));
    if (understood) assign(model, { guess });
  });

  /** What to say of this guess. */
  function judged(guess) {
    const reach = (value) => Math.max(0.5 * 10 ** -decimals, model.get("tolerance") * Math.abs(value));
    const near = (value) => Math.abs(guess - value) <= reach(value) * (1 + 1e-9); // rounding is forgiven
    if (near(answer)) return `Right: ${right}.`;
    const off = `The answer is ${right}; your guess is ${distance(guess, answer, decimals)}.`;
    const mistake = model.get("mistakes").find(([value]) => near(value));
    return mistake ? `${off} ${mistake[1]}` : off;
  }
  function update() {
    const guess = model.get("guess");
    const told = guess !== null;
    outcome.hidden = !(told || model.get("revealed"));
    giveUp.hidden = !outcome.hidden;
    comparison.node.hidden = !told;
    const text = told ? judged(guess) : `The answer is ${right}.`;
    verdict.textContent = text;
    if (told) {
      comparison.show([guess, answer], decimals);
      if (readNumber(input.value) !== guess) input.value = String(guess);
    }
    if (!outcome.hidden) announcement.say(`${text} ${model.get("because").join(" ")}`);
  }

  el.append(root);
  const stopFollowing = follow(model, ["guess", "revealed"], update);
  return () => {
    stopFollowing();
    announcement.stop();
  };
}

export default { render };

/* One prediction of the next word: move a logit, name the word that came, follow the gradient downhill. */
import { announcer, assign, button, element, figure, fixed, follow, radio, signed, size, slider } from "./figure.js";
import { crossEntropy, crossEntropyGradient, gradientStep, natsToBits, perplexity, softmax } from "./information.js";

const REACH = 6; // a slider's logits run from −6 to 6; other values come from a step or the kernel
const FULL_SCALE = 3; // the loss gauge ends at this many times log V

const percent = (share) => `${(100 * share).toFixed(2)}%`;

/** One word: the radio button that makes it the target, its slider, its bar, and its part of the gradient. */
function row(word, onTarget, onLogit) {
  const target = radio({ name: "target", "aria-label": `target: ${word}` });
  target.addEventListener("change", onTarget);
  const logit = slider({ min: -REACH, max: REACH, step: 0.1, "aria-label": `logit of ${word}` });
  logit.addEventListener("input", () => onLogit(Number(logit.value)));
  const z = element("span", { className: "xe-number" });
  const p = element("span", { className: "xe-number" });
  const gradient = element("span", { className: "xe-number" });
  const bar = element("span", { className: "xe-bar" });
  const push = element("span", { className: "xe-push" });
  const truth = element("span", { className: "xe-truth" });
  const track = element("span", { className: "xe-track", "aria-hidden": "true" }, bar, push, truth);
  const node = element(
    "div",
    { className: "xe-row" },
    element("label", { className: "xe-word" }, target, element("span", {}, word)),
    element("span", { className: "xe-logit" }, logit, z),
    element("span", { className: "xe-forecast" }, track, p),
    element("span", { className: "xe-gradient" }, gradient),
  );
  return {
    node,
    show(logitNow, probability, slope, isTarget) {
      logit.value = logitNow;
      logit.setAttribute("aria-valuetext", `${fixed(logitNow, 1)}: probability ${fixed(probability, 3)}`);
      target.checked = isTarget;
      z.textContent = fixed(logitNow, 1);
      p.textContent = fixed(probability, 3);
      gradient.textContent = signed(slope, 3);
      node.classList.toggle("xe-target", isTarget);
      bar.style.width = percent(probability);
      // The arrow runs from the forecast q to the truth p, 1 or 0: its length is |q − p|.
      push.style.left = isTarget ? percent(probability) : "0";
      push.style.width = percent(Math.abs(slope));
    },
  };
}

/** The loss as a bar on a scale whose dashed mark is log V, the price of an even guess among V words. */
function gauge(classes) {
  const evenly = Math.log(classes);
  const bar = element("span", { className: "xe-loss-bar" });
  const mark = element("span", { className: "xe-baseline" });
  mark.style.left = percent(1 / FULL_SCALE);
  const label = element("span", { className: "xe-baseline-label" }, `even guess: log ${classes} = ${fixed(evenly, 3)}`);
  label.style.left = percent(1 / FULL_SCALE);
  const scale = element("div", { className: "xe-scale" }, bar, mark);
  const node = element("div", { className: "xe-gauge", "aria-hidden": "true" }, scale, label);
  return {
    node,
    evenly,
    show(loss) {
      const share = loss / (FULL_SCALE * evenly);
      bar.style.width = percent(Math.min(share, 1));
      node.classList.toggle("xe-off-scale", share > 1);
    },
  };
}

function render({ model, el }) {
  const words = model.get("words");
  const rows = words.map((word, k) =>
    row(
      word,
      () => assign(model, { target: k }),
      (z) => assign(model, { logits: model.get("logits").with(k, z) }),
    ),
  );
  const scale = gauge(words.length);
  const heading = element("div", { className: "xe-row xe-heading", "aria-hidden": "true" });
  for (const title of ["target", "logit z", "probability q", "gradient q − p"]) heading.append(element("span", {}, title));
  const table = element("div", { className: "xe-rows" }, heading, ...rows.map(({ node }) => node));
  const loss = element("p", { className: "xe-loss" });
  const verdict = element("p", { className: "xe-verdict" });
  const step = button("", () => {
    const { logits, target, learningRate } = state();
    assign(model, { logits: gradientStep(logits, target, learningRate) });
  });
  const reset = button("Reset", () => assign(model, model.get("start")));
  const key = (className, meaning) => element("span", {}, element("span", { className }), meaning);
  const legend = element(
    "p",
    { className: "xe-legend" },
    key("xe-key-bar", "forecast q"),
    key("xe-key-truth", "truth p: 1 for the target, 0 for the others"),
    key("xe-key-push", "from q to p: the way a step pushes, as long as the gradient"),
  );
  const buttons = element("div", { className: "xe-buttons" }, step, reset);
  const root = figure("Loss explorer", table, legend, loss, scale.node, verdict, buttons);
  root.classList.add("xe-loss-explorer");
  const announcement = announcer(root);

  function state() {
    return { logits: model.get("logits"), target: model.get("target"), learningRate: model.get("learning_rate") };
  }
  function update() {
    const { logits, target, learningRate } = state();
    const p = softmax(logits);
    const gradient = crossEntropyGradient(logits, target);
    const nats = crossEntropy(logits, target);
    rows.forEach((r, k) => r.show(logits[k], p[k], gradient[k], k === target));
    scale.show(nats);
    loss.replaceChildren(
      `loss −log q(${words[target]}) = `,
      element("strong", {}, `${fixed(nats, 3)} nats`),
      ` = ${fixed(natsToBits(nats), 3)} bits`,
    );
    const side = Math.abs(nats - scale.evenly) < 5e-4 ? "as good as" : nats < scale.evenly ? "better than" : "worse than";
    verdict.textContent = `perplexity ${size(perplexity(nats))}: ${side} an even guess among ${words.length}`;
    step.textContent = `Gradient step (rate ${learningRate})`;
    announcement.say(`loss ${fixed(nats, 3)} nats, perplexity ${size(perplexity(nats))}, ${side} an even guess`);
  }

  el.append(root);
  const stopFollowing = follow(model, ["logits", "target", "learning_rate"], update);
  return () => {
    stopFollowing();
    announcement.stop();
  };
}

export default { render };

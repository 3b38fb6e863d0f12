/* One prediction of the next word: move a logit or a probability, name the word that came, follow the gradient. */
import {
  announcer,
  asLength,
  assign,
  button,
  element,
  figure,
  fixed,
  follow,
  inNats,
  legend,
  radio,
  signed,
  size,
  slider,
} from "./figure.js";
import {
  crossEntropy,
  crossEntropyGradient,
  gradientStep,
  natsToBits,
  perplexity,
  softmax,
  withShare,
} from "./information.js";
import { descent } from "./descent.js";

const REACH = 6; // a slider's logits run from −6 to 6; other values come from a step or the kernel
const SHARE = 0.005; // as near to 0 or 1 as a probability can be dragged: the logit stays finite
const FULL_SCALE = 3; // the loss gauge ends at this many times log V

/** One word: the button that makes it the target, its logit, its bar, whose end is a handle, and its gradient. */
function row(word, onTarget, onLogit, onShare) {
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
  const share = slider({ className: "xe-share", min: 0, max: 1, step: 0.01, "aria-label": `probability of ${word}` });
  share.addEventListener("input", () => onShare(Math.min(Math.max(Number(share.value), SHARE), 1 - SHARE)));
  const track = element("span", { className: "xe-track" }, bar, push, truth, share);
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
      share.value = probability;
      share.setAttribute("aria-valuetext", fixed(probability, 3));
      z.textContent = fixed(logitNow, 1);
      p.textContent = fixed(probability, 3);
      gradient.textContent = signed(slope, 3);
      node.classList.toggle("xe-target", isTarget);
      bar.style.width = asLength(probability);
      // The arrow runs from the forecast q to the truth p, 1 or 0: its length is |q − p|.
      push.style.left = isTarget ? asLength(probability) : "0";
      push.style.width = asLength(Math.abs(slope));
    },
  };
}

/** The loss as a bar on a scale whose dashed mark is log V, the price of an even guess among V words. */
function gauge(classes) {
  const evenly = Math.log(classes);
  const bar = element("span", { className: "xe-loss-bar" });
  const mark = element("span", { className: "xe-baseline" });
  mark.style.left = asLength(1 / FULL_SCALE);
  const label = element("span", { className: "xe-baseline-label" }, `even guess: log ${classes} = ${fixed(evenly, 3)}`);
  label.style.left = asLength(1 / FULL_SCALE);
  const scale = element("div", { className: "xe-scale" }, bar, mark);
  const node = element("div", { className: "xe-gauge", "aria-hidden": "true" }, scale, label);
  return {
    node,
    evenly,
    show(loss) {
      const share = loss / (FULL_SCALE * evenly);
      bar.style.width = asLength(Math.min(share, 1));
      node.classList.toggle("xe-off-scale", share > 1);
    },
  };
}

function render({ model, el }) {
  const words = model.get("words");
  const rows = words.map((word, k) =>
    row(
      word,
      () => assign(model, { target: k, trail: [] }),
      (z) => assign(model, { logits: model.get("logits").with(k, z), trail: [] }),
      (q) => assign(model, { logits: withShare(model.get("logits"), k, q), trail: [] }),
    ),
  );
  const scale = gauge(words.length);
  const heading = element("div", { className: "xe-row xe-heading", "aria-hidden": "true" });
  for (const title of ["target", "logit z", "probability q", "gradient q − p"]) heading.append(element("span", {}, title));
  const table = element("div", {}, heading, ...rows.map(({ node }) => node));
  const loss = element("p", { className: "xe-loss" });
  const verdict = element("p", { className: "xe-verdict" });
  const way = descent({ start: lossNow, step: takeStep, even: scale.evenly, trail: () => model.get("trail") });
  const step = button("", takeStep);
  const reset = button("Reset", () => {
    way.halt();
    assign(model, { ...model.get("start"), trail: [] });
  });
  const key = legend(
    ["xe-key-bar", "forecast q"],
    ["xe-key-truth", "truth p: 1 for the target, 0 for the others"],
    ["xe-key-push", "from q to p: the way a step pushes, as long as the gradient"],
  );
  const buttons = element("div", { className: "xe-buttons" }, step, way.button, reset);
  const root = figure("Loss explorer", table, key, loss, scale.node, verdict, buttons, way.node);
  root.classList.add("xe-loss-explorer");
  const announcement = announcer(root);

  function state() {
    return { logits: model.get("logits"), target: model.get("target"), learningRate: model.get("learning_rate") };
  }
  function lossNow() {
    const { logits, target } = state();
    return crossEntropy(logits, target);
  }
  /** One step downhill, which the trail records; gives the loss where it ends. */
  function takeStep() {
    const { logits, target, learningRate } = state();
    const trail = model.get("trail");
    const lower = gradientStep(logits, target, learningRate);
    const loss = crossEntropy(lower, target);
    assign(model, { logits: lower, trail: [...(trail.length ? trail : [crossEntropy(logits, target)]), loss] });
    return loss;
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
      element("strong", {}, inNats(nats)),
      ` = ${fixed(natsToBits(nats), 3)} bits`,
    );
    const side = Math.abs(nats - scale.evenly) < 5e-4 ? "as good as" : nats < scale.evenly ? "better than" : "worse than";
    verdict.textContent = `perplexity ${size(perplexity(nats))}: ${side} an even guess among ${words.length}`;
    step.textContent = `Gradient step (rate ${learningRate})`;
    way.redraw();
    announcement.say(`loss ${inNats(nats)}, perplexity ${size(perplexity(nats))}, ${side} an even guess`);
  }

  el.append(root);
  const stopFollowing = follow(model, ["logits", "target", "learning_rate", "trail"], update);
  return () => {
    stopFollowing();
    way.stop();
    announcement.stop();
  };
}

export default { render };

/* The loss of a yes and of a no as the logit moves, computed with or without a constant that protects the logarithm. */
import { RECIPES, exactGradient, exactLoss, lossAndGradient, lostFrom, sigmoid } from "./binary_recipes.js";
import { ANSWERS, AXES, MARGIN, REACH, STEPS, TRUTH, lately, points, scenery } from "./binary_scene.js";
import {
  announcer,
  assign,
  choice,
  element,
  figure,
  fixed,
  follow,
  inNats,
  labelledSlider,
  legend,
  lossText,
  significant,
} from "./figure.js";
import { FORMATS } from "./float_formats.js";
import { followPointer, linspace, plot } from "./plot.js";
import { table } from "./table.js";

/** What is to be said of a gradient beside the one it should be, and the class of a warning. */
function verdict(gradient, z, y) {
  const wrong = y === 1 ? z < 0 : z > 0;
  if (Number.isNaN(gradient)) return ["NaN, which spoils every weight it reaches", "xe-warning"];
  if (gradient === 0) return wrong ? ["none, though the model is wrong", "xe-warning"] : ["none, and it is right already"];
  const share = Math.abs(gradient) / Math.abs(exactGradient(z, y));
  if (share < 0.5) return ["less than half of it", wrong ? "xe-warning" : ""];
  return [share < 0.95 ? "more than half of it" : "arrives"];
}

const gradientText = (g) => (g === 0 ? "exactly 0" : significant(g));
const probabilityText = (z) => (z < 6 ? significant(sigmoid(z)) : `1 \u2212 ${significant(sigmoid(-z))}`);

function render({ model, el }) {
  const state = () => ({
    ...{ z: model.get("logit"), recipe: model.get("recipe"), exponent: model.get("exponent") },
    epsilon: Number(`1e-${model.get("exponent")}`),
    ...{ precision: model.get("precision"), format: FORMATS[model.get("precision")] },
    ...{ axisName: model.get("axis"), axis: AXES[model.get("axis")] },
  });
  const arithmetic = ({ recipe, exponent, precision }) => `${recipe} ${exponent} ${precision}`;
  const lostLately = lately(lostFrom);
  const lost = (now) => lostLately(arithmetic(now), now.recipe, now.epsilon, now.format, { reach: REACH, steps: STEPS });
  const results = ({ z, recipe, epsilon, format }) =>
    ANSWERS.map((answer) => lossAndGradient(recipe, z, TRUTH[answer], epsilon, format));

  /** Draws one of the two plots, its greatest value at the top and the word for NaN at nanAt: the scenery, anew where
      something but the logit has changed, and the points. */
  function drawn(quantity, top, nanAt, describeScene) {
    const scene = lately((f, now) => scenery(f, now.axis, lost(now), { top: top(now), ...describeScene(f, now) }));
    return (f) => {
      const now = state();
      const [yes, no] = results(now).map((result) => result[quantity]);
      return [
        scene(`${arithmetic(now)} ${now.axisName} ${f.width} ${f.height}`, f, now),
        ...points(f, now.axis.place(now.z), { yes, no }, top(now), nanAt(now)),
      ];
    };
  }
  const computed = (quantity, now) => (z, y) => lossAndGradient(now.recipe, z, y, now.epsilon, now.format)[quantity];
  const lossY = () => {
    const { highest } = state().axis;
    return { from: 0, to: highest, ticks: linspace(0, highest, highest === 5 ? 5 : 4), title: "loss (nats)" };
  };
  const losses = plot({
    ...{ x: () => state().axis.x, y: lossY, margin: MARGIN },
    draw: drawn("loss", ({ axis }) => axis.highest, ({ axis }) => 0.55 * axis.highest, (f, now) => ({
      computed: computed("loss", now),
      exact: exactLoss,
      labels: ANSWERS.map((answer) => {
        const at = now.axis.lossLabels[answer];
        const [side, anchor] = answer === "yes" ? [8, "start"] : [-8, "end"];
        return [answer, f.x(at) + side, f.y(exactLoss(now.axis.logit(at), TRUTH[answer])), anchor];
      }),
    })),
  });
  const gradients = plot({
    ...{ x: () => state().axis.x, margin: MARGIN },
    y: { from: -1, to: 1, ticks: [-1, -0.5, 0, 0.5, 1], format: (g) => fixed(g, 1), title: "gradient σ(z) − y" },
    draw: drawn("gradient", () => 1.01, () => -0.3, (f, now) => ({
      computed: computed("gradient", now),
      exact: exactGradient,
      bandLabels: { yes: 0.5, no: -0.5 },
      labels: ANSWERS.map((answer) => {
        const at = now.axis.gradientLabels[answer];
        const y = f.y(exactGradient(now.axis.logit(at), TRUTH[answer]));
        const probability = now.axisName === "probability";
        if (answer === "yes") return [answer, f.x(at), y + (probability ? 18 : -8), probability ? "start" : "end"];
        return [answer, f.x(at), y + (probability ? -8 : 18), probability ? "end" : "start"];
      }),
    })),
  });
  const logit = labelledSlider("logit z of yes", { min: -REACH, max: REACH, step: 1 / STEPS }, (z) =>
    assign(model, { logit: z }),
  );
  const recipe = choice("loss computed from", RECIPES, (name) => assign(model, { recipe: name }));
  const epsilon = labelledSlider("epsilon ε", { min: -16, max: -1, step: 1 }, (power) =>
    assign(model, { exponent: -power }),
  );
  const precision = choice("computed in", ["float32", "float64"], (name) => assign(model, { precision: name }));
  const axis = choice("horizontal axis", Object.keys(AXES), (name) => assign(model, { axis: name }));
  const reach = element("p", { className: "xe-reach" });
  const sample = (answer) => element("span", { className: `xe-key-${answer}`, "aria-hidden": "true" });
  const values = table(
    "losses and gradients at this logit",
    ["", ["answer yes ", sample("yes")], ["answer no ", sample("no")]],
    ["loss, computed (nats)", "loss, exact (nats)", "gradient, computed", "gradient, exact", "push"],
  );
  const key = legend(
    ["xe-key-yes-line", "answer yes"],
    ["xe-key-no-line", "answer no"],
    ["xe-key-exact", "exact, where the computed curve leaves it"],
    ["xe-key-lost", "push lost: less than half of it arrives where the model is wrong"],
  );
  const root = figure(
    "Binary cross-entropy of a yes and of a no",
    element("div", { className: "xe-pair" }, losses.node, gradients.node),
    ...[key, logit.node, axis.node, recipe.node, epsilon.node, precision.node, reach, values.node],
  );
  root.classList.add("xe-binary-curves");
  const announcement = announcer(root);

  function update() {
    const now = state();
    const { z } = now;
    const [yes, no] = results(now);
    const q = probabilityText(z);
    const power = String(-now.exponent).replace("-", "\u2212");
    logit.show(z, fixed(z, 1), `${fixed(z, 1)}: probability of yes ${q}`);
    epsilon.show(-now.exponent, `1e${power}`, `ten to the power ${power}`);
    const constant = now.recipe === "clipped q" || now.recipe === "q + epsilon";
    epsilon.input.disabled = !constant; // the other two recipes have none
    epsilon.node.classList.toggle("xe-idle", !constant);
    recipe.show(now.recipe);
    precision.show(now.precision);
    axis.show(now.axisName);
    const { yes: below, no: above } = lost(now);
    const parts = [
      ...(below === null ? [] : [`a yes at z\u00a0=\u00a0${fixed(below, 1)} and below`]),
      ...(above === null ? [] : [`a no at z\u00a0=\u00a0${fixed(above, 1)} and above`]),
    ];
    const arrives = parts.length
      ? `Less than half of the push arrives on ${parts.join(", and on ")}.`
      : "The whole push arrives at every logit from \u221240 to 40, wherever the model is wrong.";
    reach.textContent = `The probability given to yes is q\u00a0=\u00a0${q}. ${arrives}`;
    values.show([
      [yes, no].map(({ loss }) => lossText(loss)),
      [1, 0].map((y) => lossText(exactLoss(z, y))),
      [yes, no].map(({ gradient }) => gradientText(gradient)),
      [1, 0].map((y) => gradientText(exactGradient(z, y))),
      [yes, no].map(({ gradient }, k) => verdict(gradient, z, 1 - k)),
    ]);
    losses.describe(
      `Loss against the ${now.axisName}, computed from ${now.recipe} in ${now.precision}: ` +
        `falling for a yes, rising for a no. At z = ${fixed(z, 1)} a yes pays ${inNats(yes.loss)} ` +
        `and a no ${inNats(no.loss)}. ${arrives}`,
    );
    gradients.describe(
      `Gradient with respect to the logit against the ${now.axisName}, between \u22121 and 1. ` +
        `At z = ${fixed(z, 1)} it is ${gradientText(yes.gradient)} for a yes ` +
        `and ${gradientText(no.gradient)} for a no. ${arrives}`,
    );
    const told = (answer, { loss, gradient }) => `${answer}: loss ${inNats(loss)}, gradient ${gradientText(gradient)}`;
    announcement.say(`${told("yes", yes)}; ${told("no", no)}`);
    losses.redraw();
    gradients.redraw();
  }

  // What followPointer takes for the axis is the one that is shown at the time.
  const across = {
    get from() {
      return state().axis.x.from;
    },
    get to() {
      return state().axis.x.to;
    },
  };
  for (const one of [losses, gradients])
    followPointer(one, across, { from: 0, to: 1 }, (x) => {
      const now = state();
      const z = now.axis.logit(now.axisName === "probability" ? Math.min(Math.max(x, 0.001), 0.999) : x);
      assign(model, { logit: Math.round(z * STEPS) / STEPS });
    });

  el.append(root);
  const stopFollowing = follow(model, ["logit", "recipe", "exponent", "precision", "axis"], update);
  return () => {
    stopFollowing();
    losses.stop();
    gradients.stop();
    announcement.stop();
  };
}

export default { render };

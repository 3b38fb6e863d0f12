/* What every live figure is made of: elements, controls, numbers as text, and one model followed by many views. */

const SVG = "http://www.w3.org/2000/svg";
const MINUS = "\u2212";

/** A number with a fixed count of decimals, a true minus sign, and no sign on a zero. */
export function fixed(x, decimals) {
  const digits = Math.abs(x).toFixed(decimals);
  return x < 0 && Number(digits) !== 0 ? MINUS + digits : digits;
}

/** The same with a plus sign, for a quantity whose sign is the point. */
export function signed(x, decimals) {
  const text = fixed(x, decimals);
  return Number(text) > 0 ? `+${text}` : text;
}

/** A size whose leading digits matter: 2.30, 52.4, 3,200, 1.00e+9, ∞. */
export function size(x) {
  if (x >= 1e9 && x < Infinity) return x.toExponential(2);
  if (x >= 999.5) return Math.round(x).toLocaleString("en");
  return x.toFixed(x >= 99.95 ? 0 : x >= 9.995 ? 1 : 2);
}

/** A number of any size by its leading digits: 0, −0.0250, 16.1, 4.20e−8, ∞, NaN. */
export function significant(x, digits = 3) {
  if (!Number.isFinite(x) || x === 0) return String(Math.abs(x) === Infinity ? (x < 0 ? `${MINUS}∞` : "∞") : x + 0);
  const rounded = Math.abs(Number(x.toPrecision(digits)));
  const plain = rounded >= 1e-3 && rounded < 10 ** digits;
  return (plain ? x.toPrecision(digits) : x.toExponential(digits - 1)).replaceAll("-", MINUS);
}

/** A loss with three decimals, or the word for what is no number: ∞, NaN. */
export const lossText = (x) => (Number.isFinite(x) ? fixed(x, 3) : significant(x));

/** The same with its unit, which NaN has none of. */
export const inNats = (x) => (Number.isNaN(x) ? "NaN" : `${lossText(x)} nats`);

/** A share of a whole, as CSS has lengths. */
export const asLength = (share) => `${(100 * share).toFixed(2)}%`;

/** An HTML element; properties are set as properties, aria-… and data-… as attributes. */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) node.setAttribute(name, value);
    else node[name] = value;
  }
  node.append(...children);
  return node;
}

/** An SVG element, whose properties are all attributes. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

/* JupyterLab takes arrow keys, Enter and the digits from a control unless the control itself refuses. */
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

export const slider = (properties) => element("input", { type: "range", ...OWN_KEYS, ...properties });
export const radio = (properties) => element("input", { type: "radio", ...OWN_KEYS, ...properties });
export const button = (textContent, onclick) => element("button", { type: "button", textContent, onclick, ...OWN_KEYS });

/** The root of a view: to a screen reader a group with a name. Inside it a form, because names of radio buttons are
    private to one: two views never share a group. */
export function figure(label, ...children) {
  const root = element("div", { className: "xe-figure", "aria-label": label }, element("form", {}, ...children));
  root.setAttribute("role", "group");
  root.addEventListener("submit", (event) => event.preventDefault()); // Enter in a slider is no submission
  return root;
}

/** A slider between its label and its value: show(value, text, spoken) moves it; spoken is what a screen reader says. */
export function labelledSlider(label, properties, onValue) {
  const input = slider({ "aria-label": label, ...properties }); // without it the value would be read with the name
  const value = element("output", { className: "xe-number", "aria-live": "off" });
  input.addEventListener("input", () => onValue(Number(input.value)));
  return {
    input,
    node: element("label", { className: "xe-slider" }, element("span", {}, label), input, value),
    show(number, text, spoken = text) {
      input.value = number;
      input.setAttribute("aria-valuetext", spoken);
      value.textContent = text;
    },
  };
}

/** A few named choices, of which one holds: show(name) marks it. */
export function choice(label, names, onChoice) {
  const inputs = names.map((name) => {
    const input = radio({ name: label, value: name });
    input.addEventListener("change", () => onChoice(name));
    return input;
  });
  const options = names.map((name, k) => element("label", {}, inputs[k], element("span", {}, name)));
  return {
    node: element("fieldset", { className: "xe-choice" }, element("legend", {}, label), ...options),
    show(chosen) {
      for (const input of inputs) input.checked = input.value === chosen;
    },
  };
}

/** A row of named quantities: show([...]) sets them, in order; a list of texts is parted by spaces alone. */
export function readout(...names) {
  const values = names.map(() => element("span", { className: "xe-quantity" }));
  const cells = names.map((name, k) => element("div", {}, element("span", { className: "xe-name" }, name), values[k]));
  return {
    node: element("div", { className: "xe-readout" }, ...cells),
    show(texts) {
      texts.forEach((text, k) => {
        const parts = [text].flat().flatMap((part) => [" ", element("span", {}, part)]).slice(1);
        values[k].replaceChildren(...parts);
      });
    },
  };
}

/** A key to the marks: each is [class of the sample, what it means]. */
export const legend = (...keys) =>
  element(
    "p",
    { className: "xe-legend" },
    ...keys.map(([className, meaning]) => element("span", {}, element("span", { className }), meaning)),
  );

/** A polite live region: speaks a text once the reader's hand has rested, and only in the view in use. */
export function announcer(root) {
  const region = element("output", { className: "xe-announcement", "aria-live": "polite" });
  root.append(region);
  let timer;
  return {
    say(text) {
      clearTimeout(timer);
      timer = setTimeout(() => {
        if (root.matches(":focus-within")) region.textContent = text;
      }, 400);
    },
    stop: () => clearTimeout(timer),
  };
}

/** Calls update now and after each change of the named traits; gives back how to stop. */
export function follow(model, names, update) {
  for (const name of names) model.on(`change:${name}`, update);
  update();
  return () => {
    for (const name of names) model.off(`change:${name}`, update);
  };
}

/** Sets traits on the shared model, which tells every view, and the kernel where there is one. */
export function assign(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

/* Brings the anywidgets of a notebook to life on a page without a kernel, from the state saved in the notebook.
   Needs no network and no other script; works from file:// too. Each view says how it fared in data-anywidget. */
(() => {
  "use strict";
  const STATE = "application/vnd.jupyter.widget-state+json";
  const VIEW = "application/vnd.jupyter.widget-view+json";
  const MESSAGE = "This interactive figure could not be started in your browser.";

  /** The front end's half of a model: its views share it, and there is no other half to tell of a change. */
  class Model {
    #state;
    #listeners = [];
    constructor(state) {
      this.#state = state;
    }
    get(name) {
      return this.#state[name];
    }
    set(name, value) {
      if (this.#state[name] === value) return;
      this.#state[name] = value;
      for (const event of [`change:${name}`, "change"])
        for (const [heard, callback] of [...this.#listeners]) if (heard === event) callback(this, value);
    }
    on(event, callback) {
      this.#listeners.push([event, callback]);
    }
    off(event, callback) {
      this.#listeners = this.#listeners.filter(([e, c]) => (event && e !== event) || (callback && c !== callback));
    }
    save_changes() {}
    send() {}
  }

  /** The value of make(), made once for each key. */
  const memo = (make) => {
    const made = new Map();
    return (key, ...rest) => (made.has(key) || made.set(key, make(key, ...rest)), made.get(key));
  };

  const moduleOf = memo(async (source) => {
    const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    try {
      const { default: widget } = await import(url);
      return typeof widget === "function" ? await widget() : widget;
    } finally {
      URL.revokeObjectURL(url);
    }
  });

  const styleOf = memo((css) => {
    const style = document.createElement("style");
    style.textContent = css;
    document.head.append(style);
  });

  const modelOf = memo(async (id, saved) => {
    if (!saved) throw new Error(`no state was saved for widget ${id}`);
    if (!saved.state._esm) throw new Error(`${saved.model_name} is no anywidget: it needs a kernel`);
    if (saved.buffers?.length) throw new Error(`${saved.model_name} holds binary data, which this page cannot load`);
    const model = new Model({ ...saved.state });
    const widget = await moduleOf(saved.state._esm);
    await widget.initialize?.({ model });
    return { model, widget };
  });

  async function mount(tag, states) {
    const el = document.createElement("div");
    el.dataset.anywidget = "loading";
    tag.after(el);
    try {
      const id = JSON.parse(tag.textContent).model_id;
      const { model, widget } = await modelOf(id, states[id]);
      styleOf(model.get("_css") ?? "");
      await widget.render?.({ model, el });
      el.dataset.anywidget = "ready";
    } catch (error) {
      console.error("A live figure did not start:", error);
      const message = document.createElement("em");
      message.textContent = MESSAGE;
      el.replaceChildren(message);
      // What it would have shown, in words: with scripts on, a browser keeps the inside of noscript as text.
      const still = tag.parentElement.querySelector("noscript");
      if (still) el.insertAdjacentHTML("beforeend", still.textContent);
      el.dataset.anywidget = "failed";
    }
  }

  function start() {
    const states = {};
    const tags = (type) => document.querySelectorAll(`script[type="${type}"]`);
    for (const tag of tags(STATE)) Object.assign(states, JSON.parse(tag.textContent).state);
    const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 1));
    for (const tag of tags(VIEW)) whenIdle(() => mount(tag, states), { timeout: 1000 }); // one by one: the page stays quick
  }
  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();

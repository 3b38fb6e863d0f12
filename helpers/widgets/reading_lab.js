/* A text area whose characters are priced by a language model as they are written. */
import {
  announcer, asLength, assign, button, element, figure, fixed, follow, inNats, labelledSlider, legend, readout, size,
} from "./figure.js";
import { natsToBits, perplexity, surprisal } from "./information.js";
import { lstm } from "./lstm.js";
import { followPointer, plot } from "./plot.js";
import { piecesOf } from "./reader_text.js";
import { reading } from "./reading.js";
import { bytesOf, readWeights } from "./weights.js";

const LIMIT = 5000; // characters, as in reading_lab.py
const HEAT = 8; // nats that fill a character to its top
const SHOWN = 8; // alternatives
const BEFORE = 16; // characters that are quoted before the place looked at
const WRITTEN = 80; // characters that the model adds at once
const SLICE = 8; // milliseconds of reading between two frames
const REST = 300; // milliseconds without a key, after which the kernel is told
const PATIENCE = 20000; // milliseconds, for a kernel that is asked for the model
const TICKS = { 6: 2, 8: 2, 12: 3, 16: 4, 24: 6, 48: 12 }; // nats at the top of the plot, and between two lines
const MOST_POINTS = 400; // of a curve
const GLANCE = 100; // milliseconds between two looks at a text that is still being read
const SPOKEN = { " ": "space", "\n": "line break", "\t": "tab" };
const NONE = "–";
const VISIBLE = { " ": "␣", "\n": "↵", "\t": "⇥" };

const visible = (text) => [...text].map((one) => VISIBLE[one] ?? one).join("");
const spoken = (text) => [...text].map((one) => SPOKEN[one] ?? one).join(" ");
const few = (n) => n.toLocaleString("en");
const count = (n, noun) => `${few(n)} ${noun}${n === 1 ? "" : "s"}`;

/** The model, brought by the page: a script of its own, because a page on the disk may read no other kind of file. */
function fromPage(address) {
  return new Promise((resolve, reject) => {
    const script = element("script", { src: address, onload: () => resolve(script.weights) });
    script.onerror = () => reject(new Error("its file could not be read"));
    document.head.append(script);
  }).then(takenApart);
}

/** The model, sent by the kernel. */
function fromKernel(model) {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error("no kernel answered"));
    const timer = setTimeout(late, PATIENCE);
    model.on("msg:custom", function answered(content, buffers) {
      if (content?.kind !== "weights") return;
      clearTimeout(timer);
      model.off("msg:custom", answered);
      const { buffer, byteOffset, byteLength } = buffers[0];
      resolve(new Uint8Array(buffer, byteOffset, byteLength));
    });
    model.send?.({ kind: "weights" });
  });
}

let loaded; // once for all the views that share this script

/** What was loaded, taken apart. A browser's own words for damage say little: they give way to these. */
function takenApart(base64) {
  try {
    return bytesOf(base64);
  } catch {
    throw new Error("its file is damaged");
  }
}

/** A promise of what is needed to read: the LSTM, the numbers of the characters, and their shares. */
function load(model) {
  const address = document.querySelector('meta[name="xe-reader"]')?.content;
  loaded ??= (address ? fromPage(address) : fromKernel(model)).then((bytes) => {
    const weights = readWeights(bytes);
    const { alphabet } = weights;
    const ids = new Map(alphabet.map((character, id) => [character, id]));
    return { machine: lstm(weights), alphabet, ids, letters: [...weights.frequencies].map(surprisal) };
  });
  loaded.catch(() => (loaded = undefined)); // the next view may try again
  return loaded;
}

/** The text with its characters in spans, below the text area, which has the same letters in the same places. */
function heatOf() {
  const end = element("span", { className: "xe-end" }, "\u200b");
  const node = element("div", { className: "xe-heat", "aria-hidden": "true" }, end);
  let spans = [];
  let looked = end;
  return {
    node,
    /** Shows other characters; what they share with the last ones, from both ends, stays as it is. */
    show(characters) {
      const most = Math.min(spans.length, characters.length);
      let [head, tail] = [0, 0];
      while (head < most && spans[head].textContent === characters[head]) head++;
      while (tail < most - head && spans.at(-1 - tail).textContent === characters.at(-1 - tail)) tail++;
      const made = characters.slice(head, characters.length - tail).map((character) => {
        return element("span", character === "\n" ? { className: "xe-break" } : {}, character);
      });
      const gone = spans.slice(head, spans.length - tail);
      const after = spans[spans.length - tail] ?? end;
      for (const span of gone) span.remove();
      after.before(...made);
      spans = [...spans.slice(0, head), ...made, ...spans.slice(spans.length - tail)];
    },
    /** Fills a character by its price in nats; one without a price is marked, and so is one read as another. */
    price(k, nats, asOther) {
      const mark = nats === null ? "none" : asOther ? "other" : "own";
      const height = nats === null ? "" : asLength(Math.min(nats / HEAT, 1));
      const { style, dataset } = spans[k];
      if (dataset.read !== mark) dataset.read = mark;
      if (style.getPropertyValue("--xe-price") !== height) style.setProperty("--xe-price", height);
    },
    look(k) {
      looked.classList.remove("xe-looked");
      looked = spans[k] ?? end;
      looked.classList.add("xe-looked");
    },
    /** Scrolls a long text, and nothing else, until the place looked at is in sight. */
    reveal() {
      const paper = node.parentElement;
      const [top, room] = [looked.offsetTop - node.offsetTop, paper.clientHeight];
      if (top < paper.scrollTop || top + looked.offsetHeight > paper.scrollTop + room) paper.scrollTop = top - room / 2;
    },
  };
}

/** The likeliest characters at a place, with what stands there marked, and below them if it is not among them. */
function alternativesOf() {
  const caption = element("caption");
  const heading = ["character", "probability", "nats"].map((name) => element("th", { scope: "col" }, name));
  const body = element("tbody");
  const node = element(
    "table",
    { className: "xe-alternatives" },
    caption,
    element("thead", {}, element("tr", {}, ...heading)),
    body,
  );
  function row({ character, p, written }) {
    const name = SPOKEN[character] && element("span", { className: "xe-said" }, ` ${SPOKEN[character]}`);
    const bar = element("span", { className: "xe-bar" });
    bar.style.width = asLength(p ?? 0);
    const [probability, price] = p === undefined ? [NONE, NONE] : [fixed(p, 3), fixed(surprisal(p), 2)];
    return element(
      "tr",
      { className: written ? "xe-written" : "" },
      element("th", { scope: "row" }, visible(character), name ?? "", written ? element("span", {}, " ◂ yours") : ""),
      element("td", {}, element("span", { className: "xe-track" }, bar), element("span", {}, probability)),
      element("td", {}, price),
    );
  }
  return {
    node,
    show(before, rows) {
      caption.replaceChildren("What may stand ", before ? "after " : "at the start", element("span", {}, before));
      body.replaceChildren(...rows.map(row));
    },
  };
}

/** The same letters in another order, which is the same for the same letters. */
function shuffled(text) {
  const letters = [...text];
  let seed = letters.length;
  for (let k = letters.length - 1; k > 0; k--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (k + 1));
    [letters[k], letters[j]] = [letters[j], letters[k]];
  }
  return letters.join("");
}

/** What the model writes after a text: each character drawn from what it holds likely. */
function continued({ machine, alphabet, ids }, text, length) {
  const read = piecesOf(text, ids).flatMap((piece) => piece.ids);
  const pages = reading(machine, ids.get("\n"));
  const drawn = [];
  for (let t = read.length; t < read.length + length; t++) {
    pages.take([...read, ...drawn]);
    pages.advance(Infinity);
    const row = pages.at(t);
    let left = Math.random();
    const id = row.findIndex((logP) => (left -= Math.exp(logP)) < 0);
    drawn.push(id < 0 ? ids.get(" ") : id); // the sum of V shares may end a hair below 1
  }
  return text + drawn.map((id) => alphabet[id]).join("");
}

function render({ model, el }) {
  let reader = null; // { machine, alphabet, ids, letters }, once it is there
  let trouble = ""; // why it is not
  let pages = null; // the text as it is read
  let pieces = []; // of each character: what is read in its place
  let owners = []; // of each character that is read: which character of the text it stands for
  let starts = [0]; // of each character: how many are read before it
  const sums = [0]; // of prices, in nats, of the first 0, 1, … that were read
  const byLetters = [0]; // the same by letter counts alone
  let left = ""; // what was said about a text that was too long
  let [ticking, resting, revealing] = [0, 0, 0]; // timers
  let glanced = 0; // when the numbers were last shown

  const at = () => Math.min(model.get("at"), pieces.length);
  const characters = () => pieces.map(({ character }) => character);

  /** Shows another text at once, and tells the kernel when the hand rests. */
  function write(text, place) {
    const whole = [...text];
    left = whole.length > LIMIT
      ? `A text of ${few(whole.length)} characters is too long: the last ${few(whole.length - LIMIT)} were cut off. `
      : "";
    const kept = left ? whole.slice(0, LIMIT).join("") : text;
    model.set("text", kept);
    model.set("at", Math.min(place, whole.length, LIMIT));
    clearTimeout(resting);
    resting = setTimeout(tell, REST);
    if (area.value !== kept) update();
  }
  function tell() {
    clearTimeout(resting);
    resting = 0;
    model.save_changes();
  }

  const area = element("textarea", {
    ...{ spellcheck: false, autocapitalize: "off", autocomplete: "off", rows: 1 },
    ...{ "aria-label": "text that the model reads", "data-lm-suppress-shortcuts": "true" },
  });
  const heat = heatOf();
  const caret = () => [...area.value.slice(0, area.selectionStart)].length;
  area.addEventListener("input", () => write(area.value, caret()));
  const moved = () => {
    if (document.activeElement === area && caret() !== model.get("at")) {
      model.set("at", caret());
      clearTimeout(resting);
      resting = setTimeout(tell, REST);
    }
  };
  document.addEventListener("selectionchange", moved);

  const place = labelledSlider("character", { min: 0, step: 1 }, (value) => assign(model, { at: value }));
  const again = button("Start again", () => {
    const { text, at } = model.get("start");
    write(text, at);
    tell();
  });
  const shuffle = button("Shuffle the letters", () => {
    write(shuffled(model.get("text")), at());
    tell();
  });
  const more = button("Let the model write", () => {
    const text = model.get("text");
    const room = Math.min(WRITTEN, LIMIT - [...text].length);
    if (reader && room > 0) write(continued(reader, text, room), LIMIT);
    tell();
  });
  const note = element("p", { className: "xe-note" });
  const values = readout("mean price", "in bits", "perplexity", "by letter counts alone");
  const alternatives = alternativesOf();
  const margin = { left: 30, right: 14, top: 34, bottom: 44 };
  const curve = plot({ x: xAxis, y: yAxis, margin, draw });
  const across = { from: 0, get to() { return xAxis().to; } }; // it grows with the text
  followPointer(curve, across, { from: 0, to: 1 }, (x) => {
    const k = owners[Math.min(Math.floor(x), owners.length - 1)];
    if (k !== undefined) assign(model, { at: k });
  });
  const keys = legend(
    ["xe-key-price", "price of a character"],
    ["xe-key-mean", "mean so far"],
    ["xe-key-even", "even forecast: log 79"],
    ["xe-key-letters", "letter counts alone"],
  );
  const root = figure(
    "Reading lab",
    element("div", { className: "xe-paper" }, heat.node, area),
    note,
    place.node,
    element("div", { className: "xe-buttons" }, more, shuffle, again),
    values.node,
    element("div", { className: "xe-scene" }, alternatives.node, element("div", {}, curve.node, keys)),
  );
  root.classList.add("xe-reading-lab");
  const announcement = announcer(root);

  function xAxis() {
    const end = Math.max(owners.length, 10);
    const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000].find((each) => end / each <= 5) ?? 1000;
    const ticks = Array.from({ length: Math.floor(end / step) + 1 }, (_, k) => k * step);
    return { from: 0, to: end, ticks, format: few, title: "characters read" };
  }
  function yAxis() {
    let most = 5;
    for (let t = 1; t < sums.length; t++) most = Math.max(most, sums[t] - sums[t - 1]);
    const top = Object.keys(TICKS).map(Number).find((nats) => nats >= most) ?? 48;
    const ticks = Array.from({ length: top / TICKS[top] + 1 }, (_, k) => k * TICKS[top]);
    return { from: 0, to: top, ticks, title: "price (nats)" };
  }
  function draw(f) {
    const done = sums.length - 1;
    if (done === 0) return [];
    const every = Math.ceil(done / MOST_POINTS);
    const prices = [];
    const means = [];
    let highest = 0; // of a long text, the dearest of a few neighbours
    for (let t = 1; t <= done; t++) {
      highest = Math.max(highest, sums[t] - sums[t - 1]);
      if (t % every !== 0 && t !== done) continue;
      const middle = t - every / 2;
      prices.push([middle, 0], [middle, highest], [middle, 0]);
      means.push([t, sums[t] / t]);
      highest = 0;
    }
    const even = Math.log(reader.alphabet.length);
    const letters = lettersAlone();
    const looked = Math.min(starts[at()] + 0.5, done);
    return [
      f.curve(prices, "xe-prices"),
      f.line(f.left, f.y(even), f.right, f.y(even), "xe-even"),
      f.line(f.left, f.y(letters), f.right, f.y(letters), "xe-letters"),
      f.line(f.x(looked), f.top, f.x(looked), f.bottom, "xe-guide"),
      f.curve([[0, means[0][1]], ...means], "xe-mean"),
      f.dot(f.x(done), f.y(sums[done] / done), 5, "xe-mean-now"),
    ];
  }
  const mean = () => sums.at(-1) / (sums.length - 1);
  const lettersAlone = () => byLetters.at(-1) / (sums.length - 1);

  /** What a character cost, in nats: the sum of what was read for it; null where nothing was, undefined if not yet. */
  function priceOf(k) {
    const [first, last] = [starts[k], starts[k + 1]];
    if (first === last) return null;
    return last < sums.length ? sums[last] - sums[first] : undefined;
  }

  /** Another text: cut it up, mark it, and read what is new of it. */
  function update() {
    const text = model.get("text");
    if (area.value !== text) area.value = text;
    const known = reader?.ids ?? new Map();
    pieces = piecesOf(text, known);
    heat.show(characters());
    owners = pieces.flatMap((piece, k) => piece.ids.map(() => k));
    starts = [0];
    for (const piece of pieces) starts.push(starts.at(-1) + piece.ids.length);
    if (reader) {
      pages ??= reading(reader.machine, reader.ids.get("\n"));
      const same = pages.take(pieces.flatMap((piece) => piece.ids));
      for (const each of [sums, byLetters]) each.length = Math.min(each.length, same + 1);
      pieces.forEach((piece, k) => piece.ids.length === 0 && heat.price(k, null, false));
    }
    clearTimeout(ticking);
    readOn();
  }
  function readOn() {
    if (pages) {
      const before = sums.length - 1;
      const over = pages.advance(SLICE);
      for (let t = before; t < pages.done; t++) {
        sums.push(sums[t] + pages.price(t));
        byLetters.push(byLetters[t] + reader.letters[pages.read(t)]);
        const k = owners[t];
        if (priceOf(k) !== undefined) heat.price(k, priceOf(k), pieces[k].read !== pieces[k].character);
      }
      ticking = over ? 0 : setTimeout(readOn, 0);
      if (!over && performance.now() < glanced + GLANCE) return;
    }
    glanced = performance.now();
    show();
  }

  function show() {
    const done = sums.length - 1;
    const busy = !trouble && (!reader || done < owners.length);
    root.setAttribute("aria-busy", String(busy));
    more.disabled = !reader || pieces.length >= LIMIT;
    note.textContent = left + noteText();
    note.classList.toggle("xe-trouble", Boolean(trouble));
    const nats = mean();
    const priced = done > 0;
    values.show(
      priced
        ? [
            inNats(nats),
            `${fixed(natsToBits(nats), 3)} bits`,
            [size(perplexity(nats)), "choices"],
            inNats(lettersAlone()),
          ]
        : [NONE, NONE, NONE, NONE],
    );
    const total = priced ? `${count(done, "character")} read at a mean price of ${inNats(nats)}` : "Nothing read yet";
    curve.describe(
      priced
        ? `Price of each character as a line, and their mean so far. ${total}, perplexity ${size(perplexity(nats))}; ` +
            `letter counts alone would pay ${inNats(lettersAlone())}, an even forecast ${inNats(Math.log(reader.alphabet.length))}.`
        : "No curve yet: the prices of the characters and their mean so far will stand here.",
    );
    curve.redraw();
    look();
    if (priced && !busy) announcement.say(`${placeText()}. ${total}, perplexity ${size(perplexity(nats))}`);
  }

  /** What stands at the place looked at, in words. */
  function placeText() {
    const k = at();
    const all = pieces.length;
    if (k === all) return `the end, after ${count(all, "character")}`;
    const { character, read } = pieces[k];
    const price = reader && priceOf(k);
    const cost = price === null ? "not priced" : price === undefined || !reader ? "not read yet" : inNats(price);
    const as = read && read !== character ? `, read as ${spoken(read)}` : "";
    return `character ${few(k + 1)} of ${few(all)}, ${spoken(character)}${as}: ${cost}`;
  }
  function look() {
    const k = at();
    const all = pieces.length;
    heat.look(k);
    place.input.max = all;
    const price = reader && k < all ? priceOf(k) : undefined;
    const cost = price === null ? "not priced" : price === undefined ? "" : inNats(price);
    place.show(k, k === all ? "the end" : `${visible(pieces[k].character)} ${cost}`, placeText());
    const row = reader && starts[k] < sums.length ? pages.at(starts[k]) : null;
    const before = pieces.slice(Math.max(k - BEFORE, 0), k).map(({ character }) => visible(character));
    alternatives.show(`${k > BEFORE ? "…" : ""}${before.join("")}`, row ? likeliest(row, k) : Array(SHOWN).fill({ character: NONE }));
  }
  function likeliest(row, k) {
    const written = pieces[k]?.ids[0]; // of several that stand for one, the first
    const order = [...row.keys()].sort((a, b) => row[b] - row[a]);
    const shown = order.slice(0, SHOWN);
    if (written !== undefined && !shown.includes(written)) shown.splice(SHOWN - 1, 1, written);
    return shown.map((id) => ({ character: reader.alphabet[id], p: Math.exp(row[id]), written: id === written }));
  }

  function noteText() {
    if (trouble) return `The model did not load: ${trouble}. Load the page again, or in a notebook run the cell again.`;
    if (!reader) return "The model, 0.3 MB, loads when this figure is reached.";
    const others = new Map();
    const none = new Set();
    for (const { character, read } of pieces) {
      if (read === "") none.add(character);
      else if (read !== character) others.set(character, read);
    }
    const named = (list) => (list.length > 8 ? `${list.slice(0, 8).join(", ")} …` : list.join(", "));
    const likeness = [...others].map(([character, read]) => `${visible(character)}\u00a0→\u00a0${visible(read)}`);
    return [
      others.size ? `Read as what looks like it: ${named(likeness)}.` : "",
      none.size ? `Unknown to the model, without a price, and in no mean: ${named([...none].map(visible))}.` : "",
    ].join(" ").trim();
  }

  function begin() {
    if (begun) return;
    begun = true;
    reached.disconnect();
    load(model).then(
      (ready) => {
        if (stopped) return;
        reader = ready;
        update();
      },
      (error) => {
        if (stopped) return;
        trouble = error.message;
        show();
      },
    );
  }
  let [begun, stopped] = [false, false];
  const reached = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && begin(), {
    rootMargin: "400px",
  });

  el.append(root);
  const stopText = follow(model, ["text"], update);
  const stopPlace = follow(model, ["at"], () => {
    show();
    cancelAnimationFrame(revealing);
    if (document.activeElement !== area) revealing = requestAnimationFrame(heat.reveal); // else the browser scrolls
  });
  reached.observe(root);
  root.addEventListener("focusin", begin);
  return () => {
    stopped = true;
    if (resting) tell();
    clearTimeout(ticking);
    cancelAnimationFrame(revealing);
    document.removeEventListener("selectionchange", moved);
    reached.disconnect();
    stopText();
    stopPlace();
    curve.stop();
    announcement.stop();
  };
}

export default { render };

/* Times what answers a hand, from each move of the mouse (or Enter) to the paint of the frame that shows it.

   A move is timed from when the browser had it: also those that it merged with a later one. It counts once the
   control has changed its value. Its frame is painted when a message, posted from that frame's animation
   callback, arrives: style, layout and paint are done by then. */
(() => {
  const EVENTS = ["pointermove", "input", "submit"]; // those that make a figure change
  const asNumber = (text) => text.replace("\u2212", "-").trim();

  /** A figure of ours answers with a change of its elements, which is seen in the same frame. */
  function ours(root, handle) {
    let [changed, count] = [false, 0];
    const spoken = ({ target }) => target.classList?.contains("xe-announcement"); // later, and not to be seen
    const note = (records) => {
      if (!records.every(spoken)) [changed, count] = [true, count + 1];
    };
    const observer = new MutationObserver(note);
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
    const value = () => (handle.type === "range" ? handle.value : String(count));
    return {
      value,
      changes() {
        note(observer.takeRecords());
        return count;
      },
      answer() {
        const answer = changed ? value() : undefined;
        changed = false;
        return answer;
      },
      stop: () => observer.disconnect(),
    };
  }

  /** A cell of ipywidgets and matplotlib answers with a new image, and above it, in words, the value that it shows. */
  function theirs(root) {
    let shown;
    const value = () => asNumber(root.querySelector(".widget-readout").textContent);
    const observer = new MutationObserver(async () => {
      const image = root.querySelector(".jp-OutputArea img");
      if (!image || image.dataset.seen) return;
      image.dataset.seen = "yes";
      const said = asNumber(root.querySelector(".jp-OutputArea pre").textContent.match(/logit (\S+),/)[1]);
      await image.decode().catch(() => undefined);
      if (image.isConnected) shown = said;
    });
    observer.observe(root, { subtree: true, childList: true });
    return {
      value,
      changes: () => 0, // it changes later than in the event
      answer() {
        const answer = shown;
        shown = undefined;
        return answer;
      },
      stop: () => observer.disconnect(),
    };
  }

  function stopwatch(watched) {
    const [latencies, script] = [[], []];
    let [fresh, waiting, frames, running] = [[], [], 0, true];
    let [value, first, last] = [watched.value(), undefined, undefined];
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => {
      last = performance.now();
      frames += 1;
      for (const time of data) latencies.push(last - time);
    };
    const began = new Map();
    const before = (event) => {
      began.set(event.type, [performance.now(), watched.changes()]);
      if (event.type === "pointermove") fresh.push(...event.getCoalescedEvents().map(({ timeStamp }) => timeStamp));
      if (event.key === "Enter") fresh.push(event.timeStamp);
    };
    const after = (event) => {
      const [time, changes] = began.get(event.type);
      if (watched.changes() > changes) script.push(performance.now() - time);
    };
    for (const name of [...EVENTS, "keydown"]) addEventListener(name, before, true);
    for (const name of EVENTS) addEventListener(name, after);

    function frame() {
      if (!running) return;
      const now = watched.value();
      if (now !== value) {
        waiting.push(...fresh.map((time) => ({ time, value: now })));
        first ??= fresh[0];
        value = now;
      }
      fresh = [];
      const answer = watched.answer();
      const answered = waiting.findLastIndex((move) => move.value === answer) + 1;
      if (answered) channel.port2.postMessage(waiting.splice(0, answered).map(({ time }) => time));
      requestAnimationFrame(frame);
    }
    requestAnimationFrame(frame);

    /** Waits for the last answer, then gives milliseconds and frames a second. */
    return async function stop() {
      const deadline = performance.now() + 5000;
      do await new Promise((resolve) => setTimeout(resolve, 100));
      while (waiting.length && performance.now() < deadline);
      running = false;
      watched.stop();
      for (const name of [...EVENTS, "keydown"]) removeEventListener(name, before, true);
      for (const name of EVENTS) removeEventListener(name, after);
      const rate = frames ? (1000 * frames) / (last - first) : 0;
      return { latencies, script, frames, rate, unanswered: waiting.length };
    };
  }

  window.startWatch = (handle) => {
    const figure = handle.closest(".xe-figure");
    window.stopWatch = stopwatch(figure ? ours(figure, handle) : theirs(handle.closest(".jp-Cell")));
  };
})();

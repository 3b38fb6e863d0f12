/* What scrolls sideways can be reached and scrolled by keyboard. Looked for when the browser has nothing else to do, a
   few blocks at a time, and those all measured before any is changed: the page never waits for it. */
(() => {
  "use strict";
  const BLOCKS = "pre, .cell_output > .output, .pst-scrollable-table-container, .bd-article figure";
  const FEW = 4;
  const LEAST = 8; // milliseconds that have to be left before the next few
  const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  const blocks = () => [...document.querySelectorAll(BLOCKS)];
  let waiting, settled;

  function mark(some) {
    const scrolls = some.map((block) => block.scrollWidth > block.clientWidth || block.scrollHeight > block.clientHeight);
    some.forEach((block, k) => {
      if (scrolls[k]) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    });
  }
  function goOn(idle) {
    do mark(waiting.splice(0, FEW));
    while (waiting.length && idle?.timeRemaining() > LEAST);
    if (waiting.length) whenIdle(goOn, { timeout: 500 });
  }
  addEventListener("load", () => {
    waiting = blocks();
    whenIdle(goOn, { timeout: 500 });
  });
  addEventListener("resize", () => {
    clearTimeout(settled);
    settled = setTimeout(() => mark(blocks()), 100); // a new width is rare: all at once
  });
})();

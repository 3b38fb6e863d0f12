/* What scrolls sideways can be reached and scrolled by keyboard. Looked for when the browser has nothing else to do, a
   few blocks at a time, and those all measured before any is changed: the page never waits for it. */
(() => {
  "use strict";
  const BLOCKS = "pre, .cell_output > .output, .pst-scrollable-table-container, .bd-article figure";
  const FEW = 4;
  const LEAST = 8; // milliseconds that have to be left before the next few
  const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  let waiting = [];

  function some(idle) {
    do {
      const blocks = waiting.splice(0, FEW);
      const scrolls = blocks.map((block) => block.scrollWidth > block.clientWidth || block.scrollHeight > block.clientHeight);
      blocks.forEach((block, k) => {
        if (scrolls[k]) block.tabIndex = 0;
        else block.removeAttribute("tabindex");
      });
    } while (waiting.length && idle?.timeRemaining() > LEAST);
    if (waiting.length) whenIdle(some);
  }
  function look() {
    const working = waiting.length > 0;
    waiting = [...document.querySelectorAll(BLOCKS)];
    if (!working && waiting.length) whenIdle(some);
  }
  addEventListener("load", look);
  addEventListener("resize", look);
})();

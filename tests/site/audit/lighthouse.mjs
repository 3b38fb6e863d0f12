// Judges pages for judged_by_lighthouse.py: a line of JSON in, {url, form, categories}; a line of JSON out; one Chrome.
import { createInterface } from "node:readline";
import { CPUNode } from "@paulirish/trace_engine/models/trace/lantern/graph/CPUNode.js";
import { launch, Launcher } from "chrome-launcher";
import lighthouse, { desktopConfig } from "lighthouse";

// Chrome holds back the first paint of a page that another one led to, on a busy machine for a whole second; a reader who
// comes from elsewhere sees it at once. Of two such lists Chrome takes the last, so this one begins with the launcher's.
const OFF = Launcher.defaultFlags().find((flag) => flag.startsWith("--disable-features="));
const chrome = await launch({
  chromePath: process.env.CHROME_PATH,
  chromeFlags: ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `${OFF},PaintHolding`],
});

// Lighthouse computes from the page's tasks here what a phone would take. A task lasts as long as the processor worked on
// it, not as long as the clock ran: what else the machine did meanwhile is not the page's.
Object.defineProperty(CPUNode.prototype, "duration", { get() { return this.event.tdur ?? this.endTime - this.startTime; } });

async function judge({ url, form, categories }) {
  const flags = { port: chrome.port, logLevel: "error", onlyCategories: categories, disableFullPageScreenshot: true };
  const { lhr } = await lighthouse(url, flags, form === "desktop" ? desktopConfig : undefined);
  if (lhr.runtimeError) throw new Error(lhr.runtimeError.message);
  const scores = {}, failed = {};
  for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
    scores[id] = Math.round(score * 100);
    failed[id] = auditRefs
      .filter((audit) => audit.weight > 0 && lhr.audits[audit.id].score < 0.9)
      .map((audit) => `${audit.id} ${lhr.audits[audit.id].displayValue ?? ""}`.trim());
  }
  return { scores, failed, index: Math.round(lhr.environment.benchmarkIndex) };
}

for await (const line of createInterface({ input: process.stdin })) {
  const answer = await judge(JSON.parse(line)).catch((error) => ({ error: error.message }));
  process.stdout.write(JSON.stringify(answer) + "\n");
}
chrome.kill();

// Sets formulas for prerendered_math.py: a line of JSON in, a line of JSON out, until the input ends.
const katex = require(process.argv[2]);

require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { latex, options } = JSON.parse(line);
  let answer;
  try {
    answer = { html: katex.renderToString(latex, options) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});

// A reader who looks for a word wants the chapter on it first, then the pages that use it, then the functions and
// the glossary. (An entry of the glossary is an entry of the index for Sphinx, which would give it 100.)
var Scorer = {
  score: ([, , anchor, , score]) => ((anchor || "").startsWith("#term-") ? Math.min(score, 4) : score),
  title: 20,
  partialTitle: 12,
  term: 5,
  partialTerm: 2,
  objNameMatch: 4,
  objPartialMatch: 1,
  objPrio: { 0: 0, 1: 0, 2: -5 },
  objPrioDefault: 0,
};

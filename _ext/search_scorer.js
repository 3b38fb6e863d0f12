// A reader who looks for a word wants the chapter on it first, then the pages that use it, then the functions.
var Scorer = {
  title: 20,
  partialTitle: 12,
  term: 5,
  partialTerm: 2,
  objNameMatch: 4,
  objPartialMatch: 1,
  objPrio: { 0: 0, 1: 0, 2: -5 },
  objPrioDefault: 0,
};

/* What the reader makes of a character that it does not know: one that looks like it, or nothing.
   The rules are those of helpers/models/folding.py, and the tests hold the two together. */

const LIKE = {
  "'": "‘’‚‛′`´ʼʻ‹›",
  '"': "“”„‟″«»",
  "-": "‐‑‒–−",
  "--": "—―",
  "(": "{",
  ")": "}",
  " ": "\t",
  ss: "ß",
  ae: "æ",
  AE: "Æ",
  oe: "œ",
  OE: "Œ",
  o: "ø",
  O: "Ø",
  l: "ł",
  L: "Ł",
};
const SEEN_AS = new Map(Object.entries(LIKE).flatMap(([seen, all]) => [...all].map((one) => [one, seen])));

/** What is read in the place of a character: itself if it is known, its likeness, or "" if it has none. */
export function fold(character, known) {
  if (known.has(character)) return character;
  const plain = SEEN_AS.get(character) ?? character.normalize("NFKD").replace(/\p{M}/gu, "");
  return [...plain].every((one) => known.has(one)) ? plain : "";
}

/** The characters of a text, each with what is read in its place, as numbers: `ids` has an entry for each. */
export function piecesOf(text, ids) {
  return [...text].map((character) => {
    const read = fold(character, ids);
    return { character, read, ids: [...read].map((one) => ids.get(one)) };
  });
}

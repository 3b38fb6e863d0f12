"""What a model of few characters reads in the place of one that it does not know: one that looks like it."""

import unicodedata

#: What is read, and all that it is read for. Any other character may still be made of known ones: é, ½, ﬁ.
LIKE = {
    "'": "‘’‚‛′`´ʼʻ‹›",
    '"': "“”„‟″«»",
    "-": "‐‑‒–−",
    "--": "—―",  # as the plays write a long dash
    "(": "{",
    ")": "}",
    " ": "\t",
    "ss": "ß",
    "ae": "æ",
    "AE": "Æ",
    "oe": "œ",
    "OE": "Œ",
    "o": "ø",
    "O": "Ø",
    "l": "ł",
    "L": "Ł",
}
_SEEN_AS = {one: seen for seen, every in LIKE.items() for one in every}


def fold(character: str, known) -> str:
    """What is read in the place of `character`: itself if it is known, its likeness, or "" if it has none.

    A likeness is the one in :data:`LIKE`, or else the character taken apart (NFKD) and left without its
    accents. It may be longer: the dots of an ellipsis are three characters, and are paid for as three.

    Args:
        character: one character.
        known: those that the model has an id for.
    """
    if character in known:
        return character
    plain = _SEEN_AS.get(character)
    if plain is None:
        apart = unicodedata.normalize("NFKD", character)
        plain = "".join(one for one in apart if not unicodedata.category(one).startswith("M"))
    return plain if all(one in known for one in plain) else ""

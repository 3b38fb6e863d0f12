"""Makes the fonts of the book: Source Serif 4 with the weights and the signs that its pages use.

    python assets/make/fonts.py FOLDER

FOLDER holds source-serif-4-latin-wght-{normal,italic}.woff2 of @fontsource-variable/source-serif-4 5.3.1.
It needs fonttools, which matplotlib brings, and brotli. The copyright reserves the name Source for the
unchanged font, so the changed one is called Book Serif.
"""

import io
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

HERE = Path(__file__).parent
WEIGHTS = (400, 700)
SIGNS = {
    *range(0x20, 0x7F),
    *range(0xA0, 0x100),  # the letters of western Europe
    *map(ord, "ıŁłŒœ"),
    *range(0x2000, 0x200C),  # spaces
    *range(0x2010, 0x2027),  # dashes, quotation marks
    *map(ord, "′″‹›€™↑↓−∕"),
}
FEATURES = ["ccmp", "kern", "liga", "locl", "mark", "mkmk", "pnum", "tnum"]
NAMES = {1: "Book Serif", 3: "Book Serif", 4: "Book Serif", 6: "BookSerif", 16: "Book Serif", 25: "BookSerif"}


def lean(source: Path) -> TTFont:
    """The font of a file with fewer weights, signs and features, under its own name."""
    font, whole = instantiateVariableFont(TTFont(source), {"wght": WEIGHTS}), io.BytesIO()
    font.flavor = None
    font.save(whole)
    font = TTFont(whole)
    options = Options(layout_features=FEATURES, name_IDs=["*"], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=SIGNS)
    subsetter.subset(font)
    for record in font["name"].names:
        if record.nameID in NAMES:
            record.string = NAMES[record.nameID]
    font.flavor = "woff2"
    return font


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for style, name in (("normal", "book-serif"), ("italic", "book-serif-italic")):
        lean(folder / f"source-serif-4-latin-wght-{style}.woff2").save(
            HERE.parent / "fonts" / f"{name}.woff2"
        )

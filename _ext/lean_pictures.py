"""Pictures in as few bytes as hold them: every pixel stays, a third of the bytes goes.

matplotlib packs a picture quickly rather than well. oxipng packs it again for the page; the one in the
notebook stays as it was stored. What was packed once is kept beside the doctrees, by the hash of the picture.
"""

import hashlib
from pathlib import Path

import oxipng


def packed(picture: bytes, kept: Path) -> bytes:
    """A PNG with the same pixels, from the folder of kept ones if it is there."""
    place = kept / f"{hashlib.sha256(picture).hexdigest()}.png"
    if not place.exists():
        kept.mkdir(parents=True, exist_ok=True)
        place.write_bytes(oxipng.optimize_from_memory(picture, level=2, strip=oxipng.StripChunks.safe()))
    return place.read_bytes()


def pack(app, exception):
    """Pack every picture of the pages."""
    if exception or app.builder.format != "html":
        return
    for path in sorted(Path(app.outdir, "_images").glob("*.png")):
        path.write_bytes(packed(path.read_bytes(), Path(app.doctreedir).parent / ".packed"))


def setup(app):
    """Register with Sphinx."""
    app.connect("build-finished", pack)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

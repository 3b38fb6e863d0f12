"""Let docstrings be written for those who read them in the source.

Two habits of good prose mean something else in reStructuredText. Napoleon reads the first line of a
property's docstring as "type: description", so that "Derivative of the loss, shape (V,): what a step
subtracts" would become a type called Derivative; here types of properties are never written that way. And
the bars of an absolute value, |a − b|, would be a substitution that nobody defined; here they are bars.

And a protocol, which nobody makes one of, is shown without arguments, not with ``(*args, **kwargs)``.
"""

import re

from sphinx.ext.napoleon.docstring import GoogleDocstring

BARS = re.compile(r"\|(\S(?:[^|`]*\S)?)\|")


def escape_bars(line: str) -> str:
    """The line with the bars of absolute values escaped; what stands between backticks stays as it is."""
    parts = re.split(r"(`+[^`]*`+)", line)
    return "".join(part if i % 2 else BARS.sub(r"\\|\1\\|", part) for i, part in enumerate(parts))


def process(app, what, name, obj, options, lines):
    """Go through a docstring before napoleon does."""
    lines[:] = [escape_bars(line) for line in lines]


def signature(app, what, name, obj, options, arguments, returned):
    """The arguments of a protocol: none. Whatever else there is keeps its own."""
    return ("", None) if getattr(obj, "_is_protocol", False) else None


def setup(app):
    """Register with Sphinx."""
    GoogleDocstring._consume_inline_attribute = lambda self: ("", self._dedent(self._consume_to_end()))
    app.connect("autodoc-process-docstring", process, priority=400)
    app.connect("autodoc-process-signature", signature)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

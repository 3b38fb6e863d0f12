"""What every live figure is: an anywidget that also says in a sentence what it shows."""

import re
from html import escape

import anywidget

STILL = '<p class="xe-still">{}</p>'


def typeset(text: str) -> str:
    """Numbers in `text` as the figures write them: a true minus sign, ∞, and NaN without a unit."""
    text = re.sub(r"-(?=\d|inf\b)", "−", text)
    return re.sub(r"\bnan\b(?: nats)?", "NaN", re.sub(r"\binf\b", "∞", text))


class LiveFigure(anywidget.AnyWidget):
    """Base of the live figures: a script and a style sheet of the module's own, and a sentence beside them.

    A subclass says ``_esm = bundle("its_name.js")`` and ``_css = bundle("its_name.css")``, declares its state
    as traits tagged ``sync=True``, and gives :attr:`summary`. Where no script can run (a page with JavaScript
    off, a notebook shown by a code host) the reader gets that sentence in place of the figure.
    """

    @property
    def summary(self) -> str:
        """What the figure shows in its present state, in words and with its numbers."""
        raise NotImplementedError(f"{type(self).__name__} has no summary")

    @property
    def still(self) -> str:
        """HTML that stands where the figure cannot live: the summary, as a paragraph."""
        return STILL.format(escape(self.summary, quote=False))

    def _repr_mimebundle_(self, **kwargs):
        data, metadata = super()._repr_mimebundle_(**kwargs)
        return {**data, "text/html": self.still}, metadata

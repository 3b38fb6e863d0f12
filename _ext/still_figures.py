"""What stands where a live figure cannot live: its own words, for a reader whose browser runs no script.

A live figure stores two forms of itself in the notebook: a view, which the page's script brings to life, and
HTML that says what it shows. MyST-NB picks one form for the page, the view; this lays the other one below it,
in ``<noscript>``.
"""

from docutils import nodes
from myst_nb.core.render import WIDGET_VIEW_MIMETYPE
from sphinx.transforms.post_transforms import SphinxPostTransform


class KeepStills(SphinxPostTransform):
    """Add the HTML of each live figure to its view, before MyST-NB drops what it does not pick."""

    default_priority = 3  # MyST-NB picks at 4
    formats = ("html",)

    def run(self, **kwargs):
        """Go through the outputs of the page."""
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") != "mime_bundle":
                continue
            forms = {form["mime_type"]: form for form in bundle.children}
            view, still = forms.get(WIDGET_VIEW_MIMETYPE), forms.get("text/html")
            if view is not None and still is not None:
                view += nodes.raw("", f"<noscript>{still.astext()}</noscript>", format="html")


def setup(app):
    """Register with Sphinx."""
    app.add_post_transform(KeepStills)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

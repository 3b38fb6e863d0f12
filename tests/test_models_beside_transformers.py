"""Our model and our bridge beside `transformers`: the checks themselves are in beside_transformers/."""

import os
import subprocess
import sys

import pytest

CHECKS = ["hugging_face_checked.py", "smollm2_checked.py"]


@pytest.mark.parametrize("checks", CHECKS)
def test_beside_transformers(root, transformers_folder, checks):
    environment = os.environ | {"PYTHONPATH": str(transformers_folder), "HF_HUB_OFFLINE": "1"}
    run = [sys.executable, "-m", "pytest", "-q", "-rP", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*run, root / "tests" / "beside_transformers" / checks],
        cwd=root, env=environment, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


def test_every_check_is_run(root):
    assert sorted(CHECKS) == sorted(file.name for file in root.glob("tests/beside_transformers/*_checked.py"))

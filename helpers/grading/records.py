"""Results on disk: one file for each content that was graded, so that a run that was stopped goes on."""

import hashlib
import hmac
import json
import os
from dataclasses import asdict
from pathlib import Path

from helpers.grading.assignments import edition
from helpers.grading.sandbox import Limits
from helpers.grading.submissions import Answers


class Records:
    """The results in a folder, each under a name made of the answers, the secret, the limits and the edition.

    A name cannot be computed without the secret. Two students with the same answers share a record.
    """

    def __init__(self, folder: Path, secret: bytes, limits: Limits):
        self.folder, self._secret, self._limits = folder, secret, limits

    def name(self, answers: Answers) -> str:
        """The name of the record of some answers."""
        content = json.dumps([edition(), asdict(self._limits), answers.content])
        return hmac.digest(self._secret, content.encode(), hashlib.sha256).hex()

    def read(self, answers: Answers) -> list[dict] | None:
        """The results of some answers; None if there are none, or they were not written to their end."""
        path = self.folder / f"{self.name(answers)}.json"
        try:
            return json.loads(path.read_text(encoding="utf-8"))["results"]
        except (OSError, ValueError, KeyError):
            return None

    def write(self, answers: Answers, results: list[dict]) -> None:
        """Keep results: all of them, or none if the run is killed meanwhile."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self.name(answers)}.json"
        unfinished = path.with_suffix(f".{os.getpid()}.part")
        record = {"assignment": answers.assignment, "results": results}
        unfinished.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(path)

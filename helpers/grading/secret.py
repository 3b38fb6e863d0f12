"""The secret from which private cases are drawn: whoever has it knows the cases, and nobody else."""

import hmac
import os
import secrets
from pathlib import Path

CASES = 12  # private ones for each question: so many that all answers meet, and as many of their own
SHORTEST = 16  # bytes


class SecretError(Exception):
    """There is no secret where one should be."""


def read_secret(path: Path) -> bytes:
    """The secret in a file.

    Raises:
        SecretError: the file cannot be read, or holds too little to be a secret.
    """
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from None
    if len(secret) < SHORTEST:
        raise SecretError(f"{path}: {len(secret)} bytes are too few, at least {SHORTEST} are expected")
    return secret


def make_secret(path: Path) -> None:
    """Draw a secret and write it to a new file, which only its owner can read.

    Raises:
        SecretError: the file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32) + "\n")
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}") from None


def private_seeds(secret: bytes, question: str, content: str) -> list[int]:
    """The seeds of a question's private cases for the answers with this content.

    Half of them are the same for all answers, so that handing in many copies of one is not drawing lots many
    times. Half are of these answers alone, so that a case that leaked is of no use: whoever writes it into an
    answer is tried on new ones.
    """
    return [
        int.from_bytes(hmac.digest(secret, f"{drawn_for}/{question}/{case}".encode(), "sha256")[:8])
        for drawn_for in ("everybody", content)
        for case in range(CASES)
    ]

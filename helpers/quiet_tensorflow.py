"""TensorFlow, without what it writes to stderr while it starts: `from helpers.quiet_tensorflow import tf`.

TensorFlow's C++ side reports on the processor at import, and on missing GPU drivers at the first look for
devices. A notebook stores what reaches stderr, and those lines differ from machine to machine: its stored
outputs would change with every computer. TF_CPP_MIN_LOG_LEVEL silences most of them, but not those written
before it is read; so file descriptor 2 itself, where C++ writes, leads nowhere until both moments are over.
Errors still come through: Python raises them as exceptions.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# 3 = errors only; a reader who wants more sets it first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


@contextmanager
def _stderr_closed() -> Iterator[None]:
    """Send what this process writes to file descriptor 2 to the null device."""
    sys.stderr.flush()
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)


with _stderr_closed():
    import tensorflow as tf

    tf.config.list_physical_devices()

__all__ = ["tf"]

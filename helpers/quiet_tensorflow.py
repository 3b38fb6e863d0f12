"""TensorFlow, without what it writes to stderr while it starts: `from helpers.quiet_tensorflow import tf`.

TensorFlow's C++ side reports on the processor at import, and on missing GPU drivers at the first look for
devices. A notebook stores what reaches stderr, and those lines differ from machine to machine: its stored
outputs would change with every computer. TF_CPP_MIN_LOG_LEVEL silences most of them, but not those written
before it is read; so file descriptor 2 itself, where C++ writes, leads nowhere until both moments are over.
Errors still come through: Python raises them as exceptions.

PyTorch's build for Linux brings Triton, and both Triton and TensorFlow carry a compiler, LLVM. Triton's finds
its place when it comes first; when it comes second, the process ends. `torch.compile`, and a few other parts
of PyTorch, import it without being asked. So it is imported here, where it is installed.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# 3 = errors only; a reader who wants more sets it first.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

with suppress(ImportError):
    import triton  # noqa: F401


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

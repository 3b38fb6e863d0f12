"""A JupyterLab of our own, in a folder of its own, that knows nothing of its user's settings."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

PATIENCE = 60  # seconds, for a server or a kernel on a busy machine

SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight live, too
}
#: In its page, once a notebook is open: before that, to run a cell makes JupyterLab ask for a kernel.
KERNEL_IS_READY = "jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"


@contextmanager
def lab_on(folder: Path):
    """The address of a JupyterLab whose files are those of the folder; it stops at the end of the block."""
    for name, values in SETTINGS.items():
        file = folder / "settings" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
    }
    switches = ("--no-browser", "--allow-root", "--expose-app-in-browser", "--IdentityProvider.token=")
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        *switches,
        f"--port={port}",
        f"--ServerApp.root_dir={folder}",
    ]
    with (folder / "server.log").open("w") as log:
        server = subprocess.Popen(command, env={**os.environ, **own}, stdout=log, stderr=subprocess.STDOUT)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_for(address + "/api", folder / "server.log")
            yield address
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_for(address: str, log: Path) -> None:
    """Return once the server answers, or raise with the end of its log."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.3)
    raise TimeoutError(f"JupyterLab did not start:\n{log.read_text()[-2000:]}")

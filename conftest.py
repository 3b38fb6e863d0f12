"""How pytest runs the notebooks: as `helpers.notebooks execute` runs them, and with names that can be read.

`pytest --nbval chapters tests` starts one kernel for each notebook. The kernel inherits this process's
environment, so the variables set here are those of every cell.
"""

import os

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbCell

from helpers.notebooks import CELL_TIMEOUT, environment

OUTPUT_TIMEOUT = 60  # seconds between two messages of a kernel; nbval's own 5 are few on two busy cores

os.environ.update(environment())


def pytest_configure(config):
    """Give nbval the kernel of this very Python, and the time limit that `execute` has."""
    if config.option.nbval:
        config.option.nbval_current_env = not config.option.nbval_kernel_name
        config.option.nbval_cell_timeout = min(config.option.nbval_cell_timeout, CELL_TIMEOUT)


def named_by_its_cell(self, name, parent, cell_num, cell, options, original=IPyNbCell.__init__):
    """Let a cell under test go by its id, so that a failure says which cell it was."""
    original(self, cell.id, parent, cell_num, cell, options)
    self.output_timeout = OUTPUT_TIMEOUT


def report_by_name(self):
    """Head the report of a failure with the notebook and the cell's id."""
    return self.path, None, f"{self.path.name}::{self.name}"


def execute_with_history(self, source, allow_stdin=None):
    """Run a cell as JupyterLab does: IPython finds a trailing ';' in the history, which nbval leaves out."""
    return self.kc.execute(source, store_history=True, allow_stdin=allow_stdin, stop_on_error=False)


# nbval has no hooks for these; its version is pinned, and tests/test_book_tooling.py runs them.
IPyNbCell.__init__ = named_by_its_cell
IPyNbCell.reportinfo = report_by_name
RunningKernel.execute_cell_input = execute_with_history

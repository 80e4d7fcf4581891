"""Progress for somebody who watches: below the lines of a run, what is at work and for how long."""

import logging
import sys
from contextlib import suppress

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text


class LiveLine(logging.StreamHandler):  # type: ignore[type-arg]
    """Writes lines above one that moves. `close` takes that one away."""

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._console = Console(stderr=True)
        parts = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
        self._progress = Progress(*parts, console=self._console, transient=True, redirect_stdout=False, redirect_stderr=False)
        self._task = self._progress.add_task("working")
        self._progress.start()

    def show(self, step: str) -> None:
        """What is at work from now on."""
        with suppress(OSError, ValueError):  # the terminal is gone: no reason for a run to fail
            self._progress.reset(self._task, description=step or "working")

    def emit(self, record: logging.LogRecord) -> None:
        """A line, as it is: nothing in it is taken for markup, and none is broken."""
        try:
            self._console.print(Text(self.format(record)), soft_wrap=True)
        except Exception:
            self.handleError(record)

    def close(self) -> None:
        """Take the moving line away."""
        with suppress(OSError, ValueError):
            self._progress.stop()
        super().close()

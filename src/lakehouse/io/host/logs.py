"""One line per event on stderr, as text or JSON, each with the run id. Of rows no more than keys is ever passed to it."""

import json
import logging
import sys
from datetime import UTC, datetime

LOGGER = logging.getLogger("lakehouse")
# Where this process is, for the line that a failure ends with.
current_run = ""
current_step = ""


def set_current_step(step: str) -> None:
    """Remember the step that is at work."""
    global current_step
    current_step = step
    for handler in LOGGER.handlers:
        if hasattr(handler, "show"):
            handler.show(step)


def set_up(log_format: str, run_id: str) -> None:
    """Send this process's lines to stderr, on a terminal with what is at work below them. Replaces what an earlier run set up."""
    global current_run
    current_run = run_id
    end()
    handler = _terminal() if log_format == "text" and getattr(sys.stderr, "isatty", bool)() else logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(run_id) if log_format == "json" else _Text())
    LOGGER.handlers[:] = [handler]
    set_current_step("")
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def end() -> None:
    """The run is over: a terminal loses its moving line. Lines may still follow."""
    for handler in LOGGER.handlers:
        handler.close()


def _terminal() -> logging.Handler:
    from lakehouse.io.host.terminal import LiveLine  # only somebody who watches waits for it to be imported

    return LiveLine()


def info(message: str, /, **fields: object) -> None:
    """A line of progress. `fields` are shown by JSON logs alone."""
    LOGGER.info(message, extra={"fields": fields})


def warn(message: str, /, **fields: object) -> None:
    """A line that somebody should read. `fields` are shown by JSON logs alone."""
    LOGGER.warning(message, extra={"fields": fields})


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        mark = "" if record.levelno < logging.WARNING else "warning: "
        return f"{datetime.fromtimestamp(record.created, UTC):%H:%M:%S} {mark}{record.getMessage()}"


class _Json(logging.Formatter):
    def __init__(self, run_id: str) -> None:
        super().__init__()
        self._run_id = run_id

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "run_id": self._run_id, "message": record.getMessage()}
        # What a line has of its own comes first, and no field takes its place.
        return json.dumps({**line, **getattr(record, "fields", {}), **line}, default=str)

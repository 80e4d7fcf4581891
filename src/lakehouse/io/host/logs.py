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


def set_up(log_format: str, run_id: str) -> None:
    """Send this process's lines to stderr. Replaces what an earlier run in the same process set up."""
    global current_run
    current_run = run_id
    set_current_step("")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json(run_id) if log_format == "json" else _Text())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def info(message: str, /, **fields: object) -> None:
    LOGGER.info(message, extra={"fields": fields})


def warn(message: str, /, **fields: object) -> None:
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

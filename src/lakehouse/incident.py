"""What somebody must be told of: what happened, what to do, and what makes two of them the same."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from lakehouse.errors import RERUN_OR_REPORT, LakehouseError

Severity = Literal["critical", "warning"]
CRITICAL: Severity = "critical"
WARNING: Severity = "warning"

RUN, FEED = "run:", "feed:"
# The detail that says how many rows an incident is about.
ROWS = "rows"

# Sample keys, numbers, days, ids and pseudonyms of a reason: they differ from run to run and say nothing about its kind. `shop2` stays.
CHANGING = re.compile(r" \(as [^)]*\)|\b[0-9a-f]{16,}\b|\d{6,}|(?<!\w)\d[\d.,:]*")

TODO = {
    2: "correct the setting that the message names, then run again",
    65: 'look at the data that the message names: docs/operations.md, "A step fails with 65"',
    69: "wait until the source answers, then run again; check host, port and firewall",
    70: RERUN_OR_REPORT,
    73: "make room on the disk or correct the rights of the folder, then run again",
    75: "wait for the other run, then run again",
    77: "correct user, password, TLS, secret or key, then run again",
}


@dataclass(frozen=True)
class Incident:
    """One thing that is wrong. Equal keys are the same incident, however often it is met.

    `critical`: the night has no result until somebody acts. `warning`: the night goes on, with less. What `is_standing` may stay so for
    years: it is told once, again when it is about twice as many rows, and when it is over. No text holds a secret, or of rows more than
    keys (ids and pseudonyms) and the figures that a check is about.
    """

    key: str
    severity: Severity
    title: str
    todo: str
    step: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    is_standing: bool = False


def exit_code(error: BaseException) -> int:
    """The exit code of a run that ended with this error; 70 for what nobody foresaw."""
    return error.exit_code if isinstance(error, LakehouseError) else 70


def failed(error: BaseException, command: str, step: str, details: Mapping[str, str]) -> Incident:
    """A run that ended with an error. The same kind of error for the same reason at the same step is the same incident."""
    code, reason = exit_code(error), _reason(error)
    at = f" at {step}" if step else ""
    kind = hashlib.sha256(CHANGING.sub("#", reason).encode()).hexdigest()[:8]
    return Incident(
        f"{RUN}{command}:{step}:{code}:{kind}",
        CRITICAL,
        f"{command} failed{at} (error {code}): {reason}",
        (error.todo if isinstance(error, LakehouseError) else "") or TODO.get(code, TODO[70]),
        step,
        {"exit code": str(code), **details},
    )


def without_end(command: str, started_at: datetime, details: Mapping[str, str]) -> Incident:
    """A run whose end stands in no ledger, as the next start finds it."""
    return Incident(
        unrecorded_key(command),
        CRITICAL,
        f"{command}, started {started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC, was killed or could not record its end",
        "look for what ended it (memory, disk, reboot, scheduler's time limit); nothing must be cleaned up, the next run goes on",
        details=details,
    )


def unrecorded_key(command: str) -> str:
    """The key of a failure that the lake could not record. The next start finds that run without its end: the same incident, so that it
    can be taken back."""
    return f"{RUN}{command}:no end recorded"


def _reason(error: BaseException) -> str:
    """The message of our own errors; of others the kind alone, since their messages may hold values of rows."""
    if isinstance(error, LakehouseError):
        return str(error)
    return "interrupted" if isinstance(error, KeyboardInterrupt) else f"unexpected {type(error).__name__}"

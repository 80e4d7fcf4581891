"""What can go wrong, each with the exit code a scheduler sees (sysexits.h where a code exists there)."""

import re
from collections.abc import Iterator

# What to do next, where it is always the same: after an error without a known cause, and on a full disk.
RERUN = "run it again: a re-run is always safe"
RERUN_OR_REPORT = f"{RERUN}; if it stays, report it with the run id"
MAKE_ROOM = "make room where the lake, the vault, the exports and temporary files are, then run it again: that mends everything"


class LakehouseError(Exception):
    """An error with a known cause. `todo` is the next step for the reader of the message."""

    exit_code = 70

    def __init__(self, message: str, todo: str = "") -> None:
        super().__init__(message)
        self.todo = todo


class ConfigError(LakehouseError):
    """Usage or settings are wrong: nothing was read or written."""

    exit_code = 2


class DataError(LakehouseError):
    """The data breaks a promise: a missing column, duplicate keys, too many rejected rows."""

    exit_code = 65


class CollapseError(DataError):
    """A table would lose so much that its source rather looks half loaded: `deleted` of the rows `there`."""

    def __init__(self, message: str, todo: str, deleted: int, there: int) -> None:
        super().__init__(message, todo)
        self.deleted, self.there = deleted, there


class SourceAwayError(LakehouseError):
    """The source does not answer; trying again later is the right thing."""

    exit_code = 69


class WriteError(LakehouseError):
    """A folder or table cannot be written."""

    exit_code = 73


class BusyError(LakehouseError):
    """Another run holds the lock; trying again later is the right thing."""

    exit_code = 75


class LockLostError(BusyError):
    """The lock was held and is not any more: another run may be at work. Nothing may be written from now on."""


class AccessError(LakehouseError):
    """Wrong password, missing right, or a key that is not this lake's."""

    exit_code = 77


# As Linux, Java, SQLite and Python say it, whoever reports it.
NO_SPACE = re.compile(r"No space left on device|Disk quota exceeded|database or disk is full|\[Errno (28|122)\]")
# As S3A (with the SDK of AWS) and Arrow say it of a bucket.
BUCKET_AWAY = re.compile(
    r"Service: S3, Status Code: 5\d\d|Unable to execute HTTP request|AWS(ServiceThrottled|Status500|ServiceIO|ClientIO)Exception"
    r"|AWS Error (SLOW_DOWN|SERVICE_UNAVAILABLE|NETWORK_CONNECTION|INTERNAL_FAILURE)"
)
BUCKET_REFUSES = re.compile(r"Service: S3, Status Code: 403|AWS Error ACCESS_DENIED")
READ_ONLY = re.compile(r"Read-only file system|attempt to write a readonly database|\[Errno 30\]")


def known(error: BaseException) -> LakehouseError | None:
    """The error of ours that an exception means, however deep Spark, Java or MLflow have buried it; None if it means none.

    A disk that is full, or can't be written, is a WriteError (73); a bucket that is away a SourceAwayError (69), one that refuses an
    AccessError (77). Texts are searched and never passed on: they may hold values of rows.
    """
    for found in _causes(error):
        if isinstance(found, LakehouseError) and type(found) is not LakehouseError:
            return found
        text = _text(found)
        if NO_SPACE.search(text):
            return WriteError("no space left on a disk that the run writes to", MAKE_ROOM)
        if READ_ONLY.search(text):
            return WriteError("a disk that the run writes to is read-only", "look why the system made it so, then run it again")
        if BUCKET_REFUSES.search(text):
            return AccessError("a bucket refuses access", "correct the role or the AWS_... variables; `lakehouse doctor` names the bucket")
        if BUCKET_AWAY.search(text):
            return SourceAwayError("a bucket does not answer", f"try again later; {RERUN}")
    return error if isinstance(error, LakehouseError) else None


def java_error(message: str) -> str:
    """The name of the last Java exception in the text of an error, without the text: that may hold values. "" if there is none."""
    return next(reversed(re.findall(r"\b[a-z]+(?:\.[a-z]\w*)+\.([A-Z]\w+(?:Exception|Error))", message)), "")


def refuse_full_disk(error: BaseException) -> None:
    """WriteError (73) if that is what the error means: it is then no trouble of the file that was just read."""
    cause = known(error)
    if isinstance(cause, WriteError):
        raise cause from error


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from, also where `from None` hides that."""
    waiting, seen = [error], set()
    while waiting:
        found = waiting.pop(0)
        if id(found) not in seen:
            seen.add(id(found))
            yield found
            waiting += [cause for cause in (found.__cause__, found.__context__) if cause is not None]


def _text(error: BaseException) -> str:
    """With the trace of Java that comes with it, where the JVM is still there to give it."""
    try:
        text = str(error)
    except Exception:
        text = ""
    return f"{text} {getattr(error, '_stackTrace', '')}"

"""What an exception of Spark, Java, MLflow or the system means to the operator."""

import errno
import sqlite3

import pytest

from lakehouse.errors import BusyError, LakehouseError, WriteError, known, refuse_full_disk

JAVA = "Job aborted due to stage failure: row 'anna@mail.example'\nCaused by: java.io.IOException: No space left on device\n\tat x.y(Z)"


class OfSpark(Exception):
    """As PySpark has them: the trace of Java is not in the message."""

    def __init__(self, trace: str) -> None:
        super().__init__("[TASK_WRITE_FAILED] Task failed while writing rows")
        self._stackTrace = trace


class Gone(Exception):
    """Of a JVM that died: even its text can't be had."""

    def __str__(self) -> str:
        raise ConnectionRefusedError


def caused_by(cause: BaseException) -> BaseException:
    try:
        try:
            raise cause
        except BaseException:
            raise ValueError("something else") from None
    except ValueError as error:
        return error


AWAY = "org.apache.hadoop.fs.s3a.AWSServiceThrottledException: PUT 0-byte object on s3a: Slow down (Service: S3, Status Code: 503)"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OfSpark(AWAY), 69),
        (RuntimeError("org.apache.hadoop.fs.s3a.AWSClientIOException: getFileStatus: Unable to execute HTTP request"), 69),
        (OSError("When reading information for key 'anna' in bucket 'vault': AWS Error NETWORK_CONNECTION during HeadObject"), 69),
        (OSError("When listing objects under key '' in bucket 'vault': AWS Error ACCESS_DENIED during ListObjectsV2"), 77),
        (OfSpark("java.nio.file.AccessDeniedException: s3a://vault/anna: Forbidden (Service: S3, Status Code: 403)"), 77),
    ],
    ids=["throttled", "no connection of S3A", "no connection of Arrow", "no right of Arrow", "no right of S3A"],
)
def test_a_bucket_that_is_away_or_refuses_is_told_without_what_was_in_the_message(error: Exception, code: int) -> None:
    found = known(error)
    assert found is not None
    assert found.exit_code == code
    assert "anna" not in f"{found} {found.todo}"


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        sqlite3.OperationalError("database or disk is full"),
        RuntimeError(JAVA),
        OfSpark(JAVA),
        caused_by(OfSpark(JAVA)),
        caused_by(LakehouseError("reading the database failed: IOException")).__context__,
        OSError(errno.EROFS, "Read-only file system"),
    ],
    ids=["disk", "quota", "sqlite", "task", "trace", "hidden cause", "unknown", "read-only"],
)
def test_a_disk_that_is_full_is_73_however_deep_it_is_buried(error: BaseException) -> None:
    found = known(error)
    if isinstance(error, LakehouseError):
        assert found is error
        return
    assert isinstance(found, WriteError)
    assert found.exit_code == 73
    assert "anna" not in f"{found}{found.todo}"


def test_an_error_of_ours_that_came_from_a_full_disk_is_73_if_it_knew_no_better() -> None:
    try:
        try:
            raise OfSpark(JAVA)
        except OfSpark:
            raise LakehouseError("reading the database failed: IOException", "run it again") from None
    except LakehouseError as error:
        assert isinstance(known(error), WriteError)


def test_other_errors_keep_their_meaning() -> None:
    busy = BusyError("another run is at work")
    assert known(busy) is busy
    assert known(caused_by(busy)) is busy
    assert known(caused_by(KeyError("x"))) is None
    assert known(Gone()) is None


def test_a_full_disk_is_no_trouble_of_the_file_that_was_read() -> None:
    refuse_full_disk(ValueError("a bad date"))
    with pytest.raises(WriteError):
        refuse_full_disk(OSError(errno.ENOSPC, "No space left on device"))

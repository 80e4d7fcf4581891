"""What can go wrong, each with the exit code a scheduler sees (sysexits.h where a code exists there)."""


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


class AccessError(LakehouseError):
    """Wrong password, missing right, or a key that is not this lake's."""

    exit_code = 77

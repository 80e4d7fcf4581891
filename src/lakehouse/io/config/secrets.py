"""Secrets by reference: `env:NAME` or `file:PATH`. A value is read when it is needed and stands in no message."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from lakehouse.errors import AccessError, ConfigError


def resolve(reference: str) -> str:
    """The secret that a reference names. A reference of another form is refused, so that no secret itself stands in settings.

    The end of a line belongs to the file that the secret was written in, also where a store of secrets made a variable of that file.
    """
    kind, _, name = reference.partition(":")
    if kind == "env" and name:
        value = os.environ.get(name)
        if value is None:
            raise AccessError(f"secret env:{name} is not set", f"export {name}=…")
        return value.rstrip("\r\n")
    if kind == "file" and name:
        try:
            return Path(name).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise AccessError(f"secret file:{name} cannot be read: {error.strerror}") from None
    raise ConfigError("a secret must be a reference", "write env:NAME or file:PATH in place of the value")


def open_secrets(references: Iterable[str]) -> list[str]:
    """A line for each file of a secret that every user of this machine can read. One that is not there is for `resolve` to tell."""
    paths = [Path(reference.removeprefix("file:")) for reference in references if reference.startswith("file:")]
    opened = [path for path in paths if path.exists() and path.stat().st_mode & stat.S_IROTH]
    return [f"every user of this machine can read {path}: chmod 600 it" for path in opened]

"""Folder or bucket: what a root in the settings is."""

from pathlib import Path

from lakehouse.io.files.drop_folder import DropFolder, LocalDrop
from lakehouse.io.files.outbox import LocalStore, Outbox
from lakehouse.io.files.s3_files import S3Files


def drop_folder(root: str) -> DropFolder:
    """The folder, or the prefix of a bucket, that files arrive in."""
    return S3Files(root) if "://" in root else LocalDrop(Path(root))


def outbox(root: str) -> Outbox:
    """The folder, or the prefix of a bucket, for replies to senders."""
    return Outbox(S3Files(root) if "://" in root else LocalStore(Path(root)))

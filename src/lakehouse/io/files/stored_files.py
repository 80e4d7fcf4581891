"""Whole files and folders beside the tables, on this machine's disks and in object stores alike.

Credentials, region and address of a bucket are those of the AWS SDK (`AWS_...` variables, roles).
"""

from functools import cache
from pathlib import Path

import pyarrow as pa
from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem, copy_files

from lakehouse.errors import ConfigError


class StoredFiles:
    """Files by their paths: `/srv/lake/...`, `s3a://bucket/...`, `abfss://container@account/...`, `gs://bucket/...`."""

    def delete_folder(self, path: str) -> None:
        """Remove a folder, or a file, with all that is in it. One that is not there is fine."""
        files, at = _file_system(path)
        kind = files.get_file_info(at).type
        if kind == FileType.Directory:
            files.delete_dir(at)
        elif kind == FileType.File:
            files.delete_file(at)

    def keep_file(self, local: str, path: str) -> None:
        """Copy a local file to `path`, over what is there."""
        files, at = _file_system(path)
        if isinstance(files, LocalFileSystem):
            files.create_dir(at.rpartition("/")[0])
        copy_files(str(Path(local).absolute()), at, destination_filesystem=files)

    def keep_folder(self, local: str, path: str) -> None:
        """Copy a local folder to `path`, in place of one that is there."""
        self.delete_folder(path)
        files, at = _file_system(path)
        if isinstance(files, LocalFileSystem):
            files.create_dir(at)
        copy_files(str(Path(local).absolute()), at, destination_filesystem=files)

    def fetch_file(self, path: str, local: str) -> None:
        """Copy the file at `path` to a local one, over what is there."""
        files, at = _file_system(path)
        copy_files(at, str(Path(local).absolute()), source_filesystem=files)

    def has_file(self, path: str) -> bool:
        """Whether a file or a folder is at `path`."""
        files, at = _file_system(path)
        return bool(files.get_file_info(at).type != FileType.NotFound)

    def names_in(self, path: str) -> list[str]:
        """Names of the files and folders in a folder; none of a folder that is not there."""
        files, at = _file_system(path)
        return [found.base_name for found in files.get_file_info(FileSelector(at, allow_not_found=True))]


def _file_system(path: str) -> tuple[FileSystem, str]:
    """The file system of a path, and the path as that file system names it."""
    scheme, separator, rest = path.partition("://")
    if not separator:
        return LocalFileSystem(), str(Path(path).absolute())
    authority, _, below = rest.partition("/")
    files, root = _root(scheme, authority)
    return files, "/".join([root.rstrip("/"), *filter(None, below.split("/"))])


@cache
def _root(scheme: str, authority: str) -> tuple[FileSystem, str]:
    """Asked once each: to open a bucket asks for its region. ConfigError (2) for a scheme that files can't be kept under."""
    try:
        # Hadoop's name of S3 is not known to others.
        files, root = FileSystem.from_uri(f"{'s3' if scheme == 's3a' else scheme}://{authority}{'' if authority else '/'}")
    except pa.ArrowInvalid:
        raise ConfigError(f"files can't be kept under {scheme}://", "use a folder, s3a://, abfss:// or gs://") from None
    return files, str(root)

"""Whole files and folders beside the tables, on this machine's disks and in object stores alike.

Credentials, region and address of a bucket are those of the AWS SDK (`AWS_...` variables, roles).
"""

from pathlib import Path

from pyarrow.fs import FileSelector, FileSystem, FileType, copy_files


class StoredFiles:
    """Files by their paths: `/srv/lake/...`, `s3a://bucket/...`, `abfss://...`, `gs://...`, `hdfs://...`."""

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
        files.create_dir(at.rpartition("/")[0])
        copy_files(str(Path(local).absolute()), at, destination_filesystem=files)

    def keep_folder(self, local: str, path: str) -> None:
        """Copy a local folder to `path`, in place of one that is there."""
        self.delete_folder(path)
        files, at = _file_system(path)
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
    # Hadoop's name of S3 is not known to others.
    uri = f"s3://{rest}" if scheme == "s3a" else path if separator else str(Path(path).absolute())
    files, at = FileSystem.from_uri(uri)
    return files, str(at)

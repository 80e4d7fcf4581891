"""Files on any file system that Spark knows: this machine's disks and object stores alike."""

from typing import Any

from pyspark.sql import SparkSession


class HadoopFiles:
    """Files by their paths, moved by the session `spark`."""

    @property
    def spark(self) -> SparkSession:
        raise NotImplementedError

    def delete_folder(self, path: str) -> None:
        """Remove a folder with all in it, on any file system that Spark knows; one that is not there is fine."""
        at, files = self._hadoop(path)
        files.delete(at, True)

    def keep_file(self, local: str, path: str) -> None:
        """Copy a local file to `path`, on any file system that Spark knows, over what is there."""
        at, files = self._hadoop(path)
        files.copyFromLocalFile(False, True, self._hadoop(f"file:{local}")[0], at)

    def keep_folder(self, local: str, path: str) -> None:
        """Copy a local folder to `path`, in place of one that is there."""
        self.delete_folder(path)
        self.keep_file(local, path)

    def fetch_file(self, path: str, local: str) -> None:
        """The other way round."""
        at, files = self._hadoop(path)
        files.copyToLocalFile(False, at, self._hadoop(f"file:{local}")[0], True)

    def has_file(self, path: str) -> bool:
        at, files = self._hadoop(path)
        return bool(files.exists(at))

    def names_in(self, path: str) -> list[str]:
        """Of the files and folders there; none of a folder that is not there."""
        at, files = self._hadoop(path)
        return [found.getPath().getName() for found in files.listStatus(at)] if files.exists(at) else []

    def _hadoop(self, path: str) -> tuple[Any, Any]:
        """The path and its file system, as Spark knows them."""
        at = self.spark._jvm.org.apache.hadoop.fs.Path(path)  # type: ignore[union-attr]
        return at, at.getFileSystem(self.spark._jsparkSession.sessionState().newHadoopConf())

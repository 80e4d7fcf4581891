"""Whole files and folders, on a disk and in a bucket."""

from pathlib import Path

import pytest

from lakehouse.errors import ConfigError
from lakehouse.io.files import stored_files
from lakehouse.io.files.stored_files import StoredFiles

FILES = StoredFiles()


@pytest.fixture(params=["folder", "folder by its address", "bucket"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "bucket":
        request.getfixturevalue("bucket")
        stored_files._root.cache_clear()  # of the server of another test
        return "s3a://shop/a lake"
    return f"file://{tmp_path}/a lake" if request.param == "folder by its address" else str(tmp_path / "a lake")


def test_a_file_is_kept_found_fetched_and_gone(root: str, tmp_path: Path) -> None:
    local = tmp_path / "local"
    local.write_text("tea")
    path = f"{root}//files/1"  # of a root that ends with a slash
    assert not FILES.has_file(path)
    assert FILES.names_in(f"{root}/files") == []
    FILES.keep_file(str(local), path)
    local.write_text("rice")
    FILES.keep_file(str(local), path)
    assert FILES.has_file(f"{root}/files/1")
    assert FILES.names_in(f"{root}/files") == ["1"]
    FILES.fetch_file(path, str(tmp_path / "back"))
    assert (tmp_path / "back").read_text() == "rice"
    FILES.delete_folder(f"{root}/files")
    FILES.delete_folder(f"{root}/files")
    assert not FILES.has_file(path)


def test_a_folder_takes_the_place_of_the_one_that_is_there(root: str, tmp_path: Path) -> None:
    for name in ("old", "new"):
        folder = tmp_path / name
        (folder / "pages").mkdir(parents=True)
        (folder / "pages" / name).write_text(name)
        FILES.keep_folder(str(folder), f"{root}/site")
    assert FILES.names_in(f"{root}/site/pages") == ["new"]


def test_a_place_that_nobody_knows_is_an_error_that_says_which_are_known() -> None:
    with pytest.raises(ConfigError, match="files can't be kept under wasbs://") as caught:
        FILES.has_file("wasbs://container/x")
    assert "s3a://" in caught.value.todo

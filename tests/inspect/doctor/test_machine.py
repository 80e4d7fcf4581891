"""Java, jars and room on disks, by what stands in files: nothing is started."""

from pathlib import Path

import pytest
from tests.support.runs import settings_in

from lakehouse.errors import ConfigError, WriteError
from lakehouse.inspect.doctor import machine

GB = 1_000_000_000
SETTINGS = settings_in(Path("nowhere"))


def java(folder: Path, version: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch(mode=0o755)
    (folder / "release").write_text(f'IMPLEMENTOR="Debian"\nJAVA_VERSION="{version}"\nJAVA_VERSION_DATE="2025-04-15"\n')
    return folder


def test_the_java_that_java_home_names_is_told_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, "21.0.3")))
    assert machine.check_java() == "21.0.3"


@pytest.mark.parametrize("version", ["11.0.22", "1.8.0_402"])
def test_a_java_that_spark_does_not_run_on_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("JAVA_HOME", str(java(tmp_path, version)))
    with pytest.raises(ConfigError, match="too old") as error:
        machine.check_java()
    assert "Java 17" in error.value.todo


def test_java_behind_a_link_on_the_path_is_found_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = java(tmp_path / "jvm", "17.0.15")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "java").symlink_to(home / "bin" / "java")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert machine.check_java() == "17.0.15"


def test_no_java_is_a_problem_that_names_the_folder_looked_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(ConfigError, match=f"JAVA_HOME={tmp_path}"):
        machine.check_java()


def test_with_spark_connect_java_and_jars_are_the_server_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:1")
    monkeypatch.setenv("PATH", "")
    assert "server" in machine.check_java() and "server" in machine.check_jars(SETTINGS)


def test_a_jar_that_jars_txt_names_in_another_version_is_missing() -> None:
    wanted = ["# comment", "io.delta:delta-spark_4.1_2.13:4.4.0", "org.mariadb.jdbc:mariadb-java-client:3.5.6"]
    names = ["io.delta_delta-spark_4.1_2.13-4.4.0.jar", "org.mariadb.jdbc_mariadb-java-client-3.5.5.jar"]
    assert machine.missing_jars(names, wanted) == ["org.mariadb.jdbc:mariadb-java-client:3.5.6"]


@pytest.mark.parametrize(
    ("name", "said"), [("io.delta_delta-spark_3.5_2.12-3.2.0.jar", "is missing"), ("delta-spark_4.0_2.13-4.0.0.jar", "4.0.0 for Spark 4.0")]
)
def test_a_jar_of_delta_for_other_libraries_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, said: str) -> None:
    monkeypatch.setattr(machine, "jars", lambda settings: [str(tmp_path / "jars" / name)])
    with pytest.raises(ConfigError, match=said) as error:
        machine.check_jars(SETTINGS)
    assert "make install" in error.value.todo


def test_the_installed_jars_are_those_of_jars_txt_and_of_the_installed_libraries() -> None:
    assert "Delta" in machine.check_jars(SETTINGS)


def test_a_disk_with_less_room_than_the_lake_takes_is_worth_a_look() -> None:
    found, note = machine.room({"/lake": 2 * GB, "/tmp": 640_000_000}, {"/lake": 3 * GB})
    assert found == "2.0 GB free at /lake, 640 MB free at /tmp"
    assert note == "/lake: a night that builds all tables anew writes 3.0 GB, 2.0 GB are free"
    assert len(machine.room({"/lake": 4 * GB}, {"/lake": 3 * GB})) == 1


def test_a_disk_without_room_is_a_problem() -> None:
    with pytest.raises(WriteError, match="/tmp") as error:
        machine.room({"/lake": 2 * GB, "/tmp": 15 << 20}, {})
    assert "make room" in error.value.todo

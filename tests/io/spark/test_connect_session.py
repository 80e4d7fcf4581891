"""What a client of Spark Connect is told before it asks its server anything."""

import socket
from types import SimpleNamespace
from typing import Any

import pytest
from pyspark.errors import AnalysisException

from lakehouse.errors import ConfigError, SourceAwayError
from lakehouse.io.spark import connect_session
from lakehouse.io.spark.connect_session import is_asked_for, refuse_other_zone, refuse_without_server, release, session_options


def test_only_an_address_asks_for_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for address, is_one in (("sc://127.0.0.1:15002", True), ("local", False), ("", False)):
        monkeypatch.setenv("SPARK_REMOTE", address)
        assert is_asked_for() is is_one
    monkeypatch.delenv("SPARK_REMOTE")
    assert not is_asked_for()


def test_a_session_chooses_no_property_that_its_server_has_decided() -> None:
    settings = {
        "spark.master": "local[2]",
        "spark.driver.memory": "3g",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.databricks.delta.snapshotPartitions": "1",
    }
    assert session_options(settings) == {"spark.sql.session.timeZone": "UTC", "spark.databricks.delta.snapshotPartitions": "1"}


def test_a_server_that_does_not_answer_is_69_at_once_and_one_that_does_is_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
        monkeypatch.setenv("SPARK_REMOTE", f"sc://127.0.0.1:{port}/;token=secret")
        with pytest.raises(SourceAwayError, match=f"answers at 127.0.0.1:{port}") as told:
            refuse_without_server()
        assert "secret" not in str(told.value) + told.value.todo
        listening.listen()
        refuse_without_server()


def test_an_address_without_a_number_for_a_port_and_missing_libraries_are_2(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1:port")
    with pytest.raises(ConfigError, match="no port that is a number"):
        refuse_without_server()
    monkeypatch.setattr(connect_session, "find_spec", lambda name: None if name == "zstandard" else object())
    with pytest.raises(ConfigError, match="Spark Connect needs zstandard") as told:
        refuse_without_server()
    assert "requirements/connect.txt" in told.value.todo


def asked(zone: str | None) -> Any:
    """A session whose server is in that zone; None: it does not let itself be asked."""

    def sql(query: str) -> Any:
        if zone is None:
            raise AnalysisException("reflect is not allowed")
        return SimpleNamespace(first=lambda: {"zone": zone})

    return SimpleNamespace(sql=sql)


def test_a_server_in_another_zone_is_2(monkeypatch: pytest.MonkeyPatch) -> None:
    for zone in ("UTC", "Etc/UTC", None):
        refuse_other_zone(asked(zone))
    with pytest.raises(ConfigError, match="runs in Europe/Amsterdam") as told:
        refuse_other_zone(asked("Europe/Amsterdam"))
    assert "-Duser.timezone=UTC" in told.value.todo


def test_a_session_is_given_back_without_a_second_try() -> None:
    """With PySpark's own policies a process would wait ten minutes for a server that is gone."""
    done: list[object] = []
    session: Any = SimpleNamespace(client=SimpleNamespace(set_retry_policies=done.append), stop=lambda: done.append("stop"))
    release(session)
    assert done == [[], "stop"]

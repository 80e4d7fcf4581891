"""`lakehouse sql`: who answers, what is said about it, and that no JVM is started for it."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from lakehouse.cli import main
from lakehouse.inspect.answers import in_duckdb
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.lake import Lake
from lakehouse.ops.ledger import PUBLICATIONS
from lakehouse.spark_sql import NotOnTheList

NIGHT = datetime(2026, 11, 16, 2, tzinfo=UTC)
ORDERS = pa.table(
    {
        "order_id": pa.array([1, 2, 3], pa.int64()),
        "status": ["completed", None, "failed"],
        "total_amount": pa.array([Decimal("10.5"), Decimal("0"), None], pa.decimal128(26, 8)),
        "created_at": pa.array([NIGHT, NIGHT, None], pa.timestamp("us", "UTC")),
    }
)


class JvmStarted(AssertionError):
    pass


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lake in which `silver.orders` is published, and version 1 of it is not yet. Whoever starts a JVM fails."""

    def no_jvm(*_: Any, **__: Any) -> Any:
        raise JvmStarted

    monkeypatch.setattr("lakehouse.lake.spark_session", no_jvm)
    for name in ("lake", "vault", "export"):
        monkeypatch.setenv(f"LAKEHOUSE_{name.upper()}_ROOT", str(tmp_path / name))
    store = DeltaStore(no_jvm, TableResolver(str(tmp_path / "lake"), str(tmp_path / "vault")))
    store.append("silver.orders", ORDERS)
    head = store.head("silver.orders")
    assert head is not None
    row = {"run_id": "a", "table_name": "silver.orders", "table_id": head.table_id, "table_version": 0, "published_at": NIGHT}
    store.append_rows(PUBLICATIONS, [row])
    late = pa.table({"order_id": pa.array([4], pa.int64()), "source": ["app"]})
    store.append("silver.orders", late)
    return tmp_path


def asked(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    main(["sql", *arguments])
    return capsys.readouterr().out


def failed(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as stop:
        main(["sql", *arguments])
    return int(stop.value.code or 0), capsys.readouterr().err


@pytest.mark.usefixtures("root")
def test_a_query_on_the_list_is_answered_without_a_jvm(capsys: pytest.CaptureFixture[str]) -> None:
    query = "select * from silver.orders order by status"
    main(["sql", query, "--format", "csv"])
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        "order_id,status,total_amount,created_at",
        "2,,0.00000000,2026-11-16T02:00:00Z",
        "1,completed,10.50000000,2026-11-16T02:00:00Z",
        "3,failed,,",
    ]
    assert shown.err == ""
    found = [
        json.loads(line)
        for line in asked(capsys, "select count(*), max(order_id) most from silver.orders", "--format", "json").splitlines()
    ]
    assert found == [{"count(1)": 3, "most": 3}]
    assert asked(capsys, "select count(*) n from ops.publications").splitlines() == ["n", "1"]


def test_old_files_without_a_column_give_null(root: Path) -> None:
    """And so does a column that no file has."""
    lake = opened(root)
    lake.published = {"silver.orders": TableVersion("any", 1)}
    found = in_duckdb(lake, "select order_id, source from silver.orders order by order_id")
    assert [*found.rows] == [(1, None), (2, None), (3, None), (4, "app")]
    old = in_duckdb(lake, "select order_id, source from silver.orders where order_id < 4 and source is null order by 1 desc")
    assert [*old.rows] == [(3, None), (2, None), (1, None)]


@pytest.mark.usefixtures("root")
def test_a_table_that_is_not_published_is_65_without_a_jvm(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = failed(capsys, "select * from gold.nowhere")
    assert (code, "no table gold.nowhere is published" in said) == (65, True)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select avg(total_amount) a from silver.orders", "it takes the average of decimals"),
        ("select total_amount / 3 t from silver.orders", "it divides decimals"),
        ("select nosuch from silver.orders", "nosuch is not a column that is known here"),
        ("select order_id, from silver.orders", "it is written in a way that only Spark may know"),
        ("select + order_id from silver.orders", "it is written in a way that only Spark may know"),
        ("select 'it''s' x", "CONCAT is in it"),
        ("select order_id from silver.orders where status = 'a' = true", "a condition stands within another without brackets"),
        ("selec 1", "it is written in a way that only Spark may know"),
        ("select order_id / 0 x from silver.orders", "DuckDB gave it up (InvalidInputException)"),
        ("select upper('straße') u", "DuckDB gave it up (InvalidInputException)"),
        ("select 2147483647 + 1 x", "DuckDB gave it up (OutOfRangeException)"),
        ("select sum(order_id * 9000000000000000000) x from silver.orders", "DuckDB gave it up (OutOfRangeException)"),
        ("select order_id from orders", "orders is not the name of a table"),
        ("delete from silver.orders", "DELETE is in it"),
    ],
)
@pytest.mark.usefixtures("root")
def test_all_else_is_sparks_and_a_line_says_why(capsys: pytest.CaptureFixture[str], query: str, why: str) -> None:
    code, said = failed(capsys, query)
    assert (code, said.splitlines()[0]) == (70, f"lakehouse: Spark answers this query, because {why}")
    assert "JvmStarted" in said
    code, said = failed(capsys, query, "--engine", "duckdb")
    assert (code, f"DuckDB does not answer this query, because {why}" in said) == (2, True)


@pytest.mark.usefixtures("root")
def test_who_asks_for_spark_gets_spark_and_no_line(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = failed(capsys, "select 1", "--engine", "spark")
    assert (code, "JvmStarted" in said, "Spark answers" in said) == (70, True, False)
    assert failed(capsys, "select 1", "--engine", "sqlite")[0] == 2


def test_tables_that_delta_rs_does_not_read_as_they_are_are_sparks(root: Path) -> None:
    """Partitions are in folders' names, not in the files."""
    write_deltalake(root / "lake" / "quarantine" / "silver__orders", ORDERS, partition_by=["status"])
    with pytest.raises(NotOnTheList, match=r"quarantine.silver__orders is Spark's"):
        in_duckdb(opened(root), "select order_id from quarantine.silver__orders")


@pytest.mark.parametrize(
    ("name", "value", "is_spark"),
    [
        ("spark.sql.session.timeZone", "Europe/Amsterdam", True),
        ("spark.sql.ansi.enabled", "false", True),
        ("spark.sql.session.timeZone", "UTC", False),
        ("spark.sql.shuffle.partitions", "8", False),
    ],
)
def test_settings_that_may_change_answers_hold_for_spark_alone(root: Path, name: str, value: str, is_spark: bool) -> None:
    lake = opened(root, {name: value})
    if is_spark:
        with pytest.raises(NotOnTheList, match=name):
            in_duckdb(lake, "select order_id from silver.orders")
    else:
        assert len(in_duckdb(lake, "select order_id from silver.orders").rows) == 3


def opened(root: Path, spark: dict[str, str] | None = None) -> Lake:
    shops: Any = {"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}}
    roots: Any = {f"{name}_root": str(root / name) for name in ("lake", "vault", "export")}
    return Lake(Settings(env="local", tracking_uri="sqlite://", shops=shops, spark=spark or {}, **roots))

"""What goes wrong in practice: a clear line, the right exit code, nothing half done; and a re-run mends it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, assert_equal_tables, lake_for, make_lake

from lakehouse.demo.server import Server
from lakehouse.io.lock import lake_lock

RUN_DATE = ("--run-date", "2026-11-16")


@pytest.fixture(scope="module")
def lake(server: Server, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> DemoLake:
    return make_lake(server, "failing", tmp_path_factory.mktemp("failing"))


@pytest.fixture
def untouched(lake: DemoLake) -> Iterator[DemoLake]:
    """The lake; afterwards nothing was published and nothing is left in staging."""
    yield lake
    assert not (lake.folder / "lake" / "ops" / "publications").exists()
    assert not (lake.folder / "lake" / "bronze").exists()
    assert not (lake.folder / "vault" / "_staging").exists()


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"DEMO_PASSWORD": "wrong"}, 77, "access denied"),
        ({"LAKEHOUSE_SHOPS__NL__URL": "jdbc:mysql://127.0.0.1:1/failing"}, 69, "does not answer"),
        ({"LAKEHOUSE_SHOPS__NL__PREFIX": "shop3_"}, 65, "shop3_options"),
        ({"LAKEHOUSE_SHOPS__NL__PREFIXX": "wp_"}, 2, "shops.nl.prefixx"),
        ({"LAKEHOUSE_LAKEROOT": "/tmp"}, 2, "LAKEHOUSE_LAKEROOT"),
        ({"LAKEHOUSE_SHOPS__NL__PASSWORD": "plain text"}, 2, "reference"),
        ({"LAKEHOUSE_LAKE_ROOT": "/proc/lake"}, 73, "/proc/lake"),
    ],
    ids=["wrong password", "database away", "wrong prefix", "unknown setting", "unknown variable", "password in the open", "no place"],
)
def test_a_wrong_setting_ends_with_its_code_and_one_line(untouched: DemoLake, changes: dict[str, str], code: int, words: str) -> None:
    found, errors = untouched.command("night", *RUN_DATE, **changes)
    last = errors.strip().splitlines()[-1]
    assert (found, last.startswith(f"lakehouse: error {code}"), words in last) == (code, True, True), last
    assert "plain text" not in errors


@pytest.mark.parametrize(
    ("statement", "undo", "words"),
    [
        (
            "REVOKE SELECT (`status`) ON `failing`.`wp_wc_orders` FROM 'failing_reader'@'127.0.0.1'",
            "",
            "orders.status: found nothing, expected string",
        ),
        (
            "RENAME TABLE `failing`.`wp_terms` TO `failing`.`wp_terms_gone`",
            "RENAME TABLE `failing`.`wp_terms_gone` TO `failing`.`wp_terms`",
            "wp_terms",
        ),
    ],
    ids=["column not granted", "table missing"],
)
def test_a_declared_table_or_column_that_cannot_be_read_is_named(untouched: DemoLake, statement: str, undo: str, words: str) -> None:
    with untouched.shop.server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(statement)
        try:
            code, errors = untouched.command("night", *RUN_DATE)
        finally:
            if undo:
                cursor.execute(undo)
            lake_for(untouched.shop, untouched.folder)  # the grants as they were
    assert code == 65
    assert words in errors.splitlines()[-1]
    assert "lakehouse grants" in errors.splitlines()[-1]


def test_a_second_run_is_refused_while_one_is_at_work(untouched: DemoLake) -> None:
    with lake_lock(str(untouched.folder / "lake"), "file"):
        code, errors = untouched.command("ingest", *RUN_DATE)
    assert code == 75
    assert "another run" in errors


def test_an_unknown_command_or_date_is_a_usage_error(lake: DemoLake) -> None:
    assert lake.command("nihgt")[0] == 2
    code, errors = lake.command("night", "--run-date", "16.11.2026")
    assert code == 2
    assert errors.startswith("lakehouse: error 2")


def test_a_killed_run_leaves_no_lock_and_a_plain_rerun_gives_equal_tables(demo_lake: DemoLake, spark: SparkSession, tmp_path: Path) -> None:
    """Killed hard while tables are made; the next runs mend all of it and say that one was abandoned."""
    lake = lake_for(demo_lake.shop, tmp_path)
    (tmp_path / "vault.key").write_bytes((demo_lake.folder / "vault.key").read_bytes())
    process = subprocess.Popen(
        [sys.executable, "-c", "from lakehouse.cli import main; main()", "night", *RUN_DATE],
        env={**os.environ, **lake.environment},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "silver.order_lines" in line:
            break
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert not (tmp_path / "lake" / "ops" / "publications").exists()

    for command in ("ingest", "refresh"):
        assert lake.command(command, *RUN_DATE)[0] == 0
    runs = lake.output("sql", "select status, count(*) n from ops.runs where step = '' group by status order by status", "--format", "csv")
    assert runs.splitlines() == ["status,n", "abandoned,1", "started,3", "succeeded,2"]
    assert not (tmp_path / "vault" / "_staging").exists()
    assert_equal_tables(lake.store(spark), demo_lake.store(spark), "bronze", "vault", "silver", "gold")


def test_another_key_than_the_lakes_is_refused(tmp_path: Path, demo_lake: DemoLake) -> None:
    other = tmp_path / "other.key"
    other.write_text("f" * 64)
    code, errors = demo_lake.command("ingest", *RUN_DATE, LAKEHOUSE_PSEUDONYM_KEY=f"file:{other}")
    assert code == 77
    assert "not the one that this lake was made with" in errors
    assert "f" * 64 not in errors

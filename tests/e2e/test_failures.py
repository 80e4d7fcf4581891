"""What goes wrong in practice: a clear line, the right exit code, nothing half done; and a re-run mends it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, lake_for, make_lake

from lakehouse.demo.store.server import Server
from lakehouse.io.host.lock import lake_lock

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


def test_another_key_than_the_lakes_is_refused(tmp_path: Path, demo_lake: DemoLake) -> None:
    other = tmp_path / "other.key"
    other.write_text("f" * 64)
    code, errors = demo_lake.command("ingest", *RUN_DATE, LAKEHOUSE_PSEUDONYM_KEY=f"file:{other}")
    assert code == 77
    assert "not the one that this lake was made with" in errors
    assert "f" * 64 not in errors

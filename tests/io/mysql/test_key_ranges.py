"""Ranges of a key on a real InnoDB: no row is missed or read twice, none is far too large, and finding them asks little."""

from typing import Any

import pytest
from pymysql.cursors import Cursor

from lakehouse.demo.store.server import Server
from lakehouse.io.mysql.key_ranges import key_ranges

pytestmark = pytest.mark.database
ROWS, SIZE = 40_000, 5_000
OUTLIER = 10**15
LARGEST = 2**64 - 1
# InnoDB doubles its estimate for more than a few pages, so ranges tend to be smaller than they may be.
LARGER, MORE = 1.5, 3
# Two for every halving of 64 bits, were a single row at the end of them, and some for the ranges.
STATEMENTS_AT_MOST = 150
# SQL of the ids by `seq`, 1 to 40,000.
SHAPES = {
    "dense": "seq",
    "with gaps": "seq * 7 + 1000000 * (seq DIV 1000)",
    "two clusters far apart": "seq + IF(seq > 20000, 4000000000, 0)",
    "growing gaps": "seq * seq * seq",
    "one outlier": f"IF(seq = {ROWS}, {OUTLIER}, seq)",
    "a cluster above an outlier at the low end": f"IF(seq = 1, 1, {OUTLIER} + seq)",
    "at the type's upper end": f"{LARGEST} - {ROWS} + seq",
}


class Asker:
    """Runs statements and counts them."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor, self.statements = cursor, 0

    def __call__(self, sql: str) -> tuple[tuple[Any, ...], ...]:
        self.statements += 1
        self._cursor.execute(sql)
        return self._cursor.fetchall()


@pytest.fixture
def ask(server: Server) -> Any:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE IF NOT EXISTS key_ranges")
        cursor.execute("USE key_ranges")
        # As wide as an order item, so that a page holds some hundred rows.
        cursor.execute("CREATE OR REPLACE TABLE items (`id` BIGINT UNSIGNED PRIMARY KEY, name VARCHAR(200) NOT NULL) ENGINE=InnoDB")
        yield Asker(cursor)


def fill(ask: Asker, ids: str, rows: int = ROWS) -> None:
    ask(f"INSERT INTO items SELECT {ids}, REPEAT('x', 60) FROM seq_1_to_{rows}")
    ask("ANALYZE TABLE items")
    ask.statements = 0


def rows_of(ask: Asker, conditions: list[str]) -> list[int]:
    return [ask(f"SELECT COUNT(*) FROM items{f' WHERE {condition}' if condition else ''}")[0][0] for condition in conditions]


def times_found(ask: Asker, conditions: list[str], key: int) -> int:
    """In how many ranges a key lies, whether it is there or not."""
    return sum(ask(f"SELECT {condition.replace('`id`', str(key)) or 'TRUE'}")[0][0] for condition in conditions)


@pytest.mark.parametrize("ids", SHAPES.values(), ids=SHAPES.keys())
def test_every_row_is_in_one_range_and_no_range_is_far_too_large(ask: Asker, ids: str) -> None:
    fill(ask, ids)
    conditions = key_ranges(ask, "items", "id", SIZE)
    rows = rows_of(ask, conditions)
    assert sum(rows) == ROWS
    assert {times for (times,) in ask(f"SELECT {' + '.join(f'({condition})' for condition in conditions)} FROM items")} == {1}
    assert max(rows) <= LARGER * SIZE
    assert len(rows) <= MORE * ROWS / SIZE


@pytest.mark.parametrize("ids", SHAPES.values(), ids=SHAPES.keys())
def test_finding_them_asks_little(ask: Asker, ids: str) -> None:
    fill(ask, ids)
    key_ranges(ask, "items", "id", SIZE)
    assert 1 < ask.statements <= STATEMENTS_AT_MOST


@pytest.mark.parametrize("ids", SHAPES.values(), ids=SHAPES.keys())
def test_keys_that_come_later_lie_in_one_range_each_wherever_they_are(ask: Asker, ids: str) -> None:
    fill(ask, ids)
    conditions = key_ranges(ask, "items", "id", SIZE)
    first, last = ask("SELECT MIN(id), MAX(id) FROM items")[0]
    for key in {0, 1, first - 1, first, (first + last) // 2, last, min(last + 1, LARGEST), LARGEST}:
        assert times_found(ask, conditions, key) == 1, key


def test_an_outlier_has_no_range_of_its_own(ask: Asker) -> None:
    fill(ask, SHAPES["one outlier"])
    assert rows_of(ask, key_ranges(ask, "items", "id", SIZE))[-1] > 1


@pytest.mark.parametrize("rows", [1, 2, SIZE // 2])
def test_a_small_table_is_read_whole(ask: Asker, rows: int) -> None:
    fill(ask, "seq", rows)
    assert key_ranges(ask, "items", "id", SIZE) == [""]
    assert ask.statements == 2


def test_an_empty_table_is_read_whole(ask: Asker) -> None:
    assert key_ranges(ask, "items", "id", SIZE) == [""]
    assert ask.statements == 1


def test_negative_keys_are_found_too(ask: Asker) -> None:
    ask("ALTER TABLE items MODIFY id BIGINT")
    fill(ask, "CAST(seq AS SIGNED) - 20000")
    conditions = key_ranges(ask, "items", "id", SIZE)
    assert sum(rows_of(ask, conditions)) == ROWS
    assert times_found(ask, conditions, -(10**9)) == 1


def test_estimates_are_asked_for_and_no_row_is_read(ask: Asker) -> None:
    fill(ask, SHAPES["with gaps"])
    ask("FLUSH STATUS")
    key_ranges(ask, "items", "id", SIZE)
    read = dict(ask("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    # The first and the last row, for MIN and MAX.
    assert sum(map(int, read.values())) <= 2

"""Rows into a database: many by files, few by inserts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from lakehouse.demo.store.rows import Row, Value

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def write_files(rows: Iterable[Row], folder: Path) -> Counter[str]:
    """One tab-separated file per table in `folder`; the number of rows in each."""
    files: dict[str, TextIO] = {}
    counts: Counter[str] = Counter()
    try:
        for table, values in rows:
            if table not in files:
                files[table] = (folder / f"{table}.tsv").open("w", encoding="utf-8", newline="\n")
            files[table].write("\t".join([_field(value) for value in values]) + "\n")
            counts[table] += 1
    finally:
        for file in files.values():
            file.close()
    return counts


def load_files(cursor: Cursor, folder: Path, prefix: str, counts: Counter[str], charset: str = "utf8mb4") -> None:
    """Every file of `write_files` into its table of the current database, whose text is declared so; an error if one row does not fit."""
    cursor.execute("SET unique_checks = 0, foreign_key_checks = 0, sql_mode = 'NO_AUTO_VALUE_ON_ZERO,STRICT_ALL_TABLES'")
    for table, count in counts.items():
        statement = f"LOAD DATA LOCAL INFILE %s INTO TABLE `{prefix}{table}` CHARACTER SET {charset}"
        loaded = cursor.execute(statement, (str(folder / f"{table}.tsv"),))
        cursor.execute("SHOW WARNINGS")
        warnings = cursor.fetchall()
        if warnings or loaded != count:
            raise RuntimeError(f"{prefix}{table}: {loaded} of {count} rows loaded; {warnings[:3]}")


def insert(cursor: Cursor, rows: Iterable[Row], prefix: str) -> Counter[str]:
    """The rows, table by table; the number of rows in each."""
    by_table: dict[str, list[tuple[Value, ...]]] = {}
    for table, values in rows:
        by_table.setdefault(table, []).append(values)
    for table, tuples in by_table.items():
        places = ", ".join(["%s"] * len(tuples[0]))
        cursor.executemany(f"INSERT INTO `{prefix}{table}` VALUES ({places})", tuples)
    return Counter({table: len(tuples) for table, tuples in by_table.items()})


def _field(value: Value) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return value.translate(_ESCAPES) if isinstance(value, str) and ("\\" in value or "\n" in value or "\t" in value) else str(value)

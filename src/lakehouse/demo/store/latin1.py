"""Tables as an old WordPress has them whose DB_CHARSET was latin1: text is declared latin1 and its bytes are UTF-8."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

_BYTES = {"tinytext": "tinyblob", "text": "blob", "mediumtext": "mediumblob", "longtext": "longblob"}


def to_latin1(cursor: Cursor) -> None:
    """Declares every text column of the current database latin1 and keeps its bytes. A column too short for its bytes gets longer."""
    cursor.execute(
        "SELECT table_name, column_name, data_type, character_maximum_length, is_nullable, column_default"
        " FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)"
        " WHERE table_schema = database() AND table_type = 'BASE TABLE' AND character_set_name IN ('utf8mb4', 'utf8mb3')"
        " ORDER BY table_name, ordinal_position"
    )
    by_table: dict[str, list[tuple[str, str, int, str]]] = {}
    for table, name, type_, length, nullable, default in cursor.fetchall():
        # The default is already written as SQL; a text column may not state one.
        rest = ("" if nullable == "YES" else " NOT NULL") + (f" DEFAULT {default}" if default is not None else "")
        by_table.setdefault(table, []).append((name, type_, int(length), rest))
    for table, columns in by_table.items():
        _redeclare(cursor, table, columns)
    cursor.execute("ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_swedish_ci")


def _redeclare(cursor: Cursor, table: str, columns: list[tuple[str, str, int, str]]) -> None:
    """By way of bytes: from one character set to another the server would convert."""
    cursor.execute(f"SELECT {', '.join(f'max(octet_length(`{name}`))' for name, *_ in columns)} FROM `{table}`")
    longest = cursor.fetchone() or ()
    as_bytes, as_text = [], []
    for (name, type_, length, rest), octets in zip(columns, longest, strict=True):
        needed = max(length, octets or 0)
        is_long = type_ in _BYTES
        as_bytes.append(f"MODIFY `{name}` {_BYTES[type_] if is_long else f'varbinary({needed})'}{rest}")
        as_text.append(f"MODIFY `{name}` {type_ if is_long else f'{type_}({needed})'} CHARACTER SET latin1{rest}")
    cursor.execute(f"ALTER TABLE `{table}` {', '.join(as_bytes)}")
    cursor.execute(f"ALTER TABLE `{table}` {', '.join(as_text)}, DEFAULT CHARACTER SET latin1 COLLATE latin1_swedish_ci")

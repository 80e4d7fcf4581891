"""A database with a shop in WooCommerce's own tables, made into one as older ones have it, in place: orders in posts, text in latin1."""

from zoneinfo import ZoneInfo

from pymysql.cursors import Cursor

from lakehouse.demo.store.legacy import NEWER_TABLES, set_legacy_options
from lakehouse.demo.store.order_posts import drop_staged, stage_orders, write_staged

_BYTES = {"tinytext": "tinyblob", "text": "blob", "mediumtext": "mediumblob", "longtext": "longblob"}


def to_legacy(cursor: Cursor, prefix: str, zone: ZoneInfo) -> None:
    """Makes the current database a shop of WooCommerce 6.1: orders in posts and postmeta, no order tables. `zone` is the shop's."""
    stage_orders(cursor, prefix, zone)
    write_staged(cursor, prefix)
    drop_staged(cursor)
    cursor.execute(f"DELETE FROM `{prefix}posts` WHERE post_type = 'shop_order_placehold'")
    for table in NEWER_TABLES:
        cursor.execute(f"DROP TABLE IF EXISTS `{prefix}{table}`")
    set_legacy_options(cursor, prefix)


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

"""`ops.source_columns`: the columns that each shop's tables had, and what changed since the last read."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host import logs
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.sources.drift import ADDED, Columns, compare_all, refuse
from lakehouse.sources.source import JdbcTable
from lakehouse.table import STRING, TIMESTAMP, Column, Table

SOURCE_COLUMNS = Table(
    name="ops.source_columns",
    grain="one column of a shop's table when a run saw the table changed; all columns of the table together",
    key=("run_id", "shop_code", "table_name", "column_name"),
    columns=(
        Column("shop_code", STRING, "the shop"),
        Column("table_name", STRING, "its table, without prefix"),
        Column("column_name", STRING, "as in the database; only columns that the account may read"),
        Column("data_type", STRING, "as in the database, without length"),
        Column("run_id", STRING, "id of the run that saw it"),
        Column("seen_at", TIMESTAMP, "when, UTC; the table's newest rows are its columns"),
    ),
)
LEGACY_ORDERS = ("order_posts", "order_post_meta")
COLUMNS_OF = "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s"


def columns_there(database: ShopDatabase, tables: Iterable[JdbcTable]) -> dict[str, dict[str, str]]:
    """Source table without prefix → column → type. A table that is not there, or of which nothing is granted, has no columns."""
    names = {table.source_name: f"{database.shop.prefix_of(table)}{table.source_name}" for table in tables}
    # One table a question: the server looks it up by name, where it would open every table of a multisite for a list.
    return {source: {row[0]: row[1] for row in database.ask(COLUMNS_OF, name, [name])} for source, name in names.items()}


def check_columns(
    code: str, freeze: Collection[str], tables: Iterable[JdbcTable], found: Mapping[str, Columns], seen: Mapping[str, Columns]
) -> None:
    """DataError (65) if a declared column went or changed its type, or a frozen table has a new one; other new columns are a warning."""
    changes = compare_all(tables, found, seen)
    refuse(code, changes, freeze)
    for change in changes:
        if change.kind == ADDED:
            logs.warn(f"shop {code}: new column {change.table}.{change.column} ({change.found}); it is not read")


def frozen(shop: ShopSettings) -> set[str]:
    """Tables by the names of their mirrors; legacy orders are in two tables without one, which go with `orders`."""
    return {*shop.freeze, *(table for table in LEGACY_ORDERS if "orders" in shop.freeze)}


def last_columns(store: DeltaStore, shop_code: str) -> dict[str, dict[str, str]]:
    """Source table without prefix → column → type, as the last run saw them; empty for a shop that was never read."""
    seen: dict[str, dict[str, str]] = {}
    for row in store.newest(SOURCE_COLUMNS, ("table_name",), "seen_at", where=f"shop_code = '{shop_code}'"):
        seen.setdefault(row["table_name"], {})[row["column_name"]] = row["data_type"]
    return seen


def record_columns(store: DeltaStore, run_id: str, shop_code: str, found: Mapping[str, Columns], seen: Mapping[str, Columns]) -> None:
    """Append all columns of the tables that are not as `seen`; nothing where all are."""
    now = datetime.now(UTC)
    changed = {table: columns for table, columns in found.items() if columns != seen.get(table)}
    rows = [(shop_code, table, name, found_type, run_id, now) for table, columns in changed.items() for name, found_type in columns.items()]
    store.append_rows(SOURCE_COLUMNS, [dict(zip(SOURCE_COLUMNS.column_names, row, strict=True)) for row in rows])

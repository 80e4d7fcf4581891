"""A legacy shop made equal to the one in own order tables that the simulation works on, within the caller's transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lakehouse.demo.store.legacy import NEWER_TABLES
from lakehouse.demo.store.order_posts import POST_META, POSTS, drop_staged, stage_orders
from lakehouse.demo.store.schema import TABLES, TableSchema

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

LEGACY_TABLES = tuple(table for table in TABLES if table.name not in NEWER_TABLES)
_MOVED = "_orders_refunded_now"


def project(cursor: Cursor, database: str, prefix: str, zone: ZoneInfo) -> None:
    """Changes in `database` what differs from the current database: nothing else is written, and ids of rows stay.

    As on legacy storage, an order's modified date moves with its status or a new refund only.
    """
    stage_orders(cursor, prefix, zone)
    _keep_modified_dates(cursor, f"`{database}`.`{prefix}posts`")
    cursor.execute(f"INSERT INTO `{POSTS}` SELECT * FROM `{prefix}posts` WHERE post_type <> 'shop_order_placehold'")
    for table in LEGACY_TABLES:
        target = f"`{database}`.`{prefix}{table.name}`"
        if table.name == "postmeta":
            _write_post_meta(cursor, table, f"`{prefix}postmeta`", target)
        else:
            _delete(cursor, table, f"`{prefix}{table.name}`", target)
            _write(cursor, table, f"`{POSTS}`" if table.name == "posts" else f"`{prefix}{table.name}`", target)
    drop_staged(cursor)


def _keep_modified_dates(cursor: Cursor, posts: str) -> None:
    cursor.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE `{_MOVED}` (id bigint unsigned PRIMARY KEY)"
        f" SELECT DISTINCT r.post_parent AS id FROM `{POSTS}` r"
        f" LEFT JOIN {posts} known ON known.ID = r.ID WHERE r.post_parent > 0 AND known.ID IS NULL"
    )
    cursor.execute(
        f"UPDATE `{POSTS}` p JOIN {posts} known ON known.ID = p.ID LEFT JOIN `{_MOVED}` moved ON moved.id = p.ID"
        " SET p.post_modified = known.post_modified, p.post_modified_gmt = known.post_modified_gmt"
        " WHERE p.post_status = known.post_status AND moved.id IS NULL"
    )
    cursor.execute(f"DROP TEMPORARY TABLE `{_MOVED}`")


def _write_post_meta(cursor: Cursor, table: TableSchema, source: str, target: str) -> None:
    """Both shops take ids from one sequence, so rows whose id the source does not have are of orders, or were of something deleted."""
    same = "w.post_id = t.post_id AND w.meta_key = t.meta_key"
    cursor.execute(
        f"DELETE t FROM {target} t LEFT JOIN {source} s ON s.meta_id = t.meta_id LEFT JOIN `{POST_META}` w ON {same}"
        " WHERE s.meta_id IS NULL AND w.meta_id IS NULL"
    )
    _write(cursor, table, source, target)
    # Each row there looks for its staged one, which has an index on both columns.
    both = f"{target} t STRAIGHT_JOIN `{POST_META}` w ON {same}"
    cursor.execute(f"UPDATE {both} SET t.meta_value = w.meta_value WHERE NOT (BINARY t.meta_value <=> BINARY w.meta_value)")
    cursor.execute(f"DELETE w FROM {both}")
    cursor.execute(
        f"INSERT INTO {target} (post_id, meta_key, meta_value)"
        f" SELECT post_id, meta_key, meta_value FROM `{POST_META}` ORDER BY post_id, meta_id"
    )


def _delete(cursor: Cursor, table: TableSchema, source: str, target: str) -> None:
    """Rows that the source does not have."""
    first_key = table.primary_key.split(",")[0]
    cursor.execute(f"DELETE t FROM {target} t LEFT JOIN {source} s USING ({table.primary_key}) WHERE s.{first_key} IS NULL")


def _write(cursor: Cursor, table: TableSchema, source: str, target: str) -> None:
    """Rows that are new or differ in a byte."""
    names = [name for name, _ in table.columns]
    first_key = table.primary_key.split(",")[0]
    differs = " OR ".join(f"NOT (BINARY s.`{name}` <=> BINARY t.`{name}`)" for name in names)
    cursor.execute(
        f"INSERT INTO {target} SELECT s.* FROM {source} s LEFT JOIN {target} t USING ({table.primary_key})"
        f" WHERE t.{first_key} IS NULL OR {differs} ON DUPLICATE KEY UPDATE {', '.join(f'`{name}` = VALUES(`{name}`)' for name in names)}"
    )

"""A shop with orders in WooCommerce's own tables, made into one of the other kinds, in place. Works on every such database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lakehouse.demo.store.order_posts import LEGACY_VERSION, POST_META, POSTS, drop_staged, stage_orders, write_staged

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

ORDER_TABLES = ("wc_orders", "wc_order_addresses", "wc_order_operational_data", "wc_orders_meta")
# What WooCommerce 6.1 does not have.
NEWER_TABLES = (*ORDER_TABLES, "wc_email_unsubscribes")


def to_migrated(cursor: Cursor, prefix: str, zone: ZoneInfo, until: datetime) -> None:
    """Fills posts and postmeta of the current database with the orders made before `until` (UTC), as they may have been then.

    Posts are wrong there: orders completed or refunded since (and each third one) still wait, each fifth one costs 5.00 more than
    it does now, and later orders and refunds are placeholders.
    """
    stage_orders(cursor, prefix, zone)
    cursor.execute(f"DELETE m FROM `{POST_META}` m JOIN `{POSTS}` p ON p.ID = m.post_id WHERE p.post_date_gmt >= %s", (until,))
    cursor.execute(f"DELETE FROM `{POSTS}` WHERE post_date_gmt >= %s", (until,))
    waited = (
        "p.post_type = 'shop_order' AND p.post_status IN ('wc-completed', 'wc-refunded') AND (p.post_modified_gmt >= %s OR p.ID %% 3 = 0)"
    )
    shipped = "m.meta_key IN ('_date_completed', '_completed_date')"
    cursor.execute(f"DELETE m FROM `{POST_META}` m JOIN `{POSTS}` p ON p.ID = m.post_id WHERE {shipped} AND {waited}", (until,))
    cursor.execute(f"UPDATE `{POSTS}` p SET post_status = 'wc-processing' WHERE {waited}", (until,))
    cursor.execute(
        f"UPDATE `{POST_META}` m JOIN `{POSTS}` p ON p.ID = m.post_id SET m.meta_value = CAST(m.meta_value AS decimal(26,2)) + 5"
        " WHERE m.meta_key = '_order_total' AND p.post_type = 'shop_order' AND p.ID % 5 = 0"
    )
    cursor.execute(
        f"UPDATE `{POSTS}` SET post_modified_gmt = post_date_gmt, post_modified = post_date WHERE post_modified_gmt >= %s", (until,)
    )
    write_staged(cursor, prefix)
    drop_staged(cursor)


def set_legacy_options(cursor: Cursor, prefix: str) -> None:
    """The options as WooCommerce 6.1 has them: none of the order tables."""
    cursor.execute(f"DELETE FROM `{prefix}options` WHERE option_name LIKE 'woocommerce\\_custom\\_orders\\_table\\_%'")
    names = ("woocommerce_version", "woocommerce_db_version")
    cursor.execute(f"UPDATE `{prefix}options` SET option_value = %s WHERE option_name IN %s", (LEGACY_VERSION, names))

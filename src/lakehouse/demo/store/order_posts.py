"""Orders of WooCommerce's own tables as versions before 8.2 keep them: a row of posts and rows of postmeta for each order and refund.

Both are made in temporary tables of the current database, for any shop with such tables, then put where they belong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from lakehouse.demo.store.wall_clock import local

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

POSTS, POST_META = "_order_posts", "_order_postmeta"
LEGACY_VERSION = "6.1.1"
_ADDRESS = ("first_name", "last_name", "company", "address_1", "address_2", "city", "state", "postcode", "country", "phone")


def stage_orders(cursor: Cursor, prefix: str, zone: ZoneInfo) -> None:
    """Fills the temporary tables POSTS and POST_META; the rows of POST_META have ids of their own."""
    cursor.execute(f"CREATE OR REPLACE TEMPORARY TABLE `{POSTS}` LIKE `{prefix}posts`")
    cursor.execute(
        f"CREATE OR REPLACE TEMPORARY TABLE `{POST_META}` (meta_id bigint unsigned AUTO_INCREMENT PRIMARY KEY,"
        f" KEY (post_id, meta_key(100))) SELECT * FROM `{prefix}postmeta` LIMIT 0"
    )
    columns = _post_columns(prefix, zone)
    cursor.execute(
        f"INSERT INTO `{POSTS}` ({', '.join(columns)}) SELECT {', '.join(columns.values())} FROM `{prefix}wc_orders` o"
        f" LEFT JOIN `{prefix}wc_order_operational_data` d ON d.order_id = o.id"
    )
    for table, owner, keys in _sources(zone):
        for key, value in keys.items():
            # An empty value has no row.
            cursor.execute(
                f"INSERT INTO `{POST_META}` (post_id, meta_key, meta_value) SELECT x.id, '{key}', x.value"
                f" FROM (SELECT {owner} AS id, {value} AS value FROM `{prefix}{table}`) x WHERE octet_length(x.value) > 0"
            )
    cursor.execute(
        f"INSERT INTO `{POST_META}` (post_id, meta_key, meta_value)"
        f" SELECT order_id, meta_key, meta_value FROM `{prefix}wc_orders_meta` ORDER BY id"
    )


def write_staged(cursor: Cursor, prefix: str) -> None:
    """Puts the staged rows into the shop's own posts and postmeta, in place of what these hold of the same orders."""
    cursor.execute(f"DELETE m FROM `{prefix}postmeta` m JOIN `{POSTS}` p ON p.ID = m.post_id")
    cursor.execute(f"REPLACE INTO `{prefix}posts` SELECT * FROM `{POSTS}`")
    cursor.execute(
        f"INSERT INTO `{prefix}postmeta` (post_id, meta_key, meta_value)"
        f" SELECT post_id, meta_key, meta_value FROM `{POST_META}` ORDER BY post_id, meta_id"
    )


def drop_staged(cursor: Cursor) -> None:
    """Remove the temporary tables that held posts and their meta."""
    for name in (POSTS, POST_META):
        cursor.execute(f"DROP TEMPORARY TABLE `{name}`")


def _post_columns(prefix: str, zone: ZoneInfo) -> dict[str, str]:
    created, updated = local("o.date_created_gmt", zone), local("o.date_updated_gmt", zone)
    kind = "if(o.type = 'shop_order_refund', 'Refund', 'Order')"
    home = f"(SELECT option_value FROM `{prefix}options` WHERE option_name = 'home')"
    return {
        "ID": "o.id", "post_author": "1", "post_date": _date(created), "post_date_gmt": _date("o.date_created_gmt"), "post_content": "''",
        "post_title": f"concat({kind}, ' &ndash; ', coalesce(date_format({created}, '%M %d, %Y @ %h:%i %p'), ''))",
        "post_excerpt": "coalesce(o.customer_note, '')", "post_status": "coalesce(o.status, 'draft')", "comment_status": "'open'",
        "ping_status": "'closed'", "post_password": "coalesce(d.order_key, '')",
        "post_name": f"lower(concat({kind}, coalesce(date_format({created}, '-%b-%d-%Y-%h%i-%p'), '')))", "to_ping": "''",
        "pinged": "''", "post_modified": _date(updated), "post_modified_gmt": _date("o.date_updated_gmt"), "post_content_filtered": "''",
        "post_parent": "coalesce(o.parent_order_id, 0)", "guid": f"concat({home}, '/?post_type=', o.type, '&#038;p=', o.id)",
        "menu_order": "0", "post_type": "o.type", "post_mime_type": "''", "comment_count": "0",
    }  # fmt: skip


def _sources(zone: ZoneInfo) -> list[tuple[str, str, dict[str, str]]]:
    """Table, its column of the order's id, and meta keys with their values."""
    orders = {
        "_customer_user": "customer_id", "_order_currency": "currency", "_order_tax": _amount("tax_amount"),
        "_order_total": _price("total_amount"), "_billing_email": "billing_email", "_payment_method": "payment_method",
        "_payment_method_title": "payment_method_title", "_transaction_id": "transaction_id", "_customer_ip_address": "ip_address",
        "_customer_user_agent": "user_agent",
    }  # fmt: skip
    operations = {
        "_order_key": "order_key", "_created_via": "created_via", "_cart_hash": "cart_hash",
        "_order_version": f"if(woocommerce_version IS NULL, NULL, '{LEGACY_VERSION}')",
        "_prices_include_tax": _flag("prices_include_tax"), "_order_shipping": _amount("shipping_total_amount"),
        "_order_shipping_tax": _amount("shipping_tax_amount"), "_cart_discount": _amount("discount_total_amount"),
        "_cart_discount_tax": _amount("discount_tax_amount"),
        "_download_permissions_granted": _flag("download_permission_granted"), "_recorded_sales": _flag("recorded_sales"),
        "_recorded_coupon_usage_counts": _flag("coupon_usages_are_counted"), "_order_stock_reduced": _flag("order_stock_reduced"),
        "_new_order_email_sent": _flag("new_order_email_sent"),
        **{f"_date_{event}": f"timestampdiff(SECOND, '1970-01-01', date_{event}_gmt)" for event in ("paid", "completed")},
        **{f"_{event}_date": f"date_format({local(f'date_{event}_gmt', zone)}, '%Y-%m-%d %H:%i:%s')" for event in ("paid", "completed")},
    }  # fmt: skip
    return [
        ("wc_orders", "id", orders),
        ("wc_order_operational_data", "order_id", operations),
        *(
            ("wc_order_addresses", "order_id", {f"_{type_}_{field}": f"if(address_type = '{type_}', {field}, NULL)" for field in _ADDRESS})
            for type_ in ("billing", "shipping")
        ),
    ]


def _date(expression: str) -> str:
    return f"coalesce({expression}, '0000-00-00 00:00:00')"


def _flag(column: str) -> str:
    return f"if({column} IS NULL, NULL, if({column}, 'yes', 'no'))"


def _amount(column: str) -> str:
    """As short as it can be written."""
    return f"trim(TRAILING '.' FROM trim(TRAILING '0' FROM {column}))"


def _price(column: str) -> str:
    """With two decimals, unless it has more."""
    return f"if({column} = round({column}, 2), concat(round({column}, 2)), {_amount(column)})"

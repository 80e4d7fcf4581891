"""WooCommerce's two stores of orders. The shop's own option says which one is the truth; the other may hold old copies."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from lakehouse.sources.source import JdbcTable
from lakehouse.sources.woocommerce import legacy_orders, orders
from lakehouse.sources.woocommerce.special_orders import DEPOSITS_VIA, NO
from lakehouse.table import LONG, STRING, TIMESTAMP, Column

HPOS_OPTION, SYNC_OPTION = "woocommerce_custom_orders_table_enabled", "woocommerce_custom_orders_table_data_sync_enabled"
VERSION_OPTION, DECIMAL_SIGN_OPTION = "woocommerce_version", "woocommerce_price_decimal_sep"


@dataclass(frozen=True)
class OrderStore:
    """How one of the two is asked. `{p}` in SQL is the shop's prefix.

    `tables` are read; `heads` (id, type, status, created_at of every order and refund) and `parents` (id, parent_id of every refund,
    and of every seller's copy of an order) are answered from an index alone or nearly so. `changed` are orders whose modified date is at
    or after `{since}`; None where that date says nothing. `undated` are orders (id) without a date, and `dates` the table that has one for
    them; None where the store has no other. `window_days` and `reread_nights` are what a shop gets that does not set them.
    """

    name: str
    tables: tuple[JdbcTable, ...]
    heads: str
    parents: str
    changed: str | None
    undated: str | None
    dates: JdbcTable | None
    window_days: int
    reread_nights: int


HEADS = (
    Column("id", LONG, "order or refund"),
    Column("type", STRING, "shop_order, shop_order_refund or a plugin's"),
    Column("status", STRING, "as stored"),
    Column("created_at", TIMESTAMP, "when it was made, to the day"),
)
PARENTS = (Column("id", LONG, "refund, or copy for a seller"), Column("parent_id", LONG, "the order that it refunds, or is a copy of"))
CHANGED = (Column("id", LONG, "order or refund"),)
ITEM_KEYS = (Column("order_item_id", LONG, "item"), Column("order_id", LONG, "its order or refund"))
# Of every item its order, from the index on the order.
ITEM_KEYS_SQL = "SELECT `order_item_id`, `order_id` FROM `{p}woocommerce_order_items`"

HPOS = OrderStore(
    name="hpos",
    tables=orders.TABLES,
    heads="SELECT `id`, `type`, `status`, `date_created_gmt` AS `created_at` FROM `{p}wc_orders`",
    parents=(
        "SELECT `id`, `parent_order_id` AS `parent_id` FROM `{p}wc_orders` WHERE `type` = 'shop_order_refund' AND `parent_order_id` > 0"
        " UNION ALL SELECT o.`id`, o.`parent_order_id` FROM `{p}wc_orders` o"
        " JOIN (SELECT DISTINCT k.`order_id` FROM `{p}wc_orders_meta` k WHERE {has_sub_orders} AND NOT EXISTS (SELECT 1"
        " FROM `{p}wc_orders_meta` f WHERE f.`order_id` = k.`order_id` AND f.`meta_key` = k.`meta_key` AND f.`id` < k.`id`)) m"
        " ON m.`order_id` = o.`parent_order_id`"
        " LEFT JOIN `{p}wc_order_operational_data` d ON d.`order_id` = o.`id`"
        " WHERE o.`type` = 'shop_order' AND COALESCE(d.`created_via`, '') NOT IN ({deposits_via})"
    ),
    changed="SELECT `id` FROM `{p}wc_orders` WHERE `date_updated_gmt` >= '{since}' OR `date_updated_gmt` IS NULL",
    undated="SELECT `id` FROM `{p}wc_orders` WHERE `date_created_gmt` IS NULL OR `date_created_gmt` < '1000-01-01'",
    dates=orders.ORDER_DATES,
    window_days=30,
    reread_nights=28,
)

# Most edits leave an order's modified date as it was here, and no index holds it.
LEGACY = OrderStore(
    name="legacy",
    tables=(legacy_orders.ORDER_POSTS, legacy_orders.ORDER_POST_META, orders.ORDER_ITEMS, orders.ORDER_ITEM_META),
    heads=(
        "SELECT `ID` AS `id`, `post_type` AS `type`, `post_status` AS `status`, `post_date` AS `created_at` FROM `{p}posts`"
        " WHERE `post_type` IN ('shop_order', 'shop_order_refund')"
    ),
    parents=(
        "SELECT `ID` AS `id`, `post_parent` AS `parent_id` FROM `{p}posts` WHERE `post_type` = 'shop_order_refund'"
        " UNION ALL SELECT o.`ID`, o.`post_parent` FROM `{p}posts` o"
        " JOIN (SELECT DISTINCT k.`post_id` FROM `{p}postmeta` k WHERE {has_sub_orders} AND NOT EXISTS (SELECT 1"
        " FROM `{p}postmeta` f WHERE f.`post_id` = k.`post_id` AND f.`meta_key` = k.`meta_key` AND f.`meta_id` < k.`meta_id`)) m"
        " ON m.`post_id` = o.`post_parent`"
        " LEFT JOIN `{p}postmeta` d ON d.`post_id` = o.`ID` AND d.`meta_key` = '_created_via' AND d.`meta_value` IN ({deposits_via})"
        " WHERE o.`post_type` = 'shop_order' AND d.`post_id` IS NULL"
    ),
    changed=None,
    undated=None,
    dates=None,
    window_days=400,
    reread_nights=7,
)


def order_store(options: Mapping[str, str]) -> OrderStore:
    """The store that the shop's options name; tables that merely exist say nothing (WooCommerce makes HPOS tables empty)."""
    return HPOS if options.get(HPOS_OPTION) == "yes" else LEGACY


def parents(store: OrderStore, sub_order_keys: Collection[str]) -> str:
    """The SQL of `store.parents` where these keys say that the children of an order are copies of it.

    Of a key that stands twice the first row counts.
    """
    has_sub_orders = f"k.`meta_key` IN ({_texts(sub_order_keys)}) AND COALESCE(k.`meta_value`, '') NOT IN ({_texts(NO)})"
    return store.parents.replace("{has_sub_orders}", has_sub_orders).replace("{deposits_via}", _texts(DEPOSITS_VIA))


def _texts(values: Collection[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)


def is_synced(options: Mapping[str, str]) -> bool:
    """Whether WooCommerce keeps the other store in step. It may lag, so only the one that is the truth is read all the same."""
    return options.get(SYNC_OPTION) == "yes"

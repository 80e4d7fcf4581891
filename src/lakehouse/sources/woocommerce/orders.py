"""Orders, refunds and all that hangs on them, in WooCommerce's own order tables (HPOS). A refund is a row of the same table.

Legacy orders are brought to the same columns (bronze/legacy_orders.py): the mirror does not tell which store a shop has.
"""

from lakehouse.sources.source import ORDER, ORDER_ID, ORDER_ITEM_ID, JdbcTable, Pseudonym
from lakehouse.sources.woocommerce.special_orders import TEST_ORDER_VALUES
from lakehouse.table import LONG, MONEY, STRING, TIMESTAMP, Column

ORDERS = JdbcTable(
    name="orders",
    source_name="wc_orders",
    grain="one order or refund",
    key=("id",),
    columns=(
        Column("id", LONG, "order or refund id; shared with posts, so it has gaps"),
        Column("status", STRING, "with `wc-`, except trash and auto-draft"),
        Column("currency", STRING, "ISO 4217 code"),
        Column("type", STRING, "shop_order, shop_order_refund or a plugin's"),
        Column("tax_amount", MONEY, "tax on items and fees only"),
        Column("total_amount", MONEY, "total with tax and shipping; negative for refunds"),
        Column("customer_id", LONG, "user id; 0 for guests, null for refunds"),
        Column("billing_email", STRING, "as typed", personal="email"),
        Column("date_created_gmt", TIMESTAMP, "UTC; where it is missing, of the local date of the order's post"),
        Column("date_updated_gmt", TIMESTAMP, "UTC; misses edits of items"),
        Column("parent_order_id", LONG, "of a refund: its order"),
        Column("payment_method", STRING, "code of the method"),
    ),
    pseudonyms=(
        Pseudonym("email_pseudonym", "email", "billing_email"),
        Pseudonym("user_pseudonym", "user", "customer_id"),
        Pseudonym("order_pseudonym", "order", "id"),
    ),
    root=ORDER,
    order_column="id",
    may_be_empty=False,
)

ORDER_ADDRESSES = JdbcTable(
    name="order_addresses",
    source_name="wc_order_addresses",
    grain="the billing address of one order",
    key=("order_id",),
    columns=(
        Column("id", LONG, "id of the row; of legacy orders the order's"),
        Column("order_id", LONG, "the order"),
        Column("address_type", STRING, "billing"),
        Column("first_name", STRING, "as typed", personal="name"),
        Column("country", STRING, "ISO 3166-1 alpha-2"),
    ),
    where="`address_type` = 'billing'",
    root=ORDER_ID,
)

ORDER_OPERATIONAL_DATA = JdbcTable(
    name="order_operational_data",
    source_name="wc_order_operational_data",
    grain="one order's or refund's dates, shipping and discount",
    key=("order_id",),
    columns=(
        Column("id", LONG, "id of the row; of legacy orders the order's"),
        Column("order_id", LONG, "the order or refund"),
        Column("created_via", STRING, "checkout, store-api, rest-api, admin or a plugin"),
        Column("date_paid_gmt", TIMESTAMP, "UTC"),
        Column("date_completed_gmt", TIMESTAMP, "UTC"),
        Column("shipping_total_amount", MONEY, "without tax"),
        Column("shipping_tax_amount", MONEY, "tax on shipping"),
        Column("discount_total_amount", MONEY, "without tax"),
    ),
    root=ORDER_ID,
)

ORDER_META = JdbcTable(
    name="order_meta",
    source_name="wc_orders_meta",
    grain="one key of one order or refund",
    key=("id",),
    columns=(
        Column("id", LONG, "id of the row"),
        Column("order_id", LONG, "the order or refund"),
        Column("meta_key", STRING, "key"),
        Column("meta_value", STRING, "value as text"),
    ),
    meta_keys=("_refund_type", *TEST_ORDER_VALUES),
    root=ORDER_ID,
)

ORDER_ITEMS = JdbcTable(
    name="order_items",
    source_name="woocommerce_order_items",
    grain="one item (line, shipping, fee, tax or coupon) of one order or refund",
    key=("order_item_id",),
    columns=(
        Column("order_item_id", LONG, "item id"),
        Column("order_item_name", STRING, "name at the time of the order"),
        Column("order_item_type", STRING, "line_item, shipping, fee, tax or coupon"),
        Column("order_id", LONG, "the order or refund"),
    ),
    root=ORDER_ID,
    may_be_empty=False,
)

ORDER_ITEM_META = JdbcTable(
    name="order_item_meta",
    source_name="woocommerce_order_itemmeta",
    grain="one key of one order item",
    key=("meta_id",),
    columns=(
        Column("meta_id", LONG, "id of the row"),
        Column("order_item_id", LONG, "the item"),
        Column("meta_key", STRING, "key"),
        Column("meta_value", STRING, "value as text"),
    ),
    meta_keys=("_line_subtotal", "_line_tax", "_line_total", "_product_id", "_qty", "_refunded_item_id", "_variation_id"),
    root=ORDER_ITEM_ID,
)

# Not mirrored: an order that has no date of its own has that of its post, which may be a mere place holder.
ORDER_DATES = JdbcTable(
    name="order_dates",
    source_name="posts",
    grain="local date of an order's post",
    key=("id",),
    columns=(Column("id", LONG, "order or refund"), Column("post_date", TIMESTAMP, "the shop's wall clock")),
    where="`post_type` IN ('shop_order', 'shop_order_refund', 'shop_order_placehold')",
    # Readers of lakes that are older have no right to the date.
    optional=True,
    looked_at=("post_type",),
)

TABLES = (ORDERS, ORDER_ADDRESSES, ORDER_OPERATIONAL_DATA, ORDER_META, ORDER_ITEMS, ORDER_ITEM_META)

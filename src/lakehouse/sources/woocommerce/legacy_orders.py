"""Orders and refunds as WordPress posts with text keys beside them: WooCommerce's store before its own order tables.

Both tables are only staged; bronze/legacy_orders.py brings them to the columns of the order tables, and those are mirrored.
"""

from lakehouse.sources.source import ORDER, ORDER_ID, JdbcTable
from lakehouse.sources.woocommerce.special_orders import TEST_ORDER_VALUES
from lakehouse.table import LONG, STRING, TIMESTAMP, Column

ORDER_POSTS = JdbcTable(
    name="order_posts",
    source_name="posts",
    grain="one order or refund",
    key=("id",),
    columns=(
        Column("id", LONG, "order or refund id; shared with all other posts"),
        Column("post_type", STRING, "shop_order or shop_order_refund"),
        Column("post_status", STRING, "with `wc-`, except trash and auto-draft"),
        Column("post_parent", LONG, "of a refund: its order"),
        Column("post_date", TIMESTAMP, "the shop's wall clock"),
        Column("post_date_gmt", TIMESTAMP, "UTC; null for drafts"),
        Column("post_modified_gmt", TIMESTAMP, "UTC; most edits leave it as it was"),
    ),
    where="`post_type` IN ('shop_order', 'shop_order_refund')",
    root=ORDER,
    order_column="id",
)

ORDER_POST_META = JdbcTable(
    name="order_post_meta",
    source_name="postmeta",
    grain="one key of one order or refund",
    key=("meta_id",),
    columns=(
        Column("meta_id", LONG, "id of the row"),
        Column("post_id", LONG, "the order or refund"),
        Column("meta_key", STRING, "key"),
        Column("meta_value", STRING, "value as text"),
    ),
    meta_keys=(
        "_billing_country",
        "_billing_email",
        "_billing_first_name",
        "_cart_discount",
        "_completed_date",
        "_created_via",
        "_customer_user",
        "_date_completed",
        "_date_paid",
        "_order_currency",
        "_order_shipping",
        "_order_shipping_tax",
        "_order_tax",
        "_order_total",
        "_paid_date",
        "_payment_method",
        "_refund_type",
        *TEST_ORDER_VALUES,
    ),
    root=ORDER_ID,
    order_column="post_id",
)

TABLES = (ORDER_POSTS, ORDER_POST_META)

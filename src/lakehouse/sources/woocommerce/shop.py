"""The shop's own settings that decide how its data is read."""

from lakehouse.sources.source import JdbcTable
from lakehouse.table import STRING, Column

OPTIONS = JdbcTable(
    name="options",
    source_name="options",
    grain="one setting of the shop",
    key=("option_name",),
    columns=(
        Column("option_name", STRING, "name of the setting"),
        Column("option_value", STRING, "value as text"),
    ),
    meta_keys=(
        "home",
        "siteurl",
        "upload_path",
        "upload_url_path",
        "woocommerce_currency",
        "woocommerce_custom_orders_table_data_sync_enabled",
        "woocommerce_custom_orders_table_enabled",
        "woocommerce_manage_stock",
        "woocommerce_price_decimal_sep",
        "woocommerce_prices_include_tax",
        "woocommerce_version",
    ),
    may_be_empty=False,
)

TABLES = (OPTIONS,)

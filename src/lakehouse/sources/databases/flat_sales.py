"""One flat table of sales, as reports and till systems leave it: a row a line, the invoice, the customer and the article repeated in it."""

from pyspark.sql.types import DecimalType

from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, QUANTITY, STRING, TIMESTAMP, Column

# So wide that a quantity times it has 38 digits: Spark would give up decimals of more.
PRICE = DecimalType(19, 8)

SALES = JdbcTable(
    name="sales",
    source_name="sales",
    grain="one line of one invoice",
    key=("sale_id",),
    columns=(
        Column("sale_id", LONG, "id of the row"),
        Column("invoice_no", STRING, "the invoice"),
        Column("invoiced_at", TIMESTAMP, "when, in the time zone of the settings if the column has none"),
        Column("customer_no", STRING, "the customer; null if nobody asked"),
        Column("country_code", STRING, "ISO 3166-1 alpha-2"),
        Column("article_no", STRING, "the article"),
        Column("article_name", STRING, "name when it was sold"),
        Column("quantity", QUANTITY, "pieces; below zero what came back"),
        Column("unit_price", PRICE, "price of a piece, without tax"),
    ),
)

FLAT_SALES = DatabaseKind(
    name="flat_sales",
    description="one flat table of sales",
    tables=(SALES,),
    # An invoice of what came back is `returned`. It is no sale, and takes nothing off one: the table does not say which.
    counts_as_sale=("invoiced",),
    rows={
        "customers": """
            SELECT customer_no AS customer_id, max_by(country_code, sale_id) AS country, min(invoiced_at) AS created_at
            FROM {sales} WHERE customer_no <> '' GROUP BY customer_no
        """,
        # What was sold last says what it is called and costs. Whether it can still be had, the table does not say.
        "products": """
            SELECT article_no AS product_id, article_no AS sku, max_by(article_name, sale_id) AS product_name,
                max_by(unit_price, sale_id) AS price_amount, {currency} AS currency_code, {price_includes_tax} AS price_includes_tax,
                true AS is_active, min(invoiced_at) AS created_at, max(invoiced_at) AS updated_at
            FROM {sales} WHERE article_no <> '' AND quantity > 0 GROUP BY article_no
        """,
        "orders": """
            SELECT invoice_no AS order_id, nullif(max(customer_no), '') AS customer_id,
                CASE WHEN sum(quantity * unit_price) < 0 THEN 'returned' ELSE 'invoiced' END AS status, {currency} AS currency_code,
                min(invoiced_at) AS created_at, max(invoiced_at) AS updated_at, max(country_code) AS country,
                sum(CAST(quantity * unit_price AS DECIMAL(26,8))) AS total_amount, 0 AS tax_amount
            FROM {sales} GROUP BY invoice_no
        """,
        "order_lines": """
            SELECT invoice_no AS order_id, sale_id AS line_id, nullif(article_no, '') AS product_id, article_name AS product_name, quantity,
                {currency} AS currency_code, quantity * unit_price AS subtotal_amount, quantity * unit_price AS net_amount, 0 AS tax_amount
            FROM {sales}
        """,
    },
)

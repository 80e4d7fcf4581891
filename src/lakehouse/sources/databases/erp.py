"""An ERP on PostgreSQL: uuid keys, `numeric` without scale, `timestamptz`, stock in a schema of its own, arrays that nobody reads."""

from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.source import JdbcTable
from lakehouse.table import BOOLEAN, INTEGER, MONEY, QUANTITY, STRING, TIMESTAMP, Column

CUSTOMERS = JdbcTable(
    name="erp_customers",
    source_name="customers",
    grain="one customer",
    key=("customer_id",),
    columns=(
        Column("customer_id", STRING, "uuid"),
        Column("email", STRING, "address", personal="email"),
        Column("first_name", STRING, "first name", personal="name"),
        Column("country_code", STRING, "ISO 3166-1 alpha-2"),
        Column("created_at", TIMESTAMP, "timestamptz"),
    ),
)

PRODUCTS = JdbcTable(
    name="erp_products",
    source_name="products",
    grain="one article",
    key=("product_id",),
    columns=(
        Column("product_id", STRING, "uuid"),
        Column("sku", STRING, "article number"),
        Column("ean", STRING, "EAN"),
        Column("name", STRING, "name"),
        Column("brand", STRING, "brand"),
        Column("category", STRING, "name of its group"),
        Column("list_price", MONEY, "numeric without scale"),
        Column("currency", STRING, "ISO 4217"),
        Column("is_active", BOOLEAN, "whether it is sold"),
        Column("created_at", TIMESTAMP, "timestamptz"),
        Column("updated_at", TIMESTAMP, "timestamptz"),
    ),
)

STOCK_LEVELS = JdbcTable(
    name="erp_stock_levels",
    source_name="inventory.stock_levels",
    grain="one article in one warehouse",
    key=("product_id", "warehouse_code"),
    columns=(
        Column("product_id", STRING, "uuid"),
        Column("warehouse_code", STRING, "the warehouse"),
        Column("quantity", QUANTITY, "numeric without scale"),
    ),
)

ORDERS = JdbcTable(
    name="erp_orders",
    source_name="sales_orders",
    grain="one order",
    key=("order_id",),
    columns=(
        Column("order_id", STRING, "uuid"),
        Column("customer_id", STRING, "uuid of the customer"),
        Column("status", STRING, "an enum"),
        Column("currency", STRING, "ISO 4217"),
        Column("ordered_at", TIMESTAMP, "timestamptz"),
        Column("updated_at", TIMESTAMP, "timestamptz"),
        Column("paid_at", TIMESTAMP, "timestamptz"),
        Column("ship_country", STRING, "ISO 3166-1 alpha-2"),
        Column("total_amount", MONEY, "with tax"),
        Column("tax_amount", MONEY, "all tax"),
        Column("shipping_amount", MONEY, "without tax"),
        Column("discount_amount", MONEY, "without tax"),
    ),
)

ORDER_LINES = JdbcTable(
    name="erp_order_lines",
    source_name="sales_order_lines",
    grain="one line",
    key=("order_id", "line_no"),
    columns=(
        Column("order_id", STRING, "uuid of the order"),
        Column("line_no", INTEGER, "number of the line in its order"),
        Column("product_id", STRING, "uuid of the article"),
        Column("description", STRING, "name when it was sold"),
        Column("quantity", QUANTITY, "numeric without scale"),
        Column("gross_amount", MONEY, "whole line before discount, without tax"),
        Column("net_amount", MONEY, "whole line after discount, without tax"),
        Column("tax_amount", MONEY, "tax of the line"),
    ),
)

ERP = DatabaseKind(
    name="erp",
    description="an ERP with orders, lines, customers, products and stock by warehouse",
    tables=(CUSTOMERS, PRODUCTS, STOCK_LEVELS, ORDERS, ORDER_LINES),
    counts_as_sale=("confirmed", "shipped", "invoiced"),
    rows={
        "customers": "SELECT customer_id, email, first_name, country_code AS country, created_at FROM {erp_customers}",
        "products": """
            SELECT p.product_id, p.name AS product_name, p.sku, p.ean AS gtin, p.brand AS brand_name, p.category AS category_name,
                p.list_price AS price_amount, p.currency AS currency_code, {price_includes_tax} AS price_includes_tax,
                s.stock_quantity, p.is_active, p.created_at, p.updated_at
            FROM {erp_products} p
            LEFT JOIN (SELECT product_id, sum(quantity) AS stock_quantity FROM {erp_stock_levels} GROUP BY product_id) s
                ON p.product_id = s.product_id
        """,
        "orders": """
            SELECT order_id, customer_id, status, currency AS currency_code, ordered_at AS created_at, updated_at, paid_at,
                ship_country AS country, total_amount, tax_amount, shipping_amount, discount_amount
            FROM {erp_orders}
        """,
        "order_lines": """
            SELECT l.order_id, CAST(l.line_no AS BIGINT) AS line_id, l.product_id, l.description AS product_name, l.quantity,
                o.currency AS currency_code, l.gross_amount AS subtotal_amount, l.net_amount, l.tax_amount
            FROM {erp_order_lines} l JOIN {erp_orders} o ON l.order_id = o.order_id
        """,
    },
)

"""A B2B portal on MySQL: companies order articles, which are named by their numbers in whatever case somebody typed."""

from lakehouse.sources.databases.kind import DatabaseKind
from lakehouse.sources.source import JdbcTable
from lakehouse.table import LONG, MONEY, QUANTITY, STRING, TIMESTAMP, Column

COMPANIES = JdbcTable(
    name="portal_companies",
    source_name="companies",
    grain="one company",
    key=("company_id",),
    columns=(
        Column("company_id", LONG, "id"),
        Column("contact_email", STRING, "address of who buys for it", personal="email"),
        Column("contact_first_name", STRING, "first name of who buys for it", personal="name"),
        Column("country", STRING, "ISO 3166-1 alpha-2"),
        Column("created_at", TIMESTAMP, "datetime in the time zone of the settings"),
    ),
)

ARTICLES = JdbcTable(
    name="portal_articles",
    source_name="articles",
    grain="one article",
    key=("article_no",),
    columns=(
        Column("article_no", STRING, "article number; the database does not tell ab-1 from AB-1"),
        Column("ean", STRING, "EAN"),
        Column("title", STRING, "name"),
        Column("category", STRING, "name of its group"),
        Column("price", MONEY, "for everybody, without tax"),
        Column("currency", STRING, "ISO 4217"),
        Column("stock", LONG, "pieces; null where it is not counted"),
        Column("is_listed", LONG, "1 if it can be ordered"),
        Column("created_at", TIMESTAMP, "datetime"),
        Column("updated_at", TIMESTAMP, "datetime"),
    ),
)

ORDERS = JdbcTable(
    name="portal_orders",
    source_name="purchase_orders",
    grain="one order of a company",
    key=("po_id",),
    columns=(
        Column("po_id", LONG, "id"),
        Column("company_id", LONG, "who ordered"),
        Column("state", STRING, "an enum"),
        Column("currency", STRING, "ISO 4217"),
        Column("placed_at", TIMESTAMP, "datetime"),
        Column("updated_at", TIMESTAMP, "datetime"),
        Column("paid_at", TIMESTAMP, "datetime"),
        Column("net_amount", MONEY, "without tax, with shipping"),
        Column("tax_amount", MONEY, "all tax"),
        Column("shipping_amount", MONEY, "without tax"),
    ),
)

ITEMS = JdbcTable(
    name="portal_items",
    source_name="purchase_order_items",
    grain="one line",
    key=("item_id",),
    columns=(
        Column("item_id", LONG, "id"),
        Column("po_id", LONG, "the order"),
        Column("article_no", STRING, "article number as typed"),
        Column("title", STRING, "name when it was sold"),
        Column("quantity", QUANTITY, "pieces"),
        Column("net_amount", MONEY, "whole line, without tax"),
        Column("tax_amount", MONEY, "tax of the line"),
    ),
)

PORTAL = DatabaseKind(
    name="portal",
    description="a B2B portal with companies, articles, orders and lines",
    # Lines before orders: without one snapshot, a line whose order is newer waits for the next night.
    tables=(ITEMS, ORDERS, COMPANIES, ARTICLES),
    counts_as_sale=("approved", "shipped", "invoiced"),
    rows={
        "customers": """
            SELECT company_id AS customer_id, contact_email AS email, contact_first_name AS first_name, country, created_at
            FROM {portal_companies}
        """,
        "products": """
            SELECT upper(trim(article_no)) AS product_id, article_no AS sku, ean AS gtin, title AS product_name, category AS category_name,
                price AS price_amount, currency AS currency_code, false AS price_includes_tax, stock AS stock_quantity,
                is_listed = 1 AS is_active, created_at, updated_at
            FROM {portal_articles}
        """,
        "orders": """
            SELECT o.po_id AS order_id, o.company_id AS customer_id, o.state AS status, o.currency AS currency_code,
                o.placed_at AS created_at, o.updated_at, o.paid_at, c.country, o.net_amount + o.tax_amount AS total_amount, o.tax_amount,
                o.shipping_amount
            FROM {portal_orders} o LEFT JOIN {portal_companies} c ON o.company_id = c.company_id
        """,
        "order_lines": """
            SELECT i.po_id AS order_id, i.item_id AS line_id, upper(trim(i.article_no)) AS product_id, i.title AS product_name, i.quantity,
                o.currency AS currency_code, i.net_amount AS subtotal_amount, i.net_amount, i.tax_amount
            FROM {portal_items} i JOIN {portal_orders} o ON i.po_id = o.po_id
        """,
    },
)

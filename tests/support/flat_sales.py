"""A flat table of sales on PostgreSQL: three invoices of five lines, one of them of what came back, one of nobody."""

from lakehouse.io.config.database_settings import DatabaseSettings
from tests.support.postgres import PostgresServer

# The variable that the settings name.
SALES_PASSWORD = "SALES_PASSWORD"
SCHEMA = """CREATE TABLE sales (sale_id bigint PRIMARY KEY, invoice_no text, invoiced_at timestamp, customer_no text, country_code text,
    article_no text, article_name text, quantity integer, unit_price numeric(12,4), cashier_notes text[])"""
ROWS = """INSERT INTO sales VALUES
    (1, '5001', '2025-03-30 01:30:00', 'C-1', 'GB', '22423', 'CAKE STAND', 2, 12.7500, NULL),
    (2, '5001', '2025-03-30 01:30:00', 'C-1', 'GB', 'POST', 'POSTAGE', 1, 18.0000, NULL),
    (3, '5002', '2025-07-01 10:00:00', NULL, 'GB', '22423', 'CAKE STAND 3 TIER', 1, 14.9500, NULL),
    (4, '5002', '2025-07-01 10:00:00', NULL, 'GB', '85048', '15CM LIGHTS', 12, 6.9500, NULL),
    (5, 'C5003', '2025-07-02 09:00:00', 'C-1', 'GB', '22423', 'CAKE STAND', -1, 12.7500, NULL)"""


def sales_of(server: PostgresServer, database: str) -> DatabaseSettings:
    """Its settings, for the reader."""
    return DatabaseSettings(kind="flat_sales", url=server.url(database), user="reader", password=f"env:{SALES_PASSWORD}")


def make_sales(server: PostgresServer, database: str) -> None:
    """The database anew; its reader may read it."""
    server.new_database(database)
    server.run(database, SCHEMA, ROWS, "GRANT SELECT ON sales TO reader")


def make_many_sales(server: PostgresServer, database: str, lines: int) -> None:
    """So many lines, twenty an invoice, of 4,000 articles and 10,000 customers. Made by the database itself, alike every time."""
    server.new_database(database)
    server.run(
        database,
        SCHEMA,
        f"""INSERT INTO sales SELECT n, (500000 + n / 20)::text, timestamp '2024-01-01' + (n / 20) * interval '1 minute',
            'C-' || ((n / 20) * 7919 % 10000), 'GB', 'A-' || (n * 104729 % 4000), 'Article ' || (n * 104729 % 4000),
            1 + n % 5, round(1 + (n * 31 % 4000) / 100.0, 2), NULL FROM generate_series(1::bigint, {lines}) n""",
        "GRANT SELECT ON sales TO reader",
    )

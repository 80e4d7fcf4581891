"""A small ERP on PostgreSQL whose truth is known by heart: two customers, three articles, four orders."""

from tests.support.postgres import PostgresServer

ANNA, BEN = "0b8a3c6e-0000-4000-8000-00000000000a", "0b8a3c6e-0000-4000-8000-00000000000b"
CHAIR, TABLE, LAMP = (f"11111111-0000-4000-8000-00000000000{digit}" for digit in "123")
FIRST, SECOND, THIRD, FOURTH = (f"22222222-0000-4000-8000-00000000000{digit}" for digit in "1234")

SCHEMA = (
    "CREATE SCHEMA inventory",
    "CREATE TYPE order_status AS ENUM ('draft', 'confirmed', 'shipped', 'invoiced', 'cancelled')",
    """CREATE TABLE customers (customer_id uuid PRIMARY KEY, email text, first_name text, country_code char(2),
        created_at timestamptz NOT NULL, tags text[] NOT NULL DEFAULT '{wholesale}', notes text)""",
    """CREATE TABLE products (product_id uuid PRIMARY KEY, sku text, ean text, name text, brand text, category text, list_price numeric,
        currency char(3), is_active boolean, created_at timestamptz, updated_at timestamptz, images text[])""",
    """CREATE TABLE inventory.stock_levels (product_id uuid, warehouse_code varchar(10), quantity numeric,
        PRIMARY KEY (product_id, warehouse_code))""",
    """CREATE TABLE sales_orders (order_id uuid PRIMARY KEY, order_no bigserial, customer_id uuid, status order_status, currency char(3),
        ordered_at timestamptz, updated_at timestamptz, paid_at timestamptz, ship_country char(2), total_amount numeric,
        tax_amount numeric, shipping_amount numeric, discount_amount numeric)""",
    """CREATE TABLE sales_order_lines (order_id uuid, line_no int, product_id uuid, description text, quantity numeric,
        gross_amount numeric, net_amount numeric, tax_amount numeric, serial_numbers text[], PRIMARY KEY (order_id, line_no))""",
)
ROWS = (
    f"""INSERT INTO customers VALUES ('{ANNA}', 'Anna@Shop.Example ', 'Anna', 'NL', '2024-01-31 23:30:00+01'),
        ('{BEN}', NULL, NULL, 'DE', '2024-06-01 12:00:00+02')""",
    f"""INSERT INTO products VALUES
        ('{CHAIR}', 'CH-1', '8712345678906', 'Chair', 'Oak & Co', 'Furniture', 49.95, 'EUR', true, now(), now(), '{{a.jpg,b.jpg}}'),
        ('{TABLE}', 'TA-1', NULL, 'Table', NULL, 'Furniture', 249.123456789, 'EUR', true, now(), now(), NULL),
        ('{LAMP}', 'LA-1', NULL, 'Lamp', NULL, 'Red wine', 19.90, 'EUR', false, now(), now(), NULL)""",
    f"""INSERT INTO inventory.stock_levels VALUES ('{CHAIR}', 'AMS', 3), ('{CHAIR}', 'BER', 4.5), ('{TABLE}', 'AMS', 0)""",
    # 02:30 on the night when clocks go back, in the second of its two hours: only the zone beside the time says which.
    f"""INSERT INTO sales_orders VALUES
        ('{FIRST}', 1, '{ANNA}', 'invoiced', 'EUR', '2025-10-26 02:30:00+01', now(), '2025-10-27 09:00:00+01', 'NL', 120.88, 20.98, 0, 0),
        ('{SECOND}', 2, '{ANNA}', 'cancelled', 'EUR', '2025-11-01 10:00:00+01', now(), NULL, 'NL', 49.95, 8.67, 0, 0),
        ('{THIRD}', 3, '{BEN}', 'confirmed', 'EUR', '2025-11-02 23:30:00+00', now(), NULL, 'DE', 301.44, 52.32, 10, 5.5),
        ('{FOURTH}', 4, NULL, 'shipped', 'EUR', '2025-11-03 10:00:00+01', 'infinity', NULL, NULL, 'NaN', 1, 0, 0)""",
    f"""INSERT INTO sales_order_lines VALUES
        ('{FIRST}', 1, '{CHAIR}', 'Chair', 2, 99.90, 99.90, 20.98, '{{s1,s2}}'),
        ('{SECOND}', 1, '{CHAIR}', 'Chair', 1, 41.28, 41.28, 8.67, NULL),
        ('{THIRD}', 1, '{TABLE}', 'Table', 1, 249.123456789, 243.623456789, 51.16, NULL),
        ('{THIRD}', 2, NULL, 'Delivery to the third floor', 0.5, 5.50, 5.50, 1.16, NULL)""",
)


def make_erp(server: PostgresServer, database: str) -> None:
    """The database anew, without rights for anybody."""
    server.new_database(database)
    server.run(database, *SCHEMA, *ROWS)

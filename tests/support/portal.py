"""A small B2B portal on MariaDB: two companies, two articles, two orders; article numbers are typed in any case."""

from lakehouse.demo.store.server import Server

PASSWORD = "not a secret, a test's"
STATEMENTS = (
    """CREATE TABLE companies (company_id INT UNSIGNED PRIMARY KEY, company_name VARCHAR(100), contact_email VARCHAR(190),
        contact_first_name VARCHAR(50), country CHAR(2), created_at DATETIME)""",
    """CREATE TABLE articles (article_no VARCHAR(40) PRIMARY KEY, ean VARCHAR(14), title VARCHAR(200), category VARCHAR(100),
        price DECIMAL(10,2), currency CHAR(3), stock INT, is_listed TINYINT(1), created_at DATETIME, updated_at DATETIME)""",
    """CREATE TABLE purchase_orders (po_id INT UNSIGNED PRIMARY KEY, company_id INT UNSIGNED, state ENUM('draft', 'approved', 'shipped'),
        currency CHAR(3), placed_at DATETIME, updated_at DATETIME, paid_at DATETIME, net_amount DECIMAL(12,4), tax_amount DECIMAL(12,4),
        shipping_amount DECIMAL(12,4))""",
    """CREATE TABLE purchase_order_items (item_id BIGINT PRIMARY KEY, po_id INT UNSIGNED, article_no VARCHAR(40), title VARCHAR(200),
        quantity DECIMAL(12,3), net_amount DECIMAL(12,4), tax_amount DECIMAL(12,4))""",
    """INSERT INTO companies VALUES (1, 'Anna AG', 'anna@shop.example', 'Anna', 'DE', '2025-01-01 00:30:00'),
        (2, 'B', NULL, NULL, 'AT', NULL)""",
    """INSERT INTO articles VALUES ('AB-1', '4006381333931', 'Pen', 'Office', 1.20, 'EUR', 500, 1, NOW(), NOW()),
        ('cd-2', NULL, 'Paper', 'Office', 4.5, 'EUR', NULL, 0, NOW(), NOW())""",
    """INSERT INTO purchase_orders VALUES (10, 1, 'shipped', 'EUR', '2025-07-01 00:15:00', NOW(), '2025-07-03 12:00:00', 109, 20.71, 4),
        (11, 2, 'draft', 'EUR', '2025-12-01 00:15:00', NOW(), NULL, 4.5, 0, 0)""",
    """INSERT INTO purchase_order_items VALUES (1, 10, 'ab-1', 'Pen', 50, 60, 11.4), (2, 10, 'CD-2 ', 'Paper', 10, 45, 8.55),
        (3, 11, 'cd-2', 'Paper', 1, 4.5, 0), (4, 99, 'AB-1', 'Of an order that is gone', 1, 1, 0)""",
)


def make_portal(server: Server, database: str) -> None:
    """The database anew, and a user `portal_reader` without rights."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE DATABASE {database}")
        cursor.execute("CREATE OR REPLACE USER portal_reader@'%%' IDENTIFIED BY %s", (PASSWORD,))
        cursor.execute(f"USE {database}")
        for statement in STATEMENTS:
            cursor.execute(statement)

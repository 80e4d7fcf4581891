"""What every database of another kind is brought to when it is landed, so that bronze has one shape and silver knows no kind."""

from functools import partial

from lakehouse.sources.source import ORDER, ORDER_ID, JdbcTable, Pseudonym
from lakehouse.table import BOOLEAN, LONG, MONEY, QUANTITY, STRING, TIMESTAMP, Column

# A column of ids → what it is an id of: the entity in `bronze.database_keys`.
ID_COLUMNS = {"order_id": "order", "customer_id": "customer", "product_id": "product", "line_id": "order_line"}
_entity = partial(JdbcTable, source_name="", lake_prefix="database_")
_customer_id = Column("customer_id", LONG, "the customer; null if the source names none")
_email = Column("email", STRING, "e-mail address as typed", personal="email")
_country = Column("country", STRING, "ISO 3166-1 alpha-2")
_created, _updated = Column("created_at", TIMESTAMP, "UTC"), Column("updated_at", TIMESTAMP, "last change there, UTC")
_email_pseudonym, _user_pseudonym = Pseudonym("email_pseudonym", "email", "email"), Pseudonym("user_pseudonym", "user", "customer_id")

CUSTOMERS = _entity(
    name="customers",
    grain="one customer of one database",
    key=("customer_id",),
    columns=(
        Column("customer_id", LONG, "the customer"),
        _email,
        Column("first_name", STRING, "first name", personal="name"),
        _country,
        _created,
    ),
    pseudonyms=(_email_pseudonym, _user_pseudonym),
)

PRODUCTS = _entity(
    name="products",
    grain="one product of one database",
    key=("product_id",),
    columns=(
        Column("product_id", LONG, "the product"),
        Column("product_name", STRING, "name as it is now"),
        Column("sku", STRING, "article number"),
        Column("gtin", STRING, "EAN or other GTIN"),
        Column("brand_name", STRING, "brand"),
        Column("category_name", STRING, "name of its category"),
        Column("price_amount", MONEY, "price now"),
        Column("currency_code", STRING, "ISO 4217, of the price"),
        Column("price_includes_tax", BOOLEAN, "whether the price includes tax"),
        Column("stock_quantity", QUANTITY, "in all warehouses; null where stock is not counted"),
        Column("is_active", BOOLEAN, "whether it is sold"),
        _created,
        _updated,
    ),
)

ORDERS = _entity(
    name="orders",
    grain="one order of one database",
    key=("order_id",),
    columns=(
        Column("order_id", LONG, "the order"),
        _customer_id,
        Column("email", STRING, "address that the order itself names, as typed", personal="email"),
        Column("status", STRING, "as the source says"),
        Column("currency_code", STRING, "ISO 4217, of all amounts of the order"),
        _created,
        _updated,
        Column("paid_at", TIMESTAMP, "UTC"),
        _country,
        Column("total_amount", MONEY, "with tax and shipping, after discount"),
        Column("tax_amount", MONEY, "all tax"),
        Column("shipping_amount", MONEY, "without tax"),
        Column("discount_amount", MONEY, "without tax"),
    ),
    pseudonyms=(_email_pseudonym, _user_pseudonym, Pseudonym("order_pseudonym", "order", "order_id")),
    root=ORDER,
)

ORDER_LINES = _entity(
    name="order_lines",
    grain="one line of one order of one database",
    key=("order_id", "line_id"),
    columns=(
        Column("order_id", LONG, "the order"),
        Column("line_id", LONG, "number or id of the line, unique in its order"),
        Column("product_id", LONG, "the product; null if the source names none"),
        Column("product_name", STRING, "name when it was sold"),
        Column("quantity", QUANTITY, "pieces, or weight"),
        Column("currency_code", STRING, "ISO 4217, the order's"),
        Column("subtotal_amount", MONEY, "whole line before discount, without tax"),
        Column("net_amount", MONEY, "whole line after discount, without tax"),
        Column("tax_amount", MONEY, "tax of the line"),
    ),
    root=ORDER_ID,
)

# In the order in which they are landed: a kill in between leaves no line without its order.
ENTITIES: tuple[JdbcTable, ...] = (CUSTOMERS, PRODUCTS, ORDERS, ORDER_LINES)

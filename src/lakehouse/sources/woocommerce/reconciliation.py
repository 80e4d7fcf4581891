"""SQL that counts and adds up in the shop's database what the lake must hold: another way to the figures than reading the rows.

`{p}` is the shop's prefix. `t` are the rows that are counted, `i` the items, `o` the orders (id) of the store that is the
truth. Rows that hang on no order, and those of orders that were held back, are not counted: the lake does not have them either.
"""

from collections.abc import Collection, Iterable

from lakehouse.sources.source import ORDER_ID, ORDER_ITEM_ID, JdbcTable, Within
from lakehouse.sources.woocommerce.orders import ORDER_ITEM_META, ORDER_ITEMS, ORDERS
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES
from lakehouse.sources.woocommerce.stores import DECIMAL_SIGN_OPTION, HPOS, OrderStore
from lakehouse.table import LONG

# A key may stand twice for a post: the first counts.
FIRST_VALUE = "(SELECT `meta_value` FROM `{p}postmeta` WHERE `post_id` = `ID` AND `meta_key` = 'KEY' ORDER BY `meta_id` LIMIT 1)"
# An empty sign replaces nothing, and so does a missing one.
DECIMAL_SIGN = f"COALESCE((SELECT `option_value` FROM `{{p}}options` WHERE `option_name` = '{DECIMAL_SIGN_OPTION}'), '.')"
# The shop's own sign is a point too, and of several points the last one stands before decimals (`wc_format_decimal`).
POINTED, DECIMALS = "REPLACE(`text`, `sign`, '.')", "SUBSTRING_INDEX(REPLACE(`text`, `sign`, '.'), '.', -1)"
WHOLE = f"REPLACE(LEFT({POINTED}, CHAR_LENGTH({POINTED}) - CHAR_LENGTH({DECIMALS}) - 1), '.', '')"
AMOUNT = f"CASE WHEN LOCATE('.', {POINTED}) > 0 THEN CONCAT({WHOLE}, '.', {DECIMALS}) ELSE {POINTED} END"
# Of each order the currency, when it was made (UTC, and for drafts, that have no such date, the shop's wall clock), and the total.
AMOUNTS = {
    "hpos": "`currency` AS `currency`, `date_created_gmt` AS `created`, '' AS `local`, `total_amount` AS `total`",
    "legacy": (
        f"{FIRST_VALUE.replace('KEY', '_order_currency')} AS `currency`, `post_date_gmt` AS `created`,"
        " CASE WHEN `post_date_gmt` < '1000-01-01' THEN CAST(`post_date` AS CHAR) ELSE '' END AS `local`,"
        f" {FIRST_VALUE.replace('KEY', '_order_total')} AS `text`, {DECIMAL_SIGN} AS `sign`"
    ),
}


# Of an order without a date the wall clock of its post.
LOCAL_OF_POST = (
    "CASE WHEN `date_created_gmt` IS NULL OR `date_created_gmt` < '1000-01-01' THEN COALESCE((SELECT CAST(`post_date` AS CHAR)"
    " FROM `{p}posts` WHERE `{p}posts`.`ID` = `{p}wc_orders`.`id` AND {where}), '') ELSE '' END AS `local`"
)


def compared_tables(store: OrderStore, others: Iterable[JdbcTable]) -> tuple[JdbcTable, ...]:
    """What can be counted on both sides: `others` (not of orders), and of orders what the source has as rows of its own."""
    return (*others, *(ORDER_TABLES if store is HPOS else (ORDERS, ORDER_ITEMS, ORDER_ITEM_META)))


def asked_table(table: JdbcTable, store: OrderStore) -> JdbcTable:
    """The source table that holds the rows of a mirror."""
    return store.tables[0] if table is ORDERS else table


def is_of_read_orders(table: JdbcTable) -> bool:
    """Whether it is compared within the orders that were read only: too large to be counted every night."""
    return table.root in (ORDER_ID, ORDER_ITEM_ID) and table is not ORDER_ITEMS


def counts(
    table: JdbcTable,
    store: OrderStore,
    part: str = "",
    within: Within | None = None,
    extra_keys: tuple[str, ...] = (),
    held: Collection[int] = (),
) -> str:
    """One row: how many, and least and greatest of the key's last column (null where that is text).

    `part` is a condition on the table's own columns, `within` one on the orders (or refunds) of the rows, `held` are orders and refunds.
    """
    asked = asked_table(table, store)
    key = _number(asked.key[-1], asked)
    rows = f"SELECT {', '.join(f'`{name}`' for name in asked.column_names)} FROM `{{p}}{asked.source_name}`"
    sql = f"SELECT COUNT(*), MIN({key}), MAX({key}) FROM ({rows}{_where(asked.where, asked.of_keys(extra_keys), part)}) t"
    if asked.root is None:
        return sql
    order = f"t.`{asked.order_column}`"
    if asked.root == ORDER_ITEM_ID:
        sql, order = f"{sql} JOIN `{{p}}woocommerce_order_items` i ON i.`order_item_id` = t.`order_item_id`", "i.`order_id`"
    return f"{sql} JOIN ({_orders(store)}) o ON o.`id` = {order}{_where(within(order) if within else '', _not_held('o.`id`', held))}"


def totals(store: OrderStore, part: str = "", held: Collection[int] = (), dates: JdbcTable | None = None) -> str:
    """(currency, UTC day, wall clock where the day is not known, sum of totals) of all orders and refunds. `dates` has that wall clock."""
    heads = store.tables[0]
    amounts = AMOUNTS[store.name].replace("'' AS `local`", LOCAL_OF_POST.replace("{where}", dates.where) if dates else "'' AS `local`")
    rows = f"SELECT {amounts} FROM `{{p}}{heads.source_name}`{_where(heads.where, part, _not_held('`id`', held))}"
    if store is not HPOS:
        rows = f"SELECT `currency`, `created`, `local`, CAST({AMOUNT} AS DECIMAL(26, 8)) AS `total` FROM ({rows}) texts"
    groups = "UPPER(TRIM(`currency`)), LEFT(CAST(`created` AS CHAR), 10), `local`"
    return f"SELECT {groups}, COALESCE(SUM(`total`), 0) FROM ({rows}) t GROUP BY {groups}"


def _number(column: str, table: JdbcTable) -> str:
    types = {c.name: c.type for c in table.columns}
    return f"t.`{column}`" if types[column] == LONG else "NULL"


def _orders(store: OrderStore) -> str:
    heads = store.tables[0]
    return f"SELECT `id` FROM `{{p}}{heads.source_name}`{_where(heads.where)}"


def _not_held(order: str, held: Collection[int]) -> str:
    return f"{order} NOT IN ({', '.join(map(str, sorted(held)))})" if held else ""


def _where(*conditions: str) -> str:
    filled = [condition for condition in conditions if condition]
    return f" WHERE {' AND '.join(filled)}" if filled else ""

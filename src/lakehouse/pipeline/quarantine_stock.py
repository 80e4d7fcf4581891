"""Rows of the shops' orders that are in quarantine now (not all that ever were there): by rule, with the money that they stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.quarantine import COMMA, REASON, RUN_ID, quarantine_of
from lakehouse.silver import order_lines, orders, refund_lines, refunds
from lakehouse.sources.app_shop import APP
from lakehouse.sources.woocommerce.orders import ORDER_ITEMS, ORDERS
from lakehouse.table import Table


@dataclass(frozen=True)
class Origin:
    """How a row of silver is found in the mirror: its column `own` is the mirror's `source_id`. `amount`, `at`: columns of money, time."""

    own: str
    mirror: Table
    source_id: str
    amount: str
    at: str = ""


ORIGINS = {
    orders.TABLE.name: Origin("order_id", ORDERS.bronze, "id", "total_amount", "created_at"),
    refunds.TABLE.name: Origin("refund_id", ORDERS.bronze, "id", "total_amount", "refunded_at"),
    order_lines.TABLE.name: Origin("order_line_id", ORDER_ITEMS.bronze, "order_item_id", "net_amount"),
    refund_lines.TABLE.name: Origin("refund_line_id", ORDER_ITEMS.bronze, "order_item_id", "net_amount"),
}
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True)
class Stock:
    """Rows that break exactly these rules. `amounts`: currency → the sum of their money."""

    rules: tuple[str, ...]
    rows: int
    amounts: Mapping[str, Decimal]

    def __str__(self) -> str:
        money = ", ".join(f"{amount:.2f} {currency}" for currency, amount in sorted(self.amounts.items()) if amount)
        return f"{' + '.join(self.rules)} {self.rows}{f' ({money})' if money else ''}"


def stock_of(store: DeltaStore, table: Table) -> list[Stock]:
    """Of a table of ORIGINS, most rows first. One question to the tables' files."""
    if store.head(quarantine_of(table.name)) is None:
        return []
    sql = (
        f"SELECT rules, currency, count(*) AS n, sum(amount) AS amount FROM ({standing_sql(store, table)}) standing"
        " GROUP BY rules, currency ORDER BY rules, currency"
    )
    found: dict[str, tuple[int, dict[str, Decimal]]] = {}
    for row in store.question(sql, **standing_tables(table)):
        rows, amounts = found.get(row["rules"], (0, {}))
        found[row["rules"]] = (rows + row["n"], {**amounts, row["currency"]: row["amount"]})
    stock = (Stock(tuple(rules.split(COMMA)), *of) for rules, of in found.items())
    return sorted(stock, key=lambda each: (-each.rows, each.rules))


def standing_tables(table: Table) -> dict[str, str]:
    """What `standing_sql` asks, by the names that it gives them."""
    return {"apart": quarantine_of(table.name), "good": table.name, "source": ORIGINS[table.name].mirror.name}


def standing_sql(store: DeltaStore, table: Table) -> str:
    """SQL, for Spark and DuckDB alike: shop_code, rules, currency, day (UTC) and amount of each row of a shop that is in quarantine.

    A row that stands in the table has been mended, one that is not in the mirror any more is gone, and of a row that several builds met
    the newest counts. Quarantine of an older lake may lack columns.
    """
    origin, there = ORIGINS[table.name], set(store.column_names(quarantine_of(table.name)))
    own, amount, at, currency = (name if name in there else "NULL" for name in (origin.own, origin.amount, origin.at, "currency_code"))
    newest = (
        f"SELECT shop_code, {own} AS own, {REASON.name} AS rules, {currency_sql(currency)} AS currency, {day_sql(at)} AS day,"
        f" coalesce(CAST({amount} AS DECIMAL(26, 8)), 0) AS amount,"
        f" row_number() OVER (PARTITION BY shop_code, {own} ORDER BY {RUN_ID.name} DESC) AS place FROM {{apart}}"
    )
    return (
        f"SELECT newest.shop_code, rules, currency, day, amount FROM ({newest}) newest"
        f" LEFT JOIN (SELECT DISTINCT shop_code, {origin.own} AS own FROM {{good}}) good"
        " ON good.shop_code = newest.shop_code AND good.own = newest.own"
        f" JOIN (SELECT DISTINCT shop_code, {origin.source_id} AS own FROM {{source}}) still"
        " ON still.shop_code = newest.shop_code AND still.own = newest.own"
        f" WHERE place = 1 AND good.own IS NULL AND newest.shop_code <> '{APP}'"
    )


def currency_sql(column: str) -> str:
    """The code of a currency; `unknown` for what can't be one."""
    code = f"upper(trim({column}))"
    return f"CASE WHEN length({code}) = 3 AND translate({code}, '{ALPHABET}', '') = '' THEN {code} ELSE 'unknown' END"


def day_sql(at: str) -> str:
    """The UTC day of a time as text; `unknown` where there is none."""
    return f"coalesce(CAST(CAST({at} AS DATE) AS STRING), 'unknown')"

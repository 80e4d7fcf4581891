"""What of the shops' orders stands in quarantine now, not what ever stood there: by rule, with the money that it is about."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.quarantine import REASON, RUN_ID, quarantine_of
from lakehouse.sources.app_shop import APP
from lakehouse.sources.source import ROOT_ORDER
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.table import Table

AMOUNTS = ("total_amount", "net_amount")


@dataclass(frozen=True)
class Stock:
    """So many rows break these rules (names with commas between); `amounts`: currency → what they come to."""

    rules: str
    rows: int
    amounts: Mapping[str, Decimal]

    def __str__(self) -> str:
        money = ", ".join(f"{amount:.2f} {currency}" for currency, amount in sorted(self.amounts.items()) if amount)
        return f"{self.rules} {self.rows}{f' ({money})' if money else ''}"


def has_stock(table: Table) -> bool:
    """Whether `stock_of` knows the table: it is built order by order and has amounts. Of others the newest build met all rows."""
    return bool(table.scope) and "currency_code" in table.column_names


def stock_of(store: DeltaStore, table: Table) -> list[Stock]:
    """Of such a table, most rows first. One question to the tables' files."""
    if store.head(quarantine_of(table.name)) is None:
        return []
    sql = (
        f"SELECT rules, currency, count(*) AS n, sum(amount) AS amount FROM ({standing_sql(table)}) standing"
        " GROUP BY rules, currency ORDER BY rules, currency"
    )
    found: dict[str, tuple[int, dict[str, Decimal]]] = {}
    for row in store.question(sql, **standing_tables(table)):
        rows, amounts = found.get(row["rules"], (0, {}))
        found[row["rules"]] = (rows + row["n"], {**amounts, row["currency"]: row["amount"]})
    return sorted((Stock(rules, *of) for rules, of in found.items()), key=lambda stock: (-stock.rows, stock.rules))


def standing_tables(table: Table) -> dict[str, str]:
    """What `standing_sql` asks, by the names that it gives them."""
    return {"apart": quarantine_of(table.name), "good": table.name, "source": ORDERS.bronze.name}


def standing_sql(table: Table) -> str:
    """SQL, for Spark and DuckDB alike, that gives a row for each one in quarantine: shop_code, rules, currency, day (UTC), amount.

    A row that stands in the table has been mended, one whose order is not in the mirror any more is gone, and of a row that several
    builds met the newest counts.
    """
    amount = next(name for name in AMOUNTS if name in table.column_names)
    at = next((name for name in ("created_at", "refunded_at") if name in table.column_names), "CAST(NULL AS TIMESTAMP)")
    key = ", ".join(table.key)
    newest = (
        f"SELECT {key}, {REASON.name} AS rules, {currency_sql('currency_code')} AS currency, {day_sql(at)} AS day,"
        f" coalesce({amount}, 0) AS amount, {table.scope} AS root, row_number() OVER (PARTITION BY {key} ORDER BY {RUN_ID.name} DESC)"
        " AS place FROM {apart}"
    )
    good = " AND ".join(f"good.{name} = newest.{name}" for name in table.key)
    return (
        f"SELECT newest.shop_code, rules, currency, day, amount FROM ({newest}) newest"
        f" LEFT JOIN (SELECT {key} FROM {{good}}) good ON {good}"
        f" LEFT JOIN (SELECT DISTINCT shop_code, {ROOT_ORDER.name} AS root FROM {{source}}) still"
        " ON still.shop_code = newest.shop_code AND still.root = newest.root"
        f" WHERE place = 1 AND good.shop_code IS NULL AND (still.shop_code IS NOT NULL OR newest.shop_code = '{APP}')"
    )


def currency_sql(column: str) -> str:
    """The code of a currency; `unknown` for what can't be one."""
    code = f"upper(trim({column}))"
    return f"CASE WHEN length({code}) = 3 AND {code} BETWEEN 'AAA' AND 'ZZZ' THEN {code} ELSE 'unknown' END"


def day_sql(at: str) -> str:
    """The UTC day of a time as text; `unknown` where there is none."""
    return f"coalesce(CAST(CAST({at} AS DATE) AS STRING), 'unknown')"

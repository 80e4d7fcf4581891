"""Whether orders and refunds of the mirror are all either in silver or in quarantine, as money by currency and day."""

from collections.abc import Mapping
from decimal import Decimal

from lakehouse.io.host import logs
from lakehouse.ops.quarantine import quarantine_of
from lakehouse.ops.reconciliations import WARN, Reconciliation, record, revenue_rows
from lakehouse.pipeline.quarantine_stock import ORIGINS, currency_sql, day_sql, standing_sql, standing_tables
from lakehouse.runs.stage import RunContext
from lakehouse.silver import orders, refunds
from lakehouse.silver.order_rows import DRAFTS
from lakehouse.sources.app_shop import APP
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.table import Table

# As silver takes them from the mirror: kind of row, sign, and whose currency it is.
_DRAFTS = ", ".join(f"'{prefix}{draft}'" for draft in DRAFTS for prefix in ("", "wc-"))
_OF_ORDERS = (
    f"SELECT shop_code, {currency_sql('currency')} AS currency, {day_sql('date_created_gmt')} AS day, coalesce(total_amount, 0) AS amount"
    f" FROM {{mirror}} WHERE type = 'shop_order' AND coalesce(status, '') NOT IN ({_DRAFTS})"
)
_OWN_CURRENCY = "coalesce(nullif(trim(r.currency), ''), o.currency)"
_OF_REFUNDS = (
    f"SELECT r.shop_code, {currency_sql(_OWN_CURRENCY)} AS currency,"
    f" {day_sql('r.date_created_gmt')} AS day, -abs(coalesce(r.total_amount, 0)) AS amount FROM {{mirror}} r"
    " LEFT JOIN (SELECT shop_code, id, currency FROM {paid} WHERE type = 'shop_order') o"
    " ON o.shop_code = r.shop_code AND o.id = r._root_order_id WHERE r.type = 'shop_order_refund'"
)


def check_revenue(run: RunContext) -> None:
    """Compare what the run works with, and append to ops.reconciliations. A difference that quarantine does not explain is a warning."""
    if any(run.store.head(table.name) is None for table in (ORDERS.bronze, orders.TABLE, refunds.TABLE)):
        return
    try:
        _check(run)
    except Exception as problem:  # the tables are as they are, whatever can be said of them
        logs.warn(f"revenue in quarantine could not be counted ({type(problem).__name__})")


def _check(run: RunContext) -> None:
    found: dict[str, list[Reconciliation]] = {}
    for table, mirror in ((orders.TABLE, _OF_ORDERS), (refunds.TABLE, _OF_REFUNDS)):
        for shop_code, groups in _revenue(run, table, mirror).items():
            found.setdefault(shop_code, []).extend(revenue_rows(table.entity, groups))
    for shop_code, rows in sorted(found.items()):
        record(run.store, run.run_id, shop_code, rows)
        for row in rows:
            if row.verdict == WARN:
                logs.warn(f"shop {shop_code}: {row}")


def _revenue(run: RunContext, table: Table, mirror: str) -> Mapping[str, dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]]:
    """Shop → (currency, day) → what the mirror, silver and quarantine have of it."""
    silver = (
        f"SELECT shop_code, {currency_sql('currency_code')} AS currency, {day_sql(ORIGINS[table.name].at)} AS day, total_amount AS amount"
        f" FROM {{silver}} WHERE shop_code <> '{APP}'"
    )
    parts = {"mirror": mirror, "silver": silver}
    tables = {"mirror": ORDERS.bronze.name, "silver": table.name}
    if "{paid}" in mirror:
        tables["paid"] = ORDERS.bronze.name
    if run.store.head(quarantine_of(table.name)) is not None:
        parts["quarantine"] = f"SELECT * FROM ({standing_sql(run.store, table)}) standing"
        tables |= standing_tables(table)
    columns = "shop_code, currency, day, amount"
    union = " UNION ALL ".join(f"SELECT '{name}' AS place, {columns} FROM ({sql}) {name}_rows" for name, sql in parts.items())
    sums = ", ".join(f"sum(CASE WHEN place = '{name}' THEN amount ELSE 0 END) AS {name}" for name in ("mirror", "silver", "quarantine"))
    answer = run.store.question(f"SELECT shop_code, currency, day, {sums} FROM ({union}) every GROUP BY shop_code, currency, day", **tables)
    found: dict[str, dict[tuple[str, str], tuple[Decimal, Decimal, Decimal]]] = {}
    for row in answer:
        amounts = (Decimal(row["mirror"]), Decimal(row["silver"]), Decimal(row["quarantine"]))
        found.setdefault(row["shop_code"], {})[row["currency"], row["day"]] = amounts
    return found

"""Statuses of orders as the shop has them, held against those that its settings call sales."""

from collections.abc import Collection, Mapping

from lakehouse.parameters import stored_status
from lakehouse.sources.woocommerce.stores import OrderStore

# WooCommerce's own that are no sales unless a shop says so (`wc_get_order_statuses`), and WordPress's of what is not sent or gone.
OWN = ("pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed")
NOT_SENT = ("checkout-draft", "auto-draft", "draft", "trash")
COUNTS = "SELECT {status} AS `status`, COUNT(*) FROM `{p}{table}` WHERE {type} = 'shop_order' GROUP BY {status}"
NAMES = {"hpos": ("`status`", "`type`"), "legacy": ("`post_status`", "`post_type`")}


def status_counts_sql(store: OrderStore, prefix: str) -> str:
    """(status, orders) of a shop, answered from an index."""
    status, kind = NAMES[store.name]
    return COUNTS.format(status=status, type=kind, p=prefix, table=store.tables[0].source_name)


def status_notes(counts: Mapping[str, int], counts_as_sale: Collection[str]) -> list[str]:
    """What somebody should look at: a status that is called a sale and no order has, and one with orders that nothing is said of."""
    there = {status.removeprefix("wc-"): number for status, number in counts.items() if status}
    named = {stored_status(status) for status in counts_as_sale}
    never = [
        f"no order has the status `{status}` of counts_as_sale: is its name right?"
        for status in counts_as_sale
        if not {status, stored_status(status)} & set(there)
    ]
    unknown = [
        f"{number} orders have the status `{status}`, which is not in counts_as_sale: they are no sales"
        for status, number in sorted(there.items())
        if status not in {*named, *counts_as_sale, *OWN, *NOT_SENT}
    ]
    return never + unknown

"""Where the published lake of this environment differs from the truth files of a shop, as a list of sentences; empty if it doesn't."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import lakehouse

DRAFTS = ("auto-draft", "checkout-draft")
NEAR = Decimal("0.0002")
Rows = dict[int, tuple[Any, ...]]


def differences(folder: Path) -> list[str]:
    """Orders, refunds, their lines, products by id; interactions as baskets, whoever they belong to."""
    lake = lakehouse.open("local")

    def found(query: str) -> Rows:
        return {row[0]: tuple(map(plain, row[1:])) for row in lake.sql(query).collect()}

    orders = [row for row in read(folder, "orders") if row["status"] not in DRAFTS]
    lines = [row for row in read(folder, "lines") if row["order_id"] in {order["order_id"] for order in orders}]
    return [
        *compare(
            "orders",
            {int(o["order_id"]): order_values(o) for o in orders if o["type"] == "shop_order"},
            found(
                "select order_id, status, currency_code, created_at, order_date, paid_at, customer_user_id, coalesce(country_code, ''),"
                " total_amount, tax_amount, shipping_amount, discount_amount from silver.orders"
            ),
        ),
        *compare(
            "refunds",
            {
                int(o["order_id"]): (int(o["parent_id"]), moment(o["date_created_utc"]), Decimal(o["total"]))
                for o in orders
                if o["type"] == "shop_order_refund"
            },
            found("select refund_id, order_id, refunded_at, total_amount from silver.refunds"),
        ),
        *compare(
            "order_lines",
            {int(x["order_item_id"]): line_values(x) for x in lines if x["order_type"] == "shop_order"},
            found("select order_line_id, order_id, product_id, variation_id, quantity, net_amount, tax_amount from silver.order_lines"),
        ),
        *compare(
            "refund_lines",
            {int(x["order_item_id"]): line_values(x) for x in lines if x["order_type"] == "shop_order_refund"},
            found("select refund_line_id, refund_id, product_id, variation_id, quantity, net_amount, tax_amount from silver.refund_lines"),
        ),
        *compare(
            "products",
            {int(p["product_id"]): (p["name"], p["status"], p["sku"]) for p in read(folder, "products") if p["type"] != "variation"},
            found("select product_id, product_name, status, coalesce(sku, '') from silver.products"),
        ),
        *compare_baskets(
            wanted_pairs(folder),
            (
                (row[0], (*map(plain, row[1:]),))
                for row in lake.sql(
                    "select customer_key, product_id, order_count, net_quantity, first_ordered_at, i.last_ordered_at"
                    " from gold.interactions i"
                    " join silver.customers using (shop_code, customer_key) where not is_anonymous and product_id > 0"
                ).collect()
            ),
        ),
    ]


def revenue_differences(folder: Path, zone: str) -> list[str]:
    """Where net revenue by local day is not that of WooCommerce's own report; empty if it is, to the cent.

    Its rules: all but a few statuses, on the day of payment; refunds on theirs, a full one without lines takes back all of its
    order; an order in the trash keeps counting (an open bug). The report is made in batches, so that its last day is not whole.
    """
    lake = lakehouse.open("local")
    excluded = ("auto-draft", "checkout-draft", "pending", "failed", "cancelled")
    found = lake.sql(
        f"""
        with sold as (
            select order_id, status, paid_at, total_amount - tax_amount - shipping_amount as net from silver.orders
        ), given_back as (
            select r.refunded_at, case when s.status = 'refunded' and l.refund_id is null then -s.net
                else r.total_amount - r.tax_amount - r.shipping_amount end as net
            from silver.refunds r join sold s using (order_id)
            left join (select distinct refund_id from silver.refund_lines) l using (refund_id)
        )
        select cast(to_date(from_utc_timestamp(at, '{zone}')) as string) as day, sum(net) as net
        from (select paid_at as at, net from sold where status not in {excluded} and paid_at is not null
              union all select refunded_at, net from given_back) group by 1
        """
    )
    days = {row["day"]: row["net"] for row in found.collect()}
    wanted = {row["day_local"]: Decimal(row["net_revenue"]) for row in read_file(folder / "report_revenue_daily_by_date_paid.csv.gz")}
    assert len(wanted) > 100
    zero = Decimal(0)
    closed = sorted(days.keys() | wanted.keys())[:-1]
    apart = {day: (wanted.get(day, zero), days.get(day, zero)) for day in closed}
    return [f"{day}: want {want}, got {got}" for day, (want, got) in apart.items() if abs(want - got) > Decimal("0.005")]


def read(folder: Path, name: str) -> list[dict[str, str]]:
    return read_file(folder / f"truth_{name}.csv.gz")


def read_file(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def plain(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else value


def order_values(o: Mapping[str, str]) -> tuple[Any, ...]:
    times = (moment(o["date_created_utc"]), date.fromisoformat(o["date_created_local"][:10]), moment(o["date_paid_utc"]))
    amounts = tuple(Decimal(o[name]) for name in ("total", "total_tax", "shipping_total", "discount_total"))
    return (o["status"], o["currency"], *times, int(o["customer_user_id"] or 0), o["billing_country"], *amounts)


def line_values(x: Mapping[str, str]) -> tuple[Any, ...]:
    ids = (int(x["order_id"]), int(x["product_id_resolved"] or 0), int(x["variation_id_stored"] or 0))
    return (*ids, Decimal(x["qty"]), Decimal(x["total"]), Decimal(x["total_tax"] or 0))


def compare(name: str, wanted: Rows, found: Rows) -> list[str]:
    assert wanted, f"the truth has no {name}"
    problems = [f"{name}: {len(wanted)} wanted, {len(found)} found"] if wanted.keys() != found.keys() else []
    wrong = [key for key in wanted.keys() & found.keys() if not all(map(same, wanted[key], found[key]))]
    return problems + [f"{name} {key}: want {wanted[key]}, got {found[key]}" for key in sorted(wrong)[:5]]


def same(wanted: Any, found: Any) -> bool:
    return abs(wanted - found) <= NEAR if isinstance(wanted, Decimal) else bool(wanted == found)


def wanted_pairs(folder: Path) -> Iterable[tuple[str, tuple[Any, ...]]]:
    """The truth's own keys (u:user, e:address, anon:order), a guest with an account's address counted as that account."""
    accounts = {row["email"].strip().lower(): f"u:{row['user_id']}" for row in read(folder, "users")}
    pairs: dict[tuple[str, int], list[tuple[int, Decimal, datetime | None, datetime | None]]] = {}
    for row in read(folder, "interactions"):
        kind, _, who = row["customer_key"].partition(":")
        if kind == "anon" or (kind == "e" and (who.endswith(".invalid") or not who.strip())):
            continue
        person = accounts.get(who, row["customer_key"]) if kind == "e" else row["customer_key"]
        value = (int(row["n_orders"]), Decimal(row["net_qty"]), moment(row["first_order_utc"]), moment(row["last_order_utc"]))
        pairs.setdefault((person, int(row["product_id"] or 0)), []).append(value)
    for (person, product), values in pairs.items():
        counts, quantities, firsts, lasts = zip(*values, strict=True)
        if product and sum(quantities) > 0:
            total = plain(Decimal(sum(quantities)))
            yield person, (product, sum(counts), total, min(filter(None, firsts)), max(filter(None, lasts)))


def compare_baskets(wanted: Iterable[tuple[str, tuple[Any, ...]]], found: Iterable[tuple[str, tuple[Any, ...]]]) -> list[str]:
    missing = baskets(wanted) - baskets(found)
    return [f"interactions: {missing.total()} customers without an equal"] if missing else []


def baskets(pairs: Iterable[tuple[str, tuple[Any, ...]]]) -> Counter[tuple[Any, ...]]:
    people: dict[str, list[tuple[Any, ...]]] = {}
    for person, pair in pairs:
        people.setdefault(person, []).append(pair)
    assert people
    return Counter(tuple(sorted(rows)) for rows in people.values())

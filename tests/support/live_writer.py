"""A shop that trades while it is read: orders, edits, refunds and deletions, each one transaction, many a second.

It charges no tax, so an order's total is the sum of its lines and its shipping, exactly and at every moment.
"""

import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lakehouse.demo.store.schema import create_statements, key_statements
from lakehouse.demo.store.server import Server

OPTIONS = {
    "home": "https://shop.example",
    "woocommerce_currency": "EUR",
    "woocommerce_custom_orders_table_data_sync_enabled": "no",
    "woocommerce_custom_orders_table_enabled": "yes",
    "woocommerce_prices_include_tax": "no",
    "woocommerce_version": "11.0.0",
}
OWNED = ("wc_order_addresses", "wc_order_operational_data", "wc_orders_meta", "woocommerce_order_items")
WITHOUT_ORDER = "SELECT x.order_id FROM `{p}{table}` x LEFT JOIN `{p}wc_orders` o ON o.id = x.order_id WHERE o.id IS NULL"
# What holds in every committed state: each query gives the rows that break it.
INVARIANTS = {
    **{f"{table}_without_order": WITHOUT_ORDER.replace("{table}", table) for table in OWNED},
    "item_meta_without_item": """SELECT m.meta_id FROM `{p}woocommerce_order_itemmeta` m
        LEFT JOIN `{p}woocommerce_order_items` i ON i.order_item_id = m.order_item_id WHERE i.order_item_id IS NULL""",
    "refund_without_order": """SELECT r.id FROM `{p}wc_orders` r LEFT JOIN `{p}wc_orders` o ON o.id = r.parent_order_id
        WHERE r.type = 'shop_order_refund' AND o.id IS NULL""",
    "order_without_line": """SELECT o.id FROM `{p}wc_orders` o LEFT JOIN `{p}woocommerce_order_items` i
        ON i.order_id = o.id AND i.order_item_type = 'line_item' WHERE i.order_item_id IS NULL""",
    "order_that_does_not_add_up": """SELECT o.id FROM `{p}wc_orders` o LEFT JOIN `{p}wc_order_operational_data` d ON d.order_id = o.id
        LEFT JOIN (SELECT i.order_id, SUM(CAST(m.meta_value AS DECIMAL(26, 8))) AS lines_total FROM `{p}woocommerce_order_items` i
            JOIN `{p}woocommerce_order_itemmeta` m ON m.order_item_id = i.order_item_id AND m.meta_key = '_line_total'
            WHERE i.order_item_type = 'line_item' GROUP BY i.order_id) l ON l.order_id = o.id
        WHERE NOT o.total_amount <=> l.lines_total + d.shipping_total_amount""",
    "order_twice": "SELECT id FROM `{p}wc_orders` GROUP BY id HAVING COUNT(*) > 1",
    "item_twice": "SELECT order_item_id FROM `{p}woocommerce_order_items` GROUP BY order_item_id HAVING COUNT(*) > 1",
    "item_meta_twice": """SELECT order_item_id FROM `{p}woocommerce_order_itemmeta`
        GROUP BY order_item_id, meta_key HAVING COUNT(*) > 1""",
    "operational_data_twice": "SELECT order_id FROM `{p}wc_order_operational_data` GROUP BY order_id HAVING COUNT(*) > 1",
}


def make_live_shop(server: Server, database: str, prefix: str = "wp_", orders: int = 0) -> None:
    """An empty shop, or one with some orders."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{database}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
        cursor.execute(f"USE `{database}`")
        for statement in create_statements(prefix) + key_statements(prefix):
            cursor.execute(statement)
        cursor.executemany(f"INSERT INTO `{prefix}options` (option_name, option_value) VALUES (%s, %s)", list(OPTIONS.items()))
        connection.begin()
        trade = Trade(cursor, prefix, random.Random(0))
        for _ in range(orders):
            trade.new_order()
        connection.commit()


def broken_invariants(cursor: Any, prefix: str = "wp_") -> dict[str, int]:
    """Rows that break each broken invariant of one state of the database; {} if all hold, also while the writer is at work."""
    cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
    counts = {name: cursor.execute(query.format(p=prefix)) for name, query in INVARIANTS.items()}
    cursor.execute("COMMIT")
    return {name: count for name, count in counts.items() if count}


@dataclass
class LiveWriter:
    """What the writer did so far."""

    committed: int = 0
    seconds: float = 0.0
    error: BaseException | None = None

    @property
    def per_second(self) -> float:
        return self.committed / self.seconds


@contextmanager
def live_writer(server: Server, database: str, prefix: str = "wp_", per_second: float = 60, seed: int = 1) -> Iterator[LiveWriter]:
    """Trade at this pace, or as fast as the machine can if that is slower, until the block ends. An error of the writer is raised there."""
    writer, stop = LiveWriter(), threading.Event()

    def run() -> None:
        try:
            with server.connect(database) as connection, connection.cursor() as cursor:
                trade = Trade(cursor, prefix, random.Random(seed))
                started = time.monotonic()
                while not stop.wait(max(0.0, started + writer.committed / per_second - time.monotonic())):
                    connection.begin()
                    trade.something()
                    connection.commit()
                    writer.committed += 1
                    writer.seconds = time.monotonic() - started
        except BaseException as error:
            writer.error = error

    thread = threading.Thread(target=run, name="live writer", daemon=True)
    thread.start()
    try:
        yield writer
    finally:
        stop.set()
        thread.join()
    if writer.error:
        raise writer.error


class Trade:
    """Changes of a shop on a cursor, none of them committed. Refunded orders are not edited, since refund lines name their lines."""

    def __init__(self, cursor: Any, prefix: str, rng: random.Random) -> None:
        self.cursor, self.prefix, self.rng = cursor, prefix, rng
        self.orders = self._ids("SELECT id FROM `{p}wc_orders` WHERE type = 'shop_order'")
        self.refunded = set(self._ids("SELECT parent_order_id FROM `{p}wc_orders` WHERE type = 'shop_order_refund'"))

    def something(self) -> None:
        changes = (self.new_order, self.edit, self.refund, self.delete)
        self.rng.choices(changes, (50, 30, 10, 10))[0]()

    def new_order(self) -> None:
        order, now, shipping = self._placeholder(0), _now(), self._price(0, 9)
        total = self._add_lines(order, [self._price(1, 99) for _ in range(self.rng.randint(3, 8))]) + shipping
        buyer = self.rng.randint(1, 500)
        person = {"first_name": "Live", "last_name": f"Buyer {buyer}", "city": "Utrecht", "country": "NL", "email": f"{buyer}@shop.example"}
        self._insert("wc_order_addresses", *({"order_id": order, "address_type": kind, **person} for kind in ("billing", "shipping")))
        self._insert("wc_orders_meta", {"order_id": order, "meta_key": "is_vat_exempt", "meta_value": "no"})
        (item,) = self._insert("woocommerce_order_items", _item(order, "shipping", "Parcel"))
        self._insert("woocommerce_order_itemmeta", *_meta(item, {"method_id": "flat_rate", "cost": shipping, "total_tax": 0}))
        self._order_row(order, 0, "shop_order", total, now, buyer, f"{buyer}@shop.example")
        self._operational_row(order, shipping, now)
        self.orders.append(order)

    def edit(self) -> None:
        """Some lines go, others come: as in the shop, the new ones have new ids."""
        order = self._pick()
        if order is None:
            return self.new_order()
        lines, gone = self._lines(order), self.rng.randint(1, 3)
        self._delete_items(list(lines)[:gone])
        total = sum(list(lines.values())[gone:]) + self._add_lines(order, [self._price(1, 99) for _ in range(self.rng.randint(1, 3))])
        self._do(
            """UPDATE `{p}wc_orders` SET date_updated_gmt = %s, total_amount = %s +
            (SELECT shipping_total_amount FROM `{p}wc_order_operational_data` WHERE order_id = %s) WHERE id = %s""",
            _now(), total, order, order,
        )  # fmt: skip

    def refund(self) -> None:
        order = self._pick()
        if order is None:
            return self.new_order()
        lines = dict(list(self._lines(order).items())[: self.rng.randint(1, 2)])
        refund, now = self._placeholder(order), _now()
        total = self._add_lines(refund, [-amount for amount in lines.values()], list(lines))
        self._insert("wc_orders_meta", {"order_id": refund, "meta_key": "_refund_amount", "meta_value": -total})
        self._order_row(refund, order, "shop_order_refund", total, now, None, None)
        self._operational_row(refund, Decimal(0), None)
        self._do("UPDATE `{p}wc_orders` SET date_updated_gmt = %s WHERE id = %s", now, order)
        self.refunded.add(order)

    def delete(self) -> None:
        """For good, with its refunds and all that hangs on them."""
        if not self.orders:
            return self.new_order()
        order = self.orders.pop(self.rng.randrange(len(self.orders)))
        for gone in [*self._ids("SELECT id FROM `{p}wc_orders` WHERE parent_order_id = %s", order), order]:
            self._delete_items(self._ids("SELECT order_item_id FROM `{p}woocommerce_order_items` WHERE order_id = %s", gone))
            for table in OWNED[:3]:
                self._do(f"DELETE FROM `{{p}}{table}` WHERE order_id = %s", gone)
            self._do("DELETE FROM `{p}wc_orders` WHERE id = %s", gone)
            self._do("DELETE FROM `{p}posts` WHERE ID = %s", gone)

    def _pick(self) -> int | None:
        found = self.rng.choice(self.orders) if self.orders else None
        return None if found in self.refunded else found

    def _price(self, low: int, high: int) -> Decimal:
        return Decimal(self.rng.randint(low * 100, high * 100)) / 100

    def _placeholder(self, parent: int) -> int:
        """Orders take their ids from the posts, as in a shop."""
        texts = dict.fromkeys(("post_content", "post_title", "post_excerpt", "to_ping", "pinged", "post_content_filtered"), "")
        dates = dict.fromkeys(("post_date", "post_date_gmt", "post_modified", "post_modified_gmt"), _now())
        (new,) = self._insert(
            "posts", {**texts, **dates, "post_status": "draft", "post_type": "shop_order_placehold", "post_parent": parent}
        )
        return new

    def _order_row(
        self, order: int, parent: int, kind: str, total: Decimal, now: datetime, customer: int | None, email: str | None
    ) -> None:
        status = "wc-completed" if parent else self.rng.choice(("wc-completed", "wc-processing"))
        amounts = {"currency": "EUR", "tax_amount": 0, "total_amount": total, "date_created_gmt": now, "date_updated_gmt": now}
        whose = {"customer_id": customer, "billing_email": email, "parent_order_id": parent}
        self._insert("wc_orders", {"id": order, "status": status, "type": kind, **amounts, **whose})

    def _operational_row(self, order: int, shipping: Decimal, paid: datetime | None) -> None:
        zeros = dict.fromkeys(("shipping_tax_amount", "discount_tax_amount", "discount_total_amount"), 0)
        row = {"order_id": order, "created_via": "checkout" if paid else None, "woocommerce_version": "11.0.0", "prices_include_tax": 0}
        self._insert("wc_order_operational_data", {**row, **zeros, "shipping_total_amount": shipping, "date_paid_gmt": paid})

    def _add_lines(self, order: int, amounts: Sequence[Decimal], refunded: Sequence[int] = ()) -> Decimal:
        products = [self.rng.randint(10, 400) for _ in amounts]
        items = self._insert("woocommerce_order_items", *(_item(order, "line_item", f"Product {product}") for product in products))
        rows = []
        for place, (item, product, amount) in enumerate(zip(items, products, amounts, strict=True)):
            keys = {"_product_id": product, "_variation_id": 0, "_qty": -1 if refunded else 1, "_line_subtotal": amount}
            keys |= {"_line_subtotal_tax": 0, "_line_total": amount, "_line_tax": 0}
            rows += _meta(item, keys | ({"_refunded_item_id": refunded[place]} if refunded else {}))
        self._insert("woocommerce_order_itemmeta", *rows)
        return sum(amounts, Decimal(0))

    def _lines(self, order: int) -> dict[int, Decimal]:
        self._do(
            """SELECT i.order_item_id, m.meta_value FROM `{p}woocommerce_order_items` i JOIN `{p}woocommerce_order_itemmeta` m
            ON m.order_item_id = i.order_item_id AND m.meta_key = '_line_total'
            WHERE i.order_id = %s AND i.order_item_type = 'line_item' ORDER BY i.order_item_id""",
            order,
        )
        return {item: Decimal(amount) for item, amount in self.cursor.fetchall()}

    def _delete_items(self, items: Sequence[int]) -> None:
        for table in ("woocommerce_order_itemmeta", "woocommerce_order_items"):
            self._do(f"DELETE FROM `{{p}}{table}` WHERE order_item_id IN %s", items)

    def _ids(self, query: str, *values: Any) -> list[int]:
        self._do(query, *values)
        return [value for (value,) in self.cursor.fetchall()]

    def _insert(self, table: str, *rows: dict[str, Any]) -> range:
        """The ids of the rows: InnoDB gives those of one statement without a gap."""
        marks = ", ".join(["%s"] * len(rows[0]))
        statement = f"INSERT INTO `{self.prefix}{table}` ({', '.join(rows[0])}) VALUES ({marks})"
        self.cursor.executemany(statement, [tuple(row.values()) for row in rows])
        return range(self.cursor.lastrowid, self.cursor.lastrowid + len(rows))

    def _do(self, statement: str, *values: Any) -> None:
        self.cursor.execute(statement.format(p=self.prefix), values)


def _item(order: int, kind: str, name: str) -> dict[str, Any]:
    return {"order_item_name": name, "order_item_type": kind, "order_id": order}


def _meta(item: int, keys: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"order_item_id": item, "meta_key": key, "meta_value": str(value)} for key, value in keys.items()]


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0, tzinfo=None)

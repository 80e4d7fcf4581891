"""The order tables of a shop, the app and a database as bronze rows in memory, and random days that change them in every way they do."""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from lakehouse.sources import mobile_app
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce import orders as source
from lakehouse.sources.woocommerce.shop import OPTIONS

SHOP, DATABASE = "nl", "erp"
START = datetime(2026, 3, 20, tzinfo=UTC)
STATUSES = ("wc-completed", "wc-processing", "wc-refunded", "wc-cancelled", "wc-checkout-draft", "trash")
APP_TABLES = {feed.name: feed.bronze for feed in (mobile_app.ORDERS, mobile_app.ORDER_LINES)} | {
    entity.bronze.entity: entity.bronze for entity in (entities.ORDERS, entities.ORDER_LINES)
}
TABLES = {table.name: table.bronze for table in (*source.TABLES, OPTIONS)} | APP_TABLES
Row = dict[str, Any]


@dataclass
class Shop:
    """Table name → id → row. `_root_order_id` is stamped as landing does it."""

    rng: random.Random
    rows: dict[str, dict[int, Row]] = field(default_factory=lambda: {name: {} for name in TABLES})
    last_id: int = 100

    def __post_init__(self) -> None:
        self.rows["options"] = {1: {"shop_code": SHOP, "option_name": "woocommerce_price_decimal_sep", "option_value": "."}}

    def a_day(self) -> None:
        """Some of each kind of change."""
        for _ in range(self.rng.randint(1, 4)):
            self.new_order()
        self.new_app_order()
        self.edit_app_order()
        self.new_database_order()
        self.edit_database_order()
        changes = [self.edit_order, self.move_to_another_customer, self.edit_line, self.remove_line, self.refund, self.delete_refund]
        changes += [
            self.split_into_copies,
            self.delete_order_with_children,
            self.delete_order_alone,
            self.product_forgotten,
            self.back_and_forth,
        ]
        for change in self.rng.sample(changes, 5):
            change()

    def new_id(self) -> int:
        self.last_id += self.rng.randint(1, 3)
        return self.last_id

    def new_order(self) -> None:
        order = self._add_order("shop_order", None, self.rng.choice(STATUSES))
        for _ in range(self.rng.randint(1, 3)):
            self._add_line(order, order, {"_product_id": str(self.rng.randint(1, 9)), "_qty": self.rng.choice(("1", "2", "0.25"))})

    def split_into_copies(self) -> None:
        """At a marketplace: a copy for a seller, with one of the lines, hangs on the order that was paid."""
        for order in self._pick("shop_order"):
            if self.rows["orders"][order]["_root_order_id"] != order:
                continue
            copy = self._add_order("shop_order", order, "wc-completed")
            self._add_line(copy, order, {"_product_id": "3", "_qty": "1"})

    def edit_order(self) -> None:
        for order in self._pick("shop_order"):
            self.rows["orders"][order]["status"] = self.rng.choice(STATUSES)

    def move_to_another_customer(self) -> None:
        for order in self._pick("shop_order"):
            user = self.rng.randint(0, 5)
            self.rows["orders"][order] |= {"customer_id": user, "user_pseudonym": f"user-{user}" if user else None}

    def edit_line(self) -> None:
        """The shop's own date of change does not move: only the meta row differs."""
        quantities = [row for row in self.rows["order_item_meta"].values() if row["meta_key"] == "_qty"]
        for row in self.rng.sample(quantities, min(2, len(quantities))):
            sign = "-" if row["meta_value"].startswith("-") else ""
            row["meta_value"] = f"{sign}{self.rng.randint(1, 9)}"

    def remove_line(self) -> None:
        items = list(self.rows["order_items"])
        for item in self.rng.sample(items, min(1, len(items))):
            self._delete_item(item)

    def refund(self) -> None:
        for order in self._pick("shop_order"):
            refund = self._add_order("shop_order_refund", order, "wc-completed")
            lines = [item for item, row in self.rows["order_items"].items() if row["order_id"] == order]
            for line in lines[: self.rng.randint(0, 2)]:
                product = self.rng.choice(("0", "3"))
                self._add_line(
                    refund,
                    self.rows["orders"][refund]["_root_order_id"],
                    {"_product_id": product, "_qty": "-1", "_refunded_item_id": str(line)},
                )

    def delete_refund(self) -> None:
        for refund in self._pick("shop_order_refund"):
            self._delete_order(refund, with_children=True)

    def delete_order_with_children(self) -> None:
        for order in self._pick("shop_order"):
            for child in [i for i, row in self.rows["orders"].items() if row["_root_order_id"] == order and i != order]:
                self._delete_order(child, with_children=True)
            self._delete_order(order, with_children=True)

    def delete_order_alone(self) -> None:
        """As a replica may show it for a moment: the order is gone, its items are not yet."""
        for order in self._pick("shop_order"):
            self._delete_order(order, with_children=False)

    def product_forgotten(self) -> None:
        products = [row for row in self.rows["order_item_meta"].values() if row["meta_key"] == "_product_id"]
        for row in self.rng.sample(products, min(1, len(products))):
            row["meta_value"] = "0"

    def back_and_forth(self) -> None:
        for order in self._pick("shop_order"):
            row = self.rows["orders"][order]
            row["currency"] = "GBP" if row["currency"] == "EUR" else "EUR"

    def new_app_order(self) -> None:
        """Some are the shop's too, already, later, or never; ids of both are alike."""
        new = self.new_id()
        named = self.rng.choice([None, new + self.rng.randint(1, 5), *self._pick("shop_order"), *self._pick("shop_order_refund")])
        self.add_app_order(new, named)

    def add_app_order(self, new: int, named: int | None) -> None:
        at, who = START + timedelta(hours=new), {"user_pseudonym": "app-user", "order_pseudonym": f"app-order-{new}"}
        order = {"app_order_id": new, "woo_order_id": named, "status": "placed", "currency": "EUR", "country": "NL"}
        self.rows["app_orders"][new] = {**order, **who, "created_at": at, "updated_at": at, "total_amount": 10, "tax_amount": 1}
        for line in (1, 2):
            numbers = {"quantity": line, "net_amount": 4.5, "tax_amount": 0.5, "sku": f"s-{line}"}
            self.rows["app_order_lines"][10 * new + line] = {"app_order_id": new, "line_no": line, "product_name": "thing", **numbers}

    def edit_app_order(self) -> None:
        for row in self.rng.sample(list(self.rows["app_orders"].values()), min(2, len(self.rows["app_orders"]))):
            row["status"] = self.rng.choice(mobile_app.STATUSES)
            row["woo_order_id"] = self.rng.choice([None, *self._pick("shop_order")])
        for row in self.rng.sample(list(self.rows["app_order_lines"].values()), 1):
            row["quantity"] = self.rng.randint(1, 9)

    def new_database_order(self) -> None:
        """Ids are those of the shop's orders too."""
        new = self.new_id()
        at, common = START + timedelta(hours=new), {"shop_code": DATABASE, "_root_order_id": new, "order_id": new, "currency_code": "EUR"}
        who = {"customer_id": 3, "user_pseudonym": "erp-user", "order_pseudonym": f"erp-order-{new}"}
        self.rows["database_orders"][new] = {
            **common,
            **who,
            "status": "confirmed",
            "created_at": at,
            "total_amount": 5,
            "is_misdated": False,
        }
        self.rows["database_order_lines"][new] = {**common, "line_id": 1, "product_id": 7, "quantity": 2, "net_amount": 5, "tax_amount": 0}

    def edit_database_order(self) -> None:
        """One is cancelled, of one a line is changed, one is gone."""
        ids = list(self.rows["database_orders"])
        self.rows["database_orders"][self.rng.choice(ids)]["status"] = self.rng.choice(("confirmed", "cancelled"))
        self.rows["database_order_lines"][self.rng.choice(ids)]["quantity"] = self.rng.randint(1, 9)
        if len(ids) > 2:
            gone = self.rng.choice(ids)
            del self.rows["database_orders"][gone], self.rows["database_order_lines"][gone]

    def _pick(self, kind: str) -> list[int]:
        """Copies are refunded and edited as any other order."""
        found = [i for i, row in self.rows["orders"].items() if row["type"] == kind]
        return self.rng.sample(found, min(1, len(found)))

    def _add_order(self, kind: str, parent: int | None, status: str) -> int:
        new = self.new_id()
        is_order = kind == "shop_order"
        root = self.rows["orders"][parent]["_root_order_id"] if parent else new
        user = self.rng.randint(0, 5) if is_order else None
        total = self.rng.randint(1, 99) * (1 if is_order else -1)
        at = START + timedelta(hours=new)
        common = {"shop_code": SHOP, "_root_order_id": root}
        self.rows["orders"][new] = {
            **common,
            "id": new,
            "status": status,
            "currency": "EUR",
            "type": kind,
            "tax_amount": 1,
            "total_amount": total,
            "customer_id": user,
            "parent_order_id": parent or 0,
            "date_created_gmt": at,
            "date_updated_gmt": at,
            "user_pseudonym": f"user-{user}" if user else None,
            "email_pseudonym": f"mail-{self.rng.randint(1, 5)}" if is_order else None,
            "order_pseudonym": f"order-{new}",
            "is_anonymised": False,
        }
        numbers = {"shipping_tax_amount": 0, "shipping_total_amount": 4, "discount_total_amount": 0}
        self.rows["order_operational_data"][new] = {**common, "id": new, "order_id": new, "date_paid_gmt": at, **numbers}
        if is_order:
            self.rows["order_addresses"][new] = {**common, "id": new, "order_id": new, "address_type": "billing", "country": "NL"}
            self.rows["order_meta"][new] = {**common, "id": new, "order_id": new, "meta_key": "consent", "meta_value": "yes"}
        return new

    def _add_line(self, order: int, root: int, numbers: dict[str, str]) -> None:
        item, common = self.new_id(), {"shop_code": SHOP, "_root_order_id": root}
        names = {"order_item_name": "thing", "order_item_type": "line_item"}
        self.rows["order_items"][item] = {**common, "order_item_id": item, "order_id": order, **names}
        for key, value in {"_line_total": "9.5", "_line_tax": "0.855", "_line_subtotal": "10", **numbers}.items():
            meta = self.new_id()
            self.rows["order_item_meta"][meta] = {**common, "meta_id": meta, "order_item_id": item, "meta_key": key, "meta_value": value}

    def _delete_order(self, order: int, with_children: bool) -> None:
        del self.rows["orders"][order]
        if with_children:
            for name in ("order_operational_data", "order_addresses", "order_meta"):
                self.rows[name].pop(order, None)
            for item in [i for i, row in self.rows["order_items"].items() if row["order_id"] == order]:
                self._delete_item(item)

    def _delete_item(self, item: int) -> None:
        del self.rows["order_items"][item]
        meta = self.rows["order_item_meta"]
        for row in [i for i, row in meta.items() if row["order_item_id"] == item]:
            del meta[row]

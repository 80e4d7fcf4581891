"""Orders as they are in the database now, read back into `Order`, changed, and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from lakehouse.demo.world.money import column, text
from lakehouse.demo.world.order import Line, Order, rates_of
from lakehouse.demo.world.words import BY_COUNTRY_CODE

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

# Everything that hangs on the rows of orders, refunds included: (table, condition on ids).
_CHILDREN = (
    ("woocommerce_order_itemmeta", "order_item_id IN (SELECT order_item_id FROM `{p}woocommerce_order_items` WHERE order_id IN %s)"),
    ("commentmeta", "comment_id IN (SELECT comment_ID FROM `{p}comments` WHERE comment_post_ID IN %s)"),
    *(
        (table, "order_id IN %s")
        for table in ("woocommerce_order_items", "wc_order_addresses", "wc_order_operational_data", "wc_orders_meta")
    ),
    ("comments", "comment_post_ID IN %s"),
    ("postmeta", "post_id IN %s"),
    ("posts", "ID IN %s"),
    ("wc_orders", "id IN %s"),
)


def read_order(cursor: Cursor, prefix: str, order_id: int) -> Order:
    """One order with its product lines; its person is unknown (-1), its refunds are left out."""
    cursor.execute(
        f"SELECT o.status, o.customer_id, o.billing_email, o.date_created_gmt, o.date_updated_gmt, a.country, d.shipping_total_amount,"
        f" d.shipping_tax_amount, d.date_paid_gmt, d.date_completed_gmt FROM `{prefix}wc_orders` o"
        f" JOIN `{prefix}wc_order_addresses` a ON a.order_id = o.id AND a.address_type = 'billing'"
        f" JOIN `{prefix}wc_order_operational_data` d ON d.order_id = o.id WHERE o.id = %s",
        (order_id,),
    )
    status, user, email, created, updated, country_code, shipping, shipping_tax, paid, completed = _one(cursor)
    country = BY_COUNTRY_CODE[country_code][1]
    order = Order(-1, created, updated, status, country, user, email, [], paid=paid, completed=completed, id=order_id)
    order.shipping, order.shipping_tax = _units(shipping, 2), _units(shipping_tax, 2)
    items: dict[int, tuple[str, str, dict[str, str]]] = {}
    cursor.execute(
        f"SELECT order_item_id, order_item_name, order_item_type, meta_key, meta_value FROM `{prefix}woocommerce_order_items`"
        f" JOIN `{prefix}woocommerce_order_itemmeta` USING (order_item_id) WHERE order_id = %s ORDER BY order_item_id, meta_id",
        (order_id,),
    )
    for item_id, name, type_, key, value in cursor.fetchall():
        items.setdefault(item_id, (name, type_, {}))[2][key] = value
    for item_id, (name, type_, meta) in items.items():
        if type_ == "line_item":
            rate = rates_of(country)[1 if meta["_tax_class"] else 0]
            amounts = (_units(meta["_qty"], 3), rate, _units(meta["_line_subtotal"], 6), _units(meta["_line_total"], 6))
            order.lines.append(Line(name, int(meta["_product_id"]), int(meta["_variation_id"]), *amounts, item_id=item_id))
        if type_ == "fee":
            order.fee += _units(meta["_line_total"], 2)
    return order


def write_line(cursor: Cursor, prefix: str, line: Line) -> None:
    """The line's quantity and amounts into its meta, nothing else: as WooCommerce's item functions do."""
    values = {"_qty": text(line.quantity, 3), "_line_subtotal": text(line.subtotal, 6), "_line_total": text(line.total, 6)}
    values |= {"_line_subtotal_tax": text(line.subtotal_tax, 2), "_line_tax": text(line.tax, 2)}
    for key, value in values.items():
        cursor.execute(
            f"UPDATE `{prefix}woocommerce_order_itemmeta` SET meta_value = %s WHERE order_item_id = %s AND meta_key = %s",
            (value, line.item_id, key),
        )


def write_totals(cursor: Cursor, prefix: str, order: Order, moment: datetime) -> None:
    """The order's totals as its lines now say, its discount, its tax items, and the date of the change."""
    cursor.execute(
        f"UPDATE `{prefix}wc_orders` SET tax_amount = %s, total_amount = %s, date_updated_gmt = %s WHERE id = %s",
        (column(order.tax), column(order.total), moment, order.id),
    )
    cursor.execute(
        f"UPDATE `{prefix}wc_order_operational_data` SET discount_total_amount = %s, discount_tax_amount = %s WHERE order_id = %s",
        (column(order.discount), column(order.discount_tax), order.id),
    )
    for rate in rates_of(order.country):
        cursor.execute(
            f"UPDATE `{prefix}woocommerce_order_itemmeta` a JOIN `{prefix}woocommerce_order_itemmeta` r USING (order_item_id)"
            f" JOIN `{prefix}woocommerce_order_items` i USING (order_item_id) SET a.meta_value = %s"
            " WHERE i.order_id = %s AND a.meta_key = 'tax_amount' AND r.meta_key = 'rate_id' AND r.meta_value = %s",
            (text(sum(line.tax for line in order.lines if line.rate == rate), 2), order.id, str(rate.id)),
        )


def delete_line(cursor: Cursor, prefix: str, item_id: int) -> None:
    """Remove an order's item with its meta, as WooCommerce does."""
    for table in ("woocommerce_order_itemmeta", "woocommerce_order_items"):
        cursor.execute(f"DELETE FROM `{prefix}{table}` WHERE order_item_id = %s", (item_id,))


def delete_orders(cursor: Cursor, prefix: str, ids: Sequence[int]) -> list[int]:
    """Force-deletes orders or refunds with their refunds and all children; the ids of all that is gone."""
    if not ids:
        return []
    cursor.execute(f"SELECT id FROM `{prefix}wc_orders` WHERE id IN %s OR parent_order_id IN %s ORDER BY id", (ids, ids))
    gone = [int(row[0]) for row in cursor.fetchall()]
    for table, condition in _CHILDREN:
        cursor.execute(f"DELETE FROM `{prefix}{table}` WHERE " + condition.format(p=prefix), (gone,))
    return gone


def _one(cursor: Cursor) -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return row


def _units(value: str | Decimal, digits: int) -> int:
    return int((Decimal(value) * 10**digits).to_integral_value())

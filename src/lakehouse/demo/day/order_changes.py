"""What happens to existing orders on a simulated day. Each function makes one kind of change and notes the ids."""

from __future__ import annotations

from datetime import timedelta

from lakehouse.demo.day.changes import Day
from lakehouse.demo.day.stored_orders import delete_line, delete_orders, read_order, write_line, write_totals
from lakehouse.demo.store.order_rows import refund_rows
from lakehouse.demo.world.order import Refund
from lakehouse.demo.world.refunds import make_refund_of_deleted, make_refunds
from lakehouse.demo.world.world import unix_seconds

_ORDERS = "SELECT o.id FROM `{p}wc_orders` o WHERE o.type = 'shop_order' AND o.date_created_gmt < %s AND "
_NO_REFUND = " AND NOT EXISTS (SELECT 1 FROM `{p}wc_orders` r WHERE r.parent_order_id = o.id)"
_SOLD = _ORDERS + "o.status = 'wc-completed' AND o.date_created_gmt > %s AND o.billing_email NOT LIKE '%%.invalid'" + _NO_REFUND


def change_statuses(day: Day) -> None:
    """Ships most of what waits, settles bank transfers, cancels, throws into the trash, and clears carts left a day ago."""
    for kind, count, condition, status in (
        ("paid_late", 2, "o.status = 'wc-on-hold'", "wc-processing"),
        ("cancelled", 2, "o.status IN ('wc-pending', 'wc-on-hold')", "wc-cancelled"),
        ("trashed", 1, "o.status IN ('wc-cancelled', 'wc-failed', 'wc-pending')", "trash"),
    ):
        for order in day.pick(count, _ORDERS + condition, day.begin):
            _set_status(day, order, status)
            day.note(kind, [order])
    waiting = _ORDERS + "o.status = 'wc-processing' AND o.date_updated_gmt < %s"
    count = len(day.sql(waiting, day.begin, day.begin))
    shipped = day.pick(max(1, count * 9 // 10), waiting, day.begin, day.begin)
    for order in shipped:
        _set_status(day, order, "wc-completed")
    day.note("completed", shipped)
    day.note("expired_cart", delete_orders(day.cursor, day.prefix, day.pick(1000, _ORDERS + "o.status = 'wc-checkout-draft'", day.begin)))


def refund_orders(day: Day) -> None:
    """One refund of each kind, `twice` as two."""
    for kind in ("line", "amount", "full", "twice"):
        for order in day.pick(1, _SOLD, day.begin, day.begin - timedelta(days=60)):
            day.note(f"refund_{kind}", _refund(day, order, kind))
    with_shipping = " AND o.id IN (SELECT order_id FROM `{p}wc_order_operational_data` WHERE shipping_total_amount > 0)"
    for order in day.pick(1, _SOLD + with_shipping, day.begin, day.begin - timedelta(days=60)):
        day.note("refund_goods", _refund(day, order, "goods"))
    gone = (
        " AND o.id IN (SELECT i.order_id FROM `{p}woocommerce_order_items` i JOIN `{p}woocommerce_order_itemmeta` m USING (order_item_id)"
        " LEFT JOIN `{p}posts` p ON p.ID = CAST(m.meta_value AS unsigned) WHERE m.meta_key = '_product_id' AND p.ID IS NULL)"
    )
    for order in day.pick(1, _SOLD + gone, day.begin, day.begin - timedelta(days=400)):
        day.note("refund_deleted_product", _refund(day, order, "deleted_product"))


def edit_orders(day: Day) -> None:
    """A quantity with and without a new date, a removed line, another e-mail, a guest's order given to an account."""
    since = day.begin - timedelta(days=45)
    for kind in ("quantity", "quantity_silently"):
        for order_id in day.pick(1, _SOLD, day.begin, since):
            order = read_order(day.cursor, day.prefix, order_id)
            line = order.lines[0]
            line.subtotal, line.total, line.quantity = line.subtotal * 2, line.total * 2, line.quantity * 2
            write_line(day.cursor, day.prefix, line)
            if kind == "quantity":
                write_totals(day.cursor, day.prefix, order, day.moment())
            day.note(kind, [order_id])
    several = " AND (SELECT count(*) FROM `{p}woocommerce_order_items` i WHERE i.order_id = o.id AND i.order_item_type = 'line_item') > 1"
    for order_id in day.pick(1, _SOLD + several, day.begin, since):
        order = read_order(day.cursor, day.prefix, order_id)
        delete_line(day.cursor, day.prefix, order.lines.pop().item_id)
        write_totals(day.cursor, day.prefix, order, day.moment())
        day.note("removed_line", [order_id])
    for order_id in day.pick(1, _SOLD + " AND o.customer_id = 0 AND o.billing_email IS NOT NULL", day.begin, since):
        mail, moment = f"corrected{order_id}@mail.example", day.moment()
        day.sql("UPDATE `{p}wc_orders` SET billing_email = %s, date_updated_gmt = %s WHERE id = %s", mail, moment, order_id)
        day.sql("UPDATE `{p}wc_order_addresses` SET email = %s WHERE order_id = %s AND address_type = 'billing'", mail, order_id)
        day.note("other_email", [order_id])
    accounts = "(SELECT min(u.ID) FROM `{p}users` u WHERE u.user_email = trim(o.billing_email))"
    for order_id in day.pick(1, _ORDERS + f"o.customer_id = 0 AND {accounts} IS NOT NULL", day.begin):
        day.sql(f"UPDATE `{{p}}wc_orders` o SET customer_id = {accounts}, date_updated_gmt = %s WHERE o.id = %s", day.moment(), order_id)
        day.note("moved_to_account", [order_id])


def delete_some(day: Day) -> None:
    """Two orders with everything that hangs on them, one of which has refunds where there is such a one; and one refund alone."""
    with_refund = _ORDERS + "EXISTS (SELECT 1 FROM `{p}wc_orders` r WHERE r.parent_order_id = o.id)"
    chosen = day.pick(1, with_refund, day.begin) + day.pick(1, _SOLD, day.begin, day.begin - timedelta(days=400))
    day.note("deleted_order", chosen)
    day.note("deleted_with_refunds", delete_orders(day.cursor, day.prefix, chosen))
    refund = day.pick(1, "SELECT id FROM `{p}wc_orders` WHERE type = 'shop_order_refund' AND date_created_gmt < %s", day.begin)
    day.note("deleted_refund", delete_orders(day.cursor, day.prefix, refund))


def _set_status(day: Day, order: int, status: str) -> None:
    moment = day.moment()
    if status == "trash":
        rows = day.sql("SELECT status FROM `{p}wc_orders` WHERE id = %s", order)
        meta = {"_wp_trash_meta_status": str(rows[0][0]), "_wp_trash_meta_time": str(unix_seconds(moment))}
        day.insert(("wc_orders_meta", (day.ids.take("wc_orders_meta"), order, key, value)) for key, value in meta.items())
    day.sql("UPDATE `{p}wc_orders` SET status = %s, date_updated_gmt = %s WHERE id = %s", status, moment, order)
    column = {"wc-processing": "date_paid_gmt", "wc-completed": "date_completed_gmt"}.get(status)
    if column:
        day.sql(f"UPDATE `{{p}}wc_order_operational_data` SET {column} = %s WHERE order_id = %s", moment, order)


def _refund(day: Day, order_id: int, kind: str) -> list[int]:
    """Writes the refunds and moves their order's date; their ids."""
    order = read_order(day.cursor, day.prefix, order_id)
    moment = day.moment()
    if kind == "deleted_product":
        known = {int(row[0]) for row in day.sql("SELECT ID FROM `{p}posts` WHERE ID IN %s", [line.product_id for line in order.lines])}
        for line in order.lines:
            line.is_product_deleted = line.product_id not in known
        refunds: list[Refund] = [make_refund_of_deleted(order, moment)]
    else:
        refunds = make_refunds(order, kind, moment, moment + timedelta(minutes=20))
    for refund in refunds:
        refund.id = day.ids.take("posts")
        day.insert(refund_rows(refund, order, day.ids))
    status = "wc-refunded" if kind == "full" else order.status
    day.sql("UPDATE `{p}wc_orders` SET status = %s, date_updated_gmt = %s WHERE id = %s", status, refunds[-1].created, order_id)
    return [refund.id for refund in refunds]

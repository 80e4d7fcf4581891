"""The rows of an order and of a refund: order, addresses, operational data, meta, items and their meta, placeholder post."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from lakehouse.demo.store.rows import Ids, Row, Value, meta_rows, php_string, post_row
from lakehouse.demo.world.money import column, text
from lakehouse.demo.world.order import Line, Order, Refund, RefundLine, rates_of
from lakehouse.demo.world.people import People
from lakehouse.demo.world.words import STREETS

VERSION = "11.0.1"
ITEMS, ITEM_META = "woocommerce_order_items", "woocommerce_order_itemmeta"


def order_rows(order: Order, people: People, ids: Ids) -> Iterator[Row]:
    """All rows of one order whose id is set; sets the item ids of its lines."""
    is_paid = order.paid is not None
    transaction = f"tr_{order.id * 2654435761 % 2**40:010x}" if is_paid else ""
    yield placeholder(order.id, order.created)
    yield "wc_orders", (
        order.id, order.status, order.country.currency, "shop_order", column(order.tax), column(order.total), order.user_id, order.email,
        order.created,
        order.updated, 0, order.payment[0], order.payment[1], transaction,
        "0.0.0.0" if order.is_anonymised else f"192.0.2.{order.id % 250}",
        "Mozilla/5.0 (invented)", "Please ring twice 🙂" if order.id % 9 == 0 else "",
    )  # fmt: skip
    yield from _addresses(order, people, ids)
    yield "wc_order_operational_data", (
        ids.take("wc_order_operational_data"), order.id, order.via, VERSION, 1, int(is_paid), int(is_paid), "", 0,
        f"wc_order_{order.id * 40503 % 2**32:08x}",
        int(is_paid), order.paid, order.completed, column(order.shipping_tax), column(order.shipping), column(order.discount_tax),
        column(order.discount),
        int(is_paid),
    )  # fmt: skip
    meta: dict[str, Value] = {**order.meta, "is_vat_exempt": "no"} if order.via == "store-api" else {**order.meta}
    yield from meta_rows(ids, "wc_orders_meta", order.id, meta)
    yield from _items(order, ids)


def refund_rows(refund: Refund, order: Order, ids: Ids) -> Iterator[Row]:
    """All rows of one refund whose id is set: negative amounts, no customer, no address."""
    tax = sum(part.tax for part in refund.lines)
    yield placeholder(refund.id, refund.created)
    yield "wc_orders", (
        refund.id, "wc-completed", order.country.currency, "shop_order_refund", column(-tax), column(-refund.amount), None, None,
        refund.created,
        refund.created, order.id, None, None, None, None, None, None,
    )  # fmt: skip
    nothing = [None] * 9
    yield "wc_order_operational_data", (
        ids.take("wc_order_operational_data"), refund.id, None, VERSION, 1, *nothing[:7], None, *["0.00000000"] * 4, None,
    )  # fmt: skip
    is_full = refund.kind == "full"
    meta: dict[str, Value] = {"_refund_amount": text(refund.amount, 2), "_refunded_by": "1", "_refunded_payment": ""}
    meta |= {"_refund_reason": "Order fully refunded." if is_full else "Damaged", "_refund_type": "full" if is_full else "partial"}
    yield from meta_rows(ids, "wc_orders_meta", refund.id, meta)
    for part in refund.lines:
        yield from _refund_line(part, refund, ids)
    yield from _taxes(refund.id, order, [(part.line, -part.tax) for part in refund.lines], 0, ids)


def placeholder(post_id: int, created: datetime) -> Row:
    """The post that reserves an order's id."""
    return post_row(post_id, "shop_order_placehold", "", created, "draft", author=0)


def _addresses(order: Order, people: People, ids: Ids) -> Iterator[Row]:
    first, last = people.first_name[order.person], people.last_name[order.person]
    postcode, city = order.country.cities[order.person % len(order.country.cities)]
    street, phone = f"{STREETS[order.person % len(STREETS)]} {order.person % 190 + 1}", f"+00{order.person:09d}"
    if order.is_anonymised:
        first = last = street = city = postcode = phone = "[deleted]"
    for type_ in ("billing", "shipping"):
        email = order.email if type_ == "billing" else None
        place = (None, street, None, city, None, postcode, order.country.code)
        yield "wc_order_addresses", (ids.take("wc_order_addresses"), order.id, type_, first, last, *place, email, phone)


def _items(order: Order, ids: Ids) -> Iterator[Row]:
    for line in order.lines:
        yield from line_rows(line, order, ids)
    standard, _ = rates_of(order.country)
    title = "Pick-up" if order.shipping_method == "local_pickup" else "Delivery"
    taxes = f"a:1:{{{php_string('total')}a:1:{{i:{standard.id};{php_string(text(order.shipping_tax, 2))}}}}}"
    meta: dict[str, Value] = {"method_id": order.shipping_method, "instance_id": "1", "cost": text(order.shipping, 2)}
    goods = f"{order.lines[0].name} &times; {text(order.lines[0].quantity, 3)}"
    meta |= {"total_tax": text(order.shipping_tax, 2), "taxes": taxes, "Items": goods}
    yield from _item(order.id, "shipping", title, meta, ids)
    if order.fee:
        fee = text(order.fee, 2)
        meta = {"_fee_amount": fee, "_tax_class": "", "_tax_status": "none", "_line_total": fee, "_line_tax": "0"}
        yield from _item(order.id, "fee", "Deposit", meta, ids)
    if order.coupon:
        code, percent = order.coupon
        meta = {"discount_amount": text(order.discount, 2), "discount_amount_tax": text(order.discount_tax, 2)}
        yield from _item(order.id, "coupon", code, meta | {"coupon_info": f'[5,"{code}","percent",{percent}]'}, ids)
    yield from _taxes(order.id, order, [(line, line.tax) for line in order.lines], order.shipping_tax, ids)


def line_rows(line: Line, order: Order, ids: Ids) -> Iterator[Row]:
    """A product line of an order; sets its item id."""
    meta: dict[str, Value] = {
        "_product_id": str(line.product_id), "_variation_id": str(line.variation_id), "_qty": text(line.quantity, 3),
        "_tax_class": line.rate.tax_class,
        "_line_subtotal": text(line.subtotal, 6), "_line_subtotal_tax": text(line.subtotal_tax, 2), "_line_total": text(line.total, 6),
        "_line_tax": text(line.tax, 2), "_line_tax_data": _tax_data(line, line.total * line.rate.permille,
        line.subtotal * line.rate.permille, 9),
    }  # fmt: skip
    if order.paid is not None:
        meta["_reduced_stock"] = text(line.quantity, 3)
    if line.size:
        meta["pa_size"] = line.size.replace(" ", "-").lower()
    line.item_id = ids.next_ids.get(ITEMS, 1)
    yield from _item(order.id, "line_item", line.name, meta, ids)


def _refund_line(part: RefundLine, refund: Refund, ids: Ids) -> Iterator[Row]:
    line, is_gone = part.line, refund.kind == "deleted_product"
    total, tax = text(-part.total, 2), text(-part.tax, 2)
    meta: dict[str, Value] = {
        "_product_id": "0" if is_gone else str(line.product_id), "_variation_id": "0" if is_gone else str(line.variation_id),
        "_qty": text(-part.quantity, 3), "_tax_class": line.rate.tax_class, "_line_subtotal": total, "_line_subtotal_tax": tax,
        "_line_total": total,
        "_line_tax": tax, "_line_tax_data": _tax_data(line, -part.tax, -part.tax, 2), "_refunded_item_id": str(line.item_id),
    }  # fmt: skip
    yield from _item(refund.id, "line_item", line.name, meta, ids)


def _taxes(order_id: int, order: Order, taxed: list[tuple[Line, int]], shipping_tax: int, ids: Ids) -> Iterator[Row]:
    """One item per rate in use."""
    standard, reduced = rates_of(order.country)
    by_rate: dict[int, int] = defaultdict(int)
    for line, tax in taxed:
        by_rate[line.rate.id] += tax
    if shipping_tax:
        by_rate[standard.id] += 0
    for rate in (standard, reduced):
        if rate.id in by_rate:
            meta: dict[str, Value] = {"rate_id": str(rate.id), "label": rate.label, "compound": "", "tax_amount": text(by_rate[rate.id], 2)}
            meta |= {"shipping_tax_amount": text(shipping_tax if rate is standard else 0, 2), "rate_percent": text(rate.permille, 1)}
            yield from _item(order_id, "tax", f"{order.country.code}-{rate.label}-1".upper(), meta, ids)


def _item(order_id: int, type_: str, name: str, meta: dict[str, Value], ids: Ids) -> Iterator[Row]:
    item_id = ids.take(ITEMS)
    yield ITEMS, (item_id, name, type_, order_id)
    yield from meta_rows(ids, ITEM_META, item_id, meta)


def _tax_data(line: Line, total: int, subtotal: int, digits: int) -> str:
    """PHP-serialised, unrounded."""
    taxes = {"total": total, "subtotal": subtotal}
    parts = [f"{php_string(key)}a:1:{{i:{line.rate.id};{php_string(text(value, digits))}}}" for key, value in taxes.items()]
    return f"a:2:{{{''.join(parts)}}}"

"""The ways money goes back. Each gives a `Refund` for an order whose lines are known; nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lakehouse.demo.world.money import cents_of
from lakehouse.demo.world.order import Line, Order, Refund, RefundLine

KINDS = ("goods", "line", "amount", "full", "twice")


def make_refunds(order: Order, kind: str, first: datetime, second: datetime) -> list[Refund]:
    """One refund of that kind, or two parts of it (`twice`); `goods` needs paid shipping, else it is a part."""
    if kind == "full":
        return [Refund("full", first, order.total)]
    if kind == "amount":
        return [Refund("amount", first, min(300, order.total // 4))]
    if kind == "goods" and order.shipping > 0:
        return [_of_lines("goods", order.lines, first)]
    largest = max(order.lines, key=lambda line: (line.quantity, -line.item_id, line.name))
    if kind == "twice" and largest.quantity >= 2000:
        parts = [_part(largest, 1000), _part(largest, largest.quantity - 1000)]
        return [_refund("line", [part], moment) for part, moment in zip(parts, (first, second), strict=True)]
    if largest.quantity >= 2000:
        return [_refund("line", [_part(largest, 1000)], first)]
    return [_of_lines("line", order.lines[: max(1, len(order.lines) // 3)], first)]


def make_refund_of_deleted(order: Order, moment: datetime) -> Refund:
    """Gives back the lines whose product is no longer there: such refund lines carry product 0."""
    return _of_lines("deleted_product", [line for line in order.lines if line.is_product_deleted], moment)


def _of_lines(kind: str, lines: Sequence[Line], moment: datetime) -> Refund:
    return _refund(kind, [_part(line, line.quantity) for line in lines], moment)


def _refund(kind: str, parts: list[RefundLine], moment: datetime) -> Refund:
    return Refund(kind, moment, sum(part.total + part.tax for part in parts), parts)


def _part(line: Line, quantity: int) -> RefundLine:
    total, tax = cents_of(line.total), line.tax
    return RefundLine(line, quantity, total * quantity // line.quantity, tax * quantity // line.quantity)

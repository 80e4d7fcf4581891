"""Orders from baskets: prices, taxes, shipping, payment, and what became of each by a given moment. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.world.goods import Good
from lakehouse.demo.world.order import Line, Order, rates_of
from lakehouse.demo.world.people import typed_email
from lakehouse.demo.world.refunds import KINDS, make_refund_of_deleted, make_refunds
from lakehouse.demo.world.words import AISLES, ANONYMOUS_MAIL, COUNTRIES, Country
from lakehouse.demo.world.world import World, unix_seconds

COUPONS = (("welkom10", 10), ("zomer5", 5), ("old20", 20))
PAID = ("wc-completed", "wc-processing")
_PIECES = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)
_WEIGHTS = (250, 500, 500, 750, 1000, 1000, 1500)
_SOURCES = ("organic", "typein", "referral", "utm")


def make_orders(world: World, goods: Mapping[int, Good], users: NDArray[np.int64], days: range, now: datetime) -> list[Order]:
    """The orders of these days by time, as they are at `now`."""
    return settled(world, place_orders(world, goods, users, days, now), now)


def place_orders(world: World, goods: Mapping[int, Good], users: NDArray[np.int64], days: range, now: datetime) -> list[Order]:
    """What became of the baskets of these days; failed payments may be followed by a second order minutes later."""
    baskets = world.baskets
    draws = np.random.default_rng([world.plan.seed, 5]).random((len(baskets), 14))
    line_draws = np.random.default_rng([world.plan.seed, 6]).random((len(baskets.line_product), 2))
    chosen = np.flatnonzero((baskets.day >= days.start) & (baskets.day < days.stop))
    orders: list[Order] = []
    for basket in chosen.tolist():
        if (order := _order(world, goods, users, basket, draws[basket].tolist(), line_draws, now)) is not None:
            orders.append(order)
            orders.extend(_retry(order, draws[basket].tolist(), now))
    return orders


def settled(world: World, orders: list[Order], now: datetime) -> list[Order]:
    """The orders by time; the last ones are still carts, and of those that were delivered some are paid back."""
    orders.sort(key=lambda order: (order.created, order.person))
    _leave_carts(orders, now)
    _refund_some(world, orders, now)
    return orders


def _order(
    world: World,
    goods: Mapping[int, Good],
    users: NDArray[np.int64],
    basket: int,
    draw: list[float],
    line_draws: NDArray[np.float64],
    now: datetime,
) -> Order | None:
    baskets, people = world.baskets, world.people
    person, day = int(baskets.person[basket]), int(baskets.day[basket])
    country, kind = COUNTRIES[people.country[person]], people.kind[person]
    coupon = COUPONS[int(draw[1] * 30)] if draw[1] < 0.1 else None
    lines = []
    for position in range(int(baskets.first_line[basket]), int(baskets.first_line[basket + 1])):
        number = int(baskets.line_product[position])
        if number in goods:
            line = _line(world, goods[number], number, country, line_draws[position].tolist(), coupon[1] if coupon else 0)
            line.is_reorder = bool(baskets.line_is_reorder[position])
            lines.append(line)
    if not lines:
        return None
    created = world.plan.instant(day, int(baskets.second[basket]))
    is_member = users[person] > 0 and people.registered_day[person] <= day and kind != "deleted_account" and draw[2] > 0.03
    is_anonymised = kind == "anonymised" and day < world.plan.days
    order = Order(
        person, created, created, "wc-pending", country, int(users[person]) if is_member else 0,
        ANONYMOUS_MAIL if is_anonymised else typed_email(people, person, draw[3]), lines, coupon=coupon, is_anonymised=is_anonymised,
        payment=country.payments[int(draw[4] * len(country.payments))],
        via="admin" if kind == "no_email" else ("checkout", "store-api", "store-api", "rest-api")[int(draw[5] * 4)],
        fee=25 * country.price_permille // 1000 if draw[6] < 0.06 else 0,
    )  # fmt: skip
    _ship(order, draw[7])
    _progress(order, draw, now)
    if draw[8] < 0.6:
        order.meta["_wc_order_attribution_source_type"] = _SOURCES[int(draw[8] * 6.6)]
    if is_anonymised:
        order.meta["_anonymized"] = "yes"
    return order


def _line(world: World, good: Good, number: int, country: Country, draw: list[float], percent_off: int) -> Line:
    product = world.catalogue.products[number]
    size = good.sizes[int(draw[0] * len(good.sizes))]
    quantity = _WEIGHTS[int(draw[1] * len(_WEIGHTS))] if product.is_weighed else 1000 * _PIECES[int(draw[1] * len(_PIECES))]
    is_standard = AISLES[product.aisle].is_standard_rate
    gross = size.cents * country.price_permille // 1000 * quantity * 10
    base = 1000 + (COUNTRIES[0].standard_rate if is_standard else COUNTRIES[0].reduced_rate)
    subtotal = (gross * 1000 + base // 2) // base
    standard, reduced = rates_of(country)
    return Line(
        f"{good.name} - {size.name}" if size.variation_id else good.name, good.product_id, size.variation_id, quantity,
        standard if is_standard else reduced, subtotal, subtotal - subtotal * percent_off // 100,
        size.name if size.variation_id else "", number, is_product_deleted=product.status == "deleted",
    )  # fmt: skip


def _ship(order: Order, draw: float) -> None:
    """Free above 60 euros and when picked up."""
    if draw < 0.04:
        order.shipping_method = "local_pickup"
    elif sum(line.total for line in order.lines) // 10_000 < 60 * order.country.price_permille // 10:
        order.shipping = 409 * order.country.price_permille // 1000
        order.shipping_tax = (order.shipping * order.country.standard_rate + 500) // 1000


def _progress(order: Order, draw: list[float], now: datetime) -> None:
    """Sets status and dates as they are at `now`."""
    fate, later = draw[0], order.created + timedelta(minutes=int(5 + draw[9] * 400))
    limits = (("wc-failed", 0.035), ("wc-cancelled", 0.07), ("wc-pending", 0.08), ("wc-on-hold", 0.092), ("trash", 0.099))
    status = next((status for status, limit in limits if fate < limit), "wc-processing")
    if status == "wc-on-hold":
        order.payment = ("bacs", "Direct bank transfer")
    if status != "wc-processing":
        order.status, order.updated = status, min(later, now) if status in ("wc-cancelled", "trash") else order.created
        if status == "trash":
            order.meta |= {"_wp_trash_meta_status": "wc-pending", "_wp_trash_meta_time": str(unix_seconds(order.updated))}
        return
    _pay(order, draw, now)


def _pay(order: Order, draw: list[float], now: datetime) -> None:
    order.paid = order.created
    shipped = order.created + timedelta(seconds=int(86_400 * (0.8 + 1.7 * draw[9])))
    order.status = "wc-completed" if shipped <= now else "wc-processing"
    order.completed = shipped if shipped <= now else None
    order.updated = order.completed or order.created


def _retry(failed: Order, draw: list[float], now: datetime) -> list[Order]:
    created = failed.created + timedelta(minutes=int(2 + draw[10] * 15))
    if failed.status != "wc-failed" or draw[11] > 0.7 or created > now:
        return []
    again = copy(failed)
    again.lines, again.meta, again.created = [copy(line) for line in failed.lines], dict(failed.meta), created
    _pay(again, draw, now)
    return [again]


def _leave_carts(orders: list[Order], now: datetime) -> None:
    """The last carts are still open at the checkout; older ones have been cleaned up."""
    last_day = [order for order in orders if order.created > now - timedelta(days=1) and order.user_id == 0]
    for order in (last_day[-1::-12] if last_day else []) or orders[-1:]:
        order.status, order.updated, order.paid, order.completed, order.payment = "wc-checkout-draft", order.created, None, None, ("", "")


def _refund_some(world: World, orders: list[Order], now: datetime) -> None:
    """About 3 % of completed orders, all kinds in turn; also lines of products that have been deleted meanwhile."""
    turn, deleted_turn = 0, 0
    for number, order in enumerate(orders):
        if order.completed is None or order.refunds or order.is_anonymised:
            continue
        first = order.completed + timedelta(hours=7 + number % 60)
        second = first + timedelta(hours=30)
        if second <= now and (number * 2654435761) % 1000 < 32:
            if KINDS[turn % len(KINDS)] != "goods" or order.shipping:  # else its turn comes with the next one
                order.refunds = make_refunds(order, KINDS[turn % len(KINDS)], first, second)
                turn += 1
        elif any(line.is_product_deleted for line in order.lines):
            moment = max(first, _all_gone(world, order) + timedelta(days=1, hours=number % 24))
            if moment <= now and moment < order.created + timedelta(days=90):
                order.refunds = [make_refund_of_deleted(order, moment)] if deleted_turn % 12 == 0 else []
                deleted_turn += 1
        if order.refunds:
            order.updated = order.refunds[-1].created
            order.status = "wc-refunded" if order.refunds[-1].kind == "full" else order.status


def _all_gone(world: World, order: Order) -> datetime:
    days = [int(world.catalogue.gone_day[line.product]) for line in order.lines if line.is_product_deleted]
    return world.plan.instant(max(days), 10 * 3600)

"""The next day of trade on an existing demo shop: new orders, and changes of every kind that the ingest has to notice."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.day import order_changes, shop_changes
from lakehouse.demo.day.changes import Day, next_ids
from lakehouse.demo.day.packs import Sent
from lakehouse.demo.day.response import caused
from lakehouse.demo.store.projection import project
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import FIRST_PRODUCT_POST, order_event_rows
from lakehouse.demo.world.goods import Good, Size, first_goods
from lakehouse.demo.world.order import Order
from lakehouse.demo.world.orders import place_orders, settled
from lakehouse.demo.world.people import user_ids
from lakehouse.demo.world.truth import due_frame, lines_frame, read_state, write_state
from lakehouse.demo.world.variant import Store, speak
from lakehouse.demo.world.world import DAYS_AHEAD, TIME_ZONE, make_world


class DayError(ValueError):
    """That day cannot be simulated; the message says which one can."""


def simulate_day(
    server: Server, database: str, *, day: date, seed: int, truth: Path, sent: Sequence[Sent] = (), uplift: float = 0.0
) -> dict[str, int]:
    """Simulates the day after the shop's last one, all or nothing; how many things changed, by kind of change.

    `sent`: what campaigns sent that morning; whom one reached comes more often by the share `uplift` (0.2: a fifth), see `response.caused`.
    The ids are in `days/<date>.json` of the truth folder, with the day's lines beside them; `due.parquet` is of the new day.
    """
    state = read_state(truth)
    if day != state.today + timedelta(days=1) or database != state.database:
        raise DayError(f"The next day of {state.database} is {state.today + timedelta(days=1)}, not {day} of {database}.")
    if day > state.plan.end + timedelta(days=DAYS_AHEAD - 1):
        raise DayError(f"This shop can go on for {DAYS_AHEAD} days after {state.plan.end} only: create one with a later end.")
    world = make_world(state.plan)
    with server.connect(state.working_database) as connection, connection.cursor() as cursor:
        speak(cursor, state.charset)
        connection.begin()
        rng = np.random.default_rng([seed, day.toordinal()])
        ids = next_ids(cursor, state.working_database, state.prefix)
        if state.store is Store.LEGACY:
            # One sequence: the keys of orders have taken ids there.
            ids.next_ids["postmeta"] = next_ids(cursor, database, state.prefix).next_ids["postmeta"]
        today = Day(cursor, world, state, state.plan.day_number(day), rng, ids)
        shop_changes.register_users(today)
        shop_changes.launch_products(today)
        order_changes.change_statuses(today)
        order_changes.refund_orders(today)
        order_changes.edit_orders(today)
        order_changes.delete_some(today)
        goods = _goods(today)
        own = place_orders(world, goods, _users(today), range(today.number, today.number + 1), today.end)
        added = _orders_of_campaigns(today, goods, sent, uplift, seed)
        orders = settled(world, [*own, *added], today.end)
        today.insert(order_event_rows(orders, world.people, today.ids))
        today.note("new_order", (order.id for order in orders))
        if sent:
            today.note("campaign_order", (order.id for order in added))
        shop_changes.change_products(today)
        shop_changes.unsubscribe(today)
        if state.store is Store.LEGACY:
            project(cursor, database, state.prefix, TIME_ZONE)
        connection.commit()
    state.today = day
    (truth / "days").mkdir(exist_ok=True)
    (truth / "days" / f"{day}.json").write_text(json.dumps(today.log, indent=1) + "\n", encoding="utf-8")
    lines_frame(orders).to_parquet(truth / "days" / f"{day}.parquet", index=False)
    due_frame(world, goods, today.number).to_parquet(truth / "due.parquet", index=False)
    write_state(truth, state)
    return {kind: len(ids) for kind, ids in today.log.items()}


def _orders_of_campaigns(day: Day, goods: dict[int, Good], sent: Sequence[Sent], uplift: float, seed: int) -> list[Order]:
    """Drawn apart from all else, so that the rest of the day is the same without them."""
    if not sent:
        return []
    rng = np.random.default_rng([seed, day.number, 14])
    world = caused(day.world, goods, sent, day.number, uplift, rng)
    return place_orders(world, goods, _users(day), range(day.number, day.number + 1), day.end)


def _users(day: Day) -> NDArray[np.int64]:
    users = user_ids(day.world.people, day.world.plan.days - 1)
    for person, user in day.state.users.items():
        users[person] = user
    return users


def _goods(day: Day) -> dict[int, Good]:
    """The goods with the names and prices that the database has now."""
    goods, _ = first_goods(day.world.catalogue, day.world.plan.days, FIRST_PRODUCT_POST)
    for number, (product_id, image_id) in day.state.launched.items():
        product = day.world.catalogue.products[number]
        goods[number] = Good(product_id, image_id, product.name, (Size(*product.sizes[0]),))
    names = {int(post): str(title) for post, title in day.sql("SELECT ID, post_title FROM `{p}posts` WHERE post_type = 'product'")}
    stored = day.sql("SELECT post_id, meta_value FROM `{p}postmeta` WHERE meta_key = '_price'")
    prices = {int(post): int(Decimal(price) * 100) for post, price in stored}
    return {number: _as_stored(good, names, prices) for number, good in goods.items()}


def _as_stored(good: Good, names: dict[int, str], prices: dict[int, int]) -> Good:
    sizes = tuple(Size(size.name, prices.get(size.variation_id or good.product_id, size.cents), size.variation_id) for size in good.sizes)
    return Good(good.product_id, good.image_id, names.get(good.product_id, good.name), sizes)

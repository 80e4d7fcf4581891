"""A whole shop into a database: tables, rows, the truth beside it, and an account that may only read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lakehouse.demo.store import schema
from lakehouse.demo.store.catalogue_rows import catalogue_rows, term_rows
from lakehouse.demo.store.legacy import set_legacy_options, to_migrated
from lakehouse.demo.store.load import load_files, write_files
from lakehouse.demo.store.order_rows import order_rows, refund_rows
from lakehouse.demo.store.people_rows import account_rows, comment_rows, site_rows, unsubscribe_rows
from lakehouse.demo.store.projection import LEGACY_TABLES, project
from lakehouse.demo.store.rows import Ids, Row
from lakehouse.demo.store.server import Server
from lakehouse.demo.world.goods import Good, first_goods
from lakehouse.demo.world.order import Order, Refund
from lakehouse.demo.world.orders import make_orders
from lakehouse.demo.world.people import People, user_ids
from lakehouse.demo.world.truth import State, write_state, write_truth
from lakehouse.demo.world.variant import Charset, Store, speak, working_database
from lakehouse.demo.world.world import TIME_ZONE, Plan, World, make_world

if TYPE_CHECKING:
    from pymysql.cursors import Cursor

FIRST_PRODUCT_POST = 3  # after the two posts of the site


def create_shop(
    server: Server,
    database: str,
    *,
    customers: int,
    products: int,
    days: int,
    seed: int,
    end: date,
    truth: Path,
    prefix: str = "wp_",
    store: str = "hpos",
    charset: str = "utf8mb4",
) -> dict[str, int]:
    """Makes the database anew with a shop whose last day of trade is `end`, writes the truth; the number of rows per table.

    The truth and the numbers do not depend on `store` and `charset`. A legacy shop has a second database beside it, `<database>_master`
    with order tables, in which its next days are simulated.
    """
    plan = Plan(customers, products, days, seed, end)
    world = make_world(plan)
    users = user_ids(world.people, plan.days - 1)
    goods, next_post = first_goods(world.catalogue, plan.days, FIRST_PRODUCT_POST)
    now = plan.instant(plan.days)
    orders = make_orders(world, goods, users, range(plan.days), now)
    with tempfile.TemporaryDirectory() as folder:
        counts = write_files(_rows(world, goods, users, orders, next_post, prefix), Path(folder))
        with server.connect() as connection, connection.cursor() as cursor:
            speak(cursor, charset)
            cursor.execute(f"DROP DATABASE IF EXISTS `{working_database(database, Store.LEGACY)}`")
            _create_database(cursor, working_database(database, store), charset)
            for statement in schema.create_statements(prefix, charset):
                cursor.execute(statement)
            load_files(cursor, Path(folder), prefix, counts, charset)
            for statement in schema.key_statements(prefix):
                cursor.execute(statement)
            if store == Store.MIGRATED:
                to_migrated(cursor, prefix, TIME_ZONE, plan.instant(plan.days * 2 // 3))
            if store == Store.LEGACY:
                _create_legacy(cursor, database, prefix, charset)
    write_truth(truth, world, goods, users, orders, counts)
    write_state(truth, State(plan, database, prefix, end, store=Store(store), charset=Charset(charset)))
    return dict(counts)


def create_reader(server: Server, database: str, user: str, password: str, grants: Sequence[str]) -> None:
    """Makes the account `user`@`127.0.0.1` anew with these GRANT statements as its only rights."""
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE USER %s@'127.0.0.1' IDENTIFIED BY %s", (user, password))
        for grant in grants:
            cursor.execute(grant)


def tables_of(server: Server, database: str) -> set[str]:
    """The names of all tables that are there."""
    with server.connect(database) as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        return {str(name) for (name,) in cursor.fetchall()}


def order_event_rows(orders: Sequence[Order], people: People, ids: Ids) -> Iterator[Row]:
    """Rows of orders and their refunds, which get their ids in the order of time: refunds come between later orders."""
    events: list[tuple[datetime, int, int, Order, Refund | None]] = [
        (order.created, place, 0, order, None) for place, order in enumerate(orders)
    ]
    for place, order in enumerate(orders):
        events += [(refund.created, place, 1 + turn, order, refund) for turn, refund in enumerate(order.refunds)]
    for *_, order, refund in sorted(events, key=lambda event: event[:3]):
        if refund is None:
            order.id = ids.take("posts")
            yield from order_rows(order, people, ids)
        else:
            refund.id = ids.take("posts")
            yield from refund_rows(refund, order, ids)


def _create_database(cursor: Cursor, database: str, charset: str) -> None:
    """Anew and empty; it is the current one afterwards."""
    cursor.execute(f"DROP DATABASE IF EXISTS `{database}`")
    cursor.execute(f"CREATE DATABASE `{database}` {schema.default_charset(charset)}")
    cursor.execute(f"USE `{database}`")


def _create_legacy(cursor: Cursor, database: str, prefix: str, charset: str) -> None:
    """From the current database, whose options become those of such a shop."""
    master = working_database(database, Store.LEGACY)
    set_legacy_options(cursor, prefix)
    _create_database(cursor, database, charset)
    for table in LEGACY_TABLES:
        cursor.execute(table.create_statement(prefix, charset))
        if table.keys:
            cursor.execute(table.key_statement(prefix))
    cursor.execute(f"USE `{master}`")
    project(cursor, database, prefix, TIME_ZONE)


def _rows(world: World, goods: dict[int, Good], users: np.ndarray, orders: Sequence[Order], next_post: int, prefix: str) -> Iterator[Row]:
    ids, plan = Ids(), world.plan
    yield from site_rows(plan, prefix, ids)
    yield from account_rows(world.people, users, plan, prefix, ids)
    yield from term_rows()
    yield from catalogue_rows(world.catalogue, goods, plan, ids)
    ids.next_ids["posts"] = next_post
    yield from order_event_rows(orders, world.people, ids)
    yield from comment_rows(orders, world.people, goods, plan.instant(plan.days), ids)
    yield from unsubscribe_rows(world.people, plan, ids)

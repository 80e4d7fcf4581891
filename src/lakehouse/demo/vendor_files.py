"""`lakehouse demo files`: what the demo shop's vendors send on its last day, some of it wrong, and what is true about it."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Collection, Iterable, Sequence
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lakehouse.demo.world.assortment import Product
from lakehouse.demo.world.truth import State
from lakehouse.demo.world.world import make_world
from lakehouse.sources.feed import Feed
from lakehouse.sources.mobile_app import INSTALLS, ORDER_LINES, ORDERS, USERS
from lakehouse.sources.other_feeds import MAIL_FEEDBACK
from lakehouse.sources.wholesalers import ARTICLES, OFFERS_B, PRICES_A, TARIFF_C

Row = Sequence[Any]


def write_files(drop: Path, truth: Path, state: State, only: Collection[Feed] = ()) -> dict[str, int]:
    """Nine files, or those of the feeds `only`, named by the shop's last day, as settled as files that came an hour ago; gives file → rows.

    App users are a fifth of the people with a usable address, who may type it in capitals, and some the shop has never seen; their
    truth (`app_user_id`, `person`, -1 for a stranger) is in `<truth>/app_users.parquet`. wholesaler_b has decimal commas.
    """
    rng = np.random.default_rng([state.plan.seed, 99])
    people = pd.read_parquet(truth / "people.parquet")
    lines = pd.read_parquet(truth / "lines.parquet")
    products = pd.read_parquet(truth / "products.parquet")
    goods = dict(zip(products["product_id"], make_world(state.plan).catalogue.products, strict=True))
    users = _users(people, rng)
    users[["app_user_id", "person"]].to_parquet(truth / "app_users.parquet", index=False)
    orders, order_lines = _orders(users, lines, goods, state.today, rng)
    a, b, c = (_offers(part, goods) for part in np.array_split(np.array(sorted(set(goods) - {0})), 3))
    day = state.today.isoformat()
    found: dict[Feed, list[Row]] = {
        USERS: [_user(user, day) for user in users.itertuples()],
        INSTALLS: [_install(user, day, rng.random()) for user in users.itertuples()],
        ORDERS: orders,
        ORDER_LINES: order_lines,
        PRICES_A: [(n, g, d, "12", _comma(p), "EUR", "24", "2,5", _point(state.today), "", "40") for n, g, d, p in a],
        OFFERS_B: [(n, g, d, "6", _comma(6 * p), "EUR", "10", "0.05", "", "", day, "", "30") for n, g, d, p in b],
        TARIFF_C: [(n, g, d, "10", _comma(p), "EUR", f"{state.today:%-d/%-m/%Y}", "", "500", "10>5%|50>12%") for n, g, d, p in c],
        ARTICLES[2]: [(n, goods[int(n[1:])].sku) for n, *_ in c if goods[int(n[1:])].sku],
        MAIL_FEEDBACK: _feedback(people, day),
    }
    return {write_file(drop, feed, state.today, rows): len(rows) for feed, rows in found.items() if not only or feed in only}


def _users(people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    known = people[people["is_valid_email"] & (rng.random(len(people)) < 0.2)]
    strangers = max(5, len(known) // 5)
    email = [address.upper() if number % 10 == 0 else address for number, address in enumerate(known["email"])]
    return pd.DataFrame(
        {
            "app_user_id": [f"a{number}" for number in range(len(known) + strangers)],
            "person": [*known["person"], *[-1] * strangers],
            "email": [*email, *(f"app.user{number}@mail.example" for number in range(strangers))],
            "country": [*known["country"], *["NL"] * strangers],
        }
    )


def _orders(
    users: pd.DataFrame, lines: pd.DataFrame, goods: dict[int, Product], today: date, rng: np.random.Generator
) -> tuple[list[Row], list[Row]]:
    """Of each third user the last order in the shop was made in the app; each second user has one that only the app knows."""
    last = lines.sort_values("created").groupby("person")["order_id"].last().to_dict()
    sold = [product for number, product in goods.items() if number and (product.sku or product.gtin)]
    orders: list[Row] = []
    order_lines: list[Row] = []
    for number, user in enumerate(users.itertuples()):
        made = [last[user.person]] if number % 3 == 0 and user.person in last else []
        for woo in [*made, *([""] if number % 2 else [])]:
            order_id = 900_000 + len(orders)
            at = f"{today - timedelta(days=int(rng.integers(1, 60)))}T12:00:00Z"
            products = rng.choice(len(sold), 2, replace=False)
            status = "cancelled" if number % 20 == 19 else "paid"
            orders.append((order_id, user.app_user_id, woo, status, "EUR", at, at, "20.00", "1.65", "0", "0", user.country, at))
            for line_no, product in enumerate((sold[i] for i in products), start=1):
                code = (product.sku, "") if line_no == 1 and product.sku else ("", product.gtin) if product.gtin else (product.sku, "")
                order_lines.append((order_id, line_no, *code, unescape(product.name), "1", "9.175", "0.825"))
    return orders, order_lines


def _user(user: Any, day: str) -> Row:
    return user.app_user_id, user.email, "", "", "", user.country, "2025-01-01T08:00:00Z", "", 1, "", f"{day}T03:00:00Z"


def _install(user: Any, day: str, pick: float) -> Row:
    gone = f"{day}T01:00:00Z" if pick < 0.1 else ""
    token = f"token-{user.app_user_id}" if pick < 0.8 else ""
    return (
        f"i-{user.app_user_id}",
        user.app_user_id,
        "ios" if pick < 0.4 else "android",
        "4.2",
        "2025-01-01T08:00:00Z",
        f"{day}T02:00:00Z",
        gone,
        1,
        token,
    )


def _offers(numbers: Iterable[int], goods: dict[int, Product]) -> list[tuple[str, str, str, float]]:
    """(article code, GTIN, description, price of a unit)"""
    return [(f"W{n}", goods[n].gtin or "", unescape(goods[n].name), round(goods[n].sizes[0][1] * 0.006, 2)) for n in map(int, numbers)]


def _feedback(people: pd.DataFrame, day: str) -> list[Row]:
    some = people[people["is_valid_email"]].head(60)["email"]
    kinds = ("bounced_hard", "unsubscribed", "delivered", "delivered", "opened")
    return [(f"m{number}", kinds[number % 5], email, f"{day}T09:00:00Z", "autumn") for number, email in enumerate(some)]


def _comma(value: float) -> str:
    return f"{value:.2f}".replace(".", ",")


def _point(day: date) -> str:
    return f"{day:%d.%m.%Y}"


def write_file(drop: Path, feed: Feed, day: date, rows: Iterable[Row]) -> str:
    """In the feed's own dialect, as if it had come an hour ago; gives its place below `drop`."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=feed.delimiter, lineterminator="\r\n")
    writer.writerow([field.headers[0] for field in feed.fields])
    writer.writerows(rows)
    path = drop / feed.sender / feed.name_on(day)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.getvalue().encode("utf-16" if feed.encoding == "utf-16-le" else feed.encoding, "replace"))
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    return f"{feed.sender}/{path.name}"

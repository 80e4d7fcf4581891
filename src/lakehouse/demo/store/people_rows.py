"""The rows of the site itself: settings, accounts, reviews, order notes, who does not want mail."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from lakehouse.demo.store.rows import SITE, Ids, Row, Value, meta_rows, post_row
from lakehouse.demo.world.goods import Good
from lakehouse.demo.world.order import Order
from lakehouse.demo.world.people import People
from lakehouse.demo.world.words import COUNTRIES, STREETS, Country
from lakehouse.demo.world.world import Plan, local_time, unix_seconds

OPTIONS = {
    "siteurl": SITE, "home": SITE, "blogname": "The demo grocer", "permalink_structure": "/%postname%/",
    "timezone_string": "Europe/Amsterdam",
    "gmt_offset": "", "woocommerce_currency": "EUR", "woocommerce_prices_include_tax": "yes", "woocommerce_calc_taxes": "yes",
    "woocommerce_default_country": "NL", "woocommerce_custom_orders_table_enabled": "yes",
    "woocommerce_custom_orders_table_data_sync_enabled": "no", "woocommerce_manage_stock": "yes", "woocommerce_version": "11.0.1",
    "woocommerce_db_version": "11.0.1",
}  # fmt: skip
MAIL_KINDS = ("customer_review_request", "customer_abandoned_cart")
FAKE_HASH = "$wp$2y$10$" + "x" * 53


def site_rows(plan: Plan, prefix: str, ids: Ids) -> Iterator[Row]:
    """Settings, two posts that are no products, and the administrator."""
    for name, value in OPTIONS.items():
        yield "options", (ids.take("options"), name, value, "on")
    made = plan.instant(0) - timedelta(days=800)
    yield post_row(ids.take("posts"), "post", "Hello world!", made)
    yield post_row(ids.take("posts"), "page", "Checkout", made)
    ids.take("users")
    yield "users", (1, "shopadmin", FAKE_HASH, "shopadmin", "admin@shop.example", SITE, made, "", 0, "shopadmin")
    meta: dict[str, Value] = {"nickname": "shopadmin", f"{prefix}capabilities": 'a:1:{s:13:"administrator";b:1;}', "locale": ""}
    yield from meta_rows(ids, "usermeta", 1, meta)


def account_rows(people: People, users: NDArray[np.int64], plan: Plan, prefix: str, ids: Ids) -> Iterator[Row]:
    """The accounts made so far, in order of their ids; deleted ones leave a gap."""
    for person in np.argsort(users, kind="stable").tolist():
        if users[person] > 0 and people.kind[person] != "deleted_account":
            registered = plan.instant(int(people.registered_day[person]), 5 * 3600 + person % 3600)
            consent = "yes" if people.has_consent[person] else None
            name, country = (people.first_name[person], people.last_name[person]), COUNTRIES[people.country[person]]
            yield from user_rows(int(users[person]), name, people.email[person] or "", country, registered, consent, prefix, ids)


def user_rows(
    user_id: int, name: tuple[str, str], email: str, country: Country, registered: datetime, consent: str | None, prefix: str, ids: Ids
) -> Iterator[Row]:
    """One customer's account."""
    first, last = name
    login = email.split("@")[0][:40] or f"user{user_id}"
    yield "users", (user_id, login, FAKE_HASH, login.replace(".", "-"), email, "", registered, "", 0, f"{first} {last}")
    meta: dict[str, Value] = {
        "nickname": login, "first_name": first, "last_name": last, "billing_first_name": first, "billing_last_name": last,
        "billing_country": country.code, "billing_address_1": f"{STREETS[user_id % len(STREETS)]} {user_id % 190 + 1}",
        "billing_email": email,
        "locale": country.locale if user_id % 3 else "", f"{prefix}capabilities": 'a:1:{s:8:"customer";b:1;}',
        "last_update": str(unix_seconds(registered)),
        "paying_customer": "1", "session_tokens": 'a:1:{s:5:"token";s:8:"invented";}',
    }  # fmt: skip
    if consent:
        meta["newsletter_consent"] = consent
    yield from meta_rows(ids, "usermeta", user_id, meta)


def unsubscribe_row(email: str, kind: str, action: str, moment: datetime, ids: Ids) -> Row:
    """A row of `wc_email_unsubscribes`: the address stands there as the SHA-256 of its lower-case form."""
    digest = hashlib.sha256(email.strip().lower().encode()).hexdigest()
    return "wc_email_unsubscribes", (ids.take("wc_email_unsubscribes"), digest, kind, action, moment)


def unsubscribe_rows(people: People, plan: Plan, ids: Ids) -> Iterator[Row]:
    """About 2 % of those who joined; one in five of them comes back later."""
    events: list[tuple[datetime, str, str, str]] = []
    who = np.flatnonzero((people.joined_day < plan.days) & (np.random.default_rng([plan.seed, 8]).random(len(people)) < 0.02))
    for place, person in enumerate(who.tolist()):
        email, first = people.email[person], max(0, plan.days - 60 + place % 40)
        if email is not None:
            events.append((plan.instant(first, 30_000 + person % 1000), email, MAIL_KINDS[place % 2], "unsubscribed"))
            if place % 5 == 4:
                events.append((plan.instant(first + 10, 40_000), email, MAIL_KINDS[place % 2], "resubscribed"))
    for moment, email, kind, action in sorted(events):
        yield unsubscribe_row(email, kind, action, moment, ids)


def comment_rows(orders: Sequence[Order], people: People, goods: Mapping[int, Good], now: datetime, ids: Ids) -> Iterator[Row]:
    """A note for every tenth order; a review for every twentieth completed one, not all approved, not all with a rating."""
    for place, order in enumerate(orders):
        if place % 10 == 0:
            yield _comment(ids.take("comments"), order.id, "WooCommerce", "", order.updated, "Order status changed.", "1", "order_note", 0)
        written = order.completed + timedelta(days=3) if order.completed else now
        line = order.lines[0]
        if place % 20 == 7 and written < now and not order.is_anonymised and not line.is_product_deleted and line.product in goods:
            comment = ids.take("comments")
            approved = "0" if place % 140 == 7 else "1"
            author, email = people.first_name[order.person], (order.email or "").strip()[:100]
            yield _comment(comment, line.product_id, author, email, written, "Tasty, will buy again.", approved, "review", order.user_id)
            meta: dict[str, Value] = {"verified": "1"} if place % 60 == 27 else {"rating": str(1 + place * 7 % 5), "verified": "1"}
            yield from meta_rows(ids, "commentmeta", comment, meta)


def _comment(comment: int, post: int, author: str, email: str, moment: datetime, content: str, approved: str, type_: str, user: int) -> Row:
    when = (local_time(moment), moment)
    return "comments", (comment, post, author, email, "", "192.0.2.1", *when, content, 0, approved, "invented", type_, 0, user)

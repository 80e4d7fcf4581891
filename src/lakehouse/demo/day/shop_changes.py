"""What happens to the catalogue and to accounts on a simulated day. Each function makes one kind of change and notes the ids."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from lakehouse.demo.day.changes import Day
from lakehouse.demo.store.catalogue_rows import product_rows
from lakehouse.demo.store.people_rows import MAIL_KINDS, unsubscribe_row, user_rows
from lakehouse.demo.world.goods import Good, Size
from lakehouse.demo.world.money import text
from lakehouse.demo.world.words import COUNTRIES, FIRST_NAMES, LAST_NAMES, Country
from lakehouse.demo.world.world import local_time

_SIMPLE = (
    "SELECT p.ID FROM `{p}posts` p WHERE p.post_type = 'product' AND p.post_status = 'publish'"
    " AND NOT EXISTS (SELECT 1 FROM `{p}posts` v WHERE v.post_parent = p.ID AND v.post_type = 'product_variation')"
)


def change_products(day: Day) -> None:
    """Prices (once without a new date, as direct writes do), stock, one name."""
    for place, product in enumerate(day.pick(3, _SIMPLE)):
        cents = int(day.rng.integers(99, 1499))
        for key in ("_price", "_regular_price"):
            day.sql("UPDATE `{p}postmeta` SET meta_value = %s WHERE post_id = %s AND meta_key = %s", text(cents, 2), product, key)
        if place < 2:
            _mark_modified(day, product, day.moment())
        day.note("price" if place < 2 else "price_silently", [product])
    managed = " AND p.ID IN (SELECT post_id FROM `{p}postmeta` WHERE meta_key = '_manage_stock' AND meta_value = 'yes')"
    for place, product in enumerate(day.pick(3, _SIMPLE + managed)):
        stock = 0 if place == 0 else int(day.rng.integers(1, 500))
        status = "instock" if stock else "outofstock"
        day.sql("UPDATE `{p}postmeta` SET meta_value = %s WHERE post_id = %s AND meta_key = '_stock'", str(stock), product)
        day.sql("UPDATE `{p}postmeta` SET meta_value = %s WHERE post_id = %s AND meta_key = '_stock_status'", status, product)
        _mark_modified(day, product, day.moment())
        day.note("stock", [product])
    for product in day.pick(1, _SIMPLE):
        day.sql("UPDATE `{p}posts` SET post_title = concat(post_title, ' (new recipe)') WHERE ID = %s", product)
        _mark_modified(day, product, day.moment())
        day.note("renamed_product", [product])


def launch_products(day: Day) -> None:
    """The products whose day it is; they may be in today's baskets."""
    for number in np.flatnonzero(day.world.catalogue.launch_day == day.number).tolist():
        product = day.world.catalogue.products[number]
        image = day.ids.take("posts") if product.has_image else 0
        good = Good(day.ids.take("posts"), image, product.name, (Size(*product.sizes[0]),))
        launched = day.begin + timedelta(minutes=5)
        day.insert(product_rows(product, good, launched, launched, day.ids))
        day.state.launched[number] = (good.product_id, image)
        day.note("new_product", [good.product_id])


def register_users(day: Day) -> None:
    """The people whose day it is, and somebody who has not ordered yet."""
    people = day.world.people
    for person in np.flatnonzero(people.registered_day == day.number).tolist():
        day.state.users[person] = day.ids.take("users")
        if people.kind[person] != "deleted_account":
            name, country = (people.first_name[person], people.last_name[person]), COUNTRIES[people.country[person]]
            _register(day, day.state.users[person], name, people.email[person] or "", country, day.begin, bool(people.has_consent[person]))
    name = (str(day.rng.choice(FIRST_NAMES)), str(day.rng.choice(LAST_NAMES)))
    _register(day, day.ids.take("users"), name, f"newcomer{day.number}@post.example", COUNTRIES[0], day.moment(), True)


def unsubscribe(day: Day) -> None:
    """One account does not want one kind of mail any more."""
    for user in day.pick(1, "SELECT ID FROM `{p}users` WHERE ID > 1 AND user_registered < %s", day.begin):
        email = str(day.sql("SELECT user_email FROM `{p}users` WHERE ID = %s", user)[0][0])
        day.insert([unsubscribe_row(email, MAIL_KINDS[day.number % 2], "unsubscribed", day.moment(), day.ids)])
        day.note("unsubscribed", [user])


def _register(day: Day, user: int, name: tuple[str, str], email: str, country: Country, moment: datetime, has_consent: bool) -> None:
    day.insert(user_rows(user, name, email, country, moment, "yes" if has_consent else None, day.prefix, day.ids))
    day.note("new_user", [user])


def _mark_modified(day: Day, post: int, moment: datetime) -> None:
    day.sql("UPDATE `{p}posts` SET post_modified = %s, post_modified_gmt = %s WHERE ID = %s", local_time(moment), moment, post)

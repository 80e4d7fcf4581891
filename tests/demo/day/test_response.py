"""What campaigns do to a demo shop: who got what is read from the packs, and the uplift is the one that was planted."""

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lakehouse.demo.day.packs import Sent, sent_packs
from lakehouse.demo.day.response import caused, feedback
from lakehouse.demo.settings_folder import make_settings
from lakehouse.demo.world.goods import Good, first_goods
from lakehouse.demo.world.orders import place_orders
from lakehouse.demo.world.people import user_ids
from lakehouse.demo.world.world import Plan, World, make_world
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.io.config.settings import load_settings

PLAN = Plan(customers=300, products=60, days=40, seed=3, end=date(2026, 11, 15))
DAY = 40


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(PLAN)


@pytest.fixture(scope="module")
def goods(world: World) -> dict[int, Good]:
    return first_goods(world.catalogue, PLAN.days, 3)[0]


def to_all(world: World, goods: dict[int, Good]) -> Sent:
    """The first 300 people are shown three products each."""
    products = [good.product_id for good in goods.values()]
    return Sent("email", {person: tuple(products[person % 40 : person % 40 + 3]) for person in range(300)}, {})


def write_pack(place: Path, run_date: str, channel: str, name: str, text: str) -> None:
    folder = place / run_date / "run1"
    folder.mkdir(parents=True)
    (folder / name).write_text(text)
    (folder / "manifest.json").write_text(json.dumps({"channel": channel, "files": {name: {}}}))
    (folder / "control.csv").write_text("person,shop_code,customer_key\np9,nl,c9\n")
    (place / "latest.json").write_text(json.dumps({"campaign": place.name, "run_date": run_date, "pack": f"{run_date}/run1"}))


def test_who_got_what_is_read_from_the_newest_packs_if_they_are_of_that_day(tmp_path: Path) -> None:
    people = pd.DataFrame({"person": [5, 6, 7], "email": ["Anna@mail.example", "bea@mail.example", None]})
    people.to_parquet(tmp_path / "people.parquet")
    pd.DataFrame({"app_user_id": ["a1", "a2"], "person": [6, -1]}).to_parquet(tmp_path / "app_users.parquet")
    mails = "email,product_id_1,product_id_2\nanna@mail.example,11,12\nbea@mail.example,13,\nnobody@mail.example,11,\n"
    messages = [{"message": {"token": f"token-{user}", "data": {"product_id": "14"}}} for user in ("a1", "a2")]
    write_pack(tmp_path / "email", "2026-11-15", "email", "customers.csv", mails)
    write_pack(tmp_path / "push", "2026-11-15", "push", "fcm.jsonl", "".join(json.dumps(message) + "\n" for message in messages))
    write_pack(tmp_path / "old", "2026-11-14", "email", "customers.csv", mails)
    email, push = sent_packs(tmp_path, tmp_path, date(2026, 11, 15))
    assert email == Sent("email", {5: (11, 12), 6: (13,)}, {5: "anna@mail.example", 6: "bea@mail.example"})
    assert push == Sent("push", {6: (14,)}, {})  # a2 is nobody whom the shop knows


def test_those_who_were_reached_come_more_often_by_the_planted_share_for_what_they_were_shown(world: World, goods: dict[int, Good]) -> None:
    sent, rng = to_all(world, goods), np.random.default_rng(7)
    days = [caused(world, goods, [sent], DAY, 0.2, rng).baskets for _ in range(400)]
    expected = 400 * 0.2 * float((1 / world.people.gap_days[:300]).sum())
    count = sum(map(len, days))
    assert abs(count - expected) < 4 * expected**0.5 and count > 400
    number_of = {good.product_id: number for number, good in goods.items()}
    for baskets in days[:50]:
        assert (baskets.day == DAY).all() and (np.diff(baskets.second) >= 0).all()
        for place, person in enumerate(baskets.person.tolist()):
            lines = baskets.line_product[baskets.first_line[place] : baskets.first_line[place + 1]].tolist()
            assert 1 <= len(set(lines)) == len(lines) <= 2
            assert set(lines) <= {number_of[product] for product in sent.picks[person]}
    assert len(caused(world, goods, [sent], DAY, 0.0, rng).baskets) == 0
    assert len(caused(world, goods, [], DAY, 0.2, rng).baskets) == 0


def test_the_same_seed_makes_the_same_orders_and_they_are_placed_as_all_others(world: World, goods: dict[int, Good]) -> None:
    users, end = user_ids(world.people, DAY - 1), PLAN.instant(DAY + 1)

    def orders() -> list[Any]:
        added = caused(world, goods, [to_all(world, goods)], DAY, 2.0, np.random.default_rng(7))
        return place_orders(added, goods, users, range(DAY, DAY + 1), end)

    assert orders() == orders()
    assert len(orders()) > 10 and all(PLAN.instant(DAY) <= order.created < end for order in orders())


def events(rows: Iterable[tuple[str, str, str, str, str]], kind: str) -> set[str]:
    return {email for _, event, email, _, _ in rows if event == kind}


def test_the_mail_tool_reports_each_mail_once_and_opens_what_was_delivered_alone() -> None:
    emails = {person: f"p{person}@mail.example" for person in range(1000)}
    rows = list(feedback([Sent("email", {}, emails)], date(2026, 11, 16), np.random.default_rng(7)))
    assert len({(message, event) for message, event, *_ in rows}) == len(rows)
    assert events(rows, "delivered") | events(rows, "bounced_soft") == set(emails.values())
    assert not events(rows, "delivered") & events(rows, "bounced_soft")
    assert events(rows, "clicked") < events(rows, "opened") < events(rows, "delivered")
    assert {(time[:10], campaign) for *_, time, campaign in rows} == {("2026-11-16", "email")}


def test_the_demos_settings_hold_a_share_out_of_two_campaigns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_CONF", str(make_settings(tmp_path)))
    declared = read_campaigns()
    assert {name: campaign.channel for name, campaign in declared.campaigns.items()} == {"email": "email", "push": "push"}
    assert all(campaign.hold_out for campaign in declared.campaigns.values())
    assert load_settings("demo").shops["nl"].consent_meta_key == "newsletter_consent"
    make_settings(tmp_path)  # a second demo makes them anew

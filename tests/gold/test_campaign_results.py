"""gold.campaign_results: who bought what after which assignment, by hand; statistics have tests of their own."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.bronze import campaign_members
from lakehouse.gold.campaign_results import TABLE, build
from lakehouse.silver import customer_identities, customers, orders, shops
from lakehouse.sources.other_feeds import MAIL_FEEDBACK
from lakehouse.table import broken_rules, conform

SENT = datetime(2026, 11, 1, 3, tzinfo=UTC)
FEEDBACK = MAIL_FEEDBACK.bronze
Rows = Sequence[Mapping[str, Any]]


def member(person: str, arm: str, shop: str = "nl", key: str = "", campaign: str = "autumn", **more: Any) -> dict[str, Any]:
    common = {"control_share": "0.25", "assigned_at": SENT, "country_code": "NL", "list_name": "mixed"}
    return {**common, "campaign": campaign, "person": person, "arm": arm, "shop_code": shop, "customer_key": key or person, **more}


def order(key: str, total: str, days: float, currency: str = "EUR", shop: str = "nl", is_sale: bool = True) -> dict[str, Any]:
    """So many days after the assignment."""
    return {
        "shop_code": shop,
        "user_pseudonym": key,
        "is_sale": is_sale,
        "created_at": SENT + timedelta(days=days),
        "currency_code": currency,
        "total_amount": total,
    }


def results(spark: SparkSession, members: Rows, bought: Rows, run_date: date, **other: Rows) -> DataFrame:
    return build(
        frame_of(spark, campaign_members.TABLE, members),
        frame_of(spark, orders.TABLE, bought),
        frame_of(spark, customers.TABLE, other.get("customers", [])),
        frame_of(spark, customer_identities.TABLE, []),
        frame_of(spark, shops.TABLE, [{"shop_code": "nl", "currency_code": "EUR"}, {"shop_code": "ch", "currency_code": "CHF"}]),
        frame_of(spark, FEEDBACK, other.get("feedback", [])),
        run_date=run_date,
        feed_shop="nl",
    )


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> dict[tuple[str, ...], Any]:
    """Four of nl and one of ch; anna has another address and an account in ch too, bob is held out."""
    members = [
        member("anna", "treatment", key="a"),
        member("bob", "control"),
        member("carl", "control", country_code=None),
        member("dora", "treatment"),
        member("emil", "treatment", "ch"),
        member("zoe", "treatment", campaign="later", assigned_at=SENT + timedelta(days=40)),
    ]
    bought = [
        order("a", "10", 1),
        order("a", "7", 28),  # the window is over
        order("a", "99", 2, is_sale=False),
        order("other-a", "5", 2, shop="ch", currency="CHF"),  # anna in another shop and currency
        order("bob", "20.5", 27.9),
        order("bob", "4", -1),  # before: the covariate
        order("bob", "8", -57),  # too long before for it, not for the segment
        order("dora", "6", -10),
        order("a", "3", -91),
        order("dora", "1", 40),
        order("emil", "6", 3, shop="ch", currency="CHF"),
        order("stranger", "1000", 1),
    ]
    people = [
        {"shop_code": "nl", "customer_key": "a", "email_pseudonym": "new-anna"},
        {"shop_code": "ch", "customer_key": "other-a", "email_pseudonym": "anna"},
        {"shop_code": "nl", "customer_key": "bob", "email_pseudonym": "bob"},
    ]

    def event(email: str, what: str, days: float = 1, campaign: str | None = "autumn") -> dict[str, Any]:
        at = SENT + timedelta(days=days)
        return {"message_id": f"{email}{days}", "event": what, "email_pseudonym": email, "occurred_at": at, "campaign": campaign}

    heard = [
        event("new-anna", "delivered"),
        event("new-anna", "opened"),
        event("anna", "delivered", 2),
        event("dora", "bounced_hard"),
        event("dora", "delivered", -1),  # of an earlier mail
        event("dora", "clicked", campaign=None),
        event("bob", "delivered"),
    ]
    frame = results(spark, members, bought, date(2026, 11, 30), customers=people, feedback=heard)
    rows = conform(frame, TABLE).withColumn("broken", broken_rules(TABLE)).collect()
    assert not [row.broken for row in rows if row.broken]
    return {tuple(row[name] for name in TABLE.key): row for row in rows}


def test_orders_within_28_days_count_for_the_person_in_all_shops(found: dict[tuple[str, ...], Any]) -> None:
    euro = found["autumn", "all", "*", "EUR", "revenue"]
    assert (euro.treatment_count, euro.control_count, euro.expected_control_count) == (2, 2, 1.0)
    assert (euro.treatment_total, euro.control_total) == (Decimal(10), Decimal("20.5"))
    assert (euro.treatment_mean, euro.control_mean) == (Decimal(5), Decimal("10.25"))
    assert (euro.treatment_buyer_count, euro.control_buyer_count, euro.foreign_order_count) == (1, 1, 1)
    count = found["autumn", "all", "*", "EUR", "orders"]
    assert (count.treatment_total, count.control_total) == (2, 1), "an order in francs is an order, and no euros"
    francs = found["autumn", "all", "*", "CHF", "revenue"]
    assert (francs.treatment_count, francs.control_count, francs.treatment_total, francs.uplift) == (1, 0, Decimal(6), None)


def test_uplift_takes_off_what_was_bought_before(found: dict[tuple[str, ...], Any]) -> None:
    """Before, after: anna 0, 10; dora 6, 0; bob 4, 20.5; carl 0, 0. Theta is (41 - 30) / (8 + 18), the means before are 3 and 2."""
    euro = found["autumn", "all", "*", "EUR", "revenue"]
    assert float(euro.uplift) == pytest.approx(5 - 10.25 - 11 / 26 * (3 - 2))
    assert (euro.is_over, euro.verdict) == (True, "undecided")
    assert euro.days == 28


def test_members_are_divided_as_they_were_when_they_were_assigned(found: dict[tuple[str, ...], Any]) -> None:
    reach = {key[1:3]: (row.treatment_count, row.control_count) for key, row in found.items() if key[3:] == ("EUR", "orders")}
    assert reach == {
        ("all", "*"): (2, 2),
        ("shop", "nl"): (2, 2),
        ("country", "NL"): (2, 1),
        ("country", "unknown"): (0, 1),
        ("segment", "new"): (0, 1),
        ("segment", "active"): (1, 1),
        ("segment", "lapsed"): (1, 0),
        ("list", "mixed"): (2, 2),
    }


def test_what_the_mail_tool_says_counts_by_person_and_since_the_assignment(found: dict[tuple[str, ...], Any]) -> None:
    euro = found["autumn", "all", "*", "EUR", "revenue"]
    assert (euro.delivered_count, euro.opened_count, euro.clicked_count, euro.bounced_count) == (1, 1, 0, 1)
    assert euro.control_delivered_count == 1


def test_who_is_assigned_after_the_run_date_is_not_there_yet(found: dict[tuple[str, ...], Any]) -> None:
    assert {key[0] for key in found} == {"autumn"}

"""silver.email_deliverability. Domains in use are of *.example; what is on the list is given by the test."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.silver.email_deliverability import TABLE, build, is_disposable_domain
from lakehouse.sources.databases import entities
from lakehouse.sources.mobile_app import USERS as APP_USERS
from lakehouse.sources.other_feeds import MAIL_FEEDBACK
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.sources.woocommerce.people import USERS

LISTED = frozenset({"mailinator.com", "xn--bcher-kva.example", "trash.shop.example"})
VALID = ["anna@shop.example", "Anna.B+food@Shop.Example ", "_a@a-b.c.example", "a'b@shop.example", "4@x.example", "李@shop.example"]
INVALID = [
    "anna",
    "anna@shop",
    "@shop.example",
    "anna@@shop.example",
    "an na@shop.example",
    "anna..b@shop.example",
    "anna.@shop.example",
    "anna@shop..example",
    "anna@-shop.example",
    "=cmd@shop.example",
    "anna@shop.example, bob@shop.example",
    "anna@[127.0.0.1]",
    "anna@shop.example.",
    "anna@shop.local",
    "anna@10.0.0.1",
    "-1+2@shop.example",
]


def flags(  # type: ignore[no-untyped-def]
    spark: SparkSession,
    users: list[tuple[str, str]],
    orders: list[tuple[str, str]],
    in_app: Sequence[str] = (),
    feedback: Sequence[tuple[str, str, int]] = (),
):
    """(shop, pseudonym) → (is_valid, is_disposable, is_bounced, is_relay, is_role, has_complained).

    The pseudonym is the normalised address itself, to read it easily.
    """
    assert USERS.vault
    assert ORDERS.vault
    assert APP_USERS.vault
    assert entities.CUSTOMERS.vault
    assert entities.ORDERS.vault
    accounts = [{"shop_code": s, "id": i, "user_email": e, "email_pseudonym": e.strip().lower()} for i, (s, e) in enumerate(users)]
    guests = [{"shop_code": s, "id": i, "billing_email": e, "email_pseudonym": e.strip().lower()} for i, (s, e) in enumerate(orders)]
    guests.append({"shop_code": "nl", "id": 999, "billing_email": "deleted@site.invalid", "email_pseudonym": None})
    app_users = [{"app_user_id": e, "email": e, "email_pseudonym": e.strip().lower()} for e in in_app]
    app_users.append({"app_user_id": "erased", "email": "deleted@site.invalid"})
    heard = [
        {"message_id": f"m{i}", "event": event, "email_pseudonym": e, "occurred_at": datetime(2026, 7, day)}
        for i, (e, event, day) in enumerate(feedback)
    ]
    frame = build(
        frame_of(spark, USERS.vault, accounts),
        frame_of(spark, ORDERS.vault, guests),
        frame_of(spark, APP_USERS.vault, app_users),
        frame_of(spark, MAIL_FEEDBACK.bronze, heard),
        frame_of(spark, entities.CUSTOMERS.vault, []),
        frame_of(spark, entities.ORDERS.vault, []),
        disposable_domains=tuple(LISTED),
    )
    return {row[:2]: row[2:] for row in rows_of(frame, TABLE)}


def test_flags_say_whether_mail_can_be_sent_to_an_address_of_that_form(spark: SparkSession) -> None:
    found = flags(spark, [("nl", e) for e in VALID], [("nl", e) for e in INVALID])
    assert {key[1] for key, (is_valid, *_) in found.items() if is_valid} == {e.strip().lower() for e in VALID}
    assert len(found) == len(VALID) + len(INVALID)


def test_an_address_has_one_row_a_shop_however_often_it_was_used(spark: SparkSession) -> None:
    orders = [("nl", "ANNA@shop.example "), ("nl", "anna@shop.example"), ("de", "anna@shop.example")]
    found = flags(spark, [("nl", "anna@shop.example")], orders)
    # The order that was anonymised has none.
    assert found == {(shop, "anna@shop.example"): (True, False, False, False, False, False) for shop in ("nl", "de")}


def test_a_disposable_address_is_found_by_its_domain(spark: SparkSession) -> None:
    typed = ["a@mailinator.com", "b@eu.MAILINATOR.com", "c@shop.example", "d@Bücher.example"]
    found = flags(spark, [("nl", e) for e in typed], [])
    # The key is the address in lower case here; the one with an umlaut is listed as xn--bcher-kva.example.
    assert {key[1] for key, (_, is_disposable, *_) in found.items() if is_disposable} == {
        *("a@mailinator.com", "b@eu.mailinator.com", "d@bücher.example")
    }


def test_an_address_of_the_app_is_known_in_shop_app(spark: SparkSession) -> None:
    found = flags(spark, [("nl", "anna@shop.example")], [], in_app=["Anna@shop.example ", "bob@mailinator.com"])
    assert found == {
        ("nl", "anna@shop.example"): (True, False, False, False, False, False),
        ("app", "anna@shop.example"): (True, False, False, False, False, False),
        ("app", "bob@mailinator.com"): (True, True, False, False, False, False),
    }


def test_a_complaint_to_the_mail_tool_holds_in_every_shop(spark: SparkSession) -> None:
    anna, bob = "anna@shop.example", "bob@shop.example"
    feedback = [(anna, "complained", 1), (anna, "delivered", 2), (bob, "unsubscribed", 1), ("nobody@shop.example", "complained", 1)]
    found = flags(spark, [("nl", anna), ("nl", bob)], [("de", anna)], [anna], feedback)
    assert {key for key, (*_, has_complained) in found.items() if has_complained} == {("nl", anna), ("de", anna), ("app", anna)}
    assert len(found) == 4


def test_addresses_of_marketplaces_and_of_tasks_are_known(spark: SparkSession) -> None:
    relays = ["x1y2@marketplace.amazon.de", "b@members.ebay.co.uk", "c@relay.walmart.com", "d@scs.tiktokw.us", "e@scs2.tiktok.com"]
    relays += [
        "f@kaufland-marktplatz.de",
        "g@us.notification.mirakl.net",
        "h@pc.fw.rakuten.ne.jp",
        "i@allegromail.cz",
        "j@marketplace.newegg.com",
    ]
    languages = ("klantenservice", "kontakt", "assistenza", "servicioalcliente", "obsluga", "zakaznickyservis")
    tasks = ["info@shop.example", "No-Reply+shop@shop.example", *(f"{task}@shop.example" for task in languages)]
    people = ["amazon@shop.example", "a@notmarketplace.amazon.de.shop.example", "infos@shop.example", "scs.tiktokw.us@shop.example"]
    people += ["a@tiktok.com", "kontakta@shop.example"]
    found = flags(spark, [("nl", e) for e in (*relays, *tasks, *people)], [])
    assert [key[1] for key, (_, _, _, is_relay, *_) in found.items() if is_relay] == sorted(relays)
    assert {key[1] for key, (_, _, _, _, is_role, _) in found.items() if is_role} == {task.lower() for task in tasks}


def test_an_address_bounced_if_nothing_was_delivered_after_its_last_hard_bounce(spark: SparkSession) -> None:
    events = {
        "never": [],
        "delivered": [("delivered", 1)],
        "soft": [("bounced_soft", 1)],
        "hard": [("bounced_hard", 1)],
        "hard-after": [("delivered", 1), ("bounced_hard", 2)],
        "hard-before": [("bounced_hard", 1), ("delivered", 2), ("bounced_soft", 3)],
        "same-time": [("bounced_hard", 2), ("delivered", 2)],
        "twice": [("bounced_hard", 1), ("delivered", 2), ("bounced_hard", 3)],
    }
    feedback = [(f"{who}@shop.example", event, day) for who, happened in events.items() for event, day in happened]
    found = flags(spark, [("nl", f"{who}@shop.example") for who in events], [], feedback=feedback)
    bounced = {key[1].split("@")[0] for key, (_, _, is_bounced, *_) in found.items() if is_bounced}
    assert bounced == {"hard", "hard-after", "same-time", "twice"}


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("mailinator.com", True),
        ("a.b.mailinator.com", True),
        ("notmailinator.com", False),
        ("mailinator.com.example", False),
        ("com", False),
        ("xn--bcher-kva.example", True),
        ("sub.xn--bcher-kva.example", True),
        ("shop.example", False),
        ("trash.shop.example", True),
        ("mail..mailinator.com", True),
        ("", False),
    ],
)
def test_a_domain_is_disposable_if_it_or_one_above_it_is_listed(domain: str, expected: bool) -> None:
    assert is_disposable_domain(domain, LISTED) is expected

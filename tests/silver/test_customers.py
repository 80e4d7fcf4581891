"""silver.customers: one built frame, one person per case. Keys tell who it is: u… an account, e… an address, o… an order."""

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.parameters import ShopRules
from lakehouse.silver import customer_identities, email_flags, orders
from lakehouse.silver.customers import TABLE, build
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.table import conform

SHOPS = (ShopRules("nl"), ShopRules("de", consent_meta_key="newsletter"))
# (shop, user id, e-mail pseudonym, anonymised)
ACCOUNTS = [("nl", 1, "e1", False), ("nl", 2, "e2", False), ("nl", 3, None, True), ("nl", 4, None, False), ("nl", 5, "e5", False)]
ACCOUNTS += [("de", 1, "e1", False), ("de", 2, "e2", False)]
META = [
    ("nl", 1, 10, "billing_country", "be"),
    ("nl", 1, 11, "locale", "nl_BE"),
    ("nl", 1, 9, "locale", "fr_BE"),
    ("nl", 2, 12, "billing_country", " "),
    ("nl", 5, 13, "billing_country", "fr"),
    ("de", 1, 14, "newsletter", "1"),
    ("de", 2, 15, "newsletter", "no"),
]
# (shop, order, user id, e-mail, day of July, country, anonymised, consent)
ORDERS: list[tuple[str, int, int, str | None, int, str | None, bool, bool | None]] = [
    ("nl", 101, 1, "e1", 3, "NL", False, None),
    ("nl", 102, 0, "e1", 5, "", False, None),  # the account as a guest, later, without a country
    ("nl", 103, 2, "e2", 1, None, False, None),
    ("nl", 104, 0, "guest", 2, "DE", False, None),
    ("nl", 105, 0, "guest", 2, "AT", False, None),  # at the same second: the higher id is the latest
    ("nl", 106, 0, None, 2, "NL", True, None),
    ("nl", 107, 0, None, 2, "NL", False, None),
    ("nl", 108, 0, "odd", 2, "NL", False, None),
    ("nl", 109, 0, "throwaway", 2, "NL", False, None),
    ("nl", 110, 0, "no-mail", 2, "NL", False, None),
    ("de", 201, 0, "yes", 2, "DE", False, True),
    ("de", 202, 0, "maybe", 2, "DE", False, False),
    ("xx", 301, 0, "elsewhere", 2, "DE", False, None),
]
# address → (valid, disposable, opted out)
FLAGS = {
    "e1": (True, False, False),
    "e2": (True, False, False),
    "guest": (True, False, False),
    "odd": (False, True, False),
    "throwaway": (True, True, False),
    "no-mail": (True, False, True),
    "yes": (True, False, False),
    "maybe": (True, False, False),
    "elsewhere": (True, False, False),
}


@pytest.fixture(scope="module")
def built(spark: SparkSession) -> dict[tuple[str, str], dict[str, Any]]:
    users = frame_of(
        spark,
        USERS.bronze,
        [
            {
                "shop_code": s,
                "id": i,
                "email_pseudonym": e,
                "is_anonymised": a,
                "user_pseudonym": f"u{i}",
                "user_registered": datetime(2026, 1, i),
            }
            for s, i, e, a in ACCOUNTS
        ],
    )
    meta = frame_of(
        spark,
        USER_META.bronze,
        [{"shop_code": s, "user_id": u, "umeta_id": i, "meta_key": k, "meta_value": v} for s, u, i, k, v in META],
    )
    bought = frame_of(
        spark,
        orders.TABLE,
        [
            {
                "shop_code": s,
                "order_id": i,
                "customer_user_id": u,
                "user_pseudonym": f"u{u}" if u else None,
                "email_pseudonym": e,
                "order_pseudonym": f"o{i}",
                "created_at": datetime(2026, 7, day),
                "country_code": country,
                "is_anonymised": gone,
                "has_consent": consent,
            }
            for s, i, u, e, day, country, gone, consent in ORDERS
        ],
    )
    flags = frame_of(
        spark,
        email_flags.TABLE,
        [
            {"shop_code": s, "email_pseudonym": e, "is_valid": v, "is_disposable": d, "is_opted_out": o}
            for s in ("nl", "de", "xx")
            for e, (v, d, o) in FLAGS.items()
        ],
    )
    identities = conform(customer_identities.build(users, bought), customer_identities.TABLE)
    rows = conform(build(users, meta, bought, identities, flags, shops=SHOPS), TABLE).collect()
    found = {(row["shop_code"], row["customer_key"]): row.asDict() for row in rows}
    assert len(found) == len(rows)
    return found


def column(built: dict[tuple[str, str], dict[str, Any]], name: str, shop: str = "nl") -> dict[str, Any]:
    return {key: row[name] for (code, key), row in built.items() if code == shop}


def test_everybody_with_an_account_or_an_order_is_one_customer(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert set(column(built, "user_id")) == {"u1", "u2", "u3", "u4", "u5", "guest", "o106", "o107", "odd", "throwaway", "no-mail"}
    assert {key: user for key, user in column(built, "user_id").items() if user} == {"u1": 1, "u2": 2, "u3": 3, "u4": 4, "u5": 5}
    assert column(built, "user_id", "de") == {"u1": 1, "u2": 2, "yes": None, "maybe": None}


def test_anonymous_is_who_has_neither_account_nor_address(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert {key for key, is_anonymous in column(built, "is_anonymous").items() if is_anonymous} == {"o106", "o107"}
    assert column(built, "email_pseudonym")["o106"] is None
    assert column(built, "email_pseudonym")["guest"] == "guest"
    assert column(built, "email_pseudonym")["u1"] == "e1"


def test_an_address_has_one_of_five_states(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert column(built, "email_status") == {
        "u1": "valid",
        "u2": "valid",
        "u3": "anonymised",
        "u4": "missing",
        "u5": "invalid",  # nobody has looked at it
        "guest": "valid",
        "o106": "anonymised",
        "o107": "missing",
        "odd": "invalid",  # invalid comes before disposable
        "throwaway": "disposable",
        "no-mail": "valid",
    }


def test_opted_out_is_who_said_no_or_did_not_say_yes_where_the_shop_asks(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert {key for key, is_out in column(built, "is_opted_out").items() if is_out} == {"no-mail"}
    # u1 of de agreed in the account, `yes` in an order; u2 and `maybe` did not.
    assert column(built, "is_opted_out", "de") == {"u1": False, "u2": True, "yes": False, "maybe": True}
    # Of a shop that is not in the settings nobody knows the rules.
    assert column(built, "is_opted_out", "xx") == {"elsewhere": True}


def test_the_country_is_that_of_the_latest_order_that_has_one_else_the_accounts(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = column(built, "country_code")
    assert (found["u1"], found["u2"], found["u5"], found["guest"]) == ("NL", None, "FR", "AT")


def test_the_latest_order_is_by_time_then_id_and_guest_orders_count(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert column(built, "last_order_id") == {
        "u1": 102,
        "u2": 103,
        "u3": None,
        "u4": None,
        "u5": None,
        "guest": 105,
        "o106": 106,
        "o107": 107,
        "odd": 108,
        "throwaway": 109,
        "no-mail": 110,
    }
    assert built["nl", "u1"]["last_ordered_at"] == datetime(2026, 7, 5)


def test_language_and_registration_are_the_accounts(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert (built["nl", "u1"]["locale"], built["nl", "u1"]["registered_at"]) == ("nl_BE", datetime(2026, 1, 1))
    assert (built["nl", "guest"]["locale"], built["nl", "guest"]["registered_at"]) == (None, None)

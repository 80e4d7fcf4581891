"""silver.customers: one built frame, one person per case.

Keys tell who it is: u… an account, e… an address, o… an order, a… a user of the app.
"""

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.parameters import ShopRules
from lakehouse.silver import consents, customer_identities, email_deliverability, orders
from lakehouse.silver.customers import TABLE, build
from lakehouse.sources.databases import entities
from lakehouse.sources.mobile_app import USERS as APP_USERS
from lakehouse.sources.woocommerce.people import BLOCKED_USERS, USER_META, USERS
from lakehouse.table import conform

SHOPS = (
    ShopRules("nl"),
    ShopRules("de", consent_meta_key="newsletter"),
    ShopRules("be", customer_roles=("customer", "wholesale"), legal_ground="existing_customers"),
)


def serialised(roles: tuple[str, ...], true: str) -> str:
    """As PHP writes them."""
    return "a:2:{" + "".join(f's:{len(role)}:"{role}";{true};' for role in roles) + "}"


# (shop, user id, e-mail pseudonym, anonymised)
ACCOUNTS = [("nl", 1, "e1", False), ("nl", 2, "e2", False), ("nl", 3, None, True), ("nl", 4, None, False), ("nl", 5, "e5", False)]
ACCOUNTS += [("de", 1, "e1", False), ("de", 2, "e2", False)]
# Shop be is the second site of a network. (account, its roles there, whether it has an order)
ROLES = [
    (1, ("customer",), False),
    (2, ("subscriber",), False),
    (3, ("customer", "shop_manager"), False),
    (4, ("administrator",), True),
    (5, ("wholesale",), False),
    (6, ("customer",), True),  # marked as spam
    (7, (), False),  # of another site
    (8, ("customer", "edit_posts"), False),
    (9, ("editor",), True),  # tried the checkout: no sale
    (10, ("customer", "seller"), False),
    (11, ("customer",), False),  # serialised by another tool
    (12, ("administrator",), False),  # the same
]
TRUE = {11: "i:1", 12: 's:1:"1"'}
BLOCKED = [("be", 6)]
ACCOUNTS += [("be", user, f"be{user}", False) for user, _, _ in ROLES]
META = [
    *(("be", user, 100 + user, "wp_2_capabilities", serialised(roles, TRUE.get(user, "b:1"))) for user, roles, _ in ROLES),
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
    ("nl", 111, 0, "returned", 2, "NL", False, None),
    ("nl", 112, 8, "guest", 1, "CH", False, None),  # of an account that is gone, whose address a guest uses
    ("de", 201, 0, "yes", 2, "DE", False, True),
    ("de", 202, 0, "maybe", 2, "DE", False, False),
    ("xx", 301, 0, "elsewhere", 2, "DE", False, None),
    *(("be", 400 + user, user, f"be{user}", 2, "BE", False, None) for user, _, has_order in ROLES if has_order),
]
# (order, user of the app, day of July, country)
APP_ORDERS = [(1, "a1", 3, "BE"), (2, "a1b", 4, "FR"), (3, "a5", 1, None), (4, "a9", 2, "NL")]
# (user of the app, e-mail, consents, changed on this day of July, registered in this month, country, anonymised)
IN_APP = [
    ("a1", "e1", False, 5, 3, "BE", False),  # account 1, four times
    ("a1b", "e1", True, 6, 2, "FR", False),
    ("a1c", "e1", False, 6, 4, "IT", False),  # changed at the same second: the higher id
    ("a1d", "e1", True, 4, 5, "IT", False),
    ("a2", "e2", False, 5, 1, "NL", False),
    ("a3", "guest", True, 5, 1, "NL", False),
    ("a4", "no-mail", True, 5, 1, "NL", False),
    ("a5", "mine", True, 5, 1, "SE", False),
    ("a6", None, True, 5, 1, "NL", True),
    ("a7", "returned", True, 5, 1, "NL", False),
    ("a8", None, True, 5, 1, "NL", False),
]
# (shop, address, where, what)
SAID = [
    *(("nl", "no-mail", "mail_tool", "no"), ("app", "no-mail", "mail_tool", "no"), ("nl", "e1", "account", "yes")),
    *(("de", "e1", "account", "yes"), ("de", "e2", "account", "no"), ("de", "yes", "order", "yes"), ("de", "maybe", "order", "none")),
]
# address → (valid, disposable, complained)
FLAGS = {
    "mine": (True, False, False),
    "e1": (True, False, False),
    "e2": (True, False, False),
    "guest": (True, False, False),
    "odd": (False, True, False),
    "throwaway": (True, True, False),
    "no-mail": (True, False, True),
    "yes": (True, False, False),
    "maybe": (True, False, False),
    "elsewhere": (True, False, False),
    "returned": (True, False, False),
}
BOUNCED = ("returned", "throwaway", "odd")


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
                "is_sale": (s, u) != ("be", 9),
            }
            for s, i, u, e, day, country, gone, _ in ORDERS
        ]
        + [
            {
                "shop_code": "app",
                "order_id": i,
                "user_pseudonym": user,
                "order_pseudonym": f"o{i}",
                "created_at": datetime(2026, 7, day),
                "country_code": country,
                "is_anonymised": False,
            }
            for i, user, day, country in APP_ORDERS
        ],
    )
    flags = frame_of(
        spark,
        email_deliverability.TABLE,
        [
            {"shop_code": s, "email_pseudonym": e, "is_valid": v, "is_disposable": d, "has_complained": o, "is_bounced": e in BOUNCED}
            for s in ("nl", "de", "xx", "app")
            for e, (v, d, o) in FLAGS.items()
        ],
    )
    in_app = frame_of(
        spark,
        APP_USERS.bronze,
        [
            {
                "app_user_id": user,
                "user_pseudonym": user,
                "email_pseudonym": email,
                "marketing_consent": consents,
                "updated_at": datetime(2026, 7, day),
                "registered_at": datetime(2026, month, 1),
                "country": country,
                "is_anonymised": gone,
            }
            for user, email, consents, day, month, country, gone in IN_APP
        ],
    )
    customer = {"shop_code": "erp", "customer_id": 5, "user_pseudonym": "e5", "email_pseudonym": "e1", "country": "at"}
    of_databases = frame_of(spark, entities.CUSTOMERS.bronze, [customer | {"created_at": datetime(2026, 1, 1), "is_anonymised": False}])
    identities = conform(customer_identities.build(users, bought, in_app, of_databases, feed_shop="nl"), customer_identities.TABLE)
    said = frame_of(
        spark,
        consents.TABLE,
        [
            {"shop_code": shop, "subject": who, "channel": "email", "source": source, "source_id": who, "statement_no": 1, "state": state}
            | {"source_time": datetime(2026, 7, 1)}
            for shop, who, source, state in SAID
        ],
    )
    blocked = frame_of(spark, BLOCKED_USERS.bronze, [{"shop_code": shop, "id": user, "spam": 1} for shop, user in BLOCKED])
    rows = conform(build(users, meta, bought, identities, flags, in_app, blocked, said, of_databases, shops=SHOPS), TABLE).collect()
    found = {(row["shop_code"], row["customer_key"]): row.asDict() for row in rows}
    assert len(found) == len(rows)
    return found


def column(built: dict[tuple[str, str], dict[str, Any]], name: str, shop: str = "nl") -> dict[str, Any]:
    return {key: row[name] for (code, key), row in built.items() if code == shop}


def test_everybody_with_an_account_or_an_order_is_one_customer(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    guests = {"guest", "o106", "o107", "odd", "throwaway", "no-mail", "returned"}
    assert set(column(built, "user_id")) == {"u1", "u2", "u3", "u4", "u5", *guests}
    assert {key: user for key, user in column(built, "user_id").items() if user} == {"u1": 1, "u2": 2, "u3": 3, "u4": 4, "u5": 5}
    assert column(built, "user_id", "de") == {"u1": 1, "u2": 2, "yes": None, "maybe": None}


def test_anonymous_is_who_has_neither_account_nor_address(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert {key for key, is_anonymous in column(built, "is_anonymous").items() if is_anonymous} == {"o106", "o107"}
    assert column(built, "email_pseudonym")["o106"] is None
    assert column(built, "email_pseudonym")["guest"] == "guest"
    assert column(built, "email_pseudonym")["u1"] == "e1"


def test_a_customer_has_an_order_or_a_customers_role_and_is_neither_staff_nor_blocked(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Who bought is a customer whatever the role, but for accounts that the network has marked as spam; a test of the checkout is no
    purchase."""
    assert {key for key, is_customer in column(built, "is_customer", "be").items() if is_customer} == {"u1", "u4", "u5", "u11"}
    assert {key for key, is_customer in column(built, "is_customer").items() if not is_customer} == {"u3", "u4", "u5"}
    assert all(column(built, "is_customer", "app").values())


def test_a_databases_customer_is_one_without_an_order_too(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    names = ("user_id", "email_pseudonym", "is_customer", "is_anonymous", "country_code", "registered_at", "last_order_id", "consent")
    assert [built["erp", "e5"][name] for name in names] == [5, "e1", True, False, "AT", datetime(2026, 1, 1), None, "unknown"]


def test_an_address_has_one_of_six_states(built: dict[tuple[str, str], dict[str, Any]]) -> None:
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
        "throwaway": "disposable",  # and disposable before bounced
        "no-mail": "valid",
        "returned": "bounced",
    }


def test_consent_is_yes_no_or_unknown_and_opted_out_is_a_no(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    known = {key: consent for key, consent in column(built, "consent").items() if consent != "unknown"}
    assert known == {"no-mail": "no", "u1": "yes"}
    assert column(built, "consent", "de") == {"u1": "yes", "u2": "no", "yes": "yes", "maybe": "unknown"}
    assert {key for key, is_out in column(built, "is_opted_out").items() if is_out} == {"no-mail"}
    assert {key for key, has in column(built, "has_complained").items() if has} == {"no-mail"}


def test_unknown_is_no_ground_but_a_sale_is_one_where_the_shop_says_so(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    """Shop be writes to existing customers: who has a sale, not who only has an account; nobody who said no."""
    assert {key: ground for key, ground in column(built, "legal_ground").items() if ground} == {"u1": "consent"}
    grounds = {key: ground for key, ground in column(built, "legal_ground", "be").items() if ground}
    assert grounds == {"u4": "existing_customers", "u6": "existing_customers"}


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
        "returned": 111,
    }
    assert built["nl", "u1"]["last_ordered_at"] == datetime(2026, 7, 5)


def test_a_user_of_the_app_is_a_customer_of_the_app_under_the_key_of_the_shops(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    people = {"u1": 1, "u2": 2, "guest": None, "no-mail": None, "a5": None, "a6": None, "returned": None, "a8": None, "a9": None}
    assert column(built, "user_id", "app") == people
    assert not any(column(built, "is_anonymous", "app").values())
    addresses = {"u1": "e1", "u2": "e2", "guest": "guest", "no-mail": "no-mail", "a5": "mine", "returned": "returned"}
    assert {key: email for key, email in column(built, "email_pseudonym", "app").items() if email} == addresses


def test_an_address_of_the_app_has_a_state_as_one_of_a_shop(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = column(built, "email_status", "app")
    assert {key: found.pop(key) for key in ("a6", "a8", "a9", "returned")} == {
        "a6": "anonymised",
        "a8": "missing",
        "a9": "missing",  # gone from the users
        "returned": "bounced",
    }
    assert set(found.values()) == {"valid"}


def test_in_the_app_opted_out_is_who_does_not_consent_by_the_last_word(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    # Of account 1's users the third was changed last, and said no; nobody asked who is gone; `no-mail` told the mail tool.
    assert {key for key, is_out in column(built, "is_opted_out", "app").items() if is_out} == {"u1", "u2", "no-mail", "a9"}


def test_country_and_orders_of_the_app_are_those_made_there(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    found = column(built, "country_code", "app")
    # Of the latest order, else of the user.
    assert (found["u1"], found["a5"], found["u2"], found["a9"]) == ("FR", "SE", "NL", "NL")
    assert {key: last for key, last in column(built, "last_order_id", "app").items() if last} == {"u1": 2, "a5": 3, "a9": 4}
    assert column(built, "last_order_id")["u1"] == 102
    row = built["app", "u1"]
    assert (row["registered_at"], row["locale"], row["last_ordered_at"]) == (datetime(2026, 2, 1), None, datetime(2026, 7, 4))


def test_an_account_that_is_gone_and_a_guest_with_its_address_are_one_customer(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert ("nl", "u8") not in built
    names = ("user_id", "email_pseudonym", "is_anonymous", "is_customer", "last_order_id")
    assert [built["nl", "guest"][name] for name in names] == [None, "guest", False, True, 105]


def test_language_and_registration_are_the_accounts(built: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert (built["nl", "u1"]["locale"], built["nl", "u1"]["registered_at"]) == ("fr_BE", datetime(2026, 1, 1))
    assert (built["nl", "guest"]["locale"], built["nl", "guest"]["registered_at"]) == (None, None)

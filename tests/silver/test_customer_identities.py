"""silver.customer_identities: who is who, in one frame."""

from datetime import datetime

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.silver import orders
from lakehouse.silver.customer_identities import TABLE, build, with_customer_key
from lakehouse.sources.databases import entities
from lakehouse.sources.mobile_app import USERS as APP_USERS
from lakehouse.sources.woocommerce.people import USERS

# (shop, order, user id, user pseudonym, e-mail pseudonym)
ORDERS: list[tuple[str, int, int, str | None, str | None]] = [
    ("nl", 1, 7, "u7", "anna"),  # the account's own order
    ("nl", 2, 0, None, "anna"),  # as a guest, with the account's address
    ("nl", 3, 0, None, "bob"),  # a guest
    ("nl", 4, 0, None, "bob"),
    ("nl", 5, 0, None, None),  # nobody knows
    ("nl", 6, 0, None, None),
    ("nl", 7, 9, "u9", "gone"),  # an account that is gone from the users
    ("nl", 8, 0, None, "both"),  # an address of two accounts
    ("nl", 9, 7, "u7", "office"),  # the account's order with another address
    ("nl", 10, 20, "u20", "before"),  # two orders of an account that is gone, whose later address a guest uses
    ("nl", 11, 20, "u20", "eve"),
    ("nl", 12, 0, None, "eve"),
    ("nl", 13, 21, "u21", "anna"),  # an account that is gone, and made anew with the same address
    ("nl", 14, 21, "u21", None),
    ("de", 1, 0, None, "anna"),  # the same person as a guest of another shop
    ("de", 2, 0, None, "dora"),
]
# (order, user of the app)
APP_ORDERS = [(1, "a-anna"), (2, "a-bob"), (3, "a-gone"), (4, "a-gone"), (5, "a-nomail")]
# user of the app → e-mail
IN_APP = {
    "a-anna": "anna",
    "a-anna2": "anna",
    "a-bob": "bob",
    "a-both": "both",
    "a-new": "new",
    "a-dora": "dora",  # a guest of a shop that the vendor does not speak of
    "a-office": "office",  # an address that an account used in an order
    "a-nomail": None,  # none, or one that was erased
}
Found = dict[tuple[str, str, str], tuple[str, int | None]]


@pytest.fixture(scope="module")
def bought(spark: SparkSession) -> DataFrame:
    rows = [
        {
            "shop_code": s,
            "order_id": i,
            "customer_user_id": u,
            "user_pseudonym": user,
            "email_pseudonym": email,
            "order_pseudonym": f"o-{s}-{i}",
            "created_at": datetime(2026, 1, i),
        }
        for s, i, u, user, email in ORDERS
    ]
    rows += [{"shop_code": "app", "order_id": i, "user_pseudonym": user, "order_pseudonym": f"o-app-{i}"} for i, user in APP_ORDERS]
    return frame_of(spark, orders.TABLE, rows)


@pytest.fixture(scope="module")
def identities(spark: SparkSession, bought: DataFrame) -> DataFrame:
    users = [
        {"shop_code": "nl", "id": 7, "user_pseudonym": "u7", "email_pseudonym": "anna"},
        {"shop_code": "nl", "id": 11, "user_pseudonym": "u11", "email_pseudonym": "both"},
        {"shop_code": "nl", "id": 10, "user_pseudonym": "u10", "email_pseudonym": "both"},
        {"shop_code": "nl", "id": 12, "user_pseudonym": "u12", "email_pseudonym": None},
    ]
    in_app = [{"app_user_id": user, "user_pseudonym": user, "email_pseudonym": email} for user, email in IN_APP.items()]
    customer = {"shop_code": "erp", "customer_id": 5, "user_pseudonym": "e5", "email_pseudonym": "anna"}
    of_databases = frame_of(spark, entities.CUSTOMERS.bronze, [customer])
    return build(frame_of(spark, USERS.bronze, users), bought, frame_of(spark, APP_USERS.bronze, in_app), of_databases, feed_shop="nl")


@pytest.fixture(scope="module")
def found(identities: DataFrame) -> Found:
    rows = [tuple(row) for row in identities.select(*TABLE.column_names).collect()]
    assert len({row[:3] for row in rows}) == len(rows)
    return {row[:3]: row[3:5] for row in rows}


@pytest.fixture(scope="module")
def reasons(identities: DataFrame) -> dict[tuple[str, str], tuple[str, str]]:
    """(shop, pseudonym) → match class and evidence."""
    return {(row["shop_code"], row["identity_pseudonym"]): (row["match_class"], row["evidence"]) for row in identities.collect()}


def test_a_guest_with_an_accounts_address_is_that_account(found: Found) -> None:
    assert found["nl", "email", "anna"] == ("u7", 7)
    assert found["nl", "user", "u7"] == ("u7", 7)


def test_a_guest_is_known_by_the_address_in_its_shop(found: Found) -> None:
    assert found["nl", "email", "bob"] == ("bob", None)
    assert found["de", "email", "anna"] == ("anna", None)


def test_a_buyer_without_an_address_is_one_person_an_order(found: Found) -> None:
    assert found["nl", "order", "o-nl-5"] == ("o-nl-5", None)
    assert found["nl", "order", "o-nl-6"] == ("o-nl-6", None)
    assert len([key for key in found if key[1] == "order"]) == 2


def test_an_account_that_orders_name_stays_a_customer_when_it_is_gone(found: Found) -> None:
    assert found["nl", "user", "u9"] == ("u9", 9)
    # That nobody has the address of its orders makes it none that may be written to.
    assert ("nl", "email", "gone") not in found


def test_an_account_that_is_gone_is_whoever_has_the_address_of_its_latest_order(found: Found) -> None:
    assert found["nl", "user", "u20"] == ("eve", None) == found["nl", "email", "eve"]
    assert ("nl", "email", "before") not in found
    assert found["nl", "user", "u21"] == ("u7", 7)


def test_of_two_accounts_with_one_address_the_older_has_it(found: Found) -> None:
    assert found["nl", "email", "both"] == ("u10", 10)
    assert found["nl", "user", "u11"] == ("u11", 11)


def test_a_databases_customer_is_an_account_there(found: Found) -> None:
    """Whoever has the same address elsewhere."""
    assert found["erp", "user", "e5"] == found["erp", "email", "anna"] == ("e5", 5)


def test_everybody_is_there_once(found: Found) -> None:
    assert {key[2] for key in found if key[1] == "user"} == {"u7", "u9", "u10", "u11", "u12", "u20", "u21", "e5"}
    assert {key[::2] for key in found if key[1] == "email"} == {
        ("nl", "anna"),
        ("nl", "bob"),
        ("nl", "both"),
        ("nl", "eve"),
        ("de", "anna"),
        ("de", "dora"),
        ("erp", "anna"),
    }
    assert {key[::2] for key in found if key[1] == "app_user"} == {("app", user) for user in (*IN_APP, "a-gone")}


def test_a_user_of_the_app_is_the_feed_shops_customer_with_the_same_e_mail(found: Found) -> None:
    assert found["app", "app_user", "a-anna"] == found["app", "app_user", "a-anna2"] == ("u7", 7)
    assert found["app", "app_user", "a-bob"] == ("bob", None)
    assert found["app", "app_user", "a-both"] == ("u10", 10)


def test_a_user_of_the_app_whose_e_mail_no_customer_has_is_nobody_else(found: Found) -> None:
    for user in ("a-new", "a-dora", "a-office", "a-nomail", "a-gone"):
        assert found["app", "app_user", user] == (user, None)


def test_every_identity_says_why_it_is_that_customer(reasons: dict[tuple[str, str], tuple[str, str]]) -> None:
    assert reasons == {
        ("nl", "u7"): ("account", "the account itself"),
        ("nl", "u9"): ("account", "the account itself"),
        ("nl", "u20"): ("email_of_guest", "the account is gone, and its latest order has the address of a guest"),
        ("nl", "u21"): ("email_of_account", "the account is gone, and its latest order has the address of account 7"),
        ("nl", "u10"): ("account", "the account itself"),
        ("nl", "u11"): ("account", "the account itself"),
        ("nl", "u12"): ("account", "the account itself"),
        ("nl", "anna"): ("account_email", "the address of account 7"),
        ("nl", "both"): ("account_email", "the address of account 10"),
        ("nl", "bob"): ("guest_email", "an address that no account has"),
        ("nl", "eve"): ("guest_email", "an address that no account has"),
        ("de", "anna"): ("guest_email", "an address that no account has"),
        ("de", "dora"): ("guest_email", "an address that no account has"),
        ("nl", "o-nl-5"): ("single_order", "a buyer without a usable address"),
        ("nl", "o-nl-6"): ("single_order", "a buyer without a usable address"),
        ("erp", "e5"): ("account", "the account itself"),
        ("erp", "anna"): ("account_email", "the address of account 5"),
        ("app", "a-anna"): ("email_of_account", "e-mail of account 7 of shop nl"),
        ("app", "a-anna2"): ("email_of_account", "e-mail of account 7 of shop nl"),
        ("app", "a-both"): ("email_of_account", "e-mail of account 10 of shop nl"),
        ("app", "a-bob"): ("email_of_guest", "e-mail of a guest of shop nl"),
        ("app", "a-new"): ("none", "no customer of shop nl has this e-mail"),
        ("app", "a-dora"): ("none", "no customer of shop nl has this e-mail"),
        ("app", "a-office"): ("none", "no customer of shop nl has this e-mail"),
        ("app", "a-nomail"): ("none", "no usable e-mail"),
        ("app", "a-gone"): ("none", "only orders name this user"),
    }


def test_the_order_of_rows_does_not_matter_and_they_are_conformed(identities: DataFrame) -> None:
    row = ("de", "email", "anna", "anna", None, "guest_email", "an address that no account has")
    assert rows_of(identities.where("shop_code = 'de' and identity_pseudonym = 'anna'"), TABLE) == [row]


def test_every_order_gets_its_customer(bought: DataFrame, identities: DataFrame) -> None:
    keyed = with_customer_key(bought, identities)
    assert set(keyed.columns) == {*bought.columns, "customer_key"}
    assert {(row["shop_code"], row["order_id"]): row["customer_key"] for row in keyed.collect()} == {
        ("nl", 1): "u7",
        ("nl", 2): "u7",
        ("nl", 3): "bob",
        ("nl", 4): "bob",
        ("nl", 5): "o-nl-5",
        ("nl", 6): "o-nl-6",
        ("nl", 7): "u9",
        ("nl", 8): "u10",
        ("nl", 9): "u7",
        ("nl", 10): "eve",
        ("nl", 11): "eve",
        ("nl", 12): "eve",
        ("nl", 13): "u7",
        ("nl", 14): "u7",
        ("de", 1): "anna",
        ("de", 2): "dora",
        ("app", 1): "u7",
        ("app", 2): "bob",
        ("app", 3): "a-gone",
        ("app", 4): "a-gone",
        ("app", 5): "a-nomail",
    }

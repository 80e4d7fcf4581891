"""silver.customer_identities: who is who, in one frame."""

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.silver import orders
from lakehouse.silver.customer_identities import TABLE, build, with_customer_key
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
    ("de", 1, 0, None, "anna"),  # the same person as a guest of another shop
]


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
        }
        for s, i, u, user, email in ORDERS
    ]
    return frame_of(spark, orders.TABLE, rows)


@pytest.fixture(scope="module")
def identities(spark: SparkSession, bought: DataFrame) -> DataFrame:
    users = [
        {"shop_code": "nl", "id": 7, "user_pseudonym": "u7", "email_pseudonym": "anna"},
        {"shop_code": "nl", "id": 11, "user_pseudonym": "u11", "email_pseudonym": "both"},
        {"shop_code": "nl", "id": 10, "user_pseudonym": "u10", "email_pseudonym": "both"},
        {"shop_code": "nl", "id": 12, "user_pseudonym": "u12", "email_pseudonym": None},
    ]
    return build(frame_of(spark, USERS.bronze, users), bought)


@pytest.fixture(scope="module")
def found(identities: DataFrame) -> dict[tuple[str, str, str], tuple[str, int | None]]:
    rows = [tuple(row) for row in identities.select(*TABLE.column_names).collect()]
    assert len({row[:3] for row in rows}) == len(rows)
    return {row[:3]: row[3:] for row in rows}


def test_a_guest_with_an_accounts_address_is_that_account(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert found["nl", "email", "anna"] == ("u7", 7)
    assert found["nl", "user", "u7"] == ("u7", 7)


def test_a_guest_is_known_by_the_address_in_its_shop(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert found["nl", "email", "bob"] == ("bob", None)
    assert found["de", "email", "anna"] == ("anna", None)


def test_a_buyer_without_an_address_is_one_person_an_order(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert found["nl", "order", "o-nl-5"] == ("o-nl-5", None)
    assert found["nl", "order", "o-nl-6"] == ("o-nl-6", None)
    assert len([key for key in found if key[1] == "order"]) == 2


def test_an_account_that_orders_name_stays_a_customer_when_it_is_gone(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert found["nl", "user", "u9"] == ("u9", 9)
    # Its order's address is nobody's: a guest who uses it later is somebody else.
    assert ("nl", "email", "gone") not in found


def test_of_two_accounts_with_one_address_the_older_has_it(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert found["nl", "email", "both"] == ("u10", 10)
    assert found["nl", "user", "u11"] == ("u11", 11)


def test_everybody_is_there_once(found: dict[tuple[str, str, str], tuple[str, int | None]]) -> None:
    assert {key[2] for key in found if key[1] == "user"} == {"u7", "u9", "u10", "u11", "u12"}
    assert {key[::2] for key in found if key[1] == "email"} == {("nl", "anna"), ("nl", "bob"), ("nl", "both"), ("de", "anna")}


def test_the_order_of_rows_does_not_matter_and_they_are_conformed(identities: DataFrame) -> None:
    assert rows_of(identities.where("shop_code = 'de'"), TABLE) == [("de", "email", "anna", "anna", None)]


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
        ("de", 1): "anna",
    }

"""The e-mail campaign: who is written to, under which name, with which products."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.export.campaign import COLUMNS, SLOTS, audience, contacts, rows
from lakehouse.gold import interactions
from lakehouse.recommend import customer_products
from lakehouse.silver import customers, products
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS


def lists(spark: SparkSession, listed: list[tuple[str, str, int, int, str]]) -> DataFrame:
    """(customer, list, rank, product, source)."""
    return frame_of(
        spark,
        customer_products.TABLE,
        [
            {"shop_code": "nl", "customer_key": c, "list_name": name, "rank": r, "product_id": p, "candidate_source": s}
            for c, name, r, p, s in listed
        ],
    )


def test_everybody_else_is_left_out_for_the_first_reason_that_holds(spark: SparkSession) -> None:
    # (status, opted out, has a mixed list) → reason; who is no customer has it in the name
    cases: dict[str, tuple[str, bool, bool, str | None]] = {
        "fine": ("valid", False, True, None),
        "out": ("valid", True, True, "opted_out"),
        "out, nothing": ("valid", True, False, "opted_out"),
        "nothing": ("valid", False, False, "nothing_to_show"),
        "bounced, out": ("bounced", True, True, "bounced"),
        "disposable, out": ("disposable", True, True, "disposable"),
        "invalid, nothing": ("invalid", False, False, "invalid"),
        "anonymised, out": ("anonymised", True, False, "anonymised"),
        "missing, out": ("missing", True, True, "missing"),
        "silent": ("valid", False, True, "no_consent"),
        "silent, nothing": ("valid", False, False, "no_consent"),
        "complained": ("valid", True, True, "complained"),
        "complained once, said yes since": ("valid", False, True, None),
        "relay, out": ("relay", True, True, "relay"),
        "role, nothing": ("role", False, False, "role"),
        "no customer": ("valid", True, True, "not_a_customer"),
        "no customer, bounced": ("bounced", False, True, "not_a_customer"),
        "no customer, disposable": ("disposable", False, True, "disposable"),
    }
    everybody = frame_of(
        spark,
        customers.TABLE,
        [
            {"shop_code": "nl", "customer_key": key, "email_status": status, "is_opted_out": out, "is_customer": "no customer" not in key}
            | {"email_pseudonym": key, "legal_ground": None if "silent" in key else "consent", "has_complained": "complained" in key}
            for key, (status, out, _, _) in cases.items()
        ]
        + [{"shop_code": "app", "customer_key": "fine in the app too", "email_status": "valid", "is_opted_out": False}],
    )
    listed = [(key, "mixed", rank, rank, "als") for key, (_, _, has, _) in cases.items() if has for rank in (1, 2)]
    # Other lists are not for this channel.
    listed.append(("nothing", "discover", 1, 1, "als"))
    found = audience(everybody, lists(spark, listed)).select("customer_key", "suppressed_for").collect()
    assert len(found) == len(cases)
    assert {row[0]: row[1] for row in found} == {key: reason for key, (_, _, _, reason) in cases.items()}


def test_one_address_is_one_recipient_that_with_the_newest_order(spark: SparkSession) -> None:
    """Of customers with the address in two shops; who may not be written to for another reason does not take the place."""
    common = {"email_pseudonym": "e", "email_status": "valid", "is_opted_out": False, "has_complained": False}
    of_nl = [("old", 1, True), ("newer", 5, True), ("staff", 11, False), ("none", None, True), ("silent", 10, True)]
    orders = [*(("nl", *one) for one in of_nl), ("de", "newest", 9, True)]
    everybody = frame_of(
        spark,
        customers.TABLE,
        [
            {**common, "shop_code": shop, "customer_key": key, "is_customer": is_customer}
            | {"last_ordered_at": day and datetime(2026, 11, day), "legal_ground": None if key == "silent" else "consent"}
            for shop, key, day, is_customer in orders
        ],
    )
    listed = frame_of(
        spark,
        customer_products.TABLE,
        [{"shop_code": shop, "customer_key": key, "list_name": "mixed", "rank": 1, "product_id": 1} for shop, key, _, _ in orders],
    )
    found = {row["customer_key"]: row["suppressed_for"] for row in audience(everybody, listed).collect()}
    assert found.pop("newest") is None
    assert found.pop("staff") == "not_a_customer"
    assert found == dict.fromkeys(("old", "newer", "none", "silent"), "same_address")


def test_the_name_is_the_accounts_else_the_latest_orders(spark: SparkSession) -> None:
    assert USERS.vault
    assert USER_META.vault
    assert ORDERS.vault
    assert ORDER_ADDRESSES.vault
    people: list[tuple[str, int | None, str | None, int | None]] = [
        ("account", 1, "e1", 11),
        ("blank", 2, "e2", 12),
        ("guest", None, "e3", 14),
        ("nameless", None, "e4", 15),
        ("no address", 3, None, 11),
    ]
    found = contacts(
        frame_of(
            spark,
            USERS.vault,
            [{"shop_code": "nl", "id": i, "user_email": f" Mail{i}@Shop.Example", "email_pseudonym": f"e{i}"} for i in (1, 2)],
        ),
        frame_of(
            spark,
            USER_META.vault,
            [
                {"shop_code": "nl", "umeta_id": i, "user_id": u, "meta_key": k, "meta_value": v}
                for i, u, k, v in [
                    (5, 1, "first_name", "Written later"),
                    (4, 1, "first_name", " Anna "),
                    (6, 1, "nickname", "Nick"),
                    (7, 2, "first_name", " "),
                ]
            ],
        ),
        frame_of(
            spark,
            ORDERS.vault,
            [
                {"shop_code": shop, "id": i, "billing_email": mail, "email_pseudonym": e}
                for shop, i, mail, e in [
                    ("nl", 11, "MAIL1@shop.example", "e1"),
                    ("nl", 13, "guest@shop.example", "e3"),
                    ("nl", 14, "Guest@shop.example ", "e3"),
                    ("nl", 15, "x@shop.example", "e4"),
                    ("de", 14, "other@shop.example", "e3"),
                ]
            ],
        ),
        frame_of(
            spark,
            ORDER_ADDRESSES.vault,
            [
                {"shop_code": shop, "order_id": i, "first_name": name}
                for shop, i, name in [
                    ("nl", 11, "Ordered"),
                    ("nl", 12, " Bea "),
                    ("nl", 13, "Earlier"),
                    ("nl", 14, "Gert"),
                    ("de", 14, "Other"),
                ]
            ],
        ),
        frame_of(
            spark,
            customers.TABLE,
            [
                {"shop_code": "nl", "customer_key": key, "user_id": user, "email_pseudonym": e, "last_order_id": last}
                for key, user, e, last in people
            ],
        ),
    )
    assert {row["customer_key"]: (row["email"], row["first_name"]) for row in found.collect()} == {
        "account": ("mail1@shop.example", "Anna"),
        "blank": ("mail2@shop.example", "Bea"),
        "guest": ("guest@shop.example", "Gert"),
        "nameless": ("x@shop.example", None),
    }


def test_a_row_has_eight_slots_of_the_mixed_list(spark: SparkSession) -> None:
    ten = [("full", "mixed", rank, 100 + rank, "als") for rank in range(1, 11)]
    listed = [
        *ten,
        ("full", "discover", 1, 110, "als"),
        ("short", "mixed", 1, 103, "own_frequency"),
        ("short", "mixed", 2, 102, "popularity"),
        ("left out", "mixed", 1, 101, "als"),
    ]
    catalogue = frame_of(
        spark,
        products.TABLE,
        [
            {
                "shop_code": "nl",
                "product_id": i,
                "product_name": f"Product {i}",
                "price_amount": Decimal("2.5"),
                "currency_code": "EUR",
                "product_url": f"https://shop.example/?p={i}",
            }
            for i in range(101, 111)
        ],
    )
    reached = frame_of(
        spark, customers.TABLE, [{"shop_code": "nl", "customer_key": key, "country_code": "NL"} for key in ("short", "full", "empty")]
    )
    contact = frame_from(
        spark,
        [("nl", key, f"{key}@shop.example", None) for key in ("short", "full", "empty")],
        "shop_code string, customer_key string, email string, first_name string",
    )
    bought = frame_of(spark, interactions.TABLE, [{"shop_code": "nl", "customer_key": "short", "product_id": 103}])
    found = rows(reached, contact, lists(spark, listed), catalogue, bought)
    assert tuple(found.columns) == COLUMNS
    assert {kind for _, kind in found.dtypes} == {"string"}
    full, short = (row.asDict() for row in found.collect())
    assert SLOTS == 8
    assert [full[f"product_id_{k}"] for k in range(1, 9)] == [str(100 + k) for k in range(1, 9)]
    assert (full["email"], full["customer_key"], full["shop_code"], full["country_code"]) == ("full@shop.example", "full", "nl", "NL")

    def slot(row: dict[str, Any], k: int) -> list[str | None]:
        return [row[f"{name}_{k}"] for name in ("product_id", "product_name", "price", "currency", "url", "image_url", "list")]

    assert slot(short, 1) == ["103", "Product 103", "2.50", "EUR", "https://shop.example/?p=103", None, "buy_again"]
    assert slot(short, 2)[-1] == "discover"
    assert slot(short, 3) == [None] * 7


def test_a_product_that_was_bought_before_is_not_called_a_discovery(spark: SparkSession) -> None:
    # On the mixed list the model's part of the score may be the larger one, also of what was bought before.
    listed = [("anna", "buy_again", 1, 101, "own_frequency"), ("anna", "buy_again", 2, 102, "own_frequency")]
    listed += [("anna", "mixed", 1, 101, "own_frequency"), ("anna", "mixed", 2, 102, "als")]
    catalogue = frame_of(spark, products.TABLE, [{"shop_code": "nl", "product_id": i, "product_name": "x"} for i in (101, 102)])
    reached = frame_of(spark, customers.TABLE, [{"shop_code": "nl", "customer_key": "anna"}])
    contact = frame_from(
        spark, [("nl", "anna", "anna@shop.example", "Anna")], "shop_code string, customer_key string, email string, first_name string"
    )
    bought = frame_of(spark, interactions.TABLE, [{"shop_code": "nl", "customer_key": "anna", "product_id": i} for i in (101, 102)])
    row = rows(reached, contact, lists(spark, listed), catalogue, bought).collect()[0]
    assert (row["list_1"], row["list_2"]) == ("buy_again", "buy_again")


def test_where_nobody_may_have_the_address_each_row_says_its_own_reason(spark: SparkSession) -> None:
    common = {"email_pseudonym": "e", "email_status": "valid", "is_customer": True, "has_complained": False}
    said = {"silent": (False, None), "objects": (True, None)}
    rows = [
        {**common, "shop_code": "nl", "customer_key": key, "is_opted_out": is_out, "legal_ground": ground}
        for key, (is_out, ground) in said.items()
    ]
    found = audience(frame_of(spark, customers.TABLE, rows), lists(spark, [(key, "mixed", 1, 1, "als") for key in said]))
    assert {row["customer_key"]: row["suppressed_for"] for row in found.collect()} == {"silent": "no_consent", "objects": "opted_out"}

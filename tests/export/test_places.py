"""The products that a campaign shows, and who reads about them."""

from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.export.channels.email import contacts
from lakehouse.export.channels.push import devices
from lakehouse.export.places import items, places, with_lists
from lakehouse.gold import interactions
from lakehouse.recommend import customer_products
from lakehouse.silver import customer_identities, customers, products
from lakehouse.sources import mobile_app
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.table import Table

pytestmark = pytest.mark.spark


def test_a_list_shows_its_first_places_that_can_be_bought_and_says_what_was_bought_before(spark: SparkSession) -> None:
    listed = [("full", "mixed", rank, 100 + rank, "als") for rank in range(1, 6)]
    listed += [("full", "discover", 1, 105, "als"), ("sold out", "mixed", 1, 102, "popularity")]
    lists = frame_of(
        spark,
        customer_products.TABLE,
        [
            {"shop_code": "nl", "customer_key": c, "list_name": name, "rank": r, "product_id": p, "candidate_source": s}
            # 101 and 103 because of 105; what is the reason of 105 was sold out since.
            | {"reason_code": s, "reason_product_ids": [102, 101] if p == 105 else [105]}
            for c, name, r, p, s in listed
        ],
    )
    # 102 was sold out since the lists were made, 104 is restricted since.
    catalogue = frame_of(
        spark,
        products.TABLE,
        [
            {"shop_code": "nl", "product_id": i, "product_name": f"Product {i}", "price_amount": Decimal("2.5"), "currency_code": "EUR"}
            | {"is_sellable": i != 102, "is_restricted": i == 104, "product_url": f"https://shop.example/?p={i}"}
            for i in range(101, 106)
        ],
    )
    bought = frame_of(spark, interactions.TABLE, [{"shop_code": "nl", "customer_key": "full", "product_id": 103}])
    shown = places(lists, catalogue, bought, "mixed")
    (row,) = items(shown, 3).collect()
    assert (row["list_shop"], row["customer_key"]) == ("nl", "full")
    told = [(i["product_id"], i["list"], i["product_name"], i["price"], i["currency"], i["url"]) for i in row["items"]]
    assert told[:2] == [
        (101, "discover", "Product 101", Decimal("2.5"), "EUR", "https://shop.example/?p=101"),
        (103, "buy_again", "Product 103", Decimal("2.5"), "EUR", "https://shop.example/?p=103"),
    ]
    # 103 was bought since the lists were made.
    why = [(i["product_id"], i["reason_code"], i["reason_product_name"]) for i in row["items"]]
    assert why == [(101, "als", "Product 105"), (103, "own_frequency", None), (105, "als", None)]
    people = frame_from(spark, [("nl", key) for key in ("full", "sold out", "none")], "list_shop string, customer_key string")
    found = {row["customer_key"]: (row["has_list"], row["has_places"]) for row in with_lists(people, lists, shown, "mixed").collect()}
    assert found == {"full": (True, True), "sold out": (True, None), "none": (None, None)}


def vault(spark: SparkSession, table: Table | None, rows: list[dict[str, object]]) -> DataFrame:
    assert table is not None
    return frame_of(spark, table, rows)


def test_the_name_is_the_accounts_else_the_latest_orders(spark: SparkSession) -> None:
    people: list[tuple[str, int | None, str | None, int | None]] = [
        ("account", 1, "e1", 11),
        ("blank", 2, "e2", 12),
        ("guest", None, "e3", 14),
        ("nameless", None, "e4", 15),
        ("no address", 3, None, 11),
    ]
    meta = [(5, 1, "first_name", "Written later"), (4, 1, "first_name", " Anna "), (6, 1, "nickname", "Nick"), (7, 2, "first_name", " ")]
    orders = [
        ("nl", 11, "MAIL1@shop.example", "e1"),
        ("nl", 13, "guest@shop.example", "e3"),
        ("nl", 14, "Guest@shop.example ", "e3"),
        ("nl", 15, "x@shop.example", "e4"),
        ("de", 14, "other@shop.example", "e3"),
    ]
    names = [("nl", 11, "Ordered"), ("nl", 12, " Bea "), ("nl", 13, "Earlier"), ("nl", 14, "Gert"), ("de", 14, "Other")]
    of_erp = {"shop_code": "erp", "customer_id": 1, "email": "Erp@Shop.Example", "first_name": "Eva", "email_pseudonym": "e9"}
    found = contacts(
        frame_of(
            spark,
            customers.TABLE,
            [
                {"shop_code": "nl", "customer_key": key, "user_id": user, "email_pseudonym": e, "last_order_id": last}
                for key, user, e, last in people
            ]
            + [{"shop_code": "erp", "customer_key": "of the ERP", "user_id": 1, "email_pseudonym": "e9"}],
        ),
        vault(
            spark,
            USERS.vault,
            [{"shop_code": "nl", "id": i, "user_email": f" Mail{i}@Shop.Example", "email_pseudonym": f"e{i}"} for i in (1, 2)],
        ),
        vault(
            spark,
            USER_META.vault,
            [{"shop_code": "nl", "umeta_id": i, "user_id": u, "meta_key": k, "meta_value": v} for i, u, k, v in meta],
        ),
        vault(spark, ORDERS.vault, [{"shop_code": s, "id": i, "billing_email": mail, "email_pseudonym": e} for s, i, mail, e in orders]),
        vault(spark, ORDER_ADDRESSES.vault, [{"shop_code": s, "order_id": i, "first_name": name} for s, i, name in names]),
        vault(spark, mobile_app.USERS.vault, [{"app_user_id": "u", "email_pseudonym": "e3", "phone": "0612345678"}]),
        vault(spark, entities.CUSTOMERS.vault, [of_erp]),
        vault(spark, entities.ORDERS.vault, []),
    )
    assert {row["customer_key"]: (row["email"], row["first_name"], row["phone"]) for row in found.collect()} == {
        "account": ("mail1@shop.example", "Anna", None),
        "blank": ("mail2@shop.example", "Bea", None),
        "guest": ("guest@shop.example", "Gert", "0612345678"),
        "nameless": ("x@shop.example", None, None),
        "of the ERP": ("erp@shop.example", "Eva", None),
    }


def test_a_message_goes_to_installed_apps_that_take_it_each_device_once(spark: SparkSession) -> None:
    # (install, user, takes messages, removed, token, day of the last use)
    rows: list[tuple[str, str, bool, int | None, str | None, int]] = [
        ("i1", "u1", True, None, "t1", 1),
        ("i2", "u1", True, None, "t2", 1),
        ("i3", "u1", False, None, "t3", 1),
        ("i4", "u1", True, 3, "t4", 1),
        ("i5", "u2", True, None, None, 1),
        ("i6", "u2", True, None, "t1", 5),  # the same device, which somebody else uses now
        ("i7", "nobody", True, None, "t7", 1),
    ]
    installs = frame_from(
        spark,
        [(i, u, f"p-{u}", on, gone, day) for i, u, on, gone, _, day in rows],
        "install_id string, app_user_id string, user_pseudonym string, push_enabled boolean, uninstalled_at int, last_seen_at int",
    )
    links = [{"shop_code": "app", "customer_key": f"c{n}", "identity_type": "app_user", "identity_pseudonym": f"p-u{n}"} for n in (1, 2)]
    found = devices(
        installs,
        vault(spark, mobile_app.INSTALLS.vault, [{"install_id": i, "push_token": token} for i, *_, token, _ in rows]),
        vault(spark, mobile_app.USERS.vault, [{"app_user_id": "u1", "first_name": " Anna "}, {"app_user_id": "u2", "first_name": " "}]),
        frame_of(spark, customer_identities.TABLE, links),
    )
    assert {row["customer_key"]: (row["first_name"], row["push_tokens"]) for row in found.collect()} == {
        "c1": ("Anna", ["t2"]),
        "c2": (None, ["t1"]),
    }

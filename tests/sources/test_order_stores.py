"""What the two stores of orders are asked, on a real server."""

from collections.abc import Iterator

import pytest

from lakehouse.demo.store import schema
from lakehouse.demo.store.server import Server
from lakehouse.sources.woocommerce.special_orders import SUB_ORDER_KEYS
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY, OrderStore, parents

pytestmark = pytest.mark.database
# (id, type, parent). Order 10 was paid at a marketplace: 11 and 12 are copies, 13 the rest of a down payment, 14 and 15 refunds of 10
# and of the copy. Order 20 is the parent of an order and no marketplace's; nor is 30, whose key says no. Order 40 has a shop's own key.
# Of a key that stands twice the first row counts: 50 is no marketplace's, 60 is.
ROWS = [
    *((10, "shop_order", 0), (11, "shop_order", 10), (12, "shop_order", 10), (13, "shop_order", 10)),
    *((14, "shop_order_refund", 10), (15, "shop_order_refund", 11), (16, "shop_order_refund", 0), (17, "shop_subscription", 10)),
    *((20, "shop_order", 0), (21, "shop_order", 20), (30, "shop_order", 0), (31, "shop_order", 30)),
    *((40, "shop_order", 0), (41, "shop_order", 40)),
    *((50, "shop_order", 0), (51, "shop_order", 50), (60, "shop_order", 0), (61, "shop_order", 60)),
    *((70, "shop_order", 0), (71, "shop_order", 70)),
]
META = [
    (10, "has_sub_order", "1"),
    (10, "has_mvx_sub_order", "1"),
    (70, "has_multivendorx_sub_order", "1"),
    (20, "other", "1"),
    (30, "has_sub_order", "0"),
    (40, "our_sellers", "yes"),
    *((50, "has_sub_order", "0"), (50, "has_sub_order", "1"), (60, "has_sub_order", "1"), (60, "has_sub_order", "0")),
]
VIA = {11: "dokan", 13: "wc_deposits"}


@pytest.fixture(scope="module")
def database(server: Server) -> Iterator[str]:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE sub_orders")
        cursor.execute("USE sub_orders")
        cursor.execute("SET sql_mode = ''")
        for statement in schema.create_statements("wp_"):
            cursor.execute(statement)
        for order_id, kind, parent in ROWS:
            cursor.execute("INSERT INTO wp_wc_orders (id, type, parent_order_id) VALUES (%s, %s, %s)", (order_id, kind, parent))
            cursor.execute("INSERT INTO wp_posts (ID, post_type, post_parent) VALUES (%s, %s, %s)", (order_id, kind, parent))
        for order_id, key, value in [*META, *((order_id, "_created_via", via) for order_id, via in VIA.items())]:
            cursor.execute("INSERT INTO wp_wc_orders_meta (order_id, meta_key, meta_value) VALUES (%s, %s, %s)", (order_id, key, value))
            cursor.execute("INSERT INTO wp_postmeta (post_id, meta_key, meta_value) VALUES (%s, %s, %s)", (order_id, key, value))
        for order_id, via in VIA.items():
            cursor.execute("INSERT INTO wp_wc_order_operational_data (order_id, created_via) VALUES (%s, %s)", (order_id, via))
        connection.commit()
        yield "sub_orders"
        cursor.execute("DROP DATABASE sub_orders")


@pytest.mark.parametrize("store", [HPOS, LEGACY], ids=lambda store: store.name)
def test_parents_are_those_of_refunds_and_of_copies_for_sellers(server: Server, database: str, store: OrderStore) -> None:
    def asked(keys: tuple[str, ...]) -> set[tuple[int, int]]:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {database}")
            cursor.execute(parents(store, keys).replace("{p}", "wp_"))
            return {(row[0], row[1]) for row in cursor.fetchall() if row[1]}

    assert asked(SUB_ORDER_KEYS) == {(11, 10), (12, 10), (14, 10), (15, 11), (61, 60), (71, 70)}
    assert asked((*SUB_ORDER_KEYS, "our_sellers")) == {(11, 10), (12, 10), (14, 10), (15, 11), (41, 40), (61, 60), (71, 70)}

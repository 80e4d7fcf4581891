"""Statuses that a shop has, beside those that its settings call sales."""

from lakehouse.sources.woocommerce.statuses import status_counts_sql, status_notes
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY


def test_a_status_that_no_order_has_and_one_that_nothing_is_said_of_are_told() -> None:
    counts = {"wc-completed": 9, "wc-packed": 3, "wc-pending": 2, "trash": 1, "": 4, "wc-awaiting-shipment": 1}
    assert status_notes(counts, ["completed", "sent", "awaiting-shipment"]) == [
        "no order has the status `sent` of counts_as_sale: is its name right?",
        "3 orders have the status `packed`, which is not in counts_as_sale: they are no sales",
    ]


def test_a_name_that_the_database_cut_is_the_settings_full_name() -> None:
    assert status_notes({"wc-ready-for-collect": 9}, ["ready-for-collection"]) == []


def test_each_store_is_asked_by_the_index_that_it_has() -> None:
    expected = "SELECT `status` AS `status`, COUNT(*) FROM `wp_wc_orders` WHERE `type` = 'shop_order' GROUP BY `status`"
    assert status_counts_sql(HPOS, "wp_") == expected
    assert status_counts_sql(LEGACY, "wp_").endswith("FROM `wp_posts` WHERE `post_type` = 'shop_order' GROUP BY `post_status`")

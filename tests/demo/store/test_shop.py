"""What a newly made shop holds."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pandas as pd
import pytest
from disposable_email_domains import blocklist
from tests.support.demo_shop import Shop, make_shop

from lakehouse.demo.store.server import Server
from lakehouse.demo.world.money import tax_cents, text
from lakehouse.demo.world.words import DISPOSABLE_DOMAINS

pytestmark = pytest.mark.database

LINE_KEYS = {
    *("_product_id", "_variation_id", "_qty", "_tax_class", "_line_subtotal", "_line_subtotal_tax"),
    *("_line_total", "_line_tax", "_line_tax_data"),
}


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(server: Server, shop: Shop, tmp_path: Path) -> None:
    again, other = make_shop(server, "again", tmp_path / "again"), make_shop(server, "other", tmp_path / "other", seed=4)
    assert again.checksums() == shop.checksums()
    assert other.checksums()["wp_wc_orders"] != shop.checksums()["wp_wc_orders"]
    assert (tmp_path / "again" / "summary.json").read_text() == (shop.truth / "summary.json").read_text()


def test_every_order_total_is_the_sum_of_its_items(shop: Shop) -> None:
    wrong = shop.rows(
        "SELECT o.id, o.total_amount, i.goods, i.taxes FROM wp_wc_orders o JOIN wp_wc_order_operational_data d ON d.order_id = o.id JOIN ("
        " SELECT order_id,"
        "  sum(if(order_item_type IN ('line_item', 'fee') AND meta_key = '_line_total', CAST(meta_value AS decimal(26,8)), 0)) goods,"
        "  sum(if(order_item_type IN ('line_item', 'fee') AND meta_key = '_line_tax', CAST(meta_value AS decimal(26,8)), 0)) taxes,"
        "  sum(if(order_item_type = 'tax' AND meta_key = 'tax_amount', CAST(meta_value AS decimal(26,8)), 0)) tax_items,"
        "  sum(if(order_item_type = 'shipping' AND meta_key IN ('cost', 'total_tax'), CAST(meta_value AS decimal(26,8)), 0)) shipping"
        " FROM wp_woocommerce_order_items JOIN wp_woocommerce_order_itemmeta USING (order_item_id) GROUP BY order_id) i"
        " ON i.order_id = o.id"
        " WHERE o.type = 'shop_order' AND (o.total_amount <> round(goods, 2) + taxes + shipping"
        " OR o.tax_amount <> taxes OR o.tax_amount <> tax_items OR shipping <> d.shipping_total_amount + d.shipping_tax_amount)"
    )
    assert wrong == []
    assert shop.number("SELECT count(*) FROM wp_wc_orders WHERE type = 'shop_order'") > 250


def test_refunds_of_all_kinds_exist(shop: Shop) -> None:
    kinds = json.loads((shop.truth / "summary.json").read_text())["refunds_by_kind"]
    assert {"line", "amount", "full", "goods", "deleted_product"} <= set(kinds)
    full = "SELECT count(*) FROM wp_wc_orders r JOIN wp_wc_orders o ON o.id = r.parent_order_id WHERE o.status = 'wc-refunded'"
    assert shop.number(full + " AND r.total_amount = -o.total_amount") == shop.number(full) > 0
    without_lines = (
        "SELECT count(*) FROM wp_wc_orders r JOIN wp_wc_orders o ON o.id = r.parent_order_id WHERE o.status = 'wc-completed'"
        " AND NOT EXISTS (SELECT 1 FROM wp_woocommerce_order_items i WHERE i.order_id = r.id)"
    )
    assert shop.number(without_lines) > 0


def test_refunds_have_no_customer_and_stay_within_their_order(shop: Shop) -> None:
    odd = "SELECT count(*) FROM wp_wc_orders WHERE type = 'shop_order_refund' AND (customer_id IS NOT NULL OR billing_email IS NOT NULL"
    assert shop.number(odd + " OR total_amount >= 0 OR status <> 'wc-completed')") == 0
    more = (
        "SELECT count(*) FROM (SELECT o.id FROM wp_wc_orders o JOIN wp_wc_orders r ON r.parent_order_id = o.id"
        " GROUP BY o.id HAVING sum(r.total_amount) + min(o.total_amount) < -0.05) x"
    )
    assert shop.number(more) == 0


def test_refund_lines_of_deleted_products_are_found_through_the_refunded_item(shop: Shop) -> None:
    found = shop.rows(
        "SELECT original.meta_value FROM wp_woocommerce_order_itemmeta zero"
        " JOIN wp_woocommerce_order_itemmeta reference USING (order_item_id)"
        " JOIN wp_woocommerce_order_itemmeta original ON original.order_item_id = reference.meta_value"
        " WHERE original.meta_key = '_product_id'"
        " AND zero.meta_key = '_product_id' AND zero.meta_value = '0' AND reference.meta_key = '_refunded_item_id'"
    )
    assert found and all(int(product) > 0 for (product,) in found)


def test_order_ids_are_shared_with_posts(shop: Shop) -> None:
    shared = "SELECT count(*) FROM wp_wc_orders o JOIN wp_posts p ON p.ID = o.id AND p.post_type = 'shop_order_placehold'"
    assert shop.number(shared) == shop.number("SELECT count(*) FROM wp_wc_orders")
    assert shop.number("SELECT min(id) FROM wp_wc_orders") > shop.number("SELECT max(ID) FROM wp_posts WHERE post_type = 'product'")


def test_lines_point_at_products_that_are_gone(shop: Shop) -> None:
    dangling = (
        "SELECT count(*) FROM wp_woocommerce_order_itemmeta m LEFT JOIN wp_posts p ON p.ID = m.meta_value"
        " WHERE m.meta_key = '_product_id' AND m.meta_value <> '0' AND p.ID IS NULL"
    )
    assert shop.number(dangling) > 0


def test_no_line_misses_meta(shop: Shop) -> None:
    keys = shop.rows(
        "SELECT order_item_id, group_concat(meta_key) FROM wp_woocommerce_order_items"
        " JOIN wp_woocommerce_order_itemmeta USING (order_item_id) WHERE order_item_type = 'line_item' GROUP BY order_item_id"
    )
    assert len(keys) == shop.number("SELECT count(*) FROM wp_woocommerce_order_items WHERE order_item_type = 'line_item'")
    assert all(set(found.split(",")) >= LINE_KEYS for _, found in keys)


def test_variable_products_have_one_price_row_per_price_and_lines_name_parent_and_variation(shop: Shop) -> None:
    prices = "SELECT count(*) FROM wp_postmeta WHERE meta_key = '_price' GROUP BY post_id HAVING count(*) > 1"
    assert shop.rows(prices)
    wrong = (
        "SELECT count(*) FROM wp_woocommerce_order_itemmeta v JOIN wp_woocommerce_order_itemmeta p USING (order_item_id)"
        " JOIN wp_posts post ON post.ID = v.meta_value WHERE v.meta_key = '_variation_id' AND v.meta_value <> '0'"
        " AND p.meta_key = '_product_id' AND post.post_parent <> p.meta_value AND p.meta_value <> '0'"
    )
    assert shop.number(wrong) == 0


def test_the_truth_tells_the_reorder_share_and_who_is_who(shop: Shop) -> None:
    lines, people = pd.read_parquet(shop.truth / "lines.parquet"), pd.read_parquet(shop.truth / "people.parquet")
    share = json.loads((shop.truth / "summary.json").read_text())["reorder_share"]
    assert abs(share - lines["is_reorder"].mean()) < 0.001
    assert 0.3 < share < 0.7
    owners = dict(shop.rows("SELECT id, customer_id FROM wp_wc_orders WHERE customer_id > 0"))
    seen = lines[lines["order_id"].isin(list(owners))].drop_duplicates("order_id")
    users = dict(zip(people["person"], people["user_id"], strict=True))
    pairs = zip(seen["person"], seen["order_id"], strict=True)
    assert len(seen) > 100 and all(users[person] == owners[order] for person, order in pairs)
    assert set(pd.read_parquet(shop.truth / "due.parquet")["product_id"]) <= set(
        pd.read_parquet(shop.truth / "products.parquet")["product_id"]
    )


def test_disposable_addresses_are_on_the_public_list_and_unsubscribes_are_hashes_of_known_people(shop: Shop) -> None:
    assert set(DISPOSABLE_DOMAINS) <= blocklist
    people = pd.read_parquet(shop.truth / "people.parquet")
    hashes = {hashlib.sha256(email.strip().lower().encode()).hexdigest() for email in people["email"].dropna()}
    unsubscribed = {row[0] for row in shop.rows("SELECT email_hash FROM wp_wc_email_unsubscribes")}
    assert unsubscribed and unsubscribed <= hashes


def test_nothing_happens_before_it_exists_or_after_the_end(shop: Shop) -> None:
    assert shop.number("SELECT count(*) FROM wp_wc_orders WHERE date_updated_gmt < date_created_gmt") == 0
    assert shop.number("SELECT count(*) FROM wp_wc_orders WHERE date_updated_gmt > '2026-11-15 23:00:00'") == 0
    early = "SELECT count(*) FROM wp_wc_orders r JOIN wp_wc_orders o ON o.id = r.parent_order_id WHERE r.id < o.id"
    assert shop.number(early) == 0


def test_exact_money_is_rounded_half_up_and_written_without_needless_zeros() -> None:
    assert tax_cents(4_238_532, 90) == 38
    assert tax_cents(500_000, 90) == 5  # 4.5 cents
    assert [text(1500, 3), text(-250, 3), text(2000, 3), text(9_866_972, 6)] == ["1.5", "-0.25", "2", "9.866972"]

"""What one more day changes."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from tests.support.demo_shop import END, Shop, make_shop

from lakehouse.demo.day.day import DayError, simulate_day
from lakehouse.demo.day.packs import Sent
from lakehouse.demo.store.server import Server

pytestmark = pytest.mark.database

Lived = tuple[Shop, dict[str, int]]
KINDS = {
    *("new_order", "completed", "paid_late", "cancelled", "trashed", "expired_cart"),
    *("refund_line", "refund_amount", "refund_full", "refund_goods", "refund_twice", "refund_deleted_product"),
    *("quantity", "quantity_silently", "removed_line", "other_email", "moved_to_account"),
    *("deleted_order", "deleted_with_refunds", "deleted_refund"),
    *("price", "price_silently", "stock", "renamed_product", "new_product", "new_user", "unsubscribed"),
}


def _log(shop: Shop, day: date = END + timedelta(days=1)) -> dict[str, list[int]]:
    log: dict[str, list[int]] = json.loads((shop.truth / "days" / f"{day}.json").read_text())
    return log


def test_a_day_makes_every_kind_of_change(lived: Lived) -> None:
    _, counts = lived
    assert {kind for kind, count in counts.items() if count > 0} == KINDS


def test_a_hard_delete_leaves_no_children(lived: Lived) -> None:
    shop, _ = lived
    log = _log(shop)
    gone = log["deleted_with_refunds"] + log["deleted_refund"] + log["expired_cart"]
    assert len(gone) > len(log["deleted_order"])
    for table, column in (
        ("wc_orders", "id"),
        ("posts", "ID"),
        ("wc_order_addresses", "order_id"),
        ("wc_order_operational_data", "order_id"),
        ("wc_orders_meta", "order_id"),
        ("woocommerce_order_items", "order_id"),
        ("comments", "comment_post_ID"),
    ):
        assert shop.number(f"SELECT count(*) FROM wp_{table} WHERE {column} IN %s", gone) == 0
    assert shop.number("SELECT count(*) FROM wp_wc_orders WHERE parent_order_id IN %s", gone) == 0
    orphans = "SELECT count(*) FROM wp_woocommerce_order_itemmeta m LEFT JOIN wp_woocommerce_order_items i USING (order_item_id)"
    assert shop.number(orphans + " WHERE i.order_item_id IS NULL") == 0


def test_a_silent_edit_keeps_the_date_and_a_loud_one_moves_it(lived: Lived, shop: Shop) -> None:
    after, log = lived[0], _log(lived[0])
    dates = "SELECT date_updated_gmt, total_amount FROM wp_wc_orders WHERE id = %s"
    silent, loud = log["quantity_silently"][0], log["quantity"][0]
    assert after.rows(dates, silent) == shop.rows(dates, silent)
    assert after.rows(dates, loud)[0][0] > shop.rows(dates, loud)[0][0]
    assert after.rows(dates, loud)[0][1] > shop.rows(dates, loud)[0][1]


def test_a_refund_moves_its_order_and_a_full_one_changes_its_status(lived: Lived) -> None:
    shop, log = lived[0], _log(lived[0])
    parent = "SELECT o.status, o.date_updated_gmt = r.date_created_gmt FROM wp_wc_orders r JOIN wp_wc_orders o ON o.id = r.parent_order_id"
    assert shop.rows(parent + " WHERE r.id = %s", log["refund_full"][0]) == [("wc-refunded", 1)]
    assert shop.rows(parent + " WHERE r.id = %s", log["refund_goods"][0]) == [("wc-completed", 1)]


def test_a_guest_order_moves_to_the_account_with_its_address(lived: Lived) -> None:
    shop = lived[0]
    owner = "SELECT count(*) FROM wp_wc_orders o JOIN wp_users u ON u.ID = o.customer_id WHERE u.user_email = trim(o.billing_email)"
    assert shop.number(owner + " AND o.id = %s", _log(shop)["moved_to_account"][0]) == 1


def test_ids_of_deleted_rows_are_not_given_again(lived: Lived, shop: Shop) -> None:
    last = shop.number("SELECT max(ID) FROM wp_posts")
    assert min(_log(lived[0])["new_order"]) > last


def test_the_same_days_give_the_same_rows(lived: Lived, server: Server, tmp_path: Path) -> None:
    again = make_shop(server, "lived_again", tmp_path)
    again.live_day(END + timedelta(days=1))
    assert again.checksums() == lived[0].checksums()


def test_days_come_in_order_and_a_refused_day_says_which_is_next(shop: Shop) -> None:
    with pytest.raises(DayError, match="2026-11-16"):
        shop.live_day(END + timedelta(days=3))


def test_a_week_goes_by(server: Server, tmp_path: Path) -> None:
    shop = make_shop(server, "week", tmp_path)
    for number in range(1, 8):
        counts = shop.live_day(END + timedelta(days=number))
        assert counts["new_user"] >= 1
    orphans = "SELECT count(*) FROM wp_wc_orders r LEFT JOIN wp_wc_orders o ON o.id = r.parent_order_id WHERE r.type = 'shop_order_refund'"
    assert shop.number(orphans + " AND o.id IS NULL") == 0
    assert json.loads((tmp_path / "state.json").read_text())["today"] == "2026-11-22"


@pytest.mark.slow
def test_campaigns_add_orders_of_their_own_to_a_day_and_change_nothing_else_of_it(server: Server, tmp_path: Path, lived: Lived) -> None:
    """The same shop and day as `lived`, but everybody was shown three products that morning."""
    shop = make_shop(server, "reached", tmp_path)
    products = [product for (product,) in shop.rows("SELECT ID FROM wp_posts WHERE post_type = 'product' AND post_status = 'publish'")]
    sent = Sent("email", {person: tuple(products[:3]) for person in range(150)}, {})
    day = END + timedelta(days=1)
    counts = simulate_day(server, shop.database, day=day, seed=1, truth=tmp_path, sent=[sent], uplift=3.0)
    added = set(_log(shop)["campaign_order"])
    assert len(added) == counts["campaign_order"] > 5
    assert counts["new_order"] == lived[1]["new_order"] + len(added)
    kinds = KINDS - {"new_order"}
    assert {kind: counts[kind] for kind in kinds} == {kind: lived[1][kind] for kind in kinds}
    bought = shop.rows(
        "SELECT DISTINCT i.order_id, m.meta_value FROM wp_woocommerce_order_items i"
        " JOIN wp_woocommerce_order_itemmeta m USING (order_item_id) WHERE m.meta_key = '_product_id' AND i.order_id IN %s",
        added,
    )
    assert {order for order, _ in bought} == added and {int(product) for _, product in bought} <= set(products[:3])
    stored = pd.read_parquet(tmp_path / "days" / f"{day}.parquet")
    assert added <= set(stored["order_id"])

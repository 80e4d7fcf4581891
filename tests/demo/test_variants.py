"""The same shop with orders in posts, with stale posts, and with text that is declared latin1."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from tests.support.demo_shop import END, Shop, make_shop
from tests.support.older_shops import to_latin1, to_legacy

from lakehouse.demo.day import day as simulation
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import create_shop
from lakehouse.demo.store.wall_clock import local

pytestmark = pytest.mark.database

NEXT_DAY = END + timedelta(days=1)
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
ORDER_TABLES = ("wc_orders", "wc_order_addresses", "wc_order_operational_data", "wc_orders_meta")
# What both stores say of an order or refund.
IN_TABLES = """SELECT o.id, o.type, o.status, o.parent_order_id, o.date_created_gmt, o.total_amount, o.tax_amount, o.currency,
    o.customer_id, nullif(o.billing_email, ''), a.first_name, a.country, d.created_via, d.date_paid_gmt, d.date_completed_gmt,
    d.shipping_total_amount, d.discount_total_amount, r.meta_value
    FROM wp_wc_orders o JOIN wp_wc_order_operational_data d ON d.order_id = o.id
    LEFT JOIN wp_wc_order_addresses a ON a.order_id = o.id AND a.address_type = 'billing'
    LEFT JOIN wp_wc_orders_meta r ON r.order_id = o.id AND r.meta_key = '_refund_amount' ORDER BY o.id"""
KEYS = (
    *("_order_total", "_order_tax", "_order_currency", "_customer_user", "_billing_email", "_billing_first_name", "_billing_country"),
    *("_created_via", "_date_paid", "_date_completed", "_order_shipping", "_cart_discount", "_refund_amount"),
)
IN_POSTS = f"""SELECT p.ID, p.post_type, p.post_status, p.post_parent, p.post_date_gmt,
    {", ".join(f"max(if(m.meta_key = '{key}', m.meta_value, NULL))" for key in KEYS)}
    FROM wp_posts p JOIN wp_postmeta m ON m.post_id = p.ID WHERE p.post_type LIKE 'shop\\_order%%' GROUP BY p.ID ORDER BY p.ID"""


@pytest.fixture(scope="module")
def legacy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(server, "legacy", tmp_path_factory.mktemp("truth"), store="legacy")


@pytest.fixture(scope="module")
def lived_legacy(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    shop = make_shop(server, "lived_legacy", tmp_path_factory.mktemp("truth"), store="legacy")
    shop.live_day(NEXT_DAY)
    return shop


@pytest.fixture(scope="module")
def migrated(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(server, "migrated", tmp_path_factory.mktemp("truth"), store="migrated")


@pytest.fixture(scope="module")
def latin1(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return make_shop(server, "latin", tmp_path_factory.mktemp("truth"), charset="latin1")


def _from_posts(shop: Shop) -> list[tuple[Any, ...]]:
    """As `IN_TABLES` has them."""
    rows = []
    for *head, total, tax, currency, customer, email, name, country, via, paid, completed, shipping, discount, refunded in shop.rows(
        IN_POSTS
    ):
        paid, completed = (pd.Timestamp(int(unix), unit="s").to_pydatetime() if unix else None for unix in (paid, completed))
        amounts = [number and Decimal(number) for number in (total, tax, shipping, discount)]
        rows.append(
            (*head, *amounts[:2], currency, customer and int(customer), email, name, country, via, paid, completed, *amounts[2:], refunded)
        )
    return rows


def test_a_legacy_shop_has_the_same_orders_in_posts(legacy: Shop, shop: Shop) -> None:
    expected = shop.rows(IN_TABLES)
    assert len(expected) > 300
    assert _from_posts(legacy) == expected


def test_a_legacy_shop_has_no_order_tables_and_no_option_that_names_them(legacy: Shop) -> None:
    tables = {table for (table,) in legacy.rows("SHOW TABLES")}
    assert tables & {f"wp_{name}" for name in (*ORDER_TABLES, "wc_email_unsubscribes")} == set()
    assert {"wp_posts", "wp_postmeta", "wp_woocommerce_order_items", "wp_woocommerce_order_itemmeta"} <= tables
    assert legacy.number("SELECT count(*) FROM wp_options WHERE option_name LIKE '%%custom_orders_table%%'") == 0
    assert legacy.number("SELECT option_value FROM wp_options WHERE option_name = 'woocommerce_version'") == "6.1.1"
    assert legacy.number("SELECT count(*) FROM wp_posts WHERE post_type = 'shop_order_placehold'") == 0


def test_dates_of_legacy_orders_are_the_wall_clock_of_their_season(legacy: Shop) -> None:
    ahead = "SELECT DISTINCT timediff(post_date, post_date_gmt) FROM wp_posts WHERE post_type = 'shop_order' AND post_date_gmt "
    assert legacy.rows(ahead + "< '2026-10-25 01:00:00'") == [(timedelta(hours=2),)]
    assert legacy.rows(ahead + ">= '2026-10-25 01:00:00'") == [(timedelta(hours=1),)]
    paid = (
        "SELECT count(*) FROM wp_posts p JOIN wp_postmeta m ON m.post_id = p.ID AND m.meta_key = '_paid_date'"
        " JOIN wp_postmeta u ON u.post_id = p.ID AND u.meta_key = '_date_paid'"
        " WHERE u.meta_value + 0 < unix_timestamp('2026-10-25 01:00:00') AND unix_timestamp(m.meta_value) - u.meta_value"
    )
    assert legacy.number(paid + " <> 7200") == 0 < legacy.number(paid + " = 7200")


@pytest.mark.parametrize(
    ("zone", "utc", "wall_clock"),
    [
        ("Europe/Amsterdam", "2026-03-29 00:59:59", "2026-03-29 01:59:59"),
        ("Europe/Amsterdam", "2026-03-29 01:00:00", "2026-03-29 03:00:00"),
        ("Europe/Amsterdam", "2026-10-25 00:59:59", "2026-10-25 02:59:59"),
        ("Europe/Amsterdam", "2026-10-25 01:00:00", "2026-10-25 02:00:00"),
        ("America/New_York", "2026-11-01 06:00:00", "2026-11-01 01:00:00"),
        ("Asia/Kolkata", "2026-01-01 00:00:00", "2026-01-01 05:30:00"),
        ("UTC", "2026-07-01 12:00:00", "2026-07-01 12:00:00"),
    ],
)
def test_the_wall_clock_in_sql_knows_summer_time(server: Server, zone: str, utc: str, wall_clock: str) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST({local('at', ZoneInfo(zone))} AS char) FROM (SELECT CAST('{utc}' AS datetime) AS at) x")
        assert cursor.fetchall() == ((wall_clock,),)


def test_every_kind_of_shop_has_the_same_truth(legacy: Shop, migrated: Shop, latin1: Shop, shop: Shop) -> None:
    for other in (legacy, migrated, latin1):
        for name in ("summary.json", "people.parquet", "products.parquet", "lines.parquet", "due.parquet"):
            assert (other.truth / name).read_bytes() == (shop.truth / name).read_bytes(), name


def test_a_day_in_a_legacy_shop_is_the_day_that_a_shop_with_order_tables_has(
    lived_legacy: Shop, lived: tuple[Shop, dict[str, int]]
) -> None:
    other = lived[0]
    assert _from_posts(lived_legacy) == other.rows(IN_TABLES)
    products = "SELECT * FROM wp_posts WHERE post_type NOT LIKE 'shop\\_order%%' ORDER BY ID"
    assert lived_legacy.rows(products) == other.rows(products)
    prices = "SELECT post_id, meta_value FROM wp_postmeta WHERE meta_key = '_price' ORDER BY post_id, meta_value"
    assert lived_legacy.rows(prices) == other.rows(prices)
    for table in ("users", "usermeta", "woocommerce_order_items", "woocommerce_order_itemmeta", "comments", "term_relationships"):
        assert lived_legacy.rows(f"CHECKSUM TABLE wp_{table}")[0][1] == other.rows(f"CHECKSUM TABLE wp_{table}")[0][1], table
    assert (lived_legacy.truth / "days" / f"{NEXT_DAY}.json").read_text() == (other.truth / "days" / f"{NEXT_DAY}.json").read_text()


def test_an_edit_leaves_the_modified_date_of_a_legacy_order_and_a_status_or_a_refund_moves_it(lived_legacy: Shop, legacy: Shop) -> None:
    log = json.loads((lived_legacy.truth / "days" / f"{NEXT_DAY}.json").read_text())

    def moved(orders: list[int]) -> set[bool]:
        dates = "SELECT post_modified_gmt, post_modified FROM wp_posts WHERE ID = %s"
        changes = [(legacy.rows(dates, order)[0], lived_legacy.rows(dates, order)[0]) for order in orders]
        assert changes and all((before[0] < after[0]) == (before[1] < after[1]) for before, after in changes)
        return {after > before for before, after in changes}

    edited = [order for kind in ("quantity", "quantity_silently", "removed_line", "other_email", "moved_to_account") for order in log[kind]]
    assert moved(edited) == {False}
    parents = "SELECT post_parent FROM wp_posts WHERE ID IN %s"
    refunds = log["refund_line"] + log["refund_amount"] + log["refund_full"]
    assert moved(log["completed"] + log["trashed"] + log["cancelled"]) == {True}
    assert moved([order for (order,) in lived_legacy.rows(parents, refunds)]) == {True}


def test_what_is_deleted_in_a_legacy_shop_is_gone_and_other_rows_keep_their_ids(lived_legacy: Shop, legacy: Shop) -> None:
    log = json.loads((lived_legacy.truth / "days" / f"{NEXT_DAY}.json").read_text())
    gone = log["deleted_with_refunds"] + log["deleted_refund"] + log["expired_cart"]
    for table, column in (
        ("posts", "ID"),
        ("postmeta", "post_id"),
        ("woocommerce_order_items", "order_id"),
        ("comments", "comment_post_ID"),
    ):
        assert lived_legacy.number(f"SELECT count(*) FROM wp_{table} WHERE {column} IN %s", gone) == 0
    keys = "SELECT meta_id, post_id, meta_key FROM wp_postmeta"
    before, after = set(legacy.rows(keys)), set(lived_legacy.rows(keys))
    assert {post for _, post, _ in before - after} == set(gone)
    assert min(meta for meta, _, _ in after - before) > max(meta for meta, _, _ in before)


def test_a_day_that_fails_leaves_a_legacy_shop_as_it_was(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(server, "failed", tmp_path, store="legacy")
    before = shop.checksums()
    really_project = simulation.project

    def project_and_fail(*arguments: Any) -> None:
        really_project(*arguments)
        raise RuntimeError("the last moment")

    monkeypatch.setattr(simulation, "project", project_and_fail)
    with pytest.raises(RuntimeError, match="the last moment"):
        shop.live_day(NEXT_DAY)
    assert shop.checksums() == before
    monkeypatch.undo()
    assert sum(shop.live_day(NEXT_DAY).values()) > 20


def test_in_a_migrated_shop_the_tables_are_right_and_the_posts_are_stale(migrated: Shop, shop: Shop) -> None:
    assert migrated.rows(IN_TABLES) == shop.rows(IN_TABLES)
    assert migrated.number("SELECT option_value FROM wp_options WHERE option_name = 'woocommerce_custom_orders_table_enabled'") == "yes"
    stale = "SELECT count(*) FROM wp_wc_orders o JOIN wp_posts p ON p.ID = o.id AND p.post_type = o.type"
    total = " JOIN wp_postmeta m ON m.post_id = o.id AND m.meta_key = '_order_total'"
    assert migrated.number(stale + " WHERE p.post_status <> o.status") > 20
    assert migrated.number(stale + total + " WHERE CAST(m.meta_value AS decimal(26,2)) = o.total_amount + 5") > 20
    assert migrated.number(stale + total + " WHERE CAST(m.meta_value AS decimal(26,2)) = o.total_amount") > 100
    # 120 days until 15 November, of which 40 are left from 7 October on.
    kinds = migrated.rows("SELECT post_type LIKE '%%placehold', min(post_date), max(post_date) FROM wp_posts"
                          " WHERE post_type LIKE 'shop\\_order%%' GROUP BY 1 ORDER BY 1")  # fmt: skip
    assert [(str(first)[:10], str(last)[:10]) for _, first, last in kinds] == [("2026-07-19", "2026-10-06"), ("2026-10-07", "2026-11-15")]


def test_a_day_in_a_migrated_shop_changes_its_tables_and_deletes_posts_with_their_keys(
    server: Server, tmp_path: Path, lived: tuple[Shop, dict[str, int]]
) -> None:
    shop = make_shop(server, "lived_migrated", tmp_path, store="migrated")
    assert shop.live_day(NEXT_DAY) == lived[1]
    assert shop.rows(IN_TABLES) == lived[0].rows(IN_TABLES)
    assert shop.number("SELECT count(*) FROM wp_postmeta m LEFT JOIN wp_posts p ON p.ID = m.post_id WHERE p.ID IS NULL") == 0


def test_latin1_text_is_read_as_mojibake_and_its_bytes_are_utf8(latin1: Shop) -> None:
    names = pd.read_parquet(latin1.truth / "products.parquet").query("product_id > 0 and status != 'deleted'")
    foreign = names[names["name"].str.contains("カレー|Łosoś|Нут|гречневая|Çörek|Ærter")]
    assert len(foreign) > 0
    for product, name in zip(foreign["product_id"], foreign["name"], strict=True):
        bytes_, text = latin1.rows("SELECT hex(post_title), post_title FROM wp_posts WHERE ID = %s", int(product))[0]
        assert bytes_ == name.encode().hex().upper()
        assert text != name and any(letter in text for letter in "ÃÅãÐ")
    wide = "SELECT count(*) FROM information_schema.columns WHERE table_schema = database() AND character_set_name <> 'latin1'"
    assert latin1.number(wide) == 0


def test_a_day_in_a_latin1_shop_writes_the_same_bytes(server: Server, tmp_path: Path, lived: tuple[Shop, dict[str, int]]) -> None:
    shop = make_shop(server, "lived_latin", tmp_path, charset="latin1")
    shop.live_day(NEXT_DAY)
    for table in ("posts", "wc_order_addresses", "woocommerce_order_items", "users", "usermeta", "terms"):
        columns = [name for (name, *_) in shop.rows(f"SHOW COLUMNS FROM wp_{table}")]
        as_bytes = f"SELECT {', '.join(f'CAST(`{name}` AS binary)' for name in columns)} FROM wp_{table} ORDER BY 1"
        assert shop.rows(as_bytes) == lived[0].rows(as_bytes), table


def test_text_of_any_shop_becomes_latin1_with_its_bytes_kept(server: Server) -> None:
    names = ("Łosoś 🐟", "カレー", "Нут", "Крупа гречневая", "Çörek", "Ærter", "plain", None)
    assert {0x81, 0x8D, 0x8F, 0x90, 0x9D} <= {byte for name in (*names, "Í") if name for byte in name.encode()}
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE mojibake CHARACTER SET utf8mb4")
        cursor.execute("USE mojibake")
        cursor.execute("CREATE TABLE x (id int, a varchar(20) NOT NULL DEFAULT '', b longtext, c char(5), d varchar(12), KEY (b(10)))")
        cursor.executemany(
            "INSERT INTO x VALUES (%s, %s, %s, 'ab', %s)", [(n, name or "", name, (name or "")[:12]) for n, name in enumerate(names)]
        )
        to_latin1(cursor)
        cursor.execute("SELECT hex(a), hex(b), hex(c), hex(d) FROM x ORDER BY id")
        hexes = [(name or "").encode().hex().upper() for name in names]
        cut = [(name or "")[:12].encode().hex().upper() for name in names]
        nulls = [name and name.encode().hex().upper() for name in names]
        assert list(cursor.fetchall()) == list(zip(hexes, nulls, ["6162"] * len(names), cut, strict=True))
        cursor.execute("SELECT a FROM x WHERE id IN (0, 4) ORDER BY id")
        assert cursor.fetchall() == (("Å\x81osoÅ› ðŸ\x90Ÿ",), ("Ã‡Ã¶rek",))
        cursor.execute(
            "SELECT column_type, is_nullable FROM information_schema.columns WHERE table_schema = 'mojibake' ORDER BY ordinal_position"
        )
        kept = [("int(11)", "YES"), ("varchar(29)", "NO"), ("longtext", "YES"), ("char(5)", "YES"), ("varchar(23)", "YES")]
        assert list(cursor.fetchall()) == kept


def test_a_shop_with_order_tables_becomes_legacy_in_place_under_any_prefix(server: Server, legacy: Shop, tmp_path: Path) -> None:
    create_shop(server, "prefixed", customers=150, products=60, days=120, seed=3, end=END, truth=tmp_path, prefix="shop3_")
    other = Shop(server, "prefixed", tmp_path)
    with server.connect("prefixed") as connection, connection.cursor() as cursor:
        to_legacy(cursor, "shop3_", AMSTERDAM)
    assert "shop3_wc_orders" not in {table for (table,) in other.rows("SHOW TABLES")}
    for query in ("SELECT * FROM {p}posts ORDER BY ID", "SELECT post_id, meta_key, meta_value FROM {p}postmeta ORDER BY 1, 2, 3"):
        assert other.rows(query.replace("{p}", "shop3_")) == legacy.rows(query.replace("{p}", "wp_"))

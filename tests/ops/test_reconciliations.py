"""The figures of both sides are those of the same rows, and differences are judged by their size."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.demo_shop import make_shop
from tests.support.frames import frame_of

from lakehouse.demo.store import schema
from lakehouse.demo.store.server import Server
from lakehouse.demo.store.shop import create_reader, tables_of
from lakehouse.errors import DataError
from lakehouse.io.config.shop_settings import ShopSettings
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mysql.shop_database import ShopDatabase
from lakehouse.io.mysql.shop_figures import COUNT, KEY_MAX, KEY_MIN, TOTAL, Figures, lake_figures, source_figures
from lakehouse.ops.reconciliations import (
    RECONCILIATIONS,
    STATUS_HEADER,
    Reconciliation,
    compared,
    reconciliation_rows,
    record,
    refuse_failures,
    summary,
)
from lakehouse.sources.source import JdbcTable, Within
from lakehouse.sources.woocommerce.grants import grants
from lakehouse.sources.woocommerce.orders import (
    ORDER_ADDRESSES,
    ORDER_DATES,
    ORDER_ITEM_META,
    ORDER_ITEMS,
    ORDER_META,
    ORDER_OPERATIONAL_DATA,
    ORDERS,
)
from lakehouse.sources.woocommerce.products import POST_META, TERM_RELATIONSHIPS
from lakehouse.sources.woocommerce.reconciliation import AMOUNT, compared_tables
from lakehouse.sources.woocommerce.shop import OPTIONS
from lakehouse.sources.woocommerce.stores import HPOS, LEGACY, OrderStore

PASSWORD = "of the tests"
OTHERS = (OPTIONS, TERM_RELATIONSHIPS)
# The root orders that are held back, and all orders and refunds of them.
HELD, HELD_ORDERS = {40}, {40, 41}
# An order with a refund, one without, one without a date; an order and its refund that are held back; an order that is gone: 99.
HPOS_ROWS = """
    INSERT INTO wp_wc_orders (id, type, currency, total_amount, date_created_gmt, parent_order_id) VALUES
      (10, 'shop_order', 'EUR', 100, '2026-11-14 23:30:00', 0), (11, 'shop_order_refund', 'EUR', -20, '2026-11-15 01:00:00', 10),
      (20, 'shop_order', 'EUR', 50.5, '2026-11-15 23:59:59', 0), (30, 'shop_order', 'SEK', 300, NULL, 0),
      (40, 'shop_order', 'EUR', 7, '2026-11-15 12:00:00', 0), (41, 'shop_order_refund', 'EUR', -7, '2026-11-15 13:00:00', 40);
    INSERT INTO wp_wc_order_addresses (id, order_id, address_type) VALUES
      (1, 10, 'billing'), (2, 10, 'shipping'), (3, 20, 'billing'), (4, 40, 'billing'), (5, 99, 'billing');
    INSERT INTO wp_wc_order_operational_data (id, order_id) VALUES (1, 10), (2, 11), (3, 20), (4, 99), (5, 41);
    INSERT INTO wp_wc_orders_meta (id, order_id, meta_key) VALUES
      (1, 11, '_refund_type'), (2, 10, 'other'), (3, 20, 'consent'), (4, 99, '_refund_type'), (5, 41, '_refund_type');
"""
ITEM_ROWS = """
    INSERT INTO wp_woocommerce_order_items (order_item_id, order_id) VALUES (1, 10), (2, 11), (3, 20), (4, 99), (5, 41);
    INSERT INTO wp_woocommerce_order_itemmeta (meta_id, order_item_id, meta_key) VALUES
      (1, 1, '_qty'), (2, 2, '_qty'), (3, 3, '_qty'), (4, 4, '_qty'), (5, 5, '_qty'), (6, 77, '_qty'), (7, 3, 'other');
    INSERT INTO wp_options (option_id, option_name) VALUES (1, 'home'), (2, 'secret');
    INSERT INTO wp_term_relationships (object_id, term_taxonomy_id) VALUES (500, 9), (501, 8);
"""
# Before WooCommerce's own tables. Of a key that stands twice the first counts; a draft has the shop's wall clock only.
LEGACY_ROWS = """
    INSERT INTO wp_posts (ID, post_type, post_date, post_date_gmt, post_parent) VALUES
      (5, 'product', '2026-01-01', '2026-01-01', 0), (6, 'shop_order_placehold', '2026-01-01', '2026-01-01', 0),
      (10, 'shop_order', '2026-11-15 00:30:00', '2026-11-14 23:30:00', 0),
      (11, 'shop_order_refund', '2026-11-15 02:00:00', '2026-11-15 01:00:00', 10),
      (20, 'shop_order', '2026-11-16 00:30:00', '0000-00-00', 0), (30, 'shop_order', '0000-00-00', '0000-00-00', 0),
      (40, 'shop_order', '2026-11-15', '2026-11-15', 0), (41, 'shop_order_refund', '2026-11-15', '2026-11-15', 40);
    INSERT INTO wp_postmeta (meta_id, post_id, meta_key, meta_value) VALUES
      (1, 5, '_order_total', '1000'), (2, 6, '_order_total', '1000'), (3, 10, '_order_total', '100.00'), (4, 10, '_order_currency', 'EUR'),
      (5, 10, '_order_total', '999'), (6, 10, '_order_currency', 'USD'), (7, 11, '_order_total', '-20'), (8, 11, '_order_currency', 'EUR'),
      (9, 20, '_order_currency', 'EUR'), (10, 20, '_order_total', '50.123456789'), (11, 30, '_order_total', ''),
      (12, 40, '_order_total', '7'), (13, 40, '_order_currency', 'EUR'), (14, 41, '_order_total', '-7'), (15, 10, '_price', '3');
"""


@pytest.fixture(scope="module")
def tables_database(server: Server) -> str:
    """A shop of few rows in both stores of orders, whose order tables are the truth or not as one asks."""
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE reconciled")
        cursor.execute("USE reconciled")
        cursor.execute("SET sql_mode = ''")
        statements = [*schema.create_statements("wp_", "utf8mb4"), *(HPOS_ROWS + ITEM_ROWS + LEGACY_ROWS).split(";")]
        for statement in filter(str.strip, statements):
            cursor.execute(statement)
    return "reconciled"


@pytest.fixture
def databases(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Connects to a database of the server with the rights that `lakehouse grants` prints and no others."""
    monkeypatch.setenv("SHOP_PASSWORD", PASSWORD)
    opened: list[ShopDatabase] = []

    def connect(name: str, store: OrderStore) -> ShopDatabase:
        there = tables_of(server, name)
        rights = grants(name, "wp_", "'reconciler'@'127.0.0.1'", store)
        create_reader(server, name, "reconciler", PASSWORD, [grant for table, grant in rights.items() if f"wp_{table}" in there])
        url = f"jdbc:mysql://127.0.0.1:{server.port}/{name}"
        zone, consent = "Europe/Amsterdam", "consent"
        shop = ShopSettings(url=url, user="reconciler", password="env:SHOP_PASSWORD", time_zone=zone, consent_meta_key=consent)
        opened.append(ShopDatabase("nl", shop))
        return opened[-1]

    yield connect
    for database in opened:
        database.__exit__()


def between(first: int, last: int) -> Within:
    return lambda column: f"{column} BETWEEN {first} AND {last}"


def counted(figures: Figures) -> dict[str, tuple[int | None, ...]]:
    """Table → (count, least key, greatest key)."""
    return {
        table: tuple(None if (value := figures.get((table, measure, ""))) is None else int(value) for measure in (COUNT, KEY_MIN, KEY_MAX))
        for table, measure, _ in figures
        if measure == COUNT
    }


def added_up(figures: Figures) -> dict[str, str]:
    return {group: f"{value.normalize():f}" for (_, measure, group), value in figures.items() if measure == TOTAL}


HPOS_COUNTS = {
    "options": (1, None, None),
    "term_relationships": (2, 8, 9),
    "orders": (4, 10, 30),
    "order_addresses": (2, 10, 20),
    "order_operational_data": (3, 10, 20),
    "order_meta": (2, 1, 3),
    "order_items": (3, 1, 3),
    "order_item_meta": (3, 1, 3),
}
OF_ORDER_10 = {"order_addresses": (1, 10, 10), "order_operational_data": (2, 10, 11), "order_meta": (1, 1, 1), "order_item_meta": (2, 1, 2)}
OF_NONE = dict.fromkeys(OF_ORDER_10, (0, None, None))


@pytest.mark.database
def test_orphans_held_orders_and_keys_that_are_not_read_are_not_counted(tables_database: str, databases: Any) -> None:
    figures = source_figures([databases(tables_database, HPOS)], HPOS, compared_tables(HPOS, OTHERS), None, HELD_ORDERS)
    assert counted(figures) == HPOS_COUNTS
    assert added_up(figures) == {"EUR 2026-11-14": "100", "EUR 2026-11-15": "30.5", "SEK unknown": "300"}


@pytest.mark.database
def test_the_day_of_an_order_without_a_date_is_that_of_its_post(server: Server, tables_database: str, databases: Any) -> None:
    # The night of 16 November in Amsterdam; a post of another kind that took the number says nothing.
    posts = (
        "INSERT INTO wp_posts (ID, post_type, post_date) VALUES (50, 'shop_order_placehold', '2026-11-16 00:30:00'), (51, 'page', NOW())"
    )
    orders = "INSERT INTO wp_wc_orders (id, type, currency, total_amount) VALUES (50, 'shop_order', 'SEK', 7), (51, 'shop_order', 'SEK', 8)"
    database = databases(tables_database, HPOS)
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"USE {tables_database}")
        cursor.execute("SET sql_mode = ''")
        try:
            for statement in (posts, orders):
                cursor.execute(statement)
            connection.commit()
            figures = source_figures([database], HPOS, [ORDERS], None, HELD_ORDERS, None, ORDER_DATES)
        finally:
            for table in ("posts", "wc_orders"):
                cursor.execute(f"DELETE FROM wp_{table} WHERE ID >= 50 AND ID < 100")
            connection.commit()
    # Order 30 has a post without a date.
    assert added_up(figures) == {"EUR 2026-11-14": "100", "EUR 2026-11-15": "30.5", "SEK 2026-11-15": "7", "SEK unknown": "308"}


@pytest.mark.database
def test_large_tables_are_counted_within_the_orders_that_were_read_all_others_as_a_whole(tables_database: str, databases: Any) -> None:
    database = databases(tables_database, HPOS)

    def counts(within: Sequence[Within]) -> dict[str, tuple[int | None, ...]]:
        return counted(source_figures([database], HPOS, compared_tables(HPOS, OTHERS), within, HELD_ORDERS))

    assert counts([between(10, 11)]) == {**HPOS_COUNTS, **OF_ORDER_10}
    assert counts([between(10, 11), between(12, 20)]) == HPOS_COUNTS
    assert counts([]) == {**HPOS_COUNTS, **OF_NONE}


@pytest.mark.database
def test_without_held_orders_all_are_counted(tables_database: str, databases: Any) -> None:
    figures = source_figures([databases(tables_database, HPOS)], HPOS, [ORDERS, ORDER_ITEM_META], None)
    assert counted(figures) == {"orders": (6, 10, 41), "order_item_meta": (4, 1, 5)}


@pytest.mark.database
@pytest.mark.parametrize(
    ("text", "sign", "amount"),
    [
        *(("12.50", ".", "12.5"), ("12,50", ",", "12.5"), ("1.234,56", ",", "1234.56"), ("1,234.56", ",", "1234.56")),
        *(("-12,50", ",", "-12.5"), ("12", ",", "12"), ("1.250", ".", "1.25"), ("12.50", "", "12.5"), ("", ",", "0")),
    ],
)
def test_the_shop_adds_up_amounts_as_woocommerce_reads_them(server: Server, text: str, sign: str, amount: str) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT CAST({AMOUNT} AS DECIMAL(26, 8)) FROM (SELECT %s AS `text`, %s AS `sign`) texts", (text, sign))
        assert cursor.fetchone() == (Decimal(amount),)


@pytest.mark.database
def test_legacy_orders_are_added_up_by_the_first_value_of_a_key_and_utc_days(tables_database: str, databases: Any) -> None:
    figures = source_figures([databases(tables_database, LEGACY)], LEGACY, compared_tables(LEGACY, ()), None, HELD_ORDERS)
    assert counted(figures) == {"orders": (4, 10, 30), "order_items": (3, 1, 3), "order_item_meta": (3, 1, 3)}
    assert added_up(figures) == {"EUR 2026-11-14": "100", "EUR 2026-11-15": "30.12345679", "unknown unknown": "0"}


@pytest.mark.database
def test_a_shop_has_the_same_figures_in_either_store(server: Server, databases: Any, tmp_path: Path) -> None:
    found = {}
    for store in (HPOS, LEGACY):
        name = f"reconciled_{store.name}"
        make_shop(server, name, tmp_path / name, store=store.name)
        figures = source_figures([databases(name, store)], store, compared_tables(LEGACY, [POST_META]), None)
        found[store.name] = figures
    assert len(added_up(found["hpos"])) > 100
    # Orders take ids of postmeta in a legacy shop, so the last ids of products differ.
    assert {figure for figure in found["hpos"] if found["hpos"][figure] != found["legacy"].get(figure)} <= {("post_meta", KEY_MAX, "")}
    assert found["hpos"].keys() == found["legacy"].keys()


def order(id_: int, root: int, total: str, created: datetime) -> dict[str, Any]:
    return {"id": id_, "_root_order_id": root, "currency": "EUR", "total_amount": total, "date_created_gmt": created}


# What the lake holds after a night that read the shop above and held order 40 back; and a row of another shop in each table.
BRONZE: dict[JdbcTable, list[dict[str, Any]]] = {
    OPTIONS: [{"option_name": "home"}],
    TERM_RELATIONSHIPS: [{"object_id": 500, "term_taxonomy_id": 9}, {"object_id": 501, "term_taxonomy_id": 8}],
    ORDERS: [
        order(10, 10, "100", datetime(2026, 11, 14, 23, 30, tzinfo=UTC)),
        order(11, 10, "-20", datetime(2026, 11, 15, 1, tzinfo=UTC)),
        order(20, 20, "50.5", datetime(2026, 11, 15, 23, 59, 59, tzinfo=UTC)),
        {"id": 40, "currency": "EUR", "total_amount": "6", "_root_order_id": 40},
        {"id": 30, "currency": "SEK", "total_amount": "300", "_root_order_id": 30},
    ],
    ORDER_ADDRESSES: [{"order_id": order, "_root_order_id": order} for order in (10, 20, 40)],
    ORDER_OPERATIONAL_DATA: [
        {"order_id": 10, "_root_order_id": 10},
        {"order_id": 11, "_root_order_id": 10},
        {"order_id": 20, "_root_order_id": 20},
    ],
    ORDER_META: [{"id": 1, "order_id": 11, "_root_order_id": 10}, {"id": 3, "order_id": 20, "_root_order_id": 20}],
    ORDER_ITEMS: [
        {"order_item_id": i, "order_id": order, "_root_order_id": root} for i, order, root in ((1, 10, 10), (2, 11, 10), (3, 20, 20))
    ],
    ORDER_ITEM_META: [{"meta_id": i, "order_item_id": i, "_root_order_id": root} for i, root in ((1, 10), (2, 10), (3, 20))],
}


@pytest.mark.database
@pytest.mark.spark
def test_the_mirror_has_the_figures_of_the_shop(tables_database: str, databases: Any, store: DeltaStore) -> None:
    for table, rows in BRONZE.items():
        all_rows = [*({"shop_code": "nl", **row} for row in rows), {"shop_code": "de", **rows[0]}]
        frame = frame_of(store.spark, table.bronze, all_rows)
        store.replace(table.bronze.name, frame)
    tables = compared_tables(HPOS, OTHERS)
    database = databases(tables_database, HPOS)
    for within in (None, [between(10, 11)], [between(10, 11), between(12, 20)], []):
        source, lake = source_figures([database], HPOS, tables, within, HELD_ORDERS), lake_figures(store, "nl", tables, within, HELD)
        assert lake == source
        assert {row.verdict for row in compared(source, lake, is_fixed=True)} == {"equal"}
    assert counted(lake_figures(store, "nl", [ORDERS], None)) == {"orders": (5, 10, 40)}
    assert counted(lake_figures(store, "be", [ORDERS], None)) == {"orders": (0, None, None)}


def figures(**values: Any) -> Figures:
    """`figures(count=3)` of orders; totals by group in `total`."""
    totals = {("orders", TOTAL, group): Decimal(value) for group, value in values.pop("total", {}).items()}
    return {**{("orders", measure, ""): Decimal(value) for measure, value in values.items()}, **totals}


def verdicts(source: Figures, lake: Figures, is_fixed: bool = False) -> dict[tuple[str, str], str]:
    return {(row.measure, row.group_name): row.verdict for row in compared(source, lake, is_fixed)}


@pytest.mark.parametrize(
    ("source", "lake", "verdict", "when_fixed"),
    [
        (10_000, 10_000, "equal", "equal"),
        (0, 0, "equal", "equal"),
        (10_000, 9_999, "within", "warn"),
        (10_000, 9_990, "within", "warn"),
        (9_990, 10_000, "within", "warn"),
        (10_000, 9_989, "warn", "warn"),
        (10_000, 9_900, "warn", "warn"),
        (9_900, 10_000, "warn", "warn"),
        (10_000, 9_899, "fail", "fail"),
        (9_899, 10_000, "fail", "fail"),
        # Few rows of an open shop are what was sold meanwhile.
        (0, 10, "warn", "fail"),
        (0, 11, "fail", "fail"),
        (10, 0, "warn", "fail"),
    ],
)
def test_counts_are_judged_by_their_share_of_the_larger(source: int, lake: int, verdict: str, when_fixed: str) -> None:
    assert verdicts(figures(count=source), figures(count=lake)) == {("count", ""): verdict}
    assert verdicts(figures(count=source), figures(count=lake), is_fixed=True) == {("count", ""): when_fixed}


def test_a_cent_on_one_day_is_seen_on_that_day_and_in_its_currency() -> None:
    source = figures(total={"EUR 2026-11-14": "4000.00", "EUR 2026-11-15": "6000.00", "SEK 2026-11-15": "5"})
    lake = figures(total={"EUR 2026-11-14": "4000.00", "EUR 2026-11-15": "5999.99", "SEK 2026-11-15": "5"})
    groups = {("total", "EUR"): "warn", ("total", "SEK"): "equal", ("total", "EUR 2026-11-15"): "warn"}
    assert verdicts(source, lake, is_fixed=True) == groups
    assert verdicts(source, lake) == {**groups, ("total", "EUR"): "within", ("total", "EUR 2026-11-15"): "within"}
    row = next(row for row in compared(source, lake, is_fixed=True) if row.group_name == "EUR")
    assert row == Reconciliation("orders", "total", "EUR", Decimal("10000.00"), Decimal("9999.99"), 0.000001, "warn")


def test_amounts_that_moved_to_another_day_are_seen_though_the_sum_is_the_same() -> None:
    source, lake = figures(total={"EUR 2026-11-14": "1", "EUR 2026-11-15": "9"}), figures(total={"EUR 2026-11-15": "10"})
    assert verdicts(source, lake) == {("total", "EUR"): "equal", ("total", "EUR 2026-11-14"): "warn", ("total", "EUR 2026-11-15"): "warn"}


def test_a_currency_that_is_on_one_side_only_fails() -> None:
    assert verdicts(figures(total={"SEK 2026-11-15": "5"}), {}, is_fixed=True)["total", "SEK"] == "fail"
    assert verdicts(figures(total={"SEK 2026-11-15": "5"}), {})["total", "SEK"] == "warn"
    assert verdicts(figures(total={f"SEK 2026-11-{day}": "5" for day in range(10, 20)}), {})["total", "SEK"] == "warn"
    assert verdicts(figures(total={f"SEK 2026-11-{day}": "5" for day in range(10, 21)}), {})["total", "SEK"] == "fail"


def test_totals_below_nothing_are_judged_by_their_size() -> None:
    assert verdicts(figures(total={"EUR unknown": "-100"}), figures(total={"EUR unknown": "-98"}), True)["total", "EUR"] == "fail"
    assert verdicts(figures(total={"EUR unknown": "-10000"}), figures(total={"EUR unknown": "-9999"}))["total", "EUR"] == "within"


def test_other_keys_are_a_warning_where_the_shop_stood_still() -> None:
    for lake in (figures(key_max=8), {}):
        assert verdicts(figures(key_max=9), lake) == {("key_max", ""): "within"}
        assert verdicts(figures(key_max=9), lake, is_fixed=True) == {("key_max", ""): "warn"}
    assert verdicts(figures(key_min=9), figures(key_min=9), is_fixed=True) == {("key_min", ""): "equal"}


def test_the_figure_that_is_furthest_apart_is_named() -> None:
    rows = compared(
        figures(count=100, key_max=7, total={"EUR 2026-11-15": "100.50"}), figures(count=98, total={"EUR 2026-11-15": "50.25"}), True
    )
    with pytest.raises(DataError) as caught:
        refuse_failures("nl", rows)
    assert caught.value.exit_code == 65
    assert str(caught.value) == "shop nl: orders total EUR: 100.5 in the shop, 50.25 in the lake (50.00% apart); 1 more figures differ"
    refuse_failures("nl", [row for row in rows if row.verdict != "fail"])


def test_the_summary_counts_the_verdicts() -> None:
    rows = [Reconciliation("orders", "count", "", None, None, None, verdict) for verdict in ("equal", "equal", "warn")]
    assert summary(rows) == "reconciled: 2 figures equal, 1 warning"
    more = [Reconciliation("orders", "count", "", None, None, None, verdict) for verdict in ("within", "warn", "fail")]
    assert summary(rows + more) == "reconciled: 2 figures equal, 1 nearly so, 2 warnings, 1 failure"


@pytest.mark.spark
def test_rows_are_kept_with_run_and_shop(store: DeltaStore) -> None:
    rows = compared(figures(count=100, key_max=7), figures(count=99), is_fixed=False)
    record(store, "a", "nl", rows)
    record(store, "b", "nl", rows)
    kept = store.read(RECONCILIATIONS.name).where("run_id = 'a'").orderBy("measure").drop("checked_at").collect()
    assert [tuple(row) for row in kept] == [
        ("a", "nl", "orders", "count", "", Decimal("100"), Decimal("99"), 0.01, "warn", None),
        ("a", "nl", "orders", "key_max", "", Decimal("7"), None, None, "within", None),
    ]


@pytest.mark.spark
def test_status_names_what_differs_worst_first_and_counts_what_is_equal(store: DeltaStore) -> None:
    assert reconciliation_rows(store, "a") == [STATUS_HEADER]
    total = {"EUR 2026-11-14": "600", "EUR 2026-11-15": "400", "SEK 2026-11-15": "50"}
    moved = {"EUR 2026-11-14": "601", "EUR 2026-11-15": "399", "SEK 2026-11-15": "49"}
    record(
        store, "a", "nl", compared(figures(count=1000, key_min=1, key_max=7, total=total), figures(count=999, key_min=1, total=moved), True)
    )
    record(store, "a", "de", compared(figures(count=3), figures(count=3), True))
    record(store, "b", "nl", compared(figures(count=3), figures(count=1), True))
    assert reconciliation_rows(store, "a") == [
        STATUS_HEADER,
        ["de", "1 figure", "", "", "", "equal"],
        ["nl", "orders total SEK", "50", "49", "2.00%", "fail"],
        ["nl", "orders count", "1000", "999", "0.10%", "warn"],
        ["nl", "orders key_max", "7", "none", "", "warn"],
        ["nl", "orders total SEK: 1 day", "", "", "", "warn"],
        ["nl", "orders total EUR: 2 days", "", "", "", "warn"],
        ["nl", "2 figures", "", "", "", "equal"],
    ]
    assert reconciliation_rows(store, "c") == [STATUS_HEADER]

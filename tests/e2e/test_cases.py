"""What went wrong elsewhere, tried on a shop that WooCommerce wrote: inputs of the test data's neighbour `cases`, skipped without it.

The inputs name other orders, accounts and pictures each, so that one night takes all of them.
"""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.e2e.test_truth import DATABASE, load_dump
from tests.support.demo_lake import DemoLake, lake_for
from tests.support.demo_shop import Shop

from lakehouse.demo.store.server import Server

# Case → (query, rows that are right). What is right, and why, stands in each case's expect.md.
RIGHT: dict[str, list[tuple[str, list[str]]]] = {
    "03-users-who-are-no-customers": [
        (
            "select user_id, is_customer from silver.customers where shop_code = 'nl'"
            " and user_id in (1, 900301, 900302, 900303, 900304) order by 1",
            ["1 False", "900301 False", "900302 False", "900303 False", "900304 True"],
        ),
    ],
    "04-refund-lines-with-plus-sign": [
        (
            "select refund_id, product_id, quantity, net_amount, tax_amount from silver.refund_lines"
            " where refund_id in (900402, 900412) order by 1",
            ["900402 12 -2 -20 -4.2", "900412 12 -1 -10 -2.1"],
        ),
        (
            "select i.product_id, i.net_quantity from gold.interactions i join silver.orders o on i.shop_code = o.shop_code"
            " and i.customer_key = o.email_pseudonym where o.order_id in (900401, 900411) order by 1, 2",
            ["13 1", "13 1"],
        ),
    ],
    "05-refunds-without-currency": [
        (
            "select refund_id, currency_code, total_amount from silver.refunds where refund_id in (900502, 900512) order by 1",
            ["900502 GBP -10", "900512 EUR -12.1"],
        ),
        (
            "select currency_code, refund_count, refund_amount from gold.daily_sales where sales_date = '2025-03-08' order by 1",
            ["EUR 1 -12.1", "GBP 1 -10"],
        ),
    ],
    "06-lines-with-empty-total": [
        (
            "select count(*) lines, sum(net_amount) net, count_if(net_amount = 0) free from silver.order_lines"
            " where order_id between 906001 and 906120",
            ["240 1200 120"],
        ),
        (
            "select revenue_amount, transaction_count, product_count from gold.daily_sales"
            " where sales_date = '2025-03-12' and currency_code = 'EUR'",
            ["1452 120 2"],
        ),
    ],
    "07-sub-orders-counted-twice": [
        (
            "select sales_date, revenue_amount, transaction_count, shipping_amount from gold.daily_sales"
            " where sales_date between '2025-03-17' and '2025-03-19' and currency_code = 'EUR' order by 1",
            ["2025-03-17 60 1 10", "2025-03-18 15 1 0", "2025-03-19 45 1 0"],
        ),
        (
            "select i.product_id, i.order_count, i.net_quantity from gold.interactions i join silver.orders o on i.shop_code = o.shop_code"
            " and i.customer_key = o.email_pseudonym where o.order_id = 900701 order by 1",
            ["12 1 1", "13 1 1"],
        ),
        (
            "select order_id, root_order_id, no_sale_reason from silver.orders where order_id in (900701, 900702, 900712) order by 1",
            ["900701 900701 ", "900702 900701 sub_order", "900712 900712 "],
        ),
    ],
    "10-image-addresses": [
        (
            "select product_id, image_url from silver.products where product_id in (12, 13) order by 1",
            [
                "12 https://shop.example/wp/wp-content/uploads/2026/07/gouda.jpg",
                "13 https://shop.example/wp/wp-content/uploads/2019/03/simit.jpg",
            ],
        ),
    ],
}
# What no folder has: orders without a date. One has a post, in the night of 12 January in Amsterdam, an hour later than UTC; one has none.
WITHOUT_DATES = """
    SET sql_mode = '';
    INSERT INTO wp_wc_orders (id, status, currency, type, total_amount, date_updated_gmt) VALUES
      (900801, 'wc-completed', 'EUR', 'shop_order', 10, '2025-03-01'), (900802, 'wc-completed', 'EUR', 'shop_order', 10, '2025-03-01');
    INSERT INTO wp_posts (ID, post_type, post_status, post_date) VALUES (900801, 'shop_order_placehold', 'draft', '2025-01-12 00:30:00');
"""
DATED = "select order_id, created_at, order_date from silver.orders where order_id in (900801, 900802)"
# The same of price lists that somebody drops.
LISTS = {
    "12-price-list-point-for-comma": [
        ("select article_code from silver.wholesale_offers where article_code in ('S-0249', 'S-0250')", []),
        ("select rows_read, rows_loaded, rows_quarantined, status from ops.files", ["250 248 2 loaded"]),
    ],
    "13-valid-until-31.12.9999": [
        (
            "select count(*) n, count_if(valid_to = '2027-02-28') ending from silver.wholesale_offers"
            " where wholesaler_code = 'wholesaler_a'",
            ["120 3"],
        ),
    ],
}


def test_shops_with_what_went_wrong_elsewhere_are_read_right(server: Server, test_data: Path, tmp_path: Path) -> None:
    shop, cases = test_data / "woocommerce-hpos", test_data.parent / "cases"
    if not (shop.is_dir() and cases.is_dir()):
        pytest.skip(f"{cases} is not there")
    load_dump(server, shop / "day1", None)
    client = ["mariadb", f"--socket={server.socket}", "--user=root", "--default-character-set=utf8mb4", DATABASE]
    for case in RIGHT:
        subprocess.run(client, input=(cases / case / "input.sql").read_bytes(), check=True)
    subprocess.run(client, input=WITHOUT_DATES.encode(), check=True)
    lake = lake_for(Shop(server, DATABASE, tmp_path), tmp_path)
    of_list = dropped(lake, cases / "12-price-list-point-for-comma")
    for command in ("ingest", "refresh"):
        code, errors = lake.command(command, "--run-date", "2026-11-15")
        assert code == 0, errors
    expected = {**RIGHT, of_list: LISTS[of_list]}
    found = {case: [rows(lake, query) for query, _ in asked] for case, asked in expected.items()}
    assert found == {case: [right for _, right in asked] for case, asked in expected.items()}
    assert rows(lake, DATED) == ["900801 2025-01-11T23:30:00Z 2025-01-12"]
    assert rows(lake, "select distinct verdict from ops.reconciliations where table_name = 'orders' and measure = 'total'") == ["equal"]


@pytest.mark.slow
def test_a_price_list_without_end_is_read(server: Server, test_data: Path, tmp_path: Path) -> None:
    shop, cases = test_data / "woocommerce-hpos", test_data.parent / "cases"
    if not (shop.is_dir() and cases.is_dir()):
        pytest.skip(f"{cases} is not there")
    load_dump(server, shop / "day1", None)
    lake = lake_for(Shop(server, DATABASE, tmp_path), tmp_path)
    case = dropped(lake, cases / "13-valid-until-31.12.9999")
    for command in ("ingest", "refresh"):
        code, errors = lake.command(command, "--run-date", "2026-11-17")
        assert code == 0, errors
    assert [rows(lake, query) for query, _ in LISTS[case]] == [right for _, right in LISTS[case]]


@pytest.mark.slow
def test_orders_whose_notes_have_several_lines_are_all_read(test_data: Path, tmp_path: Path) -> None:
    orders = test_data.parent / "cases" / "14-orders-file-with-notes" / "orders.csv"
    if not orders.is_file():
        pytest.skip(f"{orders} is not there")
    columns = "customer=customer,product=product,order=order_id,time=order_date"
    backtest = ["backtest", str(orders), "--columns", columns, "--all", "--out", str(tmp_path / "out")]
    subprocess.run([sys.executable, "-c", "from lakehouse.cli import main; main()", *backtest], check=True, cwd=tmp_path)
    lists = pq.read_table(tmp_path / "out" / "lists.parquet").to_pandas()
    kettles = lists[(lists["list"] == "buy_again") & (lists["product"] == "kettle")]
    assert (len(kettles), str(kettles["customer"].dtype)) == (20, "int64")


def dropped(lake: DemoLake, case: Path) -> str:
    """Sets up folders for files with what the case has for them, two minutes old; gives its name."""
    drop = lake.folder / "drop"
    for file in case.glob("wholesaler_*/*"):
        to = drop / file.parent.name / file.name
        to.parent.mkdir(parents=True)
        shutil.copy(file, to)
        os.utime(to, (time.time() - 120,) * 2)
    lake.environment.update({f"LAKEHOUSE_{name.upper()}_ROOT": str(lake.folder / name) for name in ("drop", "outbox")})
    return case.name


# Case → the key that holds the consent, and who is opted out: accounts 2, 6 and 8.
CONSENTS = {
    "01-consent-says-unsubscribed": ("mailchimp_woocommerce_is_subscribed", ["2 True no", "6 False yes", "8 True no"]),
    "02-consent-withdrawn-later": ("marketing_opt_in", ["2 True no", "6 False yes"]),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CONSENTS)
def test_who_took_the_consent_back_is_not_written_to(server: Server, test_data: Path, tmp_path: Path, case: str) -> None:
    shop, cases = test_data / "woocommerce-hpos", test_data.parent / "cases"
    if not (shop.is_dir() and cases.is_dir()):
        pytest.skip(f"{cases} is not there")
    key, right = CONSENTS[case]
    load_dump(server, shop / "day1", None)
    client = ["mariadb", f"--socket={server.socket}", "--user=root", "--default-character-set=utf8mb4", DATABASE]
    subprocess.run(client, input=(cases / case / "input.sql").read_bytes(), check=True)
    lake = lake_for(Shop(server, DATABASE, tmp_path), tmp_path)
    for command in ("ingest", "refresh"):
        code, errors = lake.command(command, "--run-date", "2026-11-15", LAKEHOUSE_SHOPS__NL__CONSENT_META_KEY=key)
        assert code == 0, errors
    users = ", ".join(line.split()[0] for line in right)
    found = rows(
        lake,
        f"select user_id, is_opted_out, consent from silver.customers where shop_code = 'nl' and user_id in ({users}) order by user_id",
    )
    assert found == right


def rows(lake: DemoLake, query: str) -> list[str]:
    """As text, numbers without zeros at their end."""
    _, *lines = csv.reader(io.StringIO(lake.output("sql", query, "--format", "csv")))
    return [" ".join(map(plain, line)) for line in lines]


def plain(text: str) -> str:
    return text.rstrip("0").rstrip(".") if re.fullmatch(r"-?\d+\.\d+", text) else text

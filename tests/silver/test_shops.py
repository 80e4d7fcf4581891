"""silver.shops."""

from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.parameters import ShopRules
from lakehouse.silver.shops import TABLE, build
from lakehouse.sources.woocommerce.shop import OPTIONS

HOME = {"home": "https://shop.example/"}


def shop(spark: SparkSession, options: dict[str, str], names: tuple[str, ...], **rules: Any) -> tuple[Any, ...]:
    rows = [{"shop_code": "nl", "option_name": name, "option_value": value} for name, value in (HOME | options).items()]
    (row,) = rows_of(build(frame_of(spark, OPTIONS.bronze, rows), shops=(ShopRules("nl", **rules),)), TABLE, *names)
    return row


def test_a_shop_has_one_row_with_what_it_says_of_itself(spark: SparkSession) -> None:
    options = {"woocommerce_currency": "EUR", "woocommerce_prices_include_tax": "yes", "woocommerce_price_decimal_sep": ","}
    names = ("shop_code", "home_url", "currency_code", "price_includes_tax", "decimal_sign")
    assert shop(spark, options, names) == ("nl", "https://shop.example", "EUR", True, ",")


def test_stock_is_counted_unless_the_shop_switched_that_off(spark: SparkSession) -> None:
    said: tuple[dict[str, str], ...] = ({}, {"woocommerce_manage_stock": "yes"}, {"woocommerce_manage_stock": "no"})
    assert [shop(spark, options, ("manages_stock",)) for options in said] == [(True,), (True,), (False,)]


def test_without_a_sign_before_decimals_it_is_a_point(spark: SparkSession) -> None:
    assert shop(spark, {"woocommerce_price_decimal_sep": ""}, ("decimal_sign",)) == shop(spark, {}, ("decimal_sign",)) == (".",)


@pytest.mark.parametrize(
    ("options", "rules", "url", "folder"),
    [
        ({}, {}, "https://shop.example/wp-content/uploads", "wp-content/uploads"),
        # WordPress in a folder of its own: what is its own is there, a renamed folder of content is beside it.
        ({"siteurl": "https://shop.example/wp/"}, {}, "https://shop.example/wp/wp-content/uploads", "wp-content/uploads"),
        ({"siteurl": "https://shop.example/wp"}, {"content_folder": "app"}, "https://shop.example/app/uploads", "app/uploads"),
        # A server for pictures; another folder; WordPress's own by its name; a path of the server, which says nothing of the address.
        ({"upload_url_path": "https://img.example/media/"}, {}, "https://img.example/media", "wp-content/uploads"),
        ({"upload_path": "files/"}, {}, "https://shop.example/files", "files"),
        (
            {"upload_path": "wp-content/uploads"},
            {"site_id": 2},
            "https://shop.example/wp-content/uploads/sites/2",
            "wp-content/uploads/sites/2",
        ),
        ({"upload_path": "/data/pictures"}, {}, "https://shop.example/wp-content/uploads", "/data/pictures"),
        # A network from before WordPress 3.5.
        ({"upload_path": "wp-content/blogs.dir/3/files"}, {"site_id": 3}, "https://shop.example/files", "wp-content/blogs.dir/3/files"),
    ],
)
def test_uploads_are_where_wordpress_finds_them(
    spark: SparkSession, options: dict[str, str], rules: dict[str, Any], url: str, folder: str
) -> None:
    assert shop(spark, options, ("uploads_url", "uploads_folder"), **rules) == (url, folder)

"""silver/product_images.py: where the picture of a product is."""

import pytest
from pyspark.sql import SparkSession
from tests.support.one_product import SHOP, built_of


@pytest.mark.parametrize(
    ("folder", "file", "below"),
    [
        ("wp-content/uploads", "2026/07/tea.jpg", "2026/07/tea.jpg"),
        # Whatever is stored as a path of the shop's server, as a program that came with WordPress 2.6 did.
        ("wp-content/uploads", "/var/www/shop/wp-content/uploads/2019/03/tea.jpg", "2019/03/tea.jpg"),
        ("wp-content/uploads", "wp-content/uploads/tea.jpg", "tea.jpg"),
        ("app/uploads", "/srv/web/app/uploads/tea.jpg", "tea.jpg"),
        # A folder whose name only ends like that is another one.
        ("app/uploads", "/srv/myapp/uploads/tea.jpg", "srv/myapp/uploads/tea.jpg"),
        ("files", "/srv/web/files/2026/tea.jpg", "2026/tea.jpg"),
        ("files", "2026/files/tea.jpg", "2026/files/tea.jpg"),
        ("/data/pictures", "/data/pictures/tea.jpg", "tea.jpg"),
        ("wp-content/uploads/sites/2", "/www/wp-content/uploads/sites/2/tea.jpg", "tea.jpg"),
        ("wp-content/blogs.dir/3/files", "2011/tea.jpg", "2011/tea.jpg"),
    ],
)
def test_a_picture_is_below_the_folder_of_uploads_where_wordpress_cuts_it(spark: SparkSession, folder: str, file: str, below: str) -> None:
    meta = [(1, "_thumbnail_id", "5"), (5, "_wp_attached_file", file), (5, "_wp_attached_file", "written/later.jpg")]
    shop = {"shop_code": "nl", "uploads_url": "https://img.example", "uploads_folder": folder}
    assert [row["image_url"] for row in built_of(spark, meta, shop).collect()] == [f"https://img.example/{below}"]


@pytest.mark.parametrize(
    ("file", "address", "is_foreign"),
    [
        # Plugins of remote pictures (Featured Image from URL and importers) keep the address in place of a file.
        ("https://cdn.example/tea.jpg?w=600", "https://cdn.example/tea.jpg?w=600", True),
        (";https://supplier.example/wp-content/uploads/tea.jpg", "https://supplier.example/wp-content/uploads/tea.jpg", True),
        ("//www.shop.example/tea.jpg", "//www.shop.example/tea.jpg", False),
        # WordPress cuts what has its folder's name.
        ("http://old.example/wp-content/uploads/2019/tea.jpg", "https://shop.example/wp-content/uploads/2019/tea.jpg", False),
        ("//2019/tea.jpg", "https://shop.example/wp-content/uploads/2019/tea.jpg", False),
        # A picture without a file is none.
        ("", None, False),
        (" ", None, False),
    ],
)
def test_a_picture_of_another_place_has_its_own_address(spark: SparkSession, file: str, address: str | None, is_foreign: bool) -> None:
    (row,) = built_of(spark, [(1, "_thumbnail_id", "5"), (5, "_wp_attached_file", file)], SHOP).collect()
    assert (row["image_url"], row["has_foreign_image"]) == (address, is_foreign)

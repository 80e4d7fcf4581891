"""Products as they are now: price, stock, categories, and whether they may be recommended. Variations count with their parent."""

import re

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType

from lakehouse.expressions import money, null_if_empty, pivot_meta, quantity, unescape_html
from lakehouse.parameters import ShopRules, Shops, by_shop
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, MONEY, QUANTITY, STRING, TIMESTAMP, Column, Rule, Table

META = {
    "sku": "_sku",
    "gtin": "_global_unique_id",
    "stock_status": "_stock_status",
    "stock_quantity": "_stock",
    "image_id": "_thumbnail_id",
}

TABLE = Table(
    name="silver.products",
    grain="one product; a product with variations is one row",
    key=("shop_code", "product_id"),
    columns=(
        SHOP,
        Column("product_id", LONG, "post id"),
        Column("product_name", STRING, "name; HTML entities decoded"),
        Column("product_type", STRING, "simple, variable, grouped or external"),
        Column("status", STRING, "publish, private, draft, pending, future, trash, or what a plugin adds"),
        Column("sku", STRING, "the shop's article code; may be missing or stand twice"),
        Column("gtin", STRING, "EAN or other GTIN; may be missing"),
        Column("price_amount", MONEY, "active price; of a product with variations the lowest"),
        Column("currency_code", STRING, "the shop's currency, ISO 4217"),
        Column("price_includes_tax", BOOLEAN, "whether catalogue prices of this shop include tax"),
        Column("stock_status", STRING, "instock, outofstock, onbackorder, or what a plugin adds"),
        Column("stock_quantity", QUANTITY, "null where stock is not counted"),
        Column(
            "is_sellable", BOOLEAN, "published, not hidden from the catalogue, has a price, in stock or on back-order: may be recommended"
        ),
        Column("category_ids", ArrayType(LONG), "its categories, ascending"),
        Column("brand_name", STRING, "first brand by name; null if none"),
        Column("product_url", STRING, "address in the shop; WordPress forwards it to the speaking one"),
        Column("image_url", STRING, "address of the main image; null if none"),
        Column("created_at", TIMESTAMP, "UTC; null for drafts"),
        Column("updated_at", TIMESTAMP, "UTC; misses changes of price tables and categories"),
    ),
    rules=(
        Rule("status_is_known", "status <> ''"),
        Rule("price_is_not_negative", "price_amount is null or price_amount >= 0"),
        Rule("what_is_sellable_has_a_name", "not is_sellable or trim(product_name) <> ''"),
    ),
)


def build(
    posts: DataFrame,
    post_meta: DataFrame,
    terms: DataFrame,
    term_taxonomy: DataFrame,
    term_relationships: DataFrame,
    options: DataFrame,
    *,
    shops: Shops,
) -> DataFrame:
    """One row per parent product."""
    key = ["shop_code", "product_id"]
    products = posts.where(F.col("post_type") == "product").withColumnsRenamed({"id": "product_id", "post_status": "status"})
    meta = pivot_meta(post_meta, ["shop_code", "post_id"], "meta_id", META).withColumnRenamed("post_id", "product_id")
    is_sellable = (
        (F.col("status") == "publish")
        & F.col("price_amount").isNotNull()
        & F.coalesce("stock_status", F.lit("instock")).isin("instock", "onbackorder")
        & ~F.coalesce("is_hidden", F.lit(False))
    )
    return (
        products.join(meta, key, "left")
        .join(_prices(post_meta), key, "left")
        .join(_terms_of_products(terms, term_taxonomy, term_relationships), key, "left")
        .join(_shops(options, shops), "shop_code", "left")
        .join(_images(post_meta), ["shop_code", "image_id"], "left")
        .withColumns(
            {
                "product_name": unescape_html(F.col("post_title")),
                "sku": null_if_empty(F.col("sku")),
                "gtin": null_if_empty(F.col("gtin")),
                "stock_quantity": quantity(F.col("stock_quantity")),
                "is_sellable": is_sellable,
                "category_ids": F.coalesce("category_ids", F.array().cast(ArrayType(LONG))),
                "product_url": F.concat("home", F.lit("/?p="), "product_id"),
                "image_url": F.concat("uploads", F.lit("/"), by_shop(shops, _below_uploads)),
                "created_at": F.col("post_date_gmt"),
                "updated_at": F.col("post_modified_gmt"),
            }
        )
    )


def _prices(post_meta: DataFrame) -> DataFrame:
    """A variable product has a price row per price of its variations: the lowest is its "from" price."""
    prices = post_meta.where(F.col("meta_key") == "_price")
    return prices.groupBy("shop_code", F.col("post_id").alias("product_id")).agg(F.min(money(F.col("meta_value"))).alias("price_amount"))


def _terms_of_products(terms: DataFrame, term_taxonomy: DataFrame, term_relationships: DataFrame) -> DataFrame:
    def named(taxonomy: str) -> SparkColumn:
        return F.when(F.col("taxonomy") == taxonomy, F.col("name"))

    described = term_taxonomy.join(terms, ["shop_code", "term_id"])
    return (
        term_relationships.join(described, ["shop_code", "term_taxonomy_id"])
        .groupBy("shop_code", F.col("object_id").alias("product_id"))
        .agg(
            F.sort_array(F.collect_set(F.when(F.col("taxonomy") == "product_cat", F.col("term_id")))).alias("category_ids"),
            F.min(unescape_html(named("product_brand"))).alias("brand_name"),
            F.min(named("product_type")).alias("product_type"),
            F.max(named("product_visibility") == "exclude-from-catalog").alias("is_hidden"),
        )
    )


def _images(post_meta: DataFrame) -> DataFrame:
    files = post_meta.where(F.col("meta_key") == "_wp_attached_file")
    return files.groupBy("shop_code", F.col("post_id").cast("string").alias("image_id")).agg(
        F.min_by("meta_value", "meta_id").alias("image_file")
    )


def _below_uploads(shop: ShopRules) -> SparkColumn:
    """The image's file below the folder of uploads: what an absolute path has after it, as `wp_get_attachment_url` cuts it."""
    folders = "|".join(re.escape(folder) for folder in ("wp-content", shop.content_folder))
    return F.regexp_replace("image_file", rf"^.*?(?:{folders})/uploads/+(?:sites/{shop.site_id}/)?", "")


def _uploads(shop: ShopRules) -> SparkColumn:
    """The address of the folder of uploads, as `_wp_upload_dir` finds it. An absolute path says nothing of the address."""
    path, url = null_if_empty(F.col("upload_path")), null_if_empty(F.col("upload_url_path"))
    own = F.when((path != "wp-content/uploads") & ~path.startswith("/"), path)
    found = F.coalesce(url, F.concat("site", F.lit("/"), F.coalesce(own, F.lit(f"{shop.content_folder}/uploads"))))
    return F.concat(F.rtrim(found, F.lit("/")), F.lit("" if shop.site_id is None else f"/sites/{shop.site_id}"))


def _shops(options: DataFrame, shops: Shops) -> DataFrame:
    def option(name: str) -> SparkColumn:
        return F.max(F.when(F.col("option_name") == name, F.col("option_value")))

    found = options.groupBy("shop_code").agg(
        F.rtrim(option("home"), F.lit("/")).alias("home"),
        F.rtrim(F.coalesce(option("siteurl"), option("home")), F.lit("/")).alias("site"),
        option("upload_path").alias("upload_path"),
        option("upload_url_path").alias("upload_url_path"),
        option("woocommerce_currency").alias("currency_code"),
        (option("woocommerce_prices_include_tax") == "yes").alias("price_includes_tax"),
    )
    return found.withColumn("uploads", by_shop(shops, _uploads))

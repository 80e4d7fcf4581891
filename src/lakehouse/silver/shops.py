"""The shops as they describe themselves: addresses, currency, and how they write numbers."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty
from lakehouse.parameters import ShopRules, Shops, by_shop
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, STRING, Column, Table

TABLE = Table(
    name="silver.shops",
    grain="one shop",
    key=("shop_code",),
    columns=(
        SHOP,
        Column("home_url", STRING, "address of the shop, without a slash at its end"),
        Column("uploads_url", STRING, "address of the folder of uploaded files, as `wp_upload_dir` finds it"),
        Column("uploads_folder", STRING, "that folder on the shop's server: from its root, or below WordPress's own folder"),
        Column("currency_code", STRING, "the shop's currency, ISO 4217"),
        Column("decimal_sign", STRING, "what stands before the decimals of a number: a point or a comma, nearly always"),
        Column("price_includes_tax", BOOLEAN, "whether catalogue prices of this shop include tax"),
        Column("manages_stock", BOOLEAN, "whether stock is counted in this shop at all"),
    ),
)
WORDPRESS_UPLOADS = "wp-content/uploads"


def build(options: DataFrame, *, shops: Shops) -> DataFrame:
    """One row per shop."""

    def option(name: str) -> SparkColumn:
        return F.max(F.when(F.col("option_name") == name, F.col("option_value")))

    def without_slash(name: str) -> SparkColumn:
        return F.rtrim(null_if_empty(option(name)), F.lit("/"))

    found = options.groupBy("shop_code").agg(
        without_slash("home").alias("home_url"),
        F.coalesce(without_slash("siteurl"), without_slash("home")).alias("site_url"),
        F.nullif(without_slash("upload_path"), F.lit(WORDPRESS_UPLOADS)).alias("upload_path"),
        without_slash("upload_url_path").alias("upload_url_path"),
        option("woocommerce_currency").alias("currency_code"),
        F.coalesce(null_if_empty(option("woocommerce_price_decimal_sep")), F.lit(".")).alias("decimal_sign"),
        (option("woocommerce_prices_include_tax") == "yes").alias("price_includes_tax"),
        # As WooCommerce is installed.
        F.coalesce(option("woocommerce_manage_stock") == "yes", F.lit(True)).alias("manages_stock"),
    )
    return found.withColumns({"uploads_url": by_shop(shops, _uploads_url), "uploads_folder": by_shop(shops, _uploads_folder)})


def _uploads_url(shop: ShopRules) -> SparkColumn:
    """An absolute path says nothing of the address. Content in a renamed folder has its address below the shop's `home`.

    Networks from before WordPress 3.5 keep files in `blogs.dir` and show them below `/files` of each site.
    """
    path, own = F.col("upload_path"), f"{shop.content_folder}/uploads"
    content = F.concat("site_url" if own == WORDPRESS_UPLOADS else "home_url", F.lit(f"/{own}"))
    named = F.when(~is_absolute(path), F.concat("site_url", F.lit("/"), path))
    url = F.concat(F.coalesce("upload_url_path", named, content), F.lit(_of_site(shop)))
    return F.when(path.contains("blogs.dir/"), F.concat("site_url", F.lit("/files"))).otherwise(url)


def _uploads_folder(shop: ShopRules) -> SparkColumn:
    path = F.col("upload_path")
    folder = F.concat(F.coalesce(path, F.lit(f"{shop.content_folder}/uploads")), F.lit(_of_site(shop)))
    return F.when(path.contains("blogs.dir/"), path).otherwise(folder)


def _of_site(shop: ShopRules) -> str:
    return "" if shop.site_id is None else f"/sites/{shop.site_id}"


def is_absolute(path: SparkColumn) -> SparkColumn:
    """Whether a path of the shop's server begins at its root or at a drive's."""
    return F.coalesce(path.rlike(r"^(?:/|[A-Za-z]:)"), F.lit(False))

"""Where the main picture of a product is. No table of its own."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty
from lakehouse.silver.shops import WORDPRESS_UPLOADS, is_absolute


def files(post_meta: DataFrame) -> DataFrame:
    """shop_code, image_id, image_file.

    A picture without a file is none in the shop either (`wp_attachment_is_image`), whatever address its post has.
    """
    files = post_meta.where(F.col("meta_key") == "_wp_attached_file")
    return files.groupBy("shop_code", F.col("post_id").cast("string").alias("image_id")).agg(
        null_if_empty(F.min_by("meta_value", "meta_id")).alias("image_file")
    )


def url() -> SparkColumn:
    """Over these and silver.shops: the address of the picture; null without a file."""
    return F.coalesce(_elsewhere(), F.concat("uploads_url", F.lit("/"), _below_uploads()))


def is_foreign() -> SparkColumn:
    """Whether `image_url` is of another host than the shop's own addresses."""
    return F.coalesce(_host("image_url") != _host("home_url"), F.lit(False))


def _elsewhere() -> SparkColumn:
    """The address that plugins of remote pictures keep in place of a file, some behind a semicolon; null where it is a file of the shop."""
    address = F.regexp_extract("image_file", r"^\s*;?\s*((?:https?:)?//[^/\s]+\.\S+)", 1)
    is_file = F.contains("image_file", F.lit(WORDPRESS_UPLOADS)) & ~F.startswith(F.ltrim("image_file"), F.lit(";"))
    return F.when(~is_file, F.nullif(address, F.lit("")))


def _below_uploads() -> SparkColumn:
    """The image's file below the folder of uploads, as `wp_get_attachment_url` finds it.

    Of a path on the server it is what comes after that folder. So it is of a path that has WordPress's own name of the folder.
    """
    folder = F.when(is_absolute(F.col("uploads_folder")), F.col("uploads_folder")).otherwise(F.concat(F.lit("/"), "uploads_folder"))
    absolute = F.when(is_absolute(F.col("image_file")), _after(folder))
    return F.ltrim(F.coalesce(absolute, _after(F.lit(WORDPRESS_UPLOADS)), F.col("image_file")), F.lit("/"))


def _host(url: str) -> SparkColumn:
    return F.lower(F.regexp_extract(url, r"^(?:https?:)?//(?:www\.)?([^/:?#]+)", 1))


def _after(folder: SparkColumn) -> SparkColumn:
    """What follows the folder in the image's path; null where the path does not have it."""
    at = F.position(F.concat(folder, F.lit("/")), F.col("image_file"))
    return F.when(at > 0, F.substr(F.col("image_file"), at + F.char_length(folder) + 1))

"""The app's own orders and customers stand where those of a shop do, under a code of their own. What that means is said here.

The app sells the articles of one shop, the setting `feed_shop`. Gold counts what was bought in the app there: for whoever looks at
products it is one shop with two doors. A module of its own: who needs this does not depend on the contracts of the app's files.
"""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

# No shop may be named so.
APP = "app"


def is_apps() -> SparkColumn:
    """boolean: whether a row, by its `shop_code`, is the app's own and not a shop's."""
    return F.col("shop_code") == APP


def apps_code() -> SparkColumn:
    """string: the `shop_code` of rows that are made from the app's files."""
    return F.lit(APP).alias("shop_code")


def in_feed_shop(rows: DataFrame, feed_shop: str) -> DataFrame:
    """The rows, those of the app under the code of the shop whose articles it sells."""
    return rows.withColumn("shop_code", F.when(is_apps(), feed_shop).otherwise(F.col("shop_code")))

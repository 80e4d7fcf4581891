"""The products that a campaign shows to each customer: the first places of a list that can be bought today."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend.scorer import BUY_AGAIN, DISCOVER

# Reason code of products that the customer has bought before, whichever source they come from.
BOUGHT_BEFORE = "own_frequency"
LIST_OWNER = ["list_shop", "customer_key"]


def places(lists: DataFrame, catalogue: DataFrame, pairs: DataFrame, list_name: str) -> DataFrame:
    """One row per place of the list whose product can still be sold, with what a pack says of the product.

    list_shop, customer_key, rank, product_id, product_name, price, currency, url, image_url, list (buy_again for what was bought before,
    else discover), reason_code, reason_product_name (the first of the list's reasons). The catalogue may be newer than the lists: a product
    that was sold out since is left out, so that the next best is shown, and it is not named as a reason.
    """
    sold = catalogue.where("is_sellable and not is_restricted")
    reasons = sold.select("shop_code", F.col("product_id").alias("reason_product_id"), F.col("product_name").alias("reason_product_name"))
    described = sold.select(
        "shop_code",
        "product_id",
        "product_name",
        F.col("price_amount").alias("price"),
        F.col("currency_code").alias("currency"),
        F.col("product_url").alias("url"),
        "image_url",
    )
    bought = pairs.select(*CUSTOMER, "product_id", F.lit(True).alias("is_bought"))
    is_bought = F.coalesce("is_bought", F.lit(False))
    is_bought_since = is_bought & (F.col("candidate_source") != BOUGHT_BEFORE)
    # Lists of older versions have no reasons: null.
    reason_code = F.coalesce("reason_code", "candidate_source")
    return (
        lists.where(F.col("list_name") == list_name)
        .select(
            *CUSTOMER, "rank", "product_id", "candidate_source", "reason_code", F.get("reason_product_ids", 0).alias("reason_product_id")
        )
        .join(described, ["shop_code", "product_id"])
        .join(reasons, ["shop_code", "reason_product_id"], "left")
        .join(bought, [*CUSTOMER, "product_id"], "left")
        # A mail has one text for products that were bought before, and another for new ones.
        .withColumn("list", F.when(is_bought, BUY_AGAIN).otherwise(DISCOVER))
        .withColumn("reason_code", F.when(is_bought_since, BOUGHT_BEFORE).otherwise(reason_code))
        .withColumn("reason_product_name", F.when(~is_bought, F.col("reason_product_name")))
        .withColumnRenamed("shop_code", "list_shop")
        .drop("is_bought", "candidate_source", "reason_product_id")
    )


def with_lists(people: DataFrame, lists: DataFrame, shown: DataFrame, list_name: str) -> DataFrame:
    """`people` with `has_list` and `has_places`, each true or null."""
    made = lists.where(F.col("list_name") == list_name).select(F.col("shop_code").alias("list_shop"), "customer_key").distinct()
    there = shown.select(*LIST_OWNER).distinct()
    return people.join(made.withColumn("has_list", F.lit(True)), LIST_OWNER, "left").join(
        there.withColumn("has_places", F.lit(True)), LIST_OWNER, "left"
    )


def items(shown: DataFrame, slots: int) -> DataFrame:
    """One row per customer: list_shop, customer_key, `items`, the first so many places in their order."""
    columns = [name for name in shown.columns if name not in LIST_OWNER and name != "rank"]
    ordered = F.sort_array(F.collect_list(F.struct("rank", *columns)))
    return shown.groupBy(*LIST_OWNER).agg(F.slice(ordered, 1, slots).alias("items"))

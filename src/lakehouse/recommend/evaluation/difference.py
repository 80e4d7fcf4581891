"""What would change for customers if another model made the lists: looked at before it is promoted."""

from dataclasses import dataclass

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER, PRODUCT
from lakehouse.recommend.scorer import LISTS

EXAMPLES, SHOWN, CATEGORIES = 10, 8, 10


@dataclass(frozen=True)
class Difference:
    """`overlap`: list → mean share of a customer's places that stay on the list. `categories`: name → share of all places before and
    after, those that move most first. `in_stock`: share of places that can be delivered at once, before and after. `examples`: customer
    key → names on the mixed list before and after."""

    customers: int
    overlap: dict[str, float]
    categories: dict[str, tuple[float, float]]
    in_stock: tuple[float, float]
    examples: dict[str, tuple[list[str], list[str]]]

    def text(self) -> str:
        """Markdown, for the tracking server and the screen."""
        kept = ", ".join(f"{name} {share:.0%}" for name, share in self.overlap.items())
        lines = [f"Lists of {self.customers} customers. Places that stay: {kept}.", ""]
        lines += [
            f"In stock: {self.in_stock[0]:.1%} of the places before, {self.in_stock[1]:.1%} after.",
            "",
            "| category | before | after |",
            "|---|---|---|",
        ]
        lines += [f"| {name} | {before:.1%} | {after:.1%} |" for name, (before, after) in self.categories.items()]
        for customer, (before, after) in self.examples.items():
            lines += ["", f"Customer {customer}", f"- before: {', '.join(before)}", f"- after: {', '.join(after)}"]
        return "\n".join(lines) + "\n"


def difference(before: DataFrame, after: DataFrame, products: DataFrame, categories: DataFrame) -> Difference:
    """`before`, `after`: shop_code, customer_key, list, rank, product_id; compared are customers of both.

    `products` and `categories`: those of silver.
    """
    both = before.select(*CUSTOMER).distinct().join(after.select(*CUSTOMER).distinct(), CUSTOMER).persist()
    places = [
        frame.join(both, CUSTOMER, "left_semi").select(*CUSTOMER, "list_name", "rank", "product_id").persist() for frame in (before, after)
    ]
    found = Difference(
        both.count(),
        _overlap(*places),
        _categories(places, products, categories),
        _in_stock(places, products),
        _examples(places, products),
    )
    for frame in (both, *places):
        frame.unpersist()
    return found


def _overlap(before: DataFrame, after: DataFrame) -> dict[str, float]:
    by = [*CUSTOMER, "list_name"]
    stays = before.join(after.select(*by, "product_id", F.lit(1).alias("stays")), [*by, "product_id"], "left")
    shares = (
        stays.groupBy(*by).agg((F.count("stays") / F.count("*")).alias("share")).groupBy("list_name").agg(F.avg("share").alias("share"))
    )
    found = {row["list_name"]: float(row["share"]) for row in shares.collect()}
    return {name: found[name] for name in LISTS if name in found}


def _categories(places: list[DataFrame], products: DataFrame, categories: DataFrame) -> dict[str, tuple[float, float]]:
    named = categories.select("shop_code", "category_id", F.col("category_name").alias("category"))
    of_product = products.select(*PRODUCT, F.explode("category_ids").alias("category_id")).join(named, ["shop_code", "category_id"])
    counts = [
        {row["category"]: row["count"] for row in frame.join(of_product, PRODUCT).groupBy("category").count().collect()} for frame in places
    ]
    totals = [max(sum(found.values()), 1) for found in counts]
    shares = {c: (counts[0].get(c, 0) / totals[0], counts[1].get(c, 0) / totals[1]) for c in {*counts[0], *counts[1]}}
    moved = sorted(shares, key=lambda c: (-abs(shares[c][1] - shares[c][0]), c))[:CATEGORIES]
    return {str(category): shares[category] for category in moved}


def _in_stock(places: list[DataFrame], products: DataFrame) -> tuple[float, float]:
    ready = products.select(*PRODUCT, (F.col("stock_status") == "instock").cast("int").alias("ready"))
    before, after = (frame.join(ready, PRODUCT, "left").agg(F.avg(F.coalesce("ready", F.lit(0)))).first() for frame in places)
    return float((before and before[0]) or 0), float((after and after[0]) or 0)


def _examples(places: list[DataFrame], products: DataFrame) -> dict[str, tuple[list[str], list[str]]]:
    chosen = places[0].select(*CUSTOMER).distinct().orderBy(F.xxhash64("customer_key"), *CUSTOMER).limit(EXAMPLES).collect()
    wanted = [row["customer_key"] for row in chosen]
    names = products.select(*PRODUCT, "product_name")
    shown = []
    for frame in places:
        mine = frame.where(F.col("customer_key").isin(wanted) & (F.col("list_name") == "mixed") & (F.col("rank") <= SHOWN)).join(
            names, PRODUCT, "left"
        )
        rows = mine.orderBy("customer_key", "rank").collect()
        shown.append({key: [str(row["product_name"]) for row in rows if row["customer_key"] == key] for key in wanted})
    return {key: (shown[0][key], shown[1][key]) for key in wanted}

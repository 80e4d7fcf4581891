"""The tree of product categories, and which of them are not for everybody's eyes."""

from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import unescape_html
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, STRING, Column, Table, conform

TABLE = Table(
    name="silver.categories",
    grain="one product category",
    key=("shop_code", "category_id"),
    columns=(
        SHOP,
        Column("category_id", LONG, "term id"),
        Column("category_name", STRING, "name; HTML entities decoded"),
        Column("slug", STRING, "name for addresses"),
        Column("parent_category_id", LONG, "the category above; null at the top"),
        Column(
            "is_restricted",
            BOOLEAN,
            "whether it, or a category above it, is named by the setting restricted_categories: nothing of it is picked for a person",
        ),
        Column("is_private", BOOLEAN, "whether it, or a category above it, is named by the shop's setting private_categories"),
    ),
    may_be_empty=True,
)


def build(
    terms: DataFrame,
    term_taxonomy: DataFrame,
    *,
    restricted_categories: tuple[str, ...],
    private_categories: tuple[tuple[str, tuple[str, ...]], ...],
) -> DataFrame:
    """Terms of the taxonomy product_cat. `private_categories`: (shop, patterns) each."""
    of_shops = dict(private_categories)
    categories = term_taxonomy.where(F.col("taxonomy") == "product_cat")
    found = (
        categories.join(terms, ["shop_code", "term_id"])
        .withColumn("category_name", unescape_html(F.col("name")))
        .withColumn("parent_category_id", F.when(F.col("parent") > 0, F.col("parent")))
        .withColumn("category_id", F.col("term_id"))
        .withColumns({"is_restricted": F.lit(False), "is_private": F.lit(False)})
    )

    def marked(tree: pa.Table) -> pa.Table:
        shop_code = tree["shop_code"][0].as_py() if len(tree) else ""
        tree = _with_mark(tree, "is_restricted", restricted_categories)
        return _with_mark(tree, "is_private", of_shops.get(shop_code, ()))

    conformed = conform(found, TABLE)
    return conformed.groupBy("shop_code").applyInArrow(marked, conformed.schema)


def _with_mark(tree: pa.Table, column: str, patterns: Collection[str]) -> pa.Table:
    ids = tree["category_id"].to_pylist()
    parents = dict(zip(ids, tree["parent_category_id"].to_pylist(), strict=True))
    names = zip(ids, tree["slug"].to_pylist(), tree["category_name"].to_pylist(), strict=True)
    found = marked_categories(parents, {number: (slug, name) for number, slug, name in names}, patterns)
    marks = pa.array([number in found for number in ids], pa.bool_())
    return tree.set_column(tree.schema.get_field_index(column), tree.schema.field(column), marks)


def marked_categories(
    parents: Mapping[int, int | None], names: Mapping[int, tuple[str | None, ...]], patterns: Collection[str]
) -> set[int]:
    """The categories of which a name, in whatever case, is like one of the patterns (`wine*`), and all below them.

    A tree that runs in a circle is marked as a whole where one of it is.
    """
    wanted = [pattern.casefold() for pattern in patterns]
    marked = {number for number, own in names.items() if any(fnmatchcase(name.casefold(), like) for name in own if name for like in wanted)}
    while more := {number for number, parent in parents.items() if parent in marked and number not in marked}:
        marked |= more
    return marked

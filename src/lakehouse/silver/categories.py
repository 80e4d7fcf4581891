"""The tree of product categories, and which of them are not for everybody's eyes."""

import re
from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from urllib.parse import unquote

import pyarrow as pa
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import unescape_html
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, STRING, Column, Table, conform

# Before a pattern of what is not meant.
NOT = "!"
# What stands between the parts of a name such as "Beer, Wine & alcohol-free drinks". An exception holds in its own part.
BETWEEN = r"[&,/+|;()]|\s(?:and|und|en|et|i|oraz)\s"
GLOB = {"*": ".*", "?": "."}

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
    """The categories that one of the patterns means, and all below them but those that a pattern with `!` means.

    A pattern means a part of a name if it is like a word of it, or like the whole of it, in whatever case: `wine` means `red-wine`. One
    with `!` takes back what was meant of the same part alone: `!*alcohol?free*` lets "Alcohol-free beer" go, and not "Beer & alcohol-free
    drinks". A tree that runs in a circle is marked as a whole.
    """
    wanted = [pattern.casefold() for pattern in patterns if not pattern.startswith(NOT)]
    spared = [pattern.removeprefix(NOT).casefold() for pattern in patterns if pattern.startswith(NOT)]
    parts = {number: _parts(own) for number, own in names.items()}
    spares = {number: [_is_like(part, spared) for part in own] for number, own in parts.items()}
    marked = {
        number
        for number, own in parts.items()
        if any(_is_like(part, wanted) and not is_spared for part, is_spared in zip(own, spares[number], strict=True))
    }
    free = {number for number, own in spares.items() if any(own)} - marked
    while more := {number for number, parent in parents.items() if parent in marked and number not in marked and number not in free}:
        marked |= more
    return marked


def is_named(name: SparkColumn, patterns: Collection[str]) -> SparkColumn:
    """boolean, never null: whether the patterns mean a category of this one name, as `marked_categories` says it."""
    wanted = _as_regex(pattern for pattern in patterns if not pattern.startswith(NOT))
    spared = _as_regex(pattern.removeprefix(NOT) for pattern in patterns if pattern.startswith(NOT))

    def is_like(part: SparkColumn, regex: str) -> SparkColumn:
        words = F.array_append(F.regexp_extract_all(part, F.lit(r"((?U)\w+)"), F.lit(1)), F.trim(part))
        return F.exists(words, lambda word: word.rlike(regex))

    parts = F.split(F.lower(name), BETWEEN)
    return F.coalesce(F.exists(parts, lambda part: is_like(part, wanted) & ~is_like(part, spared)), F.lit(False))


def _as_regex(patterns: Iterable[str]) -> str:
    """One that is like any of the patterns; without a pattern, like nothing."""
    parts = ("".join(GLOB.get(sign, re.escape(sign)) for sign in pattern.casefold()) for pattern in patterns)
    return f"^(?:{'|'.join(parts) or '(?!)'})$"


def _parts(names: Iterable[str | None]) -> list[set[str]]:
    """Of each part of the names the words and the whole; a slug in another alphabet is percent-encoded."""
    whole = [part.strip() for name in names if name for part in re.split(BETWEEN, unquote(name).casefold())]
    return [{part, *re.findall(r"\w+", part)} for part in whole]


def _is_like(words: Iterable[str], patterns: Collection[str]) -> bool:
    return any(fnmatchcase(word, pattern) for word in words for pattern in patterns)

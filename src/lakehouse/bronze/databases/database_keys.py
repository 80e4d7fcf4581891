"""Ids of silver are integers, keys of other databases may be text (uuids, article numbers): here each has its integer, for good.

The integer follows from the key alone, so that a lake that lost this table gets the same ones again. Only of keys that would share one
does the table say more than they do: the one that came later, or of those that came together the later one by the alphabet, has the
next integer of its own row of integers.
"""

from collections.abc import Callable

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.sources.source import SHOP
from lakehouse.table import LONG, STRING, Column, Rule, Table

TABLE = Table(
    name="bronze.database_keys",
    grain="one key of a database that is text, and the id that stands for it",
    key=("shop_code", "entity", "source_key"),
    columns=(
        SHOP,
        Column("entity", STRING, "what it is a key of", accepted=("order", "customer", "product", "order_line")),
        Column("source_key", STRING, "as the database has it; a uuid in lower case"),
        Column("id", LONG, "the id in silver: the first 60 bits of a SHA-256 of the key"),
    ),
    rules=(Rule("id_is_known", "id is not null"),),
    optional=True,
    may_be_empty=True,
)
# 15 hex digits: what is above zero in 64 bits with a sign. Of n keys about n² / 2^61 share one: of ten million, one in 20,000 lakes.
HEX_DIGITS = 15
Hash = Callable[[SparkColumn, SparkColumn], SparkColumn]


def sha_60(key: SparkColumn, turn: SparkColumn) -> SparkColumn:
    """bigint: the `turn`-th integer of a key, from 0. `conv(substring(sha2(turn || ':' || key, 256), 1, 15), 16, 10)`."""
    text = F.concat(turn.cast("string"), F.lit(":"), key)
    return F.conv(F.substring(F.sha2(text, 256), 1, HEX_DIGITS), 16, 10).cast("bigint")


def new_keys(found: DataFrame, known: DataFrame, hashed: Hash = sha_60) -> DataFrame:
    """The rows of TABLE for the keys `found` (shop_code, entity, source_key) that are not `known`.

    `hashed` is another one in tests: keys that share an integer can't be found otherwise.
    """
    place = ["shop_code", "entity"]
    with_first = known.withColumn("first_id", hashed(F.col("source_key"), F.lit(0)))
    taken = with_first.groupBy(*place, "first_id").agg(F.count("*").alias("known_before"))
    first = found.distinct().join(known, [*place, "source_key"], "left_anti").withColumn("first_id", hashed(F.col("source_key"), F.lit(0)))
    among_new = F.row_number().over(Window.partitionBy(*place, "first_id").orderBy("source_key")) - 1
    turn = F.coalesce("known_before", F.lit(0)) + among_new
    return first.join(taken, [*place, "first_id"], "left").select(*place, "source_key", hashed(F.col("source_key"), turn).alias("id"))


def shared_ids(keys: DataFrame) -> DataFrame:
    """(shop_code, entity, id) that stand for more than one key: none, unless two integers of two keys are the same."""
    return keys.groupBy("shop_code", "entity", "id").agg(F.count("*").alias("n")).where("n > 1").drop("n")

"""What the lake knows of customers, as rows for a tool that keeps customers: only of those of whom something changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.pack_rows import as_row
from lakehouse.export.profile import FACTS, Cell, Profile, as_field
from lakehouse.gold.customer_facts import TABLE
from lakehouse.gold.keys import CUSTOMER
from lakehouse.io.packs.pack_files import Row
from lakehouse.silver.addresses import addresses
from lakehouse.table import BOOLEAN, TIMESTAMP


def changed(now: DataFrame, sent: DataFrame | None) -> DataFrame:
    """Rows of gold.customer_facts that differ from those that were sent, with `is_deleted`: true of who is there no more, by the key alone.

    All rows where nothing was sent before.
    """
    if sent is None:
        return now.withColumn("is_deleted", F.lit(False))
    gone = sent.join(now, CUSTOMER, "left_anti").select(*CUSTOMER, F.lit(True).alias("is_deleted"))
    return now.exceptAll(sent).withColumn("is_deleted", F.lit(False)).unionByName(gone, allowMissingColumns=True)


def as_text(facts: DataFrame, users: DataFrame, orders: DataFrame, database_customers: DataFrame, database_orders: DataFrame) -> DataFrame:
    """The columns FACTS as text, sorted by customer, with the e-mail from the vault. Who has none there is left out, but for the gone.

    Times are ISO 8601 in UTC, yes and no are 1 and 0, `spent` is as `CHF 7.00; EUR 30.30`, `next_due` as
    `2026-11-20 17; 2026-12-01 4` with ids of products.
    """
    kinds = {column.name: column.type for column in TABLE.columns} | {"is_deleted": BOOLEAN}

    def text(name: str) -> SparkColumn:
        if name == "spent":
            return F.array_join(
                F.transform(name, lambda sum_: F.concat_ws(" ", sum_.currency_code, sum_.amount.cast("decimal(26,2)"))), "; "
            )
        if name == "next_due":
            return F.array_join(
                F.transform(name, lambda due: F.concat_ws(" ", due.due_date.cast("string"), due.product_id.cast("string"))), "; "
            )
        if kinds.get(name) == TIMESTAMP:
            return F.date_format(name, "yyyy-MM-dd'T'HH:mm:ss'Z'")
        return F.col(name).cast("int" if kinds.get(name) == BOOLEAN else "string").cast("string")

    found = facts.join(addresses(users, orders, database_customers, database_orders), ["shop_code", "email_pseudonym"], "left")
    found = found.where("email is not null or is_deleted")
    return found.select(*(text(name).alias(name) for name in FACTS)).orderBy(*CUSTOMER)


def customer_rows(profile: Profile, facts: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """In the columns of the profile, of `as_text`: cells of CSV, or objects of JSONL."""
    fields = [as_field(column) for column in profile.columns if isinstance(column, str | Cell)]
    for one in facts:
        yield as_row(profile, [(field.name, field.text if field.value is None else one[field.value]) for field in fields])

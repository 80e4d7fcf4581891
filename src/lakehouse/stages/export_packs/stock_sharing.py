"""The people and the places of a pack when all that is in stock is shared out among them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.export.places import LIST_OWNER
from lakehouse.export.stock.limits import Product
from lakehouse.export.stock.sharing import NOBODY_LOSES, ON_LIST, granted, lost, share_out, with_turns
from lakehouse.export.stock.shown_products import counted


class StockSharing:
    """`people`: with `suppressed_for`. `shown`: the places of their lists (export/places.py). `scarce`: limits that can be reached.

    Who gets the pack takes part, and who is held out of it. Who loses all places is left out for `stock`. `release` frees what is cached.
    """

    def __init__(self, people: DataFrame, shown: DataFrame, scarce: Mapping[Product, int], slots: int, day: date) -> None:
        self._slots, self._day, self._people, self._shown = slots, day, people.persist(), shown
        is_held_out = F.col("suppressed_for") == "hold_out"
        takes_part = self._people.where(F.col("suppressed_for").isNull() | is_held_out)
        owners = takes_part.select(*LIST_OWNER, F.coalesce(is_held_out, F.lit(False)).alias("is_held_out"))
        self._places = with_turns(shown.select(*LIST_OWNER, "rank", "product_id").join(owners, LIST_OWNER), day).persist()
        self._cutoffs = share_out(self._places, scarce, slots) if scarce else NOBODY_LOSES

    @property
    def people(self) -> DataFrame:
        """All people; `suppressed_for` is now `stock` for those who lost all places."""
        if not self._cutoffs.after:
            return self._people
        kept = granted(self._places, self._cutoffs, self._slots).select(*LIST_OWNER, F.lit(True).alias("_keeps")).distinct()
        took_part = F.coalesce(F.col("suppressed_for") == "hold_out", F.lit(True))
        now = F.when(took_part & F.col("_keeps").isNull(), "stock").otherwise(F.col("suppressed_for"))
        return self._people.join(kept, LIST_OWNER, "left").withColumn("suppressed_for", now).drop("_keeps")

    @property
    def shown(self) -> DataFrame:
        """Of the places those that are shown."""
        if not self._cutoffs.after:
            return self._shown
        return granted(with_turns(self._shown, self._day), self._cutoffs, self._slots)

    def counts(self, limited: Mapping[Product, object], recipients: int) -> list[dict[str, Any]]:
        """`shown_products.counted` of the products of `limited`."""
        products = frame_from(self._shown.sparkSession, sorted(limited), "list_shop string, product_id bigint")
        shown, gone = (of(self._places, self._cutoffs, self._slots) for of in (granted, lost))
        shown = shown.join(F.broadcast(products), ON_LIST)
        return [row.asDict() for row in counted(shown, gone, recipients, self._day).collect()]

    def release(self) -> None:
        """Free what Spark has cached. The frames can't be used afterwards without computing them again."""
        self._places.unpersist()
        self._people.unpersist()

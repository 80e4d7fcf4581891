"""Which rows of delivered files are the truth for their key: newest wins, a repeated one is a duplicate, an old one has expired."""

from datetime import date, timedelta
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.privacy.pseudonyms import with_pseudonyms
from lakehouse.sources.feed import EMAIL, ORIGIN, Feed

LOADED, DUPLICATE, EXPIRED = "loaded", "duplicate", "expired"
FATE, IS_TRUTH = "_fate", "_is_truth"
DELIVERY = ["_file_day", "_arrived_at", "_file_name"]


def landed(rows: DataFrame, feed: Feed, key: str) -> DataFrame:
    """Rows of files with all that bronze and vault hold of them: pseudonyms, and whether there is what is personal."""
    there = {f"has_{f.name}": F.col(f.name).isNotNull() for f in feed.personal_fields if f.personal != EMAIL}
    return with_pseudonyms(rows.withColumns({**there, "shop_code": F.lit(feed.shop_code)}), feed.all_pseudonyms, key)


def judged(rows: DataFrame, there: DataFrame, feed: Feed, run_date: date, is_newest: bool = True) -> DataFrame:
    """The rows with `_fate` (loaded, duplicate, expired) and `_is_truth`: whether it is what the table holds of its key afterwards.

    `rows` are of one delivery or several, `there` is the feed's bronze table. Deliveries count in the order of the days in their names,
    then of their arrival; each is judged as if it had been loaded before the next one came, so a row may be loaded and not the truth.
    `is_newest` (snapshots): whether no newer file was loaded before. A delivery that was loaded already is judged as it was then.
    """
    expired = _expired(feed, run_date)
    ranked = rows.withColumn("_expired", expired).withColumn("_place", _place_in_file(feed))
    old = _what_is_there(there, rows, feed)
    known = ranked.join(old, list(feed.replace_unit or feed.key), "left")
    is_first_in_file = ~F.col("_expired") & (F.col("_place") == 1)
    loaded = known.withColumn("_loaded", is_first_in_file & _beats_what_is_there(feed, is_newest))
    if feed.version_column and feed.kind != "snapshot":
        loaded = loaded.withColumn("_loaded", F.col("_loaded") & _beats_earlier_files(feed))
    fate = F.when(F.col("_expired"), EXPIRED).when(F.col("_loaded"), LOADED).otherwise(DUPLICATE)
    return loaded.withColumn(FATE, fate).withColumn(IS_TRUTH, _is_last(feed)).select(*rows.columns, FATE, IS_TRUTH)


def truth(found: DataFrame, there: DataFrame, feed: Feed) -> DataFrame:
    """What the table holds of the keys in `found` (a result of `judged`, with what `landed` adds).

    Of a snapshot a row that says what the table said already keeps the origin that it has there, so that it is no change.
    """
    columns = feed.bronze.column_names
    new = found.where(IS_TRUTH)
    if feed.kind != "snapshot":
        return new.drop(FATE, IS_TRUTH)
    origin = [column.name for column in ORIGIN]
    said = [name for name in columns if name not in origin]
    old = there.select(*feed.key, F.struct(*said).alias("_said"), *(F.col(name).alias(f"_old{name}") for name in origin))
    is_same = F.struct(*said).eqNullSafe(F.col("_said"))
    kept = {name: F.when(is_same, F.col(f"_old{name}")).otherwise(F.col(name)) for name in origin}
    return new.join(old, list(feed.key), "left").withColumns(kept).drop("_said", FATE, IS_TRUTH, *(f"_old{name}" for name in origin))


def staying(found: DataFrame, rejected: DataFrame, there: DataFrame, feed: Feed) -> DataFrame:
    """Keys of the table that stay as they are though the file has all rows: theirs could not be read, or is older (of a snapshot).

    A record whose key can't be read may be of any row that the file of a snapshot seems not to have: then all of these stay.
    """
    key, new = list(feed.key), found.where(IS_TRUTH)
    named = rejected.select(*key) if feed.replace_unit else found.select(*key).union(rejected.select(*key))
    if not feed.replace_unit and not rejected.where(reduce(or_, (F.col(name).isNull() for name in key))).isEmpty():
        named = there.select(*key)
    kept = there.join(named.distinct(), key, "left_semi").join(new.select(*key), key, "left_anti")
    if feed.replace_unit:  # of an order whose lines are not replaced, nothing goes
        kept = kept.join(new.select(*feed.replace_unit).distinct(), list(feed.replace_unit), "left_semi")
    return kept.select(*key)


def _expired(feed: Feed, run_date: date) -> Column:
    if feed.expires_after is None or feed.event_time_column is None:
        return F.lit(False)
    return F.col(feed.event_time_column) < F.lit(run_date - timedelta(days=feed.expires_after)).cast("timestamp")


def _place_in_file(feed: Feed) -> Column:
    """1 for the row of its key that counts: of events the first ever, else the newest of its file, the last of equals."""
    if feed.kind == "append":
        return F.row_number().over(Window.partitionBy("_expired", *feed.key).orderBy(*DELIVERY, "_line_number"))
    newest = [F.desc(feed.version_column)] if feed.version_column else []
    return F.row_number().over(Window.partitionBy("_expired", *feed.key, *DELIVERY).orderBy(*newest, F.desc("_line_number")))


def _what_is_there(there: DataFrame, rows: DataFrame, feed: Feed) -> DataFrame:
    """Of each unit (a key, or what a file has all rows of) that the files name: who brought it, and how new it is."""
    unit = list(feed.replace_unit or feed.key)
    named = there.join(rows.select(*unit).distinct(), unit, "left_semi")
    newest = F.max(feed.version_column) if feed.version_column else F.lit(None)
    return named.groupBy(*unit).agg(F.max(F.struct(*DELIVERY)).alias("_there"), newest.alias("_there_newer"))


def _beats_what_is_there(feed: Feed, is_newest: bool) -> Column:
    mine, theirs = F.struct(*DELIVERY), F.col("_there")
    is_new = theirs.isNull()
    if feed.kind == "append":
        return is_new | (mine == theirs)
    if feed.version_column is None:
        return F.lit(is_newest) if feed.kind == "snapshot" else is_new | (mine >= theirs)
    newer, known = F.col(feed.version_column), F.col("_there_newer")
    if feed.kind == "snapshot":
        return is_new | (newer >= known) if is_newest else ~is_new & ((newer > known) | (mine == theirs))
    return is_new | (F.struct(newer, mine) >= F.struct(known, theirs))


def _beats_earlier_files(feed: Feed) -> Column:
    earlier = Window.partitionBy(*feed.key).orderBy(*DELIVERY).rangeBetween(Window.unboundedPreceding, Window.currentRow)
    best = F.max(F.when(F.col("_loaded"), F.col(feed.version_column or ""))).over(earlier)
    return F.col(feed.version_column or "") >= best


def _is_last(feed: Feed) -> Column:
    """Of the loaded rows of a unit those of the last delivery."""
    if feed.kind == "append":
        return F.col("_loaded")
    last = F.max(F.when(F.col("_loaded"), F.struct(*DELIVERY))).over(Window.partitionBy(*(feed.replace_unit or feed.key)))
    return F.col("_loaded") & (F.struct(*DELIVERY) == last)

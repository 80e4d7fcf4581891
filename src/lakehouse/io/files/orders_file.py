"""Orders of any shop or public data set, as Parquet or CSV, in the shape that models are made from; and ids given back as they came."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.dataset as ds
from pyspark.errors import PySparkException
from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F
from pyspark.sql.types import DataType, DateType, IntegralType, LongType, StringType, TimestampNTZType, TimestampType

from lakehouse.errors import ConfigError, DataError
from lakehouse.io.files.csv_as_parquet import LINE, csv_as_parquet
from lakehouse.io.host import logs

NEEDED, OPTIONAL = ("customer", "product", "time"), ("order", "country", "weight")
SHOP = "orders"
MICROSECONDS_A_DAY = 86_400_000_000


@dataclass(frozen=True)
class OrderHistory:
    """`bought`: as gold.purchases.purchases gives it (customer_key is the id as text, product_id a dense number), in memory.

    `products`: product_id and `product` as given. `unit`: days where the time column is a time, baskets where it is a number.
    """

    bought: DataFrame
    products: DataFrame
    customer_type: DataType
    unit: str

    def pairs(self, rows: DataFrame) -> DataFrame:
        """shop_code, customer_key, product_id of a file with customer and product; products never sold are left out."""
        keyed = rows.select(F.lit(SHOP).alias("shop_code"), F.col("customer").cast("string").alias("customer_key"), "product")
        return keyed.join(F.broadcast(self.products), "product").drop("product").distinct()

    def given(self, rows: DataFrame) -> DataFrame:
        """customer and product as given in place of customer_key and product_id."""
        named = rows.join(F.broadcast(self.products), "product_id").withColumn("customer", F.col("customer_key").cast(self.customer_type))
        return named.drop("shop_code", "customer_key", "product_id")


def parse_columns(text: str) -> dict[str, str]:
    """From `customer=CustomerID,product=StockCode,…`. ConfigError (2) if a needed one is missing or a name is unknown."""
    found = dict(part.partition("=")[::2] for part in text.split(",") if part)
    todo = "as --columns customer=CustomerID,product=StockCode,order=InvoiceNo,time=InvoiceDate; country= and weight= may follow"
    if missing := [name for name in NEEDED if not found.get(name)]:
        raise ConfigError(f"--columns lacks {', '.join(missing)}", todo)
    if unknown := sorted(set(found) - {*NEEDED, *OPTIONAL}):
        raise ConfigError(f"--columns has unknown {', '.join(unknown)}", todo)
    return found


def read_orders(spark: SparkSession, path: str, columns: Mapping[str, str]) -> OrderHistory:
    """Lines without customer, product or time are left out, with a warning that counts them. A product twice in an order is one line.

    DataError (65) names the column and the line of a weight that is no number, or of a time that is none.
    """
    rows = read(spark, path, columns).persist()
    if "weight" in columns:
        weight = F.col("weight").cast("string").try_cast("double")
        is_number = weight.isNotNull() & ~F.isnan(weight) & (F.abs(weight) < float("inf"))
        _refuse_values(rows, "weight", is_number, f"{path}: {{}} of column {columns['weight']} are no numbers", "a decimal point")
    time, unit = _time(rows, path)
    is_time = time.isNotNull()
    _refuse_values(
        rows, "time", is_time, f"{path}: {{}} of column {columns['time']} are no times", "2026-11-30 or whole numbers in all lines"
    )
    at = time.cast("double") if unit == "baskets" else F.unix_micros(time) / F.lit(float(MICROSECONDS_A_DAY))
    rows = rows.withColumn("order_day", at)
    whole = rows.dropna(subset=["customer", "product", "order_day"])
    every, used = rows.count(), whole.count()
    if not used:
        raise DataError(f"{path} holds no line with customer, product and time", "look at --columns")
    if used < every:
        logs.warn(f"{every - used} of {every} lines have no customer, product or time: left out")
    ids = (
        whole.select("product").distinct().withColumn("product_id", F.row_number().over(Window.orderBy("product")).cast("bigint")).persist()
    )
    order = F.col("order").cast("string") if "order" in columns else F.concat_ws("|", F.col("customer").cast("string"), F.col("order_day"))
    lines = whole.join(F.broadcast(ids), "product").select(
        F.lit(SHOP).alias("shop_code"),
        order.alias("order_id"),
        "product_id",
        F.col("customer").cast("string").alias("customer_key"),
        (F.nullif(F.col("country").cast("string"), F.lit("")) if "country" in columns else F.lit(None).cast("string")).alias(
            "country_code"
        ),
        "order_day",
        *([F.col("weight").cast("double").alias("given_weight")] if "weight" in columns else []),
    )
    ordered_at = (
        F.lit(None).cast("timestamp") if unit == "baskets" else F.timestamp_micros((F.col("order_day") * MICROSECONDS_A_DAY).cast("bigint"))
    )
    once = lines.groupBy("shop_code", "customer_key", "order_id", "product_id").agg(
        F.max("country_code").alias("country_code"),
        F.max("order_day").alias("order_day"),
        *([F.sum("given_weight").alias("given_weight")] if "weight" in columns else []),
    )
    bought = once.withColumn("net_quantity", F.lit(1).cast("decimal(18,3)")).withColumn("ordered_at", ordered_at).persist()
    bought.count()
    rows.unpersist()
    return OrderHistory(bought, ids, rows.schema["customer"].dataType, unit)


def read(spark: SparkSession, path: str, columns: Mapping[str, str]) -> DataFrame:
    """The named columns under the names of `columns`, and `_line`, null where it is not known.

    CSV (with a header) is text, but whole numbers stay numbers where all are.
    """
    try:
        raw = _csv(spark, path, columns.values()) if path.endswith((".csv", ".csv.gz")) else _parquet(spark, path)
    except (PySparkException, OSError, pa.ArrowException) as error:
        raise DataError(f"{path} can't be read as Parquet or CSV", "give a .csv, .csv.gz or Parquet file with read rights") from error
    if missing := [source for source in columns.values() if source not in raw.columns]:
        raise DataError(f"{path} has no column {', '.join(missing)}", f"it has {', '.join(raw.columns)}")
    line = F.col(LINE) if LINE in raw.columns else F.lit(None).cast("bigint").alias(LINE)
    return raw.select(*(F.col(f"`{source}`").alias(name) for name, source in columns.items()), line)


def _refuse_values(rows: DataFrame, name: str, is_good: Column, message: str, form: str) -> None:
    """DataError with the number of values that are not empty and not good, and the first one's line where that is known."""
    bad = rows.where(F.col(name).isNotNull() & ~is_good).agg(F.count("*").alias("n"), F.min(LINE).alias("line")).first()
    if bad is not None and bad["n"]:
        where = "" if bad["line"] is None else f", first in line {bad['line']}"
        raise DataError(message.format(f"{bad['n']} values") + where, f"write them with {form}")


def _parquet(spark: SparkSession, path: str) -> DataFrame:
    """Spark does not read times in nanoseconds, which is how pandas writes them: such a file is read here."""
    if "://" in path:
        return spark.read.parquet(path)
    schema = ds.dataset(path, format="parquet").schema
    if not any(pa.types.is_timestamp(column.type) and column.type.unit == "ns" for column in schema):
        return spark.read.parquet(path)
    kinds = [pa.timestamp("us", column.type.tz) if pa.types.is_timestamp(column.type) else column.type for column in schema]
    whole = pa.schema([column.with_type(kind) for column, kind in zip(schema, kinds, strict=True)])
    table = ds.dataset(path, format="parquet").to_table().cast(whole, safe=False)
    return spark.createDataFrame(table.replace_schema_metadata())


def _csv(spark: SparkSession, path: str, wanted: Collection[str]) -> DataFrame:
    """Text; where all values of a column are whole numbers, numbers. Of a file on this machine `_line` is where the record begins."""
    if "://" in path:
        text = spark.read.csv(path, header=True, multiLine=True, escape='"')
    else:
        text = spark.read.parquet(csv_as_parquet(path, dict.fromkeys(wanted)))
    names = [name for name in text.columns if name in wanted]
    if not names:
        return text
    text = text.withColumns({name: F.nullif(F.col(f"`{name}`"), F.lit("")) for name in names})
    whole = [F.every(F.col(f"`{name}`").isNull() | F.col(f"`{name}`").rlike(r"^(0|-?[1-9]\d{0,17})$")).alias(name) for name in names]
    is_number = text.agg(*whole).first()
    assert is_number is not None
    numbers = {name: F.col(f"`{name}`").cast("bigint") for name in names if is_number[name]}
    return text.withColumns(numbers) if numbers else text  # Spark Connect takes no columns for an error


def _time(rows: DataFrame, path: str) -> tuple[Column, str]:
    kind = rows.schema["time"].dataType
    if isinstance(kind, IntegralType):
        return F.col("time").cast(LongType()), "baskets"
    if isinstance(kind, TimestampType | TimestampNTZType | DateType):
        return F.col("time").cast("timestamp"), "days"
    if isinstance(kind, StringType):
        at = F.try_to_timestamp(F.col("time"))
        # A number of more digits than a year has is a year to Spark.
        return F.when(F.year(at) < 9999, at), "days"
    raise DataError(
        f"{path}: the column of time is {kind.simpleString()}", "it must be a timestamp, a date, or a whole number of the basket"
    )

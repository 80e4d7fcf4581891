"""A shop's tables through Spark's JDBC reader, each read once into a staged copy."""

import re

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import AccessError, DataError, LakehouseError, SourceAwayError
from lakehouse.io.secrets import resolve
from lakehouse.io.settings import ShopSettings
from lakehouse.sources.source import JdbcTable
from lakehouse.table import STRING

FETCH_ROWS = "5000"
AWAY = (
    r"SQL(Non)?TransientConnectionException|SocketTimeout|Communications link|Connection (refused|reset)"
    r"|Could not connect|unexpected end of stream|Server shutdown"
)
# `jdbc:mysql` decides Spark's dialect; with `jdbc:mariadb` it would quote names so that they come back as values.
URL_OPTIONS = "permitMysqlScheme&tinyInt1isBit=false&connectTimeout=10000&socketTimeout=300000&sessionVariables=time_zone='+00:00'"


def read_table(spark: SparkSession, shop: ShopSettings, source: JdbcTable) -> DataFrame:
    """The declared columns in their declared types: ids as bigint, text without padding, times as UTC, zero dates as null."""
    extra = (shop.consent_meta_key,) if shop.consent_meta_key and source.takes_consent else ()
    types = ", ".join(f"`{column.name}` {column.type.simpleString()}" for column in source.columns)
    return (
        spark.read.format("jdbc")
        .option("url", shop.url + ("&" if "?" in shop.url else "?") + URL_OPTIONS)
        .option("driver", "org.mariadb.jdbc.Driver")
        .option("user", shop.user)
        .option("password", resolve(shop.password))
        .option("dbtable", f"({source.query(shop.prefix, extra)}) AS source")
        .option("customSchema", types)
        .option("fetchsize", FETCH_ROWS)
        .load()
    )


def stage(frame: DataFrame, path: str) -> DataFrame:
    """Read the source once into `path` and give the copy."""
    try:
        frame.write.mode("overwrite").parquet(path)
    except (Py4JError, PySparkException) as error:
        raise _translated(str(error)) from None
    return frame.sparkSession.read.parquet(path)


def refuse_names_as_values(staged: DataFrame, source: JdbcTable) -> None:
    """DataError if the first row holds the columns' own names: the sign of a driver and dialect that don't fit together."""
    text = [column.name for column in source.columns if column.type == STRING]
    first = staged.select(*text).first() if text else None
    if first is not None and all(first[name] == name for name in text):
        raise DataError(
            f"{source.source_name}: the columns came back as their own names", "use a jdbc:mysql:// URL with the MariaDB driver"
        )


def _translated(message: str) -> LakehouseError:
    """An error inside Spark's tasks is text only. The text may hold values, so none of it is passed on but the reason."""
    if re.search(r"Access denied", message):
        return AccessError("the database denied access", "check the user, the password and the rights")
    if found := re.search(r"(Unknown column|doesn't exist|command denied)[^\n]{0,160}", message):
        return DataError(
            f"a declared table or column is missing or not granted: {found.group(0)}", "`lakehouse grants` prints the rights needed"
        )
    if re.search(AWAY, message):
        return SourceAwayError("the database stopped answering", "try again later")
    kinds = re.findall(r"\b[a-z]+(?:\.[a-z]\w*)+\.([A-Z]\w+(?:Exception|Error))", message)
    return LakehouseError(f"reading the database failed: {kinds[-1] if kinds else 'unknown reason'}", "run it again")

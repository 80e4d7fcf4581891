"""What only a session with a JVM in the driver can tell or do. Spark Connect has none: there each of these does without.

No other module reaches into the JVM: what it does must run on any Spark.
"""

from typing import Any

from pyspark import SparkContext
from pyspark.sql import SparkSession, is_remote


def silence(spark: SparkSession) -> None:
    """Spark itself logs nothing. A server of Spark Connect has logs of its own, which its own settings rule."""
    if not is_remote():
        spark.sparkContext.setLogLevel("OFF")


def time_zone(spark: SparkSession) -> str | None:
    """The id of the JVM's time zone, as `UTC`; None if there is no JVM here."""
    jvm = _jvm(spark)
    return None if jvm is None else str(jvm.java.util.TimeZone.getDefault().getID())


def blas_name(spark: SparkSession) -> str | None:
    """The class that does the linear algebra of ALS; None if there is no JVM here. Native BLAS is 1.75 times as fast as that of Java."""
    jvm = _jvm(spark)
    return None if jvm is None else str(jvm.dev.ludovic.netlib.blas.BLAS.getInstance().getClass().getName())


def scratch_folder() -> str | None:
    """Where the Spark of this process keeps what does not fit into memory; None if none runs in it. Empty if it was not told."""
    context = None if is_remote() else SparkContext._active_spark_context
    return None if context is None else str(context.getConf().get("spark.local.dir") or "")


def _jvm(spark: SparkSession) -> Any:
    return None if is_remote() else spark.sparkContext._jvm

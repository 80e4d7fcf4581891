"""The Spark session: one per process, UTC everywhere, jars as files."""

import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.errors import ConfigError
from lakehouse.io.settings import Settings


def spark_session(settings: Settings, scratch: Path | None = None) -> SparkSession:
    """The session of this process with the settings' `spark` values.

    `scratch`: where Spark keeps what does not fit into memory, if the settings name no place.
    Where somebody else started the driver (spark-submit, Databricks), master, memory and jars are theirs.
    Times come as UTC also in Python: `collect()` turns timestamps into the process's own zone, so that is set to UTC.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("lakehouse")
    for name, value in _options(settings, scratch).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    # Spark's own messages can hold values of rows. Of an error its kind comes from Python.
    spark.sparkContext.setLogLevel("OFF")
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    if spark.sparkContext._jvm.java.util.TimeZone.getDefault().getID() != "UTC":  # type: ignore[union-attr]
        raise ConfigError(
            "the JVM does not run in UTC", "start it with conf/spark-defaults.conf: -Duser.timezone=UTC must be known before the JVM"
        )
    return spark


def _options(settings: Settings, scratch: Path | None) -> dict[str, str]:
    if "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return {name: value for name, value in settings.spark.items() if name.startswith(("spark.sql.", "spark.databricks."))}
    # Without a place of its own, Spark leaves a warehouse folder in the working directory.
    warehouse = str(Path(tempfile.gettempdir()) / f"lakehouse-warehouse-{os.getuid()}")
    places = {"spark.local.dir": str(scratch)} if scratch else {}
    options = {"spark.jars": ",".join(jars()), "spark.sql.warehouse.dir": warehouse, **places, **settings.spark}
    quiet = f"-Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    options["spark.driver.extraJavaOptions"] = f"{options.get('spark.driver.extraJavaOptions', '')} {quiet}".strip()
    return options


def jars() -> list[str]:
    """The jars that the installation resolved: `jars/` in the working directory, or in the checkout the package was installed from."""
    for root in (Path(), Path(__file__).parents[3]):
        found = sorted(str(path.resolve()) for path in (root / "jars").glob("*.jar"))
        if found:
            return found
    raise ConfigError("no jars found", "run `make install` in the project's folder")


def blas_name(spark: SparkSession) -> str:
    """The class that does ALS's linear algebra; native BLAS is 1.75 times as fast as Java's."""
    return spark.sparkContext._jvm.dev.ludovic.netlib.blas.BLAS.getInstance().getClass().getName()  # type: ignore[union-attr]

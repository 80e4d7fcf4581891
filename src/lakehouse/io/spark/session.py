"""The Spark session: one per process, UTC everywhere, jars as files."""

import atexit
import logging
import os
import re
import sys
import tempfile
import time
from pathlib import Path

from pyspark.sql import SparkSession

from lakehouse.errors import ConfigError
from lakehouse.io.config.settings import Settings
from lakehouse.io.delta import delta_files
from lakehouse.io.spark import connect_session
from lakehouse.io.spark.classic_session import silence, time_zone
from lakehouse.io.spark.object_store import needs_s3, s3_jars, s3_options

COLLECTOR = re.compile(r"-XX:\+Use\w+GC")
# Nights of a small lake end before the second compiler has paid for itself (a third of the processor time), and its heaps are too small
# for parallel collectors. With one compiler alone the JVM keeps 48 MB for compiled code, which a night fills.
SMALL, LARGE = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m", "-XX:+UseParallelGC"
# What `scripts/class_archive.py` writes; it spares a third of the processor time of a start. A JVM that it does not fit passes it over.
CLASS_ARCHIVE = Path(sys.prefix) / "spark.jsa"
# Spark's own first `lower` or `upper` of a session builds a table of all letters of ICU, which takes three seconds. The JVM's mapping
# differs in 67 letters that came with Unicode 14 to 16, of scripts in which nobody has an address.
QUICK_LETTERS = {"spark.sql.icu.caseMappings.enabled": "false"}
# Each aggregation and sort of each task begins with a page. Of a heap of 3 GB it would have 64 MB: 7 of 80 seconds went to collecting them.
SMALL_PAGES = {"spark.buffer.pageSize": "1m"}


def spark_session(settings: Settings, scratch: Path | None = None, is_small: bool = False) -> SparkSession:
    """The session of this process with the settings' `spark` values.

    `scratch`: where Spark keeps what does not fit into memory, if the settings name no place. `is_small`: there is little to do, so that
    starting quickly counts more than running fast; settings that choose a collector of garbage themselves overrule that.
    Where somebody else started the driver (spark-submit, Databricks), master, memory and jars are theirs. SPARK_REMOTE names a server of
    Spark Connect: the session is then one of its sessions. ConfigError (2) or SourceAwayError (69) if that can't be.
    Times come as UTC also in Python: `collect()` turns timestamps into the process's own zone, so that is set to UTC.
    """
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if is_remote := connect_session.is_asked_for():
        connect_session.refuse_without_server()
    builder = SparkSession.builder if is_remote else SparkSession.builder.appName("lakehouse")
    for name, value in launch_options(settings, scratch, is_small).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    # Spark's own messages can hold values of rows. Of an error its kind comes from Python.
    silence(spark)
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    if is_remote:
        atexit.register(connect_session.release, spark)
        connect_session.refuse_other_zone(spark)
    elif time_zone(spark) not in ("UTC", None):
        raise ConfigError(
            "the JVM does not run in UTC", "start it with conf/spark-defaults.conf: -Duser.timezone=UTC must be known before the JVM"
        )
    return spark


def launch_options(settings: Settings, scratch: Path | None, is_small: bool) -> dict[str, str]:
    """Of a session that begins here all that Spark is told; of one of somebody else's driver or server what it may still choose."""
    if connect_session.is_asked_for():
        return connect_session.session_options(settings.spark)
    if "PYSPARK_GATEWAY_PORT" in os.environ or "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return {name: value for name, value in settings.spark.items() if name.startswith(("spark.sql.", "spark.databricks."))}
    # Without a place of its own, Spark leaves a warehouse folder in the working directory.
    warehouse = str(Path(tempfile.gettempdir()) / f"lakehouse-warehouse-{os.getuid()}")
    places = {"spark.local.dir": str(scratch)} if scratch else {}
    buckets = s3_options() if needs_s3(settings) else {}
    sized = QUICK_LETTERS | (SMALL_PAGES if is_small else {})
    options = {"spark.jars": ",".join(jars(settings)), "spark.sql.warehouse.dir": warehouse, **places, **buckets, **sized, **settings.spark}
    # Where the machine speaks Turkish, `lower` of an I that stands beside a letter such as ü would be ı, and an address another one's.
    own = f"-Duser.language=en -Dlog4j2.configurationFile={Path(__file__).with_name('log4j2.properties').as_uri()}"
    given = options.get("spark.driver.extraJavaOptions", "")
    fitting = "" if COLLECTOR.search(given) else SMALL if is_small else LARGE
    archive = f'"-XX:SharedArchiveFile={CLASS_ARCHIVE}" -Xlog:cds*=off' if CLASS_ARCHIVE.is_file() else ""
    options["spark.driver.extraJavaOptions"] = " ".join(filter(None, [given, fitting, archive, own]))
    return options


def is_small_lake(settings: Settings) -> bool:
    """Whether a lake on this machine has mirrors, and at most `small_lake_rows` in them. An empty one may be about to hold anything."""
    if settings.catalog or not delta_files.is_local(settings.lake_root):
        return False
    tables = [delta_files.opened(str(folder)) for folder in Path(settings.lake_root).glob("bronze/*")]
    counts = [delta_files.row_count(table) for table in tables if table is not None]
    return bool(counts) and None not in counts and sum(count or 0 for count in counts) <= settings.small_lake_rows


def lanes(is_small: bool) -> int:
    """How many steps run at a time. One of a small lake keeps one processor busy, one of a large lake keeps all of them busy."""
    return (os.cpu_count() or 1) if is_small else 1


def size_told(is_small: bool) -> str:
    """What was chosen by size, for people."""
    return f"{'small' if is_small else 'large or empty'} lake: {lanes(is_small)} steps at a time"


def jars(settings: Settings) -> list[str]:
    """The jars that the installation resolved: `jars/` in the working directory, or in the checkout the package was installed from."""
    for root in (Path(), Path(__file__).parents[4]):
        found = sorted(str(path.resolve()) for path in (root / "jars").glob("*.jar"))
        if found:
            return [*found, *(s3_jars(root) if needs_s3(settings) else [])]
    raise ConfigError("no jars found", "run `make install` in the project's folder")

"""Writes .venv/spark.jsa: Spark's classes as the JVM has them in memory (class data sharing, JEP 350), so that sessions start quicker.

A session does a little of what nights do; what it loaded is written when its JVM ends. The archive fits this Java and these jars alone:
a JVM for which it does not fit goes on without it.
"""

import tempfile

from pyspark import SparkContext
from pyspark.sql import Observation, SparkSession, Window
from pyspark.sql import functions as F

from lakehouse.io.config.settings import load_settings
from lakehouse.io.spark import session

SECONDS = 300


def main() -> None:
    settings = load_settings("local")
    session.CLASS_ARCHIVE.unlink(missing_ok=True)
    # Under its name only when it is whole: a JVM crashes on half of one.
    unfinished = session.CLASS_ARCHIVE.with_suffix(".unfinished")
    settings.spark["spark.driver.extraJavaOptions"] = f'"-XX:ArchiveClassesAtExit={unfinished}" -Xlog:disable'
    spark = session.spark_session(settings, is_small=True)
    with tempfile.TemporaryDirectory() as folder:
        _work(spark, folder)
    spark.stop()
    gateway = SparkContext._gateway
    assert gateway is not None
    # The JVM ends, and writes, when its driver's end of the pipe is closed.
    gateway.shutdown()
    gateway.proc.stdin.close()
    if gateway.proc.wait(SECONDS) == 0 and unfinished.is_file():
        unfinished.replace(session.CLASS_ARCHIVE)
    else:
        unfinished.unlink(missing_ok=True)
        print("This Java wrote no archive of classes. All works without it; sessions start some seconds later.")


def _work(spark: SparkSession, folder: str) -> None:
    """Joins, windows, sums, texts, times and decimals; Parquet and Delta, written, merged and read."""
    numbers = spark.range(1000).selectExpr(
        "id", "id % 7 AS part", "cast(id AS string) AS name", "cast(id / 3 AS decimal(18, 2)) AS amount", "timestamp_seconds(id) AS at"
    )
    seen = Observation()
    numbers.observe(seen, F.count("*").alias("n"), F.sum(F.xxhash64("id") % 1000).alias("sum")).write.parquet(f"{folder}/numbers")
    read = spark.read.parquet(f"{folder}/numbers")
    sums = read.groupBy("part").agg(
        F.sum("amount").alias("sum"),
        F.count_if(F.col("id") > 5).alias("n"),
        F.max("at").alias("last"),
        F.countDistinct("name").alias("names"),
    )
    ranked = read.withColumn("place", F.row_number().over(Window.partitionBy("part").orderBy(F.desc("amount"), "id")))
    joined = ranked.join(sums, "part", "left").withColumn("key", F.sha2("name", 256)).where("place < 50 AND name RLIKE '^[0-9]+$'")
    joined.toArrow()
    joined.write.format("delta").save(f"{folder}/table")
    spark.createDataFrame(joined.limit(5).toArrow()).write.format("delta").mode("append").save(f"{folder}/table")
    spark.sql(
        f"MERGE INTO delta.`{folder}/table` AS old USING (SELECT 1 AS id, 'new' AS name) AS new ON old.id = new.id "
        "WHEN MATCHED THEN UPDATE SET name = new.name"
    )
    spark.read.format("delta").load(f"{folder}/table").agg(F.approx_count_distinct("name"), F.collect_set("part")).toArrow()


if __name__ == "__main__":
    main()

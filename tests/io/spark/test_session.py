"""What a session is told when it begins: by the size of the lake, unless the settings say it themselves."""

from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.support.runs import settings_in

from lakehouse.io.spark.session import launch_options

PAGES, LETTERS, JAVA = "spark.buffer.pageSize", "spark.sql.icu.caseMappings.enabled", "spark.driver.extraJavaOptions"


def test_a_small_lake_gets_small_pages_one_compiler_and_the_serial_collector_and_a_large_one_does_not(tmp_path: Path) -> None:
    settings = settings_in(tmp_path).model_copy(update={"spark": {}})
    small, large = (launch_options(settings, None, is_small) for is_small in (True, False))
    assert small[PAGES] == "1m"
    assert "-XX:+UseSerialGC -XX:TieredStopAtLevel=1" in small[JAVA]
    assert PAGES not in large
    assert "-XX:+UseParallelGC" in large[JAVA] and "TieredStopAtLevel" not in large[JAVA]


def test_what_the_settings_say_of_spark_overrules_what_was_chosen_by_size(tmp_path: Path) -> None:
    own = {PAGES: "8m", LETTERS: "true", JAVA: "-XX:+UseG1GC"}
    found = launch_options(settings_in(tmp_path).model_copy(update={"spark": own}), None, is_small=True)
    assert (found[PAGES], found[LETTERS]) == ("8m", "true")
    assert "-XX:+UseG1GC" in found[JAVA] and "SerialGC" not in found[JAVA]


def test_the_driver_of_somebody_else_is_told_only_what_a_session_may_choose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABRICKS_RUNTIME_VERSION", "17.3")
    own = {"spark.sql.session.timeZone": "UTC", "spark.master": "local[2]"}
    assert launch_options(settings_in(tmp_path).model_copy(update={"spark": own}), None, is_small=True) == {
        "spark.sql.session.timeZone": "UTC"
    }


def test_a_driver_speaks_no_language_in_which_letters_are_mapped_otherwise(tmp_path: Path) -> None:
    assert "-Duser.language=en" in launch_options(settings_in(tmp_path), None, is_small=False)[JAVA]


def test_letters_are_mapped_as_unicode_says_it_without_the_tables_of_icu(spark: SparkSession) -> None:
    words = "lower('ÉCOLE'), lower('İSTANBUL'), lower('ΟΔΟΣ'), upper('straße'), lower('ЖЁЛТЫЙ'), lower('ABC@X.DE')"
    expected = ("école", "i̇stanbul", "οδος", "STRASSE", "жёлтый", "abc@x.de")
    assert tuple(spark.sql(f"select {words}").first() or ()) == expected

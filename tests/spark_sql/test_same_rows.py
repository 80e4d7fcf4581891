"""What is on the list gives the same rows in both engines: queries made at random over values where two engines differ."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support import random_sql
from tests.support.answers import assert_same
from tests.support.random_sql import Composer

from lakehouse.arrow_frames import frame_from
from lakehouse.inspect.answers import in_duckdb
from lakehouse.io.config.settings import Settings
from lakehouse.lake import Lake
from lakehouse.spark_sql import NotOnTheList, aggregates, functions

COUNT, SEED = int(os.environ.get("RANDOM_QUERIES", "30")), int(os.environ.get("RANDOM_SEED", "1"))
# What is easily mistaken: names of columns, case, literals, brackets, and the order of rows without a value.
BY_HAND = (
    "select ID, I, S from silver.odds order by Id",
    "select year(day), quarter(day), dayofmonth(day), dayofweek(day), weekofyear(day), hour(at) from silver.odds order by id",
    "select date_trunc('month', day), trunc(day, 'month'), to_date(at), datediff(day, due) from silver.odds order by id",
    "select lower('Ab'), length(s), trim(s), concat(s, 'x'), substring(s, 1, 2), contains(s, 'a') from silver.odds order by id",
    "select coalesce(s, 'x'), nvl(s, 'x'), nullif(s, 'x'), greatest(i, j), abs(i), size(tags), round(m, 2) from silver.odds order by id",
    "select SUM(i), Count(s), MAX(at), avg(i), count_if(flag), count(distinct i, j), sum(distinct i), count(1), COUNT(*) from silver.odds",
    "select sum(i + j), sum(o.i), max(m * 2) from silver.odds o",
    "select i + j, i - 1, m * 2, i / 4, 1, 'x', 007, id from silver.odds order by id",
    "select -2147483648 as a, 2147483648 as b, - 5 as c, 1.50 as d, .05 as e, 00.10 as f",
    "select i as s, s as i from silver.odds order by s, id",
    "select id % 3 as id, count(*) from silver.odds group by 1 order by 1",
    "select i, count(*) n from silver.odds group by i order by count(*) desc, i",
    "select i, j from silver.odds order by i nulls last, j desc nulls first, id",
    "select d, e, d <=> e as same, d = e as equal from silver.odds order by d, e, id",
    "select tags, count(*) from silver.odds group by all",
    "select distinct i, j from silver.odds order by j, i",
    "select count(*) from silver.odds where id not in (select b from silver.odds)",
    "select (select max(i) from silver.odds) as most, id from silver.odds order by id",
    "with a as (select id, i from silver.odds), b as (select id, i + 1 as i from a) select a.i, b.i from a join b using (id) order by a.id",
    "select * from silver.odds a left join silver.odds b using (id) order by id",
    "select i as x from silver.odds union all select m from silver.odds",
    "select i from silver.odds union all (select j from silver.odds order by j limit 2)",
    "select flag, sum(count(*)) over () as of, rank() over (order by count(*) desc, flag) as at from silver.odds group by flag",
    "select id, s from silver.odds where s > 'Z' and not flag is null or i = 1 and day >= '2026-01-01' order by id limit 5 offset 2",
    "select coalesce(m, 0) as x, coalesce(d, 0) as y, coalesce(i, 0.5) as z, if(flag, 1, 2.5) as u from silver.odds order by id",
    # Among the values of t are "ABC" and "a1" with an end of line behind them.
    "select id, t rlike '^[A-Z][A-Z][A-Z]$' as capitals, t rlike '^[a-z][0-9a-z]$' as small from silver.odds order by id",
    "select sum(coalesce(m, 0)) as x, sum(case when flag then n else 0 end) as y from silver.odds",
)

pytestmark = pytest.mark.spark


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    """A lake with the table of odd values, in two files of Spark and one of delta-rs."""
    folder = tmp_path_factory.mktemp("odds")
    roots: Any = {f"{name}_root": str(folder / name) for name in ("lake", "vault", "export")}
    shops: Any = {"nl": {"url": "jdbc:mysql://127.0.0.1:1/none", "user": "nobody", "password": "env:NONE"}}
    lake = Lake(Settings(env="local", tracking_uri="sqlite://", shops=shops, **roots))
    made = frame_from(spark, random_sql.rows(24, seed=1), random_sql.SCHEMA)
    lake.store.replace(random_sql.TABLE, made.where("id < 16").repartition(2))
    lake.store.append(random_sql.TABLE, made.where("id >= 16").toArrow())
    head = lake.store.head(random_sql.TABLE)
    assert head is not None
    lake.published = {random_sql.TABLE: head}
    lake.sql(f"select 1 from {random_sql.TABLE}")  # its view is made
    yield lake
    spark.sql("DROP DATABASE silver CASCADE")


@pytest.mark.parametrize("query", BY_HAND)
def test_a_query_gives_the_same_rows(lake: Lake, spark: SparkSession, query: str) -> None:
    assert_same(in_duckdb(lake, query), spark.sql(query), query)


def test_queries_made_at_random_give_the_same_rows(lake: Lake, spark: SparkSession) -> None:
    """`RANDOM_QUERIES` and `RANDOM_SEED` ask for more and for others."""
    composer, answered = Composer(SEED), 0
    for _ in range(COUNT):
        query = composer.query()
        try:
            found = in_duckdb(lake, query)
        except NotOnTheList:
            continue  # of kinds that do not go together, or given up for a value
        assert_same(found, spark.sql(query), query)
        answered += 1
    assert answered > COUNT * 0.6


def test_every_function_on_the_list_is_asked_for_at_random() -> None:
    texts = [text for texts in random_sql.SCALAR.values() for text in texts]
    texts += [*random_sql.SAME, *random_sql.ORDERED, *random_sql.AGGREGATES, *random_sql.WINDOWS]
    used = {name for text in texts for name in re.findall(r"(\w+)\(", text)}
    assert {*functions.SCALAR, *aggregates.AGGREGATES, *aggregates.RANKS} - used == set()

"""Rules on a lake that had none: what `rules diff` announces, what the next lists are, and what is counted."""

import shutil
from collections import Counter
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from tests.support.demo_lake import DemoLake, copy_of, lake_for

from lakehouse.ops.lists.rule_effects import RULE_EFFECTS

ROOT = Path(__file__).parents[2]
LISTS = "recommendations.customer_products"


@pytest.fixture
def lake(demo_lake: DemoLake, tmp_path: Path) -> DemoLake:
    """As the demo's night left it, with settings of its own."""
    shutil.copytree(ROOT / "conf", tmp_path / "conf")
    copy = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path))
    return DemoLake(copy.shop, copy.folder, {**copy.environment, "LAKEHOUSE_CONF": str(tmp_path / "conf")})


@pytest.mark.spark
@pytest.mark.database
@pytest.mark.slow
def test_lists_follow_the_rules_and_each_place_that_they_take_is_counted(lake: DemoLake, spark: SparkSession) -> None:
    store = lake.store(spark)
    before = store.read(LISTS).toPandas()
    country = {row["customer_key"]: row["country_code"] for row in store.read("silver.customers").collect()}
    of_products = {row["product_id"]: row for row in store.read("silver.products").collect()}
    run_date = str(before["run_date"].iloc[0])
    most = int(before[before["list_name"] == "mixed"]["product_id"].value_counts().index[0])
    least = [int(number) for number in before["product_id"].value_counts().index[-3:]]
    rules = [
        {"name": "gone", "kind": "hide", "products": [most], "countries": ["NL"]},
        {"name": "few", "kind": "at_most", "per": "category", "places": 4, "lists": ["discover", "mixed"]},
        {"name": "push", "kind": "pin", "products": least, "share": 0.1, "lists": ["mixed"]},
        {"name": "spelled_wrong", "kind": "hide", "brands": ["No such brand"]},
    ]
    (lake.folder / "conf" / "rules" / "mine.yaml").write_text(yaml.safe_dump({"rules": rules}))

    announced = lake.output("rules", "diff")
    assert store.read(LISTS).count() == len(before)  # nothing is changed by it
    code, told = lake.command("score", "--run-date", run_date)
    assert code == 0, told
    assert "rule mine.spelled_wrong names brand No such brand, which no product has" in told

    after = store.read(LISTS).toPandas()
    shown = after.assign(country=after["customer_key"].map(country))
    assert not ((shown["product_id"] == most) & (shown["country"] == "NL")).any()
    for (_, name), places in after.groupby(["customer_key", "list_name"]):
        counts = Counter(category for product in places["product_id"] for category in of_products[product]["category_ids"])
        assert name == "buy_again" or max(counts.values(), default=0) <= 4
        assert places["rank"].tolist() == list(range(1, len(places) + 1)) and places["product_id"].is_unique
    pinned = after[after["placed_by_rule"] == "mine.push"]
    assert set(pinned["product_id"]) <= set(least) and set(pinned["rank"]) <= {1, 11} and len(pinned) > 0

    counted = Counter[tuple[str, str, str]]()
    for row in store.rows(RULE_EFFECTS):
        counted[row["rule"], row["list_name"] or "", row["effect"]] += row["places"]
    was = before.assign(country=before["customer_key"].map(country))
    gone = was[(was["product_id"] == most) & (was["country"] == "NL")]
    for name, number in gone["list_name"].value_counts().items():
        assert counted["mine.gone", str(name), "removed"] == number
    assert counted["mine.push", "mixed", "moved"] == len(pinned)
    assert counted["mine.spelled_wrong", "", "none"] == 0
    assert counted["mine.few", "mixed", "removed"] > 0
    removed = sum(number for (rule, _, effect), number in counted.items() if rule == "mine.gone" and effect == "removed")
    assert f"| mine.gone | {removed} | 0 |" in announced and "Places that stay" in announced

    rows = len(store.rows(RULE_EFFECTS))
    assert "nothing changed" in lake.command("score", "--run-date", run_date)[1]
    assert len(store.rows(RULE_EFFECTS)) == rows

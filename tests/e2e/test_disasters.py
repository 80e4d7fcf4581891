"""What a lake loses comes back, as far as it can; what can't is said, and a wrong key is never taken."""

import shutil
from datetime import date
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from tests.faults.compare import differences
from tests.support.demo_lake import DemoLake, assert_equal_tables, copy_of, lake_for
from tests.support.demo_shop import make_shop

from lakehouse.demo.store.server import Server

pytestmark = [pytest.mark.spark, pytest.mark.database, pytest.mark.slow]
NIGHT = ("night", "--run-date", "2026-11-16")
LAYERS = ("bronze", "silver", "gold", "recommendations")


def test_a_drill_makes_everything_again_that_is_derived_and_leaves_the_lake_alone(demo_lake: DemoLake) -> None:
    before = sorted(path for root in ("lake", "vault") for path in (demo_lake.folder / root).rglob("*"))
    told = demo_lake.output("drill")
    assert "recommendations.customer_products" in told and "differs" not in told
    assert told.splitlines()[-1].endswith("were made again from bronze and the vault as of 2026-11-16, and are equal")
    assert sorted(path for root in ("lake", "vault") for path in (demo_lake.folder / root).rglob("*")) == before


def test_without_ops_a_night_makes_the_same_tables_says_what_is_lost_and_takes_no_other_key(
    demo_lake: DemoLake, spark: SparkSession, tmp_path: Path
) -> None:
    lake = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path))
    shutil.rmtree(tmp_path / "lake" / "ops")
    key = tmp_path / "vault.key"
    right = key.read_text()
    key.write_text("f" * 64)
    code, log = lake.command(*NIGHT)
    assert (code, "the pseudonym key is not the one that this lake was made with" in log) == (77, True)
    key.unlink()
    assert lake.command(*NIGHT)[0] == 77
    assert not key.exists()
    key.write_text(right)
    code, log = lake.command(*NIGHT)
    assert code == 0, log
    assert "What nobody knows any more: ops.runs (" in log
    assert_equal_tables(lake.store(spark), demo_lake.store(spark), *LAYERS)


@pytest.mark.parametrize("root", ["lake", "vault"])
def test_after_one_bucket_was_put_back_to_yesterday_a_night_gives_the_present_state(
    server: Server, demo_lake: DemoLake, tmp_path: Path, root: str
) -> None:
    shop = make_shop(server, f"yesterday_{root}", tmp_path / "truth")
    undisturbed, other = (copy_of(demo_lake, lake_for(shop, tmp_path / name)) for name in ("undisturbed", "other"))
    shop.live_day(date(2026, 11, 16))
    for lake in (undisturbed, other):
        code, log = lake.command("night", "--run-date", "2026-11-17")
        assert code == 0, log
    shutil.rmtree(other.folder / root)
    shutil.copytree(demo_lake.folder / root, other.folder / root)
    code, log = other.command("night", "--run-date", "2026-11-17")
    assert code == 0, log
    assert [found for found in differences(other.folder, undisturbed.folder) if not found.startswith("ops.")] == []

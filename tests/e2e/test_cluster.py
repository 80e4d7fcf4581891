"""A night on a real cluster: a master, two workers, and a driver of its own. Its executors are killed, and it ends as if they were not."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import date
from math import isclose
from pathlib import Path

import pytest
from tests.faults.compare import differences
from tests.faults.delta_files import read_delta
from tests.support.archive import make_archive
from tests.support.cluster import ENVIRONMENT, SPARK_HOME, Cluster, standalone
from tests.support.demo_lake import DemoLake, copy_of, lake_for
from tests.support.demo_shop import make_shop

from lakehouse.demo.store.server import Server

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.database]
ROOT = Path(__file__).parents[2]
DAY = "2026-11-17"
# Lines of progress after which all executors are killed: while mirrors, silver and lists are made.
KILLED_AFTER = ("bronze.woo__order_items", "silver.orders", "gold.interactions")
# Every lake is large, and the driver holds dictionaries alone: tables of more than a thousand rows are the executors'.
LARGE = {"LAKEHOUSE_SMALL_ROWS": "1000", "LAKEHOUSE_SMALL_LAKE_ROWS": "0"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with standalone(tmp_path_factory.mktemp("cluster"), workers=2, cores=1, memory="1g") as found:
        yield found


def test_a_night_whose_executors_are_killed_again_and_again_gives_what_an_undisturbed_one_on_one_machine_does(
    cluster: Cluster, demo_lake: DemoLake, server: Server, tmp_path: Path
) -> None:
    shop = make_shop(server, "clustered", tmp_path / "truth")  # the same seed: row by row the shop of demo_lake
    alone, clustered = (copy_of(demo_lake, lake_for(shop, tmp_path / name)) for name in ("alone", "clustered"))
    shop.live_day(date(2026, 11, 16))
    code, log = alone.command("night", "--run-date", DAY)
    assert code == 0, log
    archive = make_archive(tmp_path)

    night = submit(cluster, archive, clustered, "night")
    waiting, killed, lines = list(KILLED_AFTER), [], []
    assert night.stdout is not None
    for line in night.stdout:
        lines.append(line)
        if waiting and waiting[0] in line:
            waiting.pop(0)
            killed.append(cluster.kill_executors())

    assert night.wait(60) == 0, "".join(lines)[-3000:]
    assert not waiting and all(killed), f"executors killed: {killed}, not killed after {waiting}"
    apart = differences(clustered.folder, alone.folder)
    # On a cluster customers stand in other blocks of the scorer, and the last digits of its sums of float32 hang on the block.
    assert [each for each in apart if not re.fullmatch(r"recommendations\.customer_products: .*; columns score", each)] == []
    ours, theirs = (lists_of(lake) for lake in (clustered, alone))
    assert ours.keys() == theirs.keys()
    for which, places in ours.items():
        assert same_list(places, theirs[which]), which


def test_a_training_on_a_cluster_registers_a_model(cluster: Cluster, demo_lake: DemoLake, tmp_path: Path) -> None:
    lake = copy_of(demo_lake, lake_for(demo_lake.shop, tmp_path / "trained"))
    training = submit(cluster, make_archive(tmp_path), lake, "train")
    told, _ = training.communicate(timeout=900)
    assert training.returncode == 0, told[-3000:]
    assert lake.output("models", "list").count("\n") == demo_lake.output("models", "list").count("\n") + 1


def lists_of(lake: DemoLake) -> dict[tuple[str, str], dict[int, float]]:
    """Products with their scores, best first, by customer and list."""
    found: dict[tuple[str, str], dict[int, float]] = {}
    rows = read_delta(lake.folder / "lake" / "recommendations" / "customer_products").rows
    for row in sorted(rows, key=lambda row: row["rank"]):
        found.setdefault((row["customer_key"], row["list_name"]), {})[row["product_id"]] = row["score"]
    return found


def same_list(one: dict[int, float], other: dict[int, float]) -> bool:
    """As many places with equal scores, and another product only where scores are equal too, within the digits of a float32."""

    def equal(score: float, another: float) -> bool:
        return isclose(score, another, rel_tol=1e-5, abs_tol=1e-4)

    are_equal = len(one) == len(other) and all(map(equal, one.values(), other.values()))
    return are_equal and all(equal(score, other.get(product, [*other.values()][-1])) for product, score in one.items())


def submit(cluster: Cluster, archive: Path, lake: DemoLake, job: str) -> "subprocess.Popen[str]":
    """In client mode, by the properties of a cluster. The size of the test's machines and what the tests' session has win over them."""
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", cluster.url, "--properties-file", "conf/spark/medium.conf"]
    command += ["--driver-memory", "1g", "--executor-memory", "1g", "--executor-cores", "1", "--py-files", str(archive)]
    command += [f"jobs/{job}.py", "--env", "local", "--run-date", DAY]
    own = json.dumps({"spark.sql.shuffle.partitions": "4", "spark.databricks.delta.snapshotPartitions": "1"})
    environment = {**ENVIRONMENT, **lake.environment, **LARGE, "LAKEHOUSE_SPARK": own}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

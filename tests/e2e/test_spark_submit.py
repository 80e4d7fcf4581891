"""The launchers under a real spark-submit, on a real standalone master and worker on loopback."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.archive import make_archive
from tests.support.cluster import ENVIRONMENT, SPARK_HOME, standalone
from tests.support.demo_lake import DemoLake, lake_for

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with standalone(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster.url


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_archive(tmp_path_factory.mktemp("copy"))


@pytest.mark.slow
def test_a_job_runs_under_spark_submit_with_the_zip_and_the_properties_file(
    master: str, archive: Path, demo_lake: DemoLake, tmp_path: Path
) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", master, "--properties-file", "conf/spark-defaults.conf"]
    command += ["--driver-memory", "1g", "--executor-memory", "1g", "--py-files", str(archive)]
    command += ["jobs/ingest.py", "--env", "local", "--run-date", "2026-11-16"]

    done = subprocess.run(command, cwd=ROOT, env={**ENVIRONMENT, **lake.environment}, capture_output=True, text=True, timeout=300)

    assert done.returncode == 0, done.stdout[-3000:]
    landed = re.search(r"bronze\.woo__orders\[nl\] +[\d.]+ s +(\d+) rows", done.stdout)
    assert landed is not None
    assert int(landed[1]) == demo_lake.shop.number("select count(*) from wp_wc_orders")
    assert (tmp_path / "lake" / "ops" / "publications").is_dir()


def test_a_failure_under_spark_submit_keeps_its_exit_code(master: str, archive: Path, demo_lake: DemoLake, tmp_path: Path) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", master, "--properties-file", "conf/spark-defaults.conf"]
    command += ["--py-files", str(archive), "jobs/night.py", "--env", "local"]
    environment = {**ENVIRONMENT, **lake.environment, "DEMO_PASSWORD": "wrong"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 77
    assert "access denied" in done.stdout  # where spark-submit sends what the driver prints

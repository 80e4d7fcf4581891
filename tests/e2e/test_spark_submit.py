"""The launchers under a real spark-submit, on a real standalone master and worker on loopback."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyspark
import pytest
from tests.support.demo_lake import DemoLake, lake_for

ROOT = Path(__file__).parents[2]
SPARK_HOME = Path(pyspark.__file__).parent
# The launcher asks for `python3`: the one that has the packages comes first.
ENVIRONMENT = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SPARK_HOME": str(SPARK_HOME)}
ENVIRONMENT |= {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder, port = tmp_path_factory.mktemp("cluster"), free_port()
    url = f"spark://127.0.0.1:{port}"
    common = ["--host", "127.0.0.1", "--webui-port", str(free_port())]
    commands = [
        ["org.apache.spark.deploy.master.Master", *common, "--port", str(port)],
        ["org.apache.spark.deploy.worker.Worker", *common, "--cores", "2", "--memory", "2g", "--work-dir", str(folder / "work"), url],
    ]
    processes = []
    for name, command in zip(("master", "worker"), commands, strict=True):
        log = (folder / f"{name}.log").open("w")
        processes.append(subprocess.Popen([str(SPARK_HOME / "bin" / "spark-class"), *command], env=ENVIRONMENT, stdout=log, stderr=log))
        time.sleep(1)
    wait_for(folder / "master.log", "Registering worker")
    yield url
    for process in processes:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip for --py-files, made from a copy: another process of the tests may make it at the same time."""
    copy = tmp_path_factory.mktemp("copy") / "lakehouse"
    left_out = shutil.ignore_patterns(".*", "jars", "dist", "build", "__pycache__")
    shutil.copytree(ROOT, copy, ignore=left_out)
    subprocess.run([sys.executable, "scripts/dist.py"], cwd=copy, check=True, capture_output=True)
    (found,) = (copy / "dist").glob("lakehouse-*.zip")
    return found


def wait_for(log: Path, words: str) -> None:
    for _ in range(60):
        if words in log.read_text():
            return
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-2000:])


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

"""A driver as infra/kubernetes/cluster.yaml starts it: the executors that it asks Kubernetes for do the work, within its role's rights."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.support.archive import make_archive
from tests.support.cluster import ENVIRONMENT, SPARK_HOME
from tests.support.demo_lake import DemoLake, lake_for
from tests.support.kubernetes import api_server

pytestmark = [pytest.mark.slow, pytest.mark.spark, pytest.mark.database]
ROOT = Path(__file__).parents[2]
DOCUMENTS = [*yaml.safe_load_all((ROOT / "infra" / "kubernetes" / "cluster.yaml").read_text(encoding="utf-8"))]
# What is of this machine in place of an image and a cluster. Without TLS and a service account the driver has no token to show.
OWN = {
    "spark.kubernetes.namespace": "lakehouse",
    "spark.kubernetes.driver.pod.name": "driver",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.jars": "jars/*.jar",
    "spark.executor.instances": "2",
    "spark.executor.cores": "1",
    "spark.executor.memory": "1g",
    "spark.driver.memory": "1g",
    # Watching is a web socket; listing is enough.
    "spark.kubernetes.executor.enableApiWatcher": "false",
    "spark.kubernetes.executor.apiPollingInterval": "1s",
}


def document(kind: str, name: str) -> dict[str, Any]:
    (found,) = [each for each in DOCUMENTS if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return dict(found)


def test_executors_of_kubernetes_read_a_shop_and_the_driver_asks_for_nothing_that_its_role_does_not_allow(
    demo_lake: DemoLake, tmp_path: Path
) -> None:
    lake = lake_for(demo_lake.shop, tmp_path)
    (container,) = document("CronJob", "lakehouse-night")["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    told = dict(argument.removeprefix("--conf=").split("=", 1) for argument in container["args"] if argument.startswith("--conf="))
    template = tmp_path / "executor.yaml"
    template.write_text(document("ConfigMap", "lakehouse-executor")["data"]["executor.yaml"])
    python = ENVIRONMENT["PYSPARK_PYTHON"]
    here = {"spark.kubernetes.executor.podTemplateFile": str(template), "spark.executorEnv.PYSPARK_PYTHON": python}
    script = str(ROOT / "infra" / "kubernetes" / "executor.sh")
    replaced = {"tini": "", "--": "", "/opt/lakehouse/executor.sh": script, "SPARK_HOME": str(SPARK_HOME)}
    with api_server(tmp_path, replaced) as api:
        api.add_running_pod("driver")
        command = [str(SPARK_HOME / "bin" / "spark-submit"), "--master", f"k8s://{api.url}", "--deploy-mode", "client"]
        command += ["--properties-file", "conf/spark/medium.conf", "--py-files", str(make_archive(tmp_path))]
        command += [word for name, value in {**told, **OWN, **here}.items() for word in ("--conf", f"{name}={value}")]
        command += ["jobs/ingest.py", "--env", "local", "--run-date", "2026-11-16"]
        own = {"LAKEHOUSE_SMALL_ROWS": "0", "LAKEHOUSE_SPARK": json.dumps({"spark.sql.shuffle.partitions": "4"})}
        done = subprocess.run(
            command, cwd=ROOT, env={**ENVIRONMENT, **lake.environment, **own}, capture_output=True, text=True, timeout=900
        )

    logs = "".join(log.read_text()[-1500:] for log in tmp_path.glob("*-exec-*.log"))
    assert done.returncode == 0, done.stdout[-3000:] + logs
    landed = re.search(r"bronze\.woo__orders\[nl\] +[\d.]+ s +(\d+) rows", done.stdout)
    assert landed is not None
    assert int(landed[1]) == demo_lake.shop.number("select count(*) from wp_wc_orders")
    assert len(api.started) == 2, logs
    claims = [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in api.started[0]["spec"]["volumes"]]
    assert "lakehouse-shared" in claims and api.started[0]["spec"]["securityContext"]["runAsNonRoot"]
    rules = document("Role", "lakehouse")["rules"]
    allowed = {(verb, resource) for rule in rules for verb in rule["verbs"] for resource in rule["resources"]}
    assert {("create", "pods"), ("list", "pods")} <= api.calls <= allowed

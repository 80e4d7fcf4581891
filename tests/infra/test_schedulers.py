"""Files for cron, Kubernetes, EMR Serverless and spark-submit fit the command, the settings, each other and their platforms."""

import json
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from botocore.session import get_session
from botocore.validate import ParamValidator

from lakehouse.io.config.settings import load_settings
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.spark.session import QUICK_LETTERS, SMALL_PAGES
from lakehouse.pipeline.declared import declared

ROOT = Path(__file__).parents[2]
CRON, KUBERNETES = ROOT / "infra" / "cron", ROOT / "infra" / "kubernetes"
VALIDATE = ROOT / ".venv" / "infra" / "bin" / "kubernetes-validate"
MANIFESTS = ("night.yaml", "cluster.yaml")
EMR: dict[str, Any] = json.loads((ROOT / "infra" / "emr" / "night.json").read_text(encoding="utf-8"))
FINAL = [2, 65, 73, 77]


# --- cron ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("codes", "tries", "end"),
    [("0", 1, 0), ("69 75 0", 3, 0), ("69 69 69 69", 4, 69), ("65 0", 1, 65), ("75 77 0", 2, 77)],
)
def test_cron_s_night_tries_again_what_time_may_mend_and_keeps_its_run_date(tmp_path: Path, codes: str, tries: int, end: int) -> None:
    (tmp_path / "infra" / "cron").mkdir(parents=True)
    shutil.copy(CRON / "night.sh", tmp_path / "infra" / "cron")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    stand_ins = {
        ".venv/bin/lakehouse": 'echo "$@" >> calls; set -- $(cat codes); code=$1; shift; echo "$@" > codes; exit $code',
        ".venv/bin/sleep": "exit 0",
    }
    for name, script in stand_ins.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "codes").write_text(codes)

    days = {f"{datetime.now(UTC):%Y-%m-%d}"}
    path = {"PATH": f"{tmp_path}/.venv/bin:/usr/bin:/bin"}
    done = subprocess.run([str(tmp_path / "infra" / "cron" / "night.sh"), "--env", "prod"], env=path, check=False)
    days.add(f"{datetime.now(UTC):%Y-%m-%d}")

    calls = (tmp_path / "calls").read_text().splitlines()
    assert (done.returncode, len(calls), len(set(calls))) == (end, tries, 1)
    assert calls[0] in {f"night --run-date {day} --env prod" for day in days}


def test_lines_of_the_crontab_have_five_times_a_user_and_no_sign_that_cron_takes_for_a_line_s_end() -> None:
    lines = [line for line in (CRON / "lakehouse").read_text(encoding="utf-8").splitlines() if re.match(r"[\d*]", line)]
    assert len(lines) == 3
    for line in lines:
        *times, user, command = line.split(maxsplit=6)
        assert all(re.fullmatch(r"\*|\d+", time) for time in times[:5]) and user == "lakehouse" and "%" not in command


# --- Kubernetes ------------------------------------------------------------------------------------------------------
def documents(name: str) -> dict[tuple[str, str], dict[str, Any]]:
    found = yaml.safe_load_all((KUBERNETES / name).read_text(encoding="utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def pod_of(name: str) -> dict[str, Any]:
    job = documents(name)["CronJob", "lakehouse-night"]["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod: dict[str, Any] = job["jobTemplate"]["spec"]["template"]["spec"]
    return pod


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_pod_has_no_rights_and_what_it_names_is_there(name: str) -> None:
    there, pod = documents(name), pod_of(name)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "USER 10001:10001" in (ROOT / "Dockerfile").read_text(encoding="utf-8") and pod["securityContext"]["runAsUser"] == 10001
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == set(volumes)
    named = [
        ("PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"])
        for volume in volumes.values()
        if len(volume) > 1 and "persistentVolumeClaim" in volume
    ]
    named += [("ConfigMap", volume["configMap"]["name"]) for volume in volumes.values() if "configMap" in volume]
    named += [("ConfigMap", source["configMapRef"]["name"]) for source in container["envFrom"]]
    named += [("ServiceAccount", pod["serviceAccountName"])] if "serviceAccountName" in pod else []
    assert set(named) <= set(there)


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_pod_s_exit_code_says_whether_it_is_tried_again(name: str) -> None:
    job = documents(name)["CronJob", "lakehouse-night"]["spec"]["jobTemplate"]["spec"]
    assert pod_of(name)["restartPolicy"] == "Never"
    (rule,) = [rule for rule in job["podFailurePolicy"]["rules"] if rule["action"] == "FailJob"]
    assert rule["onExitCodes"]["values"] == FINAL and rule["onExitCodes"]["containerName"] == pod_of(name)["containers"][0]["name"]


@pytest.mark.parametrize("name", MANIFESTS)
def test_the_variables_of_a_pod_are_settings(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = pod_of(name)["containers"][0]["envFrom"]
    for variable, value in documents(name)["ConfigMap", source["configMapRef"]["name"]]["data"].items():
        monkeypatch.setenv(variable, value)
    settings = load_settings("local")
    mounted = {mount["mountPath"] for mount in pod_of(name)["containers"][0]["volumeMounts"]}
    assert str(Path(settings.shops["nl"].password.removeprefix("file:")).parent) in mounted
    if name == "cluster.yaml":
        medium = properties("spark/medium.conf")
        assert all(
            medium[option] == settings.spark[option]
            for option in medium.keys() & settings.spark.keys()
            if "sql" in option or "delta" in option
        )


def test_the_driver_of_a_cluster_names_what_the_image_and_the_executors_have() -> None:
    (container,) = pod_of("cluster.yaml")["containers"]
    told = dict(argument.removeprefix("--conf=").split("=", 1) for argument in container["args"] if argument.startswith("--conf="))
    assert told["spark.kubernetes.container.image"] == container["image"]
    for argument in container["args"]:
        for path in re.findall(r"/opt/lakehouse/(conf/\S+|jobs/\S+)", argument):
            assert (ROOT / path).is_file(), path
    template = yaml.safe_load(documents("cluster.yaml")["ConfigMap", "lakehouse-executor"]["data"]["executor.yaml"])
    assert [each["name"] for each in template["spec"]["containers"]] == [told["spark.kubernetes.executor.podTemplateContainerName"]]
    assert "COPY infra/kubernetes/executor.sh /opt/lakehouse/" in (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.mark.skipif(not VALIDATE.is_file(), reason="kubernetes-validate is not installed: `make infra-test` does that")
@pytest.mark.parametrize("version", ["1.31", "1.36"])
@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_are_what_kubernetes_takes(name: str, version: str) -> None:
    command = [str(VALIDATE), "--strict", "--quiet", "-k", version, str(KUBERNETES / name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


# --- EMR Serverless --------------------------------------------------------------------------------------------------
def test_the_job_file_is_what_emr_serverless_takes() -> None:
    shape = get_session().get_service_model("emr-serverless").operation_model("StartJobRun").input_shape
    problems = ParamValidator().validate({**EMR, "clientToken": "made by the AWS CLI"}, shape)
    assert not problems.has_errors(), problems.generate_report()


def test_the_job_file_has_the_properties_of_terraform_s_and_its_variables_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    (defaults,) = EMR["configurationOverrides"]["applicationConfiguration"]
    prefix = "spark.emr-serverless.driverEnv."
    variables = {name.removeprefix(prefix): value for name, value in defaults["properties"].items() if name.startswith(prefix)}
    text = (ROOT / "infra" / "terraform" / "job.tf").read_text(encoding="utf-8")
    own = {name for name in defaults["properties"] if not name.startswith(f"{prefix}LAKEHOUSE_")}
    assert {name for name in own if name not in text} == {f"{prefix}PSEUDONYM_KEY", f"{prefix}SHOP_NL_PASSWORD"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    driver = EMR["jobDriver"]["sparkSubmit"]
    assert driver["entryPointArguments"] == ["--env", "aws"] and 'EntryPointArguments = ["--env", "aws"]' in text
    settings = load_settings("aws")
    places = {TableResolver.of(settings).path(name) or "a catalog" for name in declared()}
    assert {place.split("/")[0] for place in places} == {"s3:"}
    assert settings.lock == "s3" and settings.pseudonym_key == "env:PSEUDONYM_KEY"
    assert all(variables[name].startswith("EMR.secret@") for name in ("PSEUDONYM_KEY", "SHOP_NL_PASSWORD"))


# --- spark-submit ----------------------------------------------------------------------------------------------------
def properties(name: str) -> dict[str, str]:
    lines = (ROOT / "conf" / name).read_text(encoding="utf-8").splitlines()
    pairs = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert len(pairs) == len({pair[0] for pair in pairs}), f"{name}: a property stands twice"
    return {pair[0]: pair[1].strip() for pair in pairs}


@pytest.mark.parametrize("size", ["small", "medium", "large"])
def test_properties_of_each_size_have_all_that_every_session_needs(size: str) -> None:
    needed, own = properties("spark-defaults.conf"), properties(f"spark/{size}.conf")
    options = {name for name in needed if name.endswith("extraJavaOptions")}
    assert {name: own.get(name) for name in needed.keys() - options} == {name: needed[name] for name in needed.keys() - options}
    assert all(own[name].startswith("-Duser.timezone=UTC -Duser.language=en ") for name in options)


def test_the_small_size_is_what_a_session_of_the_command_s_own_is() -> None:
    own, started = properties("spark/small.conf"), load_settings("local").spark
    same = ("spark.driver.memory", "spark.ui.enabled", "spark.sql.shuffle.partitions", "spark.sql.adaptive.enabled")
    assert {name: own[name] for name in same} == {name: started[name] for name in same}
    chosen = QUICK_LETTERS | SMALL_PAGES
    assert {name: own.get(name) for name in chosen} == chosen

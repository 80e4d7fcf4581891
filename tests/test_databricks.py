"""The Databricks bundle fits the command, the settings and the Jobs API. Offline: the variables are filled in here."""

import configparser
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.sdk.service.jobs import JobSettings

ROOT = Path(__file__).parents[1]
TARGETS = ("dev", "staging", "prod")
REFERENCE = re.compile(r"\$\{([\w.]+)\}")
SECRET_REFERENCE = re.compile(r"\{\{secrets/[\w-]+/\w+\}\}")
SECRET_NAME = re.compile(r"password|passwd|token|secret|credential|(pseudonym|access|private|account|api)_?key", re.IGNORECASE)
SECRET_SHAPE = re.compile(r"dapi[0-9a-f]{32}|dose[0-9a-f]{32}|AKIA[0-9A-Z]{16}|-----BEGIN|://[^/\s:]+:[^/\s@]+@")


def _yaml(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return content


def _setup() -> configparser.ConfigParser:
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    return setup


def _files() -> list[Path]:
    main = ROOT / "databricks.yml"
    return [main, *sorted(path for pattern in _yaml(main)["include"] for path in ROOT.glob(pattern))]


def _fill(node: Any, values: dict[str, Any]) -> Any:
    """`node` with every ${...} replaced. A reference that is the whole text keeps its type; an unknown one is a KeyError."""
    if isinstance(node, dict):
        return {key: _fill(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(value, values) for value in node]
    if not isinstance(node, str):
        return node
    if whole := REFERENCE.fullmatch(node):
        return _fill(values[whole[1]], values)
    return REFERENCE.sub(lambda match: str(_fill(values[match[1]], values)), node)


def _resolve(target: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The settings of `target` and its jobs, as `bundle deploy` would send them. A variable without a value gets a stand-in."""
    bundle = _yaml(ROOT / "databricks.yml")
    own = bundle["targets"][target]
    assert own.keys() <= {"default", "mode", "run_as", "variables"}, "a target overrides something that this test does not merge"
    defaults = {name: variable.get("default", f"given-{name}") for name, variable in bundle["variables"].items()}
    assert own["variables"].keys() <= defaults.keys()
    values: dict[str, Any] = {f"var.{name}": value for name, value in {**defaults, **own["variables"]}.items()}
    values |= {
        "bundle.name": bundle["bundle"]["name"],
        "bundle.target": target,
        "workspace.current_user.userName": "somebody@example.com",
    }
    jobs: dict[str, dict[str, Any]] = {}
    for file in _files():
        jobs |= _yaml(file).get("resources", {}).get("jobs", {})
    return _fill(own, values), _fill(jobs, values)


JOBS = [pytest.param(target, name, job, id=f"{target}-{name}") for target in TARGETS for name, job in _resolve(target)[1].items()]
every_job = pytest.mark.parametrize(("target", "name", "job"), JOBS)


def _leaves(node: Any, name: str = "") -> list[tuple[str, Any]]:
    """Each value with the name it stands under; the items of a list stand under the list's name."""
    if isinstance(node, dict):
        return [leaf for key, value in node.items() for leaf in _leaves(value, str(key))]
    if isinstance(node, list):
        return [leaf for value in node for leaf in _leaves(value, name)]
    return [(name, node)]


def test_dev_staging_and_prod_exist_and_dev_is_the_default() -> None:
    targets = _yaml(ROOT / "databricks.yml")["targets"]
    assert tuple(targets) == TARGETS
    assert [name for name, target in targets.items() if target.get("default")] == ["dev"]
    assert [target["mode"] for target in targets.values()] == ["development", "production", "production"]


@pytest.mark.parametrize("target", ["staging", "prod"])
def test_production_runs_as_the_service_principal_that_the_deployer_names(target: str) -> None:
    assert _resolve(target)[0]["run_as"] == {"service_principal_name": "given-service_principal"}


def test_each_target_has_its_own_settings_file() -> None:
    for target in TARGETS:
        assert (ROOT / "conf" / f"{target}.yaml").is_file()


def test_every_included_pattern_finds_a_job() -> None:
    for pattern in _yaml(ROOT / "databricks.yml")["include"]:
        assert list(ROOT.glob(pattern)), pattern
    assert JOBS


@every_job
def test_the_jobs_api_knows_every_key_and_value_of_a_job(target: str, name: str, job: dict[str, Any]) -> None:
    assert JobSettings.from_dict(job).as_dict() == job


@every_job
def test_spark_conf_and_environment_are_text(target: str, name: str, job: dict[str, Any]) -> None:
    for cluster in job["job_clusters"]:
        for section in ("spark_conf", "spark_env_vars"):
            assert {key: value for key, value in cluster["new_cluster"][section].items() if not isinstance(value, str)} == {}


@every_job
def test_tasks_depend_only_on_tasks_of_the_job_and_never_in_a_circle(target: str, name: str, job: dict[str, Any]) -> None:
    graph = {task["task_key"]: [before["task_key"] for before in task.get("depends_on", [])] for task in job["tasks"]}
    assert len(graph) == len(job["tasks"]), "two tasks with one key"
    assert {before for befores in graph.values() for before in befores} <= graph.keys()
    TopologicalSorter(graph).prepare()


def test_the_night_is_ingest_refresh_train_score_export_maintain_in_this_order() -> None:
    tasks = _resolve("prod")[1]["nightly"]["tasks"]
    order = TopologicalSorter({task["task_key"]: [before["task_key"] for before in task.get("depends_on", [])] for task in tasks})
    order.prepare()
    waves = []
    while wave := order.get_ready():
        waves.append(wave)
        order.done(*wave)
    assert waves == [("ingest",), ("refresh",), ("train",), ("score",), ("export",), ("maintain",)]
    assert [task["python_wheel_task"]["parameters"][0] for task in tasks] == [task["task_key"] for task in tasks]


@every_job
def test_every_task_runs_on_a_cluster_of_the_job_with_the_wheel_and_the_locked_driver(target: str, name: str, job: dict[str, Any]) -> None:
    clusters = {cluster["job_cluster_key"] for cluster in job["job_clusters"]}
    jars = (ROOT / "jars.txt").read_text(encoding="utf-8").split()
    for task in job["tasks"]:
        assert task["job_cluster_key"] in clusters
        libraries = dict(item for library in task["libraries"] for item in library.items())
        assert (ROOT / "infra" / "databricks" / libraries["whl"]).parent.resolve() == ROOT / "dist"
        assert libraries["maven"]["coordinates"] in jars
        assert "mariadb" in libraries["maven"]["coordinates"]


@every_job
def test_every_task_starts_a_console_script_of_the_package(target: str, name: str, job: dict[str, Any]) -> None:
    setup = _setup()
    scripts = {line.partition("=")[0].strip() for line in setup["options.entry_points"]["console_scripts"].splitlines() if line.strip()}
    for task in job["tasks"]:
        assert task["python_wheel_task"]["package_name"] == setup["metadata"]["name"]
        assert task["python_wheel_task"]["entry_point"] in scripts


@every_job
def test_the_command_accepts_the_parameters_of_every_task(target: str, name: str, job: dict[str, Any]) -> None:
    from typer.main import get_command

    from lakehouse.cli import app

    commands = get_command(app).commands  # type: ignore[attr-defined]
    for task in job["tasks"]:
        command, *options = [text.replace("{{job.parameters.run_date}}", "2026-03-01") for text in task["python_wheel_task"]["parameters"]]
        assert not [text for text in options if "{{" in text]
        parsed = commands[command].make_context(command, options).params
        assert parsed["env"] == target
        assert str(parsed["run_date"])[:10] == "2026-03-01"
        assert parsed.get("when_due", False) == (command in ("train", "maintain")), "what is not due, every night"


def test_the_entry_point_returns_when_all_went_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Databricks takes any SystemExit of a wheel task for a failure, also SystemExit(0)."""
    from lakehouse.cli import main

    monkeypatch.setattr(sys, "argv", ["lakehouse", "--help"])
    try:
        main()
    except SystemExit as end:
        pytest.fail(f"left with SystemExit({end.code})")
    assert "ingest" in capsys.readouterr().out


@every_job
def test_a_run_can_be_given_another_date_and_every_parameter_used_is_declared(target: str, name: str, job: dict[str, Any]) -> None:
    declared = {parameter["name"]: parameter["default"] for parameter in job["parameters"]}
    assert declared["run_date"] == "{{job.trigger.time.iso_date}}"
    for task in job["tasks"]:
        used = re.findall(r"\{\{(.*?)\}\}", " ".join(task["python_wheel_task"]["parameters"]))
        assert used == ["job.parameters.run_date"]


@every_job
def test_the_schedule_starts_runs_only_in_prod(target: str, name: str, job: dict[str, Any]) -> None:
    assert job["schedule"]["pause_status"] == ("UNPAUSED" if target == "prod" else "PAUSED")
    assert job["schedule"]["timezone_id"] == "UTC"


def test_the_night_starts_at_half_past_two() -> None:
    assert _resolve("prod")[1]["nightly"]["schedule"]["quartz_cron_expression"] == "0 30 2 * * ?"


@every_job
def test_two_runs_never_overlap_and_a_second_start_waits(target: str, name: str, job: dict[str, Any]) -> None:
    assert job["max_concurrent_runs"] == 1
    assert job["queue"] == {"enabled": True}


@every_job
def test_a_run_that_hangs_is_ended_before_the_next_night(target: str, name: str, job: dict[str, Any]) -> None:
    assert all(task["timeout_seconds"] > 0 and task["retry_on_timeout"] is False for task in job["tasks"])
    assert sum(task["timeout_seconds"] for task in job["tasks"]) <= job["timeout_seconds"] < 24 * 3600


@every_job
def test_somebody_hears_of_a_failure(target: str, name: str, job: dict[str, Any]) -> None:
    recipients = job["email_notifications"]["on_failure"]
    assert recipients == (["somebody@example.com"] if target == "dev" else ["given-alert_email"])


@every_job
def test_the_cluster_runs_in_utc_on_the_oldest_supported_spark(target: str, name: str, job: dict[str, Any]) -> None:
    for cluster in (cluster["new_cluster"] for cluster in job["job_clusters"]):
        assert cluster["spark_version"] == "17.3.x-scala2.13"
        conf = cluster["spark_conf"]
        assert conf["spark.sql.session.timeZone"] == "UTC"
        assert conf["spark.driver.extraJavaOptions"] == conf["spark.executor.extraJavaOptions"] == "-Duser.timezone=UTC"
        assert int(conf["spark.databricks.delta.snapshotPartitions"]) > 0


@every_job
def test_the_settings_know_every_variable_with_their_prefix(target: str, name: str, job: dict[str, Any]) -> None:
    from lakehouse.io.config.settings import NOT_SETTINGS, PREFIX, Settings

    known = {field.upper() for field in Settings.model_fields} | NOT_SETTINGS
    for cluster in job["job_clusters"]:
        variables = cluster["new_cluster"]["spark_env_vars"]
        assert {v.removeprefix(PREFIX).split("__")[0] for v in variables if v.startswith(PREFIX)} <= known


@pytest.mark.parametrize("target", TARGETS)
def test_secrets_that_the_settings_name_are_on_the_cluster(target: str) -> None:
    named = {value.removeprefix("env:") for _, value in _leaves(_yaml(ROOT / "conf" / f"{target}.yaml")) if str(value).startswith("env:")}
    for job in _resolve(target)[1].values():
        for cluster in job["job_clusters"]:
            assert named <= cluster["new_cluster"]["spark_env_vars"].keys()


def test_the_settings_are_deployed_with_the_wheel() -> None:
    setup = _setup()
    assert "lakehouse.conf" in setup["options"]["packages"].split()
    assert "*.yaml" in setup["options.package_data"]["lakehouse.conf"]


@every_job
def test_secrets_reach_the_cluster_only_by_reference(target: str, name: str, job: dict[str, Any]) -> None:
    secrets = [(key, value) for key, value in _leaves(job) if SECRET_NAME.search(key)]
    assert {"PSEUDONYM_KEY", "SHOP_PASSWORD"} <= {key for key, _ in secrets}
    assert [key for key, value in secrets if not SECRET_REFERENCE.fullmatch(str(value))] == []


@pytest.mark.parametrize("file", _files(), ids=lambda file: file.name)
def test_no_secret_stands_in_a_file_of_the_bundle(file: Path) -> None:
    assert not SECRET_SHAPE.search(file.read_text(encoding="utf-8"))
    for variable, value in _leaves(_yaml(file)):
        if SECRET_NAME.search(variable) and variable != "secret_scope":
            assert SECRET_REFERENCE.fullmatch(REFERENCE.sub("x", str(value))), variable


def test_no_secret_variable_has_a_default() -> None:
    variables = _yaml(ROOT / "databricks.yml")["variables"]
    assert [name for name in variables if SECRET_NAME.search(name)] == ["secret_scope"]
    assert "default" not in variables["secret_scope"]


def test_targets_share_no_secret_scope() -> None:
    """Staging with the key of prod could tell who a customer of prod is."""
    scopes = [_resolve(target)[0]["variables"]["secret_scope"] for target in TARGETS]
    assert len(set(scopes)) == len(TARGETS)

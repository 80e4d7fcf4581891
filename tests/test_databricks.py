"""The Databricks bundle fits the command, the settings and the Jobs API. Offline: the variables are filled in here."""

import configparser
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks.sdk.service import catalog, ml, workspace
from databricks.sdk.service.jobs import JobSettings

from lakehouse.fingerprint import imported, source
from lakehouse.night import NIGHT

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
    own, resources = _resources(target)
    return own, resources["jobs"]


def _resources(target: str) -> tuple[dict[str, Any], dict[str, dict[str, dict[str, Any]]]]:
    """The same with all resources, by kind and key."""
    bundle = _yaml(ROOT / "databricks.yml")
    own = bundle["targets"][target]
    assert own.keys() <= {"default", "mode", "workspace", "run_as", "permissions", "variables"}, (
        "it overrides what this test does not merge"
    )
    defaults = {name: variable.get("default", f"given-{name}") for name, variable in bundle["variables"].items()}
    assert own["variables"].keys() <= defaults.keys()
    values: dict[str, Any] = {f"var.{name}": value for name, value in {**defaults, **own["variables"]}.items()}
    values |= {
        "bundle.name": bundle["bundle"]["name"],
        "bundle.target": target,
        "workspace.current_user.userName": "somebody@example.com",
    }
    resources: dict[str, dict[str, dict[str, Any]]] = {}
    for file in _files():
        for kind, found in _yaml(file).get("resources", {}).items():
            assert not resources.get(kind, {}).keys() & found.keys(), f"two of one key in {kind}"
            resources.setdefault(kind, {}).update(found)
    for kind, found in resources.items():
        values |= {f"resources.{kind}.{key}.name": entry["name"] for key, entry in found.items() if "name" in entry}
    return _fill(own, values), _fill(resources, values)


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
    # Development mode would put the developer's name before schemas and models, which the settings would not find.
    assert [target.get("mode") for target in targets.values()] == [None, "production", "production"]


def test_a_cli_without_secret_scopes_is_refused_and_the_docs_name_the_one_that_has_them() -> None:
    """Release v0.252.0 of the CLI brought them. A key of resources that it does not know is a warning to it."""
    assert _yaml(ROOT / "databricks.yml")["bundle"]["databricks_cli_version"] == ">= 0.252.0"
    assert "CLI from 0.252.0 on" in (ROOT / "docs" / "databricks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("target", ["staging", "prod"])
def test_production_runs_as_the_service_principal_that_the_deployer_names(target: str) -> None:
    assert _resolve(target)[0]["run_as"] == {"service_principal_name": "given-service_principal"}


@pytest.mark.parametrize("target", ["staging", "prod"])
def test_production_is_deployed_to_one_place_whoever_deploys(target: str) -> None:
    """The place of the service principal that it runs as. The CLI's own is the home of who deploys: a second copy for another one."""
    own, _ = _resolve(target)
    principal = own["run_as"]["service_principal_name"]
    assert own["workspace"] == {"root_path": f"/Workspace/Users/{principal}/.bundle/lakehouse/{target}"}


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


def test_the_night_is_ingest_refresh_score_export_publish_in_this_order() -> None:
    tasks = _resolve("prod")[1]["nightly"]["tasks"]
    order = TopologicalSorter({task["task_key"]: [before["task_key"] for before in task.get("depends_on", [])] for task in tasks})
    order.prepare()
    waves = []
    while wave := order.get_ready():
        waves.append(wave)
        order.done(*wave)
    assert waves == [("ingest",), ("refresh",), ("score",), ("export",), ("publish",)]
    assert [task["python_wheel_task"]["parameters"][0] for task in tasks] == [task["task_key"] for task in tasks]


@every_job
def test_every_task_runs_on_a_cluster_of_the_job_with_the_wheel_and_the_locked_drivers_of_databases(
    target: str, name: str, job: dict[str, Any]
) -> None:
    clusters = {cluster["job_cluster_key"] for cluster in job["job_clusters"]}
    coordinates = [line for line in (ROOT / "jars.txt").read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    drivers = {jar for jar in coordinates if not jar.startswith("io.delta:")}
    assert len(drivers) == 2
    for task in job["tasks"]:
        assert task["job_cluster_key"] in clusters
        wheel = next(library["whl"] for library in task["libraries"] if "whl" in library)
        assert (ROOT / "infra" / "databricks" / wheel).parent.resolve() == ROOT / "dist"
        assert {library["maven"]["coordinates"] for library in task["libraries"] if "maven" in library} == drivers


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
        command, *options = given_parameters(task, run_id="17")
        parsed = commands[command].make_context(command, options).params
        assert parsed["env"] == target
        assert str(parsed["run_date"])[:10] == "2026-03-01"
        assert parsed.get("workflow", "") == ("17" if name == "nightly" else ""), "the tasks of a night publish once"
        assert not parsed.get("when_due", False), "what has a job of its own is not asked whether it is due"


def given_parameters(task: dict[str, Any], run_id: str, day: str = "2026-03-01") -> list[str]:
    """The parameters of a task as Databricks fills them in: dynamic values, and those of the job."""
    values = {"{{job.run_id}}": run_id, **{f"{{{{job.parameters.{parameter}}}}}": day for parameter in ("run_date", "from", "to")}}
    given = [values.get(text, text) for text in task["python_wheel_task"]["parameters"]]
    assert not [text for text in given if "{{" in text]
    return given


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
        assert {"job.parameters.run_date"} <= set(used) <= {"job.run_id", *(f"job.parameters.{parameter}" for parameter in declared)}


@every_job
def test_the_schedule_starts_runs_only_in_prod(target: str, name: str, job: dict[str, Any]) -> None:
    if name == "backfill":
        assert "schedule" not in job
        return
    assert job["schedule"]["pause_status"] == ("UNPAUSED" if target == "prod" else "PAUSED")
    assert job["schedule"]["timezone_id"] == "UTC"


def test_no_two_scheduled_jobs_can_write_the_lake_at_the_same_time() -> None:
    """A job's own limit of runs knows nothing of other jobs: each must have ended by its time-out when the next one starts."""
    times = []
    for job in _resolve("prod")[1].values():
        if "schedule" in job:
            second, minute, hour, *days = job["schedule"]["quartz_cron_expression"].split()
            assert days in (["*", "*", "?"], ["?", "*", "SUN"])
            start = int(hour) * 3600 + int(minute) * 60 + int(second)
            times.append((start, start + job["timeout_seconds"]))
    assert [start for start, _ in sorted(times)] == [9000, 43200, 57600]
    ordered = sorted(times)
    assert all(end <= start for (_, end), (start, _) in zip(ordered, [*ordered[1:], (ordered[0][0] + 86400, 0)], strict=True))


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


@pytest.mark.parametrize("target", TARGETS)
def test_the_settings_name_the_catalogs_volumes_model_and_experiment_that_the_bundle_makes(target: str) -> None:
    resources, conf = _resources(target)[1], _yaml(ROOT / "conf" / f"{target}.yaml")
    volumes = {f"/Volumes/{v['catalog_name']}/{v['schema_name']}/{v['name']}" for v in resources["volumes"].values()}
    assert {conf[f"{name}_root"] for name in ("lake", "vault", "export", "drop", "outbox")} == volumes
    (model,), (experiment,) = resources["registered_models"].values(), resources["experiments"].values()
    assert conf["model_name"] == f"{model['catalog_name']}.{model['schema_name']}.{model['name']}"
    assert conf["experiment_name"] == experiment["name"]
    assert {scope["name"] for scope in resources["secret_scopes"].values()} == {_resources(target)[0]["variables"]["secret_scope"]}
    personal = {conf[f"{name}_root"].split("/")[2] for name in ("vault", "export", "drop", "outbox")}
    assert personal == {conf["vault_catalog"]} != {conf["catalog"]}


@pytest.mark.parametrize("target", TARGETS)
def test_every_table_has_its_schema_in_its_catalog(target: str) -> None:
    from lakehouse.io.delta.table_resolver import TableResolver
    from lakehouse.pipeline.declared import declared, quarantines

    conf = _yaml(ROOT / "conf" / f"{target}.yaml")
    tables = TableResolver(conf["lake_root"], conf["vault_root"], conf["catalog"], conf["vault_catalog"])
    schemas = {f"`{schema['catalog_name']}`.`{schema['name']}`" for schema in _resources(target)[1]["schemas"].values()}
    assert {tables.schema(name) for name in (*declared(), *quarantines().values())} <= schemas


def test_nobody_is_granted_anything_in_the_vault() -> None:
    resources = _resources("prod")[1]
    entries = [(kind, entry) for kind, found in resources.items() for entry in found.values() if "grants" in entry]
    granted = {(entry["catalog_name"], kind, entry["name"]) for kind, entry in entries}
    assert {what for what in granted if what[0] == "lakehouse_prod_vault"} == {
        ("lakehouse_prod_vault", "schemas", "exchange"),
        ("lakehouse_prod_vault", "volumes", "packs"),
    }


API_TYPES = {
    "schemas": catalog.SchemaInfo,
    "volumes": catalog.VolumeInfo,
    "registered_models": catalog.RegisteredModelInfo,
    "experiments": ml.Experiment,
    "secret_scopes": workspace.SecretScope,
}
# What the bundle grants and permits by requests of their own.
OF_THE_BUNDLE = ("grants", "permissions")


@pytest.mark.parametrize("kind", API_TYPES)
def test_the_apis_know_every_key_and_value_of_the_other_resources(kind: str) -> None:
    for entry in _resources("prod")[1][kind].values():
        request = {name: value for name, value in entry.items() if name not in OF_THE_BUNDLE}
        assert API_TYPES[kind].from_dict(request).as_dict() == request  # type: ignore[attr-defined]
        for grant in entry.get("grants", []):
            assert grant.keys() == {"principal", "privileges"}
            assert {catalog.Privilege(privilege).value for privilege in grant["privileges"]} == set(grant["privileges"])
        for permission in entry.get("permissions", []):
            assert permission.keys() == {"group_name", "level"}
            assert ml.ExperimentPermissionLevel(permission["level"]).value == permission["level"]
    assert set(_resources("prod")[1]) == {"jobs", *API_TYPES}


@pytest.mark.parametrize("target", TARGETS)
def test_operators_may_start_jobs_and_only_the_principal_may_change_them(target: str) -> None:
    own = _resources(target)[0]
    by_level = {permission["level"]: permission for permission in own["permissions"]}
    assert by_level.pop("CAN_RUN") == {"group_name": "lakehouse-operators", "level": "CAN_RUN"}
    principal = {"service_principal_name": "given-service_principal", "level": "CAN_MANAGE"}
    assert by_level == ({} if target == "dev" else {"CAN_MANAGE": principal})


# What serverless compute refuses, as its documentation says, by what it looks like in code.
REFUSED = {
    "cached frames": r"\.(persist|cache)\(",
    "settings of its own": r"\.conf\.set\(",
    "a jar": r"format\(\"jdbc\"\)",
    "Spark's own machine learning": r"from pyspark\.ml",
}


def refused_by_serverless(command: str) -> set[str]:
    """What the code that a command runs has of it: the module of its stage, what runs every command, and all that they import."""
    stage = {stage.name: stage.function.partition(":")[0] for stage in NIGHT}.get(command, "lakehouse.runs.workflow")
    module = "lakehouse.stages.backfill" if command == "backfill" else stage
    text = "\n".join(source(name) for name in imported(module) | imported("lakehouse.runs.orchestrator"))
    return {name for name, pattern in REFUSED.items() if re.search(pattern, text)}


def test_what_serverless_refuses_is_found_in_code() -> None:
    assert refused_by_serverless("ingest") >= {"cached frames", "settings of its own", "a jar"}
    assert "Spark's own machine learning" in refused_by_serverless("train")
    assert refused_by_serverless("publish") >= {"settings of its own"}


@every_job
def test_a_task_is_serverless_only_if_its_code_has_nothing_that_serverless_refuses(target: str, name: str, job: dict[str, Any]) -> None:
    for task in job["tasks"]:
        is_serverless = "job_cluster_key" not in task
        assert is_serverless == (not refused_by_serverless(task["task_key"])), task["task_key"]
        # Of serverless tasks alone a budget policy says who pays; clusters carry tags.
        assert ("budget_policy_id" in job) == is_serverless
        assert job["job_clusters"][0]["new_cluster"]["custom_tags"] == {"project": "lakehouse", "target": target} == job["tags"]

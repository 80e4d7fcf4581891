"""`lakehouse models`: commands on a registry with four versions, as their user would run them."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.data.delta_dataset_source import DeltaDatasetSource
from mlflow.entities import Dataset, DatasetInput
from pyspark.sql import SparkSession

from lakehouse.cli import main
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.host.lock import lake_lock
from lakehouse.ops.model_changes import model_changes, system_user

NAME = "lakehouse-recommender"
# Version → as-of date, what the gate said, why, metrics. The alias starts at 2, as versions of before changes were recorded.
VERSIONS = [
    ("2026-11-02", "passed", "ndcg 0.20 beats popularity 0.10", {"als.ndcg": 0.2, "popularity.ndcg": 0.1}),
    ("2026-11-09", "passed", "ndcg 0.30 beats popularity 0.10", {"als.ndcg": 0.3, "popularity.ndcg": 0.1}),
    ("2026-11-16", "failed", "ndcg 0.05 does not beat popularity 0.10", {"mixed.ndcg": 0.05, "coverage": 0.9}),
]
Command = Callable[..., tuple[int, str, str]]


def client_of(folder: Path) -> mlflow.MlflowClient:
    """Both addresses are named: what an earlier test set for this process must not be taken."""
    return mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db", f"sqlite:///{folder}/mlflow.db")


@pytest.fixture(scope="module")
def registry_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An MLflow database made once. Its versions have runs but no files: these commands load no model."""
    folder = tmp_path_factory.mktemp("registry")
    client = client_of(folder)
    experiment = client.create_experiment(NAME, (folder / "artifacts").as_uri())
    client.create_registered_model(NAME)
    for day, gate, reason, metrics in VERSIONS:
        tags = {"run_date": day, "gate": gate, "gate_reason": reason, "lakehouse_run_id": f"of {day}", "run_succeeded": "yes"}
        run_id = client.create_run(experiment, tags=tags).info.run_id
        client.log_param(run_id, "als.rank", 64)
        for name, value in metrics.items():
            client.log_metric(run_id, name, value)
        source = DeltaDatasetSource(path="/lake/gold/interactions", delta_table_version=12, delta_table_id="id-1")
        client.log_inputs(run_id, [DatasetInput(Dataset("gold.interactions", "v12", "delta_table", source.to_json()))])
        client.create_model_version(NAME, "none", run_id)
    client.create_model_version(NAME, "registered by hand, without a run")
    client.set_registered_model_alias(NAME, "champion", "2")
    return folder / "mlflow.db"


@pytest.fixture
def command(
    registry_file: Path, spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run `lakehouse models …` on a copy of the registry and an empty lake: exit code, stdout, stderr."""
    shutil.copy(registry_file, tmp_path / "mlflow.db")
    for name in ("lake", "vault", "export"):
        monkeypatch.setenv(f"LAKEHOUSE_{name.upper()}_ROOT", str(tmp_path / name))
    monkeypatch.setenv("LAKEHOUSE_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main(["models", *arguments])
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        return code, *capsys.readouterr()

    return run


def recorded(store: DeltaStore) -> list[tuple[str | None, str, str, str]]:
    return [(c.from_version, c.to_version, c.kind, c.reason) for c in model_changes(store)]


def champion(tmp_path: Path) -> str:
    return str(client_of(tmp_path).get_model_version_by_alias(NAME, "champion").version)


def test_list_shows_every_version_newest_first_with_its_metrics_and_what_the_gate_said(command: Command) -> None:
    code, out, _ = command("list")
    assert code == 0
    header, *rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    assert header == ["version", "trained on", "promoted", "als.ndcg", "mixed.ndcg", "popularity.ndcg", "gate", "reason"]
    assert rows == [
        ["4", "no"],
        ["3", "2026-11-16", "no", "0.0500", "failed", "ndcg 0.05 does not beat popularity 0.10"],
        ["2", "2026-11-09", "champion", "0.3000", "0.1000", "passed", "ndcg 0.30 beats popularity 0.10"],
        ["1", "2026-11-02", "before", "0.2000", "0.1000", "passed", "ndcg 0.20 beats popularity 0.10"],
    ]
    # Aligned: a column begins at the same place in every line.
    first, _, *others = out.splitlines()
    assert {line.find("ndcg 0.") for line in others} == {first.find("reason")}


def test_show_says_what_a_version_was_made_from(command: Command) -> None:
    code, out, _ = command("show", "3")
    assert code == 0
    lines = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines()]
    for line in (
        ["kind", "name", "value"],
        ["version", "version", "3"],
        ["version", "promoted", "no"],
        ["tag", "run_date", "2026-11-16"],
        ["parameter", "als.rank", "64"],
        ["metric", "coverage", "0.9000"],
        ["input", "gold.interactions", "12"],
    ):
        assert line in lines
    assert any(name == "MLflow run" and len(value) == 32 for _, name, value in lines)
    of_json = [json.loads(line) for line in command("show", "3", "--format", "json")[1].splitlines()]
    assert [[*row.values()] for row in of_json] == lines[1:]


@pytest.mark.parametrize("arguments", [("show", "99"), ("show", "third"), ("promote", "99", "--reason", "r")])
def test_a_version_that_is_not_there_is_65_with_the_next_step(command: Command, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, _, errors = command(*arguments)
    assert code == 65
    assert f"there is no version {arguments[1]} of {NAME} -> `lakehouse models list` shows all of them" in errors
    assert champion(tmp_path) == "2"


def test_an_empty_registry_is_65(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAKEHOUSE_MODEL_NAME", "another")
    code, _, errors = command("list")
    assert (code, "run `lakehouse train`" in errors) == (65, True)


def test_promote_makes_the_version_champion_and_says_and_records_what_it_replaced(
    command: Command, store: DeltaStore, tmp_path: Path
) -> None:
    code, out, _ = command("promote", "3", "--reason", "the campaign asks for it")
    assert code == 0
    assert out.splitlines() == [
        "version 3 (trained on 2026-11-16) is the champion now; it replaced version 2",
        "its gate had failed: ndcg 0.05 does not beat popularity 0.10",
        "lists already written keep their model_version; the next `lakehouse score`, or night, uses version 3",
    ]
    assert champion(tmp_path) == "3"
    (change,) = model_changes(store)
    assert (change.from_version, change.to_version, change.kind) == ("2", "3", "promote")
    assert (change.reason, change.changed_by) == ("the campaign asks for it", system_user())
    run = store.read("ops.runs").where("status = 'succeeded'").collect()[-1]
    assert (run["run_id"], run["command"]) == (change.run_id, "models promote")
    # Again: nothing to do, and nothing to record.
    code, out, _ = command("promote", "3", "--reason", "once more")
    assert (code, out) == (0, "version 3 is the champion already; nothing was changed\n")
    assert len(model_changes(store)) == 1


def test_each_rollback_goes_one_champion_further_back_and_ends_with_65(command: Command, store: DeltaStore, tmp_path: Path) -> None:
    command("promote", "3", "--reason", "a")
    command("promote", "1", "--reason", "b")

    assert command("rollback", "--reason", "c")[0] == 0
    assert champion(tmp_path) == "3"
    code, out, _ = command("rollback")
    assert (code, out.splitlines()[0]) == (0, "version 2 (trained on 2026-11-09) is the champion now; it replaced version 3")
    code, _, errors = command("rollback")

    assert code == 65
    assert "no champion is known before version 2" in errors
    assert champion(tmp_path) == "2"
    assert recorded(store) == [
        ("2", "3", "promote", "a"),
        ("3", "1", "promote", "b"),
        ("1", "3", "rollback", "c"),
        ("3", "2", "rollback", ""),
    ]
    # Who was champion once is still known as such.
    assert re.search(r"^3 .* before ", command("list")[1], re.MULTILINE)


def test_a_change_without_a_reason_or_of_a_foreign_model_is_refused(command: Command, store: DeltaStore, tmp_path: Path) -> None:
    code, _, errors = command("promote", "1")
    assert (code, "--reason" in errors) == (2, True)
    assert command("promote", "1", "--reason", " ")[0] == 2
    code, _, errors = command("promote", "4", "--reason", "r")
    assert (code, "version 4 was not made by `lakehouse train`" in errors) == (65, True)
    assert champion(tmp_path) == "2"
    assert model_changes(store) == []


def test_a_change_waits_for_the_run_that_holds_the_lock_and_looking_does_not(command: Command, tmp_path: Path) -> None:
    with lake_lock(str(tmp_path / "lake"), "file"):
        assert command("promote", "1", "--reason", "r")[0] == 75
        assert command("rollback")[0] == 75
        assert command("list")[0] == command("show", "1")[0] == 0
    assert champion(tmp_path) == "2"

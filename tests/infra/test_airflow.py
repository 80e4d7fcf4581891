"""The DAG for Airflow 3, in an environment of its own (`make airflow-test`): it parses, and exit codes decide whether it tries again."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "airflow" / "bin" / "python"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.is_file(), reason="Airflow is not installed: `make airflow-test` does that"),
]
PARSE = """
import json, os
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
assert not bag.import_errors, bag.import_errors
told = {}
for dag in bag.dags.values():
    told[dag.dag_id] = {"schedule": str(dag.schedule), "catchup": dag.catchup, "runs": dag.max_active_runs, "tasks": dag.task_ids}
print("TOLD", json.dumps(told))
"""
# The task as a worker renders and runs it, with a command in its place that ends with one code after another.
RUN = """
import json, os, sys
from types import SimpleNamespace
sys.path.insert(0, os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
from lakehouse_night import Lakehouse
told = {}
for code, attempt in json.loads(sys.argv[2]):
    task = Lakehouse(task_id="night", folder=sys.argv[1], command="", arguments=["night", "--code", str(code)])
    try:
        task.execute({"ti": SimpleNamespace(try_number=attempt)})
        told[f"{code}/{attempt}"] = "done"
    except Exception as error:
        told[f"{code}/{attempt}"] = type(error).__name__
print("TOLD", json.dumps(told))
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    home = tmp_path_factory.mktemp("airflow")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON", "LAKEHOUSE"))}
    folder = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "infra" / "airflow"), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**plain, **folder, "AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR"}


def told(script: str, environment: dict[str, str], *arguments: str) -> Any:
    command = [str(PYTHON), "-W", "ignore", "-c", script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return json.loads(next(line for line in done.stdout.splitlines() if line.startswith("TOLD")).removeprefix("TOLD "))


def test_the_dag_parses_as_one_task_a_night_and_makes_up_for_none_that_was_missed(environment: dict[str, str]) -> None:
    night = told(PARSE, environment)["lakehouse_night"]
    assert night == {"schedule": "30 2 * * *", "catchup": False, "runs": 1, "tasks": ["night"]}


def test_only_what_time_may_mend_is_tried_again(environment: dict[str, str], tmp_path: Path) -> None:
    command = tmp_path / ".venv" / "bin" / "lakehouse"
    command.parent.mkdir(parents=True)
    command.write_text("#!/bin/sh\nexit $3\n")
    command.chmod(0o755)
    calls = [(0, 1), (69, 1), (69, 4), (75, 1), (70, 1), (70, 2), (2, 1), (65, 1), (73, 1), (77, 1)]
    found = told(RUN, environment, str(tmp_path), json.dumps(calls))
    again, never = "AirflowException", "AirflowFailException"
    assert found == {
        "0/1": "done",
        **{"69/1": again, "69/4": again, "75/1": again, "70/1": again},
        **{"70/2": never, "2/1": never, "65/1": never, "73/1": never, "77/1": never},
    }


def test_a_whole_night_by_airflow_s_own_runner_gets_folder_environment_and_day(environment: dict[str, str], tmp_path: Path) -> None:
    command = tmp_path / "lakehouse"
    command.write_text(f'#!/bin/sh\necho "$PWD $@" > {tmp_path}/called\n')
    command.chmod(0o755)
    variables = {"FOLDER": str(tmp_path), "COMMAND": str(command), "ENV": "prod"}
    environment = {**environment, **{f"AIRFLOW_VAR_LAKEHOUSE_{name}": value for name, value in variables.items()}}
    for arguments in (["db", "migrate"], ["dags", "test", "lakehouse_night", "2026-11-18T02:30:00+00:00"]):
        airflow = [str(PYTHON.with_name("airflow")), *arguments]
        done = subprocess.run(airflow, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert (tmp_path / "called").read_text().split() == [str(tmp_path), "night", "--env", "prod", "--run-date", "2026-11-18"]

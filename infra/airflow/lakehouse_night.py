"""The night as a DAG of Airflow 3: one task, since one night is one run that publishes at its end. Copy it into the folder of DAGs.

Airflow's variables (AIRFLOW_VAR_LAKEHOUSE_FOLDER and so on, or in its pages) say where the project is; settings of the lakehouse are
variables of the worker's environment, as for any other start (conf/README.md).

| variable | default | meaning |
|---|---|---|
| `lakehouse_folder` | `/srv/lakehouse/project` | where the command is started: the project's folder |
| `lakehouse_command` | `<lakehouse_folder>/.venv/bin/lakehouse` | the command |
| `lakehouse_env` | `local` | its `--env` |
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import DAG, BaseOperator
from airflow.sdk.exceptions import AirflowException, AirflowFailException

# Exit codes that time may mend: the database is away, another run is at work. An unexpected error (70) is tried once more, as are deaths
# by a signal; anything else stays until somebody corrects what the last line of the log names (docs/operations.md).
MENDED_BY_TIME, TRIED_ONCE_MORE = (69, 75), 70
FOLDER = "{{ var.value.get('lakehouse_folder', '/srv/lakehouse/project') }}"
RUN_DATE = "{{ (dag_run.logical_date or dag_run.run_after) | ds }}"


class Lakehouse(BaseOperator):
    """Runs the command. Its exit code decides whether Airflow tries again."""

    template_fields = ("folder", "command", "arguments")

    def __init__(self, *, folder: str, command: str, arguments: list[str], **options: Any) -> None:
        super().__init__(**options)
        self.folder, self.command, self.arguments = folder, command, arguments
        self.hook: SubprocessHook | None = None

    def execute(self, context: Any) -> None:
        self.hook = SubprocessHook()
        command = self.command or f"{self.folder}/.venv/bin/lakehouse"
        code = self.hook.run_command([command, *self.arguments], cwd=self.folder).exit_code
        if code == 0:
            return
        message = f"lakehouse ended with {code}: its last line above says why, and what to do"
        is_tried_again = code in MENDED_BY_TIME or ((code == TRIED_ONCE_MORE or code < 0) and context["ti"].try_number == 1)
        raise (AirflowException if is_tried_again else AirflowFailException)(message)

    def on_kill(self) -> None:
        """Only the command is told. It starts a stopped replica again and records its end, for which its JVM must still be there."""
        if self.hook is not None and self.hook.sub_process is not None:
            self.hook.sub_process.terminate()


with DAG(
    dag_id="lakehouse_night",
    description="Shop and vendors' files to bronze, silver, gold, recommendations and campaign files.",
    schedule="30 2 * * *",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    # The mirror is always of now: nights that were missed are not made up for.
    catchup=False,
    max_active_runs=1,
    dagrun_timeout=timedelta(hours=12),
    doc_md=__doc__,
    tags=["lakehouse"],
):
    Lakehouse(
        task_id="night",
        folder=FOLDER,
        command="{{ var.value.get('lakehouse_command', '') }}",
        # The day for which Airflow started it, so that a try after midnight still belongs to the same night. A start by hand may name one.
        arguments=["night", "--env", "{{ var.value.get('lakehouse_env', 'local') }}", "--run-date", RUN_DATE],
        retries=4,
        retry_delay=timedelta(minutes=10),
        execution_timeout=timedelta(hours=6),
    )

"""A night that is split into several processes: each task of a workflow runs one stage, and the last task publishes for all.

Each task is a run of its own in the ledger, with its own lock and audit, and can be repeated alone. It does not publish. It writes its
result to `ops.handovers`, where the later tasks read it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import reduce

from lakehouse.errors import BusyError, ConfigError, DataError
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.night import NIGHT, PUBLISH
from lakehouse.ops.ledger import HANDOVERS, handed_over
from lakehouse.runs.stage import RunContext, StageResult, both

# The id becomes part of a SQL condition. Schedulers give numbers, or texts like `scheduled__2026-11-17T02:30:00+00:00`.
ID = re.compile(r"[\w.:+-]+", re.ASCII)


@dataclass(frozen=True)
class Workflow:
    """One task of a workflow. `workflow_id` is given by the scheduler. `command` is the name of the task's stage, or PUBLISH.

    ConfigError (2) if the id has other characters than letters, digits and _.:+-
    """

    workflow_id: str
    command: str

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.workflow_id):
            raise ConfigError("the id of a workflow has letters, digits and _.:+- only", "give --workflow the scheduler's own id")

    @property
    def is_last(self) -> bool:
        """Whether this task publishes what all tasks did."""
        return self.command == PUBLISH

    def earlier(self, store: DeltaStore) -> StageResult:
        """The results of the tasks before this one as a single result; an empty one for the first task.

        Alarms are left out, because each task has sent its own. DataError (65) if the last task finds no result at all.
        """
        found = handed_over(store, self.workflow_id)
        names = [stage.name for stage in NIGHT]
        before = names if self.is_last else names[: names.index(self.command)]
        results = [StageResult.from_json(found[name]) for name in before if name in found]
        if self.is_last and not results:
            raise DataError(
                f"no task of workflow {self.workflow_id} has handed over anything", "run its tasks first, with the same --workflow"
            )
        return replace(reduce(both, results, StageResult()), alarms=(), cleared=frozenset())

    def hand_over(self, run: RunContext, result: StageResult) -> None:
        """Append the task's result to `ops.handovers`."""
        row = {"workflow_id": self.workflow_id, "stage": self.command, "run_id": run.run_id}
        run.store.append_rows(HANDOVERS, [{**row, "handed_at": datetime.now(UTC), "result": result.to_json()}])


def refuse_older(published: Mapping[str, TableVersion], handed_over: Mapping[str, TableVersion]) -> None:
    """BusyError (75) if readers see a newer version of a table than the workflow handed over. Then another run published meanwhile, and its
    work must not be taken back."""
    for name, head in sorted(handed_over.items()):
        seen = published.get(name)
        if seen is not None and (seen.table_id != head.table_id or seen.version > head.version):
            raise BusyError(f"another run published {name} while this workflow was at work", "start the workflow again from its first task")

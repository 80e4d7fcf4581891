"""Several processes that show their work together: each task of a workflow does one stage, and the last one publishes for all.

Each task is a run of its own in the ledger, with its lock and its audit, and can be repeated by itself. It gives what it did to the tasks
after it by `ops.handovers` in place of publishing it.
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

# It stands in SQL. Schedulers' ids are numbers, or like `scheduled__2026-11-17T02:30:00+00:00`.
ID = re.compile(r"[\w.:+-]+", re.ASCII)


@dataclass(frozen=True)
class Workflow:
    """The part that a run has in a workflow. `workflow_id` is the scheduler's, `command` the run's: a stage, or PUBLISH.

    ConfigError (2) for an id with other signs than letters, digits and _.:+-
    """

    workflow_id: str
    command: str

    def __post_init__(self) -> None:
        if not ID.fullmatch(self.workflow_id):
            raise ConfigError("the id of a workflow has letters, digits and _.:+- only", "give --workflow the scheduler's own id")

    @property
    def is_last(self) -> bool:
        """Whether this run shows what all tasks did."""
        return self.command == PUBLISH

    def earlier(self, store: DeltaStore) -> StageResult:
        """What the tasks before this one did, in the order of the night; nothing for the first.

        DataError (65) for the last task if none came before it. Alarms were told by the tasks themselves.
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
        """To the tasks after this one."""
        row = {"workflow_id": self.workflow_id, "stage": self.command, "run_id": run.run_id}
        run.store.append_rows(HANDOVERS, [{**row, "handed_at": datetime.now(UTC), "result": result.to_json()}])


def refuse_older(published: Mapping[str, TableVersion], handed_over: Mapping[str, TableVersion]) -> None:
    """BusyError (75) if readers see something newer than what was handed over: another run published while the workflow was at work."""
    for name, head in sorted(handed_over.items()):
        seen = published.get(name)
        if seen is not None and (seen.table_id != head.table_id or seen.version > head.version):
            raise BusyError(f"another run published {name} while this workflow was at work", "start the workflow again from its first task")

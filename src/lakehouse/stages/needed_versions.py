"""Which versions must stay readable: what is published, what a step has read last, what champions were trained on."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from lakehouse.flow import MODEL, STEPS
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.delta_upkeep import Needed
from lakehouse.io.mlflow.model_registry import ModelRegistry
from lakehouse.ops.ledger import Ledger, published
from lakehouse.ops.retention import KEPT
from lakehouse.runs.stage import RunContext
from lakehouse.stages.crm_pack import STEP as CRM_PACK


def needed_versions(run: RunContext) -> dict[str, Needed]:
    """Of each table that the flow writes or reads; the latest version is needed anyway."""
    trained = champions_inputs(ModelRegistry(run.settings, run.store))
    return needed_of_lake(run.store, run.ledger, trained)


def needed_of_lake(store: DeltaStore, ledger: Ledger, trained: Iterable[Mapping[str, int]]) -> dict[str, Needed]:
    """`trained`: the versions, by table, that each model was trained on."""
    versions: dict[str, set[int]] = {}
    unread: dict[str, int] = {}
    there: dict[str, TableVersion | None] = {}

    def keep(name: str, head: TableVersion) -> bool:
        """Not of a table that was made anew since."""
        if name not in there:
            there[name] = store.head(name)
        now = there[name]
        if now is None or now.table_id != head.table_id:
            return False
        versions.setdefault(name, set()).add(head.version)
        return True

    for name, head in published(store).items():
        keep(name, head)
    # The pack of customers has what differs from what its tool was sent last.
    for reader, reads_changes in {**{step.name: step.scoped for step in STEPS}, CRM_PACK: False}.items():
        last = ledger.last_success(reader)
        for name, head in ({} if last is None else last.input_heads).items():
            if name != MODEL and keep(name, head) and reads_changes:
                unread[name] = min(unread.get(name, head.version + 1), head.version + 1)
    for inputs in trained:
        for name, version in inputs.items():
            versions.setdefault(name, set()).add(version)
    return {name: Needed(frozenset(found), unread.get(name)) for name, found in versions.items()}


def champions_inputs(registry: ModelRegistry) -> list[Mapping[str, int]]:
    """What the champion was trained on, however long ago, and what those before it were that have stood in the last 400 days."""
    since = datetime.now(UTC).date() - KEPT
    found = [version for version in registry.registered() if version.was_promoted]
    return [each.inputs for each in found if each.is_champion or date.fromisoformat(each.tags.get("run_date", "0001-01-01")) >= since]

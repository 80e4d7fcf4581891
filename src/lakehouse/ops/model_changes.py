"""`ops.model_changes`: which model version was the champion when, who changed that, and why."""

import os
import pwd
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import STRING, TIMESTAMP, Table

# Kinds: the gate's at the end of a training, by hand, back by hand.
GATE, PROMOTE, ROLLBACK = "gate", "promote", "rollback"


@dataclass(frozen=True)
class ModelChange:
    """One row of `ops.model_changes`."""

    changed_at: datetime = column(TIMESTAMP, "when, UTC")
    run_id: str = column(STRING, "id of the run that changed it")
    from_version: str | None = column(STRING, "the champion before; null if there was none")
    to_version: str = column(STRING, "the champion from then on")
    kind: str = column(STRING, "gate (a training that passed), promote or rollback (by hand)")
    reason: str = column(STRING, "the gate's, or that of who did it; empty if a rollback was given none")
    changed_by: str = column(STRING, "user of the operating system that the command ran as")


MODEL_CHANGES = Table(
    name="ops.model_changes",
    grain="one change of the champion",
    key=("run_id", "to_version"),
    columns=columns_of(ModelChange),
)


def model_changes(store: DeltaStore) -> list[ModelChange]:
    """All rows, oldest first."""
    return sorted(rows_as(ModelChange, store.rows(MODEL_CHANGES)), key=lambda change: (change.changed_at, change.run_id))


def record_model_change(store: DeltaStore, change: ModelChange) -> None:
    """Append it."""
    store.append_rows(MODEL_CHANGES, [asdict(change)])


def champion_before(changes: Sequence[ModelChange], champion: str) -> str | None:
    """The version to go back to from `champion`; None if none is known. `changes`: oldest first.

    A rollback takes back what it went back from, so that the next one goes one further back, never forth again. A champion that
    no row explains (the alias was moved elsewhere, or a run was killed before its row) counts as the newest.
    """
    line: list[str] = []
    for change in changes:
        if change.from_version is not None:
            _append(line, change.from_version)
        if change.kind == ROLLBACK and change.to_version in line:
            while line[-1] != change.to_version:
                line.pop()
        else:
            _append(line, change.to_version)
    _append(line, champion)
    return line[-2] if len(line) > 1 else None


def _append(line: list[str], version: str) -> None:
    if line[-1:] != [version]:
        line.append(version)


def system_user() -> str:
    """Who this process runs as; the number of a user without a name. Not from the environment, which anybody can set."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())

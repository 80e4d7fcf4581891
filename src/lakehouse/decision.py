"""Whether a step is left out, skipped, built for the orders that changed, or built in full. Looks at the ledger, writes nothing.

The rules and their reasons are in docs/architecture.md, "The runner".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lakehouse.fingerprint import fingerprint
from lakehouse.flow import Step
from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.ledger import Entry, Ledger

# Stands for a table that may be missing and is.
NOTHING = Head("", -1)
Way = Literal["leave out", "skip", "by scope", "full"]


@dataclass(frozen=True)
class Decision:
    """`last` is the step's last success, if its table still is what that wrote, by the recipe of now; else `reason` says why not."""

    way: Way
    reason: str
    recipe: str
    last: Entry | None = None


def decide(
    store: DeltaStore, ledger: Ledger, step: Step, inputs: Mapping[str, Head], values: Mapping[str, object], again: bool = False
) -> Decision:
    """What to do about a step with these inputs and values of its parameters. `again`: in full, whatever was done before."""
    head = store.head(step.writes.name)
    if step.writes.may_be_missing and head is None and all(inputs[t.name] == NOTHING for t in step.reads if t.may_be_missing):
        return Decision("leave out", "no file ever came", "")
    recipe = fingerprint(step.build.__module__, step.write, step.scoped, values)
    last = ledger.last_success(step.name)
    if again:
        return Decision("full", "asked for", recipe)
    if last is None or head is None:
        return Decision("full", "it was never built" if last is None else "its table is gone", recipe)
    if reason := _not_reusable(store, step, last, head, recipe):
        return Decision("full", reason, recipe)
    if last.input_heads == inputs:
        return Decision("skip", "nothing changed", recipe, last)
    return Decision("by scope" if step.scoped else "full", "its inputs changed", recipe, last)


def _not_reusable(store: DeltaStore, step: Step, last: Entry, head: Head, recipe: str) -> str:
    """Why the table is not what the last success wrote by the same recipe; empty if it is."""
    if last.fingerprint != recipe:
        return "another run date, code or settings" if "run_date" in step.parameters else "other code or settings"
    if last.table_id != head.table_id:
        return "its table was made anew"
    if last.table_version > head.version:
        return "its table went back to an older version"
    if last.table_version < head.version and not store.only_maintained_since(step.writes.name, last.table_version):
        return "its table was written since, by a run that died or by somebody else"
    return ""

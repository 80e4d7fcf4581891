"""Decides whether a step is left out, skipped, built for changed orders only, or built in full. It reads the ledger and writes nothing.

The rules and their reasons are in docs/architecture.md, "The runner".
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lakehouse.fingerprint import fingerprint
from lakehouse.flow import Step
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.ledger import Entry, Ledger, inputs_json, inputs_of

# The version of an optional table that does not exist.
NOTHING = TableVersion("", -1)
Way = Literal["leave out", "skip", "by scope", "full"]


@dataclass(frozen=True)
class Decision:
    """`way` and, in words, its `reason`. `last`: the step's last success, if its table and fingerprint still are the same; else None."""

    way: Way
    reason: str
    fingerprint: str
    last: Entry | None = None


def decide(
    store: DeltaStore, ledger: Ledger, step: Step, inputs: Mapping[str, TableVersion], values: Mapping[str, object], again: bool = False
) -> Decision:
    """What to do about a step, given the versions of its inputs and the values of its parameters. `again`: build it in full in any case."""
    head = store.head(step.writes.name)
    if step.writes.optional and head is None and all(inputs[t.name] == NOTHING for t in step.reads if t.optional):
        return Decision("leave out", "nothing ever came", "")
    # A step that remembers uses the run date only to date what is new. Another run date alone brings nothing new.
    decisive = {name: value for name, value in values.items() if not (step.remembers and name == "run_date")}
    now = fingerprint(step.build.__module__, step.write, step.scoped, decisive)
    last = ledger.last_success(step.name)
    if again:
        return Decision("full", "asked for", now)
    if last is None or head is None:
        return Decision("full", "it was never built" if last is None else "its table is gone", now)
    if reason := _not_reusable(store, step, last, head, now, inputs):
        return Decision("full", reason, now)
    if last.input_heads == inputs:
        return Decision("skip", "nothing changed", now, last)
    return Decision("by scope" if step.scoped else "full", "its inputs changed", now, last)


def commit_metadata(run_id: str, made_by: str, inputs: Mapping[str, TableVersion]) -> str:
    """Metadata for a step's commit, as JSON. If the run dies before it records the step, the next run learns from it what was built."""
    return json.dumps({"run_id": run_id, "fingerprint": made_by, "inputs": inputs_json(inputs)})


def _not_reusable(store: DeltaStore, step: Step, last: Entry, head: TableVersion, made_by: str, inputs: Mapping[str, TableVersion]) -> str:
    """Why the table is not what the last success wrote with the same fingerprint; empty if it is."""
    if last.fingerprint != made_by:
        return "another run date, code or settings" if "run_date" in step.parameters and not step.remembers else "other code or settings"
    if last.table_id != head.table_id:
        return "its table was made anew"
    if last.table_version > head.version:
        return "its table went back to an older version"
    later = store.commit_metadata_since(step.writes.name, last.table_version) if last.table_version < head.version else []
    if not all(_is_between(text, made_by, last.input_heads, inputs) for text in later):
        return "its table was written since, by a run that died or by somebody else"
    return ""


def _is_between(text: str, made_by: str, then: Mapping[str, TableVersion], now: Mapping[str, TableVersion]) -> bool:
    """Whether a commit's metadata is of this fingerprint, and of inputs from those of the last success to those of now.

    What it changed is then part of what has changed since, and is built now.
    """
    try:
        said = json.loads(text)
        read = inputs_of(said["inputs"])
    except (ValueError, KeyError, TypeError):
        return False
    if said.get("fingerprint") != made_by or not read.keys() == then.keys() == now.keys():
        return False
    return all(_is_at_least(read[name], then[name]) and _is_at_least(now[name], read[name]) for name in read)


def _is_at_least(later: TableVersion, earlier: TableVersion) -> bool:
    return later.table_id == earlier.table_id and later.version >= earlier.version

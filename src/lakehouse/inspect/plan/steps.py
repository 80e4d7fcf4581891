"""What would become of each step of the flow, as the published tables are now: tonight's bronze is not known before it is read."""

from datetime import date
from typing import Any

from lakehouse.flow import MODEL, STEPS, Step
from lakehouse.io.config.settings import read_conf
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.lake import Lake
from lakehouse.ops.history import History
from lakehouse.ops.ledger import Entry, Ledger
from lakehouse.ops.model_changes import model_changes
from lakehouse.pipeline.planner import NOTHING, decide
from lakehouse.recommend.params import parse_params
from lakehouse.recommend.rules.declared_rules import read_rules
from lakehouse.stages.step_runner import parameters


def step_rows(lake: Lake, history: History, as_of: date) -> list[list[Any]]:
    """For each step: its name, what is decided, and what it usually reads in rows and takes in seconds (None: not known)."""
    known = parameters(lake.settings, parse_params(read_conf("als.yaml")), read_rules(), as_of)
    ledger = Ledger(lake.store, "", "plan", as_of, "")
    rows = []
    for step in STEPS:
        usual = history.usual(step.name)
        told = [None, None] if usual is None else [usual.rows, round(usual.seconds)]
        rows.append([step.name, _tonight(lake, ledger, step, known), *told])
    return rows


def _tonight(lake: Lake, ledger: Ledger, step: Step, known: dict[str, object]) -> str:
    if missing := [table.name for table in step.inputs if table.name not in lake.published and not table.optional]:
        return f"full: {missing[0]} is not there yet" if len(missing) == 1 else f"full: {len(missing)} inputs are not there yet"
    inputs = {table.name: lake.published.get(table.name, NOTHING) for table in step.inputs}
    if step.takes_model:
        inputs[MODEL] = _model(lake, ledger.last_success(step.name))
    decision = decide(lake.store, ledger, step, inputs, {name: known[name] for name in step.parameters})
    if decision.way == "leave out":
        return "left out: nothing ever came"
    if decision.way == "skip":
        return f"skip: nothing changed; {'by scope' if step.scoped else 'full'} if tonight changes an input"
    return f"{decision.way}: {decision.reason}"


def _model(lake: Lake, last: Entry | None) -> TableVersion:
    """The champion, by what the lake recorded: the one of the last time, if it has the same version."""
    changes, before = model_changes(lake.store), NOTHING if last is None else last.input_heads.get(MODEL, NOTHING)
    if not changes:
        return before
    return before if str(before.version) == changes[-1].to_version else TableVersion("", int(changes[-1].to_version))

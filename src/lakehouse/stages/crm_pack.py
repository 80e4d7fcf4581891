"""The pack of customers, for a tool that keeps customers: a run in which nothing changed sends nothing."""

import time
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from lakehouse.errors import ConfigError
from lakehouse.export.customer_rows import as_text, changed, customer_rows
from lakehouse.export.declared_campaigns import Declared
from lakehouse.export.profile import Profile
from lakehouse.flow import CRM
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.packs.backends import packs_of
from lakehouse.io.packs.pack_files import finish, write_files
from lakehouse.ops.ledger import RUNS, SKIPPED, SUCCEEDED, Entry, inputs_json, inputs_of
from lakehouse.ops.packs import CRM_PACK, PackLedger
from lakehouse.pipeline.recording import record
from lakehouse.runs.stage import AfterPublication, RunContext, StageResult
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.orders import ORDERS
from lakehouse.sources.woocommerce.people import USERS
from lakehouse.stages.export_packs.origin import common_facts
from lakehouse.stages.export_packs.show_pack import show
from lakehouse.stages.step_runner import step_runner

NAME, STEP = CRM_PACK, f"export.{CRM_PACK}"
KEPT_DAYS = 30


def export_customers(run: RunContext, declared: Declared, ledger: PackLedger) -> StageResult:
    """Bring gold.customer_facts up to date, and write what differs from the newest pack that was shown.

    ConfigError (2) for a profile that is not one of customers.
    """
    if run.settings.crm_profile is None:
        return StageResult()
    started, profile = time.monotonic(), _profile(run.settings.crm_profile, declared)
    runner = step_runner(run)
    runner.run(CRM)
    inputs = {CRM.name: runner.outputs[CRM.name]}
    sent = _sent(run, ledger, profile, inputs[CRM.name])
    packs, pack = packs_of(run.settings.export_root, NAME, run.settings.export_group), f"{run.run_date.isoformat()}/{run.run_id}"
    packs.sweep()
    facts = iter(()) if sent == inputs[CRM.name] else _facts(run, inputs[CRM.name], sent)
    first = next(facts, None)
    if first is None:
        entry = Entry(STEP, SKIPPED, "nothing changed", time.monotonic() - started, inputs=inputs_json(inputs))
        record(run.ledger, entry, f"{packs.place}: nothing is known of customers that was not sent")
        return StageResult(outputs=runner.outputs)
    with packs.unfinished(pack) as folder:
        dialect = profile.dialect(NAME, f"{run.run_date:%Y%m%d}")
        files = write_files(folder, dialect, profile.header(0), customer_rows(profile, chain([first], facts)))
        rows = sum(file.rows for file in files.values())
        finish(folder, files, {**_said(run, profile, inputs, sent), "customers": rows, "recipients": rows})
    entry = Entry(STEP, SUCCEEDED, f"{packs.place}/{pack}", time.monotonic() - started, rows, rows, inputs=inputs_json(inputs))
    record(run.ledger, entry, f"{rows} customers in {packs.place}/{pack}")
    return StageResult(outputs=runner.outputs, after=(AfterPublication.of(show, campaign=NAME, pack=pack),))


def _profile(name: str, declared: Declared) -> Profile:
    profile = declared.profile(name)
    if profile.rows != "customer":
        raise ConfigError(f"crm_profile {name} is no profile of customers", "take one with `rows: customer`, as crm is")
    return profile


def _sent(run: RunContext, ledger: PackLedger, profile: Profile, now: TableVersion) -> TableVersion | None:
    """The version that the newest pack brought the tool to; None if all are to be sent: at first, by another profile, of another table."""
    newest = ledger.newest(NAME)
    if newest is None or newest.profile != profile.name:
        return None
    entries = run.store.rows(RUNS, ("inputs",), f"step = '{STEP}' AND status = '{SUCCEEDED}' AND run_id = '{newest.run_id}'")
    versions = [inputs_of(entry["inputs"]).get(CRM.name) for entry in entries]
    return next((version for version in versions if version is not None and version.table_id == now.table_id), None)


def _facts(run: RunContext, now: TableVersion, sent: TableVersion | None) -> Iterator[Mapping[str, Any]]:
    people = [entity.vault for entity in (USERS, ORDERS, entities.CUSTOMERS, entities.ORDERS) if entity.vault]
    columns = CRM.writes.column_names
    there = run.store.read(CRM.name, now.version).select(*columns)
    before = None if sent is None else run.store.read(CRM.name, sent.version).select(*columns)
    found = as_text(changed(there, before), *(run.read(table) for table in people))
    rows = found.collect() if run.store.is_small({CRM.name: now}) else found.toLocalIterator()
    return (row.asDict() for row in rows)


def _said(run: RunContext, profile: Profile, inputs: Mapping[str, TableVersion], sent: TableVersion | None) -> dict[str, object]:
    return {
        **common_facts(run, profile, 0, KEPT_DAYS, inputs),
        "campaign": NAME,
        "channel": NAME,
        "model_version": None,
        "changes_since": None if sent is None else sent.version,
        "suppressed": {},
    }

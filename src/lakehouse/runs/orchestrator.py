"""One command is one run, with a lock, a run id, a Spark session and a ledger. Its stages run one after the other. What they wrote is
audited, and at the end all of it is published at once."""

import time
import uuid
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import reduce
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lakehouse.errors import DataError
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.incident import Incident
from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.io.delta.delta_files import is_local
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.io.host import logs
from lakehouse.io.host.disks import translate_disk_full
from lakehouse.io.host.held_lock import HeldLock
from lakehouse.io.host.lock import lake_lock
from lakehouse.io.spark.session import is_small_lake, size_told, spark_session
from lakehouse.ops import pseudonym_key as key_file
from lakehouse.ops.ledger import STARTED, SUCCEEDED, Entry, Ledger, published
from lakehouse.pipeline.planner import NOTHING
from lakehouse.pipeline.rejects import TooManyRejectsError
from lakehouse.recommend.params import Params, parse_params
from lakehouse.recommend.rules.declared_rules import read_rules
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.audit import Audit, write_data_docs
from lakehouse.runs.incident_notifier import IncidentNotifier
from lakehouse.runs.old_lakes import drop_replaced, replaced, take_on
from lakehouse.runs.recovery import drop_unrecorded_rejects, emptied_scratch, give_up, tell_lost_ops
from lakehouse.runs.stage import RunContext, StageCall, StageResult, StageStopped, both
from lakehouse.runs.workflow import Workflow, refuse_older


def run_stages(
    settings: Settings,
    command: str,
    run_date: date,
    calls: Callable[[], Sequence[StageCall]],
    accepted: Collection[str] = (),
    lock: HeldLock | None = None,
    workflow_id: str = "",
) -> list[StageResult]:
    """Run the stages that `calls` gives under the lake's lock, publish what they wrote, and give their results.

    If a stage fails, nothing is published, and the ledger says why. The sinks of alerts hear of failures and of recoveries. Before the
    first stage, earlier runs that were killed are marked as abandoned, and what they left in staging is deleted.

    `accepted`: checks, named as table:check, that may fail. `lock`: the lake's lock, if the caller holds it already. `workflow_id`: the run
    is one task of a workflow. It reads what the earlier tasks handed over, and hands over its own result; only the last task publishes.
    LockLostError (75): the run has lost its lock. It then writes nothing more, not even that it failed.
    """
    started_at, work = datetime.now(UTC), Work(Audit(accepted), Workflow(workflow_id, command) if workflow_id else None)
    params = parse_params(read_conf("als.yaml"))
    # Errors in the files of campaigns and rules are reported before the stages run, not hours later.
    read_campaigns()
    rules = read_rules()
    run_id = f"{started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    logs.set_up(settings.log_format, run_id)
    notifier = IncidentNotifier(settings, command, run_date, run_id, work)
    try:
        held: AbstractContextManager[HeldLock] = (
            nullcontext(lock) if lock else lake_lock(settings.lake_root, settings.lock, settings.lock_lease_seconds)
        )
        with notifier.of_the_start(), held as lock, notifier.of_the_run(), translate_disk_full(settings):
            work.do(_begun(settings, params, rules, command, run_date, run_id, started_at, notifier, lock), calls)
    finally:
        logs.end()
    return work.results


class Work:
    """The results of the stages that were run until now, and the incidents that were found."""

    def __init__(self, audit: Audit, workflow: Workflow | None = None) -> None:
        self.results: list[StageResult] = []
        # What earlier tasks of the workflow handed over. Their own runs have audited it and sent its alarms.
        self._earlier, self._workflow = StageResult(), workflow
        # Names of the stages that succeeded.
        self.done: set[str] = set()
        self._audit, self._started = audit, time.monotonic()

    @property
    def alarms(self) -> list[Incident]:
        """Incidents that do not stop the run."""
        return [*(alarm for result in self.results for alarm in result.alarms), *self._audit.alarms]

    @property
    def cleared(self) -> set[str]:
        """Keys of incidents that were looked for and not found."""
        return {*(key for result in self.results for key in result.cleared), *self._audit.cleared}

    @property
    def outputs(self) -> dict[str, TableVersion]:
        """Table → the version that the run wrote or found up to date."""
        return {name: head for result in self.results for name, head in result.outputs.items()}

    def do(self, run: RunContext, calls: Callable[[], Sequence[StageCall]]) -> None:
        """Run all stages, publish, then do what has to wait for the publication."""
        try:
            # The caller translates a full disk too. It is done here as well, so that the row of the ledger has the same text.
            with translate_disk_full(run.settings):
                run.store.delete_folder(run.staging)
                if self._workflow is not None:
                    self._earlier = self._workflow.earlier(run.store)
                self._do_and_publish(run, calls())
        except BaseException as failure:
            if run.lock.is_lost:
                # Another run may own staging and the ledger by now. It marks this one as abandoned.
                raise
            error = self._first_failure(run, failure)
            give_up(error, run.ledger, time.monotonic() - self._started, lambda: run.store.delete_folder(run.staging))
            if isinstance(error, TooManyRejectsError):
                self._audit.record_refused(run, error)
            write_data_docs(run, self._audit.audited)
            raise error from None
        run.store.delete_folder(run.staging)
        # Not within the try: if this row can't be written, no second row must say failed. The next run marks this one as abandoned.
        run.ledger.record(Entry("", SUCCEEDED, seconds=time.monotonic() - self._started))
        write_data_docs(run, self._audit.audited)

    def _do_and_publish(self, run: RunContext, calls: Sequence[StageCall]) -> None:
        for call in calls:
            if not call.after_publication:
                self._do_one(run, call)
        run = self._now(run)
        self._audit.conclude(run)
        self._audit.tell_rejects(run, self.outputs)
        run.lock.confirm()
        if self._workflow is not None and not self._workflow.is_last:
            return self._workflow.hand_over(run, reduce(both, self.results, StageResult()))
        refuse_older(run.published, self._earlier.outputs)
        shown = {**run.published, **self._earlier.outputs, **self.outputs}
        withdrawn = dict.fromkeys(replaced(run.published, shown), NOTHING)
        changed = {name: head for name, head in {**shown, **withdrawn}.items() if run.published.get(name) != head}
        run.ledger.publish(changed)
        drop_replaced(run.store, shown.keys() - withdrawn.keys())
        self._audit.withdraw(withdrawn)
        for action in [action for result in (self._earlier, *self.results) for action in result.after]:
            run.lock.confirm()
            action.do(run)
        # Whoever watches over nights from outside counts these lines (infra/terraform/logs.tf).
        logs.info(f"published: {len(changed)} tables of {len(shown)} are new or changed", published=run.ledger.command)
        for call in calls:
            if call.after_publication:
                self._do_one(run, call)

    def _do_one(self, run: RunContext, call: StageCall) -> None:
        """Run one stage, if it is due. Then start the audit of what it wrote, which works while the next stage runs."""
        run = self._now(run)
        if call.judged_first:
            self._audit.conclude(run)
        logs.set_current_step(call.name)
        run.lock.check()
        if call.due is not None:
            reason = call.due(run)
            logs.info(f"{call.name}: {f'due, {reason}' if reason else 'not due'}", step=call.name)
            if not reason:
                return
        try:
            self.results.append(call.act(run))
        except StageStopped as stopped:
            self.results.append(stopped.done)
            assert stopped.__cause__ is not None
            raise stopped.__cause__ from None
        self.done.add(call.name)
        if not call.after_publication:
            self._audit.begin(self._now(run), self.outputs)

    def _now(self, run: RunContext) -> RunContext:
        """The context of the next stage: it reads what the stages before it wrote."""
        done = reduce(both, self.results, self._earlier)
        return replace(run, heads={**run.published, **done.outputs, **done.unpublished})

    def _first_failure(self, run: RunContext, failure: BaseException) -> BaseException:
        """The error to report. If the audit that ran beside the stage failed too, it is the audit's: the stage read what was refused."""
        if isinstance(failure, Exception):
            try:
                self._audit.conclude(run)
            except DataError as verdict:
                return verdict
            except Exception as problem:
                logs.warn(f"the audit beside it failed too ({type(problem).__name__})")
        return failure


def _begun(
    settings: Settings,
    params: Params,
    rules: Rules,
    command: str,
    run_date: date,
    run_id: str,
    started_at: datetime,
    notifier: IncidentNotifier,
    lock: HeldLock,
) -> RunContext:
    """Start the session, clean up after runs that were interrupted, and record the start. The caller holds the lock."""
    _keep_vault_private(settings)
    is_small = is_small_lake(settings)
    spark = spark_session(settings, emptied_scratch(settings.vault_root), is_small)
    store = DeltaStore(spark, TableResolver.of(settings), settings.small_rows)
    store.commit_metadata, store.before_commit = run_id, lock.check
    tell_lost_ops(store)
    ledger = Ledger(store, run_id, command, run_date, code_version())
    notifier.can_record(store, ledger)
    if killed := ledger.mark_abandoned():
        logs.warn(f"{len(killed)} earlier run(s) were killed; their rows in ops.runs now say abandoned")
        notifier.tell_killed(killed)
    take_on(store)
    drop_unrecorded_rejects(store)
    key = key_file.pseudonym_key(settings, store)
    ledger.record(Entry("", STARTED, size_told(is_small)))
    before = published(store)
    drop_replaced(store, before)
    return RunContext(run_id, run_date, started_at, settings, store, ledger, params, key, before, before, lock, rules)


def _keep_vault_private(settings: Settings) -> None:
    """On a local disk only the user who runs the commands may read the vault."""
    if is_local(settings.vault_root):
        Path(settings.vault_root).mkdir(parents=True, exist_ok=True)
        Path(settings.vault_root).chmod(0o700)


def code_version() -> str:
    """The version of the installed package; of a checkout or zip without metadata, `source`."""
    try:
        return version("lakehouse")
    except PackageNotFoundError:
        return "source"

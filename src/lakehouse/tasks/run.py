"""One command, one run: a lock, a run id, a Spark session, a ledger; what was written is shown to readers at the end, all at once."""

import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from disposable_email_domains import blocklist
from pyspark.sql import DataFrame, SparkSession

from lakehouse.errors import DataError
from lakehouse.incident import Incident
from lakehouse.io import key_file, logs
from lakehouse.io.delta_store import DeltaStore, Head
from lakehouse.io.disks import full_disk_named
from lakehouse.io.ledger import STARTED, SUCCEEDED, Entry, Ledger, published
from lakehouse.io.lock import lake_lock
from lakehouse.io.session import is_small_lake, size_told, spark_session
from lakehouse.io.settings import Settings, read_conf
from lakehouse.lanes import Beside
from lakehouse.loading import TooManyRejectsError
from lakehouse.parameters import ShopRules, Shops
from lakehouse.recommend.params import Params, parse_params
from lakehouse.runner import Runner
from lakehouse.sources.mobile_app import APP, COUNTS_AS_SALE
from lakehouse.table import Table
from lakehouse.tasks.audit import Judged, audit, conclude, record_refused, tell_rejects, write_data_docs
from lakehouse.tasks.mending import drop_unrecorded_rejects, emptied_scratch, give_up
from lakehouse.tasks.telling import Telling


@dataclass(frozen=True)
class Run:
    """What a task works with."""

    run_id: str
    run_date: date
    started_at: datetime
    settings: Settings
    spark: SparkSession
    store: DeltaStore
    ledger: Ledger
    runner: Runner
    params: Params
    key: str
    # What shows a run's work outside of the lake (the champion's alias, a campaign pack): done when all of it succeeded.
    at_end: list[Callable[[], None]] = field(default_factory=list)
    # What readers saw when the run began; versions that were judged in it; failures that an operator lets pass, as table:check.
    published: Mapping[str, Head] = field(default_factory=dict)
    audited: dict[str, Head] = field(default_factory=dict)
    judging: Beside[Judged] = field(default_factory=Beside)
    accepted: set[str] = field(default_factory=set)
    # What a task found wrong without having to stop, and the keys of incidents that it looked for and did not find.
    alarms: list[Incident] = field(default_factory=list)
    cleared: set[str] = field(default_factory=set)

    def read(self, table: Table) -> DataFrame:
        return self.runner.read(table)

    @property
    def staging(self) -> str:
        """Where copies of source tables are while they are landed: under the vault, and gone afterwards."""
        return f"{self.settings.vault_root}/_staging"


@contextmanager
def open_run(settings: Settings, command: str, run_date: date) -> Iterator[Run]:
    """Hold the lock, give the run, and at its end publish what it wrote; after an error publish nothing and record why. Either is told.

    Runs that were killed are marked abandoned first, and what they left in staging is removed.
    """
    started_at, started = datetime.now(UTC), time.monotonic()
    run_id = f"{started_at:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:6]}"
    logs.set_up(settings.log_format, run_id)
    params = parse_params(read_conf("als.yaml"))
    telling = Telling(settings, command, run_date, run_id)
    with telling.of_the_start(), lake_lock(settings.lake_root, settings.lock), telling.of_the_run(), full_disk_named(settings):
        _keep_vault_private(settings)
        is_small = is_small_lake(settings)
        spark = spark_session(settings, emptied_scratch(settings.vault_root), is_small)
        store = DeltaStore(spark, settings.lake_root, settings.vault_root, settings.small_rows)
        store.note = run_id
        ledger = Ledger(store, run_id, command, run_date, code_version())
        telling.can_record(store, ledger)
        if killed := ledger.mark_abandoned():
            logs.warn(f"{len(killed)} earlier run(s) were killed; their rows in ops.runs now say abandoned")
            telling.tell_killed(killed)
        drop_unrecorded_rejects(store)
        key = key_file.pseudonym_key(settings, store)
        ledger.record(Entry("", STARTED, size_told(is_small)))
        before = published(store)
        runner = Runner(store, ledger, run_id, parameters(settings, params, run_date), before)
        run = Run(
            run_id,
            run_date,
            started_at,
            settings,
            spark,
            store,
            ledger,
            runner,
            params,
            key,
            published=before,
            alarms=telling.alarms,
            cleared=telling.cleared,
        )
        store.delete_folder(run.staging)
        try:
            # Here already, so that the ledger's row says it too.
            with full_disk_named(settings):
                yield run
                audit(run)
                conclude(run)
                tell_rejects(run)
                ledger.publish({name: head for name, head in runner.outputs.items() if before.get(name) != head})
                for action in run.at_end:
                    action()
        except BaseException as failure:
            error = _first_failure(run, failure)
            give_up(error, ledger, time.monotonic() - started, lambda: store.delete_folder(run.staging))
            if isinstance(error, TooManyRejectsError):
                record_refused(run, error)
            write_data_docs(run)
            raise error from None
        store.delete_folder(run.staging)
        # Outside of the above: a run has one end. If this row does not get through, the next run marks the run as abandoned.
        ledger.record(Entry("", SUCCEEDED, seconds=time.monotonic() - started))
        write_data_docs(run)


def _first_failure(run: Run, failure: BaseException) -> BaseException:
    """What an audit found that was at work beside the stage that failed comes first: the stage was built on it."""
    if isinstance(failure, Exception):
        try:
            conclude(run)
        except DataError as verdict:
            return verdict
        except Exception as problem:
            logs.warn(f"the audit beside it failed too ({type(problem).__name__})")
    return failure


def _keep_vault_private(settings: Settings) -> None:
    """A vault on a local disk is for the user of the runs alone."""
    if "://" not in settings.vault_root:
        Path(settings.vault_root).mkdir(parents=True, exist_ok=True)
        Path(settings.vault_root).chmod(0o700)


def parameters(settings: Settings, params: Params, run_date: date) -> dict[str, object]:
    """What steps may depend on besides tables, by name."""
    return {
        "run_date": run_date,
        "shops": _shops(settings),
        "feed_shop": settings.feed_shop_code,
        "disposable_domains": tuple(sorted(blocklist)),
        "half_life_days": params.weights.half_life_days,
        "popularity_days": params.popularity.days,
        "lists": params.lists,
        "country_smoothing": params.popularity.country_smoothing,
    }


def _shops(settings: Settings) -> Shops:
    """The rules of the shops, and of the app, whose days are those of the shop that its vendor speaks of."""
    rules = (ShopRules(code, s.time_zone, s.counts_as_sale, s.consent_meta_key) for code, s in sorted(settings.shops.items()))
    return (*rules, ShopRules(APP, settings.shops[settings.feed_shop_code].time_zone, COUNTS_AS_SALE))


def code_version() -> str:
    """The version of the installed package; of a checkout or zip without metadata, `source`."""
    try:
        return version("lakehouse")
    except PackageNotFoundError:
        return "source"

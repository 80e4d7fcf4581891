"""One database → the orders, lines, customers and products of bronze and vault, by sync, as a shop of its own."""

import json
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from pyspark.errors import PySparkException
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze.databases import database_keys
from lakehouse.bronze.databases.database_rows import entity_rows, landed, text_keys, with_ids
from lakehouse.bronze.landing import split
from lakehouse.errors import DataError
from lakehouse.fingerprint import fingerprint
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.ops.ledger import inputs_json
from lakehouse.ops.shop_reads import ShopReadRecord, last_read, record_read
from lakehouse.ops.source_schema import last_columns, record_columns
from lakehouse.pipeline.mirrors import Mirrors
from lakehouse.runs.stage import RunContext
from lakehouse.sources.databases.entities import ENTITIES, ORDERS
from lakehouse.stages.ingest_database.database_source import DatabaseSource
from lakehouse.stages.ingest_database.read_database import Staged, read_database
from lakehouse.table import Table

TABLES: tuple[Table, ...] = (database_keys.TABLE, *(part for entity in ENTITIES for part in entity.mirrors))
# The modules that decide what becomes of what was read.
SHAPING = (
    "lakehouse.bronze.databases.database_rows",
    "lakehouse.bronze.databases.database_keys",
    "lakehouse.bronze.landing",
    "lakehouse.pipeline.loader",
)


# The class of SQLSTATEs that say: a value is not what the statement takes it for.
OF_A_VALUE = "22"


class DatabaseMirroring:
    """One database of one run."""

    def __init__(self, run: RunContext, source: DatabaseSource, accept_deletes: Collection[str]) -> None:
        self._run, self._source, self._code = run, source, source.code
        self._accepted = accept_deletes
        self._mirrors = Mirrors(run.store, run.ledger, run.run_id, source.code)

    def mirror(self) -> dict[str, TableVersion]:
        """Read, mirror, record. Gives the versions of the mirrors. Nothing is written where all rows are those of the last time."""
        logs.info(f"{self._code}: {self._source.description}")
        started = time.monotonic()
        staged = read_database(self._run, self._source)
        seconds = time.monotonic() - started
        if self._is_same(staged):
            for table in TABLES:
                if self._run.store.head(table.name) is not None:
                    self._mirrors.leave(table)
        else:
            with self._naming_the_kind():
                self._land(staged)
        self._record(staged, seconds)
        return self._mirrors.outputs

    def _land(self, staged: Staged) -> None:
        settings = self._source.settings
        is_small = self._run.store.holds(max(checksum.rows for checksum in staged.checksums.values()))
        values = {"currency": settings.currency, "price_includes_tax": settings.price_includes_tax}
        entities = entity_rows(self._source.kind, staged.tables, values)
        keys = self._keys(text_keys(entities, self._code), is_small)
        found = landed({name: with_ids(rows, keys) for name, rows in entities.items()}, staged.read_at)
        for entity in ENTITIES:
            if entity.name not in found:
                continue
            mirror, vault = split(found[entity.name], entity, self._code, self._run.key)
            share = 1 if entity.bronze.name.removeprefix("bronze.") in self._accepted else settings.max_delete_share
            self._mirrors.load(entity.bronze, mirror, share, is_small)
            if vault is not None and entity.vault is not None:
                self._mirrors.load(entity.vault, vault, share, is_small)

    @contextmanager
    def _naming_the_kind(self) -> Iterator[None]:
        """DataError (65) for a value that a SELECT of the kind can't take, as a time of day that is none. The value itself is not told."""
        try:
            yield
        except PySparkException as error:
            if not (error.getSqlState() or "").startswith(OF_A_VALUE):
                raise
            found = f"database {self._code}: a value that a SELECT of kind {self._source.kind.name} can't take ({error.getCondition()})"
            raise DataError(found, "correct the kind's module in sources/databases: try_cast there makes null of such a value") from None

    def _keys(self, found: DataFrame | None, is_small: bool) -> DataFrame:
        """This database's keys, with those that are new tonight, which are written first."""
        table, store = database_keys.TABLE, self._run.store
        known = store.latest(table).where(F.col("shop_code") == self._code)
        if found is None:
            return known
        every = known.unionByName(database_keys.new_keys(found, known)).persist()
        try:
            if database_keys.shared_ids(every).limit(1).count():
                raise DataError(f"{table.name}: two keys of {self._code} have the same id", "report it: keys need a longer id")
            self._mirrors.load(table, every, 1, is_small)
        finally:
            every.unpersist()
        return store.latest(table).where(F.col("shop_code") == self._code)

    def _is_same(self, staged: Staged) -> bool:
        """Whether the mirrors hold these rows: read alike, by the same declarations, into tables that still are what they were."""
        before = last_read(self._run.store, self._code)
        if before is None or before.fingerprint != self._fingerprint() or before.heads != self._heads():
            return False
        return before.known_checksums == _texts(staged)

    def _heads(self) -> dict[str, TableVersion]:
        heads = {table.name: self._run.store.head(table.name) for table in TABLES}
        return {name: head for name, head in heads.items() if head}

    def _fingerprint(self) -> str:
        settings = self._source.settings
        meaning = (settings.time_zone, settings.currency, settings.price_includes_tax)
        shaping = [fingerprint(module) for module in SHAPING]
        return fingerprint("lakehouse.sources.databases.entities", shaping, self._source.kind, meaning)

    def _record(self, staged: Staged, seconds: float) -> None:
        """Written last, so that a run that dies before is read over again."""
        self._run.ledger.flush()
        columns = self._source.columns
        record_columns(self._run.store, self._run.run_id, self._code, columns, last_columns(self._run.store, self._code))
        counted_orders = (
            f"SELECT count(*) AS n, max(coalesce(updated_at, created_at)) AS newest FROM {{rows}} WHERE shop_code = '{self._code}'"
        )
        (orders,) = self._run.store.question(counted_orders, rows=ORDERS.bronze.name)
        there, newest = int(orders["n"]), orders["newest"] or staged.read_at
        record_read(
            self._run.store,
            ShopReadRecord(
                run_id=self._run.run_id,
                shop_code=self._code,
                read_at=staged.read_at,
                store=self._source.kind.name,
                mode="full",
                consistency_mode=staged.consistency,
                position="",
                lag_seconds=self._source.lag_seconds,
                seconds=seconds,
                orders_there=there,
                orders_read=there,
                window_from=None,
                reread_up_to=0,
                cursor_at=min(newest, staged.read_at),
                held_orders="[]",
                fingerprint=self._fingerprint(),
                tables=inputs_json(self._heads()),
                checksums=json.dumps(_texts(staged)),
            ),
        )


def _texts(staged: Staged) -> dict[str, str]:
    return {name: str(checksum) for name, checksum in staged.checksums.items()}

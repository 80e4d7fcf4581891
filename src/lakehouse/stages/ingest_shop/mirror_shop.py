"""One shop → bronze and vault: what may have changed is read once and mirrored by sync, then compared with what the shop counts."""

import json
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from pyspark.sql import functions as F

from lakehouse.bronze.landing import split
from lakehouse.bronze.reading_plan import ReadCursor
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.io.mysql.replica_pause import ReadConsistency, catch_up, paused, resume
from lakehouse.io.mysql.shop_figures import lake_figures
from lakehouse.ops import reconciliations
from lakehouse.ops.ledger import STARTED, SUCCEEDED, Entry, inputs_json
from lakehouse.ops.reconciliations import FAIL, WARN, compared, refuse_failures
from lakehouse.ops.shop_reads import ShopReadRecord, last_read, record_read
from lakehouse.ops.source_schema import last_columns, record_columns
from lakehouse.pipeline.mirrors import Mirrors
from lakehouse.runs.stage import RunContext
from lakehouse.scope import Orders
from lakehouse.sources.source import ROOT_ORDER, JdbcTable
from lakehouse.sources.woocommerce import TABLES
from lakehouse.sources.woocommerce.orders import ORDER_META, ORDERS
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES
from lakehouse.stages.ingest_shop.last_reading import last_reading, mirror_heads, reading_fingerprint
from lakehouse.stages.ingest_shop.read_shop import ShopReader, Staged
from lakehouse.stages.ingest_shop.shop_source import ShopSource

MAX_ID = 2**63 - 1


def start_again(run: RunContext, code: str) -> bool:
    """A replica that a killed run left stopped goes on; whether there was one."""
    if run.ledger.last_status(_step(code)) != STARTED:
        return False
    resume(code, run.settings.shops[code])
    run.ledger.record(Entry(_step(code), SUCCEEDED, "started again after a run that was killed"), at_once=True)
    return True


def _step(code: str) -> str:
    return f"replica[{code}]"


class Mirroring:
    """One shop of one run. `stood_still`: its replica did until this run started it again."""

    def __init__(
        self, run: RunContext, source: ShopSource, in_full: bool, accept_deletes: Collection[str], stood_still: bool = False
    ) -> None:
        self._run, self._source, self._code = run, source, source.code
        self._stood_still = stood_still
        self._accepted = accept_deletes
        self._mirrors = Mirrors(run.store, run.ledger, run.run_id, source.code)
        self._before = None if in_full else last_read(run.store, source.code)

    def mirror(self) -> dict[str, TableVersion]:
        """Read, let the replica go on, mirror, record. Gives the versions of the mirrors."""
        logs.info(f"{self._code}: {self._source.description}")
        reader = ShopReader(self._run, self._source)
        try:
            staged, consistency = self._read(reader)
            self._land(staged)
            self._reconcile(staged, consistency, reader.compared_tables())
            self._record(staged, consistency)
        finally:
            reader.release()
        return self._mirrors.outputs

    def _read(self, reader: ShopReader) -> tuple[Staged, ReadConsistency]:
        step, shop = _step(self._code), self._source.settings
        if start_again(self._run, self._code) or self._stood_still:
            catch_up(self._code, shop)

        def stopping() -> None:
            self._run.ledger.record(Entry(step, STARTED, "SQL thread stopped for the read"), at_once=True)

        def going_on() -> None:
            self._run.ledger.record(Entry(step, SUCCEEDED, "SQL thread started again"), at_once=True)

        with paused(self._code, shop, stopping, going_on) as consistency:
            logs.info(f"{self._code}: {consistency.mode} {consistency.position}".rstrip())
            staged = reader.read(self._last(), is_fixed(consistency))
        return staged, consistency

    def _last(self) -> ReadCursor | None:
        """What the mirrors hold, if this run can go on from it."""
        return None if self._before is None else last_reading(self._run.store, self._source, self._before).last

    def _land(self, staged: Staged) -> None:
        """Two tables at a time: those of orders beside all others."""
        orders = None if staged.part is None else staged.part.roots
        if staged.held:
            orders = replace(orders or Orders(ranges=((0, MAX_ID),)), without=staged.held)
        lanes = [(ORDER_TABLES, orders), ([table for table in TABLES if not table.root], None)]
        with ThreadPoolExecutor(len(lanes)) as pool:
            for lane in [pool.submit(self._land_lane, staged, *lane) for lane in lanes]:
                lane.result()

    def _land_lane(self, staged: Staged, tables: Iterable[JdbcTable], orders: Orders | None) -> None:
        for table in tables:
            try:
                self._land_table(table, staged, orders)
            except BaseException:
                logs.set_current_step(self._mirrors.step(table.bronze))  # not before: the other lane is at work too
                raise

    def _land_table(self, table: JdbcTable, staged: Staged, orders: Orders | None) -> None:
        if staged.is_same(table):
            for part in table.mirrors:
                self._mirrors.leave(part)
            return
        frame = staged.frames.get(table.name)
        if frame is None:  # a table that this shop's version does not have is an empty one
            frame = self._run.store.empty(table.columns)
        if orders is not None:
            frame = frame.where(orders.condition(ROOT_ORDER.name))
        mirror, vault = split(frame, table, self._code, self._run.key)
        share, is_small = self._max_delete_share(table), self._run.store.holds(staged.rows.get(table.name, 0))
        self._mirrors.load(table.bronze, mirror, share, is_small, orders)
        if vault is not None and table.vault is not None:
            self._mirrors.load(table.vault, vault, share, is_small, orders)

    def _max_delete_share(self, table: JdbcTable) -> float:
        """What goes with accepted orders is accepted, and the marks of a network come and go.

        Rows of meta have other ids where a shop moved to the other store.
        """
        moved = self._before is not None and self._before.store != self._source.store.name and table is ORDER_META
        accepted = table.name in self._accepted or (table.root is not None and ORDERS.name in self._accepted)
        return 1 if accepted or moved or table.optional else self._source.settings.max_delete_share

    def _reconcile(self, staged: Staged, consistency: ReadConsistency, tables: tuple[JdbcTable, ...]) -> None:
        """What the database counted beside what the mirror holds now. DataError (65), after writing it down, if they are too far apart."""
        within = None if staged.part is None else staged.part.conditions
        rows = compared(staged.figures, lake_figures(self._run.store, self._code, tables, within, staged.held), is_fixed(consistency))
        reconciliations.record(self._run.store, self._run.run_id, self._code, rows)
        logs.info(f"{self._code}: {reconciliations.summary(rows)}")
        for row in rows:
            if row.verdict in (WARN, FAIL):
                logs.warn(f"{self._code}: {row}")
        refuse_failures(self._code, rows)

    def _record(self, staged: Staged, consistency: ReadConsistency) -> None:
        """What the next night goes on from; written last, so that a run that dies before is read over again."""
        self._run.ledger.flush()
        record_columns(self._run.store, self._run.run_id, self._code, self._source.columns, last_columns(self._run.store, self._code))
        orders_read, cursor_at = self._seen(staged)
        record_read(
            self._run.store,
            ShopReadRecord(
                run_id=self._run.run_id,
                shop_code=self._code,
                read_at=staged.read_at,
                store=self._source.store.name,
                mode="full" if staged.part is None else "incremental",
                consistency_mode=consistency.mode,
                position=consistency.position,
                lag_seconds=consistency.lag_seconds,
                seconds=staged.seconds,
                orders_there=staged.orders_there,
                orders_read=orders_read,
                window_from=staged.part.window_from if staged.part else None,
                reread_up_to=staged.part.reread_up_to if staged.part else 0,
                cursor_at=min(cursor_at, staged.read_at),
                held_orders=json.dumps(sorted(staged.held)),
                fingerprint=reading_fingerprint(self._source),
                tables=inputs_json(mirror_heads(self._run.store)),
                checksums=json.dumps(staged.checksums),
            ),
        )

    def _seen(self, staged: Staged) -> tuple[int, datetime]:
        """How many orders were read, and the newest modified date until now."""
        if self._before and staged.is_same(ORDERS):
            return self._before.orders_read, self._before.cursor_at
        seen = staged.frames[ORDERS.name].agg(F.count("*").alias("rows"), F.max("date_updated_gmt").alias("newest")).first()
        assert seen is not None
        newest = seen["newest"].replace(tzinfo=UTC) if seen["newest"] else staged.read_at
        return seen["rows"], max(newest, self._before.cursor_at) if staged.part and self._before else newest


def is_fixed(consistency: ReadConsistency) -> bool:
    """Whether the database stood still while it was read."""
    return consistency.mode == "replica paused"

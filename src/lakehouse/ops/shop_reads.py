"""`ops.shop_reads`: how each shop was read, and what the next night goes on from."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import DOUBLE, LONG, STRING, TIMESTAMP, Table


@dataclass(frozen=True)
class ShopReadRecord:
    """One row of `ops.shop_reads`."""

    run_id: str = column(STRING, "id of the run")
    shop_code: str = column(STRING, "the shop")
    read_at: datetime = column(TIMESTAMP, "the database's own time when the reading began, UTC")
    store: str = column(STRING, "where the shop keeps its orders: hpos or legacy; of a database of another kind its kind")
    mode: str = column(STRING, "full, or incremental")
    consistency_mode: str = column(
        STRING,
        "why the tables that were read fit together: replica paused, or watermark (orders that did not fit were held back); of a database"
        " of another kind one snapshot, or table by table (they may not)",
    )
    position: str = column(STRING, "of replication (GTID); empty if the database has none")
    lag_seconds: float | None = column(DOUBLE, "how far the replica was behind; null if unknown")
    seconds: float = column(DOUBLE, "how long the database was read")
    orders_there: int = column(LONG, "orders and refunds in the shop")
    orders_read: int = column(LONG, "orders and refunds read")
    window_from: int | None = column(LONG, "orders from this id on are read every night; null in full mode")
    reread_up_to: int = column(LONG, "older ones are read in turn, this far now; 0: from the beginning next")
    cursor_at: datetime = column(TIMESTAMP, "the newest modified date that was seen, UTC")
    held_orders: str = column(STRING, "JSON list: orders left as they were, since two readings of them differed; read again next time")
    fingerprint: str = column(STRING, "hash of declarations and settings; another one makes the next reading a full one")
    tables: str = column(STRING, "JSON: mirror → [Delta id, version] afterwards; another id of orders makes the next reading a full one")
    checksums: str | None = column(
        STRING, "JSON: table, or `all orders` where all were read → checksum of the rows read; null in old rows", default="{}"
    )

    @property
    def held(self) -> frozenset[int]:
        """Ids of the orders that were held back."""
        return frozenset(json.loads(self.held_orders))

    @property
    def heads(self) -> dict[str, TableVersion]:
        """Mirror → its version afterwards."""
        return {name: TableVersion(*head) for name, head in json.loads(self.tables).items()}

    @property
    def known_checksums(self) -> dict[str, str]:
        """Table → checksum of the rows that were read."""
        return dict(json.loads(self.checksums or "{}"))


SHOP_READS = Table(
    name="ops.shop_reads",
    grain="one shop read by one run and mirrored",
    key=("run_id", "shop_code"),
    columns=columns_of(ShopReadRecord),
)


def last_read(store: DeltaStore, shop_code: str) -> ShopReadRecord | None:
    """The shop's newest row, written after all its tables were mirrored."""
    newest = store.newest(SHOP_READS, ("shop_code",), "read_at", where=f"shop_code = '{shop_code}'")
    return max(rows_as(ShopReadRecord, newest), key=lambda read: read.run_id, default=None)


def record_read(store: DeltaStore, read: ShopReadRecord) -> None:
    """Append it."""
    store.append_rows(SHOP_READS, [asdict(read)])


def all_reads(store: DeltaStore) -> list[ShopReadRecord]:
    """All rows, oldest first."""
    return sorted(rows_as(ShopReadRecord, store.rows(SHOP_READS)), key=lambda read: (read.read_at, read.run_id))

"""`ops.reads`: how each shop was read, and what the next night goes on from."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.table import DOUBLE, LONG, STRING, TIMESTAMP, Column, Table

READS = Table(
    name="ops.reads",
    grain="one shop read by one run and mirrored",
    key=("run_id", "shop_code"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("shop_code", STRING, "the shop"),
        Column("read_at", TIMESTAMP, "the database's own time when the reading began, UTC"),
        Column("store", STRING, "where the shop keeps its orders: hpos or legacy"),
        Column("mode", STRING, "full, or incremental"),
        Column("picture", STRING, "how one picture was had: replica paused, or watermark (what did not fit together was held back)"),
        Column("position", STRING, "of replication (GTID); empty if the database has none"),
        Column("lag_seconds", DOUBLE, "how far the replica was behind; null if unknown"),
        Column("seconds", DOUBLE, "how long the database was read"),
        Column("orders_there", LONG, "orders and refunds in the shop"),
        Column("orders_read", LONG, "orders and refunds read"),
        Column("window_from", LONG, "orders from this id on are read every night; null in full mode"),
        Column("reread_up_to", LONG, "older ones are read in turn, this far now; 0: from the beginning next"),
        Column("cursor_at", TIMESTAMP, "the newest modified date that was seen, UTC"),
        Column("held_orders", STRING, "JSON list: orders left as they were, since two readings of them differed; read again next time"),
        Column("recipe", STRING, "hash of declarations and settings; another one makes the next reading a full one"),
        Column("tables", STRING, "JSON: mirror → [Delta id, version] afterwards; another id of orders makes the next reading a full one"),
        Column("checksums", STRING, "JSON: table, or `all orders` where all were read → checksum of the rows read; null in old rows"),
    ),
)


@dataclass(frozen=True)
class ShopReadRecord:
    """One row of `ops.reads`."""

    run_id: str
    shop_code: str
    read_at: datetime
    store: str
    mode: str
    picture: str
    position: str
    lag_seconds: float | None
    seconds: float
    orders_there: int
    orders_read: int
    window_from: int | None
    reread_up_to: int
    cursor_at: datetime
    held_orders: str
    recipe: str
    tables: str
    checksums: str | None = "{}"

    @property
    def held(self) -> frozenset[int]:
        return frozenset(json.loads(self.held_orders))

    @property
    def heads(self) -> dict[str, TableVersion]:
        return {name: TableVersion(*head) for name, head in json.loads(self.tables).items()}

    @property
    def known_checksums(self) -> dict[str, str]:
        return dict(json.loads(self.checksums or "{}"))


def last_read(store: DeltaStore, shop_code: str) -> ShopReadRecord | None:
    """The shop's newest row, written after all its tables were mirrored."""
    newest = store.newest(READS, ("shop_code",), "read_at", where=f"shop_code = '{shop_code}'")
    return max((ShopReadRecord(**row) for row in newest), key=lambda read: read.run_id, default=None)


def record_read(store: DeltaStore, read: ShopReadRecord) -> None:
    store.append_rows(READS, [asdict(read)])


def all_reads(store: DeltaStore) -> list[ShopReadRecord]:
    """All rows, oldest first."""
    return sorted((ShopReadRecord(**row) for row in store.rows(READS)), key=lambda read: (read.read_at, read.run_id))

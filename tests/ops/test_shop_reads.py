"""What one night leaves to the next about how a shop was read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.shop_reads import ShopReadRecord, last_read, record_read

READ = ShopReadRecord(
    run_id="a",
    shop_code="nl",
    read_at=datetime(2026, 11, 20, 3, 0, 1, tzinfo=UTC),
    store="hpos",
    mode="full",
    consistency_mode="watermark",
    position="0-1-77",
    lag_seconds=None,
    seconds=1.5,
    orders_there=7,
    orders_read=6,
    window_from=None,
    reread_up_to=0,
    cursor_at=datetime(2026, 11, 20, 2, 59, 59, tzinfo=UTC),
    held_orders="[11, 7]",
    fingerprint="r",
    tables="{}",
)


def test_the_newest_row_of_the_shop_comes_back_as_it_was_written(store: DeltaStore) -> None:
    assert last_read(store, "nl") is None
    later = replace(READ, run_id="b", read_at=READ.read_at + timedelta(days=1), window_from=5, lag_seconds=2.5, held_orders="[]")
    for read in (later, READ, replace(READ, shop_code="de", read_at=READ.read_at + timedelta(days=9))):
        record_read(store, read)
    found = last_read(store, "nl")
    assert found == later
    assert found.held == frozenset()
    assert READ.held == {7, 11}
    assert last_read(store, "be") is None

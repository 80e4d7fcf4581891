"""What a pack's share of the stock follows from, told without Spark."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.delta.table_resolver import TableResolver
from lakehouse.silver import products
from lakehouse.stages.export_packs.shared_stock import StockSources, stock_sources

TEA = {"shop_code": "nl", "product_id": 1, "product_name": "Tea"}


def run_over(folder: Path, row: dict[str, Any], *left_out: str) -> Any:
    """A run whose silver.products has one row; it lacks the columns `left_out`, as that of an older lake does."""
    store = DeltaStore(lambda: pytest.fail("a JVM is started"), TableResolver(str(folder / "lake"), str(folder / "vault")))
    columns = tuple(column for column in products.TABLE.columns if column.name not in left_out)
    store.append_rows(replace(products.TABLE, columns=columns), [row])
    return SimpleNamespace(store=store, heads={}, head=lambda table: store.head(table.name))


@pytest.mark.parametrize(
    ("row", "left_out", "is_counted"),
    [
        ({}, (), False),
        ({"stock_quantity": 3}, (), True),
        ({"variations_stock_quantity": 3}, (), True),
        ({"stock_quantity": 3}, ("variations_stock_quantity",), True),
        ({}, ("variations_stock_quantity",), False),
    ],
)
def test_stock_counts_where_some_product_or_its_variations_count_theirs_also_in_an_older_lake(
    tmp_path: Path, row: dict[str, Any], left_out: tuple[str, ...], is_counted: bool
) -> None:
    found = stock_sources(run_over(tmp_path, TEA | row, *left_out), (), (), {})
    assert (found != StockSources()) is is_counted

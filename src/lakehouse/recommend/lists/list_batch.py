"""Lists of a block of customers as rows for Spark."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend.lists.ruled_lists import Ruled

# One row per list. `rules`: of each place the rule that put it there. `removed`: on a customer's first row, what rules took off the lists.
RANKED = (
    "shop_code string, customer_key string, list_name string, product_ids array<bigint>, scores array<double>, sources array<string>,"
    " rules array<string>, removed array<struct<list_name: string, rule: string, product_id: bigint>>"
)
RULES = pa.list_(pa.string())
REMOVED = pa.list_(pa.struct([("list_name", pa.string()), ("rule", pa.string()), ("product_id", pa.int64())]))


def list_batch(
    lists: Mapping[str, Ruled], customers: pa.RecordBatch, product_ids: np.ndarray, sources: Sequence[str], rules: Sequence[str] = ()
) -> pa.RecordBatch:
    """A row per customer and list that is not empty. `rules`: their names by number; null in the rows where there are none."""
    sizes = {name: np.bincount(listed.places.row, minlength=customers.num_rows) for name, listed in lists.items()}
    row = np.concatenate([np.flatnonzero(size) for size in sizes.values()])
    names = np.repeat(np.arange(len(sizes)), [np.count_nonzero(size) for size in sizes.values()])
    offsets = pa.array(np.cumsum(np.concatenate([[0], *(size[size > 0] for size in sizes.values())])), pa.int32())
    _, column, score, source = (np.concatenate(values) for values in zip(*(listed.places for listed in lists.values()), strict=True))
    flat = (pa.array(product_ids[column], pa.int64()), pa.array(score), pa.array(sources).take(pa.array(source)))
    columns = [customers.column(name).take(pa.array(row)) for name in CUSTOMER]
    columns += [pa.array(list(lists)).take(pa.array(names)), *(pa.ListArray.from_arrays(offsets, values) for values in flat)]
    columns += (
        [_rules(lists, offsets, rules), _removed(lists, row, product_ids, rules)]
        if rules
        else [pa.nulls(len(row), RULES), pa.nulls(len(row), REMOVED)]
    )
    return pa.RecordBatch.from_arrays(columns, names=[*CUSTOMER, "list_name", "product_ids", "scores", "sources", "rules", "removed"])


def _rules(lists: Mapping[str, Ruled], offsets: pa.Array, rules: Sequence[str]) -> pa.Array:
    number = np.concatenate([listed.rule for listed in lists.values()])
    return pa.ListArray.from_arrays(offsets, pa.array(rules, pa.string()).take(pa.array(number, pa.int64(), mask=number < 0)))


def _removed(lists: Mapping[str, Ruled], row: np.ndarray, product_ids: np.ndarray, rules: Sequence[str]) -> pa.Array:
    """On the first row of each customer: a list that became empty has no row of its own."""
    of_customer, column, number = (np.concatenate(values) for values in zip(*(listed.removed for listed in lists.values()), strict=True))
    name = np.repeat(np.arange(len(lists)), [len(listed.removed[0]) for listed in lists.values()])
    customers, first = np.unique(row, return_index=True)
    at = np.searchsorted(customers, of_customer).clip(max=max(len(customers) - 1, 0))
    kept = np.flatnonzero(customers[at] == of_customer) if len(customers) else np.zeros(0, dtype=np.int64)
    place = first[at[kept]]
    order = kept[np.argsort(place, kind="stable")]
    counts = np.bincount(place, minlength=len(row))
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]), pa.int32())
    values = [
        pa.array(list(lists)).take(pa.array(name[order])),
        pa.array(rules, pa.string()).take(pa.array(number[order])),
        pa.array(product_ids[column[order]], pa.int64()),
    ]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(values, fields=list(REMOVED.value_type)))

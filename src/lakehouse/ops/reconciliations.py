"""`ops.reconciliations`: whether the mirror holds what the shop's database counts and adds up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from lakehouse.errors import DataError
from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.io.mysql.shop_figures import KEY_MAX, KEY_MIN, TOTAL, Figures
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.table import DOUBLE, MONEY, STRING, TIMESTAMP, Column, Table

EQUAL, WITHIN, QUARANTINED, WARN, FAIL = "equal", "within", "quarantined", "warn", "fail"
WORST_FIRST = (FAIL, WARN, QUARANTINED, WITHIN, EQUAL)
REVENUE = "revenue"
STATUS_HEADER = ["shop", "figure", "in the shop", "in the lake", "apart", "verdict"]
# Shares of the larger value. An open shop goes on selling between reading and counting.
WARN_ABOVE, FAIL_ABOVE = Decimal("0.001"), Decimal("0.01")
# So many rows or days may be apart in an open shop, whatever their share: a table of fifty rows gets one more.
FEW = 10


@dataclass(frozen=True)
class Reconciliation:
    """One row of `ops.reconciliations`, without what is the same for all."""

    table_name: str = column(STRING, "mirrored table, without layer and source")
    measure: str = column(STRING, "count, key_min, key_max or total, of the shop's database; revenue: from the mirror to silver")
    group_name: str = column(STRING, "of totals and revenue: the currency; currency and UTC day where a day differs; else empty")
    source_value: Decimal | None = column(MONEY, "what the shop's database says, of revenue the mirror; null if there are no rows")
    lake_value: Decimal | None = column(MONEY, "the same of the mirror, of revenue silver")
    share: float | None = column(DOUBLE, "difference as a share of the larger value; null for keys")
    verdict: str = column(STRING, "equal, within (small enough), quarantined (all that is apart is in quarantine), warn or fail")
    quarantined_value: Decimal | None = column(MONEY, "of revenue: what stands in quarantine", default=None)

    def __str__(self) -> str:
        apart = f" ({self.apart} apart)" if self.apart else ""
        if self.measure == REVENUE:
            where = f"{_shown(self.source_value)} in the mirror, {_shown(self.lake_value)} in silver"
            return f"{self.name}: {where}, {_shown(self.quarantined_value)} in quarantine"
        return f"{self.name}: {_shown(self.source_value)} in the shop, {_shown(self.lake_value)} in the lake{apart}"

    @property
    def name(self) -> str:
        """As orders total EUR."""
        return " ".join(part for part in (self.table_name, self.measure, self.group_name) if part)

    @property
    def apart(self) -> str:
        """The difference as a share, in percent; empty for keys."""
        return "" if self.share is None else f"{self.share:.2%}"


RECONCILIATIONS = Table(
    name="ops.reconciliations",
    grain="one figure of one shop as one run compared it",
    key=("run_id", "shop_code", "table_name", "measure", "group_name"),
    columns=(
        Column("run_id", STRING, "id of the run"),
        Column("shop_code", STRING, "the shop"),
        Column("checked_at", TIMESTAMP, "when, UTC"),
        *columns_of(Reconciliation),
    ),
)


def compared(source: Figures, lake: Figures, is_fixed: bool) -> list[Reconciliation]:
    """One row per table and measure; of totals one per currency, and one for each day that differs.

    `is_fixed`: the database stood still from reading to counting, so that any difference is worth a warning. Of an open shop a
    few rows, and a currency's total that differs on a few days, are what was sold or edited meanwhile: no more than a warning.
    """
    of_source, of_lake = _by_currency(source), _by_currency(lake)
    rows = [_row(figure, of_source.get(figure), of_lake.get(figure), is_fixed) for figure in sorted(of_source.keys() | of_lake.keys())]
    totals = [
        _row(figure, source.get(figure), lake.get(figure), is_fixed) for figure in sorted(source.keys() | lake.keys()) if figure[1] == TOTAL
    ]
    days = [_at_most_warning(row) for row in totals if row.verdict != EQUAL]
    if not is_fixed:
        days_apart = Counter(row.group_name.split(" ")[0] for row in days)
        rows = [_at_most_warning(row) if _is_of_an_open_shop(row, days_apart) else row for row in rows]
    return rows + days


def _is_of_an_open_shop(row: Reconciliation, days_apart: Mapping[str, int]) -> bool:
    if row.measure == TOTAL:
        return days_apart[row.group_name] <= FEW
    return abs((row.source_value or Decimal(0)) - (row.lake_value or Decimal(0))) <= FEW


def revenue_rows(table_name: str, groups: Mapping[tuple[str, str], tuple[Decimal, Decimal, Decimal]]) -> list[Reconciliation]:
    """A row per currency, and one for each day that differs. `groups`: (currency, day) → the mirror's, silver's and quarantine's amount.

    What is in quarantine explains what silver lacks; anything else is a warning.
    """
    by_currency: dict[str, tuple[Decimal, Decimal, Decimal]] = {}
    for (currency, _), (mirror, silver, apart) in groups.items():
        sums = by_currency.get(currency, (Decimal(0), Decimal(0), Decimal(0)))
        by_currency[currency] = (sums[0] + mirror, sums[1] + silver, sums[2] + apart)
    rows = [_revenue_row(table_name, currency, *amounts) for currency, amounts in sorted(by_currency.items())]
    days = (_revenue_row(table_name, f"{currency} {day}", *amounts) for (currency, day), amounts in sorted(groups.items()))
    return rows + [row for row in days if row.verdict != EQUAL]


def _revenue_row(table_name: str, group: str, mirror: Decimal, silver: Decimal, apart: Decimal) -> Reconciliation:
    larger = max(abs(mirror), abs(silver))
    share = abs(mirror - silver) / larger if larger else Decimal(0)
    verdict = WARN if mirror != silver + apart else QUARANTINED if apart else EQUAL
    return Reconciliation(table_name, REVENUE, group, mirror, silver, float(share), verdict, apart)


def refuse_failures(shop_code: str, rows: Sequence[Reconciliation]) -> None:
    """DataError (65) that names the figure that is furthest apart, if any is too far."""
    failed = [row for row in rows if row.verdict == FAIL]
    if failed:
        worst = max(failed, key=lambda row: row.share or 0)
        more = f"; {len(failed) - 1} more figures differ" if len(failed) > 1 else ""
        raise DataError(f"shop {shop_code}: {worst}{more}", "see ops.reconciliations; `lakehouse ingest --full` reads all orders again")


def summary(rows: Sequence[Reconciliation]) -> str:
    """For the log."""
    counts = Counter(row.verdict for row in rows)
    parts = [f"{_many(counts[EQUAL], 'figure')} equal"]
    parts += [f"{counts[WITHIN]} nearly so"] if counts[WITHIN] else []
    parts += [_many(counts[verdict], noun) for verdict, noun in ((WARN, "warning"), (FAIL, "failure")) if counts[verdict]]
    return f"reconciled: {', '.join(parts)}"


def record(store: DeltaStore, run_id: str, shop_code: str, rows: Sequence[Reconciliation]) -> None:
    """Append the rows."""
    common = {"run_id": run_id, "shop_code": shop_code, "checked_at": datetime.now(UTC)}
    store.append_rows(RECONCILIATIONS, [{**common, **asdict(row)} for row in rows])


def reconciliation_rows(store: DeltaStore, run_id: str) -> list[list[str]]:
    """For `lakehouse status`: STATUS_HEADER, then of each shop what differs, worst first, and how many figures are equal; of revenue the
    newest figures.

    Days that differ are counted by currency. Only the header for a run that compared nothing.
    """
    found = store.rows(RECONCILIATIONS, where=f"run_id = '{run_id}' AND measure <> '{REVENUE}'") + _newest_revenue(store)
    kept: dict[str, list[Reconciliation]] = {}
    for row, figure in zip(found, rows_as(Reconciliation, found), strict=True):
        kept.setdefault(row["shop_code"], []).append(figure)
    return [STATUS_HEADER, *([code, *cells] for code, rows in sorted(kept.items()) for cells in _status_cells(rows))]


def _newest_revenue(store: DeltaStore) -> list[dict[str, Any]]:
    """Of each shop what the last run compared, which need not be the one that read the shop."""
    rows = store.rows(RECONCILIATIONS, where=f"measure = '{REVENUE}'")
    last = {row["shop_code"]: row["run_id"] for row in sorted(rows, key=lambda row: row["run_id"])}
    return [row for row in rows if row["run_id"] == last[row["shop_code"]]]


def _status_cells(rows: Sequence[Reconciliation]) -> list[list[str]]:
    worst_first = sorted(rows, key=lambda row: (-WORST_FIRST.index(row.verdict), row.share or 0, row.name), reverse=True)
    figures = [row for row in worst_first if row.verdict != EQUAL and " " not in row.group_name]
    cells = [[row.name, _shown(row.source_value), _shown(row.lake_value), row.apart, row.verdict] for row in figures]
    days = Counter((row.name.rsplit(" ", 1)[0], row.verdict) for row in worst_first if " " in row.group_name)
    cells += [[f"{name}: {_many(count, 'day')}", "", "", "", verdict] for (name, verdict), count in days.items()]
    equal = sum(row.verdict == EQUAL for row in rows)
    return [*cells, [_many(equal, "figure"), "", "", "", EQUAL]]


def _by_currency(figures: Figures) -> Figures:
    """Totals over all days; other figures as they are."""
    summed: Figures = {}
    for (table, measure, group), value in figures.items():
        figure = (table, measure, group.split(" ")[0])
        summed[figure] = summed.get(figure, Decimal(0)) + value
    return summed


def _row(figure: tuple[str, str, str], source: Decimal | None, lake: Decimal | None, is_fixed: bool) -> Reconciliation:
    if figure[1] in (KEY_MIN, KEY_MAX):
        verdict = EQUAL if source == lake else WARN if is_fixed else WITHIN
        return Reconciliation(*figure, source, lake, None, verdict)
    source, lake = source or Decimal(0), lake or Decimal(0)
    larger = max(abs(source), abs(lake))
    share = abs(source - lake) / larger if larger else Decimal(0)
    return Reconciliation(*figure, source, lake, float(share), _verdict(share, is_fixed))


def _verdict(share: Decimal, is_fixed: bool) -> str:
    if share == 0:
        return EQUAL
    if share > FAIL_ABOVE:
        return FAIL
    return WARN if is_fixed or share > WARN_ABOVE else WITHIN


def _at_most_warning(row: Reconciliation) -> Reconciliation:
    """A day may hold one order, so its share says nothing about the mirror; the currency's row does."""
    return row if row.verdict != FAIL else Reconciliation(**{**asdict(row), "verdict": WARN})


def _shown(value: Decimal | None) -> str:
    return "none" if value is None else f"{value.normalize():f}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

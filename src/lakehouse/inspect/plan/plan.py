"""What a night would read and build, how long that usually takes, and what stands in its way. Decides, and writes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from lakehouse.bronze.reading_plan import is_read_whole
from lakehouse.errors import BusyError, LakehouseError
from lakehouse.inspect.doctor.doctor import check_roots
from lakehouse.inspect.plan.files import files
from lakehouse.inspect.plan.steps import step_rows
from lakehouse.inspect.text_tables import RowFormat, as_rows, as_table
from lakehouse.io.config.settings import Settings, load_settings
from lakehouse.io.host import lock
from lakehouse.lake import Lake
from lakehouse.night import NIGHT, found
from lakehouse.ops import pseudonym_key as key_file
from lakehouse.ops.history import History
from lakehouse.ops.shop_reads import ShopReadRecord, last_read
from lakehouse.ops.source_schema import check_columns, frozen, last_columns
from lakehouse.pipeline.old_names import TAKE_ON, is_old
from lakehouse.stages.ingest_database.database_source import DatabaseSource, check_database
from lakehouse.stages.ingest_shop.last_reading import CursorDecision, last_reading
from lakehouse.stages.ingest_shop.shop_source import ShopSource, check_shop, shop_notes

T = TypeVar("T")
STEPS = ("step", "tonight", "rows", "seconds")


@dataclass(frozen=True)
class Plan:
    """What a night would do. `above` and `below` are what is no step, in words; `steps` have a row each, with the columns of STEPS."""

    above: str
    steps: list[list[Any]]
    below: str
    # Of the first thing that blocks; 0 if nothing does.
    exit_code: int

    def as_text(self, output: RowFormat) -> tuple[str, str]:
        """The answer, and what stands beside it: nothing beside a table, in which all of the plan is."""
        steps = as_rows(STEPS, self.steps, output)
        if output != RowFormat.TABLE:
            return steps, f"{self.above}\n\n{self.below}"
        return "\n\n".join([self.above, _part("steps, with their usual rows and seconds", steps.splitlines()), self.below]), ""


def plan(env: str, run_date: date | None = None) -> Plan:
    """As things are now, for a night of that date; without one of today (UTC)."""
    settings, now = load_settings(env), datetime.now(UTC)
    as_of = run_date or now.date()
    lake = Lake(settings)
    history, blocked = History(lake.store), Blocked()
    note = [f"note: {TAKE_ON[0]}; a night gives its tables the names of now, and reads and builds everything in full"]
    blocked.unless(lambda: _not_at_work(settings))
    blocked.unless(lambda: check_roots(settings))
    blocked.unless(lambda: key_file.is_made(settings, lake.store) or key_file.check_key(settings, lake.store))
    sources = {code: blocked.unless(lambda code=code: _source(lake, code)) for code in settings.shops}  # type: ignore[misc]
    databases = {code: blocked.unless(lambda code=code: _database(lake, code)) for code in settings.databases}  # type: ignore[misc]
    usual = history.usual_seconds("night")
    shops = as_table(["shop", "reads", "orders", "seconds"], [*_shops(lake, sources), *_databases(lake, databases)])
    steps = step_rows(lake, history, as_of)
    above = [
        f"a night of run date {as_of}, as things are now; nothing was written",
        *(note if is_old(lake.store) else []),
        _part("blocks", blocked.lines() or ["nothing"]),
        _part("shops, with orders and seconds of the last reading", shops.splitlines()),
        *_notes(sources, blocked),
        _part("files", list(files(lake, now))),
    ]
    below = [
        _part("then", [f"{stage.name}: {found(stage.outlook)(lake, history, as_of)}" for stage in NIGHT if stage.outlook]),
        "how long: no night has succeeded yet" if usual is None else f"how long: {usual / 60:.0f} min (median of the last nights)",
    ]
    return Plan("\n\n".join(above), steps, "\n\n".join(below), blocked.code)


class Blocked:
    """What stands in the way, in the order in which a night would meet it."""

    def __init__(self) -> None:
        self._errors: list[LakehouseError] = []

    def unless(self, check: Callable[[], T]) -> T | None:
        """What the check gives; None, and the error is kept, if it fails."""
        try:
            return check()
        except LakehouseError as error:
            self._errors.append(error)
            return None

    @property
    def code(self) -> int:
        """Exit code of the first error; 0 without errors."""
        return self._errors[0].exit_code if self._errors else 0

    def lines(self) -> list[str]:
        """A line for each error: exit code, what is wrong, what to do."""
        return [f"{error.exit_code}: {error}" + (f" -> {error.todo}" if error.todo else "") for error in self._errors]


def _part(title: str, lines: list[str]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _not_at_work(settings: Settings) -> None:
    if lock.is_held(settings.lake_root, settings.lock):
        raise BusyError(f"another run is at work on {settings.lake_root}", "wait for it; `lakehouse status` says which one")


def _source(lake: Lake, code: str) -> ShopSource:
    source = check_shop(code, lake.settings.shops[code])
    check_columns(code, frozen(source.settings), source.tables, source.columns, last_columns(lake.store, code))
    return source


def _shops(lake: Lake, sources: dict[str, ShopSource | None]) -> Iterator[list[str]]:
    """How each shop would be read; orders and seconds are those of the last time."""
    for code, source in sources.items():
        before = last_read(lake.store, code)
        orders = "" if before is None else f"{before.orders_read} of {before.orders_there}"
        seconds = "" if before is None else f"{before.seconds:.0f}"
        if source is None:
            yield [code, "can't be read, see above", orders, seconds]
            continue
        reading = last_reading(lake.store, source, before)
        yield [code, _how(source, reading, before), orders, seconds]


def _database(lake: Lake, code: str) -> DatabaseSource:
    source = check_database(code, lake.settings.databases[code])
    check_columns(code, set(source.settings.freeze), source.kind.tables, source.columns, last_columns(lake.store, code))
    return source


def _databases(lake: Lake, sources: dict[str, DatabaseSource | None]) -> Iterator[list[str]]:
    for code, source in sources.items():
        before = last_read(lake.store, code)
        orders, seconds = ("", "") if before is None else (f"{before.orders_there}", f"{before.seconds:.0f}")
        how = "can't be read, see above" if source is None else "all of it; if no row differs, nothing is written"
        yield [code, how, orders, seconds]


def _notes(sources: dict[str, ShopSource | None], blocked: Blocked) -> list[str]:
    there = {code: source for code, source in sources.items() if source}
    found = [f"{code}: {note}" for code, source in there.items() for note in blocked.unless(lambda source=source: shop_notes(source)) or []]  # type: ignore[misc]
    return [_part("worth a look", found)] if found else []


def _how(source: ShopSource, reading: CursorDecision, before: ShopReadRecord | None) -> str:
    """Whether all orders are read, and why."""
    if reading.last is None:
        return f"all orders: {reading.reason}"
    if before is not None and is_read_whole(before.orders_there, source.settings.reread_at_least_orders):
        return "all orders: it is small; tables without a change are left"
    return "orders in part, all other tables whole"

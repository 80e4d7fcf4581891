"""What a version of a table or a campaign pack was made from, down to positions of shops and files, as the ledgers have it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from lakehouse.errors import DataError
from lakehouse.flow import MODEL
from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.file_ledger import LOADED, FileEntry, FileLedger
from lakehouse.ops.history import Event, History
from lakehouse.ops.ledger import PUBLICATIONS, SKIPPED, SUCCEEDED, published
from lakehouse.ops.model_changes import model_changes
from lakehouse.ops.shop_reads import ShopReadRecord, all_reads
from lakehouse.pipeline.planner import NOTHING
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.woocommerce.orders import TABLES as ORDER_TABLES

FEED_OF = {table.name: feed.name for feed in FEEDS for table in feed.tables}
# Read in part: a version is the sum of many readings. All other tables of a shop are read whole every time.
IN_PART = {table.name for source in ORDER_TABLES for table in source.mirrors}


@dataclass(frozen=True)
class Reading:
    """How a shop stood when a mirror was written. `since`: the reading of all orders that `added_up` readings went on from."""

    shop_code: str
    run_id: str
    as_of: datetime | None = None
    consistency_mode: str = ""
    position: str = ""
    since: datetime | None = None
    added_up: int = 0


@dataclass(frozen=True)
class File:
    """A file whose rows were loaded."""

    name: str
    sha256: str
    day: date | None
    rows_loaded: int
    run_id: str


@dataclass(frozen=True)
class Made:
    """The step that wrote the version. `looked_at`: the last run that found nothing to change in it."""

    command: str
    run_id: str
    run_date: date
    ended_at: datetime
    code_version: str
    mode: str
    rows: int
    looked_at: str = ""


@dataclass(frozen=True)
class Node:
    """A version of a table, or of the model; -1 for a pack, a training, and a table that was never written.

    What stands above already has no inputs.
    """

    name: str
    version: int
    made: Made | None
    readings: tuple[Reading, ...] = ()
    files: tuple[File, ...] = ()
    inputs: tuple["Node", ...] = ()
    is_above: bool = False


class Lineage:
    """What the ledgers say, read once. Ids of runs begin with the time, so they sort by it."""

    def __init__(self, store: DeltaStore) -> None:
        self._store, self._history = store, History(store)
        if not self._history.events:
            raise DataError("no run was made on this lake yet", "run `lakehouse night`")
        self._reads: Sequence[ShopReadRecord] = all_reads(store)
        self._files: Sequence[FileEntry] = FileLedger(store).entries
        self._made: dict[str, list[Event]] = {}
        for event in self._history.events:
            if event.entry.step and event.entry.status == SUCCEEDED:
                self._made.setdefault(event.entry.step.split("[")[0], []).append(event)
        self._shown: set[tuple[str, TableVersion]] = set()

    def of(self, given: str, version: int | None = None) -> Node:
        """The tree of a table (the published version, or another one), of `train`, or of a pack as `export.email` or `email`."""
        name = f"export.{given}" if f"export.{given}" in self._made else given
        events = self._made.get(name, [])
        if not events:
            raise DataError(f"no run made {given}", "`lakehouse tables` lists tables; others are export.email and train")
        last = events[-1]
        if last.entry.table_version < 0:
            return self._node(name, last.entry.output, last.run_id)
        if version is None:
            head, run_id = self._published(name) or (last.entry.output, last.run_id)
            return self._node(name, head, run_id)
        known = sorted({e.entry.table_version for e in events if e.entry.table_id == last.entry.table_id})
        if not known[0] <= version <= known[-1]:
            raise DataError(f"version {version} of {name} is not known", f"known are {known[0]} to {known[-1]}")
        head = TableVersion(last.entry.table_id, version)
        return self._node(name, head, max(event.run_id for event in self._writers(name, head)))

    def _published(self, name: str) -> tuple[TableVersion, str] | None:
        """The version that readers see, and the run that published it."""
        head = published(self._store).get(name)
        if head is None:
            return None
        rows = self._store.rows(PUBLICATIONS, ("run_id", "published_at"), f"table_name = '{name}'")
        return head, max(rows, key=lambda row: row["published_at"])["run_id"]

    def _writers(self, name: str, head: TableVersion) -> list[Event]:
        """Successes that led to this version of the table, oldest first."""
        return [e for e in self._made.get(name, []) if e.entry.table_id == head.table_id and e.entry.table_version <= head.version]

    def _node(self, name: str, head: TableVersion, seen_by: str) -> Node:
        """`seen_by`: the run that used the version; what came later is no part of it."""
        if (name, head) in self._shown:
            return Node(name, head.version, None, is_above=True)
        self._shown.add((name, head))
        by_step = {event.entry.step: event for event in self._writers(name, head) if event.run_id <= seen_by}
        newest = max(by_step.values(), key=lambda event: (event.ended_at, event.run_id), default=None)
        inputs = sorted(newest.entry.input_heads.items()) if newest else []
        return Node(
            name,
            head.version,
            None if newest is None else self._by(newest),
            tuple(self._reading(name, step, event) for step, event in sorted(by_step.items()) if step != name),
            tuple(self._files_of(name, head, seen_by)),
            tuple(
                self._input(input_name, used, newest.run_id)
                for input_name, used in inputs
                if newest and (input_name, used) != (MODEL, NOTHING)
            ),
        )

    def _input(self, name: str, used: TableVersion, seen_by: str) -> Node:
        return self._model(str(used.version)) if name == MODEL else self._node(name, used, seen_by)

    def _model(self, model: str) -> Node:
        """A version of the model, as its training made it."""
        run_id = next((change.run_id for change in model_changes(self._store) if change.to_version == model), "")
        training = next((event for event in self._made.get("train", []) if event.run_id == run_id), None)
        node = Node("", -1, None) if training is None else self._node("train", training.entry.output, run_id)
        return replace(node, name="model", version=int(model))

    def _by(self, event: Event) -> Made:
        entry = event.entry
        last = [other for other in self._history.events if other.entry.step == entry.step][-1]
        looked_at = last.run_id if last.entry.status == SKIPPED else ""
        rows = entry.rows_inserted + entry.rows_updated + entry.rows_deleted
        return Made(event.command, event.run_id, event.run_date, event.ended_at, event.code_version, entry.mode, rows, looked_at)

    def _reading(self, name: str, step: str, event: Event) -> Reading:
        shop = step.removeprefix(f"{name}[").removesuffix("]")
        until = [read for read in self._reads if read.shop_code == shop and read.run_id <= event.run_id]
        if not until or until[-1].run_id != event.run_id:
            return Reading(shop, event.run_id)
        last = until[-1]
        if name not in IN_PART:
            return Reading(shop, event.run_id, last.read_at, last.consistency_mode, last.position)
        full = max((number for number, read in enumerate(until) if read.mode == "full"), default=0)
        return Reading(shop, event.run_id, last.read_at, last.consistency_mode, last.position, until[full].read_at, len(until) - 1 - full)

    def _files_of(self, name: str, head: TableVersion, seen_by: str) -> list[File]:
        """Newest first. Of a run that was killed there may be files, but no row of the step."""
        wrote = {event.run_id for event in self._writers(name, head)}
        later = {event.run_id for event in self._made.get(name, [])} - wrote
        used = {
            (entry.file_name, entry.sha256): entry
            for entry in self._files
            if entry.feed == FEED_OF.get(name) and entry.status == LOADED and entry.run_id <= seen_by and entry.run_id not in later
        }
        newest_first = sorted(used.values(), key=FileEntry.age, reverse=True)
        return [File(f"{e.sender}/{e.file_name}", e.sha256, e.file_day, e.rows_loaded, e.run_id) for e in newest_first]

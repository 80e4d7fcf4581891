"""`lakehouse lineage`: the answer in words, a summary first, then the tree; or as one JSON object."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime

from lakehouse.inspect.lineage import File, Lineage, Made, Node, Reading
from lakehouse.inspect.text_tables import ReportFormat
from lakehouse.io.config.settings import load_settings
from lakehouse.lake import Lake

# So many files of a table are named one by one, the newest ones.
FILES_SHOWN = 3


def lineage(env: str, name: str, version: int | None, output: ReportFormat) -> str:
    """The lineage of a table or pack. DataError (65) if nothing is known of it."""
    node = Lineage(Lake(load_settings(env)).store).of(name, version)
    return json.dumps(asdict(node), default=str) if output == ReportFormat.JSON else as_text(node)


def as_text(node: Node) -> str:
    """The lineage of a table for a terminal: what it is first, then what it was made from as a tree."""
    return "\n".join([*_summary(node), "", *_tree(node, "" if node.made is None else node.made.run_id)])


def _summary(node: Node) -> Iterator[str]:
    """Who made it when, how each shop stood, how many files."""
    yield _titled(node)
    if node.made is None:
        yield "made by     no run that the ledger knows"
    else:
        made = node.made
        yield f"made by     {_run(made)}, at {_minute(made.ended_at)} UTC, code {made.code_version}: {made.mode}"
        if made.looked_at:
            yield f"unchanged   since then; looked at again by {made.looked_at}"
    for reading in _newest_readings(node):
        yield f"from shop   {_reading(reading)}"
    files = list({(file.name, file.sha256): file for each in _nodes(node) for file in each.files}.values())
    if files:
        newest = max(files, key=lambda file: (file.day or date.min, file.name))
        yield f"from files  {len(files)}, the newest of {newest.day}: {newest.name}"
    if not files and not any(each.readings for each in _nodes(node)):
        yield "from        no source that the ledger knows"


def _newest_readings(node: Node) -> list[Reading]:
    """Of each run that read a shop for it the one that says most: since when readings were added up."""
    found: dict[tuple[str, str], Reading] = {}
    for reading in (reading for each in _nodes(node) for reading in each.readings):
        key = reading.shop_code, reading.run_id
        if key not in found or reading.since is not None:
            found[key] = reading
    return sorted(found.values(), key=lambda reading: (reading.shop_code, reading.run_id))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.inputs:
        yield from _nodes(below)


def _tree(node: Node, run_id: str, depth: int = 0) -> Iterator[str]:
    """A line for each version, indented; the run is named where it is not the one of the table above."""
    indent = "  " * depth
    if node.is_above:
        yield f"{indent}{_titled(node)} (see above)"
        return
    made = node.made
    if made is None:
        told = "" if node.version < 0 else ": no run that the ledger knows made it"
    elif node.readings or node.files:
        told = ""
    else:
        told = f": {made.mode}" + ("" if made.run_id == run_id else f", by {_run(made)}")
    yield f"{indent}{_titled(node)}{told}" + "".join(f" <- shop {r.shop_code}, {_as_of(r)}" for r in node.readings)
    yield from (f"{indent}  <- {_file(file)}" for file in node.files[:FILES_SHOWN])
    if len(node.files) > FILES_SHOWN:
        yield f"{indent}  <- and {len(node.files) - FILES_SHOWN} older files"
    for below in node.inputs:
        yield from _tree(below, made.run_id if made else "", depth + 1)


def _titled(node: Node) -> str:
    if node.version >= 0:
        return f"{node.name} v{node.version}"
    is_table = node.made is None and not node.is_above
    return f"{node.name}: never written, read as empty" if is_table else node.name


def _run(made: Made) -> str:
    return f"{made.command} {made.run_id} of {made.run_date}"


def _reading(reading: Reading) -> str:
    """As of when, by which run, from where; of orders since when readings are added up."""
    told = f"{reading.shop_code} {_as_of(reading)}, read by {reading.run_id}"
    if reading.consistency_mode:
        told += f" ({reading.consistency_mode}{f', position {reading.position}' if reading.position else ''})"
    if reading.since is None:
        return told
    if not reading.added_up:
        return f"{told}: all orders were read"
    return f"{told}: all orders were read {_second(reading.since)} UTC, in part {_times(reading.added_up)} since"


def _as_of(reading: Reading) -> str:
    return "by a run that died before it wrote down how" if reading.as_of is None else f"as of {_second(reading.as_of)} UTC"


def _file(file: File) -> str:
    return f"{file.name}, {file.rows_loaded} rows, sha256 {file.sha256[:12]}, landed by {file.run_id}"


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _second(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"

"""Order of rows, and which of them a window looks at."""

from typing import Any

from lakehouse.spark_sql.kinds import NotOnTheList
from lakehouse.spark_sql.parsing import only
from lakehouse.spark_sql.values import Value


def ordered(item: Any, value: Value) -> str:
    """SQL of one item of ORDER BY. Where nulls come is written out, since the two engines have different defaults."""
    only(item, "this", "desc", "nulls_first")
    if value.kind.element is not None:
        raise NotOnTheList("it is ordered by an array")
    way, nulls = ("DESC" if item.args.get("desc") else "ASC"), ("FIRST" if item.args.get("nulls_first") else "LAST")
    return f"{value.sql} {way} NULLS {nulls}"


def frame(spec: Any) -> str:
    """SQL of a window's ROWS BETWEEN. NotOnTheList for RANGE and GROUPS."""
    only(spec, "kind", "start", "start_side", "end", "end_side")
    ends = [_end_of_frame(spec.args.get(side), spec.args.get(f"{side}_side")) for side in ("start", "end")]
    if str(spec.args.get("kind")).upper() != "ROWS":
        raise NotOnTheList("a window has a RANGE")
    return f"ROWS BETWEEN {ends[0]} AND {ends[1]}"


def _end_of_frame(end: Any, side: Any) -> str:
    if not isinstance(end, str):
        if end is None or end.key != "literal" or not end.name.isdigit():
            raise NotOnTheList("a window has rows of a special kind")
        end = end.name
    return f"{end} {side or ''}".strip().upper()

"""The front of Data Docs as plain HTML that needs nothing from anywhere: what is not true and what to do, then every table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from itertools import groupby

from lakehouse.incident import CRITICAL
from lakehouse.io.quality.offline import STYLE
from lakehouse.ops.quality_results import QUARANTINED, QualityResult

HEAD = f"<!DOCTYPE html><html><head><meta charset='UTF-8'><title>Data Docs of the lake</title>{STYLE}</head>"


def front_page(results: Sequence[QualityResult], pages: Mapping[str, str]) -> str:
    """A page of HTML. `results`, at least one, are in the order of their tables; `pages`: table → address of the page of its verdict."""
    bad = sorted((result for result in results if not result.is_good), key=lambda result: result.severity != CRITICAL)
    heading = f"Not true: {len(bad)} of {len(results)} checks" if bad else "Every check is true"
    newest = max(result.checked_at for result in results)
    of_tables = [list(group) for _, group in groupby(results, key=lambda result: result.table_name)]
    parts = [
        f"<h1>{heading}</h1><p>The newest verdict of {len(of_tables)} tables, the last one of {_time(newest)}.</p>",
        _table(("severity", "what is not true", "what to do", "run"), map(_wrong, bad)) if bad else "",
        "<h2>Tables</h2>",
        _table(("table", "version", "judged", "run", "checks", "not true", "rows in quarantine"), (_judged(rs, pages) for rs in of_tables)),
    ]
    return f"{HEAD}<body>{''.join(parts)}</body></html>"


def _wrong(result: QualityResult) -> tuple[str, ...]:
    is_critical = result.severity == CRITICAL
    todo = "its run published nothing; mend the source or the rule and run again" if is_critical else "look whether it is so"
    return result.severity, escape(result.told()), escape(todo + result.how_to_accept), result.run_id


def _judged(results: Sequence[QualityResult], pages: Mapping[str, str]) -> tuple[str, ...]:
    first = results[0]
    link = f'<a href="{escape(pages[first.table_name])}">{escape(first.table_name)}</a>'
    version = "not written" if first.table_version < 0 else str(first.table_version)
    wrong = sum(not result.is_good for result in results)
    left_out = ", ".join(f"{result.check} {result.unexpected}" for result in results if result.status == QUARANTINED)
    return link, version, _time(first.checked_at), first.run_id, str(len(results)), str(wrong), escape(left_out)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table><tr>{''.join(f'<th>{cell}</th>' for cell in head)}</tr>\n{lines}</table>"


def _time(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"

"""What the declarations say, as text: one table, all tables (the data dictionary), the flow. Needs neither lake nor JVM."""

import inspect
from collections.abc import Iterable

from lakehouse.bronze.databases import database_keys
from lakehouse.checks import every_check
from lakehouse.errors import ConfigError
from lakehouse.flow import APPENDED, CRM, MODEL, STEPS
from lakehouse.inspect.text_tables import RowFormat, as_rows
from lakehouse.pipeline.declared import declared
from lakehouse.sources.databases.entities import ENTITIES
from lakehouse.sources.feeds import FEEDS
from lakehouse.sources.woocommerce import TABLES as WOOCOMMERCE
from lakehouse.table import Table, row_rules

# Of each table types, known keys and keys that stand once are audited too: docs/quality.md.
OF_THE_WHOLE = ("reference", "freshness", "unusual")
TITLE = """# Data dictionary

Made from the declarations by `lakehouse describe --all`; a test fails when it is stale. Times are UTC, money is decimal
beside its currency. `vault.*` holds personal data and has a root, and should have a role, of its own.
"""


def described(name: str | None, output: RowFormat) -> str:
    """A table, or without a name all of them: as Markdown, or else a row for each column. ConfigError (2) for an unknown name."""
    if output == RowFormat.TABLE:
        return every_table() if name is None else one_table(name)
    rows = [
        [table.name, column.name, column.type.simpleString(), column.name in table.key, column.personal, column.comment]
        for table in (declared().values() if name is None else [_declared(name)])
        for column in table.columns
    ]
    return as_rows(["table", "column", "type", "is_key", "personal", "meaning"], rows, output)


def one_table(name: str) -> str:
    """Markdown: grain, key, columns, rules. ConfigError (2) for an unknown name."""
    return _table(_declared(name))


def every_table() -> str:
    """The data dictionary as Markdown: a section for each table."""
    return "\n".join([TITLE, *map(_table, declared().values())]).rstrip()


def _declared(name: str) -> Table:
    found = declared().get(name)
    if found is None:
        raise ConfigError(f"there is no table {name}", "`lakehouse describe --all` shows all of them")
    return found


def _table(table: Table) -> str:
    made = {step.name: inspect.getdoc(step.build) for step in (*STEPS, CRM)}.get(table.name)
    lines = [f"## {table.name}", "", f"One row is {table.grain}. Key: {', '.join(table.key)}."]
    if made:
        lines += ["", made]
    lines += ["", "| column | type | meaning |", "|---|---|---|", *_columns(table)]
    if rules := row_rules(table)[len(table.key) :]:
        lines += ["", f"Rules (a row that breaks one goes to quarantine; more than {table.max_reject_share:.0%} stop the step):", ""]
        lines += [f"- {rule.name}: `{rule.condition}`" for rule in rules]
    if audited := [f"- {check.name}: {check.meaning}" for check in every_check(table) if check.kind in OF_THE_WHOLE]:
        lines += ["", "Audited as well, before it is published:", "", *audited]
    return "\n".join([*lines, ""])


def _columns(table: Table) -> Iterable[str]:
    for column in table.columns:
        personal = f" **personal: {column.personal}**" if column.personal else ""
        yield f"| {column.name} | {column.type.simpleString()} | {column.comment}{personal} |"


def flow_page(output: RowFormat = RowFormat.TABLE) -> str:
    """A row for each source table and step: how it is written, from what."""
    rows = [[source.bronze.name, f"sync, {source.reading}", source.source_name] for source in WOOCOMMERCE]
    rows += [[table.name, "sync, snapshot", "databases"] for table in (database_keys.TABLE, *(e.bronze for e in ENTITIES))]
    rows += [[feed.bronze.name, feed.kind, f"{feed.sender}/{feed.file_name}"] for feed in FEEDS]
    rows += [[table.name, "append", "export"] for table in APPENDED]
    for step in (*STEPS, CRM):
        reads = [*(table.name for table in step.inputs), *([MODEL] if step.takes_model else [])]
        rows.append([step.name, f"{step.write}{' by order' if step.scoped else ''}", ", ".join(reads)])
    return as_rows(["table", "written", "made_from"], rows, output)

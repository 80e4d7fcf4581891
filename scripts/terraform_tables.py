"""Writes infra/terraform/tables.auto.tfvars.json: the tables that Athena is shown, from the declarations."""

import json
from collections.abc import Iterable
from pathlib import Path

from docs import write

from lakehouse.bronze.feed_quarantine import quarantine_table
from lakehouse.pipeline.declared import FILES, declared
from lakehouse.sources.feeds import FEEDS
from lakehouse.table import Table

INFRA = Path(__file__).resolve().parents[1] / "infra" / "terraform"
# Names and addresses are not for SQL.
NOT_SHOWN = "vault"


def main() -> None:
    write(INFRA / "tables.auto.tfvars.json", text())


def text() -> str:
    """The file: each table with its grain and its columns, in the order of the flow."""
    return json.dumps({"tables": {table.name: _described(table) for table in shown()}}, indent=2, ensure_ascii=False) + "\n"


def shown() -> Iterable[Table]:
    """All declared tables but the vault's. The declaration that stands for the quarantine of all feeds is one table for each feed."""
    for name, table in declared().items():
        if table == FILES[1]:
            yield from (quarantine_table(feed.name) for feed in FEEDS)
        elif name.split(".")[0] != NOT_SHOWN:
            yield table


def _described(table: Table) -> dict[str, object]:
    columns = [{"name": column.name, "type": column.type.simpleString(), "comment": column.comment} for column in table.columns]
    return {"comment": f"One row is {table.grain}.", "columns": columns}


if __name__ == "__main__":
    main()

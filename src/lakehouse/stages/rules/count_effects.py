"""What the rules of a run date did to its lists, in `ops.rule_effects`. A lake without rules counts nothing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.ops.lists.rule_effects import is_counted, record_effects
from lakehouse.recommend import customer_products
from lakehouse.recommend.rules.effects import effects
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customers


def count_effects(run: RunContext, lists: TableVersion) -> None:
    """Of the lists of this version, once. One Spark job, if there are rules."""
    rules = run.list_rules
    if not rules.rules or is_counted(run.store, lists):
        return
    made = run.store.read(customer_products.TABLE.name, lists.version)
    found = effects(made, run.read(customers.TABLE)).toArrow().to_pylist()
    record_effects(run.store, effect_rows(run, rules, lists, found))
    places = {rule.id: sum(row["places"] for row in found if row["rule"] == rule.id) for rule in rules.rules}
    logs.info(f"rules: places removed or moved: {', '.join(f'{name} {number}' for name, number in places.items())}", step="rules")


def effect_rows(
    run: RunContext, rules: Rules, lists: TableVersion, found: Iterable[Mapping[str, Any]], campaign: str | None = None
) -> Iterator[dict[str, object]]:
    """Rows of `ops.rule_effects`: one for each of `found`, and one for each rule that did nothing."""
    rows, held = list(found), run.rules.on(run.run_date).hash
    of_run = {"run_id": run.run_id, "run_date": run.run_date, "recorded_at": run.started_at}
    of_lists = {"table_id": lists.table_id, "table_version": lists.version, "rule_set": held, "campaign": campaign}
    for rule in rules.rules:
        nothing = {"rule": rule.id, "effect": "none", "places": 0}
        for row in [row for row in rows if row["rule"] == rule.id] or [nothing]:
            yield {**of_run, **of_lists, "kind": rule.kind, **row}

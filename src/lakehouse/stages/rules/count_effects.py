"""What the rules of a run date did to its lists, in `ops.rule_effects`. A lake without rules counts nothing."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.io.host import logs
from lakehouse.ops.lists.rule_effects import RuleEffect, is_counted, record_effects
from lakehouse.recommend import customer_products
from lakehouse.recommend.rules.effects import effects
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customers


def count_effects(run: RunContext, lists: TableVersion) -> None:
    """Of the lists of this version, once. One Spark job, if there are rules."""
    rules = run.rules.on(run.run_date)
    if not rules.of_lists().rules or is_counted(run.store, lists):
        return
    made = run.store.read(customer_products.TABLE.name, lists.version)
    found = effects(made, run.read(customers.TABLE)).toArrow().to_pylist()
    told = list(effect_rows(run, rules.of_lists(), rules.hash, lists, found))
    record_effects(run.store, told)
    by_rule = {rule.id: sum(effect.places for effect in told if effect.rule == rule.id) for rule in rules.of_lists().rules}
    logs.info(f"rules: places moved or removed: {', '.join(f'{name} {places}' for name, places in by_rule.items())}", step="rules")


def effect_rows(
    run: RunContext, rules: Rules, rule_set: str, lists: TableVersion, found: Iterable[Mapping[str, Any]], campaign: str | None = None
) -> Iterator[RuleEffect]:
    """A row for each of `found`, and one for each rule that did nothing."""
    rows = list(found)
    for rule in rules.rules:
        mine = [row for row in rows if row["rule"] == rule.id]
        for row in mine or [{"rule": rule.id}]:
            yield RuleEffect(
                run.run_id,
                run.run_date,
                run.started_at,
                lists.table_id,
                lists.version,
                rule_set,
                kind=rule.kind,
                campaign=campaign,
                **row,
            )

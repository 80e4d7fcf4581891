"""`ops.rule_effects`: what each rule (conf/rules) did to lists and packs."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.ops.records import column, columns_of
from lakehouse.table import DATE, LONG, STRING, TIMESTAMP, Table

REMOVED, MOVED, NONE = "removed", "moved", "none"


@dataclass(frozen=True)
class RuleEffect:
    """One row of `ops.rule_effects`."""

    run_id: str = column(STRING, "id of the run that counted it")
    run_date: date = column(DATE, "as-of date of the lists")
    recorded_at: datetime = column(TIMESTAMP, "when it was counted, UTC")
    table_id: str = column(STRING, "id of recommendations.customer_products")
    table_version: int = column(LONG, "the version of it whose places are counted, or that the pack was made from")
    rule_set: str = column(STRING, "hash of all rules that held on the run date")
    rule: str = column(STRING, "file and name of the rule, with a point between")
    kind: str = column(STRING, "hide, pin, at_most, stock_cover or boost")
    campaign: str | None = column(STRING, "the campaign whose pack it is about; null for lists", default=None)
    shop_code: str | None = column(STRING, "the shop; null if the rule did nothing", default=None)
    list_name: str | None = column(STRING, "the list; null if the rule did nothing", default=None)
    country_code: str | None = column(STRING, "of the customers; null if it is not known, or the rule did nothing", default=None)
    effect: str = column(
        STRING,
        "removed (places that lists or packs would have without rules, and that the rule took away), moved (places that a pin or boost gave"
        " to a product from further down) or none",
        default=NONE,
    )
    places: int = column(LONG, "places of all customers", default=0)


RULE_EFFECTS = Table(
    name="ops.rule_effects",
    grain="what one rule did to one list, or one campaign's pack, in one country",
    key=("run_id", "rule", "campaign", "shop_code", "list_name", "country_code", "effect"),
    columns=columns_of(RuleEffect),
)


def record_effects(store: DeltaStore, effects: Iterable[RuleEffect]) -> None:
    """Append them in one commit."""
    store.append_rows(RULE_EFFECTS, map(asdict, effects))


def is_counted(store: DeltaStore, lists: TableVersion) -> bool:
    """Whether the effects on this version of the lists stand there already: a run may have been killed before it counted them."""
    where = f"table_id = '{lists.table_id}' AND table_version = {lists.version} AND campaign IS NULL"
    return bool(store.rows(RULE_EFFECTS, ("run_id",), where))

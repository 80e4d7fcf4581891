"""`ops.rule_effects`: what each rule (conf/rules) did to lists and packs."""

from collections.abc import Iterable, Mapping

from lakehouse.io.delta.delta_store import DeltaStore, TableVersion
from lakehouse.table import DATE, LONG, STRING, TIMESTAMP, Column, Table

RULE_EFFECTS = Table(
    name="ops.rule_effects",
    grain="what one rule did to one list, or one campaign's pack, in one country",
    key=("run_id", "rule", "campaign", "shop_code", "list_name", "country_code", "effect"),
    columns=(
        Column("run_id", STRING, "id of the run that counted it"),
        Column("run_date", DATE, "as-of date of the lists"),
        Column("recorded_at", TIMESTAMP, "when that run began, UTC"),
        Column("table_id", STRING, "id of recommendations.customer_products"),
        Column("table_version", LONG, "the version of it whose places are counted, or that the pack was made from"),
        Column("rule_set", STRING, "hash of all rules that held on the run date"),
        Column("rule", STRING, "file and name of the rule, with a point between"),
        Column("kind", STRING, "hide, pin, at_most, stock_cover or boost"),
        Column("campaign", STRING, "the campaign whose pack it is about; null for lists"),
        Column("shop_code", STRING, "the shop; null if the rule did nothing"),
        Column("list_name", STRING, "the list; null if the rule did nothing"),
        Column("country_code", STRING, "of the customers; null if it is not known, or the rule did nothing"),
        Column(
            "effect",
            STRING,
            "removed (places that lists or packs would have without rules and that the rule took away), moved (places that a pin or boost"
            " gave to a product from further down) or none",
        ),
        Column("places", LONG, "places of all customers"),
    ),
)


def record_effects(store: DeltaStore, effects: Iterable[Mapping[str, object]]) -> None:
    """Append rows in one commit."""
    store.append_rows(RULE_EFFECTS, effects)


def is_counted(store: DeltaStore, lists: TableVersion) -> bool:
    """Whether the effects on this version of the lists stand there already: a run may have been killed before it counted them."""
    return rule_set_of(store, lists) is not None


def rule_set_of(store: DeltaStore, lists: TableVersion) -> str | None:
    """The hash of the rules that held when this version of the lists was made; None where no rule of lists did."""
    where = f"table_id = '{lists.table_id}' AND table_version = {lists.version} AND campaign IS NULL"
    return next((row["rule_set"] for row in store.rows(RULE_EFFECTS, ("rule_set",), where)), None)

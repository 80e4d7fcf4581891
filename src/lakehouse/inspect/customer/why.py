"""Why a customer gets what the lists show: history, places with their reasons, what rules took out, and who may write."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from lakehouse.errors import ConfigError, DataError
from lakehouse.gold import interactions
from lakehouse.gold.product_popularity import EVERYWHERE
from lakehouse.lake import Lake
from lakehouse.ops.packs import PACK_PRODUCTS, SUPPRESSIONS, PackLedger
from lakehouse.recommend import customer_products
from lakehouse.recommend.rules.compiled import compiled
from lakehouse.recommend.rules.declared_rules import read_rules
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.recommend.rules.shop_facts import ShopFacts, Tree
from lakehouse.recommend.rules.shop_rules import ShopRules
from lakehouse.silver import categories, customers, products
from lakehouse.sources.app_shop import APP
from lakehouse.sources.channels import CHANNELS
from lakehouse.table import Table

KEY = re.compile(r"[0-9a-f]{64}")
# Of a customer what is shown: nothing by which an address could be found.
SHOWN = (
    *("shop_code", "customer_key", "country_code", "is_customer", "is_anonymous", "email_status", "consent", "has_complained"),
    *("legal_ground", "last_ordered_at"),
)
NOT_THERE, NOT_SOLD, RESTRICTED, HIDDEN = "is in the catalogue no more", "can't be bought", "is restricted", "hidden by the rule {}"
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Why:
    """`history`: products of the customer, the heaviest first; `on_no_list` says why not, or is empty where other products score higher.

    `lists`: places in their order, with `reasons`, the named products, and the rule that moved one up. `taken_out`: why products of the
    shop are on no list of this customer, and how many. `removed`: how many places which rule took off which list, of whatever kind it is,
    as it was when the lists were made, and which products (`products`) would have stood there. `by_channel`: products that only campaigns
    of a channel leave out, and why. `campaigns`: for which reason the customer is left out of a campaign's newest pack. `scarce`: of the
    products on the lists those that a campaign's newest pack showed to `shown_count` customers and, for want of stock, not to
    `clipped_count` others.
    """

    customer: dict[str, Any]
    history: list[dict[str, Any]]
    lists: dict[str, list[dict[str, Any]]]
    taken_out: dict[str, int]
    removed: list[dict[str, Any]]
    by_channel: dict[str, dict[str, int]]
    campaigns: list[dict[str, Any]]
    scarce: list[dict[str, Any]]


def why(lake: Lake, customer_key: str, shop: str | None) -> Why:
    """From published tables. ConfigError (2) for what is no customer_key, DataError (65) if there is no such customer."""
    if not KEY.fullmatch(customer_key):
        raise ConfigError("CUSTOMER is a customer_key, 64 signs of 0-9 and a-f; an address is never asked for", "see silver.customers")
    customer = _customer(lake, customer_key, shop)
    code = customer["shop_code"]
    mine = f"shop_code = '{code}' and customer_key = '{customer_key}'"
    catalogue = {row["product_id"]: row for row in _rows(lake, products.TABLE, f"shop_code = '{code}'", _CATALOGUE)}
    places = sorted(_rows(lake, customer_products.TABLE, mine), key=lambda row: (row["list_name"], row["rank"]))
    rules = read_rules().on(places[0]["run_date"]) if places else Rules()
    of_lists = _compiled(lake, code, catalogue, rules.of_lists())
    out = {product: _taken_out(row, of_lists, customer["country_code"]) for product, row in catalogue.items()}
    lists = _lists(places, catalogue)
    listed = {place["product_id"] for places in lists.values() for place in places}
    history = [
        {
            "product_id": row["product_id"],
            "product_name": _name(catalogue, row["product_id"]),
            **{name: row[name] for name in ("order_count", "weight", "recency_days")},
            "on_no_list": "" if row["product_id"] in listed else out.get(row["product_id"], NOT_THERE),
        }
        for row in sorted(_rows(lake, interactions.TABLE, mine), key=lambda row: (-row["weight"], row["product_id"]))
    ]
    by_channel: dict[str, dict[str, int]] = {}
    for channel in CHANNELS:
        # What the lists have anyway.
        of_channel = _compiled(lake, code, catalogue, rules.of_channel(channel).everywhere())
        hidden = (_hidden(product, of_channel, customer["country_code"]) for product, reason in out.items() if not reason)
        by_channel[channel] = _counted(reason for reason in hidden if reason)
    taken_out = _counted(reason for reason in out.values() if reason)
    return Why(
        customer,
        history,
        lists,
        taken_out,
        _removed(places, catalogue),
        by_channel,
        _campaigns(lake, code, customer_key),
        _scarce(lake, code, catalogue, listed),
    )


_CATALOGUE = ("product_id", "product_name", "is_sellable", "is_restricted", "category_ids", "tag_names", "brand_name")
_CATEGORIES = ("category_id", "parent_category_id", "category_name", "slug")
# What rules that hide may name.
_FACTS = pa.schema(
    [
        *(("product_id", pa.int64()), ("category_ids", pa.list_(pa.int64()))),
        *(("tag_names", pa.list_(pa.string())), ("brand_name", pa.string())),
    ]
)
_IDS = np.zeros(0, dtype=np.int64)


def _compiled(lake: Lake, shop: str, catalogue: Mapping[int, Row], rules: Rules) -> ShopRules:
    """What the rules hide in the shop; what hides by stock is not known here."""
    if not rules.rules:
        return ShopRules((), _IDS)
    named = [{name: row[name] for name in _FACTS.names} for row in catalogue.values()]
    tree = Tree.of(_rows(lake, categories.TABLE, f"shop_code = '{shop}'", _CATEGORIES))
    return compiled(rules, shop, ShopFacts.of(pa.Table.from_pylist(named, _FACTS)), tree)


def _customer(lake: Lake, key: str, shop: str | None) -> dict[str, Any]:
    found = _rows(lake, customers.TABLE, f"customer_key = '{key}'", SHOWN)
    # The app sells the articles of a shop, in which the lists are.
    chosen = [row for row in found if (row["shop_code"] != APP if shop is None else row["shop_code"] == shop)]
    if not chosen:
        raise DataError("there is no such customer" + (f" in shop {shop}" if shop else ""), "silver.customers has all of them")
    if len(chosen) > 1:
        raise ConfigError(f"the customer is in the shops {', '.join(sorted(row['shop_code'] for row in chosen))}", "choose one by --shop")
    return chosen[0]


def _lists(places: Sequence[Row], catalogue: Mapping[int, Row]) -> dict[str, list[dict[str, Any]]]:
    """By name. `placed_by_rule`: the rule that moved the product up to its place."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in places:
        named = [_named(catalogue, product) for product in row["reason_product_ids"] or []]
        place = {
            "rank": row["rank"],
            "product_id": row["product_id"],
            "product_name": _name(catalogue, row["product_id"]),
            "score": row["score"],
            # Lists of before there were reasons say where a product came from.
            "reason_code": row["reason_code"] or row["candidate_source"],
            "reasons": named,
            "placed_by_rule": row["placed_by_rule"],
        }
        found.setdefault(row["list_name"], []).append(place)
    return found


def _taken_out(product: Row, rules: ShopRules, country: str | None) -> str:
    """Why it is on no list of somebody in the country, or not on all; empty if nothing speaks against it."""
    if product["is_restricted"]:
        return RESTRICTED
    if not product["is_sellable"]:
        return NOT_SOLD
    return _hidden(product["product_id"], rules, country)


def _hidden(product: int, rules: ShopRules, country: str | None) -> str:
    hiding = rules.hiders(product, EVERYWHERE) if len(rules.products) else []
    return next((HIDDEN.format(name) for place, name in hiding if place in (country, EVERYWHERE)), "")


def _removed(places: Sequence[Row], catalogue: Mapping[int, Row]) -> list[dict[str, Any]]:
    """From what scoring left on one of the customer's places. Lists of before the products were kept have the numbers alone."""
    found: dict[tuple[str, str], list[int | None]] = {}
    for entry in (entry for row in places for entry in row["removed_by_rules"] or []):
        found.setdefault((entry["list_name"], entry["rule"]), []).append(entry.get("product_id"))
    return [
        {"list_name": name, "rule": rule, "places": len(taken), "products": [_named(catalogue, each) for each in taken if each is not None]}
        for (name, rule), taken in sorted(found.items())
    ]


def _counted(reasons: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(reasons).items()))


def _campaigns(lake: Lake, shop: str, key: str) -> list[dict[str, Any]]:
    if SUPPRESSIONS.name not in lake.published and lake.store.head(SUPPRESSIONS.name) is None:
        return []
    where = f"customer_key = '{key}' and shop_code in ('{shop}', '{APP}')"
    return sorted(_rows(lake, SUPPRESSIONS, where, ("campaign", "shop_code", "reason")), key=lambda row: row["campaign"])


def _scarce(lake: Lake, shop: str, catalogue: Mapping[int, Row], listed: Collection[int]) -> list[dict[str, Any]]:
    """What packs keep of their products names no customers, so nobody can say here whether this one was shown the product."""
    ledger = PackLedger(lake.store)
    campaigns = {pack.campaign for pack in ledger.all_made()}
    newest = {(pack.campaign, pack.run_id) for pack in map(ledger.newest, campaigns) if pack is not None}
    columns = ("campaign", "run_id", "product_id", "shown_count", "clipped_count")
    rows = lake.store.rows(PACK_PRODUCTS, columns, f"shop_code = '{shop}' and clipped_count > 0")
    return [
        {"campaign": row["campaign"], **_named(catalogue, row["product_id"]), **{name: row[name] for name in columns[-2:]}}
        for row in sorted(rows, key=lambda row: (row["campaign"], row["product_id"]))
        if (row["campaign"], row["run_id"]) in newest and row["product_id"] in listed
    ]


def _named(catalogue: Mapping[int, Row], product: int) -> dict[str, Any]:
    return {"product_id": product, "product_name": _name(catalogue, product)}


def _name(catalogue: Mapping[int, Row], product: int) -> str | None:
    return catalogue[product]["product_name"] if product in catalogue else None


def _rows(lake: Lake, table: Table, where: str, columns: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Of the version that readers see; None in declared columns that it is older than."""
    version, wanted = lake.version(table.name), columns or table.column_names
    there = set(lake.store.column_names(table.name, version))
    found = lake.store.arrow(table.name, [name for name in wanted if name in there], where, version).to_pylist()
    return [{name: row.get(name) for name in wanted} for row in found]

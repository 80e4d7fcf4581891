"""A campaign's share of what is in stock: what it follows from, how many may be shown each product, and what is kept of it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lakehouse.bronze.campaign_members import assignment_time
from lakehouse.export.campaign import Campaign
from lakehouse.export.frequency import PackName
from lakehouse.export.stock import shown_products
from lakehouse.export.stock.limits import Limit, Product, Taken, limits, rates
from lakehouse.flow import SALES
from lakehouse.gold.product_stock import available
from lakehouse.gold.purchases import purchases
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.ops.ledger import inputs_json
from lakehouse.ops.packs import PACK_PRODUCTS, PRODUCTS_KEPT_DAYS, PackRecord
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customers, product_codes, products
from lakehouse.sources.other_feeds import STOCK_LEVELS
from lakehouse.stages.export_packs.kept import forget

OF_STOCK = (products.TABLE, product_codes.TABLE, STOCK_LEVELS.bronze)
# What is not there and may be ordered all the same has no limit.
ON_SALE = "is_sellable and not is_restricted and coalesce(stock_status, '') <> 'onbackorder'"


@dataclass(frozen=True)
class StockSources:
    """What the limits of a campaign follow from, known without a look at rows; nothing where no stock is counted.

    `earlier`: the packs that this night made before, with what each was made from: they promise a part of the stock. `learned`: earlier
    nights' packs of which it is counted what was bought.
    """

    inputs: Mapping[str, TableVersion] = field(default_factory=dict)
    earlier: Mapping[PackName, str] = field(default_factory=dict)
    learned: tuple[PackName, ...] = ()

    @property
    def origin(self) -> tuple[object, ...]:
        """Where this is equal, limits are: packs that were made from the same show and promise the same, whichever run made them."""
        return inputs_json(self.inputs), sorted(self.earlier.values()), self.learned


def stock_sources(
    run: RunContext, campaigns: Collection[str], made: Collection[PackRecord], tonight: Mapping[PackName, str]
) -> StockSources:
    """`campaigns`: those to learn from. `made`: packs of earlier runs. `tonight`: packs of this run, with what each was made from."""
    if not _is_counted(run):
        return StockSources()
    has_shown = run.store.head(PACK_PRODUCTS.name) is not None
    learned = tuple(shown_products.learned_packs(campaigns, made, run.run_date)) if has_shown else ()
    tables = (*OF_STOCK, *(SALES if learned else ()))
    return StockSources({table.name: run.head(table) for table in tables}, dict(tonight), learned)


def stock_limits(run: RunContext, campaign: Campaign, sources: StockSources) -> dict[Product, Limit]:
    """How many customers may be shown each product whose stock is counted. No job of Spark where none is."""
    if not sources.inputs:
        return {}
    catalogue, codes, levels = (run.read(table) for table in OF_STOCK)
    stock = available(catalogue.where(ON_SALE), codes, levels, feed_shop=run.settings.feed_shop_code).where("available is not null")
    pieces = {(row["shop_code"], row["product_id"]): Decimal(str(row["available"])) for row in stock.collect()}
    return limits(pieces, _promised(run, sources.earlier), rates(campaign.stock, _taken(run, sources.learned)))


def scarce(run: RunContext, found: Mapping[Product, Limit]) -> dict[Product, int]:
    """The limits that are below the number of all customers: no other one can be reached."""
    if not found:
        return {}
    head = run.head(customers.TABLE)
    everybody = run.store.count(customers.TABLE.name, head.version)
    return {product: limit.customers for product, limit in found.items() if limit.customers < everybody}


def keep_shown(
    run: RunContext, campaign: Campaign, counts: Collection[Mapping[str, Any]], found: Mapping[Product, Limit]
) -> dict[str, TableVersion]:
    """Append what the pack shows (`shown_products.counted`); gives the table's version by its name, if something was added."""
    table = PACK_PRODUCTS
    if not counts:
        return {}
    at = assignment_time(run.started_at, run.run_date)
    said = {"campaign": campaign.name, "run_date": run.run_date, "run_id": run.run_id, "shown_at": at}
    run.store.append_rows(table, shown_products.records(counts, found, said))
    forget(run, table, PRODUCTS_KEPT_DAYS)
    head = run.store.head(table.name)
    return {} if head is None else {table.name: head}


def _is_counted(run: RunContext) -> bool:
    """Whether somebody counts the stock of some product: the warehouse, or a shop."""
    if STOCK_LEVELS.bronze.name in run.heads:
        return True
    name, version = products.TABLE.name, run.head(products.TABLE).version
    # Products of an older lake have no stock of variations.
    stocks = {"stock_quantity", "variations_stock_quantity"} & set(run.store.column_names(name, version))
    return run.store.arrow(name, ("product_id",), " OR ".join(f"{stock} IS NOT NULL" for stock in sorted(stocks)), version).num_rows > 0


def _promised(run: RunContext, earlier: Collection[PackName]) -> dict[Product, Decimal]:
    if not earlier:
        return {}
    columns = ("shop_code", "product_id", "promised_quantity")
    return shown_products.promised(run.store.rows(PACK_PRODUCTS, columns, _is_of(earlier)))


def _taken(run: RunContext, learned: Collection[PackName]) -> dict[Product, Taken]:
    if not learned:
        return {}
    bought = purchases(*(run.read(table) for table in SALES), feed_shop=run.settings.feed_shop_code)
    shown = run.store.latest(PACK_PRODUCTS).where(_is_of(learned))
    return shown_products.taken([row.asDict() for row in shown_products.bought(shown, bought).collect()])


def _is_of(packs: Collection[PackName]) -> str:
    """SQL; names of campaigns and ids of runs have no quotes."""
    return " OR ".join(f"(campaign = '{campaign}' AND run_id = '{run_id}')" for campaign, _, run_id in sorted(packs))

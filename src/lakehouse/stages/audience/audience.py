"""A product → the customers who are most likely to buy it, as a pack."""

from collections.abc import Sequence

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.errors import ConfigError
from lakehouse.export.campaign import Campaign, parse_campaign
from lakehouse.export.declared_campaigns import read_campaigns
from lakehouse.export.frequency import counted_packs, pack_name
from lakehouse.fingerprint import fingerprint
from lakehouse.gold import interactions, product_popularity
from lakehouse.io.config.declared_parts import LONGEST_NAME
from lakehouse.io.host import logs
from lakehouse.io.mlflow.model_registry import ModelRegistry
from lakehouse.io.packs.backends import packs_of
from lakehouse.ops.packs import AUDIENCE, PackLedger
from lakehouse.recommend import customer_products
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.product_demand import demand
from lakehouse.recommend.rules.eligibility import Eligibility
from lakehouse.recommend.scorer import MIXED, Ranking
from lakehouse.recommend.scoring_arrays import catalogues, profiles
from lakehouse.runs.stage import RunContext, StageResult
from lakehouse.silver import categories, customers, product_codes
from lakehouse.stages.audience.product import Wanted, find
from lakehouse.stages.export_packs.lists import Lists
from lakehouse.stages.export_packs.make_pack import make_pack
from lakehouse.stages.export_packs.shared_stock import StockSources
from lakehouse.stages.export_packs.show_pack import to_show
from lakehouse.stages.score import model_head, registered
from lakehouse.stages.training.preview import OF_FEEDS, eligible

SCORED_BY = (customers.TABLE, interactions.TABLE, product_popularity.TABLE)
OF_RULES = (categories.TABLE, product_codes.TABLE, *OF_FEEDS)
# How many customers are meant is said by who asks; what is in stock is shared among campaigns.
NO_LIMITS = StockSources()


def audience(run: RunContext, product: str, at_most: int, countries: Sequence[str], like: str) -> StageResult:
    """Make the pack, or find the one that stands. `like`: the campaign whose channel, profile, purpose, words and limits it has.

    ConfigError (2) for a product that can't be shown to anybody who is asked for, or a campaign that there is not.
    """
    declared, ledger = read_campaigns(), PackLedger(run.store)
    template = declared.campaign(like)
    shown = eligible(run)
    wanted = find(run, product, countries, shown)
    campaign = campaign_of(template, wanted, countries)
    logs.set_current_step(campaign.step)
    today = [pack_name(record) for record in ledger.all_made() if record.run_date == run.run_date]
    counted = counted_packs(campaign, ledger.all_made(), today, run.run_date)
    made = make_pack(run, campaign, declared, counted, _lists(run, wanted, at_most, shown), NO_LIMITS)
    place = packs_of(run.settings.export_root, campaign.name).place
    hidden = f"; a rule of the shop hides it in {', '.join(wanted.hidden_in)}" if wanted.hidden_in else ""
    text = f"{place}/{made.pack}{'' if made.is_new else ' stands'}: who is most likely to buy {wanted.key} comes first{hidden}"
    return StageResult(outputs=made.outputs, after=to_show(run, ledger, [made]), text=text)


def campaign_of(template: Campaign, wanted: Wanted, countries: Sequence[str]) -> Campaign:
    """The campaign that the pack is of: like `template`, of this product alone, to customers of `countries` if any are asked for.

    ConfigError (2) where its name would be too long for folders and links.
    """
    said = template.model_dump(mode="json", exclude={"name", "valid_from", "valid_until", "every_days"})
    meant = {**said["audience"], **({"countries": sorted(set(countries))} if countries else {})}
    name = f"{AUDIENCE}{wanted.shop_code}_{wanted.product_id}_{template.name}"
    if len(name) > LONGEST_NAME:
        raise ConfigError(
            f"{name} would be the pack's name, and {LONGEST_NAME} signs are the most", "name a campaign with a shorter name by --campaign"
        )
    # By the same salt the same people would be held out of both, and what is compared would be both at once.
    held = said["hold_out"] and {**said["hold_out"], "salt": f"{said['hold_out']['salt']} {name}"}
    return parse_campaign(name, {**said, "list_name": MIXED, "slots": 1, "audience": meant, "hold_out": held})


def _lists(run: RunContext, wanted: Wanted, at_most: int, shown: Eligibility) -> Lists:
    registry = ModelRegistry(run.settings, run.store)
    champion = registry.champion()
    rules = run.list_rules
    decided_by = (model_head(champion), run.params.lists, run.params.blend, run.params.weights, run.params.popularity, rules)
    asked_by_rules = [table for table in OF_RULES if rules.rules and table.name in run.heads]
    version = None if champion is None else champion.version

    def frame() -> DataFrame:
        model = registered(run.spark, registry, champion)
        everybody, pairs, popularity = (run.read(table) for table in SCORED_BY)
        shops = catalogues(model.factors.products, model.neighbours, popularity, shown, run.params.popularity.country_smoothing)
        of_shop = {code: catalogue for code, catalogue in shops.items() if code == wanted.shop_code}
        by = Ranking(of_shop, model.blend or Blend.of(run.params.blend), length=1)
        people = customer_products.known(everybody).where(F.col("shop_code") == wanted.shop_code)
        known = profiles(people, pairs, model.factors.customers)
        logs.info(f"how much each customer of {wanted.shop_code} is expected to buy of {wanted.key}, by model {version or 'none'}")
        scored = demand(known, by, wanted.product_id, run.params.weights.half_life_days)
        place = {"list_name": MIXED, "rank": 1, "product_id": wanted.product_id, "model_version": version, "run_date": run.run_date}
        listed = scored.withColumns({name: F.lit(value) for name, value in place.items()})
        return run.store.empty(customer_products.TABLE.columns).unionByName(listed, allowMissingColumns=True)

    made_from = fingerprint(demand.__module__, repr(decided_by), wanted.key, str(at_most))
    said = {"product": wanted.key, "at_most": at_most}
    held = run.rules.on(run.run_date).hash
    return Lists(frame, lambda: version, lambda: held, (product_popularity.TABLE, *asked_by_rules), made_from, at_most, said)

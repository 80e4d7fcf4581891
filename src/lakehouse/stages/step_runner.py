"""The runner of a stage that brings tables of the flow up to date."""

from collections.abc import Callable
from datetime import date

from disposable_email_domains import blocklist

from lakehouse.io.config.settings import Settings
from lakehouse.parameters import ShopRules, Shops
from lakehouse.pipeline.runner import Runner
from lakehouse.recommend.blend import Blend
from lakehouse.recommend.params import Params
from lakehouse.recommend.registered import RegisteredModel
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.runs.stage import RunContext
from lakehouse.sources.app_shop import APP
from lakehouse.sources.mobile_app import COUNTS_AS_SALE


def step_runner(run: RunContext, model: Callable[[], RegisteredModel] | None = None) -> Runner:
    """Begins with what the stage reads. `model`: see Runner."""
    return Runner(run.store, run.ledger, run.run_id, parameters(run.settings, run.params, run.rules, run.run_date), run.heads, model)


def parameters(settings: Settings, params: Params, rules: Rules, run_date: date) -> dict[str, object]:
    """What steps may depend on besides tables, by the names in their `parameters`."""
    return {
        "run_date": run_date,
        "shops": _shops(settings),
        "feed_shop": settings.feed_shop_code,
        "restricted_categories": settings.restricted_categories,
        "private_categories": tuple((code, shop.private_categories) for code, shop in sorted(settings.shops.items())),
        "disposable_domains": tuple(sorted(blocklist)),
        "half_life_days": params.weights.half_life_days,
        "popularity_days": params.popularity.days,
        "lists": params.lists,
        "rules": rules.on(run_date).of_lists(),
        "blend": Blend.of(params.blend),
        "country_smoothing": params.popularity.country_smoothing,
    }


def _shops(settings: Settings) -> Shops:
    """The rules of the shops, of databases, and of the app, whose days are those of the shop that its vendor speaks of."""
    rules = (
        ShopRules(
            code,
            s.time_zone,
            s.counts_as_sale,
            s.customer_roles,
            s.consent_meta_key,
            s.ground_of("marketing"),
            s.leave_out_role_addresses,
            tuple(sorted(s.test_order_values.items())),
            s.content_folder,
            s.site_id,
        )
        for code, s in sorted(settings.shops.items())
    )
    databases = (
        ShopRules(
            code,
            d.time_zone,
            d.sale_statuses,
            legal_ground=d.ground_of("marketing"),
            leaves_out_roles=d.leave_out_role_addresses,
        )
        for code, d in sorted(settings.databases.items())
    )
    return (*rules, *databases, ShopRules(APP, settings.shops[settings.feed_shop_code].time_zone, COUNTS_AS_SALE))

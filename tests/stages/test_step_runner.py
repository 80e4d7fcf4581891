"""What steps get besides tables."""

from datetime import date

import pytest

from lakehouse.io.config.settings import Settings, read_conf
from lakehouse.recommend.params import parse_params
from lakehouse.recommend.rules.rule_set import Rules
from lakehouse.stages.step_runner import parameters

SHOPS = {"nl": "Europe/Amsterdam", "de": "Europe/Berlin"}


@pytest.mark.parametrize(("named", "code"), [(None, "nl"), ("de", "de")])
def test_the_app_counts_as_a_shop_with_the_days_of_the_shop_that_its_vendor_speaks_of(named: str | None, code: str) -> None:
    access = {"url": "jdbc:mysql://db.example/x", "user": "u", "password": "env:P"}
    shops = {shop: {**access, "time_zone": zone} for shop, zone in SHOPS.items()}
    places = dict.fromkeys(("lake_root", "vault_root", "export_root", "tracking_uri"), "x")
    settings = Settings.model_validate({"env": "dev", "shops": shops, "feed_shop": named, **places})
    found = parameters(settings, parse_params(read_conf("als.yaml")), Rules(), date(2026, 7, 1))
    assert found["feed_shop"] == code
    rules = {rule.code: rule for rule in found["shops"]}  # type: ignore[attr-defined]
    assert set(rules) == {"nl", "de", "app"}
    assert rules["app"].time_zone == SHOPS[code]
    assert rules["app"].counts_as_sale == ("placed", "paid", "shipped", "delivered")
    assert rules["app"].consent_meta_key is None

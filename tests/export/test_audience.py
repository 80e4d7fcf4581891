"""Who gets something of a campaign, and the one reason of everybody else."""

from datetime import datetime
from typing import Any

import pytest
from pyspark.sql import SparkSession
from tests.support.frames import frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.errors import ConfigError
from lakehouse.export.audience import base, suppressed
from lakehouse.export.campaign import Campaign, parse_campaign
from lakehouse.gold import interactions
from lakehouse.ops.packs import REASONS
from lakehouse.silver import customers
from lakehouse.table import schema_of

pytestmark = pytest.mark.spark
EXTRA = "list_shop string, person string, has_list boolean, has_places boolean, recent_packs long, has_device boolean, arm string"
FINE: dict[str, Any] = {
    **{"shop_code": "nl", "email_status": "valid", "is_opted_out": False, "is_customer": True, "legal_ground": "consent"},
    **{"has_complained": False, "list_shop": "nl", "has_list": True, "has_places": True, "has_device": True, "arm": "treatment"},
}


def campaign(**said: Any) -> Campaign:
    given = {"channel": "email", "profile": "generic_wide", "slots": 8, "languages": {"otherwise": "en"}}
    return parse_campaign("test", {**given, "utm": {"source": "s", "medium": "m"}, **said})


def reasons(spark: SparkSession, of: Campaign, people: dict[str, dict[str, Any]]) -> dict[str, str | None]:
    """Reason by customer; each is fine but for what is said, and has an address of its own."""
    schema = schema_of(customers.TABLE.columns)
    wanted = ", ".join([*(f"{field.name} {field.dataType.simpleString()}" for field in schema), EXTRA])
    names = [part.split()[0] for part in wanted.split(", ")]
    rows = [{**FINE, "customer_key": key, "email_pseudonym": key, "person": key, **said} for key, said in people.items()]
    frame = frame_from(spark, [tuple(row.get(name) for name in names) for row in rows], wanted)
    return {row["customer_key"]: row["suppressed_for"] for row in suppressed(frame, of).collect()}


CASES: dict[str, tuple[dict[str, Any], str | None]] = {
    "fine": ({}, None),
    "missing, out": ({"email_status": "missing", "is_opted_out": True}, "missing"),
    "anonymised, out": ({"email_status": "anonymised", "is_opted_out": True}, "anonymised"),
    "invalid, nothing": ({"email_status": "invalid", "has_list": None, "has_places": None}, "invalid"),
    "disposable, out": ({"email_status": "disposable", "is_opted_out": True}, "disposable"),
    "relay, out": ({"email_status": "relay", "is_opted_out": True}, "relay"),
    "role, nothing": ({"email_status": "role", "has_places": None}, "role"),
    "no customer, out": ({"is_customer": False, "is_opted_out": True, "has_complained": True}, "not_a_customer"),
    "no customer, bounced": ({"is_customer": False, "email_status": "bounced"}, "not_a_customer"),
    "no customer, disposable": ({"is_customer": False, "email_status": "disposable"}, "disposable"),
    "bounced, out": ({"email_status": "bounced", "is_opted_out": True}, "bounced"),
    "complained": ({"is_opted_out": True, "has_complained": True}, "complained"),
    "complained once, said yes since": ({"has_complained": True}, None),
    "out, nothing": ({"is_opted_out": True, "has_list": None, "has_places": None}, "opted_out"),
    "silent, often": ({"legal_ground": None, "recent_packs": 9}, "no_consent"),
    "often, sold out": ({"recent_packs": 2, "has_places": None}, "frequency_cap"),
    "not often": ({"recent_packs": 1}, None),
    "sold out, control": ({"has_places": None, "arm": "control"}, "stock"),
    "nothing, control": ({"has_list": None, "has_places": None, "arm": "control"}, "nothing_to_show"),
    "control": ({"arm": "control"}, "hold_out"),
    # One address is one recipient, that with the newest order; who is left out for another reason takes nobody's place.
    "old": ({"person": "p", "last_ordered_at": datetime(2026, 11, 1)}, "same_address"),
    "newest, in another shop": ({"person": "p", "last_ordered_at": datetime(2026, 11, 9), "shop_code": "de"}, None),
    "staff": ({"person": "p", "last_ordered_at": datetime(2026, 11, 11), "is_customer": False}, "not_a_customer"),
    "never ordered": ({"person": "p"}, "same_address"),
    "newer, silent": ({"person": "p", "last_ordered_at": datetime(2026, 11, 10), "legal_ground": None}, "same_address"),
    # Where nobody may have the address each row says its own reason.
    "silent twin": ({"person": "q", "legal_ground": None}, "no_consent"),
    "objecting twin": ({"person": "q", "is_opted_out": True}, "opted_out"),
    # Who is held out holds the address too: it is nobody else's, or those who are compared would be others.
    "held out, newest": ({"person": "r", "last_ordered_at": datetime(2026, 11, 9), "arm": "control"}, "hold_out"),
    "held out, older": ({"person": "r", "last_ordered_at": datetime(2026, 11, 1), "arm": "control"}, "same_address"),
}


def test_everybody_else_is_left_out_for_the_first_reason_that_holds(spark: SparkSession) -> None:
    found = reasons(spark, campaign(frequency_cap={"packs": 2, "days": 7}), {key: said for key, (said, _) in CASES.items()})
    assert found == {key: reason for key, (_, reason) in CASES.items()}
    assert {reason for _, reason in CASES.values() if reason} == set(REASONS)


def test_a_push_campaign_asks_for_a_device_and_not_for_an_address(spark: SparkSession) -> None:
    people: dict[str, dict[str, Any]] = {
        "fine": {"email_status": "bounced", "person": "p"},
        "the same address": {"person": "p"},
        "without": {"has_device": None, "is_opted_out": True},
        "out": {"is_opted_out": True},
    }
    found = reasons(spark, campaign(channel="push", profile="fcm", slots=1), people)
    assert found == {"fine": None, "the same address": None, "without": "missing", "out": "opted_out"}


def test_a_campaign_is_for_those_for_whom_all_of_its_audience_holds(spark: SparkSession) -> None:
    people = [("nl", "a", "NL", 1), ("nl", "b", "NL", None), ("nl", "c", "DE", 2), ("nl", "d", None, 3), ("app", "a", "NL", None)]
    frame = frame_of(
        spark,
        customers.TABLE,
        [{"shop_code": shop, "customer_key": key, "country_code": land, "user_id": user} for shop, key, land, user in people],
    )
    pairs = frame_of(
        spark,
        interactions.TABLE,
        [{"shop_code": "nl", "customer_key": key, "product_id": product} for key, product in (("a", 7), ("c", 7), ("c", 8), ("b", 9))],
    )

    def meant(**said: Any) -> list[tuple[str, str, str]]:
        found = base(frame, pairs, campaign(**said), "nl").select("shop_code", "customer_key", "list_shop").collect()
        return sorted(tuple(row) for row in found)

    def of_nl(keys: str) -> list[tuple[str, str, str]]:
        return [("nl", key, "nl") for key in keys]

    assert meant() == of_nl("abcd")
    assert meant(audience={"countries": ["NL"], "where": "user_id < 3"}) == of_nl("a")  # of b it can't be told
    assert meant(audience={"bought": [7, 8]}) == of_nl("ac")
    assert meant(audience={"bought": ["nl-8", "de-9"]}) == of_nl("c")
    assert meant(audience={"bought": ["de-8", 9]}) == of_nl("b")
    with pytest.raises(ConfigError, match=r"audience\.bought"):
        campaign(audience={"bought": ["nl:8"]})
    with pytest.raises(ConfigError, match=r"campaigns/test\.yaml: audience\.where"):
        meant(audience={"where": "no_such_column > 1"})
    with pytest.raises(ConfigError, match=r"audience\.where"):
        meant(audience={"where": "user_id >"})
    assert meant(channel="push", audience={"bought": [7]}) == [("app", "a", "nl")]

"""Who is held out of a campaign: by a hash of the person, and by what was given first."""

import hashlib
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F
from tests.support.frames import answers, frame_of

from lakehouse.arrow_frames import frame_from
from lakehouse.bronze import campaign_members
from lakehouse.bronze.campaign_members import newcomers
from lakehouse.errors import ConfigError
from lakehouse.export.holdout import arm, control_steps, with_arm
from lakehouse.export.holdout import members as given

FIRST, LATER = datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 2, 3, tzinfo=UTC)


def step(person: str, salt: str) -> int:
    return int(hashlib.sha256(f"{salt}:{person}".encode()).hexdigest()[:15], 16) % 10_000


def test_the_arm_is_the_hash_of_person_and_salt_in_exact_shares(spark: SparkSession) -> None:
    people = [f"person-{n}" for n in range(500)]
    given = answers(spark, [*people, None], lambda person: arm(person, "autumn", Decimal("0.2")))
    assert given.pop(None) is None
    assert given == {person: "control" if step(person, "autumn") < 2_000 else "treatment" for person in people}
    other = {person: "control" if step(person, "spring") < 2_000 else "treatment" for person in people}
    both = sum(given[p] == other[p] == "control" for p in people)
    assert 5 < both < 40, "of 500 one in 25 is expected in both: campaigns of two salts are independent"


@pytest.mark.parametrize(("share", "steps"), [("0", 0), ("0.0001", 1), ("0.1", 1_000), ("1", 10_000)])
def test_a_share_is_counted_in_ten_thousandths(share: str, steps: int) -> None:
    assert control_steps(Decimal(share)) == steps


@pytest.mark.parametrize("share", ["-0.1", "1.0001", "0.00005", "10"])
def test_a_share_that_is_none_is_refused(share: str) -> None:
    with pytest.raises(ConfigError, match="hold-out"):
        control_steps(Decimal(share))


def test_the_first_assignment_wins_also_under_a_new_address(spark: SparkSession) -> None:
    def member(person: str, arm: str, shop: str, key: str, at: datetime = FIRST, campaign: str = "mail") -> dict[str, object]:
        return {"campaign": campaign, "person": person, "arm": arm, "assigned_at": at, "shop_code": shop, "customer_key": key}

    members = frame_of(
        spark,
        campaign_members.TABLE,
        [
            member("anna", "control", "nl", "a"),
            member("bob", "treatment", "nl", "b"),
            member("eve", "control", "nl", "e", campaign="other"),
            member("finn", "treatment", "nl", "f", LATER),
            member("old-finn", "control", "nl", "ff"),
            member("gus", "treatment", "nl", "g"),
            member("old-gus", "control", "nl", "gg"),
        ],
    )
    # A share of 0 and of 1 give everybody who is new one and the same arm.
    people = frame_from(
        spark,
        [
            ("nl", "a", "anna"),  # as before
            ("de", "x", "anna"),  # the same person in another shop
            ("nl", "b", "new-bob"),  # the same customer with another address
            ("nl", "e", "eve"),  # known to another campaign only
            ("nl", "ff", "finn"),  # two who became one: the earlier assignment, for both
            ("nl", "f", "finn"),
            ("de", "y", "finn"),  # and for who is this person too
            ("nl", "gg", "gus"),  # given at once: who was held out stays so
            ("nl", "g", "gus"),
        ],
        "shop_code string, customer_key string, person string",
    )
    nobody = with_arm(people, members, "mail", "s", Decimal(0)).select("shop_code", "customer_key", "arm")
    everybody = with_arm(people, members, "mail", "s", Decimal(1)).where("customer_key = 'e'").select(F.lit("all"), "customer_key", "arm")
    found = {(row[0], row[1]): row[2] for row in nobody.union(everybody).collect()}
    assert found == {
        ("nl", "a"): "control",
        ("de", "x"): "control",
        ("nl", "b"): "treatment",
        ("nl", "e"): "treatment",
        ("all", "e"): "control",
        ("nl", "ff"): "control",
        ("nl", "f"): "control",
        ("de", "y"): "control",
        ("nl", "gg"): "control",
        ("nl", "g"): "control",
    }


def test_an_inbox_that_somebody_moved_to_has_one_arm_also_for_who_was_never_looked_at(spark: SparkSession) -> None:
    """Anna, held out, changes her address twice; where she is now, her account in another shop was there before."""
    held = {"campaign": "mail", "person": "anna", "arm": "control", "assigned_at": FIRST, "shop_code": "nl", "customer_key": "a"}
    members = frame_of(spark, campaign_members.TABLE, [held])
    schema = "shop_code string, customer_key string, person string, country_code string"
    for address in ("anna-2", "anna-3"):
        people = frame_from(spark, [("nl", "a", address, "NL"), ("de", "b", address, "DE")], schema)
        with_arms = with_arm(people, members, "mail", "s", Decimal(0)).persist()
        assert {row["customer_key"]: row["arm"] for row in with_arms.collect()} == {"a": "control", "b": "control"}
        kept = newcomers(given(with_arms, "mail", "mixed", Decimal(0), LATER, "run"), members)
        assert [(row["person"], row["customer_key"], row["arm"]) for row in kept.collect()] == [(address, "b", "control")]

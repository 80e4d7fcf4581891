"""bronze.campaign_members: only who has no row yet is added."""

from datetime import UTC, datetime

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.bronze.campaign_members import TABLE, newcomers


def test_only_who_has_no_arm_yet_is_added_and_once(spark: SparkSession) -> None:
    def row(person: str | None, key: str, campaign: str = "mail", arm: str | None = "treatment", shop: str = "nl") -> dict[str, object]:
        at = datetime(2026, 11, 2, tzinfo=UTC)
        return {"campaign": campaign, "person": person, "customer_key": key, "arm": arm, "shop_code": shop, "assigned_at": at}

    known = frame_of(spark, TABLE, [row("anna", "a", arm="control"), row("bob", "b")])
    tonight = [
        row("anna", "a2"),  # the person is known
        row("new-bob", "b"),  # the customer is known
        row("anna", "a", campaign="push"),  # another campaign
        row("eve", "e", shop="nl"),
        row("eve", "e", shop="de"),  # the same person again
        row(None, "n"),
        row("zoe", "z", arm=None),
    ]
    found = newcomers(frame_of(spark, TABLE, tonight), known)
    assert rows_of(found, TABLE, "campaign", "person", "shop_code", "customer_key", "arm") == [
        ("mail", "eve", "de", "e", "treatment"),
        ("push", "anna", "nl", "a", "treatment"),
    ]

"""`bronze.campaign_recipients`: who got packs lately, so that nobody gets too many. Written while a campaign has a frequency cap."""

from collections.abc import Collection
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.campaign import Campaign
from lakehouse.ops.packs import PackRecord
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, STRING, Column, Table

# The longest window that a cap may have.
KEPT_DAYS = 90
TABLE = Table(
    name="bronze.campaign_recipients",
    grain="one customer in one pack of the last 90 days; also of packs that never appeared, which ops.packs does not have",
    key=("campaign", "run_id", "shop_code", "customer_key"),
    columns=(
        Column("campaign", STRING, "name of the campaign"),
        Column("channel", STRING, "email or push"),
        Column("run_date", DATE, "as-of date of the pack"),
        Column("run_id", STRING, "id of the run that made it"),
        SHOP,
        Column("customer_key", STRING, "the customer"),
        Column("person", STRING, "keyed pseudonym of the e-mail, the same in all shops; of who has none the customer's key"),
    ),
    optional=True,
    may_be_empty=True,
)
# A pack: campaign, run date, run.
PackName = tuple[str, str, str]


def counted_packs(campaign: Campaign, made: Collection[PackRecord], tonight: Collection[PackName], run_date: date) -> list[PackName]:
    """The packs that count for the campaign's cap on that date: those within its days, but for its own of the date, which is made anew."""
    if campaign.frequency_cap is None:
        return []
    first = run_date - timedelta(days=campaign.frequency_cap.days - 1)
    known = {(record.campaign, record.run_date.isoformat(), record.run_id) for record in made} | set(tonight)
    return sorted(
        pack for pack in known if first.isoformat() <= pack[1] <= run_date.isoformat() and pack[:2] != (campaign.name, run_date.isoformat())
    )


def with_recent_packs(people: DataFrame, recipients: DataFrame, channel: str, packs: Collection[PackName]) -> DataFrame:
    """`people` with `recent_packs`: how many of these packs of the channel the person got, a campaign's of one date counted once."""
    names = [f"{campaign}/{run_id}" for campaign, _, run_id in packs]
    got = recipients.where((F.col("channel") == channel) & F.concat("campaign", F.lit("/"), "run_id").isin(*names))
    return people.join(got.groupBy("person").agg(F.count_distinct("campaign", "run_date").alias("recent_packs")), "person", "left")

"""`bronze.campaign_recipients`: who got packs lately, so that nobody gets too many. Written while a campaign has a frequency cap."""

from collections.abc import Collection
from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.export.campaign import Campaign
from lakehouse.ops.packs import AUDIENCE, PackRecord
from lakehouse.sources.channels import CHANNELS
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
        Column("channel", STRING, " or ".join(CHANNELS)),
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
    """The packs that count for the campaign's cap on that date: those within its days before, and of the date itself audiences and what
    comes before it `tonight`.

    Its own of the date is made anew, and so is what comes after it: a night that is done again counts what it counted the first time.
    """
    if campaign.frequency_cap is None:
        return []
    first, today = run_date - timedelta(days=campaign.frequency_cap.days - 1), run_date.isoformat()
    before = {pack_name(record) for record in made if first <= record.run_date < run_date}
    audiences = {pack_name(record) for record in made if record.run_date == run_date and record.campaign.startswith(AUDIENCE)}
    return sorted(pack for pack in before | audiences | set(tonight) if pack[:2] != (campaign.name, today))


def pack_name(record: PackRecord) -> PackName:
    """The name under which the recipients of the pack are counted."""
    return record.campaign, record.run_date.isoformat(), record.run_id


def with_recent_packs(people: DataFrame, recipients: DataFrame, channel: str, packs: Collection[PackName]) -> DataFrame:
    """`people` with `recent_packs`: how many of these packs of the channel the person got, a campaign's of one date counted once."""
    names = [f"{campaign}/{run_id}" for campaign, _, run_id in packs]
    got = recipients.where((F.col("channel") == channel) & F.concat("campaign", F.lit("/"), "run_id").isin(*names))
    return people.join(got.groupBy("person").agg(F.count_distinct("campaign", "run_date").alias("recent_packs")), "person", "left")

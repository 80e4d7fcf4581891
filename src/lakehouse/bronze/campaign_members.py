"""`bronze.campaign_members`: who was given which arm of a campaign, kept whatever becomes of addresses and packs."""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import DecimalType

from lakehouse.sources.source import SHOP
from lakehouse.table import STRING, TIMESTAMP, Column, Table

CONTROL, TREATMENT = "control", "treatment"
ARMS = (CONTROL, TREATMENT)
SHARE = DecimalType(5, 4)
# Stands for all campaigns at once: who is its control gets none of them.
GLOBAL = "*"

TABLE = Table(
    name="bronze.campaign_members",
    grain="one person in one campaign, added with the first pack for which the person was looked at; none ever changes or goes",
    key=("campaign", "person"),
    columns=(
        Column("campaign", STRING, "name of the campaign; * for the hold-out from all campaigns"),
        Column("person", STRING, "keyed pseudonym of the e-mail, the same in all shops; of who has none the customer's key"),
        Column("arm", STRING, "treatment: may be in the packs; control: is held out of them", accepted=ARMS),
        Column("control_share", SHARE, "the hold-out's share at that time: how probable it was to be held out"),
        Column("assigned_at", TIMESTAMP, "from when on it holds and orders count, within the run date, UTC"),
        Column("run_id", STRING, "id of the run that assigned it"),
        SHOP,
        Column("customer_key", STRING, "the customer that was looked at for this person"),
        Column("country_code", STRING, "of the customer at that time, ISO 3166-1 alpha-2; null if unknown"),
        Column("list_name", STRING, "the list that the campaign showed at that time; null in the hold-out from all"),
    ),
    optional=True,
)


def newcomers(assigned: DataFrame, members: DataFrame) -> DataFrame:
    """Of `assigned` (the table's columns) the rows of who has none in the campaign yet, neither as a person nor as a customer.

    The first assignment wins: a person of whom `assigned` has several rows gets the first by shop and customer.
    """
    by_person, by_customer = ["campaign", "person"], ["campaign", "shop_code", "customer_key"]
    new = (
        assigned.where(F.col("person").isNotNull() & F.col("arm").isNotNull())
        .join(members.select(*by_person), by_person, "left_anti")
        .join(members.select(*by_customer), by_customer, "left_anti")
    )
    others = [F.col(name) for name in TABLE.column_names if name not in by_person]
    order = F.struct("shop_code", "customer_key")
    first = new.groupBy(*by_person).agg(F.min_by(F.struct(*others), order).alias("_first"))
    return first.select(*by_person, "_first.*").select(*TABLE.column_names)


def assignment_time(started_at: datetime, run_date: date) -> datetime:
    """When a run assigns: its start, or the end of the run date (UTC) that is nearer to it, if a night of another day is run."""
    begin = datetime.combine(run_date, time.min, UTC)
    return min(max(started_at, begin), begin + timedelta(days=1))

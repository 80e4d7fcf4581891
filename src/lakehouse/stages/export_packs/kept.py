"""What is kept of the people of a pack: the arm that they were given, and that they got it. Published with the tables of the run."""

from collections.abc import Iterator
from datetime import timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.arrow_frames import declared_schema
from lakehouse.bronze import campaign_members
from lakehouse.bronze.campaign_members import GLOBAL, TREATMENT, assignment_time, newcomers
from lakehouse.export import frequency
from lakehouse.export.campaign import Campaign
from lakehouse.export.holdout import members
from lakehouse.io.delta.delta_store import TableVersion
from lakehouse.runs.stage import RunContext
from lakehouse.table import Table, conform


def keep_people(run: RunContext, campaign: Campaign, people: DataFrame, are_counted: bool, is_small: bool) -> dict[str, TableVersion]:
    """Append them; gives the versions of the tables that were looked at. `are_counted`: some campaign has a frequency cap."""
    reached, kept = F.col("suppressed_for").isNull(), []
    taking_part = people.where(reached | (F.col("suppressed_for") == "hold_out"))
    for assigned in _assigned(run, campaign, taking_part):
        # Beside all that are there, also by a run that failed later: nobody is added twice.
        _append(run, campaign_members.TABLE, newcomers(assigned, run.store.latest(campaign_members.TABLE)), is_small)
        kept.append(campaign_members.TABLE)
    if are_counted:
        _append(run, frequency.TABLE, _named(run, campaign, people.where(reached)), is_small)
        forget(run, frequency.TABLE, frequency.KEPT_DAYS)
        kept.append(frequency.TABLE)
    return {table.name: head for table in kept if (head := run.store.head(table.name)) is not None}


def _assigned(run: RunContext, campaign: Campaign, people: DataFrame) -> Iterator[DataFrame]:
    """Members of the campaign, and of the hold-out from all campaigns. Whom that holds out is compared with nobody in the campaign."""
    at, of_all, own = assignment_time(run.started_at, run.run_date), run.settings.hold_out, campaign.hold_out
    if own is not None:
        is_compared = F.col("arm_of_all").isNull() | (F.col("arm_of_all") == TREATMENT)
        compared = people.where(is_compared).withColumn("arm", F.col("arm_of_campaign"))
        yield members(compared, campaign.name, campaign.list_name, own.share, at, run.run_id)
    if of_all is not None:
        yield members(people.withColumn("arm", F.col("arm_of_all")), GLOBAL, None, of_all.share, at, run.run_id)


def _named(run: RunContext, campaign: Campaign, people: DataFrame) -> DataFrame:
    said = {"campaign": campaign.name, "channel": campaign.channel, "run_date": run.run_date, "run_id": run.run_id}
    return people.withColumns({name: F.lit(value) for name, value in said.items()})


def _append(run: RunContext, table: Table, rows: DataFrame, is_small: bool) -> None:
    found = conform(rows, table)
    if not is_small:
        run.store.append(table.name, found)
    elif (new := found.toArrow()).num_rows:
        run.store.append(table.name, new.cast(declared_schema(table)))


def forget(run: RunContext, table: Table, days: int) -> None:
    """Take out the rows of packs (`run_id`, `run_date`) that are older on the run date."""
    before = f"run_date < DATE '{run.run_date - timedelta(days=days)}'"
    if run.store.head(table.name) is not None and run.store.rows(table, ("run_id",), before):
        run.store.replace_where(table.name, run.store.empty(table.columns), before)

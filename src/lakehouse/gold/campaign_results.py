"""`gold.campaign_results`: what campaigns with a hold-out added per member, how sure that is, and how long it takes to know."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time

import pandas as pd
from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.experiment.words import FINDINGS, MISMATCH, VERDICTS, WISHED_SHARE
from lakehouse.gold.campaign_orders import WINDOW_DAYS, end_of, with_currency, with_orders_and_feedback
from lakehouse.gold.campaign_sums import ORDERS, REVENUE, SUMS, by_part, summed
from lakehouse.table import BOOLEAN, DOUBLE, LONG, MONEY, STRING, TIMESTAMP, Alarm, Column, Rule, Table, schema_of

DIMENSIONS = ("all", "shop", "country", "segment", "list")

TABLE = Table(
    name="gold.campaign_results",
    grain="one measure of one campaign with a hold-out, of all its members or of a part, in one currency; never added across currencies",
    key=("campaign", "dimension", "dimension_value", "currency_code", "measure"),
    columns=(
        Column("campaign", STRING, "name of the campaign; * for the hold-out from all campaigns"),
        Column("dimension", STRING, "by what its members are divided, as of their assignment", accepted=DIMENSIONS),
        Column(
            "dimension_value",
            STRING,
            "* for all; a shop, a country, a list, or a segment: active (a sale in the 90 days before), lapsed (an older one), new (none)",
        ),
        Column("currency_code", STRING, "ISO 4217, that of the members' shop: a member is in the rows of one currency"),
        Column(
            "measure",
            STRING,
            "revenue (totals of sale orders in currency_code with tax and shipping, before refunds) or orders (number of sale orders)",
            accepted=(REVENUE, ORDERS),
        ),
        Column("first_assigned_at", TIMESTAMP, "of its members, UTC"),
        Column("last_assigned_at", TIMESTAMP, "UTC; a campaign that runs every night gets new members every night"),
        Column("days", DOUBLE, "from the first assignment to the newest order that is known, or to the end of the last member's window"),
        Column("is_over", BOOLEAN, f"whether everybody's {WINDOW_DAYS} days after the assignment are over on the run date"),
        Column("treatment_count", LONG, "members who may be in the packs: the reach"),
        Column("control_count", LONG, "members who are held out"),
        Column("expected_control_count", DOUBLE, "how many the hold-out's share would make of all members"),
        Column("delivered_count", LONG, "members of the treatment whom the mail tool delivered a mail of this campaign"),
        Column("opened_count", LONG, "of them who opened one"),
        Column("clicked_count", LONG, "who clicked"),
        Column("bounced_count", LONG, "whose mail bounced"),
        Column("control_delivered_count", LONG, "members of the control who got a mail of this campaign all the same; should be 0"),
        Column("treatment_buyer_count", LONG, f"members with a sale in the {WINDOW_DAYS} days after their assignment"),
        Column("control_buyer_count", LONG, "the same of the control"),
        Column("foreign_order_count", LONG, "sales of both arms in another currency: they count as orders, and in no revenue"),
        Column("treatment_total", MONEY, "the measure, summed up over the treatment"),
        Column("control_total", MONEY, "and over the control"),
        Column("treatment_mean", MONEY, "per member, whether it bought or not"),
        Column("control_mean", MONEY, "per member of the control"),
        Column(
            "uplift", MONEY, "what the campaign added per member of the treatment, corrected by what the arms bought in the 56 days before"
        ),
        Column("uplift_low", MONEY, "lower end of its 95 % interval, for who looks once, at the end"),
        Column("uplift_high", MONEY, "upper end"),
        Column("always_low", MONEY, "lower end of the 95 % interval that holds however often it is looked at"),
        Column("always_high", MONEY, "upper end"),
        Column("uplift_share", DOUBLE, "uplift as a share of what the control buys; null while that is too uncertain to divide by"),
        Column("uplift_share_low", DOUBLE, "lower end of its 95 % interval, for who looks once"),
        Column("uplift_share_high", DOUBLE, "upper end"),
        Column("p_value", DOUBLE, "of no uplift at all, for who looks once"),
        Column("explained_share", DOUBLE, "share of the uplift's variance that the 56 days before explain, and that is taken off"),
        Column("ratio_p_value", DOUBLE, "how probable so uneven arms are by chance; null without a draw"),
        Column(
            "before_p_value",
            DOUBLE,
            "how probable it is that the arms differ so much before the campaign: an A/A test; null if nobody bought",
        ),
        Column(
            "needed_count", LONG, f"members it takes to see a share of {WISHED_SHARE} in nine of ten cases; null while it can't be told"
        ),
        Column("needed_days", LONG, "days from the first assignment on until as much is known, if it goes on as so far"),
        Column(
            "verdict",
            STRING,
            "uplift, loss, none (over, and a wished uplift would have been seen), undecided, or invalid (the arms' sizes are no accident)",
            accepted=VERDICTS,
        ),
    ),
    rules=(
        Rule(
            "a_buyer_is_a_member", "treatment_buyer_count between 0 and treatment_count and control_buyer_count between 0 and control_count"
        ),
        Rule("an_interval_has_its_uplift_inside", "uplift is null or uplift between uplift_low and uplift_high"),
        Rule("the_interval_of_every_look_is_the_wider_one", "uplift is null or (always_low <= uplift_low and always_high >= uplift_high)"),
    ),
    optional=True,
    alarms=(
        Alarm(
            "arms_are_as_planned",
            "the sizes of a campaign's arms fit the hold-out's share; if not, nothing can be said of its uplift",
            "SELECT campaign, currency_code, ratio_p_value FROM {batch}"
            f" WHERE dimension = 'all' AND measure = '{ORDERS}' AND ratio_p_value < {MISMATCH}",
            is_standing=True,
        ),
        Alarm(
            "arms_were_alike_before",
            "what the arms of a campaign bought before it differs by no more than chance makes in one of a thousand campaigns",
            "SELECT campaign, currency_code, measure, before_p_value FROM {batch}"
            f" WHERE dimension = 'all' AND before_p_value < {MISMATCH}",
            is_standing=True,
        ),
        Alarm(
            "who_is_held_out_gets_no_mail",
            "the mail tool delivered no mail of a campaign to members of its control",
            "SELECT DISTINCT campaign, currency_code, control_delivered_count FROM {batch}"
            " WHERE dimension = 'all' AND control_delivered_count > 0",
            is_standing=True,
        ),
    ),
)


def build(
    campaign_members: DataFrame,
    orders: DataFrame,
    customers: DataFrame,
    customer_identities: DataFrame,
    shops: DataFrame,
    mail_feedback: DataFrame,
    *,
    run_date: date,
    feed_shop: str,
) -> DataFrame:
    """One row for each campaign, part, currency and measure. Spark adds up the members, and Python computes the statistics of the sums."""
    until = end_of(run_date)
    members = with_currency(campaign_members.where(F.col("assigned_at") <= F.lit(until)), shops, feed_shop)
    known = with_orders_and_feedback(members, customers, orders, customer_identities, mail_feedback, until)
    sums = by_part(summed(known)).withColumns(_progress(run_date)).drop("_sold")
    # Some hundred rows: one process of Python is enough.
    return sums.coalesce(1).mapInPandas(_with_findings, schema_of(_as_numbers(column) for column in TABLE.columns))


def _progress(run_date: date) -> dict[str, SparkColumn]:
    """`days` from the first assignment to the end of the window, or to the newest known order of any member if that is earlier."""
    ends = F.col("last_assigned_at") + F.make_dt_interval(F.lit(WINDOW_DAYS))
    known = F.coalesce(F.max("_sold").over(Window.partitionBy(F.lit(0))), "first_assigned_at")
    seconds = F.unix_timestamp(F.least(known, ends)) - F.unix_timestamp("first_assigned_at")
    return {"days": F.round(F.greatest(seconds, F.lit(0)) / 86_400, 3), "is_over": F.lit(datetime.combine(run_date, time.min, UTC)) >= ends}


def _as_numbers(column: Column) -> Column:
    """Python gives estimated amounts as doubles. They become decimals, as declared, when the table is written."""
    return Column(column.name, DOUBLE, column.comment) if column.name in FINDINGS and column.type == MONEY else column


def _with_findings(batches: Iterable[pd.DataFrame]) -> Iterable[pd.DataFrame]:
    """Each row with its findings. This runs in Spark's Python workers, and only they import libraries of statistics."""
    from lakehouse.experiment.findings import findings
    from lakehouse.experiment.moments import Moments

    for rows in batches:
        arms = {arm: rows[[f"{arm}_{name}" for name in SUMS]].astype(float).to_numpy() for arm in ("t", "c")}
        found = [
            findings(
                Moments(*treated),
                Moments(*held),
                expected_control=row["expected_control_count"],
                buyers=min(row["treatment_buyer_count"], row["control_buyer_count"]),
                days=row["days"],
                is_over=bool(row["is_over"]),
            )
            for treated, held, row in zip(arms["t"], arms["c"], rows.to_dict("records"), strict=True)
        ]
        both = pd.concat([rows.reset_index(drop=True), pd.DataFrame(found, columns=list(FINDINGS))], axis=1)
        yield both.astype({"needed_count": "Int64", "needed_days": "Int64"})[TABLE.column_names]

"""What each member of a campaign bought before and after the assignment, and what the mail tool says of the member.

No table of its own: `gold.campaign_results` sums it up, so that no row of a person is kept.
"""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.gold.keys import CUSTOMER
from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.sources.app_shop import is_apps
from lakehouse.table import MONEY

# Orders count for so many days after the assignment; so many before it are the covariate.
WINDOW_DAYS, BEFORE_DAYS = 28, 56
ACTIVE_DAYS = 90
MEMBER = ["campaign", "person"]
FEEDBACK = {
    "is_delivered": ("delivered",),
    "is_opened": ("opened",),
    "is_clicked": ("clicked",),
    "is_bounced": ("bounced_hard", "bounced_soft"),
}
NUMBERS = ("orders", "foreign_orders", "revenue_before", "orders_before", "revenue")
# What is known of a member besides: as of the assignment, and the currency of the shop.
SAID = ("arm", "control_share", "assigned_at", "shop_code", "country_code", "list_name", "currency_code")


def end_of(run_date: date) -> datetime:
    """Later orders are not looked at."""
    return datetime.combine(run_date + timedelta(days=1), time.min, UTC)


def with_currency(members: DataFrame, shops: DataFrame, feed_shop: str) -> DataFrame:
    """The members with `currency_code`, that of the shop in which they were looked at; of the app that whose articles it sells."""
    currencies = shops.select(F.col("shop_code").alias("_shop"), "currency_code")
    shop = F.when(is_apps(), feed_shop).otherwise(F.col("shop_code"))
    return members.withColumn("_shop", shop).join(F.broadcast(currencies), "_shop", "left").drop("_shop")


def with_orders_and_feedback(
    members: DataFrame, customers: DataFrame, orders: DataFrame, customer_identities: DataFrame, mail_feedback: DataFrame, until: datetime
) -> DataFrame:
    """One row for each of `members` (with currency): campaign, person, SAID, NUMBERS, `segment`, the flags of FEEDBACK and `last_sold_at`.

    `revenue` and `orders` are of the window after the assignment, `revenue_before` and `orders_before` of the weeks before it. Revenue is
    in the member's currency alone, before refunds; orders count in any; `foreign_orders` are those whose revenue does not count.
    `segment`: active (a sale in the 90 days before the assignment), lapsed (an older one) or new (none).
    """
    parts = [
        members.select(*MEMBER, *SAID),
        _sales(members, customers, orders, customer_identities, until),
        _heard(members, customers, mail_feedback),
    ]
    every = parts[0].unionByName(parts[1], allowMissingColumns=True).unionByName(parts[2], allowMissingColumns=True)
    # One pass puts together what stands in different rows of a member.
    found = every.groupBy(*MEMBER).agg(
        *(F.max(name).alias(name) for name in (*SAID, "last_before", "last_sold_at")),
        *(F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in NUMBERS),
        *(F.coalesce(F.bool_or(name), F.lit(False)).alias(name) for name in FEEDBACK),
    )
    is_active = F.col("last_before") >= F.col("assigned_at") - F.make_dt_interval(F.lit(ACTIVE_DAYS))
    return found.withColumn("segment", F.when(F.col("last_before").isNull(), "new").when(is_active, "active").otherwise("lapsed"))


def _sales(members: DataFrame, customers: DataFrame, orders: DataFrame, customer_identities: DataFrame, until: datetime) -> DataFrame:
    """A row for each sale of a member, with what it counts as."""
    sales = with_customer_key(orders.where(F.col("is_sale") & (F.col("created_at") < F.lit(until))), customer_identities)
    of_sale = sales.select(*CUSTOMER, "created_at", F.col("currency_code").alias("sold_in"), "total_amount")
    at, sold, amount = F.col("member.assigned_at"), F.col("created_at"), F.col("total_amount").cast(MONEY)
    is_before, is_own = sold < at, F.coalesce(F.col("sold_in") == F.col("member.currency_code"), F.lit(False))
    is_in = ~is_before & (sold < at + F.make_dt_interval(F.lit(WINDOW_DAYS)))
    is_recent = is_before & (sold >= at - F.make_dt_interval(F.lit(BEFORE_DAYS)))
    return (
        _all_customers(members, customers)
        .join(of_sale, CUSTOMER)
        .select(
            *(F.col(f"member.{name}").alias(name) for name in MEMBER),
            F.when(is_in & is_own, amount).alias("revenue"),
            is_in.cast("bigint").alias("orders"),
            (is_in & ~is_own).cast("bigint").alias("foreign_orders"),
            F.when(is_recent & is_own, amount).alias("revenue_before"),
            is_recent.cast("bigint").alias("orders_before"),
            F.when(is_before, sold).alias("last_before"),
            sold.alias("last_sold_at"),
        )
    )


def _all_customers(members: DataFrame, customers: DataFrame) -> DataFrame:
    """shop_code, customer_key, `member` (struct): all customers that a member is, one member a customer and campaign.

    The customer that was looked at, whatever its address is by now; and in every shop who has the member's address now.
    """
    member = ["campaign", "person", "assigned_at", "currency_code"]
    own = members.select(*member, *CUSTOMER, F.lit(0).alias("place"))
    by_address = customers.select(*CUSTOMER, F.col("email_pseudonym").alias("person"))
    others = members.select(*member).join(by_address, "person").select(*member, *CUSTOMER, F.lit(1).alias("place"))
    first = F.min_by(F.struct(*member), F.struct("place", "person"))
    return own.unionByName(others).groupBy("campaign", *CUSTOMER).agg(first.alias("member")).drop("campaign")


def _heard(members: DataFrame, customers: DataFrame, mail_feedback: DataFrame) -> DataFrame:
    """A row for each thing that happened to a mail of the campaign since the assignment, at the address of then or the customer's now.

    The mail tool names the campaign as it is named here.
    """
    now = customers.select(*CUSTOMER, F.col("email_pseudonym").alias("address_now"))
    addresses = F.explode(F.array_compact(F.array_distinct(F.array("person", "address_now"))))
    known = members.join(now, CUSTOMER, "left").select(*MEMBER, "assigned_at", addresses.alias("email_pseudonym"))
    events = mail_feedback.select("campaign", "email_pseudonym", "event", "occurred_at")
    said = (F.col("event").isin(*names).alias(flag) for flag, names in FEEDBACK.items())
    return known.join(events, ["campaign", "email_pseudonym"]).where("occurred_at >= assigned_at").select(*MEMBER, *said)

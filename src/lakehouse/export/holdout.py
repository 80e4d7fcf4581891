"""Who of a campaign's audience is held out. Comparing them with the recipients shows what the campaign added to what people buy anyway."""

from datetime import datetime
from decimal import Decimal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.bronze.campaign_members import CONTROL, TABLE, TREATMENT
from lakehouse.errors import ConfigError
from lakehouse.gold.keys import CUSTOMER

# Shares are counted in ten-thousandths, and a person's hash is taken modulo this number.
STEPS = 10_000
HEX_DIGITS = 15


def arm(person: SparkColumn, salt: str, share: Decimal) -> SparkColumn:
    """`control` for `share` of all persons, `treatment` for the others. Null without a person: the row takes no part.

    A person is the pseudonym of an e-mail address, so that one person has one arm in all shops. The first 60 bits of SHA-256 of
    `salt:person`, modulo 10,000, decide. The same person and salt always give the same arm, a greater share only adds controls, and
    campaigns with different salts hold out people independently. ConfigError (2) if the share is not 0 to 1 in steps of 0.0001.
    """
    held = control_steps(share)
    digest = F.sha2(F.concat(F.lit(f"{salt}:"), person), 256)
    step = F.conv(F.substring(digest, 1, HEX_DIGITS), 16, 10).cast("bigint") % STEPS
    return F.when(step < held, CONTROL).when(step >= held, TREATMENT)


def control_steps(share: Decimal) -> int:
    """The share in ten-thousandths. ConfigError (2) if that is no whole number from 0 to 10,000."""
    steps = Decimal(share) * STEPS
    if not 0 <= steps <= STEPS or steps != int(steps):
        raise ConfigError(f"a hold-out of {share} is not possible", "give a share from 0 to 1 with at most four decimals, such as 0.1")
    return int(steps)


def with_arm(people: DataFrame, known: DataFrame, campaign: str, salt: str, share: Decimal) -> DataFrame:
    """`people` with `arm`: the earliest that the campaign gave to the person or to one of the person's customers; without one, the hash's.

    `people` have shop_code, customer_key and `person`; `known` is bronze.campaign_members. So a customer with a new address keeps the arm.
    If customers with different arms come to share an address, all get the earlier arm, and control if both are equally old. So no inbox is
    in both arms.
    """
    of_campaign = known.where(F.col("campaign") == campaign)
    first = F.min(F.struct("assigned_at", "arm"))
    of_person = of_campaign.groupBy("person").agg(first.alias("_of_person"))
    of_customer = of_campaign.groupBy(*CUSTOMER).agg(first.alias("_of_customer"))
    of_inbox = F.min(F.least("_of_person", "_of_customer")).over(Window.partitionBy("person"))
    return (
        people.join(of_person, "person", "left")
        .join(of_customer, CUSTOMER, "left")
        .withColumn("arm", F.coalesce(of_inbox["arm"], arm(F.col("person"), salt, share)))
        .drop("_of_person", "_of_customer")
    )


def members(people: DataFrame, campaign: str, list_name: str | None, share: Decimal, at: datetime, run_id: str) -> DataFrame:
    """Rows of bronze.campaign_members for `people` with `arm` and `country_code`: recipients, and those who are left out by the arm alone.

    `at`: `campaign_members.assignment_time`. `newcomers` says which of the rows are new.
    """
    added = {"campaign": campaign, "list_name": list_name, "control_share": share, "assigned_at": at, "run_id": run_id}
    return people.withColumns({name: F.lit(value) for name, value in added.items()}).select(*TABLE.column_names)

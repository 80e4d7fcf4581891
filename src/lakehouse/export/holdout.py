"""Who of a campaign's audience is held out, so that what the campaign earned can be told from what would have been bought anyway."""

from datetime import datetime
from decimal import Decimal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from lakehouse.bronze.campaign_members import CONTROL, TABLE, TREATMENT
from lakehouse.errors import ConfigError
from lakehouse.gold.keys import CUSTOMER

# Shares are counted in ten-thousandths, as many as a hash is divided into.
STEPS = 10_000
HEX_DIGITS = 15


def arm(person: SparkColumn, salt: str, share: Decimal) -> SparkColumn:
    """`control` for `share` of all persons, `treatment` for the others; null where there is no person, who takes no part.

    A person is a pseudonym: of the e-mail, so that one person has one arm in all shops. It is decided by the first 60 bits of SHA-256 of
    `salt:person`, modulo 10,000: the same person and salt always have the same arm, a greater share only adds controls, and campaigns of
    different salts hold out people independently of each other. ConfigError (2) where the share is not 0 to 1 in steps of 0.0001.
    """
    held = control_steps(share)
    digest = F.sha2(F.concat(F.lit(f"{salt}:"), person), 256)
    step = F.conv(F.substring(digest, 1, HEX_DIGITS), 16, 10).cast("bigint") % STEPS
    return F.when(step < held, CONTROL).when(step >= held, TREATMENT)


def control_steps(share: Decimal) -> int:
    """The share in ten-thousandths. ConfigError (2) where it is none of 0 to 10,000."""
    steps = Decimal(share) * STEPS
    if not 0 <= steps <= STEPS or steps != int(steps):
        raise ConfigError(f"a hold-out of {share} is not possible", "give a share from 0 to 1 with at most four decimals, such as 0.1")
    return int(steps)


def with_arm(people: DataFrame, known: DataFrame, campaign: str, salt: str, share: Decimal) -> DataFrame:
    """`people` with `arm`: the first that the campaign gave the person, or any of the customers who are this person now, else the hash's.

    `people` have shop_code, customer_key and `person`; `known` is bronze.campaign_members. So who has another address keeps the arm, and of
    people who had different arms before they became one (control, where both were given at once) all have that of the earlier assignment:
    nobody's inbox is in both arms.
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
    """Rows of bronze.campaign_members for `people` with `arm` and `country_code`: who gets the pack, and who would but for the arm.

    `at`: `campaign_members.assignment_time`. `newcomers` says which of the rows are new.
    """
    added = {"campaign": campaign, "list_name": list_name, "control_share": share, "assigned_at": at, "run_id": run_id}
    return people.withColumns({name: F.lit(value) for name, value in added.items()}).select(*TABLE.column_names)

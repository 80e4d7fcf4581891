"""Who of a campaign's audience is held out, so that what the campaign earned can be told from what would have been bought anyway."""

from datetime import datetime
from decimal import Decimal

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
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
    """`people` with `arm`: what the campaign gave the person or the customer first, else what the hash gives now.

    `people` have shop_code, customer_key and `person`; `known` is bronze.campaign_members. Who has another address than before keeps the
    arm by the customer's key. People who had different arms before they became one keep that of the earlier assignment.
    """
    of_campaign = known.where(F.col("campaign") == campaign)
    first = F.min_by("arm", F.struct("assigned_at", "arm"))
    of_person = of_campaign.groupBy("person").agg(first.alias("_of_person"), F.min("assigned_at").alias("_person_at"))
    of_customer = of_campaign.groupBy(*CUSTOMER).agg(first.alias("_of_customer"), F.min("assigned_at").alias("_customer_at"))
    earlier = F.when(F.col("_customer_at") < F.col("_person_at"), F.col("_of_customer"))
    return (
        people.join(of_person, "person", "left")
        .join(of_customer, CUSTOMER, "left")
        .withColumn("arm", F.coalesce(earlier, "_of_person", "_of_customer", arm(F.col("person"), salt, share)))
        .drop("_of_person", "_person_at", "_of_customer", "_customer_at")
    )


def members(people: DataFrame, campaign: str, list_name: str | None, share: Decimal, at: datetime, run_id: str) -> DataFrame:
    """Rows of bronze.campaign_members for `people` with `arm` and `country_code`: who gets the pack, and who would but for the arm.

    `at`: `campaign_members.assignment_time`. `newcomers` says which of the rows are new.
    """
    added = {"campaign": campaign, "list_name": list_name, "control_share": share, "assigned_at": at, "run_id": run_id}
    return people.withColumns({name: F.lit(value) for name, value in added.items()}).select(*TABLE.column_names)

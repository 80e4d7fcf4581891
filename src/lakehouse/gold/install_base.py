"""Where the app is installed, and how many of the shop's customers that reaches for sure and at most."""

from datetime import UTC, date, datetime, time, timedelta

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty
from lakehouse.silver.customer_identities import APP_USER
from lakehouse.sources.app_shop import is_apps
from lakehouse.table import DOUBLE, LONG, STRING, Column, Rule, Table

EVERY = "*"
# ISO 3166-1 leaves it to its users.
UNKNOWN_COUNTRY = "ZZ"
ACTIVE_DAYS = 30

TABLE = Table(
    name="gold.install_base",
    grain="one platform in one country as of the run date, or all platforms, or all countries",
    key=("platform", "country_code"),
    optional=True,
    columns=(
        Column("platform", STRING, "* for all", accepted=("ios", "android", EVERY)),
        Column("country_code", STRING, "of the app's user, ISO 3166-1 alpha-2; ZZ if unknown or nobody is logged in; * for all"),
        Column("install_count", LONG, "installations ever, as in the newest file"),
        Column("installed_count", LONG, "of them there at the end of the run date (UTC): installed, and not removed by then"),
        Column("active_30d_count", LONG, "installed, and last opened within the 30 days up to the end of the run date"),
        Column("push_reachable_count", LONG, "installed, push messages allowed, and with an address for them"),
        Column("user_count", LONG, "distinct app users with an installed app"),
        Column("known_customer_count", LONG, "distinct customers of the shop (setting feed_shop) that those users are known to be"),
        Column("customer_count", LONG, "all customers of that shop in the country, on any platform or none; anonymous buyers left out"),
        Column("coverage_share", DOUBLE, "known_customer_count / customer_count, at most 1; null without customers"),
        Column("coverage_share_at_most", DOUBLE, "the same, were every installed app without a known customer another customer; at most 1"),
        Column("linked_install_share", DOUBLE, "installed apps whose user is a known customer / installed_count; null if that is 0"),
        Column(
            "confidence",
            STRING,
            "by linked_install_share: high from 0.8, medium from 0.5, else low; null if that is null",
            accepted=("high", "medium", "low"),
        ),
    ),
    rules=(
        Rule("what_is_installed_is_part_of_all", "installed_count between 0 and install_count"),
        Rule("coverage_is_a_share", "coverage_share is null or coverage_share between 0 and 1"),
    ),
)


def build(
    app_installs: DataFrame, app_users: DataFrame, customer_identities: DataFrame, customers: DataFrame, *, run_date: date, feed_shop: str
) -> DataFrame:
    """Installations by platform and country, beside the customers of the shop `feed_shop`.

    An app user is a known customer where silver.customer_identities links the two.
    """
    moment = datetime.combine(run_date + timedelta(days=1), time.min, UTC)
    counted = _counted(_installs(app_installs, app_users, customer_identities, moment))
    found = counted.join(_customers(customers, feed_shop), "country_code", "left").fillna(0, ["customer_count"])
    linked_share = F.try_divide("linked_install_count", "installed_count")
    known = F.col("known_customer_count")
    return found.withColumns(
        {
            "coverage_share": _share(known, F.col("customer_count")),
            "coverage_share_at_most": _share(known + F.col("installed_count") - F.col("linked_install_count"), F.col("customer_count")),
            "linked_install_share": linked_share,
            "confidence": F.when(linked_share >= 0.8, "high").when(linked_share >= 0.5, "medium").when(linked_share >= 0, "low"),
        }
    )


def _installs(app_installs: DataFrame, app_users: DataFrame, customer_identities: DataFrame, moment: datetime) -> DataFrame:
    """Each installation under its platform and country and under `*`, with its state at the moment and its known customer."""
    at = F.lit(moment)
    is_link = is_apps() & (F.col("identity_type") == APP_USER) & (F.col("customer_key") != F.col("identity_pseudonym"))
    links = customer_identities.where(is_link).select(F.col("identity_pseudonym").alias("user_pseudonym"), "customer_key")
    countries = app_users.select("app_user_id", _or_unknown(F.col("country")).alias("country_code"))
    since = F.lit(moment - timedelta(days=ACTIVE_DAYS))
    return (
        app_installs.join(countries, "app_user_id", "left")
        .join(links, "user_pseudonym", "left")
        .withColumn("platform", F.explode(F.array(F.lit(EVERY), F.col("platform"))))
        .withColumn("country_code", F.explode(F.array(F.lit(EVERY), _or_unknown(F.col("country_code")))))
        .withColumn("is_installed", (F.col("installed_at") < at) & F.coalesce(F.col("uninstalled_at") >= at, F.lit(True)))
        .withColumn("is_active", (F.col("last_seen_at") >= since) & (F.col("last_seen_at") < at))
    )


def _counted(installs: DataFrame) -> DataFrame:
    is_installed = F.col("is_installed")
    return installs.groupBy("platform", "country_code").agg(
        F.count("*").alias("install_count"),
        F.count_if(is_installed).alias("installed_count"),
        F.count_if(is_installed & F.col("is_active")).alias("active_30d_count"),
        F.count_if(is_installed & F.col("push_enabled") & F.col("has_push_token")).alias("push_reachable_count"),
        F.count_distinct(F.when(is_installed, F.col("app_user_id"))).alias("user_count"),
        F.count_distinct(F.when(is_installed, F.col("customer_key"))).alias("known_customer_count"),
        F.count_if(is_installed & F.col("customer_key").isNotNull()).alias("linked_install_count"),
    )


def _customers(customers: DataFrame, shop_code: str) -> DataFrame:
    known = customers.where((F.col("shop_code") == shop_code) & ~F.col("is_anonymous"))
    country = F.explode(F.array(F.lit(EVERY), _or_unknown(F.col("country_code"))))
    return known.select(country.alias("country_code")).groupBy("country_code").agg(F.count("*").alias("customer_count"))


def _or_unknown(country: SparkColumn) -> SparkColumn:
    return F.coalesce(null_if_empty(country), F.lit(UNKNOWN_COUNTRY))


def _share(part: SparkColumn, whole: SparkColumn) -> SparkColumn:
    """At most 1: an app user's country may be another one than the customer's."""
    return F.when(whole > 0, F.least(F.lit(1.0), part / whole))

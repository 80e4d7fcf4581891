"""Customers: one row per person and shop, the app counted as a shop, without personal data. Names and addresses are in the vault."""

from pyspark.sql import Column as SparkColumn
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.expressions import null_if_empty, pivot_meta
from lakehouse.parameters import Shops, by_shop
from lakehouse.silver import customer_identities
from lakehouse.silver.consents import SAID_NO, SAID_YES, decisions
from lakehouse.silver.customer_identities import APP_USER, EMAIL, ORDER, with_customer_key
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, LONG, STRING, TIMESTAMP, Column, Reference, Rule, Table

# Roles and single rights are in one key, serialised by PHP: a:1:{s:8:"customer";b:1;}. Its name has the site's prefix. Tools that write
# it themselves say 1 or "1" for true.
ROLES_KEY, ROLE = "capabilities", r's:\d+:"([^"]+)";(?:b:1|i:1|s:1:"1")'
# WordPress's and WooCommerce's roles that write posts or manage the shop, and the rights themselves.
# Then roles of marketplaces and of Yoast SEO that have these rights too.
STAFF = (
    *("administrator", "editor", "author", "contributor", "shop_manager", "edit_posts", "manage_woocommerce"),
    *("seller", "vendor_staff", "dc_vendor", "wcfm_vendor", "wpseo_editor", "wpseo_manager"),
)
EMAIL_STATUS = ("valid", "bounced", "role", "relay", "disposable", "invalid", "anonymised", "missing")

CONSENT = (SAID_YES, SAID_NO, "unknown")

TABLE = Table(
    name="silver.customers",
    grain="one customer of one shop",
    key=("shop_code", "customer_key"),
    columns=(
        SHOP,
        Column(
            "customer_key",
            STRING,
            "keyed pseudonym: of the account, else of the address, else of the order (silver.customer_identities); in shop `app` the key"
            " of the shop's customer with the same e-mail, else of the app's user",
        ),
        Column("user_id", LONG, "account, in shop `app` the shop's with the same e-mail; null for guests"),
        Column("email_pseudonym", STRING, "of the account's address, else of the guest's; in the app of its user's; null if there is none"),
        Column("is_anonymous", BOOLEAN, "a buyer without a usable address: one such person per order, no recommendations"),
        Column(
            "is_customer",
            BOOLEAN,
            "whether it is a customer: has an order (of its staff: a sale), or an account with a customer's role on this site and no"
            " role of its staff; an account that a network marked as spam or deleted is none; in shop `app` everybody",
        ),
        Column("email_status", STRING, "what can be said of the address", accepted=EMAIL_STATUS),
        Column("consent", STRING, "to advertising by e-mail, in shop `app` by push: what silver.consents comes to", accepted=CONSENT),
        Column("is_opted_out", BOOLEAN, "whether consent is a no"),
        Column("has_complained", BOOLEAN, "whether the mail tool heard a complaint of the address"),
        Column(
            "legal_ground",
            STRING,
            "why it may be written to: consent, or existing_customers where the shop's setting legal_ground says so, who has a sale and did"
            " not say no; null: it may not",
            accepted=("consent", "existing_customers"),
        ),
        Column("country_code", STRING, "of the latest order's billing address, else of the account's; ISO 3166-1 alpha-2"),
        Column("locale", STRING, "language of the account as WordPress writes it (nl_NL); null if the site's, and in shop `app`"),
        Column("registered_at", TIMESTAMP, "when the account was made, the first one in the app, UTC [WC_Customer::get_date_created]"),
        Column("last_order_id", LONG, "latest order of any status"),
        Column("last_ordered_at", TIMESTAMP, "UTC"),
    ),
    rules=(
        Rule("email_status_is_known", "email_status is not null"),
        Rule("who_is_anonymous_has_no_address", "not is_anonymous or email_pseudonym is null"),
    ),
    references=(Reference(("shop_code", "customer_key"), customer_identities.TABLE),),
)


def build(
    users: DataFrame,
    user_meta: DataFrame,
    orders: DataFrame,
    customer_identities: DataFrame,
    email_deliverability: DataFrame,
    app_users: DataFrame,
    blocked_users: DataFrame,
    consents: DataFrame,
    database_customers: DataFrame,
    *,
    shops: Shops,
) -> DataFrame:
    """Everybody with an account or an order, in a shop, in the app or in a database. An account's address is the one it has now."""
    by_person, by_address = ["shop_code", "customer_key"], ["shop_code", "email_pseudonym"]
    # A guest's key is the address's pseudonym. Whoever is one order has no other identity.
    is_own = (F.col("identity_type") == EMAIL) & (F.col("identity_pseudonym") == F.col("customer_key"))
    people = customer_identities.groupBy(*by_person).agg(
        F.max("user_id").alias("user_id"),
        F.max("identity_type").alias("kind"),
        F.max(F.when(is_own, F.col("identity_pseudonym"))).alias("guest_address"),
    )
    accounts = _accounts(users, user_meta, shops).unionByName(_of_databases(database_customers), allowMissingColumns=True)
    found = (
        people.join(accounts, ["shop_code", "user_id"], "left")
        .join(_blocked(blocked_users), ["shop_code", "user_id"], "left")
        .join(_app_users(app_users, customer_identities), by_person, "left")
        .join(_buying(orders, customer_identities), by_person, "left")
        .withColumn("email_pseudonym", F.coalesce("account_email", "app_email", "guest_address"))
        .join(email_deliverability, by_address, "left")
        .join(decisions(consents).withColumnRenamed("subject", "email_pseudonym"), by_address, "left")
    )
    is_anonymised = F.coalesce("account_is_anonymised", "app_is_anonymised", "order_is_anonymised", F.lit(False))
    status = (
        F.when(F.col("email_pseudonym").isNull(), F.when(is_anonymised, "anonymised").otherwise("missing"))
        .when(~F.coalesce("is_valid", F.lit(False)), "invalid")
        .when(F.col("is_disposable"), "disposable")
        .when(F.col("is_relay"), "relay")
        .when(by_shop(shops, lambda shop: F.lit(shop.leaves_out_roles)) & F.col("is_role"), "role")
        .when(F.col("is_bounced"), "bounced")
        .otherwise("valid")
    )
    of_app = F.when(F.col("decision") == SAID_NO, SAID_NO).when(F.col("app_consents"), SAID_YES).otherwise(SAID_NO)
    consent = F.when(is_apps(), of_app).otherwise(F.coalesce("decision", F.lit("unknown")))
    may_write_to_customers = by_shop(shops, lambda shop: F.lit(shop.legal_ground == "existing_customers"))
    return (
        found.withColumn("is_anonymous", F.col("kind") == ORDER)
        .withColumn("is_customer", _is_customer())
        .withColumn("email_status", status)
        .withColumn("consent", consent)
        .withColumn("is_opted_out", F.col("consent") == SAID_NO)
        .withColumn("has_complained", F.coalesce("has_complained", F.lit(False)))
        .withColumn("legal_ground", _legal_ground(may_write_to_customers))
        .withColumn("country_code", F.coalesce("order_country", "account_country", "app_country"))
        .withColumn("registered_at", F.coalesce("registered_at", "app_registered_at"))
    )


def _accounts(users: DataFrame, user_meta: DataFrame, shops: Shops) -> DataFrame:
    is_roles = F.col("meta_key").endswith(ROLES_KEY)
    meta = pivot_meta(
        user_meta.withColumn("meta_key", F.when(is_roles, ROLES_KEY).otherwise(F.col("meta_key"))),
        ["shop_code", "user_id"],
        "umeta_id",
        {"account_country": "billing_country", "locale": "locale", "roles": ROLES_KEY},
    )
    roles = F.regexp_extract_all("roles", F.lit(ROLE), F.lit(1))
    has_role = by_shop(shops, lambda shop: F.arrays_overlap(roles, F.array(*map(F.lit, shop.customer_roles)).cast("array<string>")))
    return (
        users.select(
            "shop_code",
            F.col("id").alias("user_id"),
            F.col("email_pseudonym").alias("account_email"),
            F.col("is_anonymised").alias("account_is_anonymised"),
            F.col("user_registered").alias("registered_at"),
        )
        .join(meta, ["shop_code", "user_id"], "left")
        .withColumn("is_staff", F.arrays_overlap(roles, F.array(*map(F.lit, STAFF))))
        .withColumn("has_customer_role", has_role)
        .withColumn("account_country", F.upper(null_if_empty(F.col("account_country"))))
        .withColumn("locale", null_if_empty(F.col("locale")))
    )


def _of_databases(database_customers: DataFrame) -> DataFrame:
    """As accounts; whom a database calls a customer is one."""
    return database_customers.select(
        "shop_code",
        F.col("customer_id").alias("user_id"),
        F.col("email_pseudonym").alias("account_email"),
        F.col("is_anonymised").alias("account_is_anonymised"),
        F.col("created_at").alias("registered_at"),
        F.upper(null_if_empty(F.col("country"))).alias("account_country"),
        F.lit(True).alias("has_customer_role"),
    )


def _blocked(blocked_users: DataFrame) -> DataFrame:
    return blocked_users.select("shop_code", F.col("id").alias("user_id"), F.lit(True).alias("is_blocked"))


def _is_customer() -> SparkColumn:
    def known(name: str) -> SparkColumn:
        return F.coalesce(name, F.lit(False))

    has_order = F.when(known("is_staff"), known("has_sale")).otherwise(F.col("last_order_id").isNotNull())
    by_role = known("has_customer_role") & ~known("is_staff")
    return is_apps() | (~known("is_blocked") & (has_order | by_role))


def _legal_ground(may_write_to_customers: SparkColumn) -> SparkColumn:
    is_existing = may_write_to_customers & F.coalesce("has_sale", F.lit(False)) & (F.col("consent") != SAID_NO)
    return F.when(F.col("consent") == SAID_YES, "consent").when(is_existing, "existing_customers")


def _app_users(app_users: DataFrame, customer_identities: DataFrame) -> DataFrame:
    """By customer of the app: several of its users may be one."""
    customers = customer_identities.where(F.col("identity_type") == APP_USER).select(
        "shop_code", "customer_key", F.col("identity_pseudonym").alias("user_pseudonym")
    )
    newest = F.max_by(F.struct("marketing_consent", "country"), F.struct("updated_at", "app_user_id"))
    return (
        app_users.join(customers, "user_pseudonym")
        .groupBy("shop_code", "customer_key")
        .agg(
            F.max("email_pseudonym").alias("app_email"),
            F.max("is_anonymised").alias("app_is_anonymised"),
            newest["marketing_consent"].alias("app_consents"),
            newest["country"].alias("app_country"),
            F.min("registered_at").alias("app_registered_at"),
        )
    )


def _buying(orders: DataFrame, customer_identities: DataFrame) -> DataFrame:
    # An order whose date can't be is nobody's latest, unless there is no other.
    latest = F.max(F.struct((~F.coalesce("is_misdated", F.lit(False))).alias("is_dated"), "created_at", "order_id"))
    return (
        with_customer_key(orders, customer_identities)
        .groupBy("shop_code", "customer_key")
        .agg(
            latest["order_id"].alias("last_order_id"),
            latest["created_at"].alias("last_ordered_at"),
            F.max_by(
                null_if_empty(F.col("country_code")),
                F.when(null_if_empty(F.col("country_code")).isNotNull(), F.struct("created_at", "order_id")),
            ).alias("order_country"),
            F.max("is_anonymised").alias("order_is_anonymised"),
            F.max("is_sale").alias("has_sale"),
        )
    )

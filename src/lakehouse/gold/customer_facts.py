"""`gold.customer_facts`: what the lake knows of each customer who can be reached, for a tool that keeps customers (CRM)."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.types import ArrayType, StructField, StructType

from lakehouse.gold.keys import CUSTOMER
from lakehouse.silver.customer_identities import with_customer_key
from lakehouse.silver.customers import CONSENT, EMAIL_STATUS
from lakehouse.sources.app_shop import is_apps
from lakehouse.sources.source import SHOP
from lakehouse.table import BOOLEAN, DATE, LONG, MONEY, STRING, TIMESTAMP, Column, Rule, Table

# Products that are due are named, so many at most.
NEXT = 5
DUE = ArrayType(StructType([StructField("due_date", DATE), StructField("product_id", LONG)]))
SPENT = ArrayType(StructType([StructField("currency_code", STRING), StructField("amount", MONEY)]))
# An address that can't be written to is no way to name somebody.
REACHABLE = ("valid", "bounced", "role", "relay", "disposable")

TABLE = Table(
    name="gold.customer_facts",
    grain="one customer of one shop who has an address, as of the newest order; those of the app alone are left out",
    key=tuple(CUSTOMER),
    columns=(
        SHOP,
        Column("customer_key", STRING, "the customer"),
        Column("email_pseudonym", STRING, "of the address that a pack names the customer by"),
        Column("email_status", STRING, "what can be said of the address", accepted=EMAIL_STATUS),
        Column("consent", STRING, "to advertising by e-mail", accepted=CONSENT),
        Column("has_complained", BOOLEAN, "whether the mail tool heard a complaint of the address"),
        Column("country_code", STRING, "of the latest order's billing address, else of the account's; ISO 3166-1 alpha-2"),
        Column("registered_at", TIMESTAMP, "when the account was made, UTC; null for guests"),
        Column("order_count", LONG, "sale orders"),
        Column("first_ordered_at", TIMESTAMP, "of the first of them, UTC"),
        Column("last_ordered_at", TIMESTAMP, "of the last of them, UTC"),
        Column("last_order_id", LONG, "the last of them"),
        Column("spent", SPENT, "totals of sale orders by currency, with tax and shipping, before refunds; empty without orders"),
        Column(
            "next_due",
            DUE,
            f"products of the list buy_again that the customer will want again first, {NEXT} at most, with the shop's day, which is in the"
            " past if they are overdue; empty if nothing is known",
        ),
    ),
    rules=(Rule("who_ordered_did_so_once", "(order_count = 0) = (last_ordered_at is null)"),),
    may_be_empty=True,
)


def build(customers: DataFrame, orders: DataFrame, customer_identities: DataFrame, customer_products: DataFrame) -> DataFrame:
    """Sale orders of customers of the shops, and what of it is due again."""
    sales = with_customer_key(orders.where(F.col("is_sale") & ~is_apps()), customer_identities)
    at = F.struct("created_at", "order_id")
    by_currency = sales.groupBy(*CUSTOMER, "currency_code").agg(
        F.count("*").alias("orders"), F.sum("total_amount").cast(MONEY).alias("amount"), F.min(at).alias("first"), F.max(at).alias("last")
    )
    bought = by_currency.groupBy(*CUSTOMER).agg(
        F.sum("orders").alias("order_count"),
        F.min("first").alias("first"),
        F.max("last").alias("last"),
        F.array_sort(F.collect_list(F.struct("currency_code", "amount"))).alias("spent"),
    )
    due = customer_products.where("list_name = 'buy_again' and due_date is not null").groupBy(*CUSTOMER)
    next_due = due.agg(F.slice(F.array_sort(F.collect_list(F.struct("due_date", "product_id"))), 1, NEXT).alias("next_due"))
    reachable = customers.where(F.col("is_customer") & ~is_apps() & F.col("email_pseudonym").isNotNull()).where(
        F.col("email_status").isin(*REACHABLE)
    )
    known = reachable.drop("last_ordered_at", "last_order_id").join(bought, CUSTOMER, "left").join(next_due, CUSTOMER, "left")
    return known.withColumns(
        {
            "order_count": F.coalesce("order_count", F.lit(0)),
            "first_ordered_at": F.col("first.created_at"),
            "last_ordered_at": F.col("last.created_at"),
            "last_order_id": F.col("last.order_id"),
            "spent": F.coalesce("spent", F.array().cast(SPENT)),
            "next_due": F.coalesce("next_due", F.array().cast(DUE)),
        }
    )

"""The frames that a campaign's pack is made from, at the versions that a run works with."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import campaign_members
from lakehouse.bronze.campaign_members import CONTROL, GLOBAL
from lakehouse.export import frequency
from lakehouse.export.audience import base, suppressed
from lakehouse.export.campaign import PUSH, Campaign
from lakehouse.export.contacts import contacts, devices
from lakehouse.export.frequency import PackName, with_recent_packs
from lakehouse.export.holdout import with_arm
from lakehouse.export.places import LIST_OWNER, items, places, with_lists
from lakehouse.export.stock.limits import Limit, Product
from lakehouse.gold import interactions
from lakehouse.gold.keys import CUSTOMER
from lakehouse.recommend import customer_products
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customer_identities, customers, products
from lakehouse.sources import mobile_app
from lakehouse.sources.databases import entities
from lakehouse.sources.woocommerce.orders import ORDER_ADDRESSES, ORDERS
from lakehouse.sources.woocommerce.people import USER_META, USERS
from lakehouse.stages.export_packs.channel_rules import by_channel
from lakehouse.stages.export_packs.shared_stock import scarce
from lakehouse.stages.export_packs.stock_sharing import StockSharing
from lakehouse.table import Table

OF_ALL = (customers.TABLE, customer_products.TABLE, products.TABLE, interactions.TABLE)
APP_USERS, APP_TOKENS = mobile_app.USERS.vault, mobile_app.INSTALLS.vault
OF_SHOPS = (USERS.vault, USER_META.vault, ORDERS.vault, ORDER_ADDRESSES.vault, APP_USERS)
OF_EMAIL = tuple(table for table in (*OF_SHOPS, entities.CUSTOMERS.vault, entities.ORDERS.vault) if table)
OF_PUSH = (mobile_app.INSTALLS.bronze, *filter(None, (APP_TOKENS, APP_USERS)), customer_identities.TABLE)


def tables_of(campaign: Campaign) -> tuple[Table, ...]:
    """All tables that are read."""
    return (*OF_ALL, *(OF_PUSH if campaign.channel == PUSH else OF_EMAIL))


class Frames:
    """`people`: everybody whom the campaign is for, with `suppressed_for`. `counted`: the packs that count for its frequency cap.

    `limits`: of the products whose stock is counted; it is shared out where they can be reached. `release` frees what is cached.
    """

    def __init__(self, run: RunContext, campaign: Campaign, counted: Sequence[PackName], limits: Mapping[Product, Limit]) -> None:
        self._run, self._campaign, self._counted, self._limits = run, campaign, counted, limits
        everybody, lists, catalogue, pairs = (run.read(table) for table in OF_ALL)
        self.channel_rules = by_channel(run, campaign, lists)
        # A list of which a channel's rules leave nothing is none.
        lists = self.channel_rules.shown
        self._shown = places(lists, catalogue, pairs, campaign.list_name)
        meant = with_lists(base(everybody, pairs, campaign, run.settings.feed_shop_code), lists, self._shown, campaign.list_name)
        self._devices = devices(*(run.read(table) for table in OF_PUSH)) if campaign.channel == PUSH else None
        self.people = suppressed(self._with_arms(self._with_recent_packs(self._with_devices(meant))), campaign)
        self._sharing: StockSharing | None = None
        if limits:
            self._sharing = StockSharing(self.people, self._shown, scarce(run, limits), campaign.slots, run.run_date)
            self.people, self._shown = self._sharing.people, self._sharing.shown

    def recipients(self) -> DataFrame:
        """One row for each of `people` who gets something: shop_code, customer_key, country_code, locale, list_shop, first_name, `items`
        and, by e-mail, email and phone, by push `push_tokens`. Sorted by shop and customer."""
        reached = self.people.where(F.col("suppressed_for").isNull())
        contact = self._devices if self._devices is not None else contacts(reached, *(self._run.read(table) for table in OF_EMAIL))
        return (
            reached.select(*CUSTOMER, "country_code", "locale", "list_shop")
            .join(contact, CUSTOMER)
            .join(items(self._shown, self._campaign.slots), LIST_OWNER)
            .orderBy(*CUSTOMER)
        )

    def products(self, recipients: int) -> list[dict[str, Any]]:
        """Of each product with a limit how many are shown it and how many are not (export/stock/shown_products.py: counted)."""
        return [] if self._sharing is None else self._sharing.counts(self._limits, recipients)

    def release(self) -> None:
        if self._sharing is not None:
            self._sharing.release()

    def _with_devices(self, people: DataFrame) -> DataFrame:
        if self._devices is None:
            return people
        return people.join(self._devices.select(*CUSTOMER, F.lit(True).alias("has_device")), CUSTOMER, "left")

    def _with_recent_packs(self, people: DataFrame) -> DataFrame:
        """Packs of earlier campaigns of this run count too, so the latest rows are read."""
        store, name = self._run.store, frequency.TABLE.name
        if not self._counted or store.head(name) is None:
            return people.withColumn("recent_packs", F.lit(None).cast("long"))
        return with_recent_packs(people, store.read(name), self._campaign.channel, self._counted)

    def _with_arms(self, people: DataFrame) -> DataFrame:
        """`arm_of_campaign` and `arm_of_all`, null where there is no such hold-out, and `arm`: control by one of them is control."""
        held = {"arm_of_campaign": (self._campaign.name, self._campaign.hold_out), "arm_of_all": (GLOBAL, self._run.settings.hold_out)}
        for column, (campaign, hold_out) in held.items():
            if hold_out is None:
                people = people.withColumn(column, F.lit(None).cast("string"))
            else:
                members = self._run.read(campaign_members.TABLE)
                people = with_arm(people, members, campaign, hold_out.salt, hold_out.share).withColumnRenamed("arm", column)
        is_control = F.coalesce(F.col("arm_of_all") == CONTROL, F.lit(False))
        return people.withColumn("arm", F.when(is_control, CONTROL).otherwise(F.col("arm_of_campaign")))

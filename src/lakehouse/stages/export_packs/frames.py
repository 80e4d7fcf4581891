"""The frames that a campaign's pack is made from, at the versions that a run works with."""

from collections.abc import Mapping, Sequence
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from lakehouse.bronze import campaign_members
from lakehouse.bronze.campaign_members import CONTROL, GLOBAL
from lakehouse.export import frequency
from lakehouse.export.audience import base, suppressed
from lakehouse.export.campaign import Campaign
from lakehouse.export.channels.channel import channel_of
from lakehouse.export.frequency import PackName, with_recent_packs
from lakehouse.export.holdout import with_arm
from lakehouse.export.places import LIST_OWNER, items, places, with_lists
from lakehouse.export.stock.limits import Limit, Product
from lakehouse.gold import interactions
from lakehouse.gold.keys import CUSTOMER
from lakehouse.runs.stage import RunContext
from lakehouse.silver import customers, products
from lakehouse.stages.export_packs.channel_rules import by_channel
from lakehouse.stages.export_packs.lists import PUBLISHED, Lists
from lakehouse.stages.export_packs.most_likely import best_first, most_likely
from lakehouse.stages.export_packs.shared_stock import scarce
from lakehouse.stages.export_packs.stock_sharing import StockSharing
from lakehouse.table import Table

OF_ALL = (customers.TABLE, products.TABLE, interactions.TABLE)


def tables_of(campaign: Campaign, of_lists: tuple[Table, ...] = PUBLISHED) -> tuple[Table, ...]:
    """All tables that are read."""
    return (*OF_ALL, *of_lists, *channel_of(campaign.channel).reads)


class Frames:
    """`people`: everybody whom the campaign is for, with `suppressed_for`. `counted`: the packs that count for its frequency cap.

    `limits`: of the products whose stock is counted; it is shared out where they can be reached. `release` frees what is cached.
    """

    def __init__(
        self, run: RunContext, campaign: Campaign, counted: Sequence[PackName], lists: Lists, limits: Mapping[Product, Limit]
    ) -> None:
        self._run, self._campaign, self._counted, self._at_most, self._limits = run, campaign, counted, lists.at_most, limits
        everybody, catalogue, pairs = (run.read(table) for table in OF_ALL)
        # Published lists are read where they are; what is scored for this pack alone is scored once.
        self._scored = lists.frame() if self._at_most is None else lists.frame().persist()
        self.channel_rules = by_channel(run, campaign, self._scored)
        # A list of which a channel's rules leave nothing is none.
        self._listed = self.channel_rules.shown
        self._shown = places(self._listed, catalogue, pairs, campaign.list_name)
        meant = with_lists(self._meant(everybody, pairs), self._listed, self._shown, campaign.list_name)
        self._channel = channel_of(campaign.channel)
        self._of_channel = [run.read(table) for table in self._channel.reads]
        reachable = self._channel.with_reach(meant, *self._of_channel)
        found = suppressed(self._with_arms(self._with_recent_packs(reachable)), campaign)
        self.people = found if self._at_most is None else most_likely(found, self._at_most)
        self._sharing: StockSharing | None = None
        if limits:
            self._sharing = StockSharing(self.people, self._shown, scarce(run, limits), campaign.slots, run.run_date)
            self.people, self._shown = self._sharing.people, self._sharing.shown

    def recipients(self) -> DataFrame:
        """One row for each of `people` who gets something: shop_code, customer_key, country_code, locale, list_shop, `items`,
        first_name and what else the channel's contacts have. Sorted by shop and customer; where only the most likely are taken, they come
        first."""
        reached = self.people.where(F.col("suppressed_for").isNull())
        contact = self._channel.contacts(reached, *self._of_channel)
        ranked = [] if self._at_most is None else ["score"]
        found = (
            reached.select(*CUSTOMER, "country_code", "locale", "list_shop", *ranked)
            .join(contact, CUSTOMER)
            .join(items(self._shown, self._campaign.slots), LIST_OWNER)
        )
        return best_first(found) if ranked else found.orderBy(*CUSTOMER)

    def _meant(self, everybody: DataFrame, pairs: DataFrame) -> DataFrame:
        found = base(everybody, pairs, self._campaign, self._run.settings.feed_shop_code)
        if self._at_most is None:
            return found
        return found.join(self._listed.select(F.col("shop_code").alias("list_shop"), "customer_key", "score"), LIST_OWNER)

    def products(self, recipients: int) -> list[dict[str, Any]]:
        """Of each product with a limit how many are shown it and how many are not (export/stock/shown_products.py: counted)."""
        return [] if self._sharing is None else self._sharing.counts(self._limits, recipients)

    def release(self) -> None:
        """Give the memory back."""
        if self._sharing is not None:
            self._sharing.release()
        if self._at_most is not None:
            self._scored.unpersist()

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

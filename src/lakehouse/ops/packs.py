"""`ops.packs`: every pack that was made, and when it was deleted. `ops.suppressions`: customers who are left out of the newest pack.

`ops.pack_products`: to how many customers a pack showed each product whose stock is counted.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime

from pyspark.sql.types import ArrayType

from lakehouse.io.delta.delta_store import DeltaStore
from lakehouse.ops.records import column, columns_of, rows_as
from lakehouse.sources.source import SHOP
from lakehouse.table import DATE, LONG, QUANTITY, STRING, TIMESTAMP, Column, Rule, Table

MADE, DELETED = "made", "deleted"
# The names of audience packs (`lakehouse audience`, the customers of one product) begin so. They belong to no declared campaign.
AUDIENCE = "audience_"
# The name of the packs for a CRM tool: one row for each customer.
CRM_PACK = "crm"
# The customer said neither yes nor no, and the shop has no other legal ground.
NO_CONSENT = "no_consent"
# Why somebody is left out, in the order of the checks. The hold-out comes last. Whoever is held out must pass all other checks, the sharing
# of stock included: only then are the held-out people comparable with the recipients.
REASONS = (
    *("missing", "anonymised", "invalid", "disposable", "relay", "role", "not_a_customer", "same_address", "bounced"),
    *("complained", "opted_out", NO_CONSENT, "frequency_cap", "stock", "nothing_to_show", "hold_out"),
)

SUPPRESSIONS = Table(
    name="ops.suppressions",
    grain="one customer who is left out of a campaign's newest pack",
    key=("campaign", "shop_code", "customer_key"),
    columns=(
        Column("campaign", STRING, "name of the campaign"),
        SHOP,
        Column("customer_key", STRING, "the customer"),
        Column("reason", STRING, "the first reason that holds, in one order for all campaigns (docs/campaigns.md)", accepted=REASONS),
    ),
    optional=True,
    may_be_empty=True,
)


@dataclass(frozen=True)
class PackRecord:
    """One row of `ops.packs`."""

    campaign: str = column(STRING, "name of the campaign")
    run_date: date = column(DATE, "as-of date of the pack")
    run_id: str = column(STRING, "id of the run that made it")
    event: str = column(STRING, "made, or deleted because it had expired")
    recorded_at: datetime = column(TIMESTAMP, "when the row was written, UTC")
    expires_at: datetime = column(TIMESTAMP, "when the next export deletes it, UTC")
    place: str = column(STRING, "folder or prefix of the campaign's packs")
    profile: str = column(STRING, "form of its files")
    customers: int = column(LONG, "customers that the campaign is for: recipients and those left out")
    recipients: int = column(LONG, "customers who get something")
    rows: int = column(LONG, "rows in its files")
    suppressed: str = column(STRING, "JSON: reason → customers left out for it, all reasons in their order")
    model_version: str | None = column(STRING, "version in the model registry; null while there was no champion", default=None)
    clipped_products: int | None = column(LONG, "products that too little is in stock of for all who would be shown them", default=None)
    clipped_places: int | None = column(LONG, "places of lists that would show them and show the next best", default=None)

    @property
    def pack(self) -> str:
        """Its name below `place`."""
        return f"{self.run_date.isoformat()}/{self.run_id}"

    def gone(self, now: datetime) -> "PackRecord":
        """The row for its deletion."""
        return replace(self, event=DELETED, recorded_at=now)


PACKS = Table(
    name="ops.packs",
    grain="one event of a pack: it was made, or deleted",
    key=("campaign", "run_date", "run_id", "event"),
    columns=columns_of(PackRecord),
)

# Take rates of products are learned from the packs of so many days. Older rows are deleted.
PRODUCTS_KEPT_DAYS = 35
PACK_PRODUCTS = Table(
    name="ops.pack_products",
    grain=f"one product whose stock is counted in one pack of the last {PRODUCTS_KEPT_DAYS} days; also of packs that never appeared",
    key=("campaign", "run_id", "shop_code", "product_id"),
    columns=(
        Column("campaign", STRING, "name of the campaign"),
        Column("run_date", DATE, "as-of date of the pack"),
        Column("run_id", STRING, "id of the run that made it"),
        Column("shop_code", STRING, "the shop whose product it is"),
        Column("product_id", LONG, "the product"),
        Column("shown_at", TIMESTAMP, "from when on orders count, within the run date, UTC"),
        Column("customer_limit", LONG, "how many customers may be shown it, after what the night's earlier packs promised"),
        Column("shown_count", LONG, "recipients who are shown it; who is held out takes part in the sharing and is not counted here"),
        Column("clipped_count", LONG, "recipients and held-out who would be shown it if there were enough, and are shown the next best"),
        Column("promised_quantity", QUANTITY, "pieces that those who are shown it are expected to buy"),
        Column("sample_keys", ArrayType(STRING), "customer keys of a sample of those who are shown it, drawn anew for each pack"),
    ),
    rules=(Rule("no_more_are_shown_it_than_may_be", "shown_count between 0 and customer_limit"),),
    optional=True,
    may_be_empty=True,
)


class PackLedger:
    """The rows of `ops.packs`: those of earlier runs, which are read once, and those that this run adds."""

    def __init__(self, store: DeltaStore) -> None:
        self._store = store
        self._records = sorted(rows_as(PackRecord, store.rows(PACKS)), key=lambda record: (record.recorded_at, record.run_id))

    def newest(self, campaign: str) -> PackRecord | None:
        """The campaign's newest pack by run date, then by time, whether it is still there or not."""
        made = self.made(campaign)
        return max(made, key=lambda record: (record.run_date, record.recorded_at), default=None)

    def made(self, campaign: str) -> list[PackRecord]:
        """Oldest first."""
        return [record for record in self.all_made() if record.campaign == campaign]

    def all_made(self) -> list[PackRecord]:
        """Of all campaigns, oldest first."""
        return [record for record in self._records if record.event == MADE]

    def has(self, campaign: str, pack: str) -> bool:
        """Whether it is recorded that the pack was made."""
        return any(record.pack == pack for record in self.made(campaign))

    def expired(self, now: datetime) -> list[PackRecord]:
        """Packs whose time is over and that are not recorded as deleted."""
        return [record for record in self._there() if record.expires_at <= now]

    def audiences(self) -> set[str]:
        """Names of the packs for one product of which some is not recorded as deleted."""
        return {record.campaign for record in self._there() if record.campaign.startswith(AUDIENCE)}

    def _there(self) -> list[PackRecord]:
        gone = {(record.campaign, record.pack) for record in self._records if record.event == DELETED}
        return [record for record in self._records if record.event == MADE and (record.campaign, record.pack) not in gone]

    def record(self, records: Iterable[PackRecord]) -> None:
        """Append them in one commit."""
        new = list(records)
        self._store.append_rows(PACKS, [asdict(record) for record in new])
        self._records.extend(new)

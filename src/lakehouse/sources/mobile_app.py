"""The mobile app's feeds, by its vendor: users, orders, their lines, installations, events."""

from functools import partial

from lakehouse.sources import feed_values as v
from lakehouse.sources.app_shop import APP
from lakehouse.sources.feed import Feed, Field
from lakehouse.sources.source import Pseudonym
from lakehouse.table import BOOLEAN, LONG, MONEY, QUANTITY, STRING, TIMESTAMP

SENDER = "mobile_app"
# Two years, then behaviour is nobody's business any more.
EVENTS_EXPIRE = 730
EVENT_TYPES = ("view", "search", "add_to_cart", "checkout", "purchase", "barcode_scan")
COUNTS_AS_SALE = ("placed", "paid", "shipped", "delivered")
STATUSES = (*COUNTS_AS_SALE, "cancelled", "refunded")

_feed = partial(Feed, SENDER, shop_code=APP)
_user_pseudonym = Pseudonym("user_pseudonym", "app_user", "app_user_id")
_order_pseudonym = Pseudonym("order_pseudonym", "order", "app_order_id")
_user = Field("app_user_id", v.text(64), STRING, "the vendor's id of the user")
_maybe_user = Field("app_user_id", v.text(64), STRING, "the vendor's id of the user; null while nobody is logged in", required=False)
_order = Field("app_order_id", v.integer(), LONG, "the vendor's id of the order")
_country = Field("country", v.country(), STRING, "ISO 3166-1 alpha-2")
_updated = Field("updated_at", v.timestamp(), TIMESTAMP, "last change there")
_sku = Field("sku", v.text(100), STRING, "the shop's article number", required=False)
_gtin = Field("gtin", v.text(14, "8712345678906"), STRING, "GTIN (EAN, UPC) as sent", required=False)


def _amount(name: str, comment: str) -> Field:
    return Field(name, v.decimal(), MONEY, comment)


USERS = _feed(
    "app_users",
    "one user of the app",
    "app_users_YYYYMMDD.csv",
    "snapshot",
    ("app_user_id",),
    (
        _user,
        Field("email", v.text(320, "name@mail.example"), STRING, "address of the account", personal="email"),
        Field("phone", v.text(40), STRING, "telephone number", required=False, personal="phone"),
        Field("first_name", v.text(200), STRING, "first name", required=False, personal="name"),
        Field("last_name", v.text(200), STRING, "last name", required=False, personal="name"),
        _country,
        Field("registered_at", v.timestamp(), TIMESTAMP, "when the account was made"),
        Field("last_login_at", v.timestamp(), TIMESTAMP, "last login", required=False),
        Field("marketing_consent", v.flag(), BOOLEAN, "whether the user wants advertising"),
        Field("consent_at", v.timestamp(), TIMESTAMP, "when that was said", required=False),
        _updated,
    ),
    version_column="updated_at",
    pseudonyms=(_user_pseudonym,),
    max_reject_share=0.001,
)

ORDERS = _feed(
    "app_orders",
    "one order made in the app",
    "app_orders_YYYYMMDD.csv",
    "changes",
    ("app_order_id",),
    (
        _order,
        _user,
        Field(
            "woo_order_id",
            v.integer(),
            LONG,
            "the shop's id of the same order; null if the shop does not have it",
            required=False,
            needed=True,
        ),
        Field("status", v.one_of(*STATUSES), STRING, ", ".join(STATUSES)),
        Field("currency", v.currency(), STRING, "ISO 4217"),
        Field("created_at", v.timestamp(), TIMESTAMP, "when it was placed"),
        Field("paid_at", v.timestamp(), TIMESTAMP, "when it was paid", required=False),
        _amount("total_amount", "all that is to be paid, tax included"),
        _amount("tax_amount", "tax in it"),
        _amount("shipping_amount", "shipping in it"),
        _amount("discount_amount", "discount that was taken off"),
        _country,
        _updated,
    ),
    version_column="updated_at",
    pseudonyms=(_user_pseudonym, _order_pseudonym),
    max_reject_share=0.001,
)

ORDER_LINES = _feed(
    "app_order_lines",
    "one line of an order made in the app",
    "app_order_lines_YYYYMMDD.csv",
    "changes",
    ("app_order_id", "line_no"),
    (
        _order,
        Field("line_no", v.integer(), LONG, "number of the line in its order"),
        _sku,
        _gtin,
        Field("product_name", v.text(1000), STRING, "name when it was sold"),
        Field("quantity", v.decimal(digits=8, scale=4, precision=18, example="1"), QUANTITY, "pieces, or weight"),
        _amount("net_amount", "whole line after discount, without tax"),
        _amount("tax_amount", "tax of the line"),
    ),
    replace_unit=("app_order_id",),
    max_reject_share=0.001,
)

INSTALLS = _feed(
    "app_installs",
    "one installation of the app",
    "app_installs_YYYYMMDD.csv",
    "snapshot",
    ("install_id",),
    (
        Field("install_id", v.text(64), STRING, "the vendor's id of the installation"),
        _maybe_user,
        Field("platform", v.one_of("ios", "android"), STRING, "ios or android"),
        Field("app_version", v.text(40), STRING, "version installed"),
        Field("installed_at", v.timestamp(), TIMESTAMP, "when it was installed"),
        Field("last_seen_at", v.timestamp(), TIMESTAMP, "last time it was opened"),
        Field("uninstalled_at", v.timestamp(), TIMESTAMP, "when it was removed; null while it is there", required=False, needed=True),
        Field("push_enabled", v.flag(), BOOLEAN, "whether push messages are allowed"),
        Field("push_token", v.text(4096), STRING, "address for push messages", required=False, personal="push_token"),
    ),
    pseudonyms=(_user_pseudonym,),
)

EVENTS = _feed(
    "app_events",
    "one thing that somebody did in the app",
    "app_events_YYYYMMDD.csv",
    "append",
    ("event_id",),
    (
        Field("event_id", v.text(64), STRING, "the vendor's id of the event"),
        Field("install_id", v.text(64), STRING, "in which installation"),
        _maybe_user,
        Field("event_type", v.one_of(*EVENT_TYPES), STRING, ", ".join(EVENT_TYPES)),
        Field("occurred_at", v.timestamp(), TIMESTAMP, "when it happened"),
        _sku,
        _gtin,
        Field("search_text", v.text(1000), STRING, "what was searched for", required=False),
        Field("app_order_id", v.integer(), LONG, "the order that was made", required=False),
    ),
    event_time_column="occurred_at",
    expires_after=EVENTS_EXPIRE,
)

FEEDS = (USERS, ORDERS, ORDER_LINES, INSTALLS, EVENTS)

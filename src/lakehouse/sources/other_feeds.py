"""What the mail tool, the web server, marketing and the warehouse send."""

from lakehouse.sources import feed_values as v
from lakehouse.sources.feed import Feed, Field
from lakehouse.sources.mobile_app import EVENT_TYPES, EVENTS_EXPIRE
from lakehouse.table import DATE, LONG, MONEY, QUANTITY, STRING, TIMESTAMP

MAIL_EVENTS = ("delivered", "bounced_hard", "bounced_soft", "complained", "unsubscribed", "opened", "clicked")

MAIL_FEEDBACK = Feed(
    "mail",
    "mail_feedback",
    "one thing that happened to one message",
    "feedback_YYYYMMDD.csv",
    "append",
    ("message_id", "event"),
    (
        Field("message_id", v.text(200), STRING, "the mail tool's id of the message"),
        Field("event", v.one_of(*MAIL_EVENTS), STRING, ", ".join(MAIL_EVENTS)),
        Field("email", v.text(320, "name@mail.example"), STRING, "to whom it was sent", personal="email"),
        Field("occurred_at", v.timestamp(), TIMESTAMP, "when it happened"),
        Field("campaign", v.text(200), STRING, "of which campaign it was", required=False),
    ),
)

WEB_EVENTS = Feed(
    "web",
    "web_events",
    "one thing that somebody did in the shop's web pages",
    "events_YYYYMMDD_HH.jsonl",
    "append",
    ("event_id",),
    (
        Field("event_id", v.text(64), STRING, "the web server's id of the event"),
        Field("session_id", v.text(64), STRING, "of which visit"),
        Field("user_id", v.integer(), LONG, "the shop's user, where logged in", required=False),
        Field("event_type", v.one_of(*EVENT_TYPES), STRING, ", ".join(EVENT_TYPES)),
        Field("occurred_at", v.timestamp(), TIMESTAMP, "when it happened"),
        Field("received_at", v.timestamp(), TIMESTAMP, "when the web server heard of it"),
        Field("url_path", v.text(2000), STRING, "page, without parameters"),
        Field("product_id", v.integer(), LONG, "the shop's product", required=False),
        Field("search_text", v.text(1000), STRING, "what was searched for", required=False),
        Field("order_id", v.integer(), LONG, "the order that was made", required=False),
        Field("platform", v.one_of("web", "mobile_web"), STRING, "web or mobile_web"),
        Field("country", v.country(), STRING, "ISO 3166-1 alpha-2", required=False),
    ),
    event_time_column="occurred_at",
    expires_after=EVENTS_EXPIRE,
    is_json=True,
)

AD_SPEND = Feed(
    "marketing",
    "ad_spend",
    "one day of a campaign in a country",
    "ad_spend_YYYYMMDD.csv",
    "changes",
    ("spend_date", "channel", "campaign", "country"),
    (
        Field("spend_date", v.date(v.ISO_DATE), DATE, "the day, in the account's time zone"),
        Field("channel", v.text(100), STRING, "where it was advertised"),
        Field("campaign", v.text(200), STRING, "name of the campaign"),
        Field("country", v.country(), STRING, "ISO 3166-1 alpha-2"),
        Field("currency", v.currency(), STRING, "ISO 4217"),
        Field("cost_amount", v.decimal(), MONEY, "what it cost"),
        Field("clicks", v.integer(), LONG, "clicks"),
        Field("impressions", v.integer(), LONG, "times it was shown"),
    ),
)

STOCK_LEVELS = Feed(
    "stock",
    "stock_levels",
    "one article at one place",
    "stock_levels_YYYYMMDD.csv",
    "snapshot",
    ("sku", "location_code"),
    (
        Field("sku", v.text(100), STRING, "the shop's article number"),
        Field("location_code", v.text(64), STRING, "warehouse or shop"),
        Field("gtin", v.text(14, "8712345678906"), STRING, "GTIN as sent", required=False),
        Field("quantity_on_hand", v.decimal(digits=8, scale=4, precision=18, example="1"), QUANTITY, "pieces that are there"),
        Field("quantity_reserved", v.decimal(digits=8, scale=4, precision=18, example="1"), QUANTITY, "pieces of them that are sold"),
        Field("counted_at", v.timestamp(), TIMESTAMP, "when that was known"),
    ),
    version_column="counted_at",
)

FEEDS = (MAIL_FEEDBACK, WEB_EVENTS, AD_SPEND, STOCK_LEVELS)

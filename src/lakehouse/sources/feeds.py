"""All feeds, in the order in which they are landed."""

from lakehouse.sources import mobile_app, other_feeds, wholesalers
from lakehouse.sources.feed import Feed

FEEDS: tuple[Feed, ...] = (*mobile_app.FEEDS, *wholesalers.FEEDS, *other_feeds.FEEDS)

"""Everything that happens in a demo shop, past and next year, as one pure function of a small plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from lakehouse.demo.world.assortment import Assortment, make_catalogue
from lakehouse.demo.world.baskets import Baskets, make_baskets
from lakehouse.demo.world.people import People, make_people

DAYS_AHEAD = 366
TIME_ZONE = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Plan:
    """What a demo shop follows from: `days` of trade whose last day is `end`."""

    customers: int
    products: int
    days: int
    seed: int
    end: date

    @property
    def first_day(self) -> date:
        """The shop's first day; `end` is its last one."""
        return self.end - timedelta(days=self.days - 1)

    @property
    def horizon(self) -> int:
        """How many days the world is made for: those of the plan, and those that `demo day` can still add."""
        return self.days + DAYS_AHEAD

    def day_number(self, day: date) -> int:
        """Days since the first day, which is 0."""
        return (day - self.first_day).days

    def instant(self, day_number: int, second: int = 0) -> datetime:
        """That second of the shop's local day, as UTC without a zone."""
        local = datetime.combine(self.first_day + timedelta(days=day_number), datetime.min.time()) + timedelta(seconds=second)
        return local.replace(tzinfo=TIME_ZONE).astimezone(UTC).replace(tzinfo=None)


@dataclass(frozen=True)
class World:
    """The people, the goods and all baskets of a plan."""

    plan: Plan
    people: People
    catalogue: Assortment
    baskets: Baskets


def make_world(plan: Plan) -> World:
    """The same plan gives the same world."""
    people = make_people(plan.customers, plan.days, plan.horizon, plan.seed)
    catalogue = make_catalogue(plan.products, plan.days, plan.seed)
    return World(plan, people, catalogue, make_baskets(people, catalogue, plan.horizon, plan.seed))


def unix_seconds(utc: datetime) -> int:
    """Seconds since 1970 of a time in UTC."""
    return int((utc - datetime(1970, 1, 1)).total_seconds())


def local_time(utc: datetime) -> datetime:
    """The shop's wall clock at that instant."""
    return utc.replace(tzinfo=UTC).astimezone(TIME_ZONE).replace(tzinfo=None)

"""gold.install_base: state at the end of the run date, and what it says of the shop's customers."""

from datetime import date, datetime
from typing import Any

from pyspark.sql import SparkSession
from tests.support.frames import frame_of, rows_of

from lakehouse.gold.install_base import TABLE, build
from lakehouse.silver import customer_identities
from lakehouse.silver import customers as customers_
from lakehouse.sources.mobile_app import INSTALLS, USERS

Row = dict[str, Any]
RUN_DATE = date(2026, 7, 30)
LAST, AFTER = datetime(2026, 7, 30, 23, 59, 59), datetime(2026, 7, 31)
COUNTS = ("install_count", "installed_count", "active_30d_count", "push_reachable_count", "user_count", "known_customer_count")
SHARES = ("customer_count", "coverage_share", "coverage_share_at_most", "linked_install_share", "confidence")
PLACE = ("platform", "country_code")


def install(install_id: str, user: str | None, platform: str = "ios", **differing: Any) -> Row:
    return {
        "install_id": install_id,
        "app_user_id": user,
        "user_pseudonym": user and f"p-{user}",
        "platform": platform,
        "installed_at": datetime(2026, 1, 1),
        "last_seen_at": LAST,
        "push_enabled": True,
        "has_push_token": True,
        **differing,
    }


def base(spark: SparkSession, installs: list[Row], users: dict[str, str], links: dict[str, str], customers: list[Row]) -> Any:
    """`users`: app user → country; `links`: app user → customer, the app user itself where nobody is known."""
    identities = [
        {"shop_code": "app", "identity_type": "app_user", "identity_pseudonym": f"p-{user}", "customer_key": links.get(user, f"p-{user}")}
        for user in users
    ]
    # What other shops and identities say is no link of an app user.
    identities += [{**row, "shop_code": "nl", "customer_key": "other"} for row in identities]
    identities += [{**row, "identity_type": "user", "customer_key": "other"} for row in identities]
    return build(
        frame_of(spark, INSTALLS.bronze, installs),
        frame_of(spark, USERS.bronze, [{"app_user_id": user, "country": country} for user, country in users.items()]),
        frame_of(spark, customer_identities.TABLE, identities),
        frame_of(spark, customers_.TABLE, customers),
        run_date=RUN_DATE,
        feed_shop="nl",
    )


def customers_of(country: str | None, number: int, **differing: Any) -> list[Row]:
    plain = {"shop_code": "nl", "country_code": country, "is_anonymous": False}
    return [{**plain, "customer_key": f"{country}{n}{differing}", **differing} for n in range(number)]


def test_installations_count_by_their_state_at_the_end_of_the_run_date(spark: SparkSession) -> None:
    installs = [
        install("plain", "anna"),
        install("last second", "anna", installed_at=LAST),
        install("tomorrow", "anna", installed_at=AFTER),
        install("removed", "bob", uninstalled_at=LAST),
        install("removed tomorrow", "cleo", uninstalled_at=AFTER),
        install("30 days", "anna", last_seen_at=datetime(2026, 7, 1)),
        install("31 days", "anna", last_seen_at=datetime(2026, 6, 30, 23, 59, 59)),
        install("seen tomorrow", "anna", last_seen_at=AFTER),
        install("no push", "anna", push_enabled=False),
        install("no token", "anna", has_push_token=False),
    ]
    frame = base(spark, installs, {"anna": "NL", "bob": "NL", "cleo": "NL"}, {}, [])
    # Installed: 10 without tomorrow and removed; active: of these 8 not 31 days, not seen tomorrow; reachable: not the last two.
    assert rows_of(frame, TABLE, *PLACE, *COUNTS) == [
        (platform, country, 10, 8, 6, 6, 2, 0) for platform in ("*", "ios") for country in ("*", "NL")
    ]


def test_every_platform_and_country_is_there_and_all_of_them(spark: SparkSession) -> None:
    installs = [
        install("1", "anna"),
        install("2", "anna", "android"),
        install("3", "bob", "android"),
        install("4", None, "android"),
        install("5", "gone"),  # not in the newest file of users
        install("6", "dirk"),
    ]
    frame = base(spark, installs, {"anna": "NL", "bob": "BE", "dirk": ""}, {}, [])
    assert rows_of(frame, TABLE, *PLACE, "installed_count", "user_count") == [
        ("*", "*", 6, 4),
        ("*", "BE", 1, 1),
        ("*", "NL", 2, 1),
        ("*", "ZZ", 3, 2),
        ("android", "*", 3, 2),
        ("android", "BE", 1, 1),
        ("android", "NL", 1, 1),
        ("android", "ZZ", 1, 0),
        ("ios", "*", 3, 3),
        ("ios", "NL", 1, 1),
        ("ios", "ZZ", 2, 2),
    ]


def test_known_customers_are_counted_once_beside_all_of_the_shop(spark: SparkSession) -> None:
    installs = [
        install("1", "anna"),
        install("2", "anna"),
        install("3", "anna2"),  # the same customer
        install("4", "bob"),
        install("5", None),
        install("6", "cleo", uninstalled_at=LAST),
    ]
    users = {"anna": "NL", "anna2": "NL", "bob": "NL", "cleo": "NL"}
    customers = [
        *customers_of("NL", 8),
        *customers_of(None, 1),
        *customers_of("", 1),
        *customers_of("NL", 3, is_anonymous=True),
        *customers_of("NL", 3, shop_code="de"),
    ]
    frame = base(spark, installs, users, {"anna": "c1", "anna2": "c1", "cleo": "c3"}, customers)
    assert rows_of(frame.where("platform = '*'"), TABLE, "country_code", "known_customer_count", *SHARES) == [
        ("*", 1, 10, 0.1, 0.3, 0.6, "medium"),  # at most: anna, bob's and nobody's
        ("NL", 1, 8, 0.125, 0.25, 0.75, "medium"),
        ("ZZ", 0, 2, 0.0, 0.5, 0.0, "low"),
    ]


def test_confidence_is_the_share_of_apps_with_a_known_customer(spark: SparkSession) -> None:
    # country: apps with a known customer, without
    apps = {"AT": (4, 1), "BE": (3, 1), "DE": (1, 1), "FR": (2, 3)}
    users = {f"{country}{n}": country for country, parts in apps.items() for n in range(sum(parts))}
    links = {f"{country}{n}": f"c{country}{n}" for country, (linked, _) in apps.items() for n in range(linked)}
    frame = base(spark, [install(user, user) for user in users], users, links, [])
    assert rows_of(frame.where("platform = '*'"), TABLE, "country_code", "linked_install_share", "confidence") == [
        ("*", 0.625, "medium"),
        ("AT", 0.8, "high"),
        ("BE", 0.75, "medium"),
        ("DE", 0.5, "medium"),
        ("FR", 0.4, "low"),
    ]


def test_a_share_of_nobody_is_none_and_no_share_is_above_one(spark: SparkSession) -> None:
    installs = [install("1", "anna"), install("2", "bob"), install("3", "cleo", uninstalled_at=LAST), install("4", "dirk")]
    users = {"anna": "NL", "bob": "NL", "cleo": "BE", "dirk": "DE"}
    customers = [*customers_of("NL", 1), *customers_of("BE", 4)]
    frame = base(spark, installs, users, {"anna": "c1", "bob": "c2"}, customers)
    assert rows_of(frame.where("platform = 'ios' and country_code <> '*'"), TABLE, "country_code", *SHARES) == [
        ("BE", 4, 0.0, 0.0, None, None),
        ("DE", 0, None, None, 0.0, "low"),
        ("NL", 1, 1.0, 1.0, 1.0, "high"),
    ]

"""silver.consents and what it comes to: held against a plain model on histories made at random, all of them in one frame."""

import hashlib
import random
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from tests.support.frames import frame_of, rows_of

from lakehouse.bronze import consent_statements
from lakehouse.parameters import ShopRules
from lakehouse.silver import email_deliverability, mail_choices, orders
from lakehouse.silver.consents import TABLE, build, decisions
from lakehouse.sources.mobile_app import USERS as APP_USERS
from lakehouse.sources.other_feeds import MAIL_FEEDBACK
from lakehouse.sources.woocommerce.orders import ORDER_META, ORDERS
from lakehouse.sources.woocommerce.people import EMAIL_UNSUBSCRIBES, USER_META, USERS

DAY0 = datetime(2026, 1, 1)
HISTORIES = 10_000
SHOPS = (ShopRules("nl", consent_meta_key="opt_in"), ShopRules("de"))


class Said(NamedTuple):
    """One statement: where it stands, what it says there, on which day (None: nobody knows), of which kind of the shop's mails."""

    source: str
    text: str
    day: int | None = None
    kind: str = ""


def plain_decision(history: list[Said]) -> str | None:
    """The rules of docs/privacy.md, one after the other, for one address. Statements stand in the order in which they were made."""
    yes_words = {"1", "yes", "subscribed"}
    account = [said.text for said in history if said.source == "account"]
    if account and not account[-1] and (before := [text for text in account if text]) and before[-1] not in yes_words:
        return "no"  # silence takes nothing back
    account = account[-1:]
    if account and account[0] and account[0] not in yes_words:
        return "no"
    account_yes = bool(account) and account[0] in yes_words
    yes_days, no_days = [], []
    kinds = {said.kind: said for said in history if said.source == "shops_mail"}
    refused = [said for said in kinds.values() if said.text == "unsubscribed"]
    no_days += [said.day for said in refused]
    if not refused:
        yes_days += [said.day for said in kinds.values()]
    no_days += [said.day for said in history if said.source == "mail_tool"]
    if not account_yes:
        for said in history:
            day = None if said.kind == "misdated" else said.day
            if said.source == "order" and said.text in yes_words:
                yes_days.append(day)
            elif said.source == "order" and said.text not in ("", "0", "no"):
                no_days.append(day)
    forever = 10**6
    last_no = max((forever if day is None else day for day in no_days), default=None)
    last_yes = max((day for day in yes_days if day is not None), default=None)
    if last_no is not None and (last_yes is None or last_no >= last_yes):
        return "no"
    return "yes" if account_yes or last_yes is not None else None


def random_history(chance: random.Random) -> list[Said]:
    history = []
    for _ in range(chance.randint(0, 6)):
        day = chance.randint(0, 5)
        history.append(
            chance.choice(
                [
                    Said("account", chance.choice(["1", "0", "no", "", "unsubscribed", "yes"])),
                    Said("order", chance.choice(["1", "0", "no", "", "unsubscribed", "yes"]), chance.choice([day, day, None])),
                    Said("shops_mail", chance.choice(["unsubscribed", "resubscribed"]), day, chance.choice(["reviews", "offers"])),
                    Said("mail_tool", chance.choice(["unsubscribed", "complained"]), day),
                ]
            )
        )
    return history


def when(day: int | None) -> datetime | None:
    return None if day is None else DAY0 + timedelta(days=day)


def built(spark: SparkSession, histories: list[list[Said]]) -> DataFrame:
    """History n is of account n, whose address has the pseudonym e<n>."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in ("statements", "orders", "mail", "mailed", "tool")}
    number = 0
    for n, history in enumerate(histories):
        for said in history:
            number += 1
            common = {"shop_code": "nl", "value": said.text, "seen_on": date(2026, 1, 1), "statement_no": number}
            if said.source == "account":
                rows["statements"].append({**common, "source": "account", "source_id": str(n)})
            elif said.source == "order":
                rows["statements"].append({**common, "source": "order", "source_id": str(number), "source_time": when(said.day)})
                misdated = said.kind == "misdated"
                buyer = {"customer_user_id": n, "email_pseudonym": "another", "is_misdated": misdated}
                rows["orders"].append({"shop_code": "nl", "order_id": number, **buyer})
            elif said.source == "shops_mail":
                chosen = {"email_kind": said.kind, "action": said.text, "email_pseudonym": f"e{n}"}
                rows["mail"].append({"shop_code": "nl", "choice_id": number, **chosen})
                rows["mailed"].append({"shop_code": "nl", "id": number, "created_at": when(said.day)})
            else:
                rows["tool"].append(
                    {"message_id": str(number), "event": said.text, "email_pseudonym": f"e{n}", "occurred_at": when(said.day)}
                )
    people = range(len(histories))
    return build(
        frame_of(spark, consent_statements.TABLE, rows["statements"]),
        frame_of(spark, USERS.bronze, [{"shop_code": "nl", "id": n, "email_pseudonym": f"e{n}"} for n in people]),
        frame_of(spark, orders.TABLE, rows["orders"]),
        frame_of(spark, APP_USERS.bronze, []),
        frame_of(spark, MAIL_FEEDBACK.bronze, rows["tool"]),
        frame_of(spark, EMAIL_UNSUBSCRIBES.bronze, rows["mailed"]),
        frame_of(spark, mail_choices.TABLE, rows["mail"]),
        frame_of(spark, email_deliverability.TABLE, [{"shop_code": "nl", "email_pseudonym": f"e{n}"} for n in people]),
    )


def decided(spark: SparkSession, histories: list[list[Said]]) -> list[str | None]:
    found = {row["subject"]: row["decision"] for row in decisions(built(spark, histories)).collect()}
    return [found.get(f"e{n}") for n in range(len(histories))]


def test_ten_thousand_histories_are_decided_as_the_plain_model_does(spark: SparkSession) -> None:
    chance = random.Random(19)
    histories = [random_history(chance) for _ in range(HISTORIES)]
    wrong = [
        (history, expected, found)
        for history, found in zip(histories, decided(spark, histories), strict=True)
        if found != (expected := plain_decision(history))
    ]
    assert wrong[:3] == []


DAYS = st.integers(0, 5)
WORDS = st.sampled_from(["1", "yes", "0", "no", "", "unsubscribed"])
KINDS = st.sampled_from(["reviews", "offers"])
REFUSALS = st.sampled_from(
    [
        *(Said("mail_tool", event, 5) for event in ("unsubscribed", "complained")),
        *(Said("account", word) for word in ("0", "no", "unsubscribed")),
        *(Said("shops_mail", "unsubscribed", 5, kind) for kind in ("reviews", "offers")),
        Said("order", "unsubscribed", 5),
    ]
)


@st.composite
def refused(draw: st.DrawFn) -> list[Said]:
    """A no on day 5, what was said before and on that day, and what takes no `no` back after it; the sources in any order.

    What one source says one after the other stays in its order. Where a guest's order refuses, there is no account: that would decide.
    """
    no = draw(REFUSALS)
    of_orders = st.tuples(st.just("order"), WORDS, st.one_of(st.none(), DAYS)).map(lambda said: Said(*said))
    of_kinds = st.tuples(st.just("shops_mail"), st.sampled_from(["unsubscribed", "resubscribed"]), DAYS, KINDS).map(
        lambda said: Said(*said)
    )
    of_tool = st.tuples(st.just("mail_tool"), st.just("unsubscribed"), DAYS).map(lambda said: Said(*said))
    of_account = st.tuples(st.just("account"), WORDS).map(lambda said: Said(*said))
    others = [of_orders, of_kinds, of_tool, *([of_account] if no.source != "order" else [])]
    before = draw(st.lists(st.one_of(others), max_size=5))
    silent = st.one_of(st.just(Said("account", "")), of_orders) if no.source != "order" else of_orders
    tries = [silent, *([of_account] if no.source not in ("account", "order") else [])]
    after = draw(st.lists(st.one_of(tries), max_size=3))
    statements = [*before, no, *after]
    places = [(said.source, said.kind) for said in statements]
    waiting = {place: iter([said for said, at in zip(statements, places, strict=True) if at == place]) for place in places}
    return [next(waiting[place]) for place in draw(st.permutations(places))]


@settings(max_examples=1_000, deadline=None)
@given(refused())
def test_a_later_or_equal_no_of_any_source_wins_over_every_yes_before_it(history: list[Said]) -> None:
    assert plain_decision(history) == "no"


@settings(max_examples=3, deadline=None, phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
@given(st.lists(refused(), min_size=60, max_size=60))
def test_no_refusal_is_lost_on_its_way_through_the_tables(spark: SparkSession, histories: list[list[Said]]) -> None:
    lost = [history for history, found in zip(histories, decided(spark, histories), strict=True) if found != "no"]
    assert lost[:3] == []


YES, NO = Said("account", "1"), Said("account", "0")
HAND_MADE: list[tuple[list[Said], str | None]] = [
    ([], None),
    ([YES], "yes"),
    ([NO], "no"),
    ([Said("account", "unsubscribed")], "no"),
    ([Said("account", "")], None),
    ([YES, Said("account", "")], None),
    ([NO, Said("account", "")], "no"),
    # What the account says now decides, whatever it said and whatever stands on an order.
    ([YES, NO], "no"),
    ([NO, YES], "yes"),
    ([NO, Said("order", "1", 5)], "no"),
    ([YES, Said("order", "unsubscribed", 5)], "yes"),
    # A guest's box, and a box that was left alone later.
    ([Said("order", "yes", 1)], "yes"),
    ([Said("order", "yes", 1), Said("order", "0", 2)], "yes"),
    ([Said("order", "yes", 1), Said("order", "unsubscribed", 2)], "no"),
    # A date that can't be makes a yes not later, and a no not earlier.
    ([Said("order", "1", 5, "misdated"), Said("mail_tool", "unsubscribed", 3)], "no"),
    # An unsubscribe ends a yes, a later one with a time begins another; an account's has none.
    ([YES, Said("mail_tool", "unsubscribed", 3)], "no"),
    ([Said("mail_tool", "complained", 3), YES], "no"),
    ([Said("mail_tool", "unsubscribed", 3), Said("order", "1", 4)], "yes"),
    ([Said("mail_tool", "unsubscribed", 3), Said("order", "1", 3)], "no"),
    ([YES, Said("shops_mail", "unsubscribed", 3, "offers"), Said("shops_mail", "resubscribed", 4, "offers")], "yes"),
    ([YES, Said("shops_mail", "unsubscribed", 3, "offers"), Said("shops_mail", "resubscribed", 4, "reviews")], "no"),
]


def test_histories_made_by_hand_come_to_what_a_lawyer_would_say(spark: SparkSession) -> None:
    histories = [history for history, _ in HAND_MADE]
    assert decided(spark, histories) == [expected for _, expected in HAND_MADE]
    assert [plain_decision(history) for history in histories] == [expected for _, expected in HAND_MADE]


def test_every_statement_is_a_row_with_its_evidence(spark: SparkSession) -> None:
    history = [YES, NO, Said("order", "0", 1), Said("shops_mail", "unsubscribed", 2, "offers"), Said("mail_tool", "complained", 3)]
    names = ("subject", "channel", "purpose", "state", "source", "source_time", "evidence")
    found = sorted(rows_of(built(spark, [history]), TABLE, *names), key=lambda row: (row[4], row[3]))
    assert found == [
        ("e0", "email", "marketing", "no", "account", None, "account 0"),
        ("e0", "email", "marketing", "yes", "account", None, "account 0"),
        ("e0", "email", "marketing", "no", "mail_tool", when(3), "the mail tool: complained"),
        ("e0", "email", "marketing", "none", "order", when(1), "order 3"),
        ("e0", "email", "offers", "no", "shops_mail", when(2), "wc_email_unsubscribes 4"),
    ]


def statements(spark: SparkSession, on: int, account: str | None, order: str | None, consents: bool, known: DataFrame) -> DataFrame:
    """What a night finds: account 7 and order 8 of shop nl, and a user of the app."""
    keys = [
        {"shop_code": "nl", "umeta_id": 1, "user_id": 7, "meta_key": "opt_in", "meta_value": account},
        {"shop_code": "nl", "umeta_id": 2, "user_id": 7, "meta_key": "opt_in", "meta_value": "written later"},
        {"shop_code": "de", "umeta_id": 3, "user_id": 7, "meta_key": "opt_in", "meta_value": "1"},
    ]
    of_order = [{"shop_code": "nl", "id": 1, "order_id": 8, "_root_order_id": 8, "meta_key": "opt_in", "meta_value": order}]
    frame = consent_statements.build(
        frame_of(spark, USER_META.bronze, keys if account is not None else []),
        frame_of(spark, ORDER_META.bronze, of_order if order is not None else []),
        frame_of(spark, USERS.bronze, [{"shop_code": "nl", "id": 7, "email_pseudonym": "anna"}] if account is not None else []),
        frame_of(spark, ORDERS.bronze, [{"shop_code": "nl", "id": 8, "date_created_gmt": when(1), "email_pseudonym": "bob"}]),
        frame_of(spark, APP_USERS.bronze, [{"app_user_id": "a", "marketing_consent": consents, "consent_at": when(2)}]),
        known,
        shops=SHOPS,
        run_date=date(2026, 2, on),
    )
    return frame_of(spark, consent_statements.TABLE, [row.asDict() for row in frame.collect()])


def test_what_a_source_writes_over_stays_and_the_same_again_is_nothing_new(spark: SparkSession) -> None:
    known = frame_of(spark, consent_statements.TABLE, [])
    nights = [(1, "1", "1", True), (2, "1", "1", True), (3, "0", "1", False), (4, "1", None, False), (5, None, None, False)]
    for on, account, order, consents in nights:
        known = statements(spark, on, account, order, consents, known)
    names = ("source", "source_id", "statement_no", "value", "source_time", "seen_on")
    assert sorted(tuple(row[name] for name in names) for row in known.collect() if row["source"] != "account") == [
        ("app", "a", 1, "yes", when(2), date(2026, 2, 1)),
        ("app", "a", 2, "no", when(2), date(2026, 2, 3)),
        ("order", "8", 1, "1", when(1), date(2026, 2, 1)),
    ]
    # A key that is gone is a statement too: there is none any more.
    assert sorted((row["statement_no"], row["value"]) for row in known.collect() if row["source"] == "account") == [
        (1, "1"),
        (2, "0"),
        (3, "1"),
        (4, None),
    ]


def test_a_no_outlives_the_account_and_the_order_that_said_it(spark: SparkSession) -> None:
    """Account 7 and order 8 said no, and both are gone; a statement that an older version kept has the address from the next night on."""
    known = frame_of(spark, consent_statements.TABLE, [])
    known = statements(spark, 1, "0", "unsubscribed", True, known).withColumn("email_pseudonym", F.lit(None).cast("string"))
    known = statements(spark, 2, "0", "unsubscribed", True, known)
    known = statements(spark, 3, None, None, True, known)
    assert {(row["source"], row["email_pseudonym"]) for row in known.collect() if row["value"]} == {
        ("account", "anna"),
        ("order", "bob"),
        ("app", None),
    }
    nothing = (frame_of(spark, table, []) for table in (USERS.bronze, orders.TABLE, APP_USERS.bronze, MAIL_FEEDBACK.bronze))
    others = (frame_of(spark, table, []) for table in (EMAIL_UNSUBSCRIBES.bronze, mail_choices.TABLE, email_deliverability.TABLE))
    found = decisions(build(known, *nothing, *others))
    assert sorted((row["subject"], row["decision"]) for row in found.collect()) == [("anna", "no"), ("bob", "no")]


def test_what_the_mail_tool_heard_holds_wherever_the_address_is_known(spark: SparkSession) -> None:
    known = [{"shop_code": shop, "email_pseudonym": "e"} for shop in ("nl", "de", "app")]
    frame = build(
        frame_of(spark, consent_statements.TABLE, []),
        frame_of(spark, USERS.bronze, []),
        frame_of(spark, orders.TABLE, []),
        frame_of(spark, APP_USERS.bronze, []),
        frame_of(spark, MAIL_FEEDBACK.bronze, [{"event": "unsubscribed", "email_pseudonym": "e", "occurred_at": when(1)}]),
        frame_of(spark, EMAIL_UNSUBSCRIBES.bronze, []),
        frame_of(spark, mail_choices.TABLE, []),
        frame_of(spark, email_deliverability.TABLE, [*known, {"shop_code": "nl", "email_pseudonym": "another"}]),
    )
    assert sorted((row["shop_code"], row["decision"]) for row in decisions(frame).collect()) == [("app", "no"), ("de", "no"), ("nl", "no")]


def test_a_choice_is_of_the_address_with_that_hash_in_whatever_form_it_was_typed(spark: SparkSession) -> None:
    assert USERS.vault and ORDERS.vault and EMAIL_UNSUBSCRIBES.vault and APP_USERS.vault
    accounts = {"anna": " Anna@Mail.Example", "bob": "bob@bücher.example", "eve": "\ufeffeve@mail.example"}
    chosen = ("anna@mail.example", "bob@bücher.example", "eve@mail.example", "nobody@mail.example")
    hashes = [hashlib.sha256(text.encode()).hexdigest() for text in chosen]
    frame = mail_choices.build(
        frame_of(
            spark,
            USERS.vault,
            [{"shop_code": "nl", "id": n, "user_email": typed, "email_pseudonym": who} for n, (who, typed) in enumerate(accounts.items())],
        ),
        frame_of(spark, ORDERS.vault, []),
        frame_of(spark, APP_USERS.vault, []),
        frame_of(
            spark,
            EMAIL_UNSUBSCRIBES.vault,
            [{"shop_code": "nl", "id": n, "email_hash": h, "email_kind": "offers", "action": "unsubscribed"} for n, h in enumerate(hashes)],
        ),
    )
    assert rows_of(frame, mail_choices.TABLE) == [("nl", n, who, "offers", "unsubscribed") for n, who in enumerate(("anna", "bob", "eve"))]

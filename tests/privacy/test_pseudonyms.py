"""Keyed pseudonyms, against values computed here with the standard library."""

import hashlib
import hmac

import pytest
from pyspark.sql import DataFrame, SparkSession

from lakehouse.arrow_frames import frame_from
from lakehouse.privacy.pseudonyms import fingerprint, pseudonym, with_pseudonyms
from lakehouse.sources.source import Pseudonym

KEY = "5f0c1b7e" * 8
PSEUDONYMS = (
    Pseudonym("email_pseudonym", "email", "email"),
    Pseudonym("user_pseudonym", "user", "user_id"),
    Pseudonym("order_pseudonym", "order", "id"),
)
ROWS = [
    ("nl", 1, "anna@shop.example", 7),
    ("nl", 2, "  Anna@Shop.Example\t", 0),
    ("de", 3, "ANNA@shop.example", 7),
    ("nl", 4, None, None),
    ("nl", 5, "   ", 3),
    ("nl", 6, "deleted@site.invalid", 4),
    ("nl", 7, "bob@shop.example", 7),
]


def expected(message: str, key: str = KEY) -> str:
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


@pytest.fixture(scope="module")
def named(spark: SparkSession) -> DataFrame:
    frame = frame_from(spark, ROWS, "shop_code string, id bigint, email string, user_id bigint")
    return with_pseudonyms(frame, PSEUDONYMS, KEY)


@pytest.fixture(scope="module")
def by_id(named: DataFrame) -> dict[int, dict[str, object]]:
    return {row["id"]: row.asDict() for row in named.collect()}


def test_an_address_is_the_same_person_in_every_shop_case_and_spacing(by_id: dict[int, dict[str, object]]) -> None:
    assert {by_id[i]["email_pseudonym"] for i in (1, 2, 3)} == {expected("email:anna@shop.example")}
    assert by_id[7]["email_pseudonym"] == expected("email:bob@shop.example")


def test_nobody_is_named_by_a_missing_or_an_erased_address(by_id: dict[int, dict[str, object]]) -> None:
    assert {by_id[i]["email_pseudonym"] for i in (4, 5, 6)} == {None}
    assert [by_id[i]["is_anonymised"] for i in (1, 4, 5, 6)] == [False, False, False, True]


def test_a_user_id_names_a_person_of_its_shop_and_0_nobody(by_id: dict[int, dict[str, object]]) -> None:
    assert by_id[1]["user_pseudonym"] == by_id[7]["user_pseudonym"] == expected("user:nl:7")
    assert by_id[3]["user_pseudonym"] == expected("user:de:7")
    assert by_id[2]["user_pseudonym"] is by_id[4]["user_pseudonym"] is None


def test_kinds_differ_where_ids_are_equal(by_id: dict[int, dict[str, object]]) -> None:
    assert by_id[7]["order_pseudonym"] == expected("order:nl:7")
    assert by_id[7]["order_pseudonym"] != by_id[7]["user_pseudonym"]


def test_the_key_stands_in_no_query_plan(named: DataFrame) -> None:
    plan = named._jdf.queryExecution().toString()
    assert "keyed" in plan
    assert KEY not in plan
    assert KEY[:16] not in plan


def test_a_frame_without_an_address_has_no_flag_for_it(spark: SparkSession) -> None:
    frame = frame_from(spark, ROWS[:1], "shop_code string, id bigint, email string, user_id bigint")
    assert with_pseudonyms(frame, PSEUDONYMS[1:], KEY).columns == [*frame.columns, "user_pseudonym", "order_pseudonym"]


def test_the_pseudonym_is_rfc_2104_with_sha_256() -> None:
    # RFC 4231, test case 2.
    assert pseudonym("Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"


def test_keys_have_fingerprints_of_their_own_that_do_not_contain_them() -> None:
    assert fingerprint(KEY) == fingerprint(KEY)
    assert fingerprint(KEY) != fingerprint(KEY[:-1] + "0")
    assert KEY not in fingerprint(KEY)

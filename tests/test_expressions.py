"""Column helpers. Each test puts its cases into one frame and compares all answers."""

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from lakehouse.arrow_frames import frame_from
from lakehouse.demo.store.server import Server
from lakehouse.expressions import (
    amount_as_read,
    local_date,
    money,
    null_if_empty,
    pivot_meta,
    quantity,
    quantity_as_read,
    repaired_text,
    unescape_html,
)
from tests.support.frames import answers

# Words whose UTF-8 holds every kind of byte that cp1252 leaves open, and signs of four bytes.
WORDS = [
    "Café crème",
    "Ünïcode Ærø",
    "日本語 お茶と醤油",
    "Ёжик любит Йогурт",
    "Łódź Ćmielów żółć",
    "Ωμέγα ελιά ώριμη",
    "İstanbul ığdır şeker",
    "“curly” ‘quotes’ – 50 €…",
    "Fisch 🐟 und 👩‍🍳",
    "\u00a0",
]


def mojibake(text: str) -> str:
    """What a utf8mb4 connection reads of a latin1 column that holds the text's UTF-8: by MySQL each byte is a character."""
    return "".join(chr(byte) if byte in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else bytes([byte]).decode("cp1252") for byte in text.encode())


def test_money_is_exact_to_eight_digits_and_null_where_there_is_no_number(spark: SparkSession) -> None:
    # The second and third have more digits than a double holds: through double they would end in …84 and …00.
    expected: dict[str | None, Decimal | None] = {
        "0.1000000000000000055": Decimal("0.10000000"),
        "123456789012345678.12345678": Decimal("123456789012345678.12345678"),
        "90071992547409.93000001": Decimal("90071992547409.93000001"),
        "-3.5": Decimal("-3.50000000"),
        "": None,
        "twelve": None,
        None: None,
    }
    assert answers(spark, list(expected), money) == expected


def test_a_quantity_keeps_four_digits(spark: SparkSession) -> None:
    expected: dict[str | None, Decimal | None] = {"0.25": Decimal("0.2500"), "3": Decimal("3.0000"), "": None, "1 kg": None}
    assert answers(spark, list(expected), quantity) == expected


def test_the_local_day_follows_midnight_and_both_clock_changes_in_amsterdam(spark: SparkSession) -> None:
    # In 2026 clocks go forward on 29 March and back on 25 October, both at 01:00 UTC; winter is UTC+1, summer UTC+2.
    expected = {
        datetime(2026, 7, 1, 21, 59, 59): date(2026, 7, 1),
        datetime(2026, 7, 1, 22, 0): date(2026, 7, 2),
        datetime(2026, 7, 1, 22, 30): date(2026, 7, 2),
        datetime(2026, 1, 15, 22, 30): date(2026, 1, 15),
        datetime(2026, 1, 15, 23, 0): date(2026, 1, 16),
        datetime(2026, 3, 28, 22, 30): date(2026, 3, 28),
        datetime(2026, 3, 28, 23, 0): date(2026, 3, 29),
        datetime(2026, 3, 29, 22, 0): date(2026, 3, 30),
        datetime(2026, 10, 24, 22, 0): date(2026, 10, 25),
        datetime(2026, 10, 25, 22, 30): date(2026, 10, 25),
        datetime(2026, 10, 25, 23, 0): date(2026, 10, 26),
    }
    frame = frame_from(spark, [(at,) for at in expected], "at timestamp")
    found = frame.select("at", local_date(F.col("at"), F.lit("Europe/Amsterdam"))).collect()
    assert {row[0]: row[1] for row in found} == expected


def test_the_local_day_is_that_of_the_zone_given(spark: SparkSession) -> None:
    row = spark.sql("select timestamp'2026-01-01 04:30:00' as at").select(
        local_date(F.col("at"), F.lit("America/New_York")), local_date(F.col("at"), F.lit("UTC"))
    )
    assert tuple(row.collect()[0]) == (date(2025, 12, 31), date(2026, 1, 1))


def test_text_of_white_space_only_is_null(spark: SparkSession) -> None:
    blank = ["", "  ", "\t", " \n ", None]
    assert answers(spark, blank, null_if_empty) == dict.fromkeys(blank)


def test_text_loses_its_outer_blanks(spark: SparkSession) -> None:
    assert answers(spark, [" a b ", "c"], null_if_empty) == {" a b ": "a b", "c": "c"}


def test_html_entities_are_decoded_once(spark: SparkSession) -> None:
    expected: dict[str | None, str | None] = {
        "Fruits &amp; Vegetables": "Fruits & Vegetables",
        "&amp;amp;": "&amp;",
        "Caf&eacute; &#8211; 1 &lt; 2": "Café – 1 < 2",
        "&#039;t Zuivel&#x20ac;&nbsp;": "'t Zuivel€\u00a0",
        "&amp;lt;b&amp;gt; &unknown; &#8364": "&lt;b&gt; &unknown; €",
        "Salt & Pepper": "Salt & Pepper",
        "": "",
        "plain": "plain",
        None: None,
    }
    assert answers(spark, list(expected), unescape_html) == expected


def test_an_amount_is_what_woocommerce_makes_of_its_text(spark: SparkSession) -> None:
    """(text, what the shop writes before decimals, amount)"""
    cases = [
        ("12.50", ".", "12.5"),
        ("12.50", ",", "12.5"),
        ("12,50", ",", "12.5"),
        ("12,50", ".", "1250"),
        ("12\u00b750", "\u00b7", "12.5"),
        ("1.234,56", ",", "1234.56"),
        ("-3,1", ",", "-3.1"),
        ("\u20ac 4.20", None, "4.2"),
        # PHP's own form of a small number: the letter is passed over, and what is left is none.
        ("1.0E-7", ".", None),
        ("1e5", ".", "15"),
        ("", ".", None),
        (None, ".", None),
        ("n/a", ",", None),
    ]
    frame = frame_from(spark, [(n, text, sign) for n, (text, sign, _) in enumerate(cases)], "n int, text string, sign string")
    found = frame.select("n", amount_as_read(F.col("text"), F.col("sign"))).orderBy("n").collect()
    assert [row[1] for row in found] == [number and Decimal(number) for _, _, number in cases]


def test_a_quantity_is_the_number_that_its_text_begins_with(spark: SparkSession) -> None:
    expected = {
        "2": "2",
        " 0.25": "0.25",
        "1.5 kg": "1.5",
        "1,5": "1",
        "-3": "-3",
        ".5": "0.5",
        "1e2": "100",
        "kg 2": "0",
        "": "0",
        None: "0",
    }
    assert answers(spark, list(expected), quantity_as_read) == {text: Decimal(number) for text, number in expected.items()}


def test_a_repeated_meta_key_gives_the_value_of_its_lowest_id_as_wordpress_reads_it(spark: SparkSession) -> None:
    rows = [
        (7, 12, "_price", "2.00"),
        (7, 30, "_sku", "A"),
        (7, 11, "_price", "3.00"),
        (7, 40, "_other", "not asked for"),
        (8, 13, "_sku", "B"),
        (8, 14, "_sku", None),
    ]
    frame = frame_from(spark, rows, "post_id bigint, meta_id bigint, meta_key string, meta_value string")
    found = pivot_meta(frame, ["post_id"], "meta_id", {"price": "_price", "sku": "_sku"})
    assert found.columns == ["post_id", "price", "sku"]
    assert sorted(map(tuple, found.collect())) == [(7, "3.00", "A"), (8, None, "B")]


def test_text_that_was_utf8_in_latin1_is_as_it_was_meant(spark: SparkSession) -> None:
    broken = {mojibake(word): word for word in WORDS}
    assert not set(broken) & set(WORDS)
    assert answers(spark, list(broken), repaired_text) == broken


@pytest.mark.database
def test_what_a_server_makes_of_utf8_in_a_latin1_column_is_repaired(spark: SparkSession, server: Server) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE OR REPLACE DATABASE mojibake")
        cursor.execute("CREATE TABLE mojibake.words (id int PRIMARY KEY, word varchar(200) CHARACTER SET latin1)")
        cursor.execute("ALTER TABLE mojibake.words MODIFY word varbinary(200)")
        cursor.executemany("INSERT INTO mojibake.words VALUES (%s, %s)", [(n, word.encode()) for n, word in enumerate(WORDS)])
        cursor.execute("ALTER TABLE mojibake.words MODIFY word varchar(200) CHARACTER SET latin1")
        cursor.execute("SELECT word FROM mojibake.words ORDER BY id")
        found = [word for (word,) in cursor.fetchall()]
        cursor.execute("DROP DATABASE mojibake")
    assert found == [mojibake(word) for word in WORDS]
    assert list(answers(spark, found, repaired_text).values()) == WORDS


def test_text_that_is_right_stays(spark: SparkSession) -> None:
    # A sign that is no latin1 makes encode fail; a pattern with $ overlooks one that ends a line (U+2028, U+0085).
    # The fourth line is half a character and an overlong form, which UTF-8 forbids.
    right = [
        *WORDS[:-1],
        *("é", "Â", "Ã", "plain", "", None, "Ärger\u2028", "Ã©\u2028", "Ã©\u0085", "Ã© 日", "Ã©🐟", "Ã\u0080", "naïve Ã©"),
        *("â‚", "À¯"),
        *("Ünïcode", "Ærø", "50 € Gutschein", "日本語", "🐟", "Nescafé®", "Weißwein – süß…"),
    ]
    assert answers(spark, right, repaired_text) == {text: text for text in right}


def test_right_text_that_happens_to_be_utf8_in_latin1_is_changed(spark: SparkSession) -> None:
    # No value alone tells the two apart.
    changed = {"NESCAFÉ®": "NESCAFɮ", "Weiß\u00a01": "Wei\u07e01"}
    assert answers(spark, list(changed), repaired_text) == changed


def test_what_was_broken_twice_is_repaired_once(spark: SparkSession) -> None:
    once = mojibake("Café")
    assert answers(spark, [mojibake(once)], repaired_text) == {mojibake(once): once}


def test_any_text_is_repaired_and_ascii_stays(spark: SparkSession) -> None:
    # Without making a failing list smaller: each try is a job of Spark's.
    @settings(max_examples=5, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(st.lists(st.text(max_size=12), min_size=300, max_size=400))
    def check(texts: list[str]) -> None:
        broken = {mojibake(text): text for text in texts}
        assert answers(spark, list(broken), repaired_text) == broken

    check()

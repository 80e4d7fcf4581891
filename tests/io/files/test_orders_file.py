"""Orders of anybody: ids and times as they come."""

from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from lakehouse.errors import ConfigError, DataError
from lakehouse.io.files.csv_as_parquet import csv_as_parquet
from lakehouse.io.files.orders_file import parse_columns, read_orders

COLUMNS = {"customer": "who", "product": "what", "order": "no", "time": "at"}


def orders(folder: Path, rows: dict[str, Any], name: str = "orders.csv") -> str:
    path = folder / name
    frame = pd.DataFrame(rows)
    frame.to_csv(path, index=False) if name.endswith(".csv") else frame.to_parquet(path)
    return str(path)


def test_ids_come_back_as_given_numbers_as_numbers_and_text_as_text(spark: SparkSession, tmp_path: Path) -> None:
    path = orders(tmp_path, {"who": [12, 7, 12], "what": ["007", "A,1", "007"], "no": [1, 2, 3], "at": [1, 1, 2]})
    read = read_orders(spark, path, COLUMNS)
    given = read.given(read.bought.select("shop_code", "customer_key", "product_id")).distinct().collect()
    assert sorted((row["customer"], row["product"]) for row in given) == [(7, "A,1"), (12, "007")]


def test_a_whole_number_is_a_basket_and_a_timestamp_is_days(spark: SparkSession, tmp_path: Path) -> None:
    path = orders(tmp_path, {"who": ["a"], "what": ["x"], "no": [1], "at": [3]})
    baskets = read_orders(spark, path, COLUMNS)
    assert (baskets.unit, baskets.bought.first()["order_day"]) == ("baskets", 3.0)
    times = orders(tmp_path, {"who": ["a"], "what": ["x"], "no": [1], "at": pd.to_datetime(["1970-01-02 12:00"])}, "orders.parquet")
    days = read_orders(spark, times, COLUMNS)
    assert (days.unit, days.bought.first()["order_day"]) == ("days", 1.5)
    text = orders(tmp_path, {"who": ["a"], "what": ["x"], "no": [1], "at": ["1970-01-03"]}, "text.csv")
    assert read_orders(spark, text, COLUMNS).bought.first()["order_day"] == 2.0


def test_a_product_twice_in_an_order_is_one_line_and_given_weights_are_summed(spark: SparkSession, tmp_path: Path) -> None:
    path = orders(tmp_path, {"who": ["a", "a"], "what": ["x", "x"], "no": [1, 1], "at": [1, 1], "w": [0.5, 2.0]})
    (row,) = read_orders(spark, path, {**COLUMNS, "weight": "w"}).bought.collect()
    assert (row["given_weight"], int(row["net_quantity"])) == (2.5, 1)


def test_lines_without_customer_product_or_time_are_left_out(spark: SparkSession, tmp_path: Path) -> None:
    path = orders(
        tmp_path, {"who": ["a", None, "b"], "what": ["x", "x", None], "no": [1, 2, 3], "at": ["2026-01-01", "2026-01-01", "2026-01-01"]}
    )
    assert [row["customer_key"] for row in read_orders(spark, path, COLUMNS).bought.collect()] == ["a"]
    with pytest.raises(DataError, match="no line with customer, product and time"):
        read_orders(spark, orders(tmp_path, {"who": ["a"], "what": ["x"], "no": [1], "at": [None]}, "bad.csv"), COLUMNS)


def test_a_missing_column_or_file_is_named(spark: SparkSession, tmp_path: Path) -> None:
    path = orders(tmp_path, {"who": ["a"], "what": ["x"], "at": [1]})
    with pytest.raises(DataError, match="has no column no"):
        read_orders(spark, path, COLUMNS)
    with pytest.raises(DataError, match="can't be read"):
        read_orders(spark, str(tmp_path / "none.parquet"), COLUMNS)


def test_columns_are_checked_before_anything_is_read() -> None:
    assert parse_columns("customer=c,product=p,time=t") == {"customer": "c", "product": "p", "time": "t"}
    with pytest.raises(ConfigError, match="lacks product, time"):
        parse_columns("customer=c")
    with pytest.raises(ConfigError, match="unknown shop"):
        parse_columns("customer=c,product=p,time=t,shop=s")


def test_csv_is_read_as_rfc_4180_has_it(spark: SparkSession, tmp_path: Path) -> None:
    """A byte order mark, semicolons, a note of two lines and one with a quote; customers are whole numbers, products are not all."""
    path = tmp_path / "notes.csv"
    path.write_bytes(
        b"\xef\xbb\xbf" + b'who;note;what;no;at\r\n12;"line one\r\nline ""two""";007;1;1\r\n7;;"A;1";2;2\r\n12;plain;B;3;3\r\n'
    )
    read = read_orders(spark, str(path), COLUMNS)
    assert sorted((row["customer_key"], row["order_id"]) for row in read.bought.collect()) == [("12", "1"), ("12", "3"), ("7", "2")]
    assert sorted(row["product"] for row in read.products.collect()) == ["007", "A;1", "B"]
    assert read.customer_type.simpleString() == "bigint"


def test_a_number_that_is_none_is_named_by_column_and_line(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "weights.csv"
    path.write_text('who,what,no,at,w\na,"x\ny",1,1,0.5\na,x,2,2,n/a\nb,x,3,3,"1,5"\n')
    with pytest.raises(DataError, match="2 values of column w are no numbers, first in line 4"):
        read_orders(spark, str(path), {**COLUMNS, "weight": "w"})
    path.write_text("who,what,no,at,w\na,x,1,1,0.5\na,x,2,n/a,1\nb,x,3,3,NaN\n")
    with pytest.raises(DataError, match="1 values of column w are no numbers, first in line 4"):
        read_orders(spark, str(path), {**COLUMNS, "weight": "w"})
    with pytest.raises(DataError, match="values of column at are no times, first in line"):
        read_orders(spark, str(path), COLUMNS)


def test_a_file_of_a_spreadsheet_is_read_and_what_it_spoilt_is_named(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"sep=;\r\nwho;what;no;at\r\na;x;1;2026-01-02\r\na;K\xe4se;2;2026-01-03\r\n")
    with pytest.raises(DataError, match="line 4: column what holds letters that are not in UTF-8"):
        read_orders(spark, str(path), COLUMNS)
    # The day that a spreadsheet counted, among days: Spark takes it for the year 46027.
    path.write_text("sep=;\nwho;what;no;at\na;x;1;2026-01-02\na;y;2;46027\n")
    with pytest.raises(DataError, match="1 values of column at are no times, first in line 4"):
        read_orders(spark, str(path), COLUMNS)
    path.write_text("sep=;\nwho;what;no;at\na;x;1;2026-01-02\n")
    assert [row["order_day"] for row in read_orders(spark, str(path), COLUMNS).bought.collect()] == [20_455.0]


@pytest.mark.parametrize(
    ("text", "why"),
    [("who,what,no,at\na,x,1\n", "line 2 has 3 fields, the header line 4"), ("who,who,what,no,at\n", "twice"), ("", "no header line")],
)
def test_csv_that_is_none_is_refused_with_the_line(spark: SparkSession, tmp_path: Path, text: str, why: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=why):
        read_orders(spark, str(path), COLUMNS)


def test_of_a_csv_the_named_columns_alone_count_and_are_copied(tmp_path: Path) -> None:
    """A spreadsheet left two columns without a name, and a note stands twice."""
    path = tmp_path / "sheet.csv"
    path.write_text("who,note,note,what,,\na,secret,secret,x,,\n")
    table = pq.read_table(csv_as_parquet(str(path), ["what", "who"]))
    assert table.to_pylist() == [{"what": "x", "who": "a", "_line": 2}]


def test_a_damaged_gzip_is_an_error_of_the_data(spark: SparkSession, tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(b"who,what,no,at")
    with pytest.raises(DataError, match="is no gzip file, or is damaged"):
        read_orders(spark, str(path), COLUMNS)

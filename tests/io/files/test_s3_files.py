"""Drop folder and outbox in a bucket, on a server that speaks S3 on this machine."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from lakehouse.io.files.drop_folder import Changing
from lakehouse.io.files.outbox import Outbox
from lakehouse.io.files.s3_files import S3Files

LATER = datetime.now(UTC) + timedelta(days=1)  # later than any test of this run


def keys(bucket: Any) -> list[str]:
    return [found["Key"] for found in bucket.list_objects_v2(Bucket="shop").get("Contents", [])]


def test_what_lies_in_senders_folders_arrives_and_what_is_unfinished_does_not(bucket: Any, tmp_path: Path) -> None:
    for key in (
        "drop/stock/a.csv",
        "drop/stock/b.csv.part",
        "drop/loose.csv",
        "drop/stock/deep/c.csv",
        "drop/empty/",
        "dropped/stock/d.csv",
    ):
        bucket.put_object(Bucket="shop", Key=key, Body=b"a,b\n")
    drop = S3Files("s3a://shop/drop")
    found = {(arrival.sender, arrival.name): arrival for arrival in drop.arrivals(LATER)}
    wrong = "it does not lie in a sender's folder"
    assert {key: arrival.problem for key, arrival in found.items()} == {
        ("", "loose.csv"): wrong,
        ("stock", "a.csv"): "",
        ("stock", "deep/c.csv"): wrong,
    }
    assert drop.fetch(found["stock", "a.csv"], tmp_path / "copy") == hashlib.sha256(b"a,b\n").hexdigest()
    assert not [arrival for arrival in drop.arrivals(datetime.now(UTC)) if not arrival.problem]


def test_an_object_that_was_replaced_or_is_gone_is_left_for_the_next_run(bucket: Any, tmp_path: Path) -> None:
    drop = S3Files("s3a://shop")
    bucket.put_object(Bucket="shop", Key="stock/a.csv", Body=b"1")
    (arrival,) = drop.arrivals(LATER)
    bucket.put_object(Bucket="shop", Key="stock/a.csv", Body=b"2")
    with pytest.raises(Changing):
        drop.fetch(arrival, tmp_path / "copy")
    assert [new.state for new in drop.arrivals(LATER)] != [arrival.state]
    bucket.delete_object(Bucket="shop", Key="stock/a.csv")
    with pytest.raises(Changing):
        drop.fetch(arrival, tmp_path / "copy")


def test_more_objects_than_one_answer_holds_are_all_seen(bucket: Any) -> None:
    for number in range(1001):
        bucket.put_object(Bucket="shop", Key=f"web/events_{number}", Body=b"")
    assert len(list(S3Files("s3://shop").arrivals(LATER))) == 1001


def test_a_reply_is_put_and_taken_back(bucket: Any) -> None:
    outbox = Outbox(S3Files("s3a://shop/outbox"))
    outbox.put("stock", "a.csv", "sorry", {"a.csv.template.csv": b"x"})
    outbox.put("stock", "a.csv.gz", "sorry", {})
    assert keys(bucket) == ["outbox/stock/a.csv.gz.reply.md", "outbox/stock/a.csv.reply.md", "outbox/stock/a.csv.template.csv"]
    outbox.clear("stock", "a.csv")
    assert keys(bucket) == ["outbox/stock/a.csv.gz.reply.md"]


def test_a_bucket_that_is_not_there_is_no_drop_folder(bucket: Any) -> None:
    assert S3Files("s3a://shop/any").is_there()
    assert not S3Files("s3a://other/any").is_there()

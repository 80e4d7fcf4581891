"""Packs in a bucket, on a server that speaks S3 on this machine."""

import base64
import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from lakehouse.io.files import packs
from lakehouse.io.files.s3_packs import S3Packs
from lakehouse.io.s3.s3_objects import S3Objects

HEADER, ROWS = ["email", "customer_key"], [["a@example.com", "1"], ["=cmd", "2"]]
DAY = date(2026, 11, 16)
CSV = b"email,customer_key\r\na@example.com,1\r\n'=cmd,2\r\n"


def keys(bucket: Any) -> list[str]:
    return [found["Key"] for found in bucket.list_objects_v2(Bucket="shop").get("Contents", [])]


def prepared(run: str, made_from: str = "these tables", day: date = DAY) -> str:
    place = packs.place_of("s3a://shop/export", "email", day, run)
    packs.prepare(place, "customers.csv", HEADER, ROWS, {"made_from": made_from, "run_date": str(day), "run_id": run})
    return place


def test_a_pack_is_none_until_its_last_file_and_then_the_newest(bucket: Any) -> None:
    place = prepared("r1")
    assert place == "s3a://shop/export/email/2026-11-16/r1"
    folder = "export/email/2026-11-16/r1"
    assert keys(bucket) == [f"{folder}/customers.csv", f"{folder}/manifest.json"]
    assert packs.standing(place, "these tables") is None
    assert keys(bucket) == []  # a run that asks takes away what a run before it left
    place = prepared("r2")
    packs.promote(place)
    packs.promote(place)
    folder = "export/email/2026-11-16/r2"
    files = [f"{folder}/{name}" for name in ("_SUCCESS", "customers.csv", "manifest.json")]
    assert keys(bucket) == [*files, "export/email/latest.json"]
    assert bucket.get_object(Bucket="shop", Key=f"{folder}/customers.csv")["Body"].read() == CSV
    latest = json.loads(bucket.get_object(Bucket="shop", Key="export/email/latest.json")["Body"].read())
    assert latest == {"pack": "2026-11-16/r2", "run_date": "2026-11-16", "run_id": "r2"}


def test_a_pack_stands_while_it_was_made_from_the_same_and_nobody_touched_it(bucket: Any) -> None:
    place = prepared("r1")
    packs.promote(place)
    tomorrow = packs.place_of("s3a://shop/export", "email", DAY, "r2")
    assert packs.is_replaced(tomorrow)
    assert packs.standing(tomorrow, "these tables") == place
    assert packs.standing(tomorrow, "other tables") is None
    assert packs.standing(packs.place_of("s3a://shop/export", "email", date(2026, 11, 17), "r3"), "these tables") is None
    other = CSV.replace(b"1", b"7")
    bucket.put_object(Bucket="shop", Key="export/email/2026-11-16/r1/customers.csv", Body=other, ChecksumAlgorithm="SHA256")
    assert packs.standing(tomorrow, "these tables") is None


def test_a_new_pack_takes_the_place_of_the_last_one_and_none_that_of_a_later_day(bucket: Any) -> None:
    first, second = prepared("r1"), prepared("r2", "other tables")
    packs.promote(first)
    packs.promote(second)
    assert packs.standing(second, "other tables") == second
    assert packs.standing(second, "these tables") is None  # it is whole, but readers are shown another one
    packs.promote(prepared("r3", day=date(2026, 11, 15)))
    assert S3Packs("s3a://shop/export", "email").latest() == {"pack": "2026-11-16/r2", "run_date": "2026-11-16", "run_id": "r2"}


def test_what_a_run_that_died_left_goes_and_whole_packs_stay(bucket: Any) -> None:
    packs.promote(prepared("r1"))
    prepared("died")
    S3Packs("s3a://shop/export", "email").sweep()
    assert not [key for key in keys(bucket) if "died" in key]
    assert len(keys(bucket)) == 4


def test_a_deleted_pack_is_gone_with_the_word_that_names_it(bucket: Any) -> None:
    there = S3Packs("s3a://shop/export", "email")
    for run in ("r1", "r2"):
        packs.promote(prepared(run))
    there.delete("2026-11-16/r1")
    assert there.latest() is not None
    there.delete("2026-11-16/r2")
    there.delete("2026-11-16/r2")
    assert keys(bucket) == []


def test_who_swaps_latest_json_writes_over_nobody_who_was_faster(bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    there = S3Packs("s3a://shop/export", "email")
    ours, others = ({"pack": f"{day}/r", "run_date": day} for day in ("2026-11-16", "2026-11-17"))
    get, faster = S3Objects.get, [others]

    def read_and_be_late(objects: S3Objects, path: str) -> Any:
        found = get(objects, path)
        if faster:
            S3Packs("s3a://shop/export", "email").swap_latest(faster.pop())
        return found

    monkeypatch.setattr(S3Objects, "get", read_and_be_late)
    there.swap_latest(ours)
    assert there.latest() == others


def test_a_checksum_is_that_of_the_bytes(bucket: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"tea" * 1000)
    objects = S3Objects("s3a://shop")
    objects.put_file("a/file", tmp_path / "file")
    assert objects.sha256("a/file") == base64.b64encode(hashlib.sha256(b"tea" * 1000).digest()).decode()
    assert objects.sha256("a/other") is None

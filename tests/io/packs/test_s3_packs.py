"""Packs in a bucket: whole or not at all, and nobody who was faster is written over. The server that speaks S3 is a process of its own."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.s3_server import reset, s3_environment

from lakehouse.errors import ConfigError, WriteError
from lakehouse.io.packs.backends import packs_of
from lakehouse.io.packs.pack_files import Dialect, finish, write_files
from lakehouse.io.packs.packs import latest_of
from lakehouse.io.packs.s3_packs import S3Packs
from lakehouse.io.s3.s3_objects import RefusedError, S3Objects

DAY = "2026-07-01"
AT, EXPIRES = datetime(2026, 7, 1, 3, tzinfo=UTC), datetime(2026, 7, 31, 3, tzinfo=UTC)


@pytest.fixture
def client(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    reset(s3_address)
    for name, value in s3_environment(s3_address).items():
        monkeypatch.setenv(name, value)
    client = boto3.client("s3")
    client.create_bucket(Bucket="packs", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    return client


def keys(client: Any) -> list[str]:
    return [found["Key"] for found in client.list_objects_v2(Bucket="packs").get("Contents", [])]


@pytest.fixture
def packs(client: Any) -> S3Packs:
    found = packs_of("s3a://packs/exports", "email")
    assert isinstance(found, S3Packs)
    return found


def prepare(packs: S3Packs, pack: str, made_from: str = "abc") -> dict[str, Any]:
    with packs.unfinished(pack) as folder:
        files = write_files(folder, Dialect("customers.csv", max_rows=2), ["email"], [[f"{n}@shop.example"] for n in range(3)])
        date, _, run = pack.partition("/")
        return finish(folder, files, {"made_from": made_from, "run_date": date, "run_id": run, "expires": EXPIRES.isoformat()})


def shown(packs: S3Packs, pack: str, made_from: str = "abc") -> None:
    manifest = prepare(packs, pack, made_from)
    packs.promote(pack)
    packs.swap_latest(latest_of(pack, manifest))


def test_a_pack_is_none_before_it_is_promoted_and_whole_afterwards(packs: S3Packs, client: Any) -> None:
    manifest = prepare(packs, f"{DAY}/a")
    assert packs.manifest(f"{DAY}/a") is None and packs.standing(DAY, "abc", AT) is None
    packs.promote(f"{DAY}/a")
    packs.promote(f"{DAY}/a")
    names = ("_SUCCESS", "customers_0001.csv", "customers_0002.csv", "manifest.json")
    assert keys(client) == [f"exports/email/{DAY}/a/{name}" for name in names]
    assert packs.manifest(f"{DAY}/a") == manifest
    assert (
        client.get_object(Bucket="packs", Key=f"exports/email/{DAY}/a/customers_0002.csv")["Body"].read() == b"email\r\n2@shop.example\r\n"
    )
    packs.promote(f"{DAY}/nothing")  # was never prepared
    assert packs.manifest(f"{DAY}/nothing") is None


def test_a_pack_stands_if_it_was_made_from_the_same_and_its_objects_are_as_they_were_put(packs: S3Packs, client: Any) -> None:
    shown(packs, f"{DAY}/a")
    shown(packs, f"{DAY}/b")
    assert packs.standing(DAY, "abc", AT) == f"{DAY}/b" and packs.standing(DAY, "abd", AT) is None
    same_size = b"email\r\n9@shop.example\r\n"
    client.put_object(Bucket="packs", Key=f"exports/email/{DAY}/b/customers_0002.csv", Body=same_size, ChecksumAlgorithm="SHA256")
    assert packs.standing(DAY, "abc", AT) == f"{DAY}/a"
    assert packs.standing(DAY, "abc", EXPIRES) is None  # it is about to be deleted
    client.delete_object(Bucket="packs", Key=f"exports/email/{DAY}/a/customers_0001.csv")
    assert packs.standing(DAY, "abc", AT) is None


def test_latest_names_the_newest_pack_and_never_goes_back(packs: S3Packs) -> None:
    assert packs.latest() is None
    shown(packs, f"{DAY}/a")
    shown(packs, f"{DAY}/b")
    shown(packs, "2026-06-30/c")
    assert (packs.latest() or {})["pack"] == f"{DAY}/b"


def test_a_swap_that_somebody_else_comes_before_is_decided_anew(packs: S3Packs, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    shown(packs, f"{DAY}/a")
    ours, others = ({"pack": f"{day}/r", "run_date": day} for day in ("2026-07-02", "2026-07-03"))
    get, faster = S3Objects.get, [others]

    def read_and_be_late(objects: S3Objects, path: str) -> Any:
        found = get(objects, path)
        if faster:
            S3Packs("s3a://packs/exports", "email").swap_latest(faster.pop())
        return found

    monkeypatch.setattr(S3Objects, "get", read_and_be_late)
    packs.swap_latest(ours)
    assert packs.latest() == others  # it is of a later date

    def never(*_: Any, **__: Any) -> str:
        raise RefusedError

    monkeypatch.setattr(S3Objects, "put", never)
    with pytest.raises(WriteError, match="by somebody else all the time"):
        packs.swap_latest({"pack": "2026-07-04/c", "run_date": "2026-07-04"})


def test_a_deleted_pack_is_named_by_nothing_and_what_died_half_written_goes(packs: S3Packs, client: Any) -> None:
    shown(packs, f"{DAY}/a")
    shown(packs, "2026-07-02/b")
    prepare(packs, "2026-07-02/died")
    packs.sweep()
    assert {key.rpartition("/")[0] for key in keys(client)} == {f"exports/email{end}" for end in ("", f"/{DAY}/a", "/2026-07-02/b")}
    packs.delete(f"{DAY}/a")
    assert (packs.latest() or {})["pack"] == "2026-07-02/b"
    packs.delete("2026-07-02/b")
    packs.delete("2026-07-02/b")
    assert keys(client) == [] and packs.latest() is None


def test_what_packs_cannot_be_kept_in_is_told(client: Any, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="gs://"):
        packs_of("gs://bucket/x", "email")
    with pytest.raises(ConfigError, match="there is no bucket nobodys"):
        packs_of("s3://nobodys", "email").sweep()
    assert packs_of(str(tmp_path), "email").place == f"{tmp_path}/email"

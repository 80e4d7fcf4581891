"""Objects of a bucket by a network that has a bad day."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support.s3_proxy import S3Proxy
from tests.support.s3_server import make_buckets, s3_environment

from lakehouse.errors import AccessError, LakehouseError, SourceAwayError
from lakehouse.io.s3 import s3_objects
from lakehouse.io.s3.s3_objects import QUICK, RefusedError, S3Objects


@pytest.fixture(scope="module")
def proxy(s3_address: str) -> Iterator[S3Proxy]:
    """Before a server with the bucket `objects`."""
    with S3Proxy(s3_address) as between, pytest.MonkeyPatch.context() as patch:
        for name, value in s3_environment(between.address).items():
            patch.setenv(name, value)
        make_buckets(boto3.client("s3"), "objects")
        yield between


@pytest.fixture
def objects(proxy: S3Proxy) -> Iterator[S3Objects]:
    found = S3Objects("s3a://objects/lake", QUICK)
    yield found
    proxy.fail("slow", victims=0)
    for name in found.names():
        found.delete(name)


def test_a_write_on_a_condition_is_done_or_refused(objects: S3Objects) -> None:
    first = objects.put("a", b"1", is_new=True)
    with pytest.raises(RefusedError):
        objects.put("a", b"2", is_new=True)
    second = objects.put("a", b"2", instead_of=first)
    with pytest.raises(RefusedError):
        objects.put("a", b"3", instead_of=first)
    found = objects.get("a")
    assert found is not None
    assert (found.data, found.etag) == (b"2", second)
    assert abs(found.age) < timedelta(seconds=10)
    objects.delete("a")
    with pytest.raises(RefusedError):
        objects.put("a", b"3", instead_of=second)
    assert objects.get("a") is None


def test_an_answer_of_503_is_asked_for_again_and_one_too_many_is_told(objects: S3Objects, proxy: S3Proxy) -> None:
    proxy.fail("unavailable", victims=2)
    objects.put("a", b"1")
    proxy.fail("unavailable", victims=3)
    with pytest.raises(SourceAwayError, match="s3a://objects/lake: the bucket does not answer") as caught:
        objects.get("a")
    assert caught.value.exit_code == 69


def test_a_write_whose_answer_is_lost_is_done_once_and_says_that_it_was_refused(objects: S3Objects, proxy: S3Proxy) -> None:
    proxy.fail("lost", victims=1)
    with pytest.raises(RefusedError):
        objects.put("a", b"1", is_new=True)
    found = objects.get("a")
    assert found is not None
    assert found.data == b"1"


def test_half_an_object_is_never_taken_for_a_whole_one(objects: S3Objects, proxy: S3Proxy) -> None:
    objects.put("a", b"tea" * 1000)
    proxy.fail("truncated", victims=s3_objects.READS - 1)
    found = objects.get("a")
    assert found is not None
    assert found.data == b"tea" * 1000
    proxy.fail("truncated", victims=s3_objects.READS)
    with pytest.raises(SourceAwayError):
        objects.get("a")


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (s3_objects.NoCredentialsError(), 77),
        (s3_objects.ProfileNotFound(profile="nobody"), 77),
        (s3_objects.ParamValidationError(report="Invalid bucket name"), 2),
        (s3_objects.ClientError({"Error": {"Code": "PermanentRedirect"}}, "GetObject"), 2),
        (s3_objects.ClientError({"Error": {"Code": "RequestTimeTooSkewed"}}, "GetObject"), 77),
        (s3_objects.ClientError({"Error": {"Code": "InternalError"}}, "GetObject"), 69),
    ],
)
def test_what_time_does_not_mend_is_not_said_to_be_tried_again_later(
    objects: S3Objects, monkeypatch: pytest.MonkeyPatch, problem: Exception, code: int
) -> None:
    class Failing:
        def get_object(self, **_: Any) -> Any:
            raise problem

    monkeypatch.setattr(objects, "_client", Failing())
    with pytest.raises(LakehouseError) as caught:
        objects.get("a")
    assert caught.value.exit_code == code


def test_no_error_says_who_asked(objects: S3Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refusing:
        def get_object(self, **_: Any) -> Any:
            raise s3_objects.ClientError({"Error": {"Code": "AccessDenied", "Message": "AKIA_SOMEBODY may not"}}, "GetObject")

    monkeypatch.setattr(objects, "_client", Refusing())
    with pytest.raises(AccessError) as caught:
        objects.get("a")
    assert "AKIA" not in f"{caught.value} {caught.value.todo}"
    assert caught.value.__cause__ is None

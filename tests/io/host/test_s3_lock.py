"""The lock of a lake in a bucket: with a clock that the test moves, and on a server that speaks S3."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from tests.support.s3_server import make_buckets, s3_environment

from lakehouse.errors import BusyError, ConfigError, LockLostError, SourceAwayError
from lakehouse.io.host import s3_lock as module
from lakehouse.io.host.lock import is_held, lake_lock
from lakehouse.io.host.s3_lock import INEXACT, NAME, Lease, prove
from lakehouse.io.s3.s3_objects import Found, RefusedError, S3Objects

SECONDS = 60


class Bucket:
    """One object and the server's clock. `answers_lost`: so many writes are done, and say that they were refused, as a second try does."""

    root = "s3a://shop/lake"

    def __init__(self) -> None:
        self.now, self.data, self.etag, self.written_at = 0.0, b"", "", 0.0
        self.answers_lost = 0
        self.is_away = False

    def get(self, path: str) -> Found | None:
        assert path == NAME
        self._answer()
        return Found(self.data, self.etag, timedelta(seconds=self.now - self.written_at)) if self.etag else None

    def put(self, path: str, data: bytes, *, is_new: bool = False, instead_of: str | None = None) -> str:
        assert path == NAME
        self._answer()
        if bool(self.etag) if is_new else self.etag != instead_of:
            raise RefusedError
        self.data, self.etag, self.written_at = data, f'"{hash(data)}"', self.now
        if self.answers_lost:
            self.answers_lost -= 1
            raise RefusedError
        return self.etag

    def _answer(self) -> None:
        if self.is_away:
            raise SourceAwayError("away")


@pytest.fixture
def bucket_with_clock(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """Its clock is the machine's too, and nobody waits."""
    found = Bucket()
    monkeypatch.setattr(module, "_now", lambda: found.now)
    monkeypatch.setattr("time.sleep", lambda seconds: setattr(found, "now", found.now + seconds))
    return found


def lease(objects: Any) -> Lease:
    return Lease(objects, SECONDS)


def test_who_comes_second_is_told_who_is_at_work_and_for_how_long(bucket_with_clock: Bucket) -> None:
    lease(bucket_with_clock).take()
    bucket_with_clock.now = 20
    with pytest.raises(BusyError, match=r"another run is at work on s3a://shop/lake \(process \d+ of ") as caught:
        lease(bucket_with_clock).take()
    assert caught.value.exit_code == 75
    assert "42 s" in caught.value.todo  # 60 - 20, and the 2 by which the server's times may be wrong


def test_a_lock_that_was_given_back_is_free_at_once(bucket_with_clock: Bucket) -> None:
    first = lease(bucket_with_clock)
    first.take()
    first.release()
    lease(bucket_with_clock).take()


def test_a_renewal_that_comes_after_the_end_does_not_take_the_lock_again(bucket_with_clock: Bucket) -> None:
    first = lease(bucket_with_clock)
    first.take()
    first.release()
    with pytest.raises(LockLostError):
        first.confirm()
    lease(bucket_with_clock).take()


def test_a_lease_that_is_renewed_does_not_end(bucket_with_clock: Bucket) -> None:
    first = lease(bucket_with_clock)
    first.take()
    for _ in range(10):
        bucket_with_clock.now += SECONDS - 1
        first.confirm()
        with pytest.raises(BusyError):
            lease(bucket_with_clock).take()


def test_a_lease_that_ended_is_taken_over_and_its_run_may_not_go_on(bucket_with_clock: Bucket) -> None:
    killed = lease(bucket_with_clock)
    killed.take()
    bucket_with_clock.now = SECONDS + INEXACT.total_seconds() - 0.001
    with pytest.raises(BusyError):
        lease(bucket_with_clock).take()
    bucket_with_clock.now += 0.001
    second = lease(bucket_with_clock)
    second.take()
    with pytest.raises(LockLostError) as caught:
        killed.confirm()
    assert caught.value.exit_code == 75
    killed.release()
    second.confirm()  # what the first one gave back was not its own any more


def test_a_run_knows_without_asking_that_it_came_too_late(bucket_with_clock: Bucket) -> None:
    slept = lease(bucket_with_clock)
    slept.take()
    bucket_with_clock.now = SECONDS
    slept.check()
    bucket_with_clock.now += 1
    with pytest.raises(LockLostError):
        slept.check()
    with pytest.raises(LockLostError):
        slept.confirm()


@pytest.mark.parametrize("lost", [1, 2])
def test_an_answer_that_is_lost_loses_no_lock(bucket_with_clock: Bucket, lost: int) -> None:
    mine = lease(bucket_with_clock)
    bucket_with_clock.answers_lost = lost
    mine.take()
    bucket_with_clock.now = SECONDS - 1
    bucket_with_clock.answers_lost = lost
    mine.confirm()
    bucket_with_clock.now += SECONDS - 1
    mine.confirm()


def test_a_bucket_that_is_away_is_asked_until_the_lease_is_over(bucket_with_clock: Bucket) -> None:
    mine = lease(bucket_with_clock)
    mine.take()
    bucket_with_clock.is_away = True
    with pytest.raises(LockLostError):
        mine.confirm()
    assert SECONDS < bucket_with_clock.now <= SECONDS + 2


def test_a_lake_that_was_copied_from_a_disk_is_free(bucket_with_clock: Bucket) -> None:
    bucket_with_clock.put(NAME, b"", is_new=True)
    lease(bucket_with_clock).take()


def test_an_object_taken_away_by_hand_frees_the_lock(bucket_with_clock: Bucket) -> None:
    mine = lease(bucket_with_clock)
    mine.take()
    bucket_with_clock.etag = ""
    with pytest.raises(LockLostError):
        mine.confirm()


@pytest.fixture(scope="module")
def lake(s3_address: str) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_environment(s3_address).items():
            patch.setenv(name, value)
        make_buckets(boto3.client("s3"), "locks")
        yield "s3a://locks/lake"


def test_of_many_that_start_at_once_one_gets_the_lock(lake: str) -> None:
    begin, won, lost = threading.Barrier(8), list[Lease](), list[BusyError]()

    def start() -> None:
        mine = Lease(S3Objects(lake), SECONDS)
        begin.wait()
        try:
            mine.take()
            won.append(mine)
        except BusyError as error:
            lost.append(error)

    for _ in range(3):  # on a lake without a lock, then on a free one
        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert (len(won), len(lost)) == (1, 7)
        won.pop().release()
        lost.clear()


def test_a_run_keeps_its_lease_by_itself_and_a_dead_one_loses_it(lake: str) -> None:
    dead, others = Lease(S3Objects(f"{lake}-of-a-dead-run"), 1), f"{lake}-of-a-dead-run"
    dead.take()
    assert is_held(others, "s3")
    with lake_lock(lake, "s3", 1) as lock:
        time.sleep(4)  # longer than a lease, what the server's times may be wrong by, and their rounding
        assert is_held(lake, "s3")
        with pytest.raises(BusyError), lake_lock(lake, "s3"):
            pytest.fail("two held the lock")
        lock.confirm()
    assert not is_held(lake, "s3")
    assert not is_held(others, "s3")
    with lake_lock(others, "s3", 1), pytest.raises(LockLostError):
        dead.confirm()
    said = json.loads(boto3.client("s3").get_object(Bucket="locks", Key="lake/.lock")["Body"].read())
    assert said["renewals"] > 10


def test_a_bucket_that_is_not_there_is_a_wrong_setting(lake: str) -> None:
    with pytest.raises(ConfigError, match="there is no bucket other"), lake_lock("s3a://other/lake", "s3"):
        pytest.fail("held a lock that nobody sees")


def test_a_bucket_that_keeps_no_conditions_is_found_out(lake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with lake_lock(lake, "s3") as lock:
        prove(lake)
        lock.confirm()
    prove(f"{lake}-without-a-lock")
    put = S3Objects.put
    monkeypatch.setattr(S3Objects, "put", lambda objects, path, data, **_: put(objects, path, data))
    with pytest.raises(ConfigError, match="writes whatever the condition is"):
        prove(lake)


def test_a_lock_in_a_bucket_needs_a_lake_in_one() -> None:
    with pytest.raises(ConfigError, match="needs a lake_root in a bucket"), lake_lock("/srv/lake", "s3"):
        pytest.fail("held a lock that nobody sees")

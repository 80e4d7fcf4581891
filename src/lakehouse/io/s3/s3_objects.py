"""Objects below a prefix of a bucket, written on a condition: who writes only if nobody else did meanwhile overwrites nobody.

S3 decides a condition and the write as one: `If-None-Match: *` is true while there is no object, `If-Match` while it is the one that was
seen. Credentials, region and address are boto3's own (`AWS_...` variables, profiles, roles).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)

from lakehouse.errors import AccessError, ConfigError, SourceAwayError

# What S3 says where a condition does not hold, and where two writes met so that it does not know.
REFUSED, NOT_THERE = ("PreconditionFailed", "ConditionalRequestConflict", "412", "409"), ("NoSuchKey", "404")
DENIED = (
    *("AccessDenied", "403", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken", "RequestTimeTooSkewed"),
    *("KMS.DisabledException", "KMS.InvalidStateException", "KMS.NotFoundException"),
)
# Nothing that time mends: no key of access is found, or a setting names what can't be.
NO_KEY = (NoCredentialsError, PartialCredentialsError, ProfileNotFound, CredentialRetrievalError)
UNFIT = (ParamValidationError, NoRegionError, InvalidRegionError)
# Answers of 500 and 503, time-outs and lost connections are tried again, with growing pauses.
PATIENT = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 8})
# For what can't wait: two or three tries of a few seconds.
QUICK = Config(connect_timeout=3, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# So often an object is read whose bytes break off.
READS = 4


class RefusedError(Exception):
    """The condition of a write does not hold, or did not hold any more when an answer that was lost was asked for again."""


@dataclass(frozen=True)
class Found:
    """An object as it was. `etag` is another one after any write of other bytes; `age` is told by the server's clock alone."""

    data: bytes
    etag: str
    age: timedelta


class S3Objects:
    """The objects below `s3a://bucket/prefix` by the rest of their keys.

    SourceAwayError (69) where the bucket does not answer, AccessError (77) where it refuses, ConfigError (2) where it is not there.
    """

    def __init__(self, root: str, config: Config = PATIENT) -> None:
        self.root = root.rstrip("/")
        self._bucket, _, prefix = root.split("://", 1)[1].partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = client(config)

    def check(self) -> None:
        """Whether the bucket is there and may be listed; the error that says why not."""
        with self._told():
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)

    def get(self, path: str) -> Found | None:
        """The object; None if there is none."""
        try:
            with self._told():
                return self._read(self._key(path), READS)
        except FileNotFoundError:
            return None

    def _read(self, key: str, tries: int) -> Found:
        """boto3 asks again for answers that don't come, not for those that break off in the middle."""
        found = self._client.get_object(Bucket=self._bucket, Key=key)
        try:
            return Found(found["Body"].read(), found["ETag"], _now(found) - found["LastModified"])
        except BotoCoreError:
            if tries == 1:
                raise
            return self._read(key, tries - 1)

    def put(self, path: str, data: bytes | BinaryIO, *, is_new: bool = False, instead_of: str | None = None) -> str:
        """Write the object whole; gives its ETag. RefusedError if it `is_new` and there is one, or if the one there is not `instead_of`."""
        condition = {"IfNoneMatch": "*"} if is_new else {"IfMatch": instead_of} if instead_of else {}
        try:
            with self._told():
                done = self._client.put_object(Bucket=self._bucket, Key=self._key(path), Body=data, ChecksumAlgorithm="SHA256", **condition)
                return str(done["ETag"])
        except FileNotFoundError:
            raise RefusedError from None

    def put_file(self, path: str, local: Path) -> None:
        """Write a file of at most 5 GB in one request, over what is there."""
        with local.open("rb") as file:
            self.put(path, file)

    def sha256(self, path: str) -> str | None:
        """Of the bytes as the server took them, base64; None if there is no object. It is not read for that."""
        try:
            with self._told():
                found = self._client.head_object(Bucket=self._bucket, Key=self._key(path), ChecksumMode="ENABLED")
                return str(found.get("ChecksumSHA256", ""))
        except FileNotFoundError:
            return None

    def names(self, prefix: str = "") -> list[str]:
        """Of all objects whose names begin so, in their order."""
        with self._told():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=self._key(prefix))
            return [str(found["Key"]).removeprefix(self._prefix) for page in pages for found in page.get("Contents", [])]

    def delete(self, path: str) -> None:
        """One that is not there is fine."""
        with self._told():
            self._client.delete_object(Bucket=self._bucket, Key=self._key(path))

    def _key(self, path: str) -> str:
        return f"{self._prefix}{path}"

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors in words of ours, none of which names a key of access. FileNotFoundError for an object that is not there."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", ""))
            if code in REFUSED:
                raise RefusedError from None
            if code in NOT_THERE:
                raise FileNotFoundError from None
            if code in ("PermanentRedirect", "301"):
                raise ConfigError(f"{self.root}: the bucket is in another region", "correct AWS_REGION") from None
            if code == "NoSuchBucket":
                raise ConfigError(f"there is no bucket {self._bucket}", "make it, or correct the setting") from None
            if code in DENIED:
                raise AccessError(f"{self.root}: the bucket refuses access ({code})", "correct the role or the AWS_... variables") from None
            raise SourceAwayError(f"{self.root}: the bucket does not answer ({code})", "try again later") from None
        except NO_KEY as error:
            todo = "give the process a role, or set the AWS_... variables"
            raise AccessError(f"{self.root}: no key of access is found ({type(error).__name__})", todo) from None
        except UNFIT as error:
            raise ConfigError(f"{self.root}: {type(error).__name__}", "correct the bucket's name or AWS_REGION") from None
        except BotoCoreError as error:
            raise SourceAwayError(f"{self.root}: the bucket does not answer ({type(error).__name__})", "try again later") from None


def client(config: Config = PATIENT) -> Any:
    """boto3's client of S3."""
    return boto3.client("s3", config=config)


def _now(answer: Any) -> Any:
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])

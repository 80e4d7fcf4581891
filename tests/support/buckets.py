"""A lake, its vault and its exports in buckets of their own: filled from folders, and brought back into folders to be looked at."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from lakehouse.errors import ConfigError
from lakehouse.io.spark.object_store import s3_jars
from tests.support.s3_server import REGION, make_buckets, reset, s3_environment

PLACES = ("lake", "vault", "export")
LEASE_SECONDS = 30


def skip_without_jars() -> None:
    try:
        s3_jars(Path())
    except ConfigError:
        pytest.skip("the jars for lakes in buckets are not here: make s3-jars")


@dataclass(frozen=True)
class Buckets:
    """On a server that speaks S3 at this address; for each place the bucket of that name."""

    address: str

    @property
    def _client(self) -> Any:
        access = s3_environment(self.address)
        return boto3.client(
            "s3",
            endpoint_url=self.address,
            region_name=REGION,
            aws_access_key_id=access["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=access["AWS_SECRET_ACCESS_KEY"],
        )

    def fill(self, work: Path) -> None:
        """Everything that the folders hold moves into empty buckets."""
        reset(self.address)
        client = self._client
        make_buckets(client, *PLACES)
        for place in PLACES:
            for file in sorted(path for path in (work / place).rglob("*") if path.is_file()):
                client.put_object(Bucket=place, Key=f"{place}/{file.relative_to(work / place)}", Body=file.read_bytes())
            shutil.rmtree(work / place, ignore_errors=True)

    def bring_back(self, work: Path) -> None:
        """The folders with what the buckets hold."""
        for place in PLACES:
            shutil.rmtree(work / place, ignore_errors=True)
            (work / place).mkdir()
            for key in self.keys(place):
                file = work / key
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(self._client.get_object(Bucket=place, Key=key)["Body"].read())

    def keys(self, bucket: str) -> list[str]:
        """Of all objects but those that only say that there is a folder."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        keys = [str(found["Key"]) for page in pages for found in page.get("Contents", [])]
        return [key for key in keys if not key.endswith("/")]

    def environment(self, address: str | None = None) -> dict[str, str]:
        """The variables of a night there; `address` is another door to the server."""
        roots = {f"LAKEHOUSE_{place.upper()}_ROOT": f"s3a://{place}/{place}" for place in PLACES}
        lock = {"LAKEHOUSE_LOCK": "s3", "LAKEHOUSE_LOCK_LEASE_SECONDS": str(LEASE_SECONDS)}
        return {**roots, **lock, **s3_environment(address or self.address)}

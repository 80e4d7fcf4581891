"""Drop folder and outbox in a bucket: `s3a://bucket/prefix`. Credentials, region and address are boto3's own (AWS_… variables, roles)."""

from collections.abc import Iterator
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lakehouse.io.files.drop_folder import Arrival, Changing, copied, is_there, shown, too_large
from lakehouse.io.s3.s3_objects import client

GONE = ("PreconditionFailed", "NoSuchKey", "412", "404")


class S3Files:
    """A prefix of a bucket, as `DropFolder` and as `FileStore` of the outbox. An object appears whole or not at all."""

    def __init__(self, root: str) -> None:
        self._bucket, _, prefix = root.split("://", 1)[1].partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def is_there(self) -> bool:
        try:
            self._client.list_objects_v2(Bucket=self._bucket, Prefix=self._prefix, MaxKeys=1)
        except (BotoCoreError, ClientError):
            return False
        return True

    def arrivals(self, now: datetime) -> Iterator[Arrival]:
        for found in self._objects(self._prefix):
            path = PurePosixPath(found["Key"].removeprefix(self._prefix))
            if found["Key"].endswith("/"):
                continue  # what consoles make for an empty folder
            sender = path.parts[0] if len(path.parts) > 1 else ""
            name = shown("/".join(path.parts[1:]) or path.name)
            wrong_place = "" if len(path.parts) == 2 else "it does not lie in a sender's folder"
            state = f"{found['ETag']} {found['LastModified'].isoformat()}"
            problem = wrong_place or too_large(found["Size"])
            if is_there(name, found["LastModified"], now):
                yield Arrival(shown(sender), name, found["Key"], found["Size"], found["LastModified"], state, problem)

    def fetch(self, arrival: Arrival, to: Path) -> str:
        etag = arrival.state.split()[0]
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=arrival.path, IfMatch=etag)
            return copied(found["Body"], to)
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                raise Changing from None
            raise OSError(error.response["Error"]["Code"]) from None
        except BotoCoreError as error:
            raise OSError(type(error).__name__) from None

    def write(self, path: str, data: bytes) -> None:
        self._client.put_object(Bucket=self._bucket, Key=f"{self._prefix}{path}", Body=data)

    def delete_prefix(self, prefix: str) -> None:
        for found in self._objects(f"{self._prefix}{prefix}"):
            self._client.delete_object(Bucket=self._bucket, Key=found["Key"])

    def _objects(self, prefix: str) -> Iterator[dict[str, Any]]:
        """In the order of their keys. OSError if the bucket can't be read."""
        try:
            for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
                yield from page.get("Contents", [])
        except (BotoCoreError, ClientError) as error:
            raise OSError(type(error).__name__) from None

    @cached_property
    def _client(self) -> Any:
        return client()

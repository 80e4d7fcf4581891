"""How a session that `lakehouse` starts itself reaches buckets: by Hadoop's S3A, with what the environment tells all clients of AWS."""

import os
from pathlib import Path

from lakehouse.errors import ConfigError
from lakehouse.io.config.settings import Settings

# Shared by Spark, boto3, pyarrow: whoever may read a bucket by one of them may by all.
CREDENTIALS = "software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider"
# S3A doubles its pauses: with its own 20 tries a bucket that throttles all the time is waited for for hours.
PATIENCE = {"fs.s3a.retry.limit": "5", "fs.s3a.retry.throttle.limit": "8"}
S3A = "org.apache.hadoop.fs.s3a.S3AFileSystem"


def needs_s3(settings: Settings) -> bool:
    """Whether Spark has tables or files to keep in buckets."""
    return any(root.startswith(("s3://", "s3a://")) for root in (settings.lake_root, settings.vault_root))


def s3_options() -> dict[str, str]:
    """Spark's properties for S3A. Address and region are those of `AWS_ENDPOINT_URL_S3` (or `AWS_ENDPOINT_URL`) and `AWS_REGION`.

    Buckets stand in the path at an address of one's own, since its name has no others below it. No secret is among the properties.
    """
    address = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    found = {"fs.s3.impl": S3A, "fs.s3a.aws.credentials.provider": CREDENTIALS, **PATIENCE}
    if address:
        found |= {"fs.s3a.endpoint": address, "fs.s3a.path.style.access": "true"}
    if region:
        found["fs.s3a.endpoint.region"] = region
    return {f"spark.hadoop.{name}": value for name, value in found.items()}


def s3_jars(root: Path) -> list[str]:
    """S3A and its SDK. ConfigError (2) if they were not installed: they are large, and most lakes are on a disk."""
    found = sorted(str(path.resolve()) for path in (root / "jars-s3").glob("*.jar"))
    if not found:
        raise ConfigError("the lake is in a bucket, and the jars for that are not installed", "run `make s3-jars` in the project's folder")
    return found

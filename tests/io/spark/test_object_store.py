"""How a session reaches buckets: properties of S3A from the environment, and jars that were installed for it."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from tests.support.runs import settings_in

from lakehouse.errors import ConfigError
from lakehouse.io.spark.object_store import needs_s3, s3_jars, s3_options

ROOT = Path(__file__).parents[3]
VARIABLES = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Says nothing of AWS, but a key of access."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA_SOMEBODY")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody's business")
    return monkeypatch


def test_address_and_region_are_those_of_all_clients_of_aws_and_no_key_is_among_the_properties(environment: pytest.MonkeyPatch) -> None:
    of_amazon = s3_options()
    assert not [name for name in of_amazon if "endpoint" in name or "path.style" in name]
    environment.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    environment.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:2")
    environment.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    environment.setenv("AWS_REGION", "eu-central-1")
    found = s3_options()
    assert {name: value for name, value in found.items() if name not in of_amazon} == {
        "spark.hadoop.fs.s3a.endpoint": "http://127.0.0.1:2",
        "spark.hadoop.fs.s3a.path.style.access": "true",
        "spark.hadoop.fs.s3a.endpoint.region": "eu-central-1",
    }
    assert not [value for value in found.values() if "AKIA" in value or "nobody" in value]


def test_only_a_lake_or_vault_in_a_bucket_needs_the_jars(tmp_path: Path) -> None:
    on_disk = settings_in(tmp_path)
    assert not needs_s3(on_disk)
    assert not needs_s3(on_disk.model_copy(update={"export_root": "s3a://exports/campaigns"}))
    assert needs_s3(on_disk.model_copy(update={"vault_root": "s3://vault/vault"}))
    with pytest.raises(ConfigError, match="the jars for that are not installed") as caught:
        s3_jars(tmp_path)
    assert "make s3-jars" in caught.value.todo


def test_of_the_sdk_the_services_that_nobody_asks_are_left_out(tmp_path: Path) -> None:
    services, core = "software/amazon/awssdk/services", ["META-INF/MANIFEST.MF", "software/amazon/awssdk/core/Core.class"]
    kept = [*core, f"{services}/s3/S3Client.class", f"{services}/sts/model/Role.class", f"{services}/kms/KmsClient.class"]
    with ZipFile(tmp_path / "bundle.jar", "w") as jar:
        for name in (*kept, f"{services}/s3control/Any.class", f"{services}/ec2/Ec2Client.class"):
            jar.writestr(name, name)
    subprocess.run([sys.executable, ROOT / "scripts" / "aws_bundle.py", tmp_path / "bundle.jar"], check=True)
    with ZipFile(tmp_path / "bundle.jar") as jar:
        assert {name: jar.read(name).decode() for name in jar.namelist()} == {name: name for name in kept}

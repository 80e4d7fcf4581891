"""`terraform apply` against a stand-in for AWS (moto): all is made in one go, and a second plan has nothing to change."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.support.aws_server import CAN_NOT, aws_environment, aws_server
from tests.support.terraform import prepared, terraform

pytestmark = pytest.mark.slow
# What moto does not keep of what it was told.
FORGETS = {
    ("aws_emrserverless_application", "architecture"),
    ("aws_vpc_security_group_egress_rule", "description"),
    ("aws_vpc_security_group_ingress_rule", "description"),
}
# The provider asks for buckets by name of a host otherwise, and a stand-in on this machine has no names.
STAND_IN = 'provider "aws" {\n  s3_use_path_style = true\n}\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy that keeps its state in itself, without what the stand-in can't do."""
    copy = tmp_path_factory.mktemp("apply") / "terraform"
    if missing := prepared(copy):
        pytest.skip(missing)
    for file in copy.glob("*.tf"):
        text = file.read_text(encoding="utf-8").replace('backend "s3" {}', "")
        for kind in CAN_NOT:
            text = re.sub(rf'^resource "{kind}" .*?^}}\n', "", text, flags=re.MULTILINE | re.DOTALL)
        file.write_text(text, encoding="utf-8")
    (copy / "stand_in_override.tf").write_text(STAND_IN, encoding="utf-8")
    shutil.copy(copy / "tests" / "made_up.auto.tfvars", copy)
    return copy


@pytest.fixture(scope="module")
def aws(folder: Path) -> Iterator[dict[str, str]]:
    """Variables by which what was made is found."""
    with aws_server() as address:
        variables = aws_environment(address)
        done = terraform(folder, "apply", "-no-color", "-auto-approve", **variables)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr
        yield variables


def test_a_second_plan_has_nothing_to_change_but_what_the_stand_in_forgot(folder: Path, aws: dict[str, str]) -> None:
    done = terraform(folder, "plan", "-no-color", "-out=again", **aws)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr
    plan = json.loads(terraform(folder, "show", "-json", "again", **aws).stdout)
    found = {(one["type"], name) for one in plan["resource_changes"] for name in _changed(one["change"])}
    assert found == FORGETS


def test_what_was_made_is_there_as_aws_was_told(folder: Path, aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.items():
        monkeypatch.setenv(name, value)
    told = json.loads(terraform(folder, "output", "-json", **aws).stdout)
    s3, kms = boto3.client("s3"), boto3.client("kms")
    buckets, used = told["buckets"]["value"], set()
    for name in buckets.values():
        assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
        assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
        assert s3.get_bucket_logging(Bucket=name)["LoggingEnabled"]["TargetBucket"].startswith("lakehouse-prod-access-logs-")
        (rule,) = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
        used.add(rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"])
    assert len(used) == len(buckets) == 8
    assert all(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] for key in used)

    schedule = boto3.client("scheduler").get_schedule(Name="lakehouse-prod-night")
    assert _small(json.loads(schedule["Target"]["Input"])) == {
        **json.loads(told["night"]["value"]),
        "clientToken": "<aws.scheduler.execution-id>",
    }
    names = [secret["Name"] for secret in boto3.client("secretsmanager").list_secrets()["SecretList"]]
    assert sorted(names) == ["lakehouse-prod/pseudonym-key", "lakehouse-prod/shop-nl-password"]
    attached = boto3.client("iam").list_attached_role_policies(RoleName="lakehouse-prod-night")["AttachedPolicies"]
    pages = ("export", "ingest", "job", "maintain", "train", "transform")
    assert sorted(policy["PolicyName"] for policy in attached) == [f"lakehouse-prod-{page}" for page in pages]


def _changed(change: dict[str, Any]) -> list[str]:
    """Attributes that a plan would change; of what it would make or delete that word."""
    if change["actions"] == ["no-op"] or change["actions"] == ["read"]:
        return []
    if change["actions"] != ["update"]:
        return change["actions"]  # type: ignore[no-any-return]
    before, after = change["before"], change["after"]
    return [name for name in before if before[name] != after.get(name)]


def _small(node: Any) -> Any:
    """The scheduler's names of parameters begin with a capital, and those of the command line with a small letter. Settings stay."""
    if isinstance(node, list):
        return [_small(value) for value in node]
    if not isinstance(node, dict):
        return node
    return {_first_small(name): value if name in ("Properties", "LogTypes") else _small(value) for name, value in node.items()}


def _first_small(name: str) -> str:
    return name[:1].lower() + name[1:]

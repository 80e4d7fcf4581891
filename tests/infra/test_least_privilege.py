"""No role may do what is not its work, which is tried call by call, and no policy of a role has a wildcard."""

from collections.abc import Callable, Iterable, Iterator

import pytest
from tests.support.policies import (
    APPLICATION,
    BUCKETS,
    HERE,
    JOBS_LOG,
    NIGHT_ROLE,
    POLICIES,
    ROLES,
    Call,
    allowed,
    bucket,
    glue_table,
    key,
    may,
    secret,
    statements,
    values,
)
from tests.support.stage_calls import S3, STAGES, every_run, place, reads, writes

from lakehouse.pipeline.declared import declared

FILLED = values(declared())
# A wildcard stands for members that have no names yet: objects below a prefix, streams of a log group.
OF_MEMBERS = ("/*", f"{JOBS_LOG}:*", f"{FILLED['network_log']}:*")
# What AWS gives for all log groups or for none.
FOR_ALL = ("logs:DescribeLogGroups", "log-group:*")


def _objects(root: str, path: str, *actions: str) -> list[Call]:
    return [call for call in writes(root, path) if call.action in {f"s3:{action}" for action in actions}]


def _changes(name: str) -> list[Call]:
    return _objects(*place(name), "PutObject", "DeleteObject")


def _lock(*actions: str) -> list[Call]:
    return [Call(f"s3:{action}", f"{bucket('lake')}/lake/.lock") for action in actions]


FORBIDDEN: dict[str, Callable[[], Iterable[Call]]] = {
    "ingest: change silver": lambda: _changes("silver.orders"),
    "ingest: read packs": lambda: reads("export", "campaigns/email"),
    "transform: change the vault": lambda: _changes("vault.woo__users"),
    "transform: change mirrors": lambda: _changes("bronze.woo__orders"),
    "transform: read senders' files": lambda: [*reads("drop", "drop/mobile_app"), *_objects("vault", "vault/files/app_users", "GetObject")],
    "transform: read passwords": lambda: [
        Call("secretsmanager:GetSecretValue", secret(name)) for name in ("shop-nl-password", "database-erp-password")
    ],
    "train: read the vault": lambda: reads("vault", "vault/vault/woo__users"),
    "train: change gold": lambda: _changes("gold.interactions"),
    "export: read senders' files": lambda: _objects("vault", "vault/files/app_users", "GetObject"),
    "export: change lists": lambda: _changes("recommendations.customer_products"),
    "export: read models": lambda: reads("models", "models/1"),
    "maintain: write packs": lambda: writes("export", "campaigns/email"),
    "analyst: read the vault": lambda: reads("vault", "vault/vault/woo__users"),
    "analyst: read packs": lambda: reads("export", "campaigns/email"),
    "analyst: read mirrors": lambda: _objects(*place("bronze.woo__orders"), "ListBucket", "GetObject"),
    "analyst: read the ledger": lambda: _objects(*place("ops.runs"), "ListBucket", "GetObject"),
    "analyst: take or break the lock": lambda: _lock("PutObject", "DeleteObject"),
    "ingest: break the lock": lambda: _lock("DeleteObject"),
    "analyst: change silver": lambda: _changes("silver.orders"),
    "analyst: look up mirrors": lambda: [Call("glue:GetTable", glue_table("bronze.woo__orders"))],
    "analyst: look up what others keep in the default database": lambda: [Call("glue:GetTable", f"arn:aws:glue:{HERE}:table/default/x")],
    "marketing: read tables": lambda: reads("lake", "lake/gold/daily_sales"),
    "marketing: change packs": lambda: _objects("export", "campaigns/email", "PutObject", "DeleteObject"),
    "ci: read tables": lambda: reads("lake", "lake/silver/orders"),
    "ci: take a release away": lambda: _objects("artifacts", "releases/0.1.0", "DeleteObject"),
    "ci: give another service the night's rights": lambda: [_passed("ec2.amazonaws.com")],
    "scheduler: give another service the night's rights": lambda: [_passed("lambda.amazonaws.com")],
    "scheduler: end a night": lambda: [Call("emr-serverless:CancelJobRun", f"{APPLICATION}/jobruns/1")],
}


def _passed(service: str) -> Call:
    return Call("iam:PassRole", NIGHT_ROLE, {"iam:PassedToService": service})


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_role_may_do_nothing_of_what_is_not_its_work(what: str) -> None:
    tried = list(FORBIDDEN[what]())
    assert tried and not allowed(what.split(":")[0], tried, FILLED)


def _of_safety() -> Iterator[Call]:
    for name in BUCKETS:
        yield from (Call(f"s3:{action}", bucket(name)) for action in ("PutBucketPolicy", "PutBucketVersioning", "DeleteBucket"))
        yield Call("s3:DeleteObjectVersion", f"{bucket(name)}/{name}/x")
        yield from (Call(f"kms:{action}", key(name), S3) for action in ("ScheduleKeyDeletion", "PutKeyPolicy", "CreateGrant"))
    yield Call("iam:CreateRole", NIGHT_ROLE)
    yield Call("secretsmanager:PutSecretValue", secret("pseudonym-key"))


@pytest.mark.parametrize("role", ROLES)
def test_no_role_may_change_what_keeps_data_safe(role: str) -> None:
    assert not allowed(role, _of_safety(), FILLED)


@pytest.mark.parametrize("role", ROLES)
def test_keys_of_buckets_are_used_through_s3_alone(role: str) -> None:
    elsewhere: tuple[dict[str, str], ...] = ({}, {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"})
    assert not allowed(role, [Call("kms:Decrypt", key(name), context) for name in BUCKETS for context in elsewhere], FILLED)


@pytest.mark.parametrize("page", ["job", *STAGES])
def test_a_stage_has_no_right_that_it_does_not_use(page: str) -> None:
    made = list(every_run() if page == "job" else STAGES[page]())
    for statement in statements(page, FILLED):
        rights = [{**statement, "Action": [a], "Resource": [r]} for a in statement["Action"] for r in statement["Resource"]]
        assert not [right for right in rights if not any(may([right], call) for call in made if call.action in right["Action"])], statement[
            "Sid"
        ]


@pytest.mark.parametrize("policy", sorted({policy for policies in ROLES.values() for policy in policies}))
def test_no_policy_of_a_role_has_a_wildcard(policy: str) -> None:
    for statement in statements(policy, FILLED):
        assert statement.keys() <= {"Sid", "Effect", "Action", "Resource", "Condition"}, "NotAction and NotResource are wildcards too"
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if set(action) & set("*?")], statement["Sid"]
        if statement["Action"] == [FOR_ALL[0]] and all(resource.endswith(FOR_ALL[1]) for resource in statement["Resource"]):
            continue
        names = [resource.removesuffix("*") if resource.endswith(OF_MEMBERS) else resource for resource in statement["Resource"]]
        assert not [name for name in names if set(name) & set("*?")], statement["Sid"]


def test_every_page_of_policies_is_looked_at() -> None:
    of_resources = {"key", "key_operations", "bucket", "access_logs", "topic", "endpoint"}
    of_trust = {"trust_job", "trust_service", "trust_person", "trust_ci"}
    pages = {path.name.removesuffix(".json.tftpl") for path in POLICIES.iterdir()}
    assert pages == {policy for policies in ROLES.values() for policy in policies} | of_resources | of_trust

"""Policies of infra/terraform, with made-up names filled in, and whether a role that has them may make a call.

Actions, resources and effects are judged by moto's simulator. It takes a condition for true that it does not know, so conditions are
judged here, by the few operators that our policies use; another one is an error. What moto does not know at all (organisations,
boundaries, policies of buckets) is not judged.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult

POLICIES = Path(__file__).parents[2] / "infra" / "terraform" / "policies"
BUCKETS = ("lake", "vault", "export", "drop", "outbox", "models", "artifacts", "results")
ACCOUNT, REGION = "111122223333", "eu-central-1"
HERE = f"{REGION}:{ACCOUNT}"
# Analysts see tables of these layers.
SHOWN = ("silver", "gold", "recommendations")


def bucket(name: str) -> str:
    return f"arn:aws:s3:::lakehouse-prod-{name}-{ACCOUNT}"


def key(name: str) -> str:
    return f"arn:aws:kms:{HERE}:key/{name}"


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{HERE}:secret:lakehouse-prod/{name}-AbCdEf"


def glue_table(name: str) -> str:
    return f"arn:aws:glue:{HERE}:table/lakehouse_prod_{name.replace('.', '/')}"


APPLICATION = f"arn:aws:emr-serverless:{HERE}:/applications/00f1"
NIGHT_ROLE = f"arn:aws:iam::{ACCOUNT}:role/lakehouse-prod-night"
JOBS_LOG = f"arn:aws:logs:{HERE}:log-group:/lakehouse/prod/jobs"
WORKGROUP = f"arn:aws:athena:{HERE}:workgroup/lakehouse-prod-analyst"


def values(tables: Iterable[str]) -> dict[str, str]:
    """What stands for ${...} in the policies, as policy_values.tf gives it."""
    databases = [f"arn:aws:glue:{HERE}:database/{name}" for name in ("default", *(f"lakehouse_prod_{layer}" for layer in SHOWN))]
    shown = [glue_table(name) for name in tables if name.split(".")[0] in SHOWN]
    return {
        **{name: bucket(name) for name in BUCKETS},
        **{f"{name}_key": key(name) for name in (*BUCKETS, "secrets", "operations")},
        "account": ACCOUNT,
        "partition": "aws",
        "region": REGION,
        "pseudonym_key": secret("pseudonym-key"),
        "source_secrets": json.dumps([secret("shop-nl-password"), secret("database-erp-password")]),
        "jobs_log": JOBS_LOG,
        "network_log": f"arn:aws:logs:{HERE}:log-group:/lakehouse/prod/network",
        "application": APPLICATION,
        "night_role": NIGHT_ROLE,
        "workgroup": WORKGROUP,
        "catalog": json.dumps([f"arn:aws:glue:{HERE}:catalog", *databases, *shown]),
    }


# Role → pages of its policies, as roles.tf attaches them.
STAGE_ROLES = ("ingest", "transform", "train", "export", "maintain")
ROLES: dict[str, tuple[str, ...]] = {
    **{stage: ("job", stage) for stage in STAGE_ROLES},
    "night": ("job", *STAGE_ROLES),
    **{name: (name,) for name in ("analyst", "marketing", "ci", "scheduler", "flow_log")},
}


def statements(policy: str, filled: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those of one page. KeyError for a ${...} that has no value."""
    text = (POLICIES / f"{policy}.json.tftpl").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = json.loads(re.sub(r"\$\{(\w+)}", lambda match: filled[match[1]], text))["Statement"]
    return found


@dataclass(frozen=True)
class Call:
    """One call of an API. `context` has what AWS knows of it, by the names of condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.action} {self.resource} {dict(self.context) or ''}".rstrip()


def may(role: Iterable[dict[str, Any]], call: Call) -> bool:
    """Whether the statements of a role's policies allow the call: one allows it, and none denies it."""
    holding = [{k: v for k, v in one.items() if k != "Condition"} for one in role if _holds(one.get("Condition", {}), call.context)]
    policy = IAMPolicy(json.dumps({"Version": "2012-10-17", "Statement": holding}))
    return policy.is_action_permitted(call.action, call.resource) is PermissionResult.PERMITTED


def refused(role: str, calls: Iterable[Call], filled: Mapping[str, str]) -> list[str]:
    """Those of the calls that a role may not make."""
    own = of_role(role, filled)
    return [str(call) for call in calls if not may(own, call)]


def allowed(role: str, calls: Iterable[Call], filled: Mapping[str, str]) -> list[str]:
    """Those of the calls that a role may make."""
    own = of_role(role, filled)
    return [str(call) for call in calls if may(own, call)]


def of_role(role: str, filled: Mapping[str, str]) -> list[dict[str, Any]]:
    """The statements of all its pages."""
    return [statement for policy in ROLES[role] for statement in statements(policy, filled)]


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Mapping[str, str]) -> bool:
    """All keys of all operators; of the values of a key one is enough. A key that the call does not have makes it false."""
    matches = {"StringEquals": lambda wanted, there: wanted == there, "StringLike": lambda wanted, there: fnmatchcase(there, wanted)}
    return all(
        name in context and any(matches[operator](wanted, context[name]) for wanted in ([given] if isinstance(given, str) else given))
        for operator, keys in condition.items()
        for name, given in keys.items()
    )

"""What can be told of infra/terraform without Terraform: it parses, and it says what the project's own declarations say."""

import json
import logging
import re
import runpy
from pathlib import Path
from typing import Any

import pytest
from tests.support.policies import BUCKETS, ROLES, STAGE_ROLES, values
from tests.support.terraform import FOLDER, blocks, files, local_values, parsed

from lakehouse.io.config.settings import NOT_SETTINGS, PREFIX, Settings
from lakehouse.io.host import logs
from lakehouse.ops.ledger import SUCCEEDED, Entry
from lakehouse.pipeline.declared import declared

SCRIPTS = FOLDER.parents[1] / "scripts"


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_file_parses(path: Path) -> None:
    assert parsed(path)


def test_tables_for_athena_are_the_declared_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    made = runpy.run_path(str(SCRIPTS / "terraform_tables.py"))["text"]()
    stored = (FOLDER / "tables.auto.tfvars.json").read_text(encoding="utf-8")
    assert stored == made, "stale: make docs"
    tables = json.loads(made)["tables"]
    assert {name for name in declared() if not name.startswith(("vault.", "quarantine."))} == {n for n in tables if n[:10] != "quarantine"}
    assert not [name for name in tables if name.startswith("vault") or not re.fullmatch(r"\w+\.\w+", name)]
    # What Glue refuses.
    assert all(len(column["comment"]) <= 255 for table in tables.values() for column in table["columns"])


def test_policies_are_given_what_they_are_tried_with() -> None:
    written = (FOLDER / "policy_values.tf").read_text(encoding="utf-8").split("policy_values = ")[1]
    of_buckets = {*BUCKETS, *(f"{name}_key" for name in BUCKETS)}
    assert set(re.findall(r"^ +(\w+) += ", written, re.MULTILINE)) | of_buckets == values(()).keys()
    assert {name for name in local_values()["buckets"] if not name.startswith("__")} == set(BUCKETS)


def test_roles_are_those_that_are_tried() -> None:
    text = (FOLDER / "roles.tf").read_text(encoding="utf-8")
    assert set(re.findall(r'"(\w+)"', re.search(r"stage_roles = toset\(\[(.*?)]\)", text)[1])) == set(STAGE_ROLES)
    singles = {labels[1] for labels in blocks("resource") if labels[0] == "aws_iam_role"} - {"job", "person"}
    assert singles | {"analyst", "marketing", "night", *STAGE_ROLES} == set(ROLES)


def test_who_writes_to_the_topic_is_of_this_account_where_aws_can_tell() -> None:
    """AWS fills in no condition when EventBridge writes to a topic: one would drop what a rule sends."""
    told = json.loads((FOLDER / "policies" / "topic.json.tftpl").read_text(encoding="utf-8"))["Statement"]
    assert {str(one["Principal"]["Service"]): "Condition" in one for one in told} == {
        "['cloudwatch.amazonaws.com', 'budgets.amazonaws.com']": True,
        "events.amazonaws.com": False,
    }


def test_no_plan_deletes_a_bucket_or_a_key() -> None:
    """What a deleted key encrypted nobody can read again. Those of the access logs and of passwords that changed may go."""
    kept = {("aws_s3_bucket", "this"), ("aws_kms_key", "bucket"), ("aws_kms_key", "secrets"), ("aws_kms_key", "operations")}
    for path in ("buckets.tf", "keys.tf"):
        for block in parsed(FOLDER / path)["resource"]:
            for kind, named in block.items():
                for name, body in named.items() if kind in {"aws_s3_bucket", "aws_kms_key"} else ():
                    assert (kind, name) in kept and body["lifecycle"][0]["prevent_destroy"] is True
                    kept.remove((kind, name))
    assert not kept


def test_the_night_gets_settings_that_there_are() -> None:
    text = (FOLDER / "job.tf").read_text(encoding="utf-8")
    names = set(re.findall(rf"{PREFIX}([A-Z_]+?)(?:__|\b)", text))
    assert len(names) >= 10
    assert names <= {name.upper() for name in Settings.model_fields} | NOT_SETTINGS


def _line(level: int, message: str, /, **fields: object) -> dict[str, Any]:
    record = logging.LogRecord("lakehouse", level, "", 0, message, (), None)
    record.fields = fields
    found: dict[str, Any] = json.loads(logs._Json("20261118T023000-ab12cd").format(record))
    return found


LINES = {
    "PublishedNights": _line(logging.INFO, "published", published="night"),
    "Warnings": _line(logging.WARNING, "something"),
    "CriticalIncidents": _line(logging.WARNING, "incident", incident={"severity": "critical"}),
    "RejectedRows": _line(logging.INFO, "step", **Entry("silver.orders", SUCCEEDED, rows_rejected=3).__dict__),
}


@pytest.mark.parametrize("name", LINES)
def test_a_metric_is_counted_in_lines_as_the_project_writes_them(name: str) -> None:
    pattern = re.search(rf'{name}\s*= \{{ pattern = "(.*?)", value', (FOLDER / "logs.tf").read_text(encoding="utf-8"))[1].replace(
        '\\"', '"'
    )
    conditions = re.findall(r'\$\.([\w.]+) (=|>) ("?)(\w[\w.]*)\3', pattern)
    assert conditions
    accepted: dict[str, set[str]] = {}
    for path, _, _, wanted in conditions:
        accepted.setdefault(path, set()).add(wanted)
    for path, wanted in accepted.items():
        value: Any = LINES[name]
        for part in path.split("."):
            value = value[part]
        assert (value > 0) if isinstance(value, int) else (str(value) in wanted)

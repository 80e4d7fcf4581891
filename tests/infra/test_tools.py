"""What checkov says of infra/terraform, and parliament of its policies. Both are in an environment of their own (`make infra-test`)."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.policies import ROLES, statements, values
from tests.support.terraform import FOLDER

from lakehouse.pipeline.declared import declared

TOOLS = Path(__file__).parents[2] / ".venv" / "infra" / "bin"
needs_tools = pytest.mark.skipif(not (TOOLS / "checkov").is_file(), reason="checkov is not installed: `make infra-test` does that")
# It knows this action for all resources alone; AWS takes log groups.
KNOWN = [("RESOURCE_MISMATCH", "logs:DescribeLogGroups")]
LOOK = """
import json, sys, parliament
found = parliament.analyze_policy_string(sys.stdin.read()).findings
print(json.dumps([(one.issue, one.detail[0]["action"] if isinstance(one.detail, list) else str(one.detail)) for one in found]))
"""


@needs_tools
def test_checkov_finds_nothing(tmp_path: Path) -> None:
    copy = shutil.copytree(FOLDER, tmp_path / "terraform", ignore=shutil.ignore_patterns(".terraform*"))
    shutil.copy(FOLDER / "tests" / "made_up.auto.tfvars", copy)
    command = [str(TOOLS / "checkov"), "--directory", ".", "--framework", "terraform", "--compact", "--quiet", "--skip-download"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert re.search(r"Passed checks: \d{3,}, Failed checks: 0", done.stdout) and done.returncode == 0, done.stdout + done.stderr


def test_what_checkov_is_to_leave_out_has_a_reason() -> None:
    reasons = re.findall(r"checkov:skip=\w+:?(.*)", "\n".join(path.read_text(encoding="utf-8") for path in FOLDER.glob("*.tf")))
    assert reasons and all(len(reason.split()) > 5 for reason in reasons)


@needs_tools
@pytest.mark.parametrize("policy", sorted({policy for policies in ROLES.values() for policy in policies}))
def test_aws_knows_the_actions_of_a_policy_and_takes_them_for_its_resources(policy: str) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements(policy, values(declared()))})
    command = [str(TOOLS / "python"), "-W", "ignore", "-c", LOOK]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert not [found for found in json.loads(done.stdout) if tuple(found) not in KNOWN]

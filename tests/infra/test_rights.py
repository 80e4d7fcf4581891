"""Each role may do what its stage or its people do, which is tried call by call."""

import pytest
from tests.support.policies import APPLICATION, HERE, NIGHT_ROLE, SHOWN, WORKGROUP, Call, glue_table, refused, values
from tests.support.stage_calls import STAGES, every_run, reading, reads, writes

from lakehouse.pipeline.declared import declared

FILLED = values(declared())
PASSED = {"iam:PassedToService": "emr-serverless.amazonaws.com"}
START = (Call("emr-serverless:StartJobRun", APPLICATION), Call("iam:PassRole", NIGHT_ROLE, PASSED))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_may_do_all_that_it_does(stage: str) -> None:
    assert not refused(stage, every_run(), FILLED)
    assert not refused(stage, STAGES[stage](), FILLED)


def test_the_night_may_do_what_all_stages_do() -> None:
    assert not refused("night", (call for calls in (every_run, *STAGES.values()) for call in calls()), FILLED)


def test_an_analyst_may_query_what_is_shown() -> None:
    shown = [name for name in declared() if name.split(".")[0] in SHOWN]
    queries = [Call(f"athena:{name}", WORKGROUP) for name in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults")]
    look_ups = [Call("glue:GetTable", glue_table(name)) for name in shown]
    # In which a query is that names no database.
    look_ups.append(Call("glue:GetDatabase", f"arn:aws:glue:{HERE}:database/default"))
    results = [call for call in writes("results", "analyst") if call.action != "s3:DeleteObject"]
    assert not refused("analyst", [*queries, *look_ups, *reading(shown), *results], FILLED)


def test_marketing_may_read_packs() -> None:
    assert not refused("marketing", reads("export", "campaigns/email/2026-11-18"), FILLED)


def test_the_scheduler_may_start_a_night() -> None:
    assert not refused("scheduler", START, FILLED)


def test_ci_may_bring_a_release_and_start_a_night() -> None:
    release = [call for call in writes("artifacts", "releases/0.2.0") if call.action != "s3:DeleteObject"]
    assert not refused("ci", [*release, *START, Call("emr-serverless:GetJobRun", f"{APPLICATION}/jobruns/1")], FILLED)

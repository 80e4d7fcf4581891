"""What each kind of receiver is sent, written by hand from its documentation."""

from dataclasses import replace
from datetime import UTC, datetime

from lakehouse.io.alerts.alert_shapes import Origin, event_of, pagerduty, slack
from lakehouse.ops.incident_records import Record

AT = datetime(2026, 11, 18, 2, 41, 7, tzinfo=UTC)
RECORD = Record(
    incident_key="run:night:ingest:69:1f2e3d4c",
    event="opened",
    severity="critical",
    title="night failed at ingest (error 69): shop <nl> does not answer",
    todo="try again later",
    step="ingest",
    details='{"exit code": "69", "run again": "lakehouse night"}',
    command="night",
    run_id="20261118T024000-abc123",
    recorded_at=AT,
    opened_at=AT,
    sent_at=AT,
)
ORIGIN = Origin("prod", "s3://bucket/lake", "node-1")
# printf 'prod s3://bucket/lake run:night:ingest:69:1f2e3d4c' | sha256sum | cut -c 1-32
ID = "lakehouse-40b8494b91e266da58386a8952009962"
EVENT = {
    "event": "opened",
    "id": ID,
    "key": "run:night:ingest:69:1f2e3d4c",
    "severity": "critical",
    "title": "night failed at ingest (error 69): shop <nl> does not answer",
    "todo": "try again later",
    "step": "ingest",
    "command": "night",
    "run_id": "20261118T024000-abc123",
    "env": "prod",
    "lake": "s3://bucket/lake",
    "host": "node-1",
    "at": "2026-11-18T02:41:07Z",
    "opened_at": "2026-11-18T02:41:07Z",
    "details": {"exit code": "69", "run again": "lakehouse night"},
}
RECOVERED = replace(RECORD, event="recovered", run_id="later", recorded_at=datetime(2026, 11, 18, 3, 41, 7, tzinfo=UTC))


def test_the_event_says_what_happened_where_and_what_to_do() -> None:
    assert event_of(RECORD, ORIGIN) == EVENT
    # Not taken the first time and sent again: for the receiver it is new.
    assert event_of(replace(RECORD, event="repeated"), ORIGIN)["event"] == "opened"
    assert event_of(replace(RECORD, event="reminded"), ORIGIN)["event"] == "reminder"


def test_a_recovery_has_the_same_id_and_says_how_long_it_took() -> None:
    changes = {"event": "recovered", "run_id": "later", "at": "2026-11-18T03:41:07Z", "todo": "nothing: it is over", "open_seconds": 3600}
    assert event_of(RECOVERED, ORIGIN) == {**EVENT, **changes}


def test_the_same_incident_of_another_lake_or_environment_has_another_id() -> None:
    others = [replace(ORIGIN, env="dev"), replace(ORIGIN, lake="s3://bucket/other")]
    assert len({ID, *(event_of(RECORD, origin)["id"] for origin in others)}) == 3
    assert event_of(RECORD, replace(ORIGIN, host="node-2"))["id"] == ID


def test_slack_gets_plain_text_that_can_call_nobody() -> None:
    assert slack(EVENT) == {
        "text": "[prod] critical: night failed at ingest (error 69): shop &lt;nl&gt; does not answer",
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": ":red_circle: lakehouse prod: critical", "emoji": True}},
            {"type": "section", "text": {"type": "plain_text", "text": EVENT["title"], "emoji": False}},
            {"type": "section", "text": {"type": "plain_text", "text": "What to do: try again later", "emoji": False}},
            {
                "type": "section",
                "fields": [
                    {"type": "plain_text", "text": "open since\n2026-11-18T02:41:07Z", "emoji": False},
                    {"type": "plain_text", "text": "exit code\n69", "emoji": False},
                    {"type": "plain_text", "text": "run again\nlakehouse night", "emoji": False},
                ],
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "plain_text",
                        "text": "run 20261118T024000-abc123 on node-1, run:night:ingest:69:1f2e3d4c",
                        "emoji": False,
                    }
                ],
            },
        ],
    }
    assert slack(event_of(RECOVERED, ORIGIN))["blocks"][0]["text"]["text"] == ":large_green_circle: lakehouse prod: recovered"


def test_slack_gets_no_more_than_it_takes() -> None:
    body = slack({**EVENT, "title": "x" * 9000, "details": {str(n): "y" * 9000 for n in range(20)}})
    assert len(body["blocks"][1]["text"]["text"]) == 3000
    fields = body["blocks"][3]["fields"]
    assert (len(fields), max(len(field["text"]) for field in fields)) == (10, 2000)


def test_pagerduty_gets_a_trigger_and_a_resolve_with_the_same_key() -> None:
    assert pagerduty(EVENT, "r" * 32) == {
        "routing_key": "r" * 32,
        "event_action": "trigger",
        "dedup_key": ID,
        "client": "lakehouse",
        "payload": {
            "summary": "[prod] critical: night failed at ingest (error 69): shop <nl> does not answer",
            "source": "node-1",
            "severity": "critical",
            "timestamp": "2026-11-18T02:41:07Z",
            "component": "ingest",
            "group": "lakehouse prod",
            "class": "run",
            "custom_details": {
                "what to do": "try again later",
                "exit code": "69",
                "run again": "lakehouse night",
                "run_id": "20261118T024000-abc123",
                "command": "night",
                "lake": "s3://bucket/lake",
                "opened_at": "2026-11-18T02:41:07Z",
                "key": "run:night:ingest:69:1f2e3d4c",
            },
        },
    }
    assert pagerduty(event_of(RECOVERED, ORIGIN), "r" * 32) == {"routing_key": "r" * 32, "event_action": "resolve", "dedup_key": ID}
    assert len(pagerduty({**EVENT, "title": "x" * 9000}, "r" * 32)["payload"]["summary"]) == 1024

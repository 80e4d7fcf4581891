"""What is sent of an incident: the event, and its request body for each kind of receiver. Pure."""

import hashlib
import html
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lakehouse.ops.incident_records import OPENED, RECOVERED, REMINDED, REPEATED, Record

Event = Mapping[str, Any]
# A repeated incident is only sent to whom it could not be sent when it was opened.
NAMES = {OPENED: "opened", REPEATED: "opened", REMINDED: "reminder", RECOVERED: "recovered"}
# The receivers' limits; a longer text is refused as a whole.
PAGERDUTY_SUMMARY, SLACK_TEXT, SLACK_FIELD, SLACK_FIELDS = 1024, 3000, 2000, 10


@dataclass(frozen=True)
class Origin:
    """Which of all lakes speaks."""

    env: str
    lake: str
    host: str


def event_of(record: Record, origin: Origin) -> dict[str, Any]:
    """The event as JSON. `id` is equal for all events of one incident of one lake and no other's."""
    what = f"{origin.env} {origin.lake} {record.incident_key}"
    event = {
        "event": NAMES[record.event],
        "id": f"lakehouse-{hashlib.sha256(what.encode()).hexdigest()[:32]}",
        "key": record.incident_key,
        "severity": record.severity,
        "title": record.title,
        "todo": record.todo if record.is_open else "nothing: it is over",
        "step": record.step,
        "command": record.command,
        "run_id": record.run_id,
        "env": origin.env,
        "lake": origin.lake,
        "host": origin.host,
        "at": _iso(record.recorded_at),
        "opened_at": _iso(record.opened_at),
        "details": json.loads(record.details),
    }
    return event if record.is_open else {**event, "open_seconds": round((record.recorded_at - record.opened_at).total_seconds())}


def headline(event: Event) -> str:
    """One line: how bad, where, what."""
    kind = {"opened": event["severity"], "reminder": f"still {event['severity']}"}.get(event["event"], "recovered")
    return f"[{event['env']}] {kind}: {event['title']}"


def slack(event: Event) -> dict[str, Any]:
    """Body for an incoming webhook of Slack. Only plain text, so that nothing in it is a link, a format or calls a channel."""
    colour = {"critical": ":red_circle:", "warning": ":large_yellow_circle:"}[event["severity"]]
    sign = ":large_green_circle:" if event["event"] == "recovered" else colour
    kind = {"opened": event["severity"], "reminder": f"still {event['severity']}"}.get(event["event"], "recovered")
    facts = {"open since": event["opened_at"], **event["details"]}
    fields = [_plain(f"{name}\n{value}", SLACK_FIELD) for name, value in list(facts.items())[:SLACK_FIELDS]]
    return {
        "text": html.escape(headline(event), quote=False),
        "blocks": [
            {"type": "header", "text": {"type": "plain_text", "text": f"{sign} lakehouse {event['env']}: {kind}"[:150], "emoji": True}},
            {"type": "section", "text": _plain(event["title"], SLACK_TEXT)},
            {"type": "section", "text": _plain(f"What to do: {event['todo']}", SLACK_TEXT)},
            {"type": "section", "fields": fields},
            {"type": "context", "elements": [_plain(f"run {event['run_id']} on {event['host']}, {event['key']}", SLACK_FIELD)]},
        ],
    }


def pagerduty(event: Event, routing_key: str) -> dict[str, Any]:
    """Body for PagerDuty's Events API v2: trigger, or resolve."""
    about = {"routing_key": routing_key, "dedup_key": event["id"]}
    if event["event"] == "recovered":
        return {**about, "event_action": "resolve"}
    return {
        **about,
        "event_action": "trigger",
        "client": "lakehouse",
        "payload": {
            "summary": headline(event)[:PAGERDUTY_SUMMARY],
            "source": event["host"],
            "severity": event["severity"],
            "timestamp": event["at"],
            "component": event["step"] or event["command"],
            "group": f"lakehouse {event['env']}",
            "class": event["key"].split(":")[0],
            "custom_details": {
                "what to do": event["todo"],
                **event["details"],
                **{name: event[name] for name in ("run_id", "command", "lake", "opened_at", "key")},
            },
        },
    }


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": text[:limit], "emoji": False}


def _iso(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"

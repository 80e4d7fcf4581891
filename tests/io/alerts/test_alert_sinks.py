"""Sending: what is taken, what a dead sink costs, and that no secret is said."""

import contextlib
import io
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from tests.io.alerts.test_alert_shapes import EVENT
from tests.support.receiver import Receiver

from lakehouse.io.alerts import alert_sinks
from lakehouse.io.alerts.alert_sinks import Notice, send
from lakehouse.io.config.alert_settings import LogSink, WebhookSink
from lakehouse.io.host import logs

SECRET = "hunter2"
LOG = LogSink(kind="log")
HOOK = WebhookSink(kind="webhook", url="env:HOOK")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_sinks, "TIMEOUT_SECONDS", 0.3)
    monkeypatch.setattr(alert_sinks, "PAUSE_SECONDS", 0.01)


@pytest.fixture
def said() -> Iterator[Callable[[], str]]:
    """What was logged; never the address of a webhook."""
    text = io.StringIO()
    with contextlib.redirect_stderr(text):
        logs.set_up("text", "run")
    yield text.getvalue
    assert SECRET not in text.getvalue()


def dead_address() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/{SECRET}"


def test_every_sink_gets_the_event_in_its_shape(monkeypatch: pytest.MonkeyPatch, said: Callable[[], str]) -> None:
    monkeypatch.setenv("KEY", "k" * 32)
    sinks: list[LogSink | WebhookSink] = [
        LOG,
        HOOK,
        WebhookSink(kind="webhook", shape="slack", url="env:HOOK"),
        WebhookSink(kind="webhook", shape="pagerduty", url="env:HOOK", routing_key="env:KEY"),
    ]
    with Receiver() as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        assert send([Notice(EVENT)], sinks) == [()]
    bodies = {min(body): body for body in receiver.bodies}
    assert bodies["at"] == EVENT
    assert bodies["blocks"]["text"].startswith("[prod] critical: night failed")
    assert (bodies["client"]["event_action"], bodies["client"]["routing_key"]) == ("trigger", "k" * 32)
    assert "warning: [prod] critical: night failed at ingest (error 69): shop <nl> does not answer -> try again later" in said()


def test_a_receiver_that_is_overloaded_for_a_moment_is_asked_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with Receiver(503, 202) as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        assert send([Notice(EVENT)], [HOOK]) == [()]
    assert receiver.bodies == [EVENT]


@pytest.mark.parametrize(
    ("answers", "requests", "words"),
    [((404,), 1, "it answered 404"), ((503,), 2, "it answered 503"), ((302,), 1, "it answered 302"), ((0,), 1, "TimeoutError")],
    ids=["refuses", "stays overloaded", "sends elsewhere", "never answers"],
)
def test_what_is_not_taken_is_told_without_the_address(
    monkeypatch: pytest.MonkeyPatch, said: Callable[[], str], answers: tuple[int], requests: int, words: str
) -> None:
    with Receiver(*answers) as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        started = time.monotonic()
        # The second is not tried on a sink that did not take the first.
        assert send([Notice(EVENT), Notice({**EVENT, "id": "other"})], [LOG, HOOK]) == [("alerts.1 (webhook)",)] * 2
        assert time.monotonic() - started < 2
    assert receiver.requests == requests
    assert f"alerts.1 (webhook) did not take 2 alert(s): {words}" in said()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "secret env:HOOK is not set"),
        ("dead", "ConnectionRefusedError"),
        (f"http://receiver.example/{SECRET}", "its address does not begin with https://"),
        (f"file:///etc/{SECRET}", "its address does not begin with https://"),
        (SECRET, "its address does not begin with https://"),
        (f"https://[{SECRET}", "ValueError"),
    ],
)
def test_an_address_that_is_of_no_use_is_told_without_it(
    monkeypatch: pytest.MonkeyPatch, said: Callable[[], str], address: str | None, words: str
) -> None:
    monkeypatch.delenv("HOOK", raising=False)
    if address is not None:
        monkeypatch.setenv("HOOK", dead_address() if address == "dead" else address)
    assert send([Notice(EVENT)], [HOOK]) == [("alerts.0 (webhook)",)]
    assert words in said()


def test_a_sink_that_hangs_costs_no_more_than_the_limit_and_keeps_no_other_waiting(
    monkeypatch: pytest.MonkeyPatch, said: Callable[[], str]
) -> None:
    """As where a name is looked up for ever, which no time-out of a connection ends."""
    monkeypatch.setattr(alert_sinks, "SECONDS_AT_MOST", 0.3)
    monkeypatch.setattr(alert_sinks, "_post", lambda url, body: time.sleep(3))
    monkeypatch.setenv("HOOK", "https://hooks.example")
    started = time.monotonic()
    assert send([Notice(EVENT)], [HOOK, LOG, HOOK]) == [("alerts.0 (webhook)", "alerts.2 (webhook)")]
    assert time.monotonic() - started < 1
    assert "no answer in time" in said()


def test_a_notice_for_some_sinks_goes_to_them_alone(monkeypatch: pytest.MonkeyPatch, said: Callable[[], str]) -> None:
    with Receiver() as receiver:
        monkeypatch.setenv("HOOK", receiver.url)
        notices = [Notice(EVENT, ("alerts.1 (webhook)",)), Notice({**EVENT, "id": "nobody"}, ())]
        assert send(notices, [LOG, HOOK]) == [(), ()]
    assert receiver.bodies == [EVENT]
    assert "critical" not in said()

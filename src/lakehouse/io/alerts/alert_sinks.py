"""Sending alerts. A sink that is dead costs a few seconds and a warning; it never costs the run."""

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from lakehouse.errors import LakehouseError
from lakehouse.io.alerts.alert_shapes import Event, headline, pagerduty, slack
from lakehouse.io.config.alert_settings import PAGERDUTY, LogSink, WebhookSink
from lakehouse.io.config.secrets import resolve
from lakehouse.io.host import logs

TIMEOUT_SECONDS = 5.0
PAUSE_SECONDS = 1.0
# For everything that a run has to send at once, over all sinks.
SECONDS_AT_MOST = 15.0
LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Notice:
    """An event and the sinks that it is for; None: all of them."""

    event: Event
    only: tuple[str, ...] | None = None


@dataclass
class _Delivery:
    sink: LogSink | WebhookSink
    name: str
    notices: list[Notice]
    sent: list[Notice] = field(default_factory=list)
    problem: str = ""


def named(sinks: Sequence[LogSink | WebhookSink]) -> list[tuple[str, LogSink | WebhookSink]]:
    """The sinks with the names that they have in warnings: by their place in the settings."""
    return [(f"alerts.{number} ({sink.name})", sink) for number, sink in enumerate(sinks)]


def send(notices: Sequence[Notice], sinks: Sequence[LogSink | WebhookSink]) -> list[tuple[str, ...]]:
    """Send to all sinks at the same time; of each notice the names of the sinks that did not take it. Never raises."""
    deliveries = [_Delivery(sink, name, [n for n in notices if n.only is None or name in n.only]) for name, sink in named(sinks)]
    busy = [d for d in deliveries if d.notices]
    # Daemons: what hangs (a name that does not resolve has no time limit of its own) does not keep the process alive.
    threads = [threading.Thread(target=_deliver, args=(delivery,), daemon=True) for delivery in busy]
    ends_at = time.monotonic() + SECONDS_AT_MOST
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, ends_at - time.monotonic()))
    missed = []
    for delivery in busy:
        taken = list(delivery.sent)
        if len(taken) < len(delivery.notices):
            count = len(delivery.notices) - len(taken)
            logs.warn(f"{delivery.name} did not take {count} alert(s): {delivery.problem or 'no answer in time'}; the next run tries again")
        missed.append((delivery.name, [n for n in delivery.notices if n not in taken]))
    return [tuple(name for name, left in missed if notice in left) for notice in notices]


def _deliver(delivery: _Delivery) -> None:
    """In order, up to the first that is not taken: a sink that is dead is not asked twenty times."""
    try:
        for notice in delivery.notices:
            if isinstance(delivery.sink, LogSink):
                _log(notice.event)
            else:
                _post(*_request(delivery.sink, notice.event))
            delivery.sent.append(notice)
    except LakehouseError as error:
        delivery.problem = str(error)
    except HTTPError as error:
        delivery.problem = f"it answered {error.code}"
    except Exception as error:
        # The kind alone: the text may hold the address, which is a secret.
        cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
        delivery.problem = type(cause).__name__


def _log(event: Event) -> None:
    if event["event"] == "recovered":
        logs.info(headline(event), incident=event)
    else:
        logs.warn(f"{headline(event)} -> {event['todo']}", incident=event)


def _request(sink: WebhookSink, event: Event) -> tuple[str, Any]:
    url = resolve(sink.url) if sink.url else PAGERDUTY
    if sink.shape == "slack":
        return url, slack(event)
    if sink.shape == "pagerduty" and sink.routing_key:
        return url, pagerduty(event, resolve(sink.routing_key))
    return url, event


def _post(url: str, body: Any) -> None:
    """One try more if the receiver said that it did not take it; none after a time-out, when it may have."""
    try:
        _try(url, body)
    except HTTPError as error:
        if error.code < 500 and error.code != 429:
            raise
    except URLError as error:
        if not isinstance(error.reason, ConnectionError):
            raise
    else:
        return
    time.sleep(PAUSE_SECONDS)
    _try(url, body)


def _try(url: str, body: Any) -> None:
    opener = _opener(url)
    headers = {"Content-Type": "application/json", "User-Agent": "lakehouse"}
    with opener.open(Request(url, json.dumps(body).encode(), headers, method="POST"), timeout=TIMEOUT_SECONDS):
        pass


def _opener(url: str) -> OpenerDirector:
    """Encrypted, except to this machine; where the environment names a proxy, through it."""
    parts = urlsplit(url)
    is_here = parts.hostname in LOOPBACK
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise LakehouseError("its address does not begin with https://")
    return build_opener(_NoRedirect, ProxyHandler({})) if is_here else build_opener(_NoRedirect)


class _NoRedirect(HTTPRedirectHandler):
    """An alert goes where the settings say; an answer that sends it elsewhere is an error."""

    def redirect_request(self, *_: Any) -> None:
        return None

"""An HTTP proxy on loopback in front of a server that speaks S3, which answers as a bad day would."""

import http.client
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

# Refused with 503; done, but the answer is lost; half of the answer's body comes; the answer comes late.
Fault = Literal["unavailable", "lost", "truncated", "slow"]
SLOW_DOWN = b"<?xml version='1.0'?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
SLOW_SECONDS = 0.5
HOP_BY_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "server", "date"}

# What the proxy says to the server itself.
OWN = {"connection", "content-length", "expect", "transfer-encoding"}


class S3Proxy:
    """Passes everything on until it is told to fail. Use it as a context manager. `requests` were made, `victims` were hit."""

    def __init__(self, target: str) -> None:
        self.requests = self.victims = 0
        self._fault: Fault | None = None
        self._after = self._left = 0
        self._lock = threading.Lock()
        proxy, host = self, urlsplit(target).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                proxy._answer(self, host)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> "S3Proxy":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def fail(self, fault: Fault, after: int = 0, victims: int = 1_000_000_000) -> None:
        """Let so many requests pass from now on, then fail that many that the fault can hit: answers to writes get lost, those to reads
        are cut in half."""
        with self._lock:
            self._fault, self._after, self._left = fault, self.requests + after, victims

    def _answer(self, client: BaseHTTPRequestHandler, host: str) -> None:
        data = _body(client)
        fault = self._next(client.command)
        if fault == "unavailable":
            return _send(client, 503, {"Content-Type": "application/xml"}, SLOW_DOWN)
        connection = http.client.HTTPConnection(host, timeout=60)
        passed_on = {name: value for name, value in client.headers.items() if name.lower() not in OWN}
        connection.request(client.command, client.path, data, {**passed_on, "Connection": "close"})
        found = connection.getresponse()
        body, headers = found.read(), dict(found.getheaders())
        connection.close()
        if fault == "lost":
            client.close_connection = True
            return None
        if fault == "slow":
            time.sleep(SLOW_SECONDS)
        return _send(client, found.status, headers, body, len(body) // 2 if fault == "truncated" else len(body))

    def _next(self, method: str) -> Fault | None:
        with self._lock:
            self.requests += 1
            can_hit = {"lost": method in ("PUT", "POST", "DELETE"), "truncated": method == "GET"}.get(str(self._fault), True)
            if self._fault is None or not self._left or self.requests <= self._after or not can_hit:
                return None
            self._left -= 1
            self.victims += 1
            return self._fault


def _body(client: BaseHTTPRequestHandler) -> bytes:
    """Of a request; Arrow sends files in chunks (RFC 9112, section 7.1)."""
    if client.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return client.rfile.read(int(client.headers.get("Content-Length") or 0))
    parts = []
    while size := int(client.rfile.readline().partition(b";")[0], 16):
        parts.append(client.rfile.read(size))
        client.rfile.readline()
    while client.rfile.readline().strip():  # what stands behind the last chunk
        pass
    return b"".join(parts)


def _send(client: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes, sent: int = -1) -> None:
    """The answer, or only its first bytes; the client was promised all of them."""
    client.send_response_only(status)
    for name, value in headers.items():
        if name.lower() not in HOP_BY_HOP or name.lower() == "date":
            client.send_header(name, value)
    length = headers.get("Content-Length") if client.command == "HEAD" else None
    if status not in (204, 304):
        client.send_header("Content-Length", length or str(len(body)))
    client.end_headers()
    if client.command != "HEAD":
        client.wfile.write(body if sent < 0 else body[:sent])
    if 0 <= sent < len(body):
        client.close_connection = True

"""Of Kubernetes what Spark's driver asks for: pods that are processes of this machine, and the rights that each call needs."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

VERBS = {"POST": "create", "PATCH": "patch", "PUT": "update"}
NOW = "2026-11-17T02:30:00Z"
Call = tuple[str, str]


@dataclass
class ApiServer:
    """`calls` are (verb, resource) as roles name them. `started` are the pods that were made, as Spark asked for them."""

    folder: Path
    replaced: Mapping[str, str]
    url: str = ""
    calls: set[Call] = field(default_factory=set)
    started: list[dict[str, Any]] = field(default_factory=list)
    there: dict[Call, dict[str, Any]] = field(default_factory=dict)
    processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def add_running_pod(self, name: str) -> None:
        """The driver's own, which Spark looks up."""
        self.there["pods", name] = self._object({"kind": "Pod", "metadata": {"name": name}}, _status("Running"))

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        parts = [part for part in urlsplit(path).path.split("/") if part]
        if parts[:3] != ["api", "v1", "namespaces"] or len(parts) < 5:
            return 404, {"kind": "Status", "status": "Failure", "code": 404}
        resource, name = parts[4], parts[5] if len(parts) > 5 else ""
        with self.lock:
            self.calls.add((_verb(method, name), resource))
            self._look_at_processes()
            if method == "POST":
                return 201, self._create(resource, body)
            if method == "DELETE":
                return 200, self._delete(resource, name, parse_qs(urlsplit(path).query))
            if name:
                found = self.there.get((resource, name))
                return (200, found) if found else (404, {"kind": "Status", "status": "Failure", "code": 404, "reason": "NotFound"})
            items = [each for (kind, _), each in self.there.items() if kind == resource]
            return 200, {"kind": "List", "apiVersion": "v1", "metadata": {"resourceVersion": "1"}, "items": items}

    def _create(self, resource: str, body: dict[str, Any]) -> dict[str, Any]:
        name = body["metadata"]["name"]
        made = self._object(body, _status("Running") if resource == "pods" else {})
        self.there[resource, name] = made
        if resource == "pods":
            self.started.append(body)
            self.processes[name] = self._start(name, body["spec"]["containers"][0])
        return made

    def _start(self, name: str, container: dict[str, Any]) -> "subprocess.Popen[bytes]":
        """With the variables of the container alone, as a pod has them; its paths are those of this machine."""
        fields = {"status.podIP": "127.0.0.1", "metadata.name": name, "metadata.namespace": "lakehouse"}
        given = {each["name"]: each.get("value") or fields[each["valueFrom"]["fieldRef"]["fieldPath"]] for each in container["env"]}
        words = [self.replaced.get(word, word) for word in [*container["command"], *container["args"]]]
        environment = {"PATH": os.environ["PATH"], **self.replaced, **given, "SPARK_LOCAL_IP": "127.0.0.1"}
        with (self.folder / f"{name}.log").open("w") as log:
            return subprocess.Popen([word for word in words if word], env=environment, stdout=log, stderr=log, cwd=self.folder)

    def _delete(self, resource: str, name: str, query: dict[str, list[str]]) -> dict[str, Any]:
        for kind, each in list(self.there):
            if kind == resource and (each == name or (not name and each in self.processes)):
                if resource == "pods" and each in self.processes:
                    self.processes[each].terminate()
                del self.there[kind, each]
        return {"kind": "Status", "status": "Success"}

    def _look_at_processes(self) -> None:
        for name, process in self.processes.items():
            if process.poll() is not None and ("pods", name) in self.there:
                self.there["pods", name]["status"] = _status("Failed" if process.returncode else "Succeeded")

    def _object(self, body: dict[str, Any], status: dict[str, Any]) -> dict[str, Any]:
        own = {"uid": f"uid-{len(self.there)}", "resourceVersion": "1", "creationTimestamp": NOW, "namespace": "lakehouse"}
        return {**body, "metadata": {**body["metadata"], **own}, **({"status": status} if status else {})}


@contextmanager
def api_server(folder: Path, replaced: Mapping[str, str]) -> Iterator[ApiServer]:
    """On loopback, without TLS and tokens. `replaced` are words of commands, and variables, that differ from those of an image."""
    api = ApiServer(folder, replaced)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _respond(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}") if length else {}
            code, found = api.answer(self.command, self.path, body)
            told = json.dumps(found).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_GET = do_POST = do_DELETE = do_PATCH = do_PUT = _respond

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield api
    finally:
        server.shutdown()
        for process in api.processes.values():
            process.kill()
            process.wait(20)


def _verb(method: str, name: str) -> str:
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return VERBS.get(method, "get" if name else "list")


def _status(phase: str) -> dict[str, Any]:
    state = (
        {"running": {"startedAt": NOW}} if phase == "Running" else {"terminated": {"exitCode": int(phase == "Failed"), "finishedAt": NOW}}
    )
    container = {"name": "executor", "ready": phase == "Running", "restartCount": 0, "image": "x", "imageID": "x", "state": state}
    conditions = [{"type": "Ready", "status": "True" if phase == "Running" else "False"}]
    return {"phase": phase, "podIP": "127.0.0.1", "conditions": conditions, "containerStatuses": [container]}

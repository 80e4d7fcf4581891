"""A server that speaks S3, in a process of its own: moto's, but a condition and its write are one, as at S3.

moto looks at a condition first and writes after it, each request in a thread, so two writers could both find it true.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

REGION = "eu-west-1"
CONDITIONS = ("HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH")


def serve(port: int) -> None:
    """Until it is killed."""
    from moto.server import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
    from werkzeug.serving import run_simple

    moto, one_at_a_time = DomainDispatcherApplication(create_backend_app), Lock()

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("PUT", "POST", "DELETE") and any(name in environ for name in CONDITIONS):
            with one_at_a_time:
                return list(moto(environ, start_response))
        return moto(environ, start_response)  # type: ignore[no-any-return]

    run_simple("127.0.0.1", port, app, threaded=True, request_handler=MotoRequestHandler)


@contextmanager
def s3_server() -> Iterator[str]:
    """Its address, while within."""
    with served_by(__name__) as address:
        yield address


@contextmanager
def served_by(module: str) -> Iterator[str]:
    """The address of a server of moto's that the module's `serve` is, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    code = f"from {module} import serve; serve({port})"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(address)
            yield address
        finally:
            process.kill()


def s3_environment(address: str) -> dict[str, str]:
    """The variables by which boto3, pyarrow and Spark find the server."""
    access = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "a test's, no secret"}
    return {**access, "AWS_DEFAULT_REGION": REGION, "AWS_ENDPOINT_URL_S3": address, "AWS_EC2_METADATA_DISABLED": "true"}


def reset(address: str) -> None:
    """No bucket is there afterwards."""
    urlopen(Request(f"{address}/moto-api/reset", method="POST"))


def make_buckets(client: Any, *names: str) -> None:
    for name in names:
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})


def _wait_for(address: str) -> None:
    """Until moto answers there."""
    for _ in range(200):
        try:
            urlopen(f"{address}/moto-api/").close()
            return
        except (URLError, ConnectionError, OSError):
            time.sleep(0.1)
    raise RuntimeError("the server did not start")

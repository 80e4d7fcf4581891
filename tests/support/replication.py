"""A real MariaDB primary and a replica of it, on loopback, each with data of its own that goes away with it."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from subprocess import DEVNULL
from typing import Any

import pymysql

from lakehouse.demo.store.server import Server, _as_user, _program

SECONDS = 60


@dataclass(frozen=True)
class Replication:
    primary: Server
    replica: Server

    def status(self) -> dict[str, Any]:
        """SHOW SLAVE STATUS of the replica."""
        with self.replica.connect() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
            cursor.execute("SHOW SLAVE STATUS")
            return cursor.fetchone() or {}

    def on_replica(self, *statements: str) -> None:
        with self.replica.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def catch_up(self) -> None:
        """Wait until the replica has what the primary had when this was called."""
        with self.primary.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT @@GLOBAL.gtid_binlog_pos")
            (position,) = cursor.fetchall()[0]
        with self.replica.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT MASTER_GTID_WAIT(%s, %s)", (position, SECONDS))
            assert cursor.fetchone() == (0,), self.status()


@contextmanager
def replication() -> Iterator[Replication]:
    """Both are running and level; they are stopped and their data is gone afterwards."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="replication-")))
        _install(folder / "primary")
        shutil.copytree(folder / "primary", folder / "replica")
        primary = stack.enter_context(_running(folder / "primary", "--server-id=1", "--log-bin=primary", "--sync-binlog=0"))
        replica = stack.enter_context(_running(folder / "replica", "--server-id=2", "--relay-log=relay", "--read-only"))
        with primary.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE USER 'replica'@'127.0.0.1' IDENTIFIED BY 'replica'")
            cursor.execute("GRANT REPLICATION SLAVE ON *.* TO 'replica'@'127.0.0.1'")
        pair = Replication(primary, replica)
        pair.on_replica(
            f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port}, MASTER_USER='replica', MASTER_PASSWORD='replica',"
            " MASTER_USE_GTID=slave_pos, MASTER_CONNECT_RETRY=1",
            "START SLAVE",
        )
        pair.catch_up()
        yield pair


def _install(folder: Path) -> None:
    command = [_program("mariadb-install-db"), "--no-defaults", f"--datadir={folder}", "--skip-test-db", *_as_user()]
    subprocess.run([*command, "--auth-root-authentication-method=normal"], check=True, capture_output=True)


@contextmanager
def _running(folder: Path, *options: str) -> Iterator[Server]:
    with socket() as probe:
        probe.bind(("127.0.0.1", 0))
        server = Server(folder, probe.getsockname()[1], folder / "s.sock")
    command = [_program("mariadbd"), "--no-defaults", *_as_user(), f"--datadir={folder}", f"--socket={server.socket}"]
    command += [
        f"--port={server.port}",
        "--bind-address=127.0.0.1",
        "--skip-name-resolve",
        "--innodb-buffer-pool-size=64M",
        "--innodb-flush-log-at-trx-commit=2",
    ]
    command += ["--character-set-server=utf8mb4", "--collation-server=utf8mb4_unicode_520_ci", f"--log-error={folder}/error.log"]
    process = subprocess.Popen([*command, *options], stdin=DEVNULL, stdout=DEVNULL, stderr=DEVNULL, start_new_session=True)
    try:
        _wait_for(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
            process.wait()


def _wait_for(server: Server, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            server.connect().close()
            return
        except pymysql.MySQLError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((server.folder / "error.log").read_text()[-2000:]) from None
            time.sleep(0.1)

"""A private PostgreSQL server in a folder, of this machine only. PostgreSQL refuses to run as root; then it runs as another user."""

import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

PASSWORD = "not a secret, a test's"
# Nothing here has to outlive the machine.
QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "wal_level=replica", "max_wal_senders=4", "autovacuum=off")
SECONDS_TO_WAIT = 30.0


@dataclass
class PostgresServer:
    """A running server. `folder` is its own, and its administrator's name is `postgres`."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes]

    def connect(self, database: str = "postgres", user: str = "postgres") -> "psycopg.Connection[tuple[Any, ...]]":
        """A connection that commits each statement."""
        return psycopg.connect(host="127.0.0.1", port=self.port, dbname=database, user=user, password=PASSWORD, autocommit=True)

    def run(self, database: str, *statements: str) -> list[tuple[Any, ...]]:
        """The rows of the last statement."""
        with self.connect(database) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def new_database(self, name: str) -> None:
        """Empty, with a user `reader` who may do nothing there."""
        self.run("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name} TEMPLATE template0")
        if not self.run("postgres", "SELECT 1 FROM pg_roles WHERE rolname = 'reader'"):
            self.run("postgres", f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")

    def url(self, database: str) -> str:
        return f"jdbc:postgresql://127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(SECONDS_TO_WAIT)


def start_postgres(folder: Path, options: Sequence[str] = ()) -> PostgresServer:
    """A new server with its data in `folder`."""
    _give(folder)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    _give(secret)
    command = [program("initdb"), "-D", str(folder / "data"), "-U", "postgres", "-A", "scram-sha-256", f"--pwfile={secret}", "-E", "UTF8"]
    subprocess.run([*command, "--locale=C", "--no-sync"], check=True, capture_output=True, **_as_user())
    return launch(folder, options)


def standby_of(primary: PostgresServer, folder: Path, options: Sequence[str] = ()) -> PostgresServer:
    """A hot standby that follows the primary."""
    _give(folder)
    command = [program("pg_basebackup"), "-D", str(folder / "data"), "-R", "-X", "stream", "-c", "fast", "-h", "127.0.0.1"]
    environment = {**os.environ, "PGPASSWORD": PASSWORD}
    subprocess.run([*command, "-p", str(primary.port), "-U", "postgres"], check=True, capture_output=True, env=environment, **_as_user())
    return launch(folder, options)


def launch(folder: Path, options: Sequence[str] = ()) -> PostgresServer:
    """The server of a folder with data."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = [f"-c{option}" for option in (*QUICK, f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *options)]
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen([program("postgres"), "-D", str(folder / "data"), *settings], stdout=log, stderr=log, **_as_user())
    server = PostgresServer(folder, port, process)
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            server.connect().close()
            return server
        except psycopg.OperationalError:
            if time.monotonic() > deadline or process.poll() is not None:
                raise
            time.sleep(0.1)


def program(name: str) -> str:
    """PostgreSQL's programs are beside the path on Debian."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
    found = shutil.which(name, path=os.pathsep.join([*map(str, places), os.environ.get("PATH", "")]))
    assert found, f"{name} is not installed: apt-get install postgresql"
    return found


def _as_user() -> dict[str, Any]:
    return {"user": _account().pw_uid, "group": _account().pw_gid, "extra_groups": [], "cwd": "/"} if os.geteuid() == 0 else {}


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _give(path: Path) -> None:
    """To the server's user, who must get there: pytest's folders are its own user's alone."""
    path.mkdir(exist_ok=True, parents=True) if not path.exists() else None
    if os.geteuid() == 0:
        os.chown(path, _account().pw_uid, _account().pw_gid)
